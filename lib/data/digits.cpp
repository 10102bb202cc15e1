#include "data/digits.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "base/rng.h"
#include "data/digit_strokes.h"

namespace cnn {
namespace {

constexpr int kClasses = 10;
constexpr float kTurn = 2 * std::numbers::pi_v<float>;

struct Point {
  float x = 0;
  float y = 0;
};

// A sampled point of the pen's path; `lifted` where the pen came down anew.
struct PathPoint {
  Point at;
  float radius = 1;
  bool lifted = false;
};

// The hand of one sample: everything about it that is drawn by lot.
class Hand {
 public:
  explicit Hand(RandomSequence& random) : random_(random) {
    jitter_ = random.uniform(0.008f, 0.038f);
    for (Wave& w : waves_) {
      w.frequency = {random.uniform(-0.8f, 0.8f), random.uniform(-0.8f, 0.8f)};
      w.phase = random.uniform(0, kTurn);
      w.amplitude = {0.034f * random.normal(), 0.034f * random.normal()};
    }
    const float angle = 0.12f * bounded_normal();
    const float slant = 0.1f + 0.2f * bounded_normal();
    const float stretch = std::exp(0.14f * bounded_normal());
    // Rotation times shear times stretch.
    const float c = std::cos(angle), s = std::sin(angle);
    matrix_ = {c * stretch, -c * slant - s, s * stretch, c - s * slant};
  }

  // Writers miss the ideal points; the ends of strokes most.
  Point place(const PenPoint& p, float width, bool is_end) {
    const float spread = is_end ? 1.8f * jitter_ : jitter_;
    Point q = {p.x - 0.5f + spread * random_.normal(), p.y - 0.5f + spread * random_.normal()};
    const Point from = q;
    for (const Wave& w : waves_) {
      const float wave =
          std::sin(kTurn * (w.frequency.x * from.x + w.frequency.y * from.y) + w.phase);
      q.x += w.amplitude.x * wave;
      q.y += w.amplitude.y * wave;
    }
    q.x *= width;
    return {matrix_[0] * q.x + matrix_[1] * q.y, matrix_[2] * q.x + matrix_[3] * q.y};
  }

 private:
  struct Wave {  // one term of the elastic field
    Point frequency;
    float phase = 0;
    Point amplitude;
  };
  float bounded_normal() { return std::clamp(random_.normal(), -2.2f, 2.2f); }

