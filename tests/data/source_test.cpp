// Splits, binding of fields, the catalogue, and the data sets that come with the project.

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <set>

#include "data/catalogue.h"
#include "support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

DataSource digits(const std::string& rest, uint64_t seed = 1) {
  return DataSource(data_map("{format: digits, train: 100, test: 30, " + rest + "}", "."), seed);
}

// The folder of MNIST's files; empty, with a note, where there is none.
std::string mnist_folder() {
  const char* data = std::getenv("CNN_DATA");
  for (const std::string& folder :
       {std::string(data ? data : ""), std::string(CNN_SOURCE_DIR "/../shared/data"),
        std::string(CNN_SOURCE_DIR "/data")}) {
    const std::string file = folder + "/mnist/t10k-images-idx3-ubyte.gz";
    if (!folder.empty() && std::filesystem::exists(file)) return folder;
  }
  WARN("skipped: no MNIST under CNN_DATA; scripts/get_data.sh mnist fetches it");
  return "";
}

}  // namespace

TEST_CASE("what is held out is drawn by the seed, and the rest is trained on") {
  DataSource source = digits("val: 25");
  const DataView train = source.open(Split::kTrain), held_out = source.open(Split::kValidation);
  CHECK(train.size() == 75);
  CHECK(held_out.size() == 25);
  CHECK(train.dataset == held_out.dataset);
  CHECK(std::is_sorted(train.indices.begin(), train.indices.end()));
  std::set<int64_t> all(train.indices.begin(), train.indices.end());
  all.insert(held_out.indices.begin(), held_out.indices.end());
  CHECK(all.size() == 100);
  CHECK(digits("val: 25").open(Split::kValidation).indices == held_out.indices);
  CHECK(digits("val: 25", 2).open(Split::kValidation).indices != held_out.indices);
  CHECK(digits("val: 0.25").open(Split::kValidation).indices == held_out.indices);
}

TEST_CASE("nothing is held out by default, and a limit spreads over the split") {
  CHECK(digits("shuffle: true").open(Split::kValidation).empty());
  DataSource source = digits("limit: 10, val: 0");
  CHECK(source.open(Split::kTrain).indices ==
        std::vector<int64_t>{0, 10, 20, 30, 40, 50, 60, 70, 80, 90});
  CHECK(source.open(Split::kTest).size() == 10);
  CHECK(digits("limit: 1000").open(Split::kTest).size() == 30);
}

TEST_CASE("fields are bound by name, with their shapes and kinds") {
  const DataView view = digits("val: 0").open(Split::kTrain);
  const Field image{"image", {1, 28, 28}, FieldKind::kValues, 0};
  const Field label{"label", {1}, FieldKind::kClass, 10};
  CHECK(bind_fields(view, std::vector<Field>{label, image}) == std::vector<int>{1, 0});
  struct Case {
    Field wanted;
    Exit code;
    std::string expected;
  };
  const std::vector<Case> cases = {
      {{"images", {1, 28, 28}, FieldKind::kValues, 0}, Exit::kSpec, "did you mean 'image'?"},
      {{"text", {1}, FieldKind::kValues, 0}, Exit::kSpec, "has 'image' [1,28,28], 'label' [1]"},
      {{"image", {3, 32, 32}, FieldKind::kValues, 0}, Exit::kSpec, "as [3,32,32]"},
      {{"image", {1, 28, 28}, FieldKind::kClass, 0}, Exit::kSpec, "as class numbers"},
      {{"label", {1}, FieldKind::kClass, 5}, Exit::kInput, "the model has classes 0 to 4"},
  };
  for (const Case& c : cases) {
    const Outcome result = outcome([&] { bind_fields(view, std::vector<Field>{c.wanted}); });
    INFO(result.text);
    CHECK(result.code == c.code);
    CHECK(result.says(c.expected));
  }
  CHECK(bind_fields(view, std::vector<Field>{{"label", {1}, FieldKind::kValues, 0}}).size() == 1);
}

TEST_CASE("labels are counted by class") {
  const DataView view = digits("val: 0").open(Split::kTrain);
  const std::vector<int64_t> counts = count_classes(view, 1, 10, "the model");
  CHECK(std::accumulate(counts.begin(), counts.end(), int64_t{0}) == 100);
}

TEST_CASE("a model names its data set, or holds its map") {
  const TemporaryFolder folder;
  const WithEnvironment share("CNN_SHARE", folder.str().c_str());
  folder.file("data/small.yaml", "{format: digits, train: 50}");
  folder.file("data/digits.yaml", "{format: digits}");
  const auto load = [&](const std::string& data, std::vector<std::string> overrides = {}) {
    const std::string path = folder.file(
        "models/m.yaml", "input: {image: [1, 28, 28]}\nvars: {n: 40}\nlayers: [flatten]\n" + data);
    return load_data(load_model(path, overrides, {}));
  };
  const auto size = [](const Node& data) { return open_dataset(data, Split::kTrain, 1).size(); };
  CHECK(size(load("data: small\n")) == 50);
  CHECK(size(load("data: {format: digits, train: $n}\n")) == 40);
  CHECK(size(load("data: small\n", {"data.train=20"})) == 20);
  CHECK(size(load("data: small\n", {"data={format: digits, train: 30}"})) == 30);
  CHECK(load("data: sentences\n").find("format")->text() == "sentences");  // needs no file
  struct Case {
    std::string data, expected;
  };
  const std::vector<Case> cases = {
      {"", "names no data set"},
      {"data: smal\n", "small"},
      {"data: [small]\n", "the name of a"},
      {"data: $m\n", "'m'"},
  };
  for (const Case& c : cases) {
    const Outcome result = outcome([&] { load(c.data); });
    INFO(result.text);
    CHECK(result.code == Exit::kSpec);
    CHECK(result.says(c.expected));
  }
}

