// Weights files: safetensors under the names and shapes that `cnn summary --json` lists. The
// metadata carry what prediction needs beside them: model, class names, input size, mean and
// standard deviation.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "data/transforms.h"
#include "graph/parameter_store.h"

namespace cnn {

struct WeightsInfo {
  std::string model;
  std::vector<std::string> class_names;
  std::vector<int64_t> input;   // C,H,W of the first input
  Normalization normalization;  // of that input
};

// Writes through AtomicFile, with a checksum per tensor.
void save_weights(const std::string& path, const ParameterStore& store, const WeightsInfo& info);

struct LoadWeightsOptions {
  bool allow_non_finite = false;
};

// Exit::kInput, listing up to ten each, if tensors are missing, left over or of another shape; then
// nothing is loaded. `num_batches_tracked` is ignored. Returns what the metadata say; a file of
// another tool has none.
WeightsInfo load_weights(const std::string& path, ParameterStore& store,
                         const LoadWeightsOptions& options = {});

// The checks of load_weights for tensors from any source: name -> shape.
void check_weight_names(const std::string& path, const ParameterStore& store,
                        const std::map<std::string, std::vector<int64_t>>& found);

}  // namespace cnn
