#include "graph/receptive_field.h"

#include "base/parallel.h"
#include "graph/builder_support.h"
#include "graph/executor.h"

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
  CHECK(of("exact").image == Extents{0, 0, 1});
  CHECK(of("a").image == Extents{0, 0, 1});
  CHECK(of("a").any());
  // 11 and 12 with padding: two rows of which one is padding; 0 columns.
  CHECK(of("b").image == Extents{0, 1, 0});
  CHECK(of("b").padding == Extents{0, 1, 0});
  CHECK_FALSE(of("c").any());
  CHECK(of("d").image == Extents{0, 0, 1});
  CHECK_FALSE(of("e").any());
}

TEST_CASE("windows over volumes see slices too, and leave some") {
  const Built built(
      "input: {clip: [1, 10, 20, 20]}\n"
      "layers:\n"
      "  - {conv: 2, kernel: [3, 5, 5], stride: [2, 1, 1], name: a}\n"
      "  - {maxpool: [1, 2, 2], name: b}\n"
      "  - {conv: 2, kernel: 3, name: c}\n"
      "  - {maxpool: 2, name: d, from: clip}\n"
      "  - {conv: 2, kernel: 3, stride: 3, name: e, from: clip}\n"
      "  - {gap, name: f}\n");
  const ReceptiveField a = field_of(built, "a"), c = field_of(built, "c");
  CHECK(a.slices == ReceptiveField::Axis{3, 2});
  CHECK(a.rows == ReceptiveField::Axis{5, 1});
  CHECK(c.slices == ReceptiveField::Axis{7, 2});
  CHECK(c.columns == ReceptiveField::Axis{10, 2});
  CHECK_FALSE(c.is_whole);
  CHECK(field_of(built, "f").is_whole);
  const auto of = [&](const std::string& name) { return leftover(built.graph, built.node(name)); };
  CHECK(of("a").image == Extents{1, 0, 0});
  CHECK_FALSE(of("b").any());
  CHECK_FALSE(of("d").any());
  CHECK(of("e").image == Extents{1, 2, 2});
  // A box is of pictures: of volumes it is all there is.
  CHECK(input_box(built.graph, built.graph.find_value("a"), 3, 3, 0) == InputBox{0, 0, 20, 20});
}

TEST_CASE("the box of a position is what its gradient reaches") {
  Built built(
      "input: {image: [1, 20, 23]}\n"
      "layers:\n"
      "  - {conv: 2, kernel: [3, 2], stride: 2, pad: 1, name: a}\n"
      "  - {avgpool: 3, stride: 2, pad: 1, name: b}\n"
      "  - {conv: 2, kernel: 3, pad: 2, dilation: 2, name: c}\n"
      "  - {upconv: 2, kernel: 3, stride: 2, pad: 1, name: d}\n"
      "  - {upsample: 2, name: e}\n"
      "  - {crop: [12, 12], name: f}\n"
      "  - {pad: 2, name: g}\n"
      "  - {add: [[{conv: 2, kernel: 5, pad: 2}], []], name: h}\n"
      "  - flatten\n"
      "  - {linear: 3, name: i}\n",
      Phase::kTest);
  built.store.allocate(false);
  built.store.initialize(1);
  for (float& w : built.store.value_arena()) w = 1;  // so that no gradient is cancelled
  const std::vector<float> image(20 * 23, 1.0f);
  for (const std::string name : {"image", "a", "b", "c", "d", "e", "f", "g", "h"}) {
    const int value = built.graph.find_value(name);
    const Shape& shape = built.graph.value(value).shape;
    const Pass pass{Phase::kTest, Pass::Gradients::kInput, Pass::Rule::kGradient, false};
    const MemoryPlan plan = plan_memory(built.graph, pass, built.store, 1, threads(), {}, {value});
    Arena arena(plan.floats);
    Executor executor(built.graph, built.store, plan, arena);
    executor.bind(0, image.data());
    for (const Extents& at :
         {Extents{0, shape.height() / 2, shape.width() / 3}, Extents{0, 2, 5}}) {
      INFO(name << " at " << at.h << ", " << at.w);
      executor.forward(1, 0, 0);
      const View seed = executor.gradient(value);
      std::fill_n(seed.data, seed.count(), 0.0f);
      seed.data[(at.h * shape.width() + at.w) * shape.channels()] = 1;
      executor.backward();
      const float* gradient = executor.gradient(built.graph.fields[0].value).data;
      InputBox found{20, 23, 0, 0};
      for (int64_t y = 0; y < 20; ++y) {
        for (int64_t x = 0; x < 23; ++x) {
          if (gradient[y * 23 + x] == 0) continue;
          found = {std::min(found.top, y), std::min(found.left, x), std::max(found.bottom, y + 1),
                   std::max(found.right, x + 1)};
        }
      }
      InputBox box = input_box(built.graph, value, at.h, at.w, built.graph.fields[0].value);
      box = {std::max<int64_t>(box.top, 0), std::max<int64_t>(box.left, 0),
             std::min<int64_t>(box.bottom, 20), std::min<int64_t>(box.right, 23)};
      if (at.h == 2) {  // near the edge padding takes a part of it
        CHECK(found.top >= box.top);
        CHECK(found.left >= box.left);
        CHECK(found.bottom <= box.bottom);
        CHECK(found.right <= box.right);
      } else {
        CHECK(found == box);
      }
    }
  }
  const int out = built.graph.find_value("i");
  CHECK(input_box(built.graph, out, 0, 0, built.graph.fields[0].value) == InputBox{0, 0, 20, 23});
}

}  // namespace
}  // namespace cnn
