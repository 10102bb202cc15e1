// Resources that fail while a run begins or goes on.
#include <filesystem>

#include "report/evaluate.h"
#include "report/timing.h"
#include "support/catch.h"
#include "support/training.h"
#include "tensor/tensor.h"

namespace cnn {
namespace {

using namespace cnn::test;

// Calls `work` with the n-th allocation failing, for n = 0, 1 ... until one call needs fewer.
template <class Work>
int fail_each_allocation(Work&& work) {
  for (int n = 0; n < 200; ++n) {
    int calls = 0;
    set_allocation_fault([&](size_t) { return calls++ == n; });
    const std::string problem = error_of(Exit::kResource, work);
    set_allocation_fault({});
    if (calls <= n) return n;
    INFO("allocation " << n);
    CHECK(problem != "");
  }
  FAIL("more than 200 allocations");
  return 0;
}

TEST_CASE("row 28: whichever allocation fails, it is exit 6 and nothing is left behind") {
  const TemporaryFolder folder;
  const std::string path = folder.file("m.yaml", kTinyModel);
  const ModelSpec spec = load(path, {"train.epochs=1"});
  Recorder recorder;
  StopFlags flags;
  TrainRequest request;
  request.out = folder.str("runs");
  std::string run;
  const int training = fail_each_allocation([&] {
    CHECK_FALSE(std::filesystem::exists(folder.str("runs")));
    run = train(spec, request, recorder, flags).run;
  });
  CHECK(training > 4);
  TestRequest test;
  test.weights = run + "/weights/last.safetensors";
  CHECK(fail_each_allocation([&] { test_model(spec, test); }) > 2);
  TimingRequest timing;
  timing.seconds = 0.001;
  timing.per_layer = false;  // measuring the machine takes seconds each time
  CHECK(fail_each_allocation([&] { time_model(spec, timing); }) > 3);
}

TEST_CASE("a training step allocates no buffers") {
  const TemporaryFolder folder;
  const ModelSpec spec = load(folder.file("m.yaml", kTinyModel));
  Recorder recorder;
  StopFlags flags;
  TrainRequest request;
  request.out = folder.str("runs");
  int64_t allocations = 0, at_first_step = 0;
  set_allocation_fault([&](size_t) {
    ++allocations;
    return false;
  });
  recorder.on_step = [&](const StepInfo& s) {
    if (s.step == 1) at_first_step = allocations;
  };
  train(spec, request, recorder, flags);
  set_allocation_fault({});
  CHECK(at_first_step > 0);
  CHECK(allocations == at_first_step);
}

}  // namespace
}  // namespace cnn
