// What classes are called for people, and `from: NAME`.
#include "data/catalogue.h"
#include "data/description.h"
#include "images.h"
#include "spec/model_spec.h"
#include "support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

using Names = std::vector<std::string>;

TEST_CASE("classes of folders are called by their titles, others by their folders") {
  const TemporaryFolder folder;
  for (const char* name : {"n03/1.png", "n01/1.png", "n02/1.png"}) {
    add_image(folder, std::string("set/") + name, flat_image(2, 2, 1, 51));
  }
  const Node map = data_map(
      "{format: folder, train: set, channels: 1, titles: {n01: tench, n03: great white shark}}",
      folder.str());
  const DataView view = open_dataset(map, Split::kTrain, 1);
  CHECK(view.dataset->class_names(1) == Names{"tench", "n02", "great white shark"});
  // Without a look at the files, those that have a title in the order of folders.
  CHECK(describe_data(map, 1).class_names == Names{"tench", "great white shark"});
}

TEST_CASE("classes that are numbers are titled by these") {
  const TemporaryFolder folder;
  folder.file("x", idx_file({3, 2, 2}, std::string(12, '\1')));
  folder.file("y", idx_file({3}, std::string("\0\1\2", 3)));
  const Node map = data_map(
      "{format: idx, train: {images: x, labels: y}, classes: 3, titles: {0: shirt, 2: shoe}}",
      folder.str());
  const DataView view = open_dataset(map, Split::kTrain, 1);
  CHECK(view.dataset->class_names(1) == Names{"shirt", "1", "shoe"});
}

TEST_CASE("two classes of one title are a mistake, and titles are no paths") {
  const TemporaryFolder folder;
  add_image(folder, "set/a/1.png", flat_image(2, 2, 1, 51));
  add_image(folder, "set/train/1.png", flat_image(2, 2, 1, 51));
  const auto open = [&](const std::string& titles) {
    return open_dataset(
        data_map("{format: folder, train: set, channels: 1, titles: " + titles + "}", folder.str()),
        Split::kTrain, 1);
  };
  CHECK(outcome([&] { open("{a: cat, train: cat}"); }).says("two classes are called 'cat'"));
  CHECK(outcome([&] { open("[cat]"); }).says("expected a map of classes to titles"));
  CHECK(open("{a: cat, train: set/train}").dataset->class_names(1) == Names{"cat", "set/train"});
}

TEST_CASE("ImageNet's thousand classes have names") {
  const TemporaryFolder folder;
  const std::string model =
      folder.file("m.yaml", "input: {image: [3, 2, 2]}\nlayers: [flatten]\ndata: imagenet\n");
  const DataDescription described = describe_data(load_data(load_model(model, {}, {})), 3);
  REQUIRE(described.class_names.size() == 1000);
  CHECK(described.class_names[0] == "tench");
  CHECK(described.class_names[285] == "Egyptian cat");
  CHECK(described.class_names[967] == "espresso");
  CHECK(described.class_names[999] == "toilet tissue");
}

TEST_CASE("from takes the name of a data set and other keys go before its own") {
  const TemporaryFolder folder;
  folder.file("small.yaml",
              "format: digits\ntrain: 50\ntest: 20\nval: 10\naugment: {flip: true}\n");
  const std::string model = folder.file("m.yaml",
                                        "input: {image: [1, 28, 28]}\nlayers: [flatten]\n"
                                        "data: {from: small, train: 70, augment: {pad: 2}}\n");
  const Node map = load_data(load_model(model, {}, {}));
  CHECK(map.find("from") == nullptr);
  CHECK(map.find("train")->text() == "70");
  CHECK(map.find("val")->text() == "10");
  CHECK(map.find("augment")->find("flip") != nullptr);  // maps merge, as everywhere
  CHECK(map.find("augment")->find("pad") != nullptr);
  CHECK(open_dataset(map, Split::kTrain, 1).size() == 60);
}

}  // namespace
