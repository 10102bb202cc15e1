// csv: samples in the rows of a table.
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

TEST_CASE("a table gives numbers and named classes, row 45: CRLF and no final newline") {
  const TemporaryFolder folder;
  folder.file("t.csv", kIris);
  const DataView view = open(folder, "format: csv, train: t.csv, columns: {label: kind}");
  REQUIRE(view.size() == 3);
  const Dataset& dataset = *view.dataset;
  CHECK(dataset.class_names(1) == std::vector<std::string>{"daisy", "rose"});
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
  CHECK(columns("image: kind, inputs: [width]").says("exclude each other"));
  CHECK(columns("mask: kind").says("'mask' needs 'image'"));
  CHECK(columns("labels: kind").says("did you mean 'label'?"));
  CHECK(columns("label: [kind, width]").says("'label' is one column"));
  CHECK(columns("label: {kind: [kind, width]}").says("'label' is one column"));
  CHECK(columns("targets: []").says("expected the names of columns"));
  CHECK(columns("targets: {}").says("expected the names of fields"));
  CHECK(columns("targets: [[width]]").code == Exit::kSpec);
  CHECK(columns("targets: [widht]").says("has no column 'widht'; did you mean 'width'?"));
  CHECK(columns("inputs: [length], points: [width, kind]").says("'points' needs 'image'"));
  CHECK(columns("boxes: [a, b, c, d]").says("plain numbers to predict are 'targets'"));
  CHECK(columns("image: kind, points: [width]").says("'points' are pairs of columns, x before y"));
  CHECK(columns("image: kind, points: [width]").says("found 1"));
  CHECK(columns("image: kind, boxes: {b: [width, length]}").says("'boxes' are four columns"));
  CHECK(columns("image: kind, boxes: {b: [width, length]}").says("data.yaml:1:"));
  CHECK(columns("label: kind, targets: [length, width]").says("no columns of inputs"));
  folder.file("t.csv", "a,b\n");
  CHECK(columns("label: b").says("has no samples"));
}

TEST_CASE("a table of numbers gives classes and numbers, each a field of its own") {
  const TemporaryFolder folder;
  folder.file("t.csv", "a,kind,colour,age,h1,h2\n1,rose,red,3,4,5\n2,daisy,white,6,7,8\n");
  folder.file("u.csv", "a,kind,colour,age,h1,h2\n9,rose,white,3,4,5\n");
  const std::string map =
      "format: csv, train: t.csv, test: u.csv, columns: {label: {kind: kind, colour: colour}, "
      "targets: {age: age, height: [h1, h2]}}";
  const DataView view = open(folder, map);
  const Dataset& dataset = *view.dataset;
  std::vector<std::string> names;
  for (const Field& f : dataset.fields()) names.push_back(f.name);
  CHECK(names == std::vector<std::string>{"image", "kind", "colour", "age", "height"});
  CHECK(dataset.fields()[2].kind == FieldKind::kClass);
  CHECK(dataset.fields()[2].classes == 2);
  CHECK(dataset.fields()[4].shape == Shape{2});
  CHECK(dataset.class_names(1) == std::vector<std::string>{"daisy", "rose"});
  CHECK(sample_of(dataset, 1) == std::vector<std::vector<float>>{{2}, {0}, {1}, {6}, {7, 8}});
  // Class numbers of the test table are those of the training table.
  CHECK(sample_of(*open(folder, map, Split::kTest).dataset, 0) ==
        std::vector<std::vector<float>>{{9}, {1}, {1}, {3}, {4, 5}});
  const DataView usual = open(
      folder, "format: csv, train: t.csv, columns: {inputs: [a], label: kind, targets: [h1, h2]}");
  CHECK(usual.dataset->fields()[1].name == "label");
  CHECK(usual.dataset->fields()[2].name == "target");
  CHECK(sample_of(*usual.dataset, 0)[2] == std::vector<float>{4, 5});
}

