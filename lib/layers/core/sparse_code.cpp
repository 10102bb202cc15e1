// sparse_code: the code z of x over a dictionary of atoms w_k that makes
//   |x - sum_k z_k w_k|^2 / 2 + lambda sum_k p(z_k) + pull / 2 |z - guess|^2
// smallest, p the penalty of sparsity.h. By a fixed number of steps of FISTA, from the guess if
// there is one, else from 0:
//   z' = shrunk(y - (G y - W x + pull (y - guess)) / L),  y' = z' + (t - 1) / t' (z' - z)
// with G = W W^T and L the largest eigenvalue of G, plus pull.
//
// Backward differentiates the minimum itself, not the steps: on the numbers that are not 0, with H
// the objective's second derivative there and b = H^-1 grad_z (by conjugate gradients),
//   dx = u = sum b_k w_k,  dw_k = b_k r - z_k u,  dguess = pull b,  r = x - sum z_k w_k
// Where the loss is the same objective, grad_z is 0 at the minimum, and the dictionary learns as in
// Olshausen & Field 1996.
//
// FISTA: Beck & Teboulle 2009. Gradients: Mairal, Bach & Ponce 2012, "Task-driven dictionary
// learning". Guesses: Kavukcuoglu, Ranzato & LeCun 2008, "Fast inference in sparse coding
// algorithms with applications to object recognition" (predictive sparse decomposition).
#include <algorithm>
#include <climits>
#include <cmath>
#include <string>
#include <utility>

#include "base/parallel.h"
#include "kernels/gemm.h"
#include "kernels/vector_math.h"
#include "layers/image/window.h"
#include "layers/layer_type.h"
#include "layers/sparsity.h"

namespace cnn {
namespace {

constexpr int64_t kRows = 16;  // samples that one thread takes through all steps together

class SparseCode final : public Layer {
 public:
  void options(Options& o) override {
    o("atoms", atoms_, "number of atoms in the dictionary")
        .primary()
        .required()
        .at_least(1)
        .aliases({"out", "n_components", "units"});
    o("lambda", lambda_, "factor of the penalty: the larger, the fewer numbers are not 0")
        .at_least(0)
        .aliases({"alpha"});
    penalty_.declare(o);
    o("positive", is_positive_, "no number may be negative");
    o("steps", steps_, "steps of the search").between(1, 100000).aliases({"iterations"});
    o.reference("guess", guess_,
                "a layer of one number for each atom, from which the search starts");
    o("pull", pull_, "factor of the squared distance to the guess, halved")
        .at_least(0)
        .aliases({"gamma"});
  }

  void setup(Setup& s) override {
    const Shape& in = s.input();
    s.require(in.rank() == 1, "sparse_code expects [C], found {}; add 'flatten' before it",
              in.str());
    in_ = in[0];
    s.require(std::max(in_, atoms_) <= INT_MAX, "{} numbers are beyond BLAS: sizes end at {}",
              std::max(in_, atoms_), INT_MAX);
    has_guess_ = s.inputs() > 1;
    s.require(has_guess_ || pull_ == 0, "sparse_code: 'pull' needs a 'guess' to pull to");
    s.require(!has_guess_ || s.input(1) == Shape{atoms_},
              "sparse_code: the guess {} must have one number for each of {} atoms",
              has_guess_ ? s.describe(1) : "", atoms_);
    s.output({atoms_});
    weight_ = s.parameter({.name = "weight",
                           .shape = {atoms_, in_},
                           .layout = {},
                           .init = Initializer{Initializer::Kind::kNormal, 1, 0},
                           .fan_in = in_,
                           .fan_out = atoms_,
                           .decays = false,
                           .unit_rows = true});
    const int64_t products = atoms_ * atoms_;
    is_prepared_ = s.phase() == Phase::kTest;
    gram_ = is_prepared_ ? s.derived(products) : s.scratch_forward(Per::kOnce, products);
    step_ = is_prepared_ ? s.derived(1) : s.scratch_forward(Per::kOnce, 1);
    vectors_ = is_prepared_ ? s.scratch_prepare(Per::kOnce, 2 * atoms_)
                            : s.scratch_forward(Per::kOnce, 2 * atoms_);
    backward_gram_ = s.scratch_backward(Per::kOnce, products);
    target_ = s.scratch_forward(Per::kSample, atoms_);
    ahead_ = s.scratch_forward(Per::kSample, atoms_);
    slope_ = s.scratch_forward(Per::kSample, atoms_);
    solution_ = s.scratch_backward(Per::kSample, atoms_);
    search_ = s.scratch_backward(Per::kSample, 3 * atoms_);
    residual_ = s.scratch_backward(Per::kSample, in_);
    moved_ = s.scratch_backward(Per::kSample, in_);
    partials_ = s.scratch_backward(Per::kOnce, gemm_partials(atoms_, in_));
    s.plan().backward_spares_input = has_guess_ ? 1 : -1;
    s.plan().macs = capped_macs(1, atoms_ * in_) + capped_macs(steps_, atoms_ * atoms_);
    s.plan().kernel = "fista";
  }

