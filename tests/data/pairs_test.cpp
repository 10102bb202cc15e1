#include <filesystem>

#include "images.h"
#include "io/image_files.h"
#include "support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

// Pictures 0 to 10 of 2x3 pixels of that value, and masks of 0 and 255.
struct Cells {
  explicit Cells(int64_t count = 11) {
    for (int64_t i = 0; i < count; ++i) {
      const std::string name = std::to_string(i);
      add_image(folder, "images/" + name + ".png", flat_image(2, 3, 1, static_cast<uint8_t>(i)));
      Image mask = flat_image(2, 3, 1, 0);
      mask.values[static_cast<size_t>(i) % 6] = 255;
      add_image(folder, "masks/" + name + ".png", mask);
    }
  }
  DataView open(const std::string& rest, Split split = Split::kTrain) const {
    return DataSource(data_map("{format: pairs, scale: 1, channels: 1, "
                               "train: {images: images, masks: masks}, " +
                                   rest + "}",
                               folder.str()),
                      1)
        .open(split);
  }
  Outcome problem(const std::string& rest) const {
    return outcome([&] {
      const DataView view = open(rest);
      for (const int64_t i : view.indices) sample_of(*view.dataset, i);
    });
  }
  TemporaryFolder folder;
};

constexpr const char* kCells = "mask_values: {0: 0, 255: 1}, classes: 2";

}  // namespace

TEST_CASE("pictures and masks are paired by name, numbers in their order") {
  const Cells cells;
  const DataView view = cells.open(kCells);
  REQUIRE(view.size() == 11);
  const Dataset& dataset = *view.dataset;
  CHECK(dataset.fields()[0].shape == Shape{1, 2, 3});
  CHECK(dataset.fields()[1].name == "mask");
  CHECK(dataset.fields()[1].shape == Shape{1, 2, 3});
  CHECK(dataset.fields()[1].classes == 2);
  for (int repeat = 0; repeat < 2; ++repeat) {  // decoded, then from memory
    for (int64_t i = 0; i < 11; ++i) {
      const auto sample = sample_of(dataset, i);
      CHECK(sample[0] == std::vector<float>(6, static_cast<float>(i)));
      std::vector<float> mask(6, 0);
      mask[static_cast<size_t>(i) % 6] = 1;
      CHECK(sample[1] == mask);
    }
  }
  CHECK(dataset.memory_bytes() == 11 * 6 * (1 + 2));
}

TEST_CASE("a split may take a part of the folders") {
  const Cells cells;
  const std::string splits =
      "train: {images: images, masks: masks, slice: [0, 8]}, "
      "val: {images: images, masks: masks, slice: [8, 10]}, "
      "test: {images: images, slice: [10, 11]}, mask_values: {0: 0, 255: 1}, classes: 2";
  const DataSource source(
      data_map("{format: pairs, channels: 1, scale: 1, " + splits + "}", cells.folder.str()), 1);
  DataSource& open = const_cast<DataSource&>(source);
  CHECK(open.open(Split::kTrain).size() == 8);
  const DataView validation = open.open(Split::kValidation);
  REQUIRE(validation.size() == 2);
  CHECK(sample_of(*validation.dataset, 1)[0][0] == 9);
  const DataView test = open.open(Split::kTest);
  CHECK(sample_of(*test.dataset, 0)[0][0] == 10);
  CHECK(test.dataset->fields().size() == 1);  // masks may be left out
}

TEST_CASE("pairs: a number of samples can be held out of the training pairs") {
  const Cells cells;
  CHECK(cells.open("val: 3, " + std::string(kCells), Split::kValidation).size() == 3);
  CHECK(cells.open("val: 3, " + std::string(kCells)).size() == 8);
}

TEST_CASE("values are mapped to classes before the ignored class is looked at") {
  const Cells cells;
  const DataView view = cells.open(std::string(kCells) + ", ignore: 255");
  CHECK(sample_of(*view.dataset, 2)[1] == std::vector<float>{0, 0, 1, 0, 0, 0});
  // Without a map 255 is the ignored number, and stays what it is.
  const DataView raw = cells.open("classes: 2, ignore: 255");
  CHECK(sample_of(*raw.dataset, 2)[1] == std::vector<float>{0, 0, 255, 0, 0, 0});
}

