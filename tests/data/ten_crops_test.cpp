#include "data/ten_crops.h"

#include "support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

// Two pictures of 1x4x5 whose pixels are numbered, cut to 2x3.
struct Pictures {
  Pictures() {
    std::string bytes;
    for (int i = 0; i < 40; ++i) bytes += static_cast<char>(i);
    folder.file("x", idx_file({2, 4, 5}, bytes));
    folder.file("y", idx_file({2}, {'\1', '\2'}));
  }
  DataView open(const std::string& rest) const {
    return open_dataset(
        data_map("{format: idx, scale: 1, test: {images: x, labels: y}, train: {images: x}, " +
                     rest + "}",
                 folder.str()),
        Split::kTest, 1);
  }
  TemporaryFolder folder;
};

}  // namespace

TEST_CASE("ten crops are the corners and the middle, then the same mirrored") {
  const Pictures pictures;
  const DataView crops = ten_crops(pictures.open("augment: {crop: [2, 3]}"));
  REQUIRE(crops.size() == 20);
  CHECK(crops.dataset->fields()[0].shape == Shape{1, 2, 3});
  const std::vector<std::vector<float>> expected = {
      {0, 1, 2, 5, 6, 7},       {2, 3, 4, 7, 8, 9},       {10, 11, 12, 15, 16, 17},
      {12, 13, 14, 17, 18, 19}, {6, 7, 8, 11, 12, 13},    {2, 1, 0, 7, 6, 5},
      {4, 3, 2, 9, 8, 7},       {12, 11, 10, 17, 16, 15}, {14, 13, 12, 19, 18, 17},
      {8, 7, 6, 13, 12, 11}};
  for (size_t i = 0; i < 10; ++i) {
    CAPTURE(i);
    const auto sample = sample_of(*crops.dataset, static_cast<int64_t>(i));
    CHECK(sample[0] == expected[i]);
    CHECK(sample[1] == std::vector<float>{1});
  }
  CHECK(sample_of(*crops.dataset, 13)[0] == std::vector<float>{32, 33, 34, 37, 38, 39});
  CHECK(sample_of(*crops.dataset, 13)[1] == std::vector<float>{2});
}

TEST_CASE("ten crops of padded pictures reach into the padding") {
  const Pictures pictures;
  const DataView crops = ten_crops(pictures.open("augment: {crop: [2, 3], pad: 1}"));
  CHECK(sample_of(*crops.dataset, 0)[0] == std::vector<float>{0, 0, 0, 0, 0, 1});
  CHECK(sample_of(*crops.dataset, 4)[0] == std::vector<float>{6, 7, 8, 11, 12, 13});
}

TEST_CASE("pictures that are not cut have no ten crops") {
  const Pictures pictures;
  for (const char* rest : {"shuffle: false", "augment: {flip: true}", "patches: 2"}) {
    const Outcome found = outcome([&] { ten_crops(pictures.open(rest)); });
    CHECK(found.code == Exit::kUsage);
    CHECK(found.says("augment: {crop: SIDE}"));
  }
}

TEST_CASE("mirroring swaps left and right of all channels") {
  std::vector<float> picture = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  mirror(picture.data(), 2, 3, 2);
  CHECK(picture == std::vector<float>{5, 6, 3, 4, 1, 2, 11, 12, 9, 10, 7, 8});
}
