#include "data/rand_augment.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

using Operation = RandAugmentDraw::Operation;

// What an operation makes of a picture of these levels (0 to 255), channels last.
std::vector<double> changed(Operation operation, double m, const Shape& shape,
                            std::vector<double> levels, const Normalization& normalization = {}) {
  std::vector<float> values;
  const bool is_negative = normalization.scale < 0;
  for (size_t i = 0; i < levels.size(); ++i) {
    const auto c = static_cast<int64_t>(i) % shape.channels();
    values.push_back(
        static_cast<float>(normalization.done(is_negative ? 255 - levels[i] : levels[i], c)));
  }
  RandAugmentDraw(operation, m).change(normalization, shape, values.data());
  for (size_t i = 0; i < levels.size(); ++i) {
    const auto c = static_cast<int64_t>(i) % shape.channels();
    const double raw = normalization.undone(static_cast<double>(values[i]), c);
    levels[i] = is_negative ? 255 - raw : raw;
  }
  return levels;
}

const Normalization kBytes{1.0 / 255, {0}, {1}};
const Normalization kUsual{1.0 / 255, {0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}};
const Normalization kNegative = Normalization{1.0 / 255, {0.4}, {0.3}}.of_negatives(1);

void check_levels(const std::vector<double>& found, const std::vector<double>& expected) {
  REQUIRE(found.size() == expected.size());
  for (size_t i = 0; i < found.size(); ++i) CHECK(found[i] == Approx(expected[i]).margin(0.02));
}

TEST_CASE("RandAugment changes brightness, contrast and colour by factors") {
  const Shape one{1, 1, 4};
  const std::vector<double> grey = {0, 50, 100, 250};
  for (const Normalization& n : {kBytes, Normalization{1.0 / 255, {0.5}, {0.2}}, kNegative}) {
    check_levels(changed(Operation::kBrightness, 1, one, grey, n), {0, 95, 190, 255});
    check_levels(changed(Operation::kBrightness, -0.5, one, grey, n), {0, 27.5, 55, 137.5});
    check_levels(changed(Operation::kContrast, -1, one, grey, n), {90, 95, 100, 115});  // mean 100
    check_levels(changed(Operation::kColour, 1, one, grey, n), grey);  // there is none
  }
  // Red of 0.299 its brightness.
  check_levels(changed(Operation::kColour, -1, {3, 1, 1}, {200, 0, 0}, kUsual),
               {59.8 + 0.1 * 140.2, 59.8 * 0.9, 59.8 * 0.9});
}

TEST_CASE("RandAugment sharpens around the smoothed picture, whose edge stays") {
  const std::vector<double> spot = {10, 10, 10, 10, 140, 10, 10, 10, 10};
  const double smooth = (8 * 10 + 5 * 140) / 13.0;
  std::vector<double> expected = spot;
  expected[4] = smooth + 0.1 * (140 - smooth);
  check_levels(changed(Operation::kSharpness, -1, {1, 3, 3}, spot, kBytes), expected);
}

TEST_CASE("RandAugment posterizes, solarizes, stretches and equalizes") {
  const Shape one{1, 1, 4};
  check_levels(changed(Operation::kPosterize, 1, one, {15, 16, 200, 255}, kBytes),
               {0, 16, 192, 240});
  check_levels(changed(Operation::kPosterize, 0, one, {15, 16, 200, 255}, kBytes),
               {15, 16, 200, 255});
  check_levels(changed(Operation::kSolarize, 0.5, one, {15, 127, 128, 255}, kBytes),
               {15, 127, 127, 0});
  check_levels(changed(Operation::kSolarize, -0.5, one, {15, 127, 128, 255}, kBytes),
               {15, 127, 127, 0});
  check_levels(changed(Operation::kAutocontrast, 0.5, one, {50, 50, 75, 150}, kBytes),
               {0, 0, 63.75, 255});
  check_levels(changed(Operation::kAutocontrast, 0.5, one, {9, 9, 9, 9}, kUsual), {9, 9, 9, 9});
  // 510 pixels below the brightest: a step of 2, so that the levels 10 and 20 go to 0 and 127.
  std::vector<double> many(255, 10), expected(255, 0);
  many.insert(many.end(), 255, 20);
  expected.insert(expected.end(), 255, 128);
  many.push_back(30);
  expected.push_back(255);
  check_levels(changed(Operation::kEqualize, 0.5, {1, 1, 511}, many, kBytes), expected);
  check_levels(changed(Operation::kEqualize, 0.5, one, {1, 2, 3, 4}, kBytes), {1, 2, 3, 4});
}