  void prepare(const PrepareCall& call) const override { analyse(call); }

  void forward(const ForwardCall& call) const override {
    if (!is_prepared_) analyse(call);
    const float* weight = call.parameter(weight_);
    gemm(Op::kNone, Op::kTranspose, call.batch, atoms_, in_, 1, call.input().data, in_, weight, in_,
         0, call.scratch(target_), atoms_);
    const int64_t cost = 2 * steps_ * atoms_ * atoms_;
    const int64_t blocks = chunk_count(call.batch, kRows);
    parallel_for(blocks, grain_for(blocks, kRows * cost), [&](int64_t begin, int64_t end) {
      for (int64_t block = begin; block < end; ++block) {
        const int64_t first = block * kRows;
        search(call, first, std::min(kRows, call.batch - first));
      }
    });
  }

  void backward(const BackwardCall& call) const override {
    float* gradient = call.gradient(weight_);
    const View guess = has_guess_ ? call.grad_input(1) : View{};
    if (gradient == nullptr && !call.grad_input() && !guess) return;
    float* solution = call.scratch(solution_);
    multiply_atoms(call.parameter(weight_), call.scratch(backward_gram_));
    parallel_for(call.batch, 1, [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) solve(call, n, solution + n * atoms_);
    });
    if (guess) {
      const auto pull = static_cast<float>(pull_);
      for (int64_t i = 0; i < guess.count(); ++i) {
        guess.data[i] = pull * solution[i] + (call.adds(1) ? guess.data[i] : 0.0f);
      }
    }
    if (call.grad_input()) sum_atoms(call, solution, call.adds(), 1, call.grad_input().data);
    if (gradient != nullptr) add_weight_gradient(call, solution, gradient);
  }

 private:
  // G, and the length of a step.
  template <class AnyCall>
  void analyse(const AnyCall& call) const {
    float* gram = call.scratch(gram_);
    multiply_atoms(call.parameter(weight_), gram);
    const double bend = largest_eigenvalue(gram, call.scratch(vectors_)) + pull_;
    call.scratch(step_)[0] = static_cast<float>(1 / bend);
  }

  void multiply_atoms(const float* weight, float* gram) const {
    gemm(Op::kNone, Op::kTranspose, atoms_, atoms_, in_, 1, weight, in_, weight, in_, 0, gram,
         atoms_);
  }

