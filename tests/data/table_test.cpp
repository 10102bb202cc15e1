// csv and list: samples named in tables and lists.
#include "images.h"
#include "support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

DataView open(const TemporaryFolder& folder, const std::string& map, Split split = Split::kTrain) {
  return open_dataset(data_map("{" + map + "}", folder.str()), split, 1);
}

Outcome problem(const TemporaryFolder& folder, const std::string& map) {
  return outcome([&] { open(folder, map); });
}

constexpr const char* kIris = "length,kind,width\r\n1,rose,2\r\n3,daisy,4\r\n5,rose,6";

}  // namespace

TEST_CASE("a table gives numbers and named classes; row 45: CRLF and no final newline") {
  const TemporaryFolder folder;
  folder.file("t.csv", kIris);
  const DataView view = open(folder, "format: csv, train: t.csv, columns: {label: kind}");
  REQUIRE(view.size() == 3);
  const Dataset& dataset = *view.dataset;
  CHECK(dataset.class_names() == std::vector<std::string>{"daisy", "rose"});
  CHECK(dataset.fields()[0].shape == Shape{2});
  CHECK(sample_of(dataset, 1)[0] == std::vector<float>{3, 4});
  CHECK(sample_of(dataset, 1)[1] == std::vector<float>{0});
  CHECK(sample_of(dataset, 2)[1] == std::vector<float>{1});
}

TEST_CASE("a table gives targets to predict, normalised inputs, and a test split") {
  const TemporaryFolder folder;
  folder.file("t.csv", "a,b,c\n1,2,3\n4,5,6\n");
  folder.file("u.csv", "c,b,a\n9,8,7\n");  // columns are found by name
  const std::string map =
      "format: csv, train: t.csv, test: u.csv, mean: [1, 0], columns: {inputs: [c, a], targets: "
      "[b]}";
  const DataView view = open(folder, map);
  CHECK(sample_of(*view.dataset, 1)[0] == std::vector<float>{5, 4});
  CHECK(view.dataset->fields()[1].name == "target");
  CHECK(sample_of(*view.dataset, 1)[1] == std::vector<float>{5});
  const DataView test = open(folder, map, Split::kTest);
  CHECK(sample_of(*test.dataset, 0)[0] == std::vector<float>{8, 7});
  CHECK(sample_of(*test.dataset, 0)[1] == std::vector<float>{8});
}

TEST_CASE("row 45: numbers that are missing or not finite are located") {
  const TemporaryFolder folder;
  const auto text = [&](const std::string& rows) {
    folder.file("t.csv", "a,b\n1,2\n" + rows);
    return problem(folder, "format: csv, train: t.csv, columns: {targets: [b]}");
  };
  CHECK(text("3,nan\n").says("t.csv:3:3: error: expected a finite number, found 'nan'"));
  CHECK(text("3,\n").says("t.csv:3:3: error: expected a finite number, found nothing"));
  CHECK(text("x,4\n").says("t.csv:3:1: error: expected a number, found 'x'"));
  CHECK(text("3,4,5\n").says("t.csv:3:"));
  CHECK(text("3,4,5\n").code == Exit::kInput);
}

TEST_CASE("tables of pictures, with classes or with masks") {
  const TemporaryFolder folder;
  add_image(folder, "p/a.png", flat_image(2, 2, 3, 255));
  add_image(folder, "p/b.png", flat_image(2, 2, 3, 0));
  add_image(folder, "p/m.png", flat_image(2, 2, 1, 1));
  folder.file("t.csv", "file,kind,outline\np/a.png,1,p/m.png\np/b.png,0,p/m.png\n");
  const DataView classes =
      open(folder, "format: csv, train: t.csv, columns: {image: file, label: kind}");
  CHECK(sample_of(*classes.dataset, 0)[0] == std::vector<float>(12, 1));
  CHECK(sample_of(*classes.dataset, 0)[1] == std::vector<float>{1});
  CHECK(classes.dataset->fields()[1].classes == 2);
  const DataView masks =
      open(folder, "format: csv, train: t.csv, columns: {image: file, mask: outline}");
  CHECK(masks.dataset->fields()[1].name == "mask");
  CHECK(sample_of(*masks.dataset, 1)[1] == std::vector<float>(4, 1));
}