  RandomSequence& random_;
  float jitter_ = 0;
  std::array<Wave, 3> waves_;
  std::array<float, 4> matrix_{};
};

float length(Point a, Point b) { return std::hypot(b.x - a.x, b.y - a.y); }

// Catmull-Rom: a cubic from b to c with slopes from the neighbours a and d.
Point curve(Point a, Point b, Point c, Point d, float t) {
  const auto axis = [t](float p, float q, float r, float s) {
    const float u = t * t;
    return 0.5f * (2 * q + (r - p) * t + (2 * p - 5 * q + 4 * r - s) * u +
                   (3 * q - p - 3 * r + s) * u * t);
  };
  return {axis(a.x, b.x, c.x, d.x), axis(a.y, b.y, c.y, d.y)};
}

void trace_stroke(const Stroke& stroke, float width, Hand& hand, std::vector<PathPoint>& path) {
  constexpr int kSteps = 5;
  std::array<Point, 16> points;
  const size_t n = stroke.size();
  for (size_t i = 0; i < n; ++i) points[i] = hand.place(stroke[i], width, i == 0 || i + 1 == n);
  path.push_back({points[0], 1, true});
  for (size_t i = 0; i + 1 < n; ++i) {
    // At a corner the curve does not look round it.
    const Point before = i == 0 || stroke[i].corner ? points[i] : points[i - 1];
    const Point after = i + 2 == n || stroke[i + 1].corner ? points[i + 1] : points[i + 2];
    for (int step = 1; step <= kSteps; ++step) {
      const float t = static_cast<float>(step) / kSteps;
      path.push_back({curve(before, points[i], points[i + 1], after, t), 1, false});
    }
  }
}

// Pixels: the figure's larger side becomes about 20, its middle the middle of the picture.
void fit(std::vector<PathPoint>& path, RandomSequence& random) {
  Point low = path[0].at, high = path[0].at;
  for (const PathPoint& p : path) {
    low = {std::min(low.x, p.at.x), std::min(low.y, p.at.y)};
    high = {std::max(high.x, p.at.x), std::max(high.y, p.at.y)};
  }
  const float side = std::max({high.x - low.x, high.y - low.y, 1e-3f});
  const float scale = random.uniform(15.5f, 19.5f) / side;
  const Point middle = {kDigitSide / 2.0f - 0.5f + random.uniform(-1.5f, 1.5f),
                        kDigitSide / 2.0f - 0.5f + random.uniform(-1.5f, 1.5f)};
  for (PathPoint& p : path) {
    p.at = {middle.x + scale * (p.at.x - (low.x + high.x) / 2),
            middle.y + scale * (p.at.y - (low.y + high.y) / 2)};
  }
}

// The pen is pressed more and less along the way, and lifts at the ends of strokes.
void press(std::vector<PathPoint>& path, float radius, RandomSequence& random) {
  const float depth = random.uniform(0.0f, 0.28f);
  const float wavelength = random.uniform(8.0f, 30.0f);  // pixels
  const float phase = random.uniform(0, kTurn);
  const float taper = random.uniform(0.0f, 0.35f);
  constexpr float kTaperLength = 3;
  float travelled = 0, since_start = 0;
  for (size_t i = 0; i < path.size(); ++i) {
    const float step = i == 0 || path[i].lifted ? 0 : length(path[i - 1].at, path[i].at);
    travelled += step;
    since_start = path[i].lifted ? 0 : since_start + step;
    path[i].radius = radius * (1 + depth * std::sin(kTurn * travelled / wavelength + phase));
    path[i].radius *= 1 - taper * std::max(0.0f, 1 - since_start / kTaperLength);
  }
  float to_end = 0;
  for (size_t i = path.size(); i-- > 0;) {
    const bool last = i + 1 == path.size() || path[i + 1].lifted;
    to_end = last ? 0 : to_end + length(path[i].at, path[i + 1].at);
    path[i].radius *= 1 - taper * std::max(0.0f, 1 - to_end / kTaperLength);
  }
}

using Canvas = std::array<float, kDigitPixels>;

// Covers the pixels near the segment from a to b; edges fade over `softness` pixels.
void draw_segment(const PathPoint& a, const PathPoint& b, float softness, Canvas& canvas) {
  const float reach = std::max(a.radius, b.radius) + softness;
  const auto first = [](float v) { return std::max(0, static_cast<int>(std::ceil(v))); };
  const auto last = [](float v) { return std::min(kDigitSide - 1, static_cast<int>(v)); };
  const int x0 = first(std::min(a.at.x, b.at.x) - reach);
  const int x1 = last(std::max(a.at.x, b.at.x) + reach);
  const int y0 = first(std::min(a.at.y, b.at.y) - reach);
  const int y1 = last(std::max(a.at.y, b.at.y) + reach);
  const float dx = b.at.x - a.at.x, dy = b.at.y - a.at.y;
  const float inverse = 1 / std::max(dx * dx + dy * dy, 1e-6f);
  for (int y = y0; y <= y1; ++y) {
    for (int x = x0; x <= x1; ++x) {
      const float px = static_cast<float>(x) - a.at.x, py = static_cast<float>(y) - a.at.y;
      const float t = std::clamp((px * dx + py * dy) * inverse, 0.0f, 1.0f);
      const float ex = px - t * dx, ey = py - t * dy;
      const float edge = a.radius + t * (b.radius - a.radius) - std::sqrt(ex * ex + ey * ey);
      const float cover = std::clamp(0.5f + edge / (2 * softness), 0.0f, 1.0f);
      float& pixel = canvas[static_cast<size_t>(y * kDigitSide + x)];
      pixel = std::max(pixel, cover);
    }
  }
}

// Ink is not even, and paper and scanner add grain: about normal, from the sum of four bytes.
void develop(const Canvas& canvas, const Rng& grain, RandomSequence& random,
             std::span<uint8_t, kDigitPixels> pixels) {
  const float ink = 255 * random.uniform(0.78f, 1.0f);
  const float ink_grain = random.uniform(0.0f, 0.12f);
  const float paper_grain = std::max(0.0f, random.uniform(-8.0f, 12.0f));
  constexpr float kByteSpread = 147.8f;  // of the sum of four uniform bytes
  constexpr int kPerBlock = 4;
  for (int i = 0; i < kDigitPixels; i += kPerBlock) {
    const auto words = grain.block(static_cast<uint64_t>(i / kPerBlock));
    for (int j = 0; j < kPerBlock; ++j) {
      const uint32_t w = words[static_cast<size_t>(j)];
      const auto sum = static_cast<float>((w & 255) + (w >> 8 & 255) + (w >> 16 & 255) + (w >> 24));
      const float noise = (sum - 510) / kByteSpread;
      const float cover = canvas[static_cast<size_t>(i + j)];
      const float value = ink * cover * (1 + ink_grain * noise) + paper_grain * noise;
      pixels[static_cast<size_t>(i + j)] = static_cast<uint8_t>(std::clamp(value, 0.0f, 255.0f));
    }
  }
}

const DigitStyle& choose_style(int digit, float lot) {
  const std::span<const DigitStyle> styles = digit_styles(digit);
  float total = 0;
  for (const DigitStyle& s : styles) total += s.weight;
  lot *= total;
  for (const DigitStyle& s : styles) {
    if (lot < s.weight) return s;
    lot -= s.weight;
  }
  return styles.back();
}

// Streams within a sample: the class must be known without the drawing.
enum class Part : uint64_t { kClass, kHand, kGrain };

Rng rng_of(uint64_t seed, std::string_view stream, int64_t index, Part part) {
  return Rng(seed, stream, static_cast<uint64_t>(part), static_cast<uint64_t>(index));
}

}  // namespace

int digit_class(uint64_t seed, std::string_view stream, int64_t index) {
  return static_cast<int>(rng_of(seed, stream, index, Part::kClass).below(0, kClasses));
}

int draw_digit(uint64_t seed, std::string_view stream, int64_t index,
               std::span<uint8_t, kDigitPixels> pixels) {
  const int digit = digit_class(seed, stream, index);
  RandomSequence random(rng_of(seed, stream, index, Part::kHand));
  const DigitStyle& style = choose_style(digit, random.uniform());
  const float width = style.width * random.uniform(0.82f, 1.22f);
  Hand hand(random);
  std::vector<PathPoint> path;
  path.reserve(128);
  for (const Stroke& stroke : style.strokes) trace_stroke(stroke, width, hand, path);
  fit(path, random);
  press(path, std::exp(random.uniform(std::log(0.75f), std::log(1.9f))), random);
  const float softness = random.uniform(0.55f, 1.0f);
  Canvas canvas{};
  for (size_t i = 1; i < path.size(); ++i) {
    if (!path[i].lifted) draw_segment(path[i - 1], path[i], softness, canvas);
  }
  develop(canvas, rng_of(seed, stream, index, Part::kGrain), random, pixels);
  return digit;
}

}  // namespace cnn
