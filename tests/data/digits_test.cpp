#include "data/digits.h"

#include <array>
#include <cmath>
#include <vector>

#include "support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

using Pixels = std::array<uint8_t, kDigitPixels>;

Pixels drawn(uint64_t seed, const std::string& stream, int64_t index) {
  Pixels pixels;
  pixels.fill(77);
  CHECK(draw_digit(seed, stream, index, pixels) == digit_class(seed, stream, index));
  return pixels;
}

}  // namespace

TEST_CASE("a digit depends on its seed, stream and number, and on nothing else") {
  const Pixels first = drawn(1, "digits/train", 5);
  drawn(1, "digits/train", 6);
  CHECK(drawn(1, "digits/train", 5) == first);
  CHECK(drawn(2, "digits/train", 5) != first);
  CHECK(drawn(1, "digits/test", 5) != first);
  CHECK(drawn(1, "digits/train", 4) != first);
}

TEST_CASE("digits are light figures on black, inside the picture, of all classes") {
  std::array<int, 10> counts{};
  for (int64_t i = 0; i < 500; ++i) {
    const Pixels pixels = drawn(3, "digits/train", i);
    ++counts[static_cast<size_t>(digit_class(3, "digits/train", i))];
    int bright = 0, dark = 0, border = 0;
    for (int y = 0; y < kDigitSide; ++y) {
      for (int x = 0; x < kDigitSide; ++x) {
        const uint8_t v = pixels[static_cast<size_t>(y * kDigitSide + x)];
        bright += v > 128;
        dark += v < 64;
        const bool at_border = x == 0 || y == 0 || x == kDigitSide - 1 || y == kDigitSide - 1;
        border += at_border && v > 128;
      }
    }
    INFO("digit " << i);
    CHECK(bright >= 15);
    CHECK(bright <= 260);
    CHECK(dark >= 450);
    CHECK(border == 0);
  }
  for (const int count : counts) CHECK(count > 25);
}

TEST_CASE("digits can be told apart by their nearest neighbours, but not too easily") {
  constexpr int64_t kTrain = 1500, kTest = 200;
  std::vector<Pixels> known;
  for (int64_t i = 0; i < kTrain; ++i) known.push_back(drawn(1, "digits/train", i));
  int right = 0;
  for (int64_t i = 0; i < kTest; ++i) {
    const Pixels pixels = drawn(1, "digits/test", i);
    int64_t best = -1, best_distance = INT64_MAX;
    for (int64_t j = 0; j < kTrain; ++j) {
      int64_t distance = 0;
      for (size_t p = 0; p < pixels.size(); ++p) {
        const int d = pixels[p] - known[static_cast<size_t>(j)][p];
        distance += d * d;
      }
      if (distance < best_distance) {
        best_distance = distance;
        best = j;
      }
    }
    right += digit_class(1, "digits/train", best) == digit_class(1, "digits/test", i);
  }
  CHECK(right > 0.75 * kTest);
  CHECK(right < 0.97 * kTest);
}

TEST_CASE("digits that memory does not hold are the same digits") {
  const Node few = data_map("{format: digits, train: 50, mean: 0.1, std: 0.3}", ".");
  const Node many = data_map("{format: digits, train: 70001, mean: 0.1, std: 0.3}", ".");
  const DataView kept = open_dataset(few, Split::kTrain, 1);
  const DataView made = open_dataset(many, Split::kTrain, 1);
  CHECK(made.size() == 70001);
  CHECK(made.dataset->fields()[0].shape == kept.dataset->fields()[0].shape);
  for (int64_t i = 0; i < 50; ++i) {
    CHECK(sample_of(*kept.dataset, i) == sample_of(*made.dataset, i));
  }
}

TEST_CASE("the digits' seed is the data set's own") {
  const auto hash = [](const std::string& map, uint64_t seed) {
    return open_dataset(data_map(map, "."), Split::kTest, seed).hash();
  };
  const std::string first = hash("{format: digits, test: 20}", 1);
  CHECK(hash("{format: digits, test: 20}", 2) == first);
  CHECK(hash("{format: digits, test: 20, seed: 2}", 1) != first);
}

TEST_CASE("digits are scaled, their grey repeated, and black stands around them") {
  const Node plain = data_map("{format: digits, train: 20}", ".");
  const Node large = data_map("{format: digits, train: 20, size: [56, 80], channels: 3}", ".");
  const DataView small = open_dataset(plain, Split::kTrain, 1);
  const DataView scaled = open_dataset(large, Split::kTrain, 1);
  CHECK(scaled.dataset->fields()[0].shape == Shape{3, 56, 80});
  CHECK(scaled.dataset->fingerprint() != small.dataset->fingerprint());
  for (int64_t n = 0; n < 20; ++n) {
    const auto picture = sample_of(*scaled.dataset, n)[0], digit = sample_of(*small.dataset, n)[0];
    const auto at = [&](int64_t y, int64_t x, int64_t c) { return picture[(y * 80 + x) * 3 + c]; };
    double ink = 0, drawn = 0, beside = 0;
    for (int64_t y = 0; y < 56; ++y) {
      for (int64_t x = 0; x < 80; ++x) {
        CHECK(at(y, x, 0) == at(y, x, 1));
        CHECK(at(y, x, 0) == at(y, x, 2));
        (x >= 12 && x < 68 ? ink : beside) += at(y, x, 0);
      }
    }
    for (const float value : digit) drawn += value;
    CHECK(beside == 0);
    CHECK(std::abs(ink - 4 * drawn) < 0.05 * 4 * drawn);  // twice the size in both directions
    CHECK(sample_of(*scaled.dataset, n)[1] == sample_of(*small.dataset, n)[1]);
  }
}

TEST_CASE("masks of digits tell ink from ground") {
  const Node map = data_map("{format: digits, train: 20, size: 64, masks: true, scale: 1}", ".");
  const DataView view = open_dataset(map, Split::kTrain, 1);
  REQUIRE(view.dataset->fields().size() == 3);
  const Field& mask = view.dataset->fields()[2];
  CHECK(mask.name == "mask");
  CHECK(mask.shape == Shape{1, 64, 64});
  CHECK(mask.kind == FieldKind::kClass);
  CHECK(mask.class_names == std::vector<std::string>{"ground", "stroke"});
  for (int64_t n = 0; n < 20; ++n) {
    const auto sample = sample_of(*view.dataset, n);
    int64_t ink = 0;
    for (size_t p = 0; p < sample[0].size(); ++p) {
      CHECK(sample[2][p] == (sample[0][p] >= 128 ? 1.0f : 0.0f));
      ink += sample[2][p] == 1;
    }
    CHECK(ink > 64 * 64 / 50);
    CHECK(ink < 64 * 64 / 2);
  }
}