TEST_CASE(
    "RandAugment of every operation, without strength too, leaves values finite and in range") {
  for (int i = 0; i < RandAugmentDraw::kOperations; ++i) {
    for (const double m : {-1.0, 0.0, 0.5, 1.0}) {
      for (const std::vector<double>& levels : {std::vector<double>{0, 0, 0, 0, 0, 0},
                                                {255, 255, 255, 255, 255, 255},
                                                {0, 255, 3, 77, 200, 128}}) {
        for (const double x : changed(static_cast<Operation>(i), m, {3, 1, 2}, levels, kUsual)) {
          CHECK((x > -0.01 && x < 255.01));
        }
      }
    }
  }
}

TEST_CASE("RandAugment moves pixels by the window's size") {
  const PictureSize window{100, 200};
  CHECK(RandAugmentDraw(Operation::kEqualize, 1).warp(window).is_plain());
  const Warp right = RandAugmentDraw(Operation::kTranslateX, 1).warp(window);
  CHECK(right.right == Approx(200 * 150.0 / 331));
  CHECK(right.down == 0);
  const Warp down = RandAugmentDraw(Operation::kTranslateY, -0.5).warp(window);
  CHECK(down.down == Approx(-50 * 150.0 / 331));
  const Warp turned = RandAugmentDraw(Operation::kRotate, 1).warp(window);
  CHECK(turned.linear[0] == Approx(std::cos(0.5235987756)));
  const Warp sheared = RandAugmentDraw(Operation::kShearX, -1).warp(window);
  CHECK(sheared.linear == std::array<double, 4>{1, 0, -0.3, 1});
}

TEST_CASE("RandAugment draws every operation, anew for each sample and epoch") {
  const TemporaryFolder folder;
  std::string bytes;
  for (int i = 0; i < 20 * 64; ++i) bytes += static_cast<char>(i * 37 % 251);
  folder.file("x", idx_file({20, 8, 8}, bytes));
  folder.file("y", idx_file({20}, std::string(20, '\1')));
  const auto open = [&](const std::string& augment) {
    return DataSource(
               data_map("{format: idx, train: {images: x, labels: y}, augment: " + augment + "}",
                        folder.str()),
               1)
        .open(Split::kTrain);
  };
  const DataView view = open("{rand_augment: 9}");
  const auto drawn = [&](const DataView& of, int64_t index, uint64_t epoch) {
    std::vector<float> picture(64), label(1);
    std::vector<float*> out = {picture.data(), label.data()};
    of.dataset->read_drawn(index, {1, epoch}, out);
    return picture;
  };
  std::set<std::vector<float>> seen;
  for (uint64_t epoch = 0; epoch < 40; ++epoch) seen.insert(drawn(view, 3, epoch));
  CHECK(seen.size() > 25);  // identity and idle operations come twice in a while
  CHECK(drawn(view, 3, 5) == drawn(view, 3, 5));
  CHECK(drawn(open("{rand_augment: {magnitude: 9, operations: 2}}"), 3, 5) == drawn(view, 3, 5));
  CHECK(drawn(open("{rand_augment: {magnitude: 9, operations: 3}}"), 3, 5) != drawn(view, 3, 5));
  // What testing reads is left alone.
  std::vector<float> plain(64), label(1);
  std::vector<float*> out = {plain.data(), label.data()};
  view.dataset->read(3, out);
  CHECK(plain[0] == Approx(static_cast<double>(static_cast<uint8_t>(bytes[3 * 64])) / 255));
}

TEST_CASE("mistakes in RandAugment are named") {
  const TemporaryFolder folder;
  folder.file("x", idx_file({4, 5, 3, 4}, std::string(240, '\7')));
  folder.file("y", idx_file({4}, std::string(4, '\1')));
  const auto problem = [&](const std::string& augment) {
    return outcome([&] {
      DataSource(data_map("{format: idx, train: {images: x, labels: y}, augment: " + augment + "}",
                          folder.str()),
                 1)
          .open(Split::kTrain);
    });
  };
  CHECK(problem("{rand_augment: 9}").says("is for 1 to 4 channels"));
  CHECK(problem("{rand_augment: 31}").says("rand_augment"));
  CHECK(problem("{rand_augment: {magnitude: 3, operations: 0}}").says("operations"));
}

}  // namespace
