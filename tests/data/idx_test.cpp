#include <cmath>
#include <filesystem>

#include "base/log.h"
#include "support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

constexpr const char* kMap =
    "format: idx\n"
    "train: {images: images, labels: labels}\n"
    "classes: [cat, dog]\n";

// Three images of 1x2 and their labels.
void write_files(const TemporaryFolder& folder, const std::string& labels = {0, 1, 1}) {
  folder.file("images", idx_file({3, 1, 2}, {0, 51, 102, static_cast<char>(153), 1, 2}));
  folder.file("labels", idx_file({static_cast<uint32_t>(labels.size())}, labels));
}

Outcome opening(const TemporaryFolder& folder, const std::string& map) {
  return outcome([&] { open_dataset(data_map(map, folder.str()), Split::kTrain, 1); });
}

}  // namespace

TEST_CASE("an IDX data set gives images from 0 to 1 and class numbers") {
  const TemporaryFolder folder;
  write_files(folder);
  const DataView view = open_dataset(data_map(kMap, folder.str()), Split::kTrain, 1);
  const Dataset& dataset = *view.dataset;
  CHECK(view.indices == std::vector<int64_t>{0, 1, 2});
  REQUIRE(dataset.fields().size() == 2);
  CHECK(dataset.fields()[0].name == "image");
  CHECK(dataset.fields()[0].shape == Shape{1, 1, 2});
  CHECK(dataset.fields()[1].name == "label");
  CHECK(dataset.fields()[1].shape == Shape{1});
  CHECK(dataset.fields()[1].kind == FieldKind::kClass);
  CHECK(dataset.fields()[1].classes == 2);
  CHECK(dataset.class_names(1) == std::vector<std::string>{"cat", "dog"});
  const auto sample = sample_of(dataset, 1);
  CHECK(sample[0][0] == Approx(0.4));
  CHECK(sample[0][1] == Approx(0.6));
  CHECK(sample[1][0] == 1);
}

TEST_CASE("IDX inputs are scaled, then normalised by channel, channels last") {
  const TemporaryFolder folder;
  folder.file("images", idx_file({1, 2, 1, 2}, {10, 20, 30, 40}));
  const Node map = data_map(
      "{format: idx, train: {images: images}, scale: 0.1, mean: [1, 2], std: [2, 4], "
      "input_name: x}",
      folder.str());
  const DataView view = open_dataset(map, Split::kTrain, 1);
  REQUIRE(view.dataset->fields().size() == 1);
  CHECK(view.dataset->fields()[0].name == "x");
  CHECK(view.dataset->fields()[0].shape == Shape{2, 1, 2});
  const std::vector<float> values = sample_of(*view.dataset, 0)[0];
  const std::vector<float> expected = {0, 0.25f, 0.5f, 0.5f};
  for (size_t i = 0; i < 4; ++i) CHECK(values[i] == Approx(expected[i]).margin(1e-6));
}

TEST_CASE("IDX masks are fields of class numbers") {
  const TemporaryFolder folder;
  folder.file("images", idx_file({1, 1, 2}, {1, 2}));
  folder.file("masks", idx_file({1, 1, 2}, {0, static_cast<char>(255)}));
  const Node map =
      data_map("{format: idx, train: {images: images, labels: masks}, classes: 2, ignore: 255}",
               folder.str());
  const DataView view = open_dataset(map, Split::kTrain, 1);
  CHECK(view.dataset->fields()[1].name == "mask");
  CHECK(view.dataset->fields()[1].shape == Shape{1, 1, 2});
  CHECK(view.dataset->ignored_class() == 255);
  CHECK(sample_of(*view.dataset, 0)[1] == std::vector<float>{0, 255});
}

