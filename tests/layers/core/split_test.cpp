#include "layers/core/split.h"

#include "layers/catalog.h"
#include "spec/yaml.h"
#include "support/catch.h"
#include "support/check_layer.h"
#include "support/text.h"

namespace cnn {
namespace {

// "a:0-2 b:2-5" for the parts, or what is wrong.
std::string parts_of(const std::string& item, const Shape& in) {
  Split split;
  Options options;
  split.options(options);
  Diagnostics problems;
  const Node node = parse_yaml(std::make_shared<Source>(Source{"item", item, "", false}));
  try {
    options.read_op(node, "split", "layer 'split'", problems);
    problems.throw_if_any();
    std::string text;
    for (const Split::Part& part : split.parts(in, fmt::format("'x' {}", in.str()))) {
      text += fmt::format("{}{}:{}-{}", text.empty() ? "" : " ", part.name, part.begin, part.end);
    }
    return text;
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("a split has parts of the sizes that it is asked for") {
  CHECK(parts_of("{split: 2}", {6, 4, 4}) == ":0-3 :3-6");
  CHECK(parts_of("{split: 1}", {6}) == ":0-6");
  CHECK(parts_of("{split: [1, 5]}", {6, 4, 4}) == ":0-1 :1-6");
  CHECK(parts_of("{split: {mu: 4, logvar: 2}}", {6}) == "mu:0-4 logvar:4-6");
  CHECK(parts_of("{split: 2, axis: rows}", {3, 8, 5}) == ":0-4 :4-8");
  CHECK(parts_of("{split: [2, 3], axis: columns}", {3, 8, 5}) == ":0-2 :2-5");
  CHECK(parts_of("{split: 3}", {4, 6}) == ":0-2 :2-4 :4-6");
  CHECK(parts_of("{split: 2, axis: rows}", {4, 6}) == ":0-2 :2-4");
}

TEST_CASE("parts that do not make up the whole are explained") {
  CHECK(contains(parts_of("{split: 4}", {6, 4, 4}),
                 "the 6 channels of 'x' [6,4,4] do not make 4 equal parts"));
  CHECK(contains(parts_of("{split: [2, 3]}", {6}),
                 "the parts are fewer than the 6 channels of 'x' [6]"));
  CHECK(contains(parts_of("{split: [2, 5]}", {6}), "the parts are more than the 6 channels"));
  CHECK(contains(parts_of("{split: [9223372036854775807, 2]}", {6}), "the parts are more than"));
  CHECK(contains(parts_of("{split: 2, axis: columns}", {6, 4}), "'x' [6,4] has no columns"));
  CHECK(contains(parts_of("{split: 0}", {6}), "'parts' must be at least 1"));
  CHECK(contains(parts_of("{split: []}", {6}), "the sizes of at least one part"));
  CHECK(contains(parts_of("{split: two}", {6}), "two"));
}

TEST_CASE("a split's sizes are written as they are read") {
  for (const char* text : {"3", "[1, 2]", "{a: 1, b: 2}"}) {
    Diagnostics problems;
    SplitSizes sizes;
    const Node node = parse_yaml(std::make_shared<Source>(Source{"sizes", text, "", false}));
    REQUIRE(OptionType<SplitSizes>::read(node, sizes, problems));
    CHECK(to_yaml(OptionType<SplitSizes>::write(sizes)) == text);
  }
}

TEST_CASE("split gives every part its numbers, and gathers their gradients") {
  const auto naive = [](std::vector<std::pair<int64_t, int64_t>> parts, int axis) {
    return [parts, axis](const ReferenceCall& call) {
      const Shape& in = call.shapes[0];
      int64_t inner = 1, outer = call.batch;
      for (int k = axis + 1; k < in.rank(); ++k) inner *= in[k];
      for (int k = 0; k < axis; ++k) outer *= in[k];
      Numbers out;
      for (const auto& [begin, end] : parts) {
        for (int64_t o = 0; o < outer; ++o) {
          for (int64_t i = begin * inner; i < end * inner; ++i) {
            out.push_back(call.inputs[0][static_cast<size_t>(o * in[axis] * inner + i)]);
          }
        }
      }
      return out;
    };
  };
  check_layer({"{split: 3}", {{6}}, naive({{0, 2}, {2, 4}, {4, 6}}, 0)});
  check_layer({"{split: [1, 5]}", {{6, 3, 4}}, naive({{0, 1}, {1, 6}}, 0)});
  check_layer({"{split: 1}", {{6}}, naive({{0, 6}}, 0)});
  check_layer({"{split: 2, axis: rows}", {{3, 8, 5}}, naive({{0, 4}, {4, 8}}, 1)});
  check_layer({"{split: [2, 3], axis: columns}", {{3, 8, 5}}, naive({{0, 2}, {2, 5}}, 2)});
  check_layer({"{split: {a: 4, b: 2}}", {{3, 6}}, naive({{0, 4}, {4, 6}}, 1)});
  check_layer({"{split: 2}", {{32, 30, 40}}, naive({{0, 16}, {16, 32}}, 0)});
}

}  // namespace cnn
