#include "graph/receptive_field.h"

#include "graph/builder_support.h"

namespace cnn {
namespace {

std::string model(const std::string& layers, const std::string& size = "224, 224") {
  return "name: m\ninput: {image: [3, " + size + "]}\nlayers:\n" + layers;
}

ReceptiveField field_of(const Built& built, const std::string& name) {
  const int value = built.graph.find_value(name);
  REQUIRE(value >= 0);
  return receptive_fields(built.graph)[static_cast<size_t>(value)];
}

TEST_CASE("receptive fields grow by (kernel - 1) * dilation * jump") {
  const Built built(
      model("  - {conv: 8, kernel: 7, stride: 2, pad: 3, name: a}\n"
            "  - {maxpool: 3, stride: 2, pad: 1, name: b}\n"
            "  - {conv: 8, kernel: 3, pad: 2, dilation: 2, act: relu, name: c}\n"
            "  - {conv: 8, kernel: [1, 5], pad: [0, 2], name: d}\n"));
  const auto check = [&](const std::string& name, double rows, double columns, double jump) {
    INFO(name);
    const ReceptiveField field = field_of(built, name);
    CHECK(field.rows == ReceptiveField::Axis{rows, jump});
    CHECK(field.columns == ReceptiveField::Axis{columns, jump});
    CHECK_FALSE(field.is_whole);
  };
  check("image", 1, 1, 1);
  check("a", 7, 7, 2);
  check("b", 11, 11, 4);
  check("c", 27, 27, 4);
  check("d", 27, 43, 4);
}

TEST_CASE("where paths join, the largest field counts") {
  const Built built(
      model("  - {conv: 8, kernel: 3, pad: 1, name: a}\n"
            "  - {conv: 8, kernel: 5, pad: 2, name: b}\n"
            "  - {add: [a, b], name: c}\n"
            "  - {concat: [c, a], name: d}\n"));
  CHECK(field_of(built, "a").rows.size == 3);
  CHECK(field_of(built, "c").rows.size == 7);
  CHECK(field_of(built, "d").rows.size == 7);
}

TEST_CASE("global pooling and linear layers see everything, flatten does not") {
  const Built built(
      model("  - {conv: 8, kernel: 3, name: a}\n"
            "  - {flatten, name: b}\n"
            "  - {linear: 4, act: relu, name: c}\n"
            "  - {gap, from: a, name: d}\n"
            "  - {mul: [a, d], name: e}\n",
            "8, 8"));
  CHECK_FALSE(field_of(built, "b").is_whole);
  CHECK(field_of(built, "b").rows.size == 3);
  CHECK(field_of(built, "c").is_whole);
  CHECK(field_of(built, "d").is_whole);
  CHECK(field_of(built, "e").is_whole);
}

TEST_CASE("rows and columns that no window covers are counted") {
  const Built built(
      model("  - {conv: 2, kernel: 3, stride: 3, name: exact}\n"           // 9 rows
            "  - {conv: 2, kernel: 3, stride: 2, name: a, from: image}\n"  // 9x10
            "  - {conv: 2, kernel: 3, stride: 3, pad: 1, name: b, from: image}\n"
            "  - {maxpool: 2, ceil: true, name: c, from: image}\n"
            "  - {conv: 2, kernel: 1, stride: 4, name: d, from: image}\n"
            "  - {gap, from: image, name: e}\n",
            "9, 10"));
  const auto of = [&](const std::string& name) { return leftover(built.graph, built.node(name)); };
  CHECK(of("exact").image == Pair{0, 1});
  CHECK(of("a").image == Pair{0, 1});
  CHECK(of("a").any());
  // 11 and 12 with padding: two rows of which one is padding; 0 columns.
  CHECK(of("b").image == Pair{1, 0});
  CHECK(of("b").padding == Pair{1, 0});
  CHECK_FALSE(of("c").any());
  CHECK(of("d").image == Pair{0, 1});
  CHECK_FALSE(of("e").any());
}

}  // namespace
}  // namespace cnn
