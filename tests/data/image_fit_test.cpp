#include "data/image_fit.h"

#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "support/catch.h"

using namespace cnn;

namespace {

// A pixel of the result as the definition has it: the mean of all pixels, each weighted by its
// distance from the result's middle down and across, in double.
double fitted(const FloatImage& image, int64_t height, int64_t width, int64_t y, int64_t x,
              int64_t c) {
  const double scale = std::min(static_cast<double>(image.height) / static_cast<double>(height),
                                static_cast<double>(image.width) / static_cast<double>(width));
  const auto middle = [&](int64_t i, int64_t inputs, int64_t outputs) {
    const double begin = (static_cast<double>(inputs) - scale * static_cast<double>(outputs)) / 2;
    return begin + (static_cast<double>(i) + 0.5) * scale - 0.5;
  };
  const auto weight = [&](double distance) {
    return std::max(0.0, 1 - std::abs(distance) / std::max(1.0, scale));
  };
  double sum = 0, weights = 0;
  for (int64_t v = 0; v < image.height; ++v) {
    for (int64_t u = 0; u < image.width; ++u) {
      const double w = weight(static_cast<double>(v) - middle(y, image.height, height)) *
                       weight(static_cast<double>(u) - middle(x, image.width, width));
      sum += w * static_cast<double>(image.row(v)[u * image.channels + c]);
      weights += w;
    }
  }
  return sum / weights;
}

}  // namespace

TEST_CASE("scaled pictures are the weighted means of the pixels beneath") {
  RandomSequence random(Rng(7, "pictures"));
  for (int i = 0; i < 60; ++i) {
    const auto side = [&] { return static_cast<int64_t>(1 + random.below(24)); };
    FloatImage image{side(), side(), i % 3 == 0 ? 1 : i % 3 == 1 ? 3 : 4, {}};
    Image bytes{image.height, image.width, image.channels, {}};
    for (int64_t p = 0; p < image.height * image.width * image.channels; ++p) {
      bytes.values.push_back(static_cast<uint8_t>(random.below(256)));
      image.values.push_back(static_cast<float>(bytes.values.back()));
    }
    const int64_t height = side(), width = side();
    INFO(image.height << "x" << image.width << "x" << image.channels << " to " << height << "x"
                      << width);
    const FloatImage fit = fit_image(image, height, width);
    const Image fit_bytes = fit_image(bytes, height, width);
    REQUIRE(fit.values.size() == static_cast<size_t>(height * width * image.channels));
    REQUIRE(fit_bytes.values.size() == fit.values.size());
    double error = 0, byte_error = 0;
    for (int64_t p = 0; p < height * width * image.channels; ++p) {
      const int64_t c = p % image.channels, x = p / image.channels % width;
      const int64_t y = p / image.channels / width;
      const double expected = fitted(image, height, width, y, x, c);
      const auto at = static_cast<size_t>(p);
      error = std::max(error, std::abs(static_cast<double>(fit.values[at]) - expected));
      byte_error = std::max(byte_error, std::abs(fit_bytes.values[at] - expected));
    }
    CHECK(error < 1e-3);
    CHECK(byte_error < 0.5 + 1e-3);
  }
}
