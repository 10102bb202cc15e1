#include "data/tone.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/parallel.h"

namespace cnn {
namespace {

constexpr double kWhiteByte = 255;

// Transparency is no colour.
int64_t colours_of(int64_t channels) { return std::min<int64_t>(channels, 3); }

double rounded(double value) { return std::round(value * 1e4) / 1e4; }

}  // namespace

bool Tone::is_unlike(double brightness) const {
  constexpr double kDeviations = 4, kLeastDeviation = 0.05;
  return std::abs(brightness - mean) > kDeviations * std::max(deviation, kLeastDeviation);
}

bool PictureLook::inverts(double brightness) const {
  if (invert != Invert::kAuto) return invert == Invert::kYes;
  return tone && tone->is_unlike(brightness) &&
         std::abs(1 - brightness - tone->mean) < std::abs(brightness - tone->mean);
}

bool is_picture(const Field& field) {
  const Shape& shape = field.shape;
  return field.kind == FieldKind::kValues && !field.items.is_list && shape.rank() == 3 &&
         (shape[0] == 1 || shape[0] == 3 || shape[0] == 4) && shape.positions() > 1;
}

double brightness(const float* picture, int64_t positions, int64_t channels,
                  const Normalization& normalization) {
  const int64_t colours = colours_of(channels);
  double sum = 0;
  for (int64_t c = 0; c < colours; ++c) {
    double values = 0;
    for (int64_t p = 0; p < positions; ++p) {
      values += static_cast<double>(picture[p * channels + c]);
    }
    sum += normalization.undone(values / static_cast<double>(positions), c);
  }
  return sum / static_cast<double>(colours) / kWhiteByte;
}

std::optional<Tone> tone_of(const DataView& view) {
  constexpr int64_t kMost = 256, kGrain = 8;
  const Dataset& dataset = *view.dataset;
  const Field& field = dataset.fields()[0];
  if (view.empty() || !is_picture(field)) return std::nullopt;
  const Normalization normalization = dataset.normalization().of_bytes();
  const int64_t count = std::min(kMost, view.size());
  std::vector<double> means(static_cast<size_t>(count));
  parallel_for(count, kGrain, [&](int64_t begin, int64_t end) {
    std::vector<float> picture(static_cast<size_t>(field.shape.count()));
    FieldReader reader(dataset, 0);
    for (int64_t i = begin; i < end; ++i) {
      reader.read(view.indices[static_cast<size_t>(i * view.size() / count)], picture.data());
      means[static_cast<size_t>(i)] = brightness(picture.data(), field.shape.positions(),
                                                 field.shape.channels(), normalization);
    }
  });
  double sum = 0, squares = 0;
  for (const double m : means) sum += m;
  const double mean = sum / static_cast<double>(count);
  for (const double m : means) squares += (m - mean) * (m - mean);
  return Tone{rounded(mean), rounded(std::sqrt(squares / static_cast<double>(count)))};
}

void settle_tone(const PictureLook& look, const Normalization& normalization, int64_t positions,
                 int64_t channels, float* picture) {
  if (look.invert == Invert::kNo) return;
  if (!look.inverts(brightness(picture, positions, channels, normalization))) return;
  for (int64_t c = 0; c < colours_of(channels); ++c) {
    const double black = normalization.done(0, c), white = normalization.done(kWhiteByte, c);
    for (int64_t p = 0; p < positions; ++p) {
      float& value = picture[p * channels + c];
      value = static_cast<float>(black + white - static_cast<double>(value));
    }
  }
}

}  // namespace cnn
