#include "data/geometry.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace cnn {
namespace {

// A B, row by row.
std::array<double, 4> product(const std::array<double, 4>& a, const std::array<double, 4>& b) {
  return {a[0] * b[0] + a[1] * b[2], a[0] * b[1] + a[1] * b[3], a[2] * b[0] + a[3] * b[2],
          a[2] * b[1] + a[3] * b[3]};
}

// Where `position` of an axis is in a picture that is mirrored at its outermost pixels.
int64_t reflected(int64_t position, int64_t size) {
  if (position >= 0 && position < size) return position;
  if (size == 1) return 0;
  const int64_t period = 2 * (size - 1);
  position = (position % period + period) % period;
  return position < size ? position : period - position;
}

// Catmull-Rom: the weights of the points at -1, 0, 1, 2 for a position between 0 and 1.
std::array<float, 4> cubic_weights(float t) {
  const float t2 = t * t, t3 = t2 * t;
  return {(-t3 + 2 * t2 - t) / 2, (3 * t3 - 5 * t2 + 2) / 2, (-3 * t3 + 4 * t2 + t) / 2,
          (t3 - t2) / 2};
}

// For one axis: the first of four grid points (repeated at the ends) and their weights.
struct CubicTap {
  std::array<int64_t, 4> points;
  std::array<float, 4> weights;
};
CubicTap cubic_tap(int64_t pixel, int64_t pixels, int64_t grid) {
  const double at = pixels == 1 ? 0
                                : static_cast<double>(pixel) * static_cast<double>(grid - 1) /
                                      static_cast<double>(pixels - 1);
  const int64_t cell = std::min(static_cast<int64_t>(at), grid - 2);
  CubicTap tap{{}, cubic_weights(static_cast<float>(at - static_cast<double>(cell)))};
  for (int64_t i = 0; i < 4; ++i) {
    tap.points[static_cast<size_t>(i)] = std::clamp<int64_t>(cell - 1 + i, 0, grid - 1);
  }
  return tap;
}

}  // namespace

void Warp::turn(const std::array<double, 4>& by) { linear = product(linear, by); }

bool Warp::is_plain() const {
  return linear == std::array<double, 4>{1, 0, 0, 1} && down == 0 && right == 0;
}

Geometry::Geometry(PictureSize picture, PictureSize window, WindowPlace place)
    : picture_(picture), window_(window), place_(place) {}

void Geometry::draw(const GeometryOptions& options, RandomSequence& random, const Warp& warp) {
  const bool mirrors = options.flip == Flip::kHorizontal || options.flip == Flip::kBoth;
  const bool overturns = options.flip == Flip::kVertical || options.flip == Flip::kBoth;
  if (random.below(2) == 1 && mirrors) linear_ = product(linear_, {1, 0, 0, -1});
  if (overturns && random.below(2) == 1) linear_ = product(linear_, {-1, 0, 0, 1});
  if (options.quarter_turns) {
    for (uint64_t turns = random.below(4); turns > 0; --turns) {
      linear_ = product(linear_, {0, 1, -1, 0});
    }
  }
  if (options.rotate > 0) {
    const double angle =
        options.rotate * (2 * static_cast<double>(random.uniform()) - 1) * std::numbers::pi / 180;
    linear_ =
        product(linear_, {std::cos(angle), std::sin(angle), -std::sin(angle), std::cos(angle)});
  }
  if (options.scale.is_set()) {
    const double spread = options.scale.high - options.scale.low;
    const double factor = options.scale.low + spread * static_cast<double>(random.uniform());
    for (double& a : linear_) a /= factor;
  }
  if (options.shift > 0) {
    shift_y_ = options.shift * (2 * static_cast<double>(random.uniform()) - 1);
    shift_x_ = options.shift * (2 * static_cast<double>(random.uniform()) - 1);
  }
  if (options.elastic.is_set()) {
    grid_ = options.elastic.grid;
    bend_.resize(static_cast<size_t>(2 * grid_ * grid_));
    for (float& d : bend_) d = static_cast<float>(options.elastic.sigma) * random.normal();
  }
  linear_ = product(linear_, warp.linear);
  shift_y_ += warp.down;
  shift_x_ += warp.right;
  is_exact_ = !options.warps() && warp.is_plain();
  const std::array<double, 4> plain = {1, 0, 0, 1};
  if (!is_exact_ || linear_ != plain) locate();
}