TEST_CASE("a table of pictures gives masks, classes, numbers, points and boxes together") {
  const TemporaryFolder folder;
  add_image(folder, "a.png", flat_image(2, 3, 3, 255));
  add_image(folder, "b.png", flat_image(2, 3, 3, 0));
  add_image(folder, "m.png", flat_image(2, 3, 1, 7));
  folder.file("t.csv",
              "f,m,kind,age,x,y,l,t,r,b\na.png,m.png,cat,5,1,2,0,0,3,1\n"
              "b.png,m.png,dog,6,0.5,1.5,1,0,2,2\n");
  const DataView view =
      open(folder,
           "format: csv, train: t.csv, columns: {image: f, mask: m, label: kind, targets: [age], "
           "points: [x, y], boxes: [l, t, r, b]}");
  std::vector<std::string> names;
  for (const Field& f : view.dataset->fields()) names.push_back(f.name);
  CHECK(names == std::vector<std::string>{"image", "mask", "label", "target", "points", "boxes"});
  CHECK(view.dataset->fields()[1].classes == 0);  // those of the data set are the label's
  CHECK(view.dataset->fields()[2].classes == 2);
  const std::vector<std::vector<float>> sample = sample_of(*view.dataset, 1);
  CHECK(sample[0] == std::vector<float>(18, 0));
  CHECK(sample[1] == std::vector<float>(6, 7));
  CHECK(sample[2] == std::vector<float>{1});
  CHECK(sample[3] == std::vector<float>{6});
  CHECK(sample[4] == std::vector<float>{0.5f, 1.5f});
  CHECK(sample[5] == std::vector<float>{1, 0, 2, 2});
  CHECK(view.dataset->origin(1) == folder.str());
  CHECK(view.dataset->origin(5) == folder.str("t.csv"));
}

TEST_CASE("fields of a table have different names") {
  const TemporaryFolder folder;
  folder.file("t.csv", "a,b,c\n1,2,3\n");
  const auto columns = [&](const std::string& map, const std::string& rest = "limit: 1") {
    return problem(folder, "format: csv, train: t.csv, columns: {" + map + "}, " + rest);
  };
  const Outcome twice = columns("label: {kind: a}, targets: {kind: b}");
  CHECK(twice.code == Exit::kSpec);
  CHECK(twice.says("two fields are called 'kind'"));
  CHECK(twice.says("data.yaml:1:"));
  CHECK(columns("label: a, targets: {label: b}").says("two fields are called 'label'"));
  CHECK(columns("targets: {image: b}").says("two fields are called 'image'"));
  CHECK(columns("targets: {image: b}", "input_name: x").code == Exit::kOk);
  CHECK(columns("targets: {x: b, y: c}").code == Exit::kOk);
  CHECK(columns("targets: {x: b, y: c}", "target_name: z")
            .says("'target_name' names the only target, and there are several"));
  const DataView renamed =
      open(folder, "format: csv, train: t.csv, target_name: z, columns: {targets: [b]}");
  CHECK(renamed.dataset->fields()[1].name == "z");
}

TEST_CASE("a box that ends before it begins is located") {
  const TemporaryFolder folder;
  add_image(folder, "a.png", flat_image(2, 3, 3, 255));
  folder.file("t.csv", "f,l,t,r,b\na.png,0,0,3,1\na.png,1,2,2,1.5\n");
  const Outcome found =
      problem(folder, "format: csv, train: t.csv, columns: {image: f, boxes: [l, t, r, b]}");
  CHECK(found.code == Exit::kInput);
  CHECK(found.says("t.csv:3:13: error: the box ends at y1 = 1.5, before it begins at 2"));
}

TEST_CASE("pictures that cannot be read are left out with all their targets") {
  const TemporaryFolder folder;
  std::string table = "f,kind,age,x,y\n";
  for (int i = 0; i < 200; ++i) {
    const std::string name = std::to_string(i) + ".png";
    add_image(folder, name, flat_image(2, 2, 3, 255));
    table += fmt::format("{},{},{},{},1\n", name, i % 2, i, 0.5 * i);
  }
  folder.file("7.png", "no picture");
  folder.file("t.csv", table);
  const DataView view = open(folder,
                             "format: csv, train: t.csv, skip_bad: true, columns: {image: f, "
                             "label: kind, targets: [age], points: [x, y]}");
  REQUIRE(view.size() == 199);
  CHECK(sample_of(*view.dataset, 6)[2] == std::vector<float>{6});
  CHECK(sample_of(*view.dataset, 7)[1] == std::vector<float>{0});
  CHECK(sample_of(*view.dataset, 7)[2] == std::vector<float>{8});
  CHECK(sample_of(*view.dataset, 7)[3] == std::vector<float>{4, 1});
  CHECK(sample_of(*view.dataset, 198)[2] == std::vector<float>{199});
}
