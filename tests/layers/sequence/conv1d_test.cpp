#include "support/catch.h"
#include "support/check_layer.h"
#include "support/text.h"

namespace cnn {
namespace {

struct Filter {
  int64_t out, kernel, dilation = 1;
  bool causal = false, bias = true;
};

auto naive(const Filter& f) {
  return [f](const ReferenceCall& call) {
    const int64_t in = call.shapes[0].count();
    const int64_t before = (f.kernel - 1) * f.dilation / (f.causal ? 1 : 2);
    Numbers out;
    for (size_t n = 0; n < static_cast<size_t>(call.batch); ++n) {
      const int64_t first = call.starts[0][n], end = call.starts[0][n + 1];
      for (int64_t t = first; t < end; ++t) {
        for (int64_t o = 0; o < f.out; ++o) {
          double sum = f.bias ? call.parameters[1][static_cast<size_t>(o)] : 0;
          for (int64_t k = 0; k < f.kernel; ++k) {
            const int64_t from = t - before + k * f.dilation;
            for (int64_t i = 0; from >= first && from < end && i < in; ++i) {
              sum += call.parameters[0][static_cast<size_t>((o * in + i) * f.kernel + k)] *
                     call.inputs[0][static_cast<size_t>(from * in + i)];
            }
          }
          out.push_back(sum);
        }
      }
    }
    return out;
  };
}

void check(const std::string& options, const Filter& filter, const Form& list) {
  check_layer({fmt::format("{{conv1d: {}, kernel: {}{}}}", filter.out, filter.kernel, options),
               {list},
               naive(filter)});
}

}  // namespace

TEST_CASE("conv1d looks at the items around each") {
  for (const Items& items : {Items::list(1), Items::list(4), Items::up_to(1), Items::up_to(9)}) {
    check("", {.out = 1, .kernel = 1}, list_of({1}, items));
    check("", {.out = 4, .kernel = 3}, list_of({3}, items));
    check("", {.out = 2, .kernel = 4}, list_of({5}, items));
    check(", bias: false", {.out = 3, .kernel = 2, .bias = false}, list_of({2}, items));
    check(", dilation: 2", {.out = 3, .kernel = 3, .dilation = 2}, list_of({2}, items));
    check(", pad: causal", {.out = 3, .kernel = 3, .causal = true}, list_of({2}, items));
    check(", pad: causal, dilation: 3", {.out = 2, .kernel = 2, .dilation = 3, .causal = true},
          list_of({3}, items));
  }
  check("", {.out = 17, .kernel = 5}, list_of({33}, Items::up_to(50)));
}

TEST_CASE("the weights of conv1d are PyTorch's") {
  const LayerHarness layer("{conv1d: 100, kernel: 3}", {list_of({32}, Items::up_to(9))});
  CHECK(layer.plan().parameters[0].shape == Shape{100, 32, 3});
  CHECK(layer.plan().parameters[1].shape == Shape{100});
  CHECK(layer.plan().macs == 9 * 100 * 32 * 3);
}

TEST_CASE("conv1d is for lists") {
  CHECK(contains(setup_error("{conv1d: 4, kernel: 3}", {{3, 5}}), "is no list of items"));
  CHECK(contains(setup_error("{conv1d: 4}", {list_of({3}, Items::list(5))}), "needs 'kernel'"));
  CHECK(contains(setup_error("{conv1d: 4, kernel: 3}", {list_of({3, 5, 5}, Items::list(5))}),
                 "holds no items [F]"));
}

}  // namespace cnn
