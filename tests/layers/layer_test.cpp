#include "layers/layer.h"

#include "support/catch.h"

namespace cnn {
namespace {

// A layer whose setup is given by the test.
class Custom final : public Layer {
 public:
  explicit Custom(void (*body)(Setup&)) : body_(body) {}
  void setup(Setup& setup) override { body_(setup); }
  void forward(const ForwardCall&) const override {}
  void backward(const BackwardCall&) const override {}

 private:
  void (*body_)(Setup&);
};

LayerPlan plan_of(void (*body)(Setup&)) {
  Custom layer(body);
  const Form inputs[] = {Shape{3, 4, 5}, Shape{}};
  return set_up(layer, inputs, Phase::kTrain);
}

}  // namespace

TEST_CASE("setup collects what a layer asks for") {
  const LayerPlan plan = plan_of([](Setup& setup) {
    setup.output({7});
    ParameterRequest weight;
    weight.name = "weight";
    weight.shape = {7, 3, 2, 2};
    weight.layout = {2, 3, 1, 0};
    CHECK(setup.parameter(weight) == 0);
    CHECK(setup.saved(Per::kSample, 4) == 0);
    CHECK(setup.scratch_forward(Per::kThread, 5) == 1);
    CHECK(setup.scratch_backward(Per::kOnce, 0) == 2);
    setup.target(1, {1, 4, 5}, FieldKind::kClass, 7);
    CHECK(setup.phase() == Phase::kTrain);
    CHECK(setup.describe(0) == "[3,4,5]");
  });
  CHECK(plan.output() == Shape{7});
  CHECK(plan.parameters.size() == 1);
  REQUIRE(plan.memory.size() == 3);
  CHECK(plan.memory[1].use == MemoryRequest::Use::kForward);
  CHECK(plan.memory[1].per == Per::kThread);
  CHECK(plan.memory[1].count == 5);
  REQUIRE(plan.fields.size() == 2);
  CHECK(plan.fields[1].shape == Shape{1, 4, 5});
  CHECK(plan.fields[1].classes == 7);
}

TEST_CASE("a layer that breaks its side of setup is a bug") {
  CHECK_THROWS_AS(plan_of([](Setup&) {}), std::logic_error);
  CHECK_THROWS_AS(plan_of([](Setup& setup) {
                    setup.output({1});
                    setup.output({1});
                  }),
                  std::logic_error);
  CHECK_THROWS_AS(plan_of([](Setup& setup) { setup.input(2); }), std::logic_error);
  CHECK_THROWS_AS(plan_of([](Setup& setup) {
                    setup.output({1});
                    setup.saved(Per::kThread, 1);
                  }),
                  std::logic_error);
  CHECK_THROWS_AS(plan_of([](Setup& setup) {
                    ParameterRequest request;
                    request.name = "weight";
                    request.shape = {2, 3};
                    request.layout = {0, 0};
                    setup.parameter(request);
                  }),
                  std::logic_error);
  CHECK_THROWS_AS(plan_of([](Setup& setup) {
                    ParameterRequest request;
                    request.name = "weight";
                    request.shape = {2, 3};
                    setup.parameter(request);
                    setup.parameter(request);
                  }),
                  std::logic_error);
}

TEST_CASE("a requirement that does not hold is an error of the model file") {
  try {
    plan_of([](Setup& setup) { setup.require(false, "expects {} inputs", 3); });
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == Exit::kSpec);
    CHECK(error.diagnostics()[0].problem == "expects 3 inputs");
  }
}

}  // namespace cnn
