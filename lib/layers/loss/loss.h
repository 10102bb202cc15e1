// What the losses share. A loss writes [numerator, denominator] for every sample; the loss of a
// batch is the sum of numerators over the sum of denominators.
#pragma once

#include <string>

#include "base/parallel.h"
#include "layers/class_numbers.h"
#include "layers/elementwise.h"
#include "layers/layer.h"

namespace cnn {

enum class Reduction { kMean, kSum };

void declare_reduction(Options& o, Reduction& reduction);

// What the denominators of a batch will be: `counted` for every sample, 0 where that depends on the
// data (Layer::denominator).
void plan_denominator(Setup& setup, Reduction reduction, double counted);

// `count`: what a mean divides by. A sum counts the sample once: it is averaged over the batch.
void write_loss(float* out, double numerator, Reduction reduction, double count);

// scale / (sum of the batch's denominators); 0 if nothing counts. Reads call.out.
double loss_gradient_factor(const BackwardCall& call);

// What `ignore` and `weights` mean to one position: what it adds to numerator and denominator.
struct Share {
  double numerator = 0;
  double denominator = 0;
};

// `weights: NAME`, a field or layer with a factor for every position, such as U-Net's weights of
// borders: [1] for [C], [1,H,W] for [C,H,W]. A mean divides by their sum. Declare it after the
// target, and nothing that is a reference after it.
class PositionWeights {
 public:
  void declare(Options& o);
  void setup(Setup& setup, const Shape& scores);

  explicit operator bool() const { return input_ >= 0; }
  // Whether the factors are there: in Layer::denominator those of a layer are not.
  bool are_known(const Call& call) const { return input_ < 0 || call.input(input_); }
  // Of the position `row` of the batch; 1 where no weights are given.
  float at(const Call& call, int64_t row) const {
    return input_ < 0 ? 1.0f : call.input(input_).data[row];
  }
  // The weights' own gradient, if it is wanted. share_of(row): of a position with weight 1.
  template <class F>
  void backward(const BackwardCall& call, Reduction reduction, int64_t unit_cost, F share_of) const;

 private:
  std::string name_;
  int input_ = -1;
};

// visit(target, share) for the targets of a position: its own, which counts whole, or where samples
// are mixed its own and its partner's. `targets`: one for each position of the batch.
template <class Visit>
void for_targets(const Call& call, const float* targets, int64_t row, Visit&& visit) {
  if (call.shares.empty()) return visit(targets[row], 1.0f);
  const int64_t positions = call.input(0).shape.positions(), sample = row / positions;
  const float share = call.shares[static_cast<size_t>(sample)];
  visit(targets[row], share);
  const int64_t partner = call.batch - 1 - sample;
  if (share < 1) visit(targets[partner * positions + row % positions], 1 - share);
}

// The loss of the batch of the last forward. Reads call.out.
double batch_loss(const BackwardCall& call);

template <class F>
void PositionWeights::backward(const BackwardCall& call, Reduction reduction, int64_t unit_cost,
                               F share_of) const {
  if (input_ < 0 || !call.grad_input(input_)) return;
  const View& gradient = call.grad_input(input_);
  const double factor = loss_gradient_factor(call);
  const double loss = reduction == Reduction::kMean ? batch_loss(call) : 0;
  const bool add = call.adds(input_);
  const int64_t rows = gradient.count();
  parallel_for(rows, grain_for(rows, unit_cost), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const Share share = share_of(r);
      const double slope = factor * (share.numerator - loss * share.denominator);
      gradient.data[r] = static_cast<float>(slope) + (add ? gradient.data[r] : 0.0f);
    }
  });
}

}  // namespace cnn