TEST_CASE("mask values may be ranges, and all that are not named") {
  const Cells cells;
  const auto mask = [&](const std::string& values) {
    const DataView view = cells.open(values + ", classes: 2");
    return sample_of(*view.dataset, 2)[1];
  };
  const std::vector<float> expected = mask("mask_values: {0: 0, 255: 1}");
  CHECK(std::count(expected.begin(), expected.end(), 1.0f) == 1);
  CHECK(mask("mask_values: {0: 0, rest: 1}") == expected);
  CHECK(mask("mask_values: {rest: 0, 200-255: 1}") == expected);
  CHECK(mask("mask_values: {0-254: 0, 255-65535: 1}") == expected);
  CHECK(cells.problem("mask_values: {0: 0, 9-3: 1}").says("a range of them (1-375)"));
  CHECK(cells.problem("mask_values: {0-9: 0, 5: 1}").says("'5' has values that stand before it"));
  CHECK(cells.problem("mask_values: {0: 0, rest: 2}, classes: 2").says("maps the rest to class 2"));
}

TEST_CASE("row 34: a mask's value that is no class names file, pixel and value") {
  const Cells cells;
  const Outcome unmapped = cells.problem("mask_values: {0: 0, 254: 1}, classes: 2");
  CHECK(unmapped.code == Exit::kInput);
  CHECK(unmapped.says("masks/0.png: error: pixel (0, 0) has the value 255"));
  CHECK(unmapped.says("'mask_values' does not map"));
  const Outcome too_large = cells.problem("classes: 2");
  CHECK(too_large.code == Exit::kInput);
  CHECK(too_large.says("pixel (0, 0) has the value 255; classes are 0 to 1"));
  CHECK(too_large.says("mask_values: {0: 0, 255: 1}"));
  CHECK(cells.problem("mask_values: {0: 0, 255: 2}, classes: 2").code == Exit::kSpec);
  CHECK(cells.problem("mask_values: {x: 0}").says("expected a pixel's value"));
  CHECK(cells.problem("mask_values: [0, 1]").says("expected a map of values"));
}

TEST_CASE("row 33: pictures and masks without partners are listed") {
  const Cells cells;
  std::filesystem::remove(cells.folder.str("masks/3.png"));
  add_image(cells.folder, "masks/x.png", flat_image(2, 3, 1, 0));
  const Outcome result = cells.problem(kCells);
  CHECK(result.code == Exit::kInput);
  CHECK(result.says("11 masks and the 11 pictures"));
  CHECK(result.says("'3.png' has no mask"));
  CHECK(result.says("'x.png' has no picture"));
}

TEST_CASE("pairs: a mask of another size than its picture is an error with both sizes") {
  const Cells cells;
  add_image(cells.folder, "masks/4.png", flat_image(3, 3, 1, 0));
  const Outcome result = cells.problem(kCells);
  CHECK(result.code == Exit::kInput);
  CHECK(result.says("masks/4.png: error: is 3 x 3 pixels, its picture"));
  CHECK(result.says("3 x 2"));
}

TEST_CASE("pairs: masks may have a suffix, and both may be scaled") {
  const TemporaryFolder folder;
  Image mask = flat_image(4, 4, 1, 0);
  for (const size_t i : {0, 1, 4, 5}) mask.values[i] = 1;
  add_image(folder, "i/a/one.png", flat_image(4, 4, 3, 50));
  add_image(folder, "m/a/one_mask.png", mask);
  const DataView view = open_dataset(
      data_map("{format: pairs, train: {images: i, masks: m}, mask_suffix: _mask, size: 2}",
               folder.str()),
      Split::kTrain, 1);
  CHECK(view.dataset->fields()[0].shape == Shape{3, 2, 2});
  CHECK(sample_of(*view.dataset, 0)[1] == std::vector<float>{1, 0, 0, 0});
}

