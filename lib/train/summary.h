// Summary: what is in a network: output volumes, parameters, multiply-adds and planned memory.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "spec/model_spec.h"
#include "tensor/shape.h"

namespace cnn {

struct LayerSummary {
  std::string name;
  std::string type;
  std::string settings;  // options that differ from their defaults: "6, kernel 5, pad 2"
  Shape output;
  int64_t parameters = 0;  // learned ones
  int64_t macs = 0;        // of one sample
};

struct ModelSummary {
  std::string name;
  std::vector<std::pair<std::string, Shape>> inputs;
  int64_t parameters = 0;  // of the training graph
  int64_t trainable = 0;
  int64_t macs = 0;                                    // of the evaluation graph
  std::vector<LayerSummary> layers;                    // of the evaluation graph
  std::vector<std::pair<std::string, Shape>> weights;  // as in files, in order of execution
  uint64_t weight_bytes = 0;
  int64_t batch_size = 0;
  uint64_t train_bytes = 0;  // arena, weights, gradients, optimizer
  uint64_t infer_bytes = 0;  // arena, weights

  std::string json() const;   // one line
  std::string table() const;  // for people
};

// Allocates nothing of the network's size. `batch_size` 0: the model's own.
ModelSummary summarize(const ModelSpec& spec, int64_t batch_size);

}  // namespace cnn