  // Of G, a little above, by the power method.
  double largest_eigenvalue(const float* gram, float* v) const {
    constexpr int kIterations = 40;
    constexpr double kMargin = 1.05;  // the method comes from below
    float* next = v + atoms_;
    // Not orthogonal to the answer, unless by a strange chance.
    for (int64_t k = 0; k < atoms_; ++k) v[k] = 1.0f + 0.5f * static_cast<float>(k % 7);
    double value = 0;
    for (int i = 0; i < kIterations; ++i) {
      const double length = std::sqrt(static_cast<double>(dot(v, v)));
      if (length == 0) return 1;  // a dictionary of zeros: any step will do
      const auto scale = static_cast<float>(1 / length);
      for (int64_t k = 0; k < atoms_; ++k) v[k] *= scale;
      gemm(Op::kNone, Op::kNone, 1, atoms_, atoms_, 1, v, atoms_, gram, atoms_, 0, next, atoms_);
      value = std::sqrt(static_cast<double>(dot(next, next)));
      std::swap(v, next);
    }
    return value > 0 ? kMargin * value : 1;
  }

  float dot(const float* a, const float* b) const {
    return row_sum(atoms_, [=](int64_t k) { return a[k] * b[k]; });
  }

  // All steps for samples first .. first + rows.
  void search(const ForwardCall& call, int64_t first, int64_t rows) const {
    const int64_t count = rows * atoms_;
    float* code = call.out.data + first * atoms_;
    const float* target = call.scratch(target_) + first * atoms_;
    float* ahead = call.scratch(ahead_) + first * atoms_;
    float* slope = call.scratch(slope_) + first * atoms_;
    const float* guess = has_guess_ ? call.input(1).data + first * atoms_ : nullptr;
    if (guess != nullptr) {
      std::copy_n(guess, count, code);
    } else {
      std::fill_n(code, count, 0.0f);
    }
    std::copy_n(code, count, ahead);
    const float step = call.scratch(step_)[0];
    const auto pull = static_cast<float>(pull_), factor = step * static_cast<float>(lambda_);
    double time = 1;
    for (int64_t i = 0; i < steps_; ++i) {
      gemm_serial(Op::kNone, Op::kNone, rows, atoms_, atoms_, 1, ahead, atoms_, call.scratch(gram_),
                  atoms_, 0, slope, atoms_);
      const double next_time = (1 + std::sqrt(1 + 4 * time * time)) / 2;
      const auto momentum = static_cast<float>((time - 1) / next_time);
      time = next_time;
      for (int64_t k = 0; k < count; ++k) {
        float s = slope[k] - target[k];
        if (guess != nullptr) s += pull * (ahead[k] - guess[k]);
        const float aim = ahead[k] - step * s, before = code[k];
        code[k] = penalty_.shrink(is_positive_ ? std::max(aim, 0.0f) : aim, factor);
        ahead[k] = code[k] + momentum * (code[k] - before);
      }
    }
  }

  // solution = H^-1 grad_out on the numbers of sample n that are not 0; 0 elsewhere.
  void solve(const BackwardCall& call, int64_t n, float* solution) const {
    const float* code = call.out.sample(n);
    float* rest = call.scratch(search_) + n * 3 * atoms_;
    float* direction = rest + atoms_;
    float* product = direction + atoms_;
    for (int64_t k = 0; k < atoms_; ++k) {
      solution[k] = 0;
      rest[k] = direction[k] = code[k] != 0 ? call.grad_out.sample(n)[k] : 0.0f;
    }
    auto size = static_cast<double>(dot(rest, rest));
    const double enough = 1e-14 * size;
    for (int64_t i = 0; i < atoms_ && size > enough; ++i) {
      multiply(call, code, direction, product);
      const auto bend = static_cast<double>(dot(product, direction));
      if (!(bend > 0)) break;  // flat: the minimum is not unique
      const auto length = static_cast<float>(size / bend);
      for (int64_t k = 0; k < atoms_; ++k) {
        solution[k] += length * direction[k];
        rest[k] -= length * product[k];
      }
      const auto next = static_cast<double>(dot(rest, rest));
      const auto keep = static_cast<float>(next / size);
      for (int64_t k = 0; k < atoms_; ++k) direction[k] = rest[k] + keep * direction[k];
      size = next;
    }
  }

