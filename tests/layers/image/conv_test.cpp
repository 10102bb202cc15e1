#include "reference/conv.h"

#include <algorithm>

#include "layers/axis_numbers.h"
#include "spec/yaml.h"
#include "support/catch.h"
#include "support/check_layer.h"

namespace cnn {
namespace {

struct Case {
  std::string item;
  Shape input;
  Extents out;
  ConvShape shape;  // out_channels, kernel, stride, pad, dilation, groups; the rest is filled in
};

ConvShape whole(const Case& c) {
  ConvShape s = c.shape;
  s.in_channels = c.input.channels();
  s.in = c.input.extents();
  s.out = c.out;
  return s;
}

ConvShape window(int64_t out, const Extents& kernel, const Extents& stride = Extents::all(1),
                 const Extents& pad = Extents::all(0), const Extents& dilation = Extents::all(1),
                 int64_t groups = 1) {
  ConvShape s;
  s.out_channels = out;
  s.kernel = kernel;
  s.stride = stride;
  s.pad = pad;
  s.dilation = dilation;
  s.groups = groups;
  return s;
}

void check_cases(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.item << " on " << c.input.str()) {
      CHECK(LayerHarness(c.item, {c.input}).plan().output().extents() == c.out);
      const ConvShape s = whole(c);
      for (const bool bias : {true, false}) {
        std::string item = c.item;
        if (!bias) item.insert(item.size() - 1, ", bias: false");
        check_layer({item, {c.input}, [&](const ReferenceCall& call) {
                       return reference::conv(s, call.batch, call.inputs[0], call.parameters[0],
                                              bias ? call.parameters[1] : Numbers{});
                     }});
      }
    }
  }
}

// Dense weights [out, in, taps] of sparse ones [connections, taps].
Numbers spread(const Numbers& sparse, const std::vector<std::vector<int64_t>>& table, int64_t in,
               int64_t taps) {
  Numbers dense(table.size() * static_cast<size_t>(in * taps), 0.0);
  size_t next = 0;
  for (size_t o = 0; o < table.size(); ++o) {
    for (const int64_t i : table[o]) {
      for (size_t t = 0; t < static_cast<size_t>(taps); ++t) {
        dense[(o * static_cast<size_t>(in) + static_cast<size_t>(i)) * static_cast<size_t>(taps) +
              t] = sparse[next++];
      }
    }
  }
  return dense;
}

}  // namespace

TEST_CASE("conv matches the reference") {
  const std::vector<Case> cases = {
      {"{conv: 1, kernel: 1}", {1, 1, 1}, {1, 1, 1}, window(1, {1, 1, 1})},
      {"{conv: 3, kernel: 1}", {5, 4, 3}, {1, 4, 3}, window(3, {1, 1, 1})},
      {"{conv: 4, kernel: 1, stride: 2}", {3, 5, 4}, {1, 3, 2}, window(4, {1, 1, 1}, {1, 2, 2})},
      {"{conv: 6, kernel: 5, pad: 2}",
       {1, 7, 8},
       {1, 7, 8},
       window(6, {1, 5, 5}, {1, 1, 1}, {0, 2, 2})},
      {"{conv: 9, kernel: 3}", {3, 6, 5}, {1, 4, 3}, window(9, {1, 3, 3})},
      {"{conv: 17, kernel: 3, pad: 1}",
       {2, 4, 5},
       {1, 4, 5},
       window(17, {1, 3, 3}, {1, 1, 1}, {0, 1, 1})},
      {"{conv: 16, kernel: 3, pad: 1}",
       {16, 3, 4},
       {1, 3, 4},
       window(16, {1, 3, 3}, {1, 1, 1}, {0, 1, 1})},
      {"{conv: 16, kernel: 3, pad: 1, exact: true}",
       {16, 3, 4},
       {1, 3, 4},
       window(16, {1, 3, 3}, {1, 1, 1}, {0, 1, 1})},
      {"{conv: 2, kernel: [1, 3], pad: [0, 1]}",
       {2, 3, 4},
       {1, 3, 4},
       window(2, {1, 1, 3}, {1, 1, 1}, {0, 0, 1})},
      {"{conv: 2, kernel: [3, 2], stride: [2, 3], pad: [1, 0]}",
       {3, 6, 7},
       {1, 3, 2},
       window(2, {1, 3, 2}, {1, 2, 3}, {0, 1, 0})},
      {"{conv: 2, kernel: 3, dilation: 2, pad: 2}",
       {2, 5, 6},
       {1, 5, 6},
       window(2, {1, 3, 3}, {1, 1, 1}, {0, 2, 2}, {1, 2, 2})},
      {"{conv: 4, kernel: 3, groups: 2, stride: 2, pad: 1}",
       {6, 5, 5},
       {1, 3, 3},
       window(4, {1, 3, 3}, {1, 2, 2}, {0, 1, 1}, {1, 1, 1}, 2)},
      {"{conv: 5, kernel: 3, groups: 5, pad: 1}",
       {5, 4, 4},
       {1, 4, 4},
       window(5, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}, {1, 1, 1}, 5)},
      {"{conv: 2, kernel: 2, stride: 3}", {2, 7, 5}, {1, 2, 2}, window(2, {1, 2, 2}, {1, 3, 3})},
      {"{conv: 2, kernel: 2, stride: 3, fit: ceil}",
       {2, 7, 5},
       {1, 3, 2},
       window(2, {1, 2, 2}, {1, 3, 3})},
      {"{conv: 2, kernel: 3, stride: 2, fit: ceil}",
       {2, 6, 7},
       {1, 3, 3},
       window(2, {1, 3, 3}, {1, 2, 2})},
      {"{conv: 2, kernel: 3, stride: 2, fit: exact}",
       {2, 5, 7},
       {1, 2, 3},
       window(2, {1, 3, 3}, {1, 2, 2})},
  };
  check_cases(cases);
}

