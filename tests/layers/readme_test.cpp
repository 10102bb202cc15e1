// The layer in lib/layers/README.md, "Adding a layer": it stands there as it stands here.
#include "base/parallel.h"
#include "kernels/reduce.h"
#include "layers/elementwise.h"
#include "support/catch.h"
#include "support/check_layer.h"
#include "support/files.h"
#include "support/text.h"

namespace cnn {
namespace {

// begin
class Gain final : public Layer {  // y = gain_c x: a learned factor for every channel
 public:
  void setup(Setup& s) override {
    const Shape& in = s.input();
    s.output(in);
    gain_ = s.parameter(
        {.name = "gain", .shape = {in.channels()}, .layout = {}, .init = Initializer::constant(1)});
    products_ = s.scratch_backward(Per::kSample, in.count());
    partials_ = s.scratch_backward(Per::kOnce, column_sum_partials(in.channels()));
    s.plan().macs = in.count();
    s.plan().backward_reads_output = false;  // its memory may be used again
  }

  void forward(const ForwardCall& call) const override {
    scale(call.input().data, call.parameter(gain_), false, call.out);
  }

  void backward(const BackwardCall& call) const override {
    if (float* gradient = call.gradient(gain_)) {  // null: frozen
      float* products = call.scratch(products_);
      map_elements(call.grad_out.data, call.input().data, products, call.out.count(), false, 1,
                   [](float g, float x) { return g * x; });
      column_sums(products, call.out.rows(), call.out.channels(), call.adds_parameter(gain_),
                  gradient, call.scratch(partials_));
    }
    if (!call.grad_input()) return;  // nobody wants it
    scale(call.grad_out.data, call.parameter(gain_), call.adds(), call.grad_input());
  }

 private:
  static void scale(const float* from, const float* gain, bool add, const View& to) {
    const int64_t rows = to.rows(), channels = to.channels();  // channels-last
    parallel_for(rows, grain_for(rows, channels), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin * channels; i < end * channels; ++i) {
        to.data[i] = (add ? to.data[i] : 0.0f) + gain[i % channels] * from[i];
      }
    });
  }

  int gain_ = -1, products_ = -1, partials_ = -1;
};
// end

Numbers gain(const ReferenceCall& call) {
  Numbers y = call.inputs[0];
  const Shape& shape = call.shapes[0];
  const int64_t run = shape.rank() == 2 ? 1 : shape.positions();  // a sequence is [T,F]
  for (size_t i = 0; i < y.size(); ++i) {
    const auto channel = static_cast<int64_t>(i) / run % shape.channels();
    y[i] *= call.parameters[0][static_cast<size_t>(channel)];
  }
  return y;
}

}  // namespace

TEST_CASE("the README's layer keeps its promises, and is this one") {
  const LayerType type = {.name = "gain", .summary = "", .example = "", .make = make_layer<Gain>};
  for (const Shape& shape : shapes_of_every_rank()) {
    CHECK(layer_problems({"gain", {shape}, gain}, type) == std::vector<std::string>{});
  }
  const std::string root = CNN_SOURCE_DIR;
  const std::string here = read_text(root + "/tests/layers/readme_test.cpp");
  const size_t begin = here.find("// begin\n") + 9;
  const std::string code = here.substr(begin, here.find("// end\n") - begin);
  CHECK(contains(read_text(root + "/lib/layers/README.md"), code));
}

}  // namespace cnn
