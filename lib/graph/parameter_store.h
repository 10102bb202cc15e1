// ParameterStore: owns every parameter and statistic of a network: value, gradient, names and
// shapes as in files, and the layout in which the engine keeps them. Executors borrow it, so that
// training, testing and derived graphs share one set.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "layers/layer.h"
#include "tensor/tensor.h"

namespace cnn {

struct Parameter {
  std::string name;  // "layer1.0.conv1.weight"
  ParameterRequest request;
  double lr_mult = 1;
  std::optional<double> decay_mult;  // unset: 1, or 0 where request.decays is false
  bool frozen = false;
  size_t offset = 0;           // floats into the value arena
  size_t gradient_offset = 0;  // into the gradient arena; learned ones only
  int64_t count() const { return request.shape.count(); }
  double decay() const { return decay_mult.value_or(request.decays ? 1.0 : 0.0); }
  bool trains() const { return request.learned && !frozen; }
};

class ParameterStore {
 public:
  // Adds a parameter, or returns the id of the one of that name (same shape: asserted).
  int add(const std::string& name, const ParameterRequest& request);
  int find(std::string_view name) const;  // -1 if there is none

  const std::vector<Parameter>& all() const { return parameters_; }  // in order of execution
  Parameter& at(int id) { return parameters_[static_cast<size_t>(id)]; }
  const Parameter& at(int id) const { return parameters_[static_cast<size_t>(id)]; }

  // Memory. allocate() once, after all add(); gradients (zeroed) only if wanted: one arena of the
  // parameters that train(), in order, each aligned to 64 bytes, padding always zero.
  void allocate(bool with_gradients);
  uint64_t value_bytes() const;  // exact, before allocation too
  uint64_t gradient_bytes() const;
  float* value(int id);
  const float* value(int id) const;
  float* gradient(int id);  // null for frozen ones and statistics
  std::span<float> gradient_arena() { return gradients_.span(); }
  std::span<float> value_arena() { return values_.span(); }

  // Every parameter from its initialiser, by (seed, name): order and layout change nothing.
  void initialize(uint64_t seed);

  // Brings the rows of `unit_rows` parameters to length 1 (rows of zeros stay); after every update.
  void apply_constraints();

  // In the order of files: a piece from number `first` on, or all.
  void export_values(int id, int64_t first, std::span<float> out) const;
  std::vector<float> export_values(int id) const;
  void import_values(int id, int64_t first, std::span<const float> values);
  void import_values(int id, std::span<const float> values);

  // Counts for reports. Statistics are not counted.
  int64_t parameter_count() const;
  int64_t trainable_count() const;

  // Grows with every write through value arena by import/initialize/touch: derived (folded) weights
  // compare it to know when they are stale.
  uint64_t version() const { return version_; }
  void touch() { ++version_; }

 private:
  std::vector<Parameter> parameters_;
  std::unordered_map<std::string, int> by_name_;
  Buffer values_;
  Buffer gradients_;
  uint64_t version_ = 0;
};

}  // namespace cnn