TEST_CASE("IDX data sets that do not hold together are refused") {
  const TemporaryFolder folder;
  write_files(folder);
  struct Case {
    std::string name, map, expected;
    Exit code;
  };
  const std::string split = "train: {images: images, labels: labels}";
  const std::vector<Case> cases = {
      {"row 33: counts differ", "", "2 targets, but", Exit::kInput},
      {"row 34: label beyond the classes", "", "labels: sample 1: error: label 2", Exit::kInput},
      {"row 35: empty set", "", "has no samples", Exit::kInput},
      {"labels of two dimensions", "", "labels are [N]", Exit::kInput},
      {"mean of the wrong length", "{format: idx, " + split + ", mean: [1, 2]}", "'mean' has 2",
       Exit::kSpec},
      {"std of zero", "{format: idx, " + split + ", std: 0}", "'std' must be at least",
       Exit::kSpec},
      {"no format", "{" + split + "}", "needs 'format'", Exit::kSpec},
      {"unknown format", "{format: idxx, " + split + "}", "'idx'", Exit::kSpec},
      {"unknown key", "{format: idx, " + split + ", clases: 2}", "'classes'", Exit::kSpec},
      {"unknown key of a split", "{format: idx, train: {images: images, label: labels}}",
       "'labels'", Exit::kSpec},
      {"no training files", "{format: idx}", "needs 'train'", Exit::kSpec},
      {"split that is no map", "{format: idx, train: images}", "a map of 'images'", Exit::kSpec},
      {"class twice", "{format: idx, " + split + ", classes: [a, a]}", "'a' is there twice",
       Exit::kSpec},
      {"all held out", "{format: idx, " + split + ", val: 3}", "none are left", Exit::kSpec},
      {"part of a sample", "{format: idx, " + split + ", val: 1.5}", "a fraction", Exit::kSpec},
      {"row 15: not a number", "{format: idx, " + split + ", val: some}", "'some'", Exit::kSpec},
  };
  for (const Case& c : cases) {
    SECTION(c.name) {
      if (c.name.starts_with("row 33")) write_files(folder, {0, 1});
      if (c.name.starts_with("row 34")) write_files(folder, {0, 2, 1});
      if (c.name.starts_with("row 35")) folder.file("images", idx_file({0, 28, 28}, ""));
      if (c.name.starts_with("labels of")) folder.file("labels", idx_file({3, 1}, "abc"));
      const Outcome result = opening(folder, c.map.empty() ? kMap : c.map);
      INFO(result.text);
      CHECK(result.code == c.code);
      CHECK(result.says(c.expected));
    }
  }
}

TEST_CASE("row 35: a class without samples is a warning") {
  const TemporaryFolder folder;
  write_files(folder, {0, 0, 0});
  std::string warning;
  set_log_sink([&](std::string_view line) { warning = line; });
  CHECK(opening(folder, kMap).code == Exit::kOk);
  set_log_sink({});
  CHECK(warning.find("class 'dog' has no samples") != std::string::npos);
}

TEST_CASE("row 48: a constant image stays finite") {
  const TemporaryFolder folder;
  folder.file("images", idx_file({1, 2, 2}, {7, 7, 7, 7}));
  const Node map =
      data_map("{format: idx, train: {images: images}, mean: 0.0275, std: 1e-6}", folder.str());
  const DataView view = open_dataset(map, Split::kTrain, 1);
  const std::vector<float> pixels = sample_of(*view.dataset, 0)[0];
  for (const float v : pixels) CHECK(std::isfinite(v));
}

TEST_CASE("missing files name the path, the command that fetches them, and the digits") {
  const TemporaryFolder folder;
  const WithEnvironment no_data("CNN_DATA", "/nowhere");
  const Outcome result = opening(folder, std::string(kMap) +
                                             "name: mine\n"
                                             "files: [{path: images, sha256: abc}]\n");
  INFO(result.text);
  CHECK(result.code == Exit::kInput);
  CHECK(result.says(folder.str("images") + ": error:"));
  CHECK(result.says("/nowhere/images"));
  CHECK(result.says("cnn data get mine"));
  CHECK(result.says("--data digits"));
}

TEST_CASE("paths are looked up under CNN_DATA, then under root or beside the map") {
  const TemporaryFolder folder;
  const auto first_pixel = [&](const std::string& map, bool command_line = false) {
    const Node node = data_map(map, folder.str("map"), command_line);
    return sample_of(*open_dataset(node, Split::kTrain, 1).dataset, 0)[0][0] * 255;
  };
  folder.file("map/images", idx_file({1, 1, 1}, {1}));
  folder.file("map/other/images", idx_file({1, 1, 1}, {2}));
  const std::string plain = "{format: idx, train: {images: images}}";
  const std::string rooted = "{format: idx, root: other, train: {images: images}}";
  {
    const WithEnvironment no_data("CNN_DATA", nullptr);
    CHECK(first_pixel(plain) == Approx(1));
    CHECK(first_pixel(rooted) == Approx(2));
  }
  folder.file("shared/images", idx_file({1, 1, 1}, {3}));
  const std::string shared = folder.str("shared");
  const WithEnvironment data("CNN_DATA", shared.c_str());
  CHECK(first_pixel(plain) == Approx(3));
  CHECK(first_pixel(rooted) == Approx(3));
  CHECK(first_pixel(plain, true) == Approx(1));
  std::filesystem::remove(folder.str("map/images"));
  CHECK(first_pixel(plain, true) == Approx(3));
}

TEST_CASE("the hash changes with the files, the samples and the normalisation") {
  const TemporaryFolder folder;
  write_files(folder);
  const auto hash = [&](const std::string& map, uint64_t seed = 1) {
    return open_dataset(data_map(map, folder.str()), Split::kTrain, seed).hash();
  };
  const std::string before = hash(kMap);
  CHECK(before.size() == 16);
  CHECK(hash(kMap) == before);
  CHECK(hash(kMap, 2) == before);
  CHECK(hash(std::string(kMap) + "val: 1\n") != before);
  CHECK(hash(std::string(kMap) + "mean: 0.5\n") != before);
  write_files(folder, {1, 1, 0});
  CHECK(hash(kMap) != before);
}
