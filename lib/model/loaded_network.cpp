#include "model/loaded_network.h"

#include "kernels/gemm_library.h"
#include "model/settings.h"

namespace cnn {

LoadedNetwork::LoadedNetwork(const ModelSpec& spec, WeightsSource source)
    : Network(spec, false), spec_(spec), source_(std::move(source)) {}

void LoadedNetwork::check(const std::vector<MemoryPlan::Tenant>& others) const {
  uint64_t bytes = planned_bytes();
  for (const MemoryPlan::Tenant& tenant : others) bytes += tenant.bytes;
  check_memory(bytes, source_.memory_limit, largest_tenants(*this, others));
}

const WeightsInfo& LoadedNetwork::load(const std::vector<MemoryPlan::Tenant>& others) {
  check(others);
  // Before loader threads have work: it is loaded by way of the environment, which others read.
  if (largest_plan() != nullptr) gemm_library();
  allocate();
  if (source_.partial) {
    store().initialize(static_cast<uint64_t>(read_train_settings(spec_).seed));
  }
  weights_ =
      load_weights(source_.path, store(), {source_.allow_non_finite, source_.partial, &spec_});
  return weights_;
}

}  // namespace cnn