  // product = H direction.
  void multiply(const BackwardCall& call, const float* code, const float* direction,
                float* product) const {
    for (int64_t k = 0; k < atoms_; ++k) {
      product[k] = 0;
      if (code[k] == 0) continue;
      const double curvature = lambda_ * penalty_.curvature(static_cast<double>(code[k]));
      product[k] = dot(call.scratch(backward_gram_) + k * atoms_, direction) +
                   static_cast<float>(pull_ + curvature) * direction[k];
    }
  }

  // out [batch, in] (+)= sign * the atoms, weighted by `numbers`.
  void sum_atoms(const Call& call, const float* numbers, bool add, float sign, float* out) const {
    gemm(Op::kNone, Op::kNone, call.batch, in_, atoms_, sign, numbers, atoms_,
         call.parameter(weight_), in_, add ? 1.0f : 0.0f, out, in_);
  }

  void add_weight_gradient(const BackwardCall& call, const float* solution, float* gradient) const {
    const float* code = call.out.data;
    float *moved = call.scratch(moved_), *residual = call.scratch(residual_);
    sum_atoms(call, solution, false, 1, moved);
    std::copy_n(call.input().data, call.batch * in_, residual);
    sum_atoms(call, code, true, -1, residual);
    float* partials = call.scratch(partials_);
    gemm(Op::kTranspose, Op::kNone, atoms_, in_, call.batch, 1, solution, atoms_, residual, in_,
         call.adds_parameter(weight_) ? 1.0f : 0.0f, gradient, in_, partials);
    gemm(Op::kTranspose, Op::kNone, atoms_, in_, call.batch, -1, code, atoms_, moved, in_, 1,
         gradient, in_, partials);
  }

  int64_t atoms_ = 0, in_ = 0, steps_ = 50;
  SparsityPenalty penalty_;
  bool is_positive_ = false, has_guess_ = false, is_prepared_ = false;
  double lambda_ = 0.1, pull_ = 0;
  std::string guess_;
  int weight_ = -1, gram_ = -1, step_ = -1, vectors_ = -1;
  int target_ = -1, ahead_ = -1, slope_ = -1;
  int backward_gram_ = -1, solution_ = -1, search_ = -1, residual_ = -1, moved_ = -1,
      partials_ = -1;
};

}  // namespace

extern const LayerType sparse_code_layer = {
    .name = "sparse_code",
    .family = LayerType::Family::kCode,
    .makes_features = true,
    .summary = "sparse code over a learned dictionary, found by FISTA",
    .example =
        "- {sparse_code: 256, lambda: 0.2, name: code}\n"
        "- {linear: 784, bias: false, tie: code, name: recon}   # the sum of the atoms\n"
        "- {sparse_code: 256, lambda: 0.2, from: image, guess: encoder, pull: 1}",
    .details =
        "The code z that makes |x - sum z_k w_k|^2 / 2 + lambda sum p(z_k) smallest; w_k are the "
        "atoms, p is the penalty (activity_l1 says how `log` differs from log(1 + z^2)). [C] -> "
        "[atoms]. It takes a fixed number of `steps` of FISTA, for "
        "all samples alike, so that its cost is known.\n"
        "With a `guess`, a layer of as many numbers, the search starts there, and pull / 2 "
        "|z - guess|^2 is added: predictive sparse decomposition.\n"
        "The gradient is that of the minimum, to the atoms, the input and the guess. To learn a "
        "dictionary let the loss be the same objective: mse with `reduction: sum` and weight 0.5, "
        "and activity_l1 with weight lambda.\n"
        "Weights: weight [atoms, C]; every atom has length 1, after each update again. A linear "
        "layer tied to it sums the atoms.\n"
        "Olshausen & Field 1996; Beck & Teboulle 2009; Kavukcuoglu, Ranzato & LeCun 2008; Mairal, "
        "Bach & Ponce 2012.",
    .other_names = {"SparseCoding", "DictionaryLearning", "lasso", "fista", "sparse_coding"},
    .make = make_layer<SparseCode>,
};

}  // namespace cnn
