#include <unistd.h>

#include "support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

constexpr const char* kMap = "{format: npy, inputs: x.npy, targets: y.npy}";

DataView open_train(const TemporaryFolder& folder, const std::string& map = kMap) {
  return open_dataset(data_map(map, folder.str()), Split::kTrain, 1);
}

}  // namespace

TEST_CASE("npy inputs come as they are, channels last, with labels") {
  const TemporaryFolder folder;
  write_npy(folder.str("x.npy"), {2, 2, 1, 2}, std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8});
  folder.file("y.npy", npy_int64("(2,)", {3, 0}));
  const DataView view = open_train(folder);
  CHECK(view.size() == 2);
  CHECK(view.dataset->fields()[0].shape == Shape{2, 1, 2});
  CHECK(view.dataset->fields()[1].name == "label");
  CHECK(view.dataset->fields()[1].kind == FieldKind::kClass);
  const auto sample = sample_of(*view.dataset, 1);
  CHECK(sample[0] == std::vector<float>{5, 7, 6, 8});
  CHECK(sample[1] == std::vector<float>{0});
}

TEST_CASE("the second axis of npy arrays may be one of items") {
  const TemporaryFolder folder;
  write_npy(folder.str("x.npy"), {2, 2, 2, 1, 2},
            std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16});
  folder.file("y.npy", npy_int64("(2, 2)", {3, 0, 1, 2}));
  const auto view = [&](const char* lists) {
    return open_train(folder, fmt::format("{{format: npy, inputs: x.npy, targets: y.npy, classes: "
                                          "4, mean: 1, lists: {}}}",
                                          lists));
  };
  const DataView both = view("both");
  const std::vector<Field>& fields = both.dataset->fields();
  CHECK(fields[0].shape == Shape{2, 1, 2});
  CHECK(fields[0].items == Items::list(2));
  CHECK(fields[1].name == "label");
  CHECK(fields[1].shape == Shape{1});
  CHECK(fields[1].items == Items::list(2));
  CHECK(fields[1].classes == 4);
  std::vector<float> frames(8), labels(2);
  const std::vector<float*> out = {frames.data(), labels.data()};
  std::vector<int64_t> items(2);
  both.dataset->read_items(1, nullptr, out, items);
  CHECK(frames == std::vector<float>{8, 10, 9, 11, 12, 14, 13, 15});
  CHECK(labels == std::vector<float>{1, 2});
  CHECK(items == std::vector<int64_t>{2, 2});
  const DataView inputs = view("inputs");
  CHECK(inputs.dataset->fields()[1].kind == FieldKind::kValues);
  // Whole numbers [N,T] are words.
  folder.file("x.npy", npy_int64("(2, 3)", {3, 0, 1, 2, 2, 2}));
  const DataView words = open_train(folder, "{format: npy, inputs: x.npy, lists: inputs}");
  CHECK(words.dataset->fields()[0].kind == FieldKind::kClass);
  CHECK(words.dataset->fields()[0].items == Items::list(3));
  folder.file("x.npy", npy_int64("(2,)", {3, 0}));
  CHECK(outcome([&] {
          open_train(folder, "{format: npy, inputs: x.npy, lists: inputs}");
        }).says("x.npy: error: is of one dimension, expected [N,T,...]"));
}

TEST_CASE("the type and the rank of npy targets say what they are") {
  const TemporaryFolder folder;
  write_npy(folder.str("x.npy"), {2, 3}, std::vector<float>(6, 1));
  struct Case {
    std::string content, name;
    Shape shape;
    FieldKind kind;
  };
  write_npy(folder.str("f"), {2, 4}, std::vector<float>(8, 0.5f));
  write_npy(folder.str("g"), {2}, std::vector<float>(2, 0.5f));
  const std::vector<Case> cases = {
      {npy_int64("(2,)", {0, 1}), "label", {1}, FieldKind::kClass},
      {npy_int64("(2, 2, 1)", {0, 1, 1, 0}), "mask", {1, 2, 1}, FieldKind::kClass},
      {npy_int64("(2, 2)", {0, 1, 1, 0}), "target", {2}, FieldKind::kValues},
      {read_text(folder.str("f")), "target", {4}, FieldKind::kValues},
      {read_text(folder.str("g")), "target", {1}, FieldKind::kValues},
  };
  for (const Case& c : cases) {
    folder.file("y.npy", c.content);
    const DataView view = open_train(folder);
    const Field& field = view.dataset->fields()[1];
    INFO(field.shape.str());
    CHECK(field.name == c.name);
    CHECK(field.shape == c.shape);
    CHECK(field.kind == c.kind);
  }
  const DataView renamed =
      open_train(folder, "{format: npy, inputs: x.npy, targets: y.npy, target_name: height}");
  CHECK(renamed.dataset->field("height") == 1);
  CHECK(renamed.dataset->field("target") == -1);
}