TEST_CASE("a run's copy of the map means the same from any other folder") {
  const TemporaryFolder folder;
  const WithEnvironment no_data("CNN_DATA", nullptr);
  folder.file("data/x.npy", npy_int64("(2,)", {1, 2}));
  folder.file("here/y.npy", npy_int64("(2,)", {1, 0}));
  Node map = data_map("{format: npy, inputs: x.npy}", folder.str("data"));
  SECTION("relative to the map, and from the command line") {
    const Node given = data_map("y.npy", folder.str("here"), true);
    map.set("targets", given);
  }
  SECTION("with a root") { map.set("root", data_map(".", folder.str("data"))); }
  const std::string text = to_yaml(portable_data(map));
  INFO(text);
  const Node copy = data_map(text, folder.str("runs/1"));
  const DataView before = open_dataset(map, Split::kTrain, 1);
  CHECK(open_dataset(copy, Split::kTrain, 1).hash() == before.hash());
  CHECK(to_yaml(portable_data(copy)) == text);
}

TEST_CASE("data/digits.yaml is what the commands train on without files") {
  const Node map = load_yaml(CNN_SOURCE_DIR "/data/digits.yaml");
  DataSource source(map, 1);
  const DataView train = source.open(Split::kTrain);
  CHECK(train.size() == 9000);
  CHECK(source.open(Split::kValidation).size() == 1000);
  CHECK(source.open(Split::kTest).size() == 2000);
  CHECK(train.dataset->class_names(1).size() == 10);
}

TEST_CASE("data/mnist.yaml describes the published files") {
  const Node map = load_yaml(CNN_SOURCE_DIR "/data/mnist.yaml");
  const std::string folder = mnist_folder();
  if (folder.empty()) return;
  const WithEnvironment data("CNN_DATA", folder.c_str());
  DataSource source(map, 42);
  const DataView test = source.open(Split::kTest);
  CHECK(test.size() == 10000);
  CHECK(test.dataset->fields()[0].shape == Shape{1, 28, 28});
  CHECK(count_classes(test, 1, 10, "the model") ==
        std::vector<int64_t>{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009});
  CHECK(sample_of(*test.dataset, 0)[1][0] == 7);
  CHECK(source.open(Split::kTrain).size() == 55000);
  const DataView held_out = source.open(Split::kValidation);
  CHECK(held_out.size() == 5000);
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < 1000; ++i) {
    const int64_t index = held_out.indices[static_cast<size_t>(i)];
    const std::vector<float> pixels = sample_of(*held_out.dataset, index)[0];
    for (const float v : pixels) {
      sum += v;
      squares += v * v;
    }
  }
  CHECK(std::abs(sum / 784000) < 0.05);
  CHECK(std::abs(squares / 784000 - 1) < 0.05);
}

TEST_CASE("generated samples are made to fit what a network reads") {
  const Field image{"photo", {3, 64, 48}};
  const Field label{"kind", {1}, FieldKind::kClass, 1000};
  const Field mask{"mask", {1, 40, 30}, FieldKind::kClass, 2};
  const Field border{"border", {1, 40, 30}};
  const Node map = data_map("{format: digits, train: 30}", ".");
  const std::vector<Field> wanted = {image, label, mask, border};
  DataSource source(map, 1, wanted);
  const DataView view = source.open(Split::kTrain);
  CHECK(bind_fields(view, wanted) == std::vector<int>{0, 1, 2, 3});
  DataSource again(source.map(), 1, wanted);  // as a run keeps it
  CHECK(again.open(Split::kTrain).hash() == view.hash());
  CHECK(to_yaml(again.map()) == to_yaml(source.map()));

  // What the user says stays, and is then an error as ever.
  Node said = map;
  said.set("size", parse_yaml(std::make_shared<const Source>(Source{"", "[8, 8]", ".", true})));
  const DataView small = DataSource(said, 1, std::span(wanted).first(2)).open(Split::kTrain);
  CHECK(small.dataset->fields()[0].shape == Shape{3, 8, 8});

  // Pixels where a loss wants numbers from 0 to 1.
  Field pixels{"image", {1, 28, 28}};
  pixels.range = FieldRange{0, 1, std::nullopt, "bce"};
  const Node normal = data_map("{format: digits, train: 30, mean: 0.1, std: 0.2}", ".");
  const DataView view01 = DataSource(normal, 1, std::span(&pixels, 1)).open(Split::kTrain);
  const auto sample = sample_of(*view01.dataset, 0);
  for (const float value : sample[0]) CHECK((value >= 0 && value <= 1));
}

TEST_CASE("built-in data are offered in place of missing files where they would do") {
  const auto offered = [](const std::vector<Field>& wanted) {
    const Node map = data_map("{format: idx, train: {images: gone, labels: gone}}", "/nowhere");
    return outcome([&] { DataSource(map, 1, wanted).open(Split::kTrain); });
  };
  const Field image{"image", {5, 40, 40}}, label{"label", {1}, FieldKind::kClass, 10};
  Field text{"words", {1}, FieldKind::kClass, 5000};
  text.items = Items::up_to(50);
  CHECK(offered({image, label}).says("--data digits"));
  CHECK(offered({image}).says("--data digits"));
  CHECK(offered({text, label}).says("--data sentences"));
  CHECK_FALSE(offered({image, {"label", {1}, FieldKind::kClass, 2}}).says("--data"));
  CHECK_FALSE(offered({image, image}).says("--data"));
  CHECK_FALSE(offered({{"numbers", {13}}, {"price", {1}}}).says("--data"));
}