TEST_CASE("mistakes in a map of pairs are named") {
  const Cells cells;
  CHECK(cells.problem("val: folder").says("expected a number of samples"));
  CHECK(cells.problem("val: {images: x, mask: y}").says("did you mean 'masks'?"));
  CHECK(cells.problem("val: {images: images, slice: [5, 5]}").says("expected the first sample"));
  CHECK(cells.problem("train: images").code == Exit::kSpec);
  const Outcome range = outcome([&] {
    open_dataset(
        data_map("{format: pairs, train: {images: images, slice: [0, 12]}}", cells.folder.str()),
        Split::kTrain, 1);
  });
  CHECK(range.code == Exit::kInput);
  CHECK(range.says("has 11 images, 'slice' is [0, 12]"));
}

TEST_CASE("rows 36, 40, 42 and 43: a mask that cannot be read is named") {
  const Cells cells;
  const std::string whole = read_text(cells.folder.str("masks/4.png"));
  const auto check = [&](const std::string& content, const std::string& part) {
    cells.folder.file("masks/4.png", content);
    const Outcome found = cells.problem(kCells);
    CHECK(found.code == Exit::kInput);
    CHECK(found.says("masks/4.png"));
    CHECK(found.says(part));
  };
  SECTION("row 36: cut off") { check(whole.substr(0, whole.size() / 2), "ends too early"); }
  SECTION("row 40: a byte changed") {
    std::string broken = whole;
    broken[broken.size() - 20] ^= 1;
    check(broken, "at byte");
  }
  SECTION("row 42: no image") { check("some text", "no JPEG or PNG"); }
  SECTION("row 43: empty") { check("", "is empty"); }
}

TEST_CASE("row 46: a mask that goes after it was listed stops the run") {
  const Cells cells;
  const DataView view = cells.open(kCells);
  std::filesystem::remove(cells.folder.str("masks/4.png"));
  const Outcome gone = outcome([&] { sample_of(*view.dataset, 4); });
  CHECK(gone.code == Exit::kResource);
  CHECK(gone.says("masks/4.png"));
}

TEST_CASE("row 49: a pair with a bad mask is left out, and counted") {
  const Cells cells(200);
  cells.folder.file("masks/7.png", "x");
  const std::string skipping = std::string(kCells) + ", skip_bad: true";
  CHECK(cells.open(skipping).size() == 199);
  for (const char* bad : {"8", "9"}) cells.folder.file("masks/" + std::string(bad) + ".png", "x");
  const Outcome many = cells.problem(skipping);
  CHECK(many.code == Exit::kInput);
  CHECK(many.says("3 of 200"));
}

TEST_CASE("row 41: pictures of 16 bits keep their precision") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.str("i"));
  const std::string row = {0, 1, 1, 0, 3, -1, -1};  // 257, 3 and 65535 of 16 bits
  folder.file("i/one.png", test::png_file({.width = 3, .height = 1, .bits = 16, .rows = row}));
  const DataView view = open_dataset(
      data_map("{format: pairs, channels: 1, scale: 257, train: {images: i}}", folder.str()),
      Split::kTrain, 1);
  for (int repeat = 0; repeat < 2; ++repeat) {
    const std::vector<float> values = sample_of(*view.dataset, 0)[0];
    CHECK(values == std::vector<float>{257, 3, 65535});
  }
}

TEST_CASE("row 41: a palette's indices are a mask's classes and a picture's colours") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.str("i"));
  const Image numbers{1, 3, 1, {2, 0, 1}};
  const std::vector<Colour> palette = {{0, 0, 0}, {10, 20, 30}, {200, 100, 0}};
  write_palette_png(folder.str("i/one.png"), numbers, palette);
  const DataView view = open_dataset(
      data_map("{format: pairs, scale: 1, classes: 3, train: {images: i, masks: i}}", folder.str()),
      Split::kTrain, 1);
  const auto sample = sample_of(*view.dataset, 0);
  CHECK(sample[0] == std::vector<float>{200, 100, 0, 0, 0, 0, 10, 20, 30});
  CHECK(sample[1] == std::vector<float>{2, 0, 1});
}
