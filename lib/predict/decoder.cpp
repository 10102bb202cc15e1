#include "predict/decoder.h"

#include <algorithm>

#include "base/error.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "base/text.h"
#include "graph/builder.h"
#include "graph/cut.h"
#include "model/inputs.h"
#include "model/network.h"
#include "model/settings.h"

namespace cnn {

int drawn_code(const Graph& graph) {
  for (const GraphNode& node : graph.nodes) {
    if (node.type->draws_code) return node.output();
  }
  return -1;
}

int code_value(const Graph& graph, const std::string& name) {
  if (!name.empty()) {
    const int found = graph.find_value(name);
    if (found >= 0) return found;
    std::vector<std::string> names;
    for (const Value& value : graph.values) names.push_back(value.name);
    const auto near = nearest(name, names);
    throw Error(Exit::kUsage,
                {{"",
                  fmt::format("'{}' has no layer '{}'", graph.name, name),
                  "",
                  {near ? "did you mean '" + *near + "'?" : "cnn summary lists the layers"}}});
  }
  if (const int drawn = drawn_code(graph); drawn >= 0) return drawn;
  const std::optional<MapOutput> picture = map_output(graph);
  for (const NamedOutput& output : graph.outputs) {
    if (picture && output.value != picture->value) return output.value;
  }
  return -1;
}

Decoder::Decoder(const ModelSpec& spec, int code, int64_t batch, uint64_t memory_limit)
    : graph_(build_graph(spec, Phase::kTest, store_)) {
  picture_ = map_output(graph_);
  if (picture_ && picture_->kind != MapOutput::Kind::kPicture) picture_.reset();
  start_at(graph_, code, "code");
  const bool follows = std::any_of(
      graph_.outputs.begin(), graph_.outputs.end(),
      [&](const NamedOutput& output) { return picture_ && output.value == picture_->value; });
  if (!follows) picture_.reset();
  plan_ = plan_memory(graph_, Pass::predicting(), store_, batch, threads());
  check_memory(plan_.bytes() + store_.value_bytes(), memory_limit, plan_.largest);
  store_.allocate(false);
  arena_ = std::make_unique<Arena>(plan_.floats);
  executor_ = std::make_unique<Executor>(graph_, store_, plan_, *arena_);
}

WeightsInfo Decoder::load(const std::string& weights, const LoadWeightsOptions& options) {
  if (options.partial && options.model != nullptr) {
    store_.initialize(static_cast<uint64_t>(read_train_settings(*options.model).seed));
  }
  weights_ = load_weights(weights, store_, options);
  return weights_;
}

Executor& Decoder::run(int64_t n, const float* codes) {
  executor_->bind(0, codes);
  executor_->forward(n, 0, 0);
  return *executor_;
}

std::vector<Image> Decoder::pictures() const {
  CNN_ASSERT(picture_);
  const ConstView view = executor_->value(picture_->value);
  std::vector<Image> pictures;
  for (int64_t i = 0; i < view.batch; ++i) {
    pictures.push_back(picture_of(view, i, *picture_, weights_));
  }
  return pictures;
}

Image picture_of(const ConstView& values, int64_t n, const MapOutput& picture,
                 const WeightsInfo& weights) {
  return picture_of(float_image(values, n), picture, byte_normalization(weights));
}

void draw_code(int64_t seed, int64_t i, int64_t size, float* code) {
  const Rng rng(static_cast<uint64_t>(seed), "prior", 0, static_cast<uint64_t>(i));
  for (int64_t k = 0; k < size; ++k) code[k] = rng.normal(static_cast<uint64_t>(k));
}

}  // namespace cnn