TEST_CASE("conv pads each side by itself, or to the same size, as PyTorch does") {
  const Extents one = Extents::all(1);
  check_cases({
      // top, bottom, left, right
      {"{conv: 2, kernel: 3, pad: [0, 1, 2, 0]}",
       {3, 5, 6},
       {1, 4, 6},
       window(2, {1, 3, 3}, one, {0, 0, 2})},
      {"{conv: 2, kernel: 3, stride: 2, pad: [0, 1, 0, 1]}",
       {3, 6, 8},
       {1, 3, 4},
       window(2, {1, 3, 3}, {1, 2, 2}, {0, 0, 0})},
      {"{conv: 2, kernel: 2, pad: [3, 4, 0, 0]}",
       {1, 2, 4},
       {1, 8, 3},
       window(2, {1, 2, 2}, one, {0, 3, 0})},
      // An odd row or column of padding='same' lies behind.
      {"{conv: 2, kernel: 5, pad: same}",
       {3, 6, 7},
       {1, 6, 7},
       window(2, {1, 5, 5}, one, {0, 2, 2})},
      {"{conv: 2, kernel: 4, pad: same}",
       {3, 6, 7},
       {1, 6, 7},
       window(2, {1, 4, 4}, one, {0, 1, 1})},
      {"{conv: 2, kernel: [2, 1], pad: same}",
       {3, 5, 4},
       {1, 5, 4},
       window(2, {1, 2, 1}, one, {0, 0, 0})},
      {"{conv: 2, kernel: [2, 3], dilation: 3, pad: same}",
       {2, 7, 8},
       {1, 7, 8},
       window(2, {1, 2, 3}, one, {0, 1, 3}, {1, 3, 3})},
      {"{conv: 4, kernel: 4, pad: same, groups: 4}",
       {4, 6, 6},
       {1, 6, 6},
       window(4, {1, 4, 4}, one, {0, 1, 1}, one, 4)},
      // With a stride as Keras has it: a window at 0, 2, 4.
      {"{conv: 2, kernel: 3, stride: 2, pad: same}",
       {3, 6, 5},
       {1, 3, 3},
       window(2, {1, 3, 3}, {1, 2, 2}, {0, 0, 1})},
      {"{conv: 2, kernel: 1, stride: 3, pad: same}",
       {3, 7, 6},
       {1, 3, 2},
       window(2, one, {1, 3, 3}, {0, 0, 0})},
      {"{conv: 2, kernel: [3, 2, 4], pad: same}",
       {2, 3, 4, 5},
       {3, 4, 5},
       window(2, {3, 2, 4}, one, {1, 0, 1})},
      {"{conv: 2, kernel: 2, pad: [1, 0, 0, 1, 2, 0]}",
       {1, 2, 3, 3},
       {2, 3, 4},
       window(2, {2, 2, 2}, one, {1, 0, 2})},
  });
}

