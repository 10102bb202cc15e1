// LoadedNetwork: a model's test graph with trained weights: the way of every command that runs a
// network and does not train it.
//
//   LoadedNetwork network(spec, {.path = "best.safetensors"});
//   network.plan({{Pass::predicting(), batch, keep}});
//   const WeightsInfo& weights = network.load();
//   network.executor(0).forward(n, 0, 0);
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/network.h"
#include "model/weights.h"

namespace cnn {

struct WeightsSource {
  std::string path;
  uint64_t memory_limit = 0;  // bytes; 0: what the machine offers
  bool allow_non_finite = false;
  bool partial = false;  // what does not fit stays as it is initialised
};

class LoadedNetwork : public Network {
 public:
  // `spec` must live until load() is done.
  LoadedNetwork(const ModelSpec& spec, WeightsSource source);

  // Exit::kResource if what is planned, and `others` beside it, is more than there is.
  void check(const std::vector<MemoryPlan::Tenant>& others = {}) const;
  // Behind plan(): checks, allocates and reads the weights.
  const WeightsInfo& load(const std::vector<MemoryPlan::Tenant>& others = {});
  const WeightsInfo& weights() const { return weights_; }

 private:
  const ModelSpec& spec_;
  WeightsSource source_;
  WeightsInfo weights_;
};

}  // namespace cnn