TEST_CASE("npy data sets have a test split where one is named") {
  const TemporaryFolder folder;
  write_npy(folder.str("x.npy"), {2, 1}, std::vector<float>{1, 2});
  write_npy(folder.str("t.npy"), {1, 1}, std::vector<float>{9});
  DataSource with(data_map("{format: npy, inputs: x.npy, test_inputs: t.npy}", folder.str()), 1);
  CHECK(with.has_test());
  CHECK(sample_of(*with.open(Split::kTest).dataset, 0)[0][0] == 9);
  DataSource without(data_map("{format: npy, inputs: x.npy, shuffle: false}", folder.str()), 1);
  CHECK_FALSE(without.has_test());
  CHECK_FALSE(without.shuffle());
  CHECK(outcome([&] { without.open(Split::kTest); }).code == Exit::kInput);
}

TEST_CASE("npy data sets that do not hold together are refused") {
  const TemporaryFolder folder;
  write_npy(folder.str("x.npy"), {2, 1}, std::vector<float>{1, 2});
  folder.file("y.npy", npy_int64("(2,)", {0, 1}));
  struct Case {
    std::string name, file, content, map, expected;
  };
  const std::string classes = "{format: npy, inputs: x.npy, targets: y.npy, classes: 2}";
  const std::vector<Case> cases = {
      {"row 33: counts differ", "y.npy", npy_int64("(3,)", {0, 1, 1}), kMap, "3 targets, but"},
      {"row 34: label beyond the classes", "y.npy", npy_int64("(2,)", {0, 2}), classes,
       "y.npy: sample 1: error: label 2: class numbers are 0 to 1"},
      {"row 34: negative label", "y.npy", npy_int64("(2,)", {-1, 0}), classes, "sample 0"},
      {"row 35: empty set", "x.npy", npy_int64("(0, 3)", {}), kMap, "has no samples"},
      {"a single number", "x.npy", npy_int64("()", {1}), kMap, "expected [N,...]"},
      {"too many dimensions", "x.npy", npy_int64("(2, 1, 1, 1, 1, 1)", {1, 2}), kMap,
       "has 6 dimensions"},
      {"row 50: cut off", "x.npy", npy_int64("(2,)", {1}), kMap, "expected 16 bytes"},
  };
  for (const Case& c : cases) {
    SECTION(c.name) {
      folder.file(c.file, c.content);
      const Outcome result = outcome([&] { open_train(folder, c.map); });
      INFO(result.text);
      CHECK(result.code == Exit::kInput);
      CHECK(result.says(c.expected));
    }
  }
  SECTION("row 34: masks are checked when they are read") {
    folder.file("y.npy", npy_int64("(2, 1, 2)", {0, 1, 255, 7}));
    const std::string map = "{format: npy, inputs: x.npy, targets: y.npy, classes: 2, ignore: 255}";
    const DataView view = open_train(folder, map);
    CHECK(sample_of(*view.dataset, 0)[1] == std::vector<float>{0, 1});
    const Outcome result = outcome([&] { sample_of(*view.dataset, 1); });
    CHECK(result.code == Exit::kInput);
    CHECK(result.says("y.npy: sample 1: error: mask 7"));
  }
}

TEST_CASE("row 46: an npy file that shrinks or vanishes while it is used") {
  const TemporaryFolder folder;
  write_npy(folder.str("x.npy"), {2, 1}, std::vector<float>{1, 2});
  const DataView view = open_train(folder, "{format: npy, inputs: x.npy}");
  SECTION("vanishing is not noticed") {
    std::filesystem::remove(folder.str("x.npy"));
    CHECK(sample_of(*view.dataset, 1)[0][0] == 2);
  }
  SECTION("shrinking is an error") {
    REQUIRE(truncate(folder.str("x.npy").c_str(), 100) == 0);
    CHECK(outcome([&] { sample_of(*view.dataset, 1); }).code == Exit::kResource);
  }
}