TEST_CASE("a padding is written as it was read, and must have as many sides as the input") {
  Padding padding;
  Diagnostics diagnostics;
  for (const char* text : {"same", "2", "[1, 2]", "[0, 1, 0, 1]", "[0, 1, 2, 3, 4, 5]"}) {
    const Node node = parse_yaml(std::make_shared<Source>(Source{"test", text, "", false}));
    CHECK(OptionType<Padding>::read(node, padding, diagnostics));
    CHECK(to_yaml(OptionType<Padding>::write(padding)) == text);
  }
  CHECK(diagnostics.empty());
  CHECK(setup_error("{conv: 2, kernel: 3, pad: [0, 1, 2, 3, 4, 5]}", {{3, 6, 6}})
            .find("pad: [C,H,W] has 4 sides, [top, bottom, left, right], found 6 numbers") !=
        std::string::npos);
}

TEST_CASE("conv over volumes matches the reference") {
  const Extents one = Extents::all(1), two = Extents::all(2), three = Extents::all(3);
  check_cases({
      {"{conv: 1, kernel: 1}", {1, 1, 1, 1}, one, window(1, one)},
      {"{conv: 3, kernel: 1}", {5, 2, 4, 3}, {2, 4, 3}, window(3, one)},
      {"{conv: 4, kernel: 1, stride: 2}", {3, 3, 5, 4}, {2, 3, 2}, window(4, one, two)},
      {"{conv: 9, kernel: 3}", {1, 4, 3, 5}, {2, 1, 3}, window(9, three)},
      {"{conv: 3, kernel: 3, pad: 1}", {17, 2, 3, 4}, {2, 3, 4}, window(3, three, one, one)},
      {"{conv: 2, kernel: 3, pad: 1}", {2, 1, 4, 3}, {1, 4, 3}, window(2, three, one, one)},
      {"{conv: 17, kernel: [1, 3, 3], pad: [0, 1, 1]}",
       {2, 3, 4, 4},
       {3, 4, 4},
       window(17, {1, 3, 3}, one, {0, 1, 1})},
      {"{conv: 16, kernel: [1, 3, 3], pad: [0, 1, 1]}",
       {16, 2, 4, 4},
       {2, 4, 4},
       window(16, {1, 3, 3}, one, {0, 1, 1})},
      {"{conv: 3, kernel: [3, 1, 1], pad: [1, 0, 0]}",
       {4, 3, 2, 3},
       {3, 2, 3},
       window(3, {3, 1, 1}, one, {1, 0, 0})},
      {"{conv: 2, kernel: [2, 3, 1], stride: [1, 2, 3], pad: [1, 0, 0], dilation: [2, 1, 1]}",
       {3, 3, 5, 4},
       {3, 2, 2},
       window(2, {2, 3, 1}, {1, 2, 3}, {1, 0, 0}, {2, 1, 1})},
      {"{conv: 4, kernel: 3, groups: 2, stride: 2, pad: 1}",
       {6, 3, 4, 2},
       {2, 2, 1},
       window(4, three, two, one, one, 2)},
      {"{conv: 5, kernel: 2, groups: 5}",
       {5, 3, 3, 2},
       {2, 2, 1},
       window(5, two, one, {0, 0, 0}, one, 5)},
      {"{conv: 2, kernel: 2, stride: 3, fit: ceil}",
       {2, 4, 7, 5},
       {2, 3, 2},
       window(2, two, three)},
      {"{conv: 4, kernel: 3, pad: 1}", {3, 4, 9, 10}, {4, 9, 10}, window(4, three, one, one)},
      {"{conv: 2, kernel: 3, stride: 2, fit: exact}",
       {2, 3, 5, 7},
       {1, 2, 3},
       window(2, three, two)},
  });
}

TEST_CASE("layers that know pictures alone refuse volumes") {
  const Shape volume{4, 2, 6, 6};
  for (const std::string item : {"{upconv: 4, kernel: 2, stride: 2}", "{upsample: 2}", "{crop: 2}",
                                 "{pad: 1}", "{pad_channels: 8}"}) {
    INFO(item);
    CHECK(setup_error(item, {volume}).find(" expects an image [C,H,W], found [4,2,6,6]") !=
          std::string::npos);
  }
  const NamedItem upconv{"{upconv: 4, kernel: 1}", {4, 6, 6}};
  CHECK(setup_error("{conv: 4, kernel: 1, tie: other}", {volume}, upconv)
            .find("tie: an upconv has images [C,H,W], so only their conv can share its weights; "
                  "found [4,2,6,6]") != std::string::npos);
}

