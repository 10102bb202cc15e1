#include "model/feed.h"

#include <algorithm>

#include "base/error.h"

namespace cnn {
namespace {

std::vector<Field> fields_of(const Graph& graph) {
  std::vector<Field> wanted;
  for (const GraphField& field : graph.fields) wanted.push_back(field.field);
  return wanted;
}

}  // namespace

Feed::Feed(const Graph& graph, DataView view, const LoaderSettings& settings)
    : wanted_(fields_of(graph)),
      fields_(bind_fields(view, wanted_)),
      loader_(std::move(view), fields_, settings) {
  check_first_samples();
}

// Pixels that were normalised by mistake show in any picture, before a run has begun.
void Feed::check_first_samples() const {
  constexpr size_t kFirst = 8;
  const DataView& view = loader_.view();
  std::vector<float> values;
  std::vector<float*> out(view.dataset->fields().size(), nullptr);
  for (size_t i = 0; i < wanted_.size(); ++i) {
    if (!wanted_[i].range) continue;
    values.resize(static_cast<size_t>(wanted_[i].shape.count()));
    float*& target = out[static_cast<size_t>(fields_[i])];
    target = values.data();
    for (size_t n = 0; n < std::min(kFirst, view.indices.size()); ++n) {
      view.dataset->read(view.indices[n], out);
      check(i, values.data(), std::span(view.indices).subspan(n, 1));
    }
    target = nullptr;
  }
}

void Feed::check(size_t field, const float* values, std::span<const int64_t> samples) const {
  const Field& wanted = wanted_[field];
  const int64_t count = wanted.shape.count();
  const float* end = values + count * static_cast<int64_t>(samples.size());
  const FieldRange& range = *wanted.range;
  bool is_outside = false;  // a loop that vectorises; ignored numbers count here
  for (const float* v = values; v < end; ++v) is_outside |= !(*v >= range.low && *v <= range.high);
  if (!is_outside) return;
  const float* bad = std::find_if_not(values, end, [&](float v) { return range.has(v); });
  if (bad == end) return;
  const Dataset& dataset = *loader_.view().dataset;
  const int64_t sample = samples[static_cast<size_t>((bad - values) / count)];
  Diagnostic d;
  d.place = fmt::format("{}: sample {}", dataset.origin(fields_[field]), sample);
  d.problem =
      fmt::format("'{}' has the number {:.6g}; the loss '{}' takes targets from {:g} to {:g}",
                  wanted.name, *bad, range.who, range.low, range.high);
  d.notes.push_back(dataset.normalization().is_identity()
                        ? "data.scale multiplies inputs: 0.00392157 brings bytes there"
                        : "the data are normalised: data.mean=0 data.std=1 leaves pixels in [0,1]");
  throw Error(Exit::kInput, {std::move(d)});
}

int64_t Feed::next(Executor& executor) {
  const Batch* batch = loader_.next();
  if (!batch) return 0;
  for (size_t i = 0; i < batch->fields.size(); ++i) {
    if (wanted_[i].range) check(i, batch->fields[i], batch->indices);
    executor.bind(static_cast<int>(i), batch->fields[i]);
  }
  return batch->n;
}

}  // namespace cnn