void Geometry::locate() {
  const auto half = [](int64_t n) { return static_cast<double>(n - 1) / 2; };
  const double middle_y = static_cast<double>(place_.top) + half(window_.height) + shift_y_;
  const double middle_x = static_cast<double>(place_.left) + half(window_.width) + shift_x_;
  positions_.resize(static_cast<size_t>(2 * window_.height * window_.width));
  std::vector<CubicTap> taps;
  for (int64_t x = 0; x < window_.width && grid_ > 0; ++x) {
    taps.push_back(cubic_tap(x, window_.width, grid_));
  }
  std::vector<float> row(static_cast<size_t>(2 * grid_));  // of the bend, at this y
  float* to = positions_.data();
  for (int64_t y = 0; y < window_.height; ++y) {
    if (grid_ > 0) {
      const CubicTap tap = cubic_tap(y, window_.height, grid_);
      std::fill(row.begin(), row.end(), 0.0f);
      for (size_t i = 0; i < 4; ++i) {
        const float* points = bend_.data() + 2 * grid_ * tap.points[i];
        for (size_t j = 0; j < row.size(); ++j) row[j] += tap.weights[i] * points[j];
      }
    }
    const double py = static_cast<double>(y) - half(window_.height);
    for (int64_t x = 0; x < window_.width; ++x, to += 2) {
      const double px = static_cast<double>(x) - half(window_.width);
      to[0] = static_cast<float>(middle_y + linear_[0] * py + linear_[1] * px);
      to[1] = static_cast<float>(middle_x + linear_[2] * py + linear_[3] * px);
      if (grid_ == 0) continue;
      const CubicTap& tap = taps[static_cast<size_t>(x)];
      for (size_t i = 0; i < 4; ++i) {
        to[0] += tap.weights[i] * row[static_cast<size_t>(2 * tap.points[i])];
        to[1] += tap.weights[i] * row[static_cast<size_t>(2 * tap.points[i] + 1)];
      }
    }
  }
}

PictureMap Geometry::to_window() const {
  CNN_ASSERT(grid_ == 0);
  const auto [a, b, c, d] = linear_;
  const double determinant = a * d - b * c;
  PictureMap map{{d / determinant, -b / determinant, -c / determinant, a / determinant}};
  const auto half = [](int64_t n) { return static_cast<double>(n) / 2; };
  double middle_y = static_cast<double>(place_.top) + half(window_.height) + shift_y_;
  double middle_x = static_cast<double>(place_.left) + half(window_.width) + shift_x_;
  if (is_exact_) {
    // Where a turned window's pixels lie half way between the picture's, the next ones are copied.
    const auto to_next = [](double edge) { return std::floor(edge + 0.5) - edge; };
    middle_y += to_next(middle_y - a * half(window_.height) - b * half(window_.width));
    middle_x += to_next(middle_x - c * half(window_.height) - d * half(window_.width));
  }
  map.down = half(window_.height) - map.linear[0] * middle_y - map.linear[1] * middle_x;
  map.right = half(window_.width) - map.linear[2] * middle_y - map.linear[3] * middle_x;
  return map;
}

namespace {

// The pixels of one field, and what lies around them.
struct FieldPixels {
  const float* values;
  int64_t height, width, channels;
  const float* fill;  // null: reflected

  const float* at(int64_t y, int64_t x) const {
    const bool is_inside = y >= 0 && y < height && x >= 0 && x < width;
    if (!is_inside && fill != nullptr) return fill;
    if (!is_inside) y = reflected(y, height), x = reflected(x, width);
    return values + (y * width + x) * channels;
  }
};

void copy_window(const FieldPixels& source, const WindowPlace& place, const PictureSize& window,
                 float* to) {
  for (int64_t y = place.top; y < place.top + window.height; ++y) {
    const bool has_row = source.fill == nullptr || (y >= 0 && y < source.height);
    const int64_t right = place.left + window.width;
    for (int64_t x = place.left, run = 1; x < right; x += run) {
      const bool is_inside = has_row && x >= 0 && x < source.width;
      run = is_inside ? std::min(right, source.width) - x : 1;
      to = std::copy_n(source.at(y, x), run * source.channels, to);
    }
  }
}

void sample_nearest(const FieldPixels& source, const std::vector<float>& positions, float* to) {
  for (size_t p = 0; p < positions.size(); p += 2, to += source.channels) {
    const auto y = static_cast<int64_t>(std::floor(positions[p] + 0.5f));
    const auto x = static_cast<int64_t>(std::floor(positions[p + 1] + 0.5f));
    std::copy_n(source.at(y, x), source.channels, to);
  }
}

void sample_bilinear(const FieldPixels& source, const std::vector<float>& positions, float* to) {
  const int64_t channels = source.channels, row = source.width * channels;
  for (size_t p = 0; p < positions.size(); p += 2, to += channels) {
    const float fy = std::floor(positions[p]), fx = std::floor(positions[p + 1]);
    const float ty = positions[p] - fy, tx = positions[p + 1] - fx;
    const auto y = static_cast<int64_t>(fy), x = static_cast<int64_t>(fx);
    const bool is_inside = y >= 0 && y + 1 < source.height && x >= 0 && x + 1 < source.width;
    const float* a = is_inside ? source.values + y * row + x * channels : source.at(y, x);
    const float* b = is_inside ? a + channels : source.at(y, x + 1);
    const float* c = is_inside ? a + row : source.at(y + 1, x);
    const float* d = is_inside ? c + channels : source.at(y + 1, x + 1);
    for (int64_t k = 0; k < channels; ++k) {
      const float upper = a[k] + tx * (b[k] - a[k]);
      const float lower = c[k] + tx * (d[k] - c[k]);
      to[k] = upper + ty * (lower - upper);
    }
  }
}

}  // namespace

void Geometry::sample(const float* from, int64_t channels, Sampling sampling, const float* fill,
                      float* to) const {
  const FieldPixels source{from, picture_.height, picture_.width, channels, fill};
  if (positions_.empty()) {
    copy_window(source, place_, window_, to);
  } else if (is_exact_ || sampling == Sampling::kNearest) {
    sample_nearest(source, positions_, to);
  } else {
    sample_bilinear(source, positions_, to);
  }
}

}  // namespace cnn
