#include "reference/conv.h"
#include "support/catch.h"
#include "support/check_layer.h"
#include "support/text.h"

namespace cnn {
namespace {

struct Case {
  std::string item;
  Shape input, output;
  Extents kernel, stride = Extents::all(1), pad = Extents::all(0), dilation = Extents::all(1);
  int64_t groups = 1;
};

// The convolution that this is the transpose of.
ConvShape convolution(const Case& c) {
  return {c.output.channels(),
          c.output.extents(),
          c.input.channels(),
          c.input.extents(),
          c.kernel,
          c.stride,
          c.pad,
          c.dilation,
          c.groups};
}

Numbers reference_upconv(const ConvShape& s, const ReferenceCall& call, bool bias) {
  Numbers out = reference::conv_backward_data(s, call.batch, call.inputs[0], call.parameters[0]);
  for (size_t i = 0; bias && i < out.size(); ++i) {
    out[i] +=
        call.parameters[1][i / static_cast<size_t>(s.in.h * s.in.w) % call.parameters[1].size()];
  }
  return out;
}

}  // namespace

TEST_CASE("upconv matches the reference") {
  const std::vector<Case> cases = {
      {"{upconv: 1, kernel: 1}", {1, 1, 1}, {1, 1, 1}, {1, 1, 1}},
      {"{upconv: 3, kernel: 1}", {5, 4, 3}, {3, 4, 3}, {1, 1, 1}},
      {"{upconv: 4, kernel: 2, stride: 2}", {3, 3, 5}, {4, 6, 10}, {1, 2, 2}, {1, 2, 2}},
      {"{upconv: 17, kernel: 2, stride: 2}", {18, 3, 2}, {17, 6, 4}, {1, 2, 2}, {1, 2, 2}},
      {"{upconv: 1, kernel: 3}", {1, 4, 5}, {1, 6, 7}, {1, 3, 3}},
      {"{upconv: 9, kernel: 3, pad: 1}", {2, 4, 5}, {9, 4, 5}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}},
      {"{upconv: 3, kernel: 4, stride: 2, pad: 1}",
       {6, 3, 4},
       {3, 6, 8},
       {1, 4, 4},
       {1, 2, 2},
       {0, 1, 1}},
      {"{upconv: 2, kernel: 3, stride: 2, pad: 1, output_pad: 1}",
       {3, 3, 4},
       {2, 6, 8},
       {1, 3, 3},
       {1, 2, 2},
       {0, 1, 1}},
      {"{upconv: 2, kernel: 2, stride: 3}", {2, 3, 2}, {2, 8, 5}, {1, 2, 2}, {1, 3, 3}},  // gaps
      {"{upconv: 17, kernel: 2, stride: 3, output_pad: 2}",
       {16, 2, 3},
       {17, 7, 10},
       {1, 2, 2},
       {1, 3, 3}},
      {"{upconv: 2, kernel: [3, 2], stride: [1, 2], pad: [1, 0], output_pad: [0, 1]}",
       {3, 4, 3},
       {2, 4, 7},
       {1, 3, 2},
       {1, 1, 2},
       {0, 1, 0}},
      {"{upconv: 2, kernel: 3, dilation: 2, output_pad: 1}",
       {2, 3, 2},
       {2, 8, 7},
       {1, 3, 3},
       {1, 1, 1},
       {0, 0, 0},
       {1, 2, 2}},
      {"{upconv: 4, kernel: 3, groups: 2, stride: 2, pad: 1}",
       {6, 3, 3},
       {4, 5, 5},
       {1, 3, 3},
       {1, 2, 2},
       {0, 1, 1},
       {1, 1, 1},
       2},
      {"{upconv: 5, kernel: 2, groups: 5, stride: 2}",
       {5, 3, 2},
       {5, 6, 4},
       {1, 2, 2},
       {1, 2, 2},
       {0, 0, 0},
       {1, 1, 1},
       5},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.item << " on " << c.input.str()) {
      CHECK(LayerHarness(c.item, {c.input}).plan().output() == c.output);
      const ConvShape s = convolution(c);
      for (const bool bias : {true, false}) {
        std::string item = c.item;
        if (!bias) item.insert(item.size() - 1, ", bias: false");
        check_layer({item, {c.input}, [&](const ReferenceCall& call) {
                       return reference_upconv(s, call, bias);
                     }});
      }
    }
  }
}

