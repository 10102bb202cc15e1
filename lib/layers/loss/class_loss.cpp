#include "layers/loss/class_loss.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"

namespace cnn {
namespace {

int64_t class_count(int64_t scores) { return std::max<int64_t>(2, scores); }

}  // namespace

void ClassLoss::options(Options& o) {
  o.reference("target", target_, "the field of class numbers: [1] for [C], [1,H,W] for [C,H,W]");
  weights_.declare(o);
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
  weights_.setup(setup, in);
  check(setup, in.channels());
  setup.plan().ignored_class = ignore_;
  setup.plan().mixes_targets = !weights_;
  setup.plan().link = link(in.channels());
  setup.output({2});
  const bool is_plain = !ignore_ && !weights_;
  plan_denominator(setup, reduction_, is_plain ? static_cast<double>(in.positions()) : 0);
  setup.plan().backward_reads_output = true;  // the denominators
  if (!gradient_reads_scores() && !weights_) setup.plan().backward_spares_input = 0;
  losses_ = setup.scratch_forward(Per::kSample, in.positions());
}

Share ClassLoss::share_of(const Call& call, int64_t row) const {
  const int64_t width = call.input(0).channels();
  const Scores scores(call.input(0).data + row * width, static_cast<size_t>(width));
  Share sum;
  for_targets(call, call.input(1).data, row, [&](float target, float share) {
    if (ignores(target)) return;
    sum.numerator +=
        static_cast<double>(share) * loss_of(scores, class_of(target, class_count(width), name_));
    sum.denominator += static_cast<double>(share);
  });
  return sum;
}

double ClassLoss::weight_of(const Call& call, int64_t begin, int64_t end) const {
  const float* targets = call.input(1).data;
  double sum = 0;
  for (int64_t r = begin; r < end; ++r) {
    if (!ignores(targets[r])) sum += static_cast<double>(weights_.at(call, r));
  }
  return sum;
}

std::optional<double> ClassLoss::denominator(const Call& call) const {
  if (!call.input(1) || !weights_.are_known(call)) return std::nullopt;
  return weight_of(call, 0, call.input(1).count());
}

void ClassLoss::forward(const ForwardCall& call) const {
  const int64_t rows = call.input(0).rows(), width = call.input(0).channels();
  const float* targets = call.input(1).data;
  float* losses = call.scratch(losses_);
  parallel_for(rows, grain_for(rows, unit_cost_ * width), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      losses[r] = static_cast<float>(share_of(call, r).numerator);
    }
  });
  const int64_t positions = call.input(0).shape.positions();
  for (int64_t n = 0; n < call.batch; ++n) {
    const int64_t begin = n * positions, end = begin + positions;
    double numerator = 0;
    for (int64_t r = begin; r < end; ++r) {
      if (call.shares.empty() && ignores(targets[r])) continue;
      numerator += static_cast<double>(weights_.at(call, r)) * static_cast<double>(losses[r]);
    }
    write_loss(call.out.sample(n), numerator, reduction_, weight_of(call, begin, end));
  }
}

void ClassLoss::backward(const BackwardCall& call) const {
  zero_gradient(call, 1);
  weights_.backward(call, reduction_, unit_cost_ * call.input(0).channels(),
                    [&](int64_t row) { return share_of(call, row); });
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
      for_targets(call, targets, r, [&](float target, float share) {
        if (ignores(target)) return;
        add_gradient({in.data + r * width, static_cast<size_t>(width)},
                     class_of(target, classes, name_), factor * share * weights_.at(call, r),
                     gradient);
      });
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
