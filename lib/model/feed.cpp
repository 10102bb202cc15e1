#include "model/feed.h"

#include <algorithm>

#include "base/error.h"
#include "graph/main_output.h"

namespace cnn {
namespace {

std::vector<Field> fields_of(const Graph& graph, Feed::Reads reads) {
  std::vector<Field> wanted;
  for (size_t i = 0; i < graph.fields.size(); ++i) {
    const GraphField& field = graph.fields[i];
    if (reads == Feed::Reads::kInputs && !field.is_input) continue;
    CNN_ASSERT(wanted.size() == i);
    wanted.push_back(field.field);
  }
  return wanted;
}

}  // namespace

std::vector<Field> wanted_fields(const Graph& graph) { return fields_of(graph, Feed::Reads::kAll); }

int target_field(const Graph& graph, const Dataset& dataset) {
  const std::optional<MainOutput> output = main_output(graph);
  return output ? dataset.field(graph.value(output->target).name) : -1;
}

std::vector<std::string> class_names_of(const Graph& graph, const Dataset& dataset) {
  const int target = target_field(graph, dataset);
  if (target >= 0) {
    if (auto names = dataset.class_names(target); !names.empty()) return names;
  }
  for (const Field& field : dataset.fields()) {
    if (!field.class_names.empty()) return field.class_names;
  }
  return {};
}

std::vector<std::string> value_names_of(const Graph& graph, const Dataset& dataset) {
  const int field = target_field(graph, dataset);
  if (field < 0) return {};
  return dataset.fields()[static_cast<size_t>(field)].value_names;
}

Feed::Feed(const Graph& graph, DataView view, const LoaderSettings& settings, Reads reads)
    : graph_(graph),
      stream_(settings.stream),
      wanted_(fields_of(graph, reads)),
      fields_(bind_fields(view, wanted_)),
      loader_(std::move(view), fields_, settings),
      batch_size_(settings.batch_size) {
  check_first_samples();
}

// Pixels that were normalised by mistake show in any picture, before a run has begun.
void Feed::check_first_samples() const {
  constexpr size_t kFirst = 8;
  const DataView& view = loader_.view();
  std::vector<float> values;
  std::vector<float*> out(view.dataset->fields().size(), nullptr);
  for (size_t i = 0; i < wanted_.size(); ++i) {
    if (!wanted_[i].range || wanted_[i].items.is_list) continue;
    values.resize(static_cast<size_t>(wanted_[i].shape.count()));
    float*& target = out[static_cast<size_t>(fields_[i])];
    target = values.data();
    for (size_t n = 0; n < std::min(kFirst, view.indices.size()); ++n) {
      view.dataset->read(view.indices[n], out);
      check(i, values.data(), nullptr, std::span(view.indices).subspan(n, 1));
    }
    target = nullptr;
  }
}

void Feed::check(size_t field, const float* values, const int64_t* starts,
                 std::span<const int64_t> samples) const {
  const Field& wanted = wanted_[field];
  const int64_t count = wanted.shape.count(), n = std::ssize(samples);
  const float* end = values + count * (starts != nullptr ? starts[n] : n);
  const FieldRange& range = *wanted.range;
  bool is_outside = false;  // a loop that vectorises; ignored numbers count here
  for (const float* v = values; v < end; ++v) is_outside |= !(*v >= range.low && *v <= range.high);
  if (!is_outside) return;
  const float* bad = std::find_if_not(values, end, [&](float v) { return range.has(v); });
  if (bad == end) return;
  int64_t place = (bad - values) / count;
  if (starts != nullptr) place = std::upper_bound(starts, starts + n, place) - starts - 1;
  const Dataset& dataset = *loader_.view().dataset;
  const int64_t sample = samples[static_cast<size_t>(place)];
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

void Feed::take(FrozenValues& frozen) {
  CNN_ASSERT(!mixer_);
  frozen_ = &frozen;
  loader_.spare(frozen.spared(), [&frozen](int64_t index) { return frozen.has(index); });
}

int64_t Feed::next(Executor& executor) {
  const Batch* batch = loader_.next();
  samples_of_batch_ = batch ? batch->indices : std::span<const int64_t>();
  if (!batch) return 0;
  for (size_t i = 0; i < batch->fields.size(); ++i) {
    if (wanted_[i].range) check(i, batch->fields[i], batch->starts[i], batch->indices);
    executor.bind(static_cast<int>(i), batch->fields[i], batch->starts[i]);
  }
  check_lengths(*batch);
  if (mixer_) {
    mixer_->mix(*batch, epoch_, batch_size_);
    executor.mix(mixer_->shares());
  }
  if (frozen_ != nullptr) frozen_->give(*batch, executor);
  if (!stream_ || batch->number == 0) executor.reset_carried();
  return batch->n;
}

// Lists that a loss compares item by item must have equally many.
void Feed::check_lengths(const Batch& batch) const {
  for (size_t i = 0; i < wanted_.size(); ++i) {
    const int length = graph_.value(graph_.fields[i].value).length;
    if (length < 0 || !graph_.lengths[static_cast<size_t>(length)].varies) continue;
    const int source = graph_.lengths[static_cast<size_t>(length)].source;
    for (size_t k = 0; k < wanted_.size(); ++k) {
      if (k == i || graph_.fields[k].value != source) continue;
      const int64_t *a = batch.starts[i], *b = batch.starts[k];
      for (int64_t n = 0; n < batch.n; ++n) {
        if (a[n + 1] == b[n + 1]) continue;
        const Dataset& dataset = *loader_.view().dataset;
        fail(Exit::kInput,
             fmt::format("{}: sample {}", dataset.origin(fields_[i]),
                         batch.indices[static_cast<size_t>(n)]),
             "'{}' has {} items, '{}' has {}; the loss compares them one by one", wanted_[i].name,
             a[n + 1] - a[n], wanted_[k].name, b[n + 1] - b[n]);
      }
    }
  }
}

std::vector<double> Feed::denominators(int64_t count) {
  std::vector<double> sums(graph_.losses.size(), 0);
  const std::vector<char> wanted = fields_of_denominators();
  const int64_t first = loader_.next_number();
  for (int64_t number = first; number < std::min(first + count, batches()); ++number) {
    const Batch& batch = loader_.peek(number, wanted);
    for (size_t t = 0; t < sums.size(); ++t) {
      const GraphNode& loss = graph_.node(graph_.losses[t].node);
      const std::optional<double> own = denominator(loss, batch);
      sums[t] = own && sums[t] >= 0 ? sums[t] + *own : -1;
    }
  }
  for (double& sum : sums) sum = std::max(sum, 0.0);
  return sums;
}

// Those that bring lengths, and the data that losses count in; the network may read these, too.
std::vector<char> Feed::fields_of_denominators() const {
  std::vector<char> wanted(graph_.fields.size(), 0);
  for (size_t i = 0; i < graph_.fields.size(); ++i) {
    const int v = graph_.fields[i].value;
    const int length = graph_.value(v).length;
    wanted[i] = length >= 0 && graph_.lengths[static_cast<size_t>(length)].source == v;
    for (const LossTerm& term : graph_.losses) {
      const GraphNode& loss = graph_.node(term.node);
      if (loss.plan.counted > 0) continue;
      const bool reads = std::count(loss.inputs.begin(), loss.inputs.end(), v) > 0;
      wanted[i] = wanted[i] || reads;
    }
  }
  return wanted;
}

// Samples, or items of lists, that a value has in a batch; -1: only the network knows.
int64_t Feed::rows(int value, const Batch& batch) const {
  const int length = graph_.value(value).length;
  if (length < 0) return batch.n;
  const ListLength& list = graph_.lengths[static_cast<size_t>(length)];
  if (!list.varies) return batch.n * list.most;
  for (size_t i = 0; i < graph_.fields.size(); ++i) {
    if (graph_.fields[i].value == list.source) return batch.starts[i][batch.n];
  }
  return -1;
}

std::optional<double> Feed::denominator(const GraphNode& loss, const Batch& batch) const {
  if (loss.plan.averages_samples) return static_cast<double>(batch.n);
  const int64_t items = rows(loss.inputs.front(), batch);
  if (items < 0) return std::nullopt;
  if (loss.plan.counted > 0) return loss.plan.counted * static_cast<double>(items);
  std::vector<ConstView> in;
  for (const int v : loss.inputs) {
    ConstView view{nullptr, rows(v, batch), graph_.value(v).shape};
    for (size_t i = 0; i < graph_.fields.size(); ++i) {
      if (graph_.fields[i].value == v) view.data = batch.fields[i];
    }
    in.push_back(view);
  }
  Call call;
  call.pass = Pass::training();
  call.batch = items;
  call.in = in;
  return loss.layer->denominator(call);
}

}  // namespace cnn
