// Optimizers: SGD, Adam, AdamW, with PyTorch's arithmetic. One sweep over the parameter store does
// it all: scaling by the clip factor, decay, moments, the new weights, and the search for
// gradients that are not finite.
//
// With g the gradient, w the weight, d = weight_decay * Parameter::decay(), r = lr * lr_mult:
//
//   sgd    g += d w;  v = m v + g;  w -= r (nesterov ? g + m v : v)      (m = 0: w -= r g)
//   adam   g += d w;  a = b1 a + (1-b1) g;  q = b2 q + (1-b2) g g;
//          w -= r / (1-b1^t) * a / (sqrt(q) / sqrt(1-b2^t) + eps)        (Kingma & Ba 2015)
//   adamw  w -= r d w;  then as adam without decay                       (Loshchilov & Hutter 2019)
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/parameter_store.h"
#include "spec/options.h"
#include "tensor/tensor.h"

namespace cnn {

class Optimizer {
 public:
  virtual ~Optimizer() = default;

  // The learning rate is every optimizer's primary option: {sgd: 0.05}.
  virtual void options(Options& o) = 0;
  // Problems that no single option shows (nesterov without momentum); null if there are none.
  virtual const char* conflict() const { return nullptr; }
  // Names of the arrays kept per weight: "velocity"; none for plain SGD.
  virtual std::vector<std::string> slots() const = 0;
  double learning_rate() const { return learning_rate_; }

  // Memory of the slots for a store that has been laid out.
  uint64_t state_bytes(const ParameterStore& store) const;

  // Allocates and zeroes the slots; borrows the store, which must be allocated with gradients.
  void attach(ParameterStore& store);

  // One update; gradients count times `gradient_scale`. Weights with lr = 0 keep their bits. The
  // result is the first parameter (in the store's order) with a gradient that is not finite, if
  // there is one: then the weights are no longer good for anything but a message.
  std::optional<int> update(double lr, float gradient_scale = 1.0f);

  // The norm of all gradients together, summed in double in an order that threads do not change.
  double gradient_norm();

  int64_t steps() const { return steps_; }

  // State for checkpoints: one array per slot and trained parameter, in the order of files; pieces
  // of it from number `first` on.
  struct StateArray {
    std::string slot;
    int parameter = -1;
  };
  std::vector<StateArray> state() const;
  void export_state(const StateArray& array, int64_t first, std::span<float> out) const;
  void import_state(const StateArray& array, int64_t first, std::span<const float> values);
  void set_steps(int64_t steps) { steps_ = steps; }

 protected:
  // What one sweep needs for a piece of one parameter.
  struct Piece {
    float* weight = nullptr;
    const float* gradient = nullptr;
    float* slot[2] = {nullptr, nullptr};
    int64_t count = 0;
    float gradient_scale = 1;
    double lr = 0;     // times lr_mult
    double decay = 0;  // Parameter::decay(), not yet times weight_decay
    int64_t step = 1;  // of this update, from 1
  };
  virtual void apply(const Piece& piece) const = 0;

  double learning_rate_ = 0.01;

 private:
  struct Chunk {
    int parameter = 0;
    int64_t begin = 0;
    int64_t count = 0;
  };
  // False if a gradient is not finite; the rest of the chunk then stays as it is.
  bool update_chunk(const Chunk& chunk, double lr, float gradient_scale);
  size_t slot_index(const StateArray& array) const;

  ParameterStore* store_ = nullptr;
  std::vector<Buffer> slots_;  // each laid out as the gradient arena
  std::vector<Chunk> chunks_;
  std::vector<char> bad_;            // by chunk: a gradient that is not finite
  std::vector<double> square_sums_;  // by chunk of the gradient arena
  int64_t steps_ = 0;
};

struct OptimizerType {
  const char* name;
  const char* summary;
  const char* example;
  std::unique_ptr<Optimizer> (*make)();
};
std::span<const OptimizerType> optimizer_types();
std::vector<std::string> optimizer_names();
std::unique_ptr<Optimizer> make_optimizer(std::string_view name);  // null if there is none

// {sgd: 0.05, momentum: 0.9}; null after a report.
std::unique_ptr<Optimizer> read_optimizer(const Node& node, Diagnostics& diagnostics);

}  // namespace cnn
