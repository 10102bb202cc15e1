#include "train/samples.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "graph/cut.h"
#include "io/npy.h"
#include "train/maps.h"
#include "train/network.h"
#include "train/predict_inputs.h"
#include "train/settings.h"
#include "train/weights.h"

namespace cnn {
namespace {

int code_of(const Graph& graph) {
  for (const GraphNode& node : graph.nodes) {
    if (std::string_view(node.type->name) == "gaussian") return node.output;
  }
  fail(Exit::kUsage, "", "'{}' has no 'gaussian' layer that samples could start from", graph.name);
}

// Pictures of one size side by side, as square as may be, a white line between them.
Image side_by_side(const std::vector<Image>& pictures) {
  const auto count = static_cast<int64_t>(pictures.size());
  const Image& first = pictures[0];
  const auto columns = static_cast<int64_t>(std::ceil(std::sqrt(static_cast<double>(count))));
  const int64_t rows = (count + columns - 1) / columns;
  Image sheet{rows * (first.height + 1) - 1, columns * (first.width + 1) - 1, first.channels, {}};
  constexpr uint8_t kWhite = 255;
  sheet.values.assign(static_cast<size_t>(sheet.height * sheet.width * sheet.channels), kWhite);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t top = i / columns * (first.height + 1), left = i % columns * (first.width + 1);
    for (int64_t y = 0; y < first.height; ++y) {
      std::copy_n(pictures[static_cast<size_t>(i)].row(y), first.width * first.channels,
                  sheet.values.data() + ((top + y) * sheet.width + left) * sheet.channels);
    }
  }
  return sheet;
}

// The decoder, its weights, and its outputs.
class Sampler {
 public:
  Sampler(const ModelSpec& spec, const PredictRequest& request)
      : request_(request), graph_(build_graph(spec, Phase::kTest, store_)) {
    map_ = map_output(graph_);
    start_at(graph_, code_of(graph_), "code");
    batch_ =
        std::min(request.batch_size > 0 ? request.batch_size : read_train_settings(spec).batch_size,
                 request.prior_samples);
    plan_ = plan_memory(graph_, Pass::predicting(), store_, batch_, threads());
    check_memory(plan_.bytes() + store_.value_bytes(), request.memory_limit, plan_.largest);
    store_.allocate(false);
    weights_ = load_weights(request.weights, store_,
                            {request.allow_non_finite_weights, request.partial_weights, &spec});
  }

  PredictReport run() {
    PredictReport report;
    report.model = graph_.name;
    report.samples = request_.prior_samples;
    make_directories(request_.out);
    std::vector<std::unique_ptr<NpyWriter>> writers;
    for (const NamedOutput& output : graph_.outputs) {
      const Shape& shape = graph_.values[static_cast<size_t>(output.value)].shape;
      std::vector<int64_t> sizes = {request_.prior_samples};
      for (int axis = 0; axis < shape.rank(); ++axis) sizes.push_back(shape[axis]);
      report.files.push_back(request_.out + "/" + output.name + ".npy");
      writers.push_back(std::make_unique<NpyWriter>(report.files.back(), sizes));
    }
    const std::vector<Image> pictures = run_batches(writers);
    for (const auto& writer : writers) writer->commit();
    if (!pictures.empty()) {
      report.files.push_back(request_.out + "/samples.png");
      write_png(report.files.back(), side_by_side(pictures));
    }
    return report;
  }

 private:
  std::vector<Image> run_batches(const std::vector<std::unique_ptr<NpyWriter>>& writers) {
    Arena arena(plan_.floats);
    Executor executor(graph_, store_, plan_, arena);
    const int64_t size = graph_.fields[0].field.shape.count();
    Buffer codes(static_cast<size_t>(batch_ * size));
    executor.bind(0, codes.data());
    std::vector<Image> pictures;
    for (int64_t first = 0; first < request_.prior_samples; first += batch_) {
      const int64_t n = std::min(batch_, request_.prior_samples - first);
      for (int64_t i = 0; i < n; ++i) {
        const Rng rng(static_cast<uint64_t>(request_.seed), "prior", 0,
                      static_cast<uint64_t>(first + i));
        for (int64_t k = 0; k < size; ++k) {
          codes.data()[i * size + k] = rng.normal(static_cast<uint64_t>(k));
        }
      }
      executor.forward(n, 0, 0);
      for (size_t o = 0; o < writers.size(); ++o) {
        const ConstView view = executor.value(graph_.outputs[o].value);
        std::vector<float> ordered(static_cast<size_t>(view.count()));
        to_channels_first(view.data, ordered.data(), view.batch, view.shape);
        writers[o]->append(ordered);
        if (is_picture(graph_.outputs[o])) add_pictures(view, pictures);
      }
    }
    return pictures;
  }

  bool is_picture(const NamedOutput& output) const {
    return map_ && map_->kind == MapOutput::Kind::kPicture && map_->value == output.value;
  }

  void add_pictures(const ConstView& view, std::vector<Image>& pictures) const {
    const Shape& shape = view.shape;
    for (int64_t i = 0; i < view.batch; ++i) {
      const float* values = view.sample(i);
      const FloatImage map{shape.height(), shape.width(), shape.channels(),
                           std::vector<float>(values, values + shape.count())};
      pictures.push_back(picture_of(map, *map_, byte_normalization(weights_)));
    }
  }

  const PredictRequest& request_;
  ParameterStore store_;
  Graph graph_;
  std::optional<MapOutput> map_;
  int64_t batch_ = 1;
  MemoryPlan plan_;
  WeightsInfo weights_;
};

}  // namespace

PredictReport draw_samples(const ModelSpec& spec, const PredictRequest& request) {
  CNN_ASSERT(request.prior_samples > 0 && !request.out.empty());
  return Sampler(spec, request).run();
}

}  // namespace cnn