TEST_CASE("upconv and conv tied to each other match the reference") {
  const Case c{"{upconv: 3, kernel: [3, 2], stride: 2, pad: [1, 0], tie: other}",
               {4, 3, 2},
               {3, 5, 4},
               {1, 3, 2},
               {1, 2, 2},
               {0, 1, 0}};
  const ConvShape s = convolution(c);
  LayerCase layer;
  layer.item = c.item;
  layer.inputs = {c.input};
  layer.named = NamedItem{"{conv: 4, kernel: [3, 2], stride: 2, pad: [1, 0]}", {3, 5, 4}};
  layer.reference = [&](const ReferenceCall& call) { return reference_upconv(s, call, true); };
  check_layer(layer);
  layer.item = "{conv: 4, kernel: [3, 2], stride: 2, pad: [1, 0], tie: other}";
  layer.inputs = {c.output};
  layer.named = NamedItem{"{upconv: 3, kernel: [3, 2], stride: 2, pad: [1, 0]}", c.input};
  layer.reference = [&](const ReferenceCall& call) {
    return reference::conv(s, call.batch, call.inputs[0], call.parameters[0], call.parameters[1]);
  };
  check_layer(layer);
  CHECK(contains(setup_error("{upconv: 3, kernel: 2, tie: other}", {{4, 3, 2}},
                             NamedItem{"{conv: 4, kernel: 3}", {3, 5, 4}}),
                 "the weight of 'other' is [4,3,3,3], this layer's would be [4,3,2,2]"));
  CHECK(contains(setup_error("{upconv: 3, kernel: 2, tie: other}", {{4, 3, 2}},
                             NamedItem{"{upconv: 4, kernel: 2}", {3, 5, 4}}),
                 "'other' is a layer 'upconv'; upconv is tied to a layer 'conv'"));
}

TEST_CASE("upconv says what it needs and costs") {
  const LayerPlan plan =
      LayerHarness("{upconv: 512, kernel: 2, stride: 2}", {{1024, 16, 16}}).plan();
  CHECK(plan.output() == Shape{512, 32, 32});
  CHECK(plan.macs == 1024 * 16 * 16 * 512 * 4);
  REQUIRE(plan.parameters.size() == 2);
  CHECK(plan.parameters[0].shape == Shape{1024, 512, 2, 2});
  CHECK(plan.parameters[0].fan_in == 1024);  // an output pixel is under one tap
  CHECK(plan.parameters[1].shape == Shape{512});
  CHECK(plan.window.stride == Extents{1, 2, 2});
  CHECK(plan.kernel == "patches");
  CHECK(contains(plan.kernel_why, "one matrix product"));
  CHECK_FALSE(plan.backward_reads_output);
  const LayerPlan grouped =
      LayerHarness("{upconv: 8, kernel: 3, stride: 2, groups: 4, bias: false}", {{12, 5, 5}})
          .plan();
  CHECK(grouped.parameters.size() == 1);
  CHECK(grouped.parameters[0].shape == Shape{12, 2, 3, 3});
  CHECK(grouped.macs == 12 * 5 * 5 * 2 * 9);
  CHECK(grouped.output() == Shape{8, 11, 11});
}

TEST_CASE("upconv's impossible sizes are explained") {
  const auto error = [](const std::string& item, const Shape& shape) {
    return setup_error(item, {shape});
  };
  CHECK(contains(error("{upconv: 2, kernel: 2, stride: 2, output_pad: 2}", {2, 3, 3}),
                 "output_pad 2 must be smaller than the stride 2 or the dilation 1"));
  CHECK(contains(error("{upconv: 2, kernel: 2, pad: 1}", {2, 1, 3}),
                 "pad 1 on both sides cuts off all 2 rows of the output"));
  CHECK(contains(error("{upconv: 2, kernel: 2, pad: [0, 2]}", {2, 3, 3}),
                 "pad 2 on both sides cuts off all 4 columns of the output"));
  CHECK(contains(error("{upconv: 4, kernel: 1, groups: 3}", {6, 2, 2}),
                 "groups: 3 does not divide the 4 output channels"));
  CHECK(contains(error("{upconv: 3, kernel: 1, groups: 3}", {4, 2, 2}),
                 "groups: 3 does not divide the 4 input channels"));
  CHECK(
      contains(error("{upconv: 3, kernel: 1}", {4}), "upconv expects an image [C,H,W], found [4]"));
  CHECK(contains(error("{upconv: 3}", {4, 2, 2}), "kernel"));
  CHECK(contains(error("{upconv: 3, kernel: 0}", {4, 2, 2}), "'kernel' must be"));
  CHECK(contains(error("{upconv: 1, kernel: 1}", {3000000000, 1, 1}), "beyond BLAS"));
  CHECK(contains(error("{upconv: 1, kernel: 4096}", {1, 1, 1}), "taps"));
  CHECK(error("{upconv: 1, kernel: 4096, stride: 65536}", {1, 3000000000, 1}) != "");
}

}  // namespace cnn
