#include "layers/class_loss.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"

namespace cnn {
namespace {

int64_t class_count(int64_t scores) { return std::max<int64_t>(2, scores); }

}  // namespace

void ClassLoss::options(Options& o) {
  o.reference("target", target_, "the field of class numbers: [1] for [C], [1,H,W] for [C,H,W]");
  own_options(o);
  o("ignore", ignore_, "class number whose positions count nowhere")
      .aliases({"ignore_index", "ignore_label"});
  declare_reduction(o, reduction_);
}

void ClassLoss::setup(Setup& setup) {
  const Shape& in = setup.input();
  setup.require(in.channels() >= min_scores_, "{}: {} has {} score alone; give it {} or more",
                name_, setup.describe(0), in.channels(), min_scores_);
  setup.target(1, class_target_shape(in), FieldKind::kClass, class_count(in.channels()));
  setup.plan().ignored_class = ignore_;
  setup.output({2});
  setup.plan().backward_reads_output = true;  // the denominators
  losses_ = setup.scratch_forward(Per::kSample, in.positions());
}

void ClassLoss::forward(const ForwardCall& call) const {
  const ConstView& in = call.input(0);
  const int64_t rows = in.rows(), width = in.channels(), classes = class_count(width);
  const float* targets = call.input(1).data;
  float* losses = call.scratch(losses_);
  parallel_for(rows, grain_for(rows, unit_cost_ * width), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const Scores scores(in.data + r * width, static_cast<size_t>(width));
      losses[r] = ignores(targets[r])
                      ? 0.0f
                      : static_cast<float>(loss_of(scores, class_of(targets[r], classes, name_)));
    }
  });
  const int64_t positions = in.shape.positions();
  for (int64_t n = 0; n < call.batch; ++n) {
    double numerator = 0;
    int64_t count = 0;
    for (int64_t r = n * positions; r < (n + 1) * positions; ++r) {
      numerator += static_cast<double>(losses[r]);
      count += !ignores(targets[r]);
    }
    write_loss(call.out.sample(n), numerator, reduction_, static_cast<double>(count));
  }
}

void ClassLoss::backward(const BackwardCall& call) const {
  for (size_t i = 1; i < call.grad_in.size(); ++i) zero_gradient(call, i);
  const View& grad_in = call.grad_input(0);
  if (!grad_in) return;
  const ConstView& in = call.input(0);
  const int64_t rows = in.rows(), width = in.channels(), classes = class_count(width);
  const float* targets = call.input(1).data;
  const auto factor = static_cast<float>(loss_gradient_factor(call));
  const bool add = call.adds(0);
  parallel_for(rows, grain_for(rows, unit_cost_ * width), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      float* gradient = grad_in.data + r * width;
      if (!add) std::fill_n(gradient, width, 0.0f);
      if (ignores(targets[r])) continue;
      add_gradient({in.data + r * width, static_cast<size_t>(width)},
                   class_of(targets[r], classes, name_), factor, gradient);
    }
  });
}

size_t ClassLoss::best_other(Scores scores, int64_t target) {
  const auto own = static_cast<size_t>(target);
  size_t best = own == 0 ? 1 : 0;
  for (size_t c = best + 1; c < scores.size(); ++c) {
    if (c != own && (scores[c] > scores[best] || std::isnan(scores[c]))) best = c;
  }
  return best;
}

}  // namespace cnn
