// spread: the plain value of a sample, once for every item of its list.
//   y[t] = x,  dx = sum over t of dy[t]
#include "layers/sequence/spread.h"

#include <algorithm>

#include "base/parallel.h"

namespace cnn {
namespace {

class Spread final : public Layer {
 public:
  void setup(Setup& s) override {
    s.require(!s.form(0).items.is_list, "spread: {} is a list already", s.describe(0));
    s.require(s.form(1).items.is_list, "spread: {} is no list", s.describe(1));
    s.list_output(s.input(0), 1);
    s.plan().blind_input = 1;
    s.plan().backward_reads_input = false;
    s.plan().backward_reads_output = false;
  }

  void forward(const ForwardCall& call) const override {
    const int64_t count = call.out.shape.count();
    parallel_for(call.batch, grain_for(call.batch, count), [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) {
        float* item = call.out.data + call.out.first_item(n) * count;
        for (int64_t t = 0; t < call.out.items_of(n); ++t, item += count) {
          std::copy_n(call.input(0).sample(n), count, item);
        }
      }
    });
  }

  void backward(const BackwardCall& call) const override {
    const View& gradient = call.grad_input(0);
    if (!gradient) return;
    const int64_t count = gradient.shape.count();
    parallel_for(call.batch, grain_for(call.batch, count), [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) {
        float* sum = gradient.sample(n);
        if (!call.adds(0)) std::fill_n(sum, count, 0.0f);
        const float* item = call.grad_out.data + call.grad_out.first_item(n) * count;
        for (int64_t t = 0; t < call.grad_out.items_of(n); ++t, item += count) {
          for (int64_t i = 0; i < count; ++i) sum[i] += item[i];
        }
      }
    });
  }

  Growth grow_stepwise(std::span<const char> grow, bool) override {
    return grow[0] == 0 ? Growth::kEndless : Growth::kWhole;
  }
};

}  // namespace

extern const LayerType spread_layer = {
    .name = "spread",
    .family = LayerType::Family::kList,
    .inputs = LayerType::Inputs::kNames,
    .mixes_items = true,
    .min_inputs = 2,
    .max_inputs = 2,
    .summary = "a value once for every item of a list",
    .example = "- {spread: [picture, words]}   # beside every word",
    .details =
        "The first input is a plain value, the second a list that says how many items there shall "
        "be. In add, mul and concat a plain value beside a list is spread without being asked.",
    .other_names = {"RepeatVector", "expand", "tile"},
    .make = make_layer<Spread>};

}  // namespace cnn