TEST_CASE("mistakes in a map of columns are named") {
  const TemporaryFolder folder;
  folder.file("t.csv", kIris);
  const auto columns = [&](const std::string& map) {
    return problem(folder, "format: csv, train: t.csv, columns: {" + map + "}");
  };
  CHECK(columns("label: kid").says("has no column 'kid'; did you mean 'kind'?"));
  CHECK(columns("label: kind, targets: [width]").says("exclude each other"));
  CHECK(columns("image: kind, inputs: [width]").says("exclude each other"));
  CHECK(columns("mask: kind").says("'mask' needs 'image'"));
  CHECK(columns("labels: kind").says("did you mean 'label'?"));
  folder.file("t.csv", "a,b\n");
  CHECK(columns("label: b").says("has no samples"));
}

TEST_CASE("a list names images and their classes") {
  const TemporaryFolder folder;
  add_image(folder, "in/a one.png", flat_image(2, 2, 3, 255));
  add_image(folder, "in/b.png", flat_image(2, 2, 3, 0));
  folder.file("train.txt", "# two\nin/a one.png\t1\r\n\nin/b.png 0\n");
  const DataView view = open(folder, "format: list, train: train.txt");
  REQUIRE(view.size() == 2);
  CHECK(sample_of(*view.dataset, 0)[0][0] == 1);
  CHECK(sample_of(*view.dataset, 0)[1][0] == 1);
  CHECK(sample_of(*view.dataset, 1)[1][0] == 0);
  folder.file("names.txt", "b.png cat\na one.png dog\n");
  const DataView names = open(folder, "format: list, train: names.txt, images: in");
  CHECK(names.dataset->class_names() == std::vector<std::string>{"cat", "dog"});
  folder.file("plain.txt", "in/b.png\n");
  CHECK(open(folder, "format: list, train: plain.txt").dataset->fields().size() == 1);
}

TEST_CASE("row 44: paths that leave the folder are refused without a flag") {
  const TemporaryFolder folder;
  add_image(folder, "b.png", flat_image(2, 2, 3, 0));
  add_image(folder, "lists/c.png", flat_image(2, 2, 3, 0));
  for (const char* format : {"list", "csv"}) {
    const std::string head = std::string(format) == "csv" ? "f\n" : "";
    const std::string map = std::string("format: ") + format + ", train: lists/t, " +
                            (head.empty() ? "" : "columns: {image: f}, ");
    const int line = head.empty() ? 1 : 2;
    folder.file("lists/t", head + "../b.png\n");
    const Outcome climbs = problem(folder, map + "limit: 1");
    CHECK(climbs.code == Exit::kInput);
    CHECK(climbs.says("lists/t:" + std::to_string(line) + ":1: error: the path '../b.png' leaves"));
    CHECK(climbs.says("'outside: true' in the data map allows such paths"));
    CHECK(problem(folder, map + "outside: true").code == Exit::kOk);
    folder.file("lists/t", head + folder.str("b.png") + "\n");
    CHECK(problem(folder, map + "limit: 1").says("is absolute"));
  }
}

TEST_CASE("mistakes in a list are located") {
  const TemporaryFolder folder;
  add_image(folder, "b.png", flat_image(2, 2, 3, 0));
  const auto list = [&](const std::string& text, const std::string& rest = "limit: 1") {
    folder.file("t", text);
    return problem(folder, "format: list, train: t, " + rest);
  };
  CHECK(list("b.png 1\nb.png\n").says("t:2:1: error: either all lines have a class or none"));
  CHECK(list("b.png 3\n", "classes: 3").says("t:1:7: error: label 3"));
  CHECK(list("b.png x\n", "classes: [a, b]").says("'x' is no class; the classes are a, b"));
  CHECK(list("# nothing\n").says("lists no images"));
  CHECK(list("gone.png 1\n").code == Exit::kInput);
}