TEST_CASE("conv's weights of volumes have PyTorch's order and cost a depth more") {
  const LayerPlan plan =
      LayerHarness("{conv: 64, kernel: [3, 5, 7], groups: 2, pad: [1, 2, 3]}", {{6, 8, 12, 14}})
          .plan();
  REQUIRE(plan.parameters.size() == 2);
  CHECK(plan.parameters[0].shape == Shape{64, 3, 3, 5, 7});
  CHECK(plan.parameters[0].fan_in == 315);
  CHECK(plan.parameters[0].fan_out == 32 * 105);
  CHECK(plan.output() == Shape{64, 8, 12, 14});
  CHECK(plan.macs == int64_t{8} * 12 * 14 * 64 * 315);
  CHECK(plan.window.kernel == Extents{3, 5, 7});
}

TEST_CASE("conv with a table of connections matches the reference") {
  const std::vector<std::vector<int64_t>> table = {{0, 2}, {1}, {0, 1, 2}, {2}};
  for (const bool bias : {true, false}) {
    const Case c{
        fmt::format("{{conv: 4, kernel: [3, 2], pad: 1, stride: [2, 1], bias: {}, connect: "
                    "[[0, 2], [1], [0, 1, 2], [2]]}}",
                    bias),
        {3, 6, 5},
        {1, 3, 6},
        window(4, {1, 3, 2}, {1, 2, 1}, {0, 1, 1})};
    const ConvShape s = whole(c);
    check_layer({c.item, {c.input}, [&](const ReferenceCall& call) {
                   return reference::conv(s, call.batch, call.inputs[0],
                                          spread(call.parameters[0], table, 3, 6),
                                          bias ? call.parameters[1] : Numbers{});
                 }});
  }
}

TEST_CASE("LeNet-5's table gives C3 1,516 parameters") {
  const LayerPlan plan =
      LayerHarness("{conv: 16, kernel: 5, connect: lenet5}", {{6, 14, 14}}).plan();
  REQUIRE(plan.parameters.size() == 2);
  CHECK(plan.parameters[0].shape == Shape{60, 5, 5});
  CHECK(plan.parameters[0].shape.count() + plan.parameters[1].shape.count() == 1516);
  CHECK(plan.macs == 150000);  // with 16 x 100 biases the paper's 151,600 connections
  CHECK(plan.output() == Shape{16, 10, 10});
}

TEST_CASE("every input channel of LeNet-5's table is seen by ten output channels") {
  const LayerHarness conv("{conv: 16, kernel: 1, bias: false, connect: lenet5}", {{6, 1, 1}});
  for (size_t channel = 0; channel < 6; ++channel) {
    Numbers image(6, 0);
    image[channel] = 1;
    const RunResult result = conv.run({}, 1, 1, {image}, {Numbers(60, 1)}, Numbers(16, 1));
    CHECK(std::count(result.out.begin(), result.out.end(), 1.0f) == 10);
  }
}

TEST_CASE("what is wrong with a table of connections is explained") {
  const auto error = [](const std::string& options) {
    return setup_error("{conv: 2, kernel: 1, " + options + "}", {{3, 2, 2}});
  };
  const auto has = [&](const std::string& options, const char* part) {
    return error(options).find(part) != std::string::npos;
  };
  CHECK(has("connect: [[0]]", "a table of 1 output channels for 2"));
  CHECK(has("connect: [[0], []]", "output channel 1 sees no input channel"));
  CHECK(has("connect: [[0], [3]]", "sees input channel 3, but there are 3: 0 to 2"));
  CHECK(has("connect: [[0], [-1]]", "sees input channel -1"));
  CHECK(has("connect: [[0], [2, 2]]", "must ascend: 2 after 2"));
  CHECK(has("connect: lenet", "lenet5"));
  CHECK(has("connect: lenet5", "a table of 16 output channels for 2"));
  CHECK(error("connect: [[0], 1]") != "");
  CHECK(setup_error("{conv: 2, kernel: 1, groups: 2, connect: [[0], [1]]}", {{2, 2, 2}})
            .find("cannot have groups") != std::string::npos);
}

TEST_CASE("conv says what it needs and costs") {
  const LayerHarness conv("{conv: 64, kernel: 7, stride: 2, pad: 3}", {{3, 224, 224}});
  const LayerPlan& plan = conv.plan();
  CHECK(plan.output() == Shape{64, 112, 112});
  CHECK(plan.macs == 118013952);
  REQUIRE(plan.parameters.size() == 2);
  CHECK(plan.parameters[0].shape == Shape{64, 3, 7, 7});
  CHECK(plan.parameters[0].fan_in == 147);
  CHECK(plan.parameters[0].fan_out == 3136);
  CHECK(plan.parameters[1].shape == Shape{64});
  CHECK(plan.backward_reads_input);
  CHECK_FALSE(plan.backward_reads_output);
  CHECK_FALSE(plan.kernel.empty());
}

