// ValueLoss: what the losses of numbers against numbers share: any shape, the target has the same,
// and every number costs by itself. A loss derives from it, as ValueLoss<Itself>, and gives
//   float cost(float x, float t) const          of one number
//   float slope(float x, float t) const         d cost / dx
//   float target_slope(float x, float t) const  d cost / dt
// all of them plain arithmetic that vectorises.
//
// `mean` divides by the count of numbers whose target is not `ignore`, or by the sum of their
// `weights`; the weight of a position is that of all its channels.
#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "kernels/vector_math.h"
#include "layers/elementwise.h"
#include "layers/loss/loss.h"

namespace cnn {

template <class Loss>
class ValueLoss : public Layer {
 public:
  void options(Options& o) final {
    o.reference("target", target_, "the field or layer to come near to");
    weights_.declare(o);
    own_options(o);
    o("ignore", ignore_, "target number whose places count nowhere")
        .aliases({"ignore_index", "ignore_label"});
    declare_reduction(o, reduction_);
  }

  void setup(Setup& setup) final {
    setup.target(1, setup.input(), FieldKind::kValues);
    setup.plan().fields[1].range = target_range();
    if (auto& range = setup.plan().fields[1].range) range->ignored = ignore_;
    weights_.setup(setup, setup.input());
    setup.plan().ignored_class = ignore_;
    setup.plan().link = link();
    setup.output({2});
    plan_denominator(setup, reduction_,
                     is_plain() ? static_cast<double>(setup.input().count()) : 0);
    ready();
  }

  void forward(const ForwardCall& call) const final {
    const ConstView& in = call.input();
    check(in);
    const int64_t count = in.shape.count();
    parallel_for(call.batch, grain_for(call.batch, kCost * count), [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) {
        const Share share = is_plain() ? plain_share(call, n) : weighted_share(call, n);
        write_loss(call.out.sample(n), share.numerator, reduction_, share.denominator);
      }
    });
  }

  std::optional<double> denominator(const Call& call) const final {
    const ConstView& targets = call.input(1);
    if (!targets || !weights_.are_known(call)) return std::nullopt;
    double sum = 0;
    for (int64_t row = 0; row < targets.rows(); ++row) {
      sum += static_cast<double>(weights_.at(call, row)) * counted(targets, row);
    }
    return sum;
  }

  void backward(const BackwardCall& call) const final {
    weights_.backward(call, reduction_, kCost * call.input().channels(),
                      [&](int64_t row) { return share_of(call, row); });
    const auto factor = static_cast<float>(loss_gradient_factor(call));
    const Loss& loss = self();
    differentiate(call, 0, [=, &loss](float x, float t) { return factor * loss.slope(x, t); });
    differentiate(call, 1,
                  [=, &loss](float x, float t) { return factor * loss.target_slope(x, t); });
  }

 protected:
  virtual void own_options(Options&) {}
  virtual void ready() {}  // all options are read
  // What targets must lie in.
  virtual std::optional<FieldRange> target_range() const { return std::nullopt; }
  // kSigmoid: the input holds scores, whose sigmoid shall come near to the target.
  virtual Link link() const { return Link::kNone; }
  // Inputs that the formula is not defined for.
  virtual void check(const ConstView&) const {}

 private:
  static constexpr int64_t kCost = 8;  // of one number, in simple operations

  const Loss& self() const { return static_cast<const Loss&>(*this); }
  bool is_plain() const { return !weights_ && !ignore_; }
  bool ignores(float target) const { return ignore_ && target == static_cast<float>(*ignore_); }

  // In blocks, each summed in float and added in double.
  Share plain_share(const Call& call, int64_t n) const {
    constexpr int64_t kBlock = 1024;
    const int64_t count = call.input().shape.count();
    const float* x = call.input(0).data + n * count;
    const float* t = call.input(1).data + n * count;
    const Loss& loss = self();
    double sum = 0;
    for (int64_t first = 0; first < count; first += kBlock) {
      sum += static_cast<double>(row_sum(std::min(kBlock, count - first), [&](int64_t i) {
        return loss.cost(x[first + i], t[first + i]);
      }));
    }
    return {sum, static_cast<double>(count)};
  }

  // The numbers of a position that are not ignored.
  double counted(const ConstView& targets, int64_t row) const {
    const float* numbers = targets.data + row * targets.channels();
    return static_cast<double>(
        std::count_if(numbers, numbers + targets.channels(), [&](float t) { return !ignores(t); }));
  }

  // Of one position, as if its weight were 1.
  Share share_of(const Call& call, int64_t row) const {
    const int64_t channels = call.input().channels();
    Share share;
    for (int64_t i = row * channels; i < (row + 1) * channels; ++i) {
      const float target = call.input(1).data[i];
      if (ignores(target)) continue;
      share.numerator += static_cast<double>(self().cost(call.input(0).data[i], target));
    }
    share.denominator = counted(call.input(1), row);
    return share;
  }

  Share weighted_share(const Call& call, int64_t n) const {
    const int64_t positions = call.input().shape.positions();
    Share sum;
    for (int64_t row = n * positions; row < (n + 1) * positions; ++row) {
      const Share share = share_of(call, row);
      const auto weight = static_cast<double>(weights_.at(call, row));
      sum.numerator += weight * share.numerator;
      sum.denominator += weight * share.denominator;
    }
    return sum;
  }

  template <class F>
  void differentiate(const BackwardCall& call, int input, F slope) const {
    const View& gradient = call.grad_input(input);
    if (!gradient) return;
    const float* x = call.input(0).data;
    const float* t = call.input(1).data;
    const bool add = call.adds(input);
    if (is_plain()) {
      return map_elements(x, t, gradient.data, gradient.count(), add, kCost, slope);
    }
    const int64_t rows = gradient.rows(), channels = gradient.channels();
    parallel_for(rows, grain_for(rows, kCost * channels), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin * channels; i < end * channels; ++i) {
        const float own =
            ignores(t[i]) ? 0.0f : weights_.at(call, i / channels) * slope(x[i], t[i]);
        gradient.data[i] = own + (add ? gradient.data[i] : 0.0f);
      }
    });
  }

  std::string target_ = "target";
  std::optional<int64_t> ignore_;
  PositionWeights weights_;
  Reduction reduction_ = Reduction::kMean;
};

}  // namespace cnn
