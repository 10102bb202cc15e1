// check_layer must find what it is there to find.
#include "support/check_layer.h"

#include <memory>

#include "base/parallel.h"
#include "support/catch.h"
#include "support/text.h"

namespace cnn {
namespace {

enum class Fault {
  kNone,
  kForward,
  kOneGradient,
  kParameterGradient,
  kUnwritten,
  kIgnoresAdd,
  kIgnoresAddOfParameters,
  kReadsInput,
  kReadsOutput,
  kReadsScratch,
  kInPlace,
  kThreads,
  kAllocates,
  kWritesBeyond,
  kChangesInput,
  kChangesParameter,
  kAsksForInput,
  kAsksForOutput,
};

// y_i = w x_i + x_{i-1 mod n}, within each sample: not elementwise, so not in place.
template <Fault kFault>
class Faulty final : public Layer {
 public:
  void setup(Setup& setup) override {
    setup.output(setup.input());
    weight_ = setup.parameter({.name = "weight",
                               .shape = {1},
                               .layout = {},
                               .init = {},
                               .learned = kFault != Fault::kAsksForInput});
    scratch_ = setup.scratch_forward(Per::kOnce, 1);
    setup.plan().in_place = kFault == Fault::kInPlace;
    setup.plan().backward_reads_output = kFault == Fault::kAsksForOutput;
    if (kFault == Fault::kReadsInput) setup.plan().backward_reads_input = false;
  }

  void forward(const ForwardCall& call) const override {
    const int64_t count = call.out.shape.count();
    const float w = call.parameter(weight_)[0];
    for (int64_t n = 0; n < call.batch; ++n) {
      const float* x = call.input().sample(n);
      float* y = call.out.sample(n);
      for (int64_t i = 0; i < count; ++i) y[i] = w * x[i] + x[(i + count - 1) % count];
    }
    float& last = call.out.data[call.out.count() - 1];
    if (kFault == Fault::kForward) last += 1e-3f;
    if (kFault == Fault::kUnwritten) last = call.scratch(scratch_)[0];
    if (kFault == Fault::kReadsScratch) last += 0 * call.scratch(scratch_)[0];
    if (kFault == Fault::kThreads && threads() == 3) last *= 1 + 1e-6f;
    if (kFault == Fault::kAllocates) keep_ = std::make_unique<float>(last);
    if (kFault == Fault::kWritesBeyond) call.out.data[call.out.count()] = 0;
    if (kFault == Fault::kChangesInput) const_cast<float*>(call.input().data)[0] = 0;
    if (kFault == Fault::kChangesParameter) call.parameter(weight_)[0] += 1;
  }

  void backward(const BackwardCall& call) const override {
    const int64_t count = call.out.shape.count();
    const float w = call.parameter(weight_)[0];
    const float* x = call.input().data;
    const float* g = call.grad_out.data;
    if (float* gradient = call.gradient(weight_)) {
      double sum = kFault == Fault::kParameterGradient ? 1e-2 : 0;
      for (int64_t i = 0; i < call.batch * count; ++i) sum += static_cast<double>(g[i] * x[i]);
      const bool add = call.adds_parameter(weight_) && kFault != Fault::kIgnoresAddOfParameters;
      gradient[0] = (add ? gradient[0] : 0.0f) + static_cast<float>(sum);
    }
    if (!call.grad_input()) return;
    for (int64_t n = 0; n < call.batch; ++n) {
      float* dx = call.grad_input().sample(n);
      const float* gn = g + n * count;
      for (int64_t i = 0; i < count; ++i) {
        const bool add = call.adds() && kFault != Fault::kIgnoresAdd;
        dx[i] = (add ? dx[i] : 0.0f) + w * gn[i] + gn[(i + 1) % count];
      }
    }
    float& last = call.grad_input().data[call.batch * count - 1];
    if (kFault == Fault::kOneGradient) last += 1e-2f;
    if (kFault == Fault::kReadsOutput) last += 0 * call.out.data[0];
  }

 private:
  int weight_ = -1, scratch_ = -1;
  mutable std::unique_ptr<float> keep_;
};

Numbers naive(const ReferenceCall& call) {
  const auto count = static_cast<size_t>(call.shapes[0].count());
  const Numbers& x = call.inputs[0];
  Numbers y(x.size());
  for (size_t i = 0; i < y.size(); ++i) {
    const size_t sample = i / count * count;
    y[i] = call.parameters[0][0] * x[i] + x[sample + (i + count - 1 - sample) % count];
  }
  return y;
}

// All findings as one text.
template <Fault kFault>
std::string findings(const Shape& shape = {201}) {
  const LayerType type = {.name = "faulty",
                          .summary = "",
                          .example = "",
                          .make = {[] { return std::unique_ptr<Layer>(new Faulty<kFault>()); }}};
  std::string text;
  for (const std::string& problem : layer_problems({"faulty", {shape}, naive}, type)) {
    text += problem + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("check_layer finds nothing in a layer without fault") {
  CHECK(findings<Fault::kNone>() == "");
  CHECK(findings<Fault::kNone>({1}) == "");
}

TEST_CASE("check_layer finds wrong values and says where") {
  CHECK(contains(findings<Fault::kForward>(), "forward: 1 of 201 wrong, worst at sample 0 [200]"));
  CHECK(contains(findings<Fault::kUnwritten>(), "forward"));
  CHECK(contains(findings<Fault::kOneGradient>({6}), "gradient of input 0 at sample 0 [5]"));
  // Too many to try one by one: the random directions find it.
  CHECK(contains(findings<Fault::kOneGradient>({2001}), "random direction"));
  CHECK(contains(findings<Fault::kParameterGradient>(), "gradient of 'weight'"));
}

TEST_CASE("check_layer finds gradients that do not add") {
  CHECK(contains(findings<Fault::kIgnoresAdd>(), "gradient of input 0, added"));
  CHECK(contains(findings<Fault::kIgnoresAddOfParameters>(), "gradient of 'weight', added"));
}

TEST_CASE("check_layer finds reads of what backward has not asked for, and of garbage") {
  CHECK(contains(findings<Fault::kReadsInput>(), "gradient of 'weight'"));
  CHECK(contains(findings<Fault::kReadsOutput>(), "gradient of input 0"));
  CHECK(contains(findings<Fault::kReadsScratch>(), "forward"));
}

TEST_CASE("check_layer finds that backward asks for what it does not read") {
  CHECK(contains(findings<Fault::kAsksForInput>(),
                 "asks for its input 0 in backward and does not read it"));
  CHECK(contains(findings<Fault::kAsksForOutput>(),
                 "asks for its output in backward and does not read it"));
}

TEST_CASE("check_layer finds a layer that only claims to work in place") {
  CHECK(contains(findings<Fault::kInPlace>(), "in place: output"));
}

TEST_CASE("check_layer finds results that depend on the number of threads") {
  CHECK(contains(findings<Fault::kThreads>(), "with 3 threads: output"));
}

TEST_CASE("check_layer finds writes to memory that is not the layer's") {
  CHECK(contains(findings<Fault::kWritesBeyond>(), "forward wrote beyond its output"));
  CHECK(contains(findings<Fault::kChangesInput>(), "forward changed input 0"));
  CHECK(contains(findings<Fault::kChangesParameter>(), "'weight' after forward"));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("check_layer finds allocations") {
  CHECK(contains(findings<Fault::kAllocates>(), "forward allocated memory 1 times"));
}
#endif

}  // namespace cnn