TEST_CASE("conv's fans count what one group sees") {
  const LayerHarness conv("{conv: 8, kernel: 3, groups: 4, bias: false}", {{12, 5, 5}});
  CHECK(conv.plan().parameters.size() == 1);
  CHECK(conv.plan().parameters[0].fan_in == 27);
  CHECK(conv.plan().parameters[0].fan_out == 18);
}

TEST_CASE("conv's impossible sizes are explained") {
  const auto error = [](const std::string& item, const Shape& shape) {
    return setup_error(item, {shape});
  };
  SECTION("row 24: kernel larger than the padded input") {
    CHECK(error("{conv: 1, kernel: 5}", {1, 3, 9})
              .find("kernel 5 is larger than the input of 3 "
                    "rows; use a smaller kernel, or pad") != std::string::npos);
    CHECK(error("{conv: 1, kernel: 3, dilation: 4, pad: 1}", {1, 9, 6})
              .find("kernel 3 at dilation 4 spans 9 is larger than the input of 6 columns (8 with "
                    "its padding)") != std::string::npos);
  }
  SECTION("row 24: fit: exact that does not fit") {
    CHECK(error("{conv: 1, kernel: 3, stride: 3, fit: exact}", {1, 7, 9})
              .find("kernel 3 at stride 3 does not tile 7 rows: 1 row is left over; use pad, "
                    "another stride, or fit: floor") != std::string::npos);
    CHECK(error("{conv: 1, kernel: 3, stride: 3, fit: exact}", {1, 9, 8})
              .find("2 columns are left over") != std::string::npos);
  }
  SECTION("row 25: stride, dilation or groups 0; groups that do not divide") {
    for (const char* option : {"stride", "dilation", "groups", "kernel"}) {
      const std::string item = fmt::format(
          "{{conv: 2, {}{}: 0}}", std::string(option) == "kernel" ? "" : "kernel: 1, ", option);
      CHECK(error(item, {2, 4, 4}).find(fmt::format("'{}' must be", option)) != std::string::npos);
    }
    CHECK(error("{conv: 4, kernel: 1, groups: 3}", {6, 2, 2})
              .find("groups: 3 does not divide the 4 output channels") != std::string::npos);
    CHECK(error("{conv: 3, kernel: 1, groups: 3}", {4, 2, 2})
              .find("groups: 3 does not divide the 4 input channels") != std::string::npos);
  }
  SECTION("row 23: a BLAS dimension beyond INT_MAX") {
    CHECK(error("{conv: 1, kernel: 1}", {3000000000, 1, 1}).find("beyond BLAS") !=
          std::string::npos);
    CHECK(error("{conv: 3000000000, kernel: 1}", {1, 1, 1}).find("beyond BLAS") !=
          std::string::npos);
    CHECK(error("{conv: 1, kernel: 4096, pad: 4000}", {1, 1, 1}).find("taps") != std::string::npos);
  }
  SECTION("numbers for other axes than the input has") {
    CHECK(error("{conv: 1, kernel: [3, 3, 3]}", {1, 9, 9})
              .find("kernel: [C,H,W] takes one number or [h, w], found 3 numbers") !=
          std::string::npos);
    CHECK(error("{conv: 1, kernel: 3, pad: [1, 1]}", {1, 9, 9, 9})
              .find("pad: [C,D,H,W] takes one number or [d, h, w], found 2 numbers") !=
          std::string::npos);
    CHECK(error("{conv: 1, kernel: 3, stride: [1, 1, 1]}", {1, 9, 9}).find("stride: [C,H,W]") !=
          std::string::npos);
    CHECK(error("{conv: 1, kernel: [3, 0, 3]}", {1, 9, 9, 9}).find("'kernel' must be") !=
          std::string::npos);
    CHECK(error("{conv: 1, kernel: [1, 2, 3, 4]}", {1, 9, 9}).find("found a list of 4") !=
          std::string::npos);
  }
  SECTION("volumes that are too small, or that an option does not know") {
    CHECK(
        error("{conv: 1, kernel: 5}", {1, 3, 9, 9})
            .find("kernel 5 is larger than the input of 3 slices; use a smaller kernel, or pad") !=
        std::string::npos);
    CHECK(error("{conv: 1, kernel: 3, stride: 3, fit: exact}", {1, 7, 9, 9})
              .find("kernel 3 at stride 3 does not tile 7 slices: 1 slice is left over") !=
          std::string::npos);
    CHECK(error("{conv: 1, kernel: 110, pad: 100}", {1, 1, 1, 1})
              .find("a kernel of 110x110x110 is beyond the limit of 1048576 taps") !=
          std::string::npos);
    CHECK(error("{conv: 1, kernel: 1, connect: [[0]]}", {1, 2, 2, 2})
              .find("connect: a table of connections is for images [C,H,W], found [1,2,2,2]") !=
          std::string::npos);
  }
  SECTION("an input that is no image") {
    CHECK(error("{conv: 1, kernel: 1}", {4})
              .find("conv expects an image [C,H,W] or a volume [C,D,H,W], found [4]") !=
          std::string::npos);
  }
}

