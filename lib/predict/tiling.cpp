#include "predict/tiling.h"

#include <algorithm>
#include <vector>

#include "base/error.h"

namespace cnn {
namespace {

// Where `position` is in a line that is mirrored at its outermost pixels.
int64_t reflected(int64_t position, int64_t size) {
  if (size == 1) return 0;
  const int64_t period = 2 * (size - 1);
  position = (position % period + period) % period;
  return position < size ? position : period - position;
}

// The windows along one axis. Window k yields the pixels from k * step on.
struct Axis {
  Axis(int64_t size, int64_t input, int64_t output, const Tiling& tiling) : picture(size) {
    CNN_ASSERT(output >= 1 && output <= input && tiling.stride >= 1 && tiling.margin >= 0);
    lead = (input - output) / 2;
    if (size <= output) {  // one window
      step = output;
      count = 1;
      return;
    }
    const int64_t stride = tiling.stride;
    margin = (tiling.margin + stride - 1) / stride * stride;
    margin = std::min(margin, (output - 1) / 2 / stride * stride);
    const int64_t most = output - 2 * margin;
    step = most >= stride ? most / stride * stride : most;
    lead += margin;
    count = (size + step - 1) / step;
  }
  int64_t first_input(int64_t k) const { return k * step - lead; }
  int64_t pixels(int64_t k) const { return std::min(step, picture - k * step); }

  int64_t picture, margin = 0, step = 0, lead = 0, count = 0;
};

void copy_window(const FloatImage& picture, int64_t top, int64_t left, const Shape& size,
                 float* to) {
  for (int64_t y = 0; y < size.height(); ++y) {
    const float* row = picture.row(reflected(top + y, picture.height));
    for (int64_t x = 0; x < size.width(); ++x, to += picture.channels) {
      const int64_t column = reflected(left + x, picture.width);
      std::copy_n(row + column * picture.channels, picture.channels, to);
    }
  }
}

}  // namespace

FloatImage run_tiles(const FloatImage& picture, const Tiling& tiling, const RunWindows& run) {
  const Shape &input = tiling.input, &output = tiling.output;
  CNN_ASSERT(picture.channels == input.channels());
  const Axis rows(picture.height, input.height(), output.height(), tiling);
  const Axis columns(picture.width, input.width(), output.width(), tiling);
  const int64_t channels = output.channels();
  FloatImage result{picture.height, picture.width, channels, {}};
  result.values.resize(static_cast<size_t>(picture.height * picture.width * channels));
  std::vector<float> windows(static_cast<size_t>(tiling.batch * input.count()));
  const int64_t all = rows.count * columns.count;
  for (int64_t first = 0; first < all; first += tiling.batch) {
    const int64_t n = std::min(tiling.batch, all - first);
    for (int64_t i = 0; i < n; ++i) {
      const int64_t row = (first + i) / columns.count, column = (first + i) % columns.count;
      copy_window(picture, rows.first_input(row), columns.first_input(column), input,
                  windows.data() + i * input.count());
    }
    const float* outputs = run(windows.data(), n);
    for (int64_t i = 0; i < n; ++i, outputs += output.count()) {
      const int64_t row = (first + i) / columns.count, column = (first + i) % columns.count;
      for (int64_t y = 0; y < rows.pixels(row); ++y) {
        const float* from =
            outputs + ((rows.margin + y) * output.width() + columns.margin) * channels;
        float* to = result.values.data() +
                    ((row * rows.step + y) * picture.width + column * columns.step) * channels;
        std::copy_n(from, columns.pixels(column) * channels, to);
      }
    }
  }
  return result;
}

}  // namespace cnn
