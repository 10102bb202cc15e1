// ClassLoss: what the losses of class scores against one class number a position share: [C] with a
// target [1], [C,H,W] with [1,H,W], [T,C] with [T,1]. One score alone (where the loss allows it) is
// of two classes: the target is 1 where it shall be positive, else 0.
//
// A loss gives the cost of one row of scores and its gradient. `mean` divides by the number of
// positions that are not ignored, or by the sum of their `weights`.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "layers/loss/loss.h"

namespace cnn {

class ClassLoss : public Layer {
 public:
  void options(Options& o) final;
  void setup(Setup& setup) final;
  void forward(const ForwardCall& call) const final;
  void backward(const BackwardCall& call) const final;
  std::optional<double> denominator(const Call& call) const final;

 protected:
  using Scores = std::span<const float>;

  // `unit_cost`: of one score, in simple operations.
  ClassLoss(const char* name, int64_t min_scores, int64_t unit_cost)
      : name_(name), min_scores_(min_scores), unit_cost_(unit_cost) {}

  virtual void own_options(Options&) {}
  virtual void check(const Setup&, int64_t /*scores*/) const {}
  // kNone: the scores are no logarithms of probabilities or odds.
  virtual Link link(int64_t /*scores*/) const { return Link::kNone; }
  virtual double loss_of(Scores scores, int64_t target) const = 0;
  // gradient += factor * d loss / d scores.
  virtual void add_gradient(Scores scores, int64_t target, float factor, float* gradient) const = 0;
  // False: the gradient is the same whatever the scores are.
  virtual bool gradient_reads_scores() const { return true; }

  // +1 or -1, as a single score should be.
  static float sign_of(int64_t target) { return target == 1 ? 1.0f : -1.0f; }
  // The largest score but the target's, the first of equal ones; NaN is the largest of all.
  static size_t best_other(Scores scores, int64_t target);

 private:
  Share share_of(const Call& call, int64_t row) const;  // of weight 1
  // Of the positions [begin, end) of the batch, those that are not ignored.
  double weight_of(const Call& call, int64_t begin, int64_t end) const;
  bool ignores(float target) const { return ignore_ && target == static_cast<float>(*ignore_); }

  const char* name_;
  int64_t min_scores_, unit_cost_;
  std::string target_ = "label";
  std::optional<int64_t> ignore_;
  PositionWeights weights_;
  Reduction reduction_ = Reduction::kMean;
  int losses_ = -1;
};

}  // namespace cnn
