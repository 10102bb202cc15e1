// Decoder: what follows from a code in an autoencoder or a generator: the graph from that value on,
// with its weights, and its output as pictures.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/executor.h"
#include "io/image.h"
#include "model/weights.h"
#include "predict/maps.h"

namespace cnn {

// The value that is a model's code: of the layer `name`; else of the first that draws it; else of a
// named output that is not the reconstruction. -1 if there is none; Exit::kUsage for a wrong name.
int code_value(const Graph& graph, const std::string& name = "");
// The value of the first layer that draws a code ('gaussian'); -1 if there is none.
int drawn_code(const Graph& graph);

class Decoder {
 public:
  // Plans for `batch` codes; Exit::kSpec if something between reads more than the code, or if no
  // output follows from it. No weights yet.
  Decoder(const ModelSpec& spec, int code, int64_t batch, uint64_t memory_limit);

  const Graph& graph() const { return graph_; }  // its only input is the code
  const Shape& code_shape() const { return graph_.fields[0].field.shape; }
  int64_t batch() const { return plan_.batch; }
  // The output that is a picture, if there is one.
  const std::optional<MapOutput>& picture() const { return picture_; }

  WeightsInfo load(const std::string& weights, const LoadWeightsOptions& options);
  // n <= batch codes, channels-last; the outputs are then read from the executor.
  Executor& run(int64_t n, const float* codes);
  // The pictures of the last run; picture() only.
  std::vector<Image> pictures() const;

 private:
  ParameterStore store_;
  Graph graph_;
  std::optional<MapOutput> picture_;
  MemoryPlan plan_;
  WeightsInfo weights_;
  std::unique_ptr<Arena> arena_;
  std::unique_ptr<Executor> executor_;
};

// `picture` as a picture, from one sample of that output.
Image picture_of(const ConstView& values, int64_t n, const MapOutput& picture,
                 const WeightsInfo& weights);

// Code `i` of those that a prior of normal numbers gives: depends on (seed, i) alone.
void draw_code(int64_t seed, int64_t i, int64_t size, float* code);

}  // namespace cnn
