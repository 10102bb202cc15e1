// Overlap tiles: every pixel of any picture exactly once, from windows at the same phase.
#include "predict/tiling.h"

#include <algorithm>

#include "support/catch.h"

namespace cnn {
namespace {

FloatImage numbered(int64_t height, int64_t width, int64_t channels) {
  FloatImage image{height, width, channels, {}};
  for (int64_t i = 0; i < height * width * channels; ++i) {
    image.values.push_back(static_cast<float>(i));
  }
  return image;
}

// A network that copies its input, or the middle of it.
RunWindows copies(const Shape& input, const Shape& output, std::vector<float>& memory) {
  return [&memory, input, output](const float* windows, int64_t n) -> const float* {
    memory.clear();
    const int64_t top = (input.height() - output.height()) / 2;
    const int64_t left = (input.width() - output.width()) / 2;
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t y = 0; y < output.height(); ++y) {
        const float* row =
            windows + i * input.count() + ((top + y) * input.width() + left) * input.channels();
        memory.insert(memory.end(), row, row + output.width() * output.channels());
      }
    }
    return memory.data();
  };
}

// A box filter of radius r whose windows end in zeros, as padded convolutions do.
RunWindows box_filter(const Shape& shape, int64_t r, std::vector<float>& memory) {
  return [&memory, shape, r](const float* windows, int64_t n) -> const float* {
    memory.assign(static_cast<size_t>(n * shape.count()), 0);
    const int64_t height = shape.height(), width = shape.width();
    for (int64_t p = 0; p < n * height * width; ++p) {
      const int64_t i = p / (height * width), y = p / width % height, x = p % width;
      for (int64_t v = std::max<int64_t>(y - r, 0); v <= std::min(y + r, height - 1); ++v) {
        for (int64_t u = std::max<int64_t>(x - r, 0); u <= std::min(x + r, width - 1); ++u) {
          memory[static_cast<size_t>(p)] += windows[(i * height + v) * width + u];
        }
      }
    }
    return memory.data();
  };
}

}  // namespace

TEST_CASE("tiles put a picture of any size together again") {
  std::vector<float> memory;
  for (const auto& [height, width] :
       {std::pair<int64_t, int64_t>{8, 8}, {9, 8}, {3, 20}, {1, 1}, {17, 31}}) {
    for (const int64_t margin : {0, 1, 2, 9}) {
      for (const int64_t stride : {1, 4}) {
        for (const int64_t lost : {0, 2}) {
          CAPTURE(height, width, margin, stride, lost);
          const FloatImage picture = numbered(height, width, 2);
          const Shape input = {2, 8 + lost, 8 + lost}, output = {2, 8, 8};
          const FloatImage result =
              run_tiles(picture, {input, output, stride, margin, 3}, copies(input, output, memory));
          CHECK(result.height == height);
          CHECK(result.width == width);
          CHECK(result.values == picture.values);
        }
      }
    }
  }
}

TEST_CASE("where the margin covers the receptive field, the tiling does not matter") {
  std::vector<float> memory;
  const FloatImage picture = numbered(37, 29, 1);
  const auto run = [&](int64_t side, int64_t margin, int64_t batch) {
    const Shape shape = {1, side, side};
    return run_tiles(picture, {shape, shape, 4, margin, batch}, box_filter(shape, 2, memory))
        .values;
  };
  const std::vector<float> whole = run(12, 2, 1);
  CHECK(run(12, 2, 5) == whole);
  CHECK(run(12, 4, 2) == whole);  // rounded up to 4 in both
  CHECK(run(20, 2, 1) == whole);
  CHECK(run(28, 7, 3) == whole);
  CHECK(run(12, 0, 1) != whole);  // the windows' own borders show
}

TEST_CASE("windows begin at multiples of the stride") {
  std::vector<float> memory;
  const FloatImage picture = numbered(40, 40, 1);
  const Shape shape = {1, 16, 16};
  // Every output is the number of its column within the window.
  const RunWindows phase = [&](const float*, int64_t n) -> const float* {
    memory.clear();
    for (int64_t i = 0; i < n * 256; ++i) memory.push_back(static_cast<float>(i % 16));
    return memory.data();
  };
  const FloatImage result = run_tiles(picture, {shape, shape, 4, 3, 2}, phase);
  for (int64_t x = 0; x < 40; ++x) {
    // The margin of 3 is rounded up to 4, which leaves a step of 8.
    CHECK(result.values[static_cast<size_t>(x)] == static_cast<float>(x % 8 + 4));
  }
}

}  // namespace cnn