TEST_CASE("a convolution says which algorithms serve it and why") {
  const auto plan = [](const std::string& item, Shape in, Phase phase = Phase::kTrain) {
    return LayerHarness(item, {in}, phase).plan();
  };
  const std::string conv = "{conv: 64, kernel: 3, pad: 1, groups: 2}";
  const LayerPlan alike = plan(conv, {64, 16, 16});
  CHECK(alike.kernel == "winograd 4x4");
  CHECK(alike.kernel_why == "winograd 4x4 (4.0x fewer products)");
  const LayerPlan mixed = plan("{conv: 256, kernel: 3, stride: 2, pad: 1}", {256, 7, 7});
  const std::string gathered = "im2col (none faster for 3x3, stride 2, 256x7x7 to 256x4x4)";
  CHECK(mixed.kernel == "im2col");
  CHECK(mixed.kernel_why == gathered);
  const LayerPlan few = plan("{conv: 8, kernel: 3, pad: 1}", {3, 8, 8});
  CHECK(few.kernel == "direct");
  CHECK(few.kernel_why ==
        "direct (few channels: 3 to 8); data direct (few channels: 8 to 3); weights direct "
        "(partial sums of 216 weights)");
  const LayerPlan exact = plan("{conv: 16, kernel: 3, pad: 1, exact: true}", {16, 4, 4});
  CHECK(exact.kernel_why ==
        "direct (only 2,304 weights); weights direct (partial sums of 2,304 weights); exact: not "
        "winograd 4x4");
  const LayerPlan test = plan("{conv: 8, kernel: 3, pad: 1}", {3, 8, 8}, Phase::kTest);
  CHECK(test.kernel_why == "direct (few channels: 3 to 8)");
}

TEST_CASE("numbers by axis are one integer or a list of two or three, and stay as written") {
  Diagnostics problems;
  AxisNumbers numbers;
  const auto read = [&](const std::vector<const char*>& list) {
    std::vector<Node> nodes;
    for (const char* n : list) nodes.push_back(Node::scalar(n));
    return OptionType<AxisNumbers>::read(Node::list(nodes), numbers, problems);
  };
  const auto written = [&] { return to_yaml(OptionType<AxisNumbers>::write(numbers)); };
  CHECK(OptionType<AxisNumbers>::read(Node::scalar("3"), numbers, problems));
  CHECK(numbers.numbers == std::vector<int64_t>{3});
  CHECK(written() == "3");
  CHECK(read({"1", "7"}));
  CHECK(numbers.numbers == std::vector<int64_t>{1, 7});
  CHECK(written() == "[1, 7]");
  CHECK(read({"2", "2"}));
  CHECK(numbers.numbers == std::vector<int64_t>{2, 2});
  CHECK(written() == "2");
  CHECK(read({"1", "3", "3"}));
  CHECK(written() == "[1, 3, 3]");
  CHECK(problems.empty());
  CHECK_FALSE(read({"1"}));
  CHECK_FALSE(read({"1", "2", "3", "4"}));
  CHECK_FALSE(OptionType<AxisNumbers>::read(Node::scalar("3.5"), numbers, problems));
  CHECK(problems.size() == 3);
  PictureNumbers picture;
  CHECK_FALSE(OptionType<PictureNumbers>::read(
      Node::list({Node::scalar("1"), Node::scalar("2"), Node::scalar("3")}), picture, problems));
  CHECK(problems.size() == 4);
}

}  // namespace cnn
