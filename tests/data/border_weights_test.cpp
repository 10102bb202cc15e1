#include "data/border_weights.h"

#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "data/dataset.h"
#include "support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

// Two objects, 5 columns apart, in one row.
const std::vector<float> kTwo = {1, 1, 0, 0, 0, 0, 1, 1};

std::vector<float> weights_of(const std::vector<float>& mask, int64_t height,
                              const BorderWeights& options, std::optional<int64_t> ignore = {}) {
  std::vector<float> out(mask.size());
  border_weights(mask, height, static_cast<int64_t>(mask.size()) / height, options, ignore, out);
  return out;
}

}  // namespace

TEST_CASE("border weights follow U-Net's formula") {
  const std::vector<float> weights =
      weights_of(kTwo, 1, {.w0 = 10, .sigma = 2, .background = 0, .balance = false});
  // Every pixel of the gap is 1 + 4, 2 + 3 ... = 5 from the two objects.
  for (size_t i = 2; i < 6; ++i) {
    CHECK(static_cast<double>(weights[i]) == Approx(1 + 10 * std::exp(-25.0 / 8)));
  }
  CHECK(weights[0] == 1);
  CHECK(weights[7] == 1);
}

TEST_CASE("border weights balance the classes and leave ignored pixels out") {
  const BorderWeights options{.w0 = 0, .sigma = 5, .background = 0, .balance = true};
  CHECK(weights_of({1, 0, 0, 0}, 1, options) ==
        std::vector<float>{2, 4.0f / 6, 4.0f / 6, 4.0f / 6});
  CHECK(weights_of({1, 0, 9, 9}, 1, options, 9) == std::vector<float>{1, 1, 0, 0});
  CHECK(weights_of({9, 9}, 1, options, 9) == std::vector<float>{0, 0});
}

TEST_CASE("row 48: masks of one class have finite border weights") {
  for (const float value : {0.0f, 1.0f}) {
    for (const float weight : weights_of(std::vector<float>(12, value), 3, {})) {
      CHECK(std::isfinite(weight));
    }
  }
}

TEST_CASE("border weights agree with distances by brute force") {
  constexpr int64_t kHeight = 13, kWidth = 17;
  constexpr double kSigma = 1.5;
  std::vector<float> mask(kHeight * kWidth, 0);
  // Squares at random places; touching ones are one object, so their centres are kept apart.
  const std::vector<std::pair<int64_t, int64_t>> corners = {
      {0, 0}, {1, 6}, {5, 2}, {6, 9}, {9, 14}};
  for (const auto& [top, left] : corners) {
    for (int64_t y = top; y < top + 3; ++y) {
      for (int64_t x = left; x < left + 3; ++x) mask[static_cast<size_t>(y * kWidth + x)] = 1;
    }
  }
  const std::vector<float> weights =
      weights_of(mask, kHeight, {.w0 = 7, .sigma = kSigma, .background = 0, .balance = false});
  for (int64_t y = 0; y < kHeight; ++y) {
    for (int64_t x = 0; x < kWidth; ++x) {
      std::vector<double> distances;
      for (const auto& [top, left] : corners) {
        const int64_t dy = std::max<int64_t>({top - y, 0, y - top - 2});
        const int64_t dx = std::max<int64_t>({left - x, 0, x - left - 2});
        distances.push_back(std::sqrt(static_cast<double>(dy * dy + dx * dx)));
      }
      std::sort(distances.begin(), distances.end());
      const double sum = distances[0] + distances[1];
      const auto p = static_cast<size_t>(y * kWidth + x);
      const double gap = mask[p] == 0 ? 7 * std::exp(-sum * sum / (2 * kSigma * kSigma)) : 0;
      CHECK(static_cast<double>(weights[p]) == Approx(1 + gap).margin(7.0 / 2980));
    }
  }
}

TEST_CASE("objects are regions of one class that edges join") {
  // By corners alone: two objects. Without a gap between them nothing is background.
  const BorderWeights options{.w0 = 10, .sigma = 5, .background = 0, .balance = false};
  const std::vector<float> weights = weights_of({1, 0, 0, 1}, 2, options);
  CHECK(static_cast<double>(weights[1]) == Approx(1 + 10 * std::exp(-4.0 / 50)));
  // Two classes side by side are two objects.
  const std::vector<float> classes = weights_of({1, 2, 0}, 1, options);
  CHECK(static_cast<double>(classes[2]) == Approx(1 + 10 * std::exp(-9.0 / 50)));
}

TEST_CASE("a data map offers border weights as a field that moves with the mask") {
  const TemporaryFolder folder;
  const std::string bytes(kTwo.begin(), kTwo.end());
  folder.file("x", idx_file({1, 1, 8}, bytes));
  const std::string map =
      "{format: idx, scale: 1, train: {images: x, labels: x}, "
      "border_weights: {w0: 10, sigma: 2, balance: false}, augment: {flip: true}}";
  const DataView view = open_dataset(data_map(map, folder.str()), Split::kTrain, 1);
  const Dataset& dataset = *view.dataset;
  REQUIRE(dataset.fields().size() == 3);
  CHECK(dataset.fields()[2].name == "border");
  CHECK(dataset.fields()[2].shape == Shape{1, 1, 8});
  CHECK(sample_of(dataset, 0)[2][3] == Approx(1 + 10 * std::exp(-25.0f / 8)));
  CHECK(sample_of(dataset, 0)[2] == sample_of(dataset, 0)[2]);
  CHECK(dataset.memory_bytes() == 8 * sizeof(float));
  const Outcome none = outcome([&] {
    open_dataset(data_map("{format: idx, train: {images: x}, border_weights: {}}", folder.str()),
                 Split::kTrain, 1);
  });
  CHECK(none.says("needs masks"));
}
