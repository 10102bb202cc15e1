// Tone: how bright pictures are, and whether a network sees them as they are or as their negatives.
#pragma once

#include <cstdint>
#include <optional>

#include "data/dataset.h"
#include "data/transforms.h"
#include "io/image.h"

namespace cnn {

// Of the pictures that a network was trained on, 0 being black and 1 white.
struct Tone {
  double mean = 0;
  double deviation = 0;  // of the pictures' own means

  // True of a brightness that next to none of these pictures has. Photographs have nearly all there
  // are; digits, pages and slides have few.
  bool is_unlike(double brightness) const;
};

enum class Invert {
  kNo,
  kYes,
  kAuto,  // a picture whose brightness is unlike the training data's, where its negative's is
          // nearer
};

// How pictures are read that are no samples of the data set.
struct PictureLook {
  Colour background = Colour::white();  // what lies under transparent pixels
  Invert invert = Invert::kNo;
  std::optional<Tone> tone = std::nullopt;  // of the training data, where it is known

  bool inverts(double brightness) const;
};

bool is_picture(const Field& field);

// The mean of a picture's colours in the file that it was read from; `normalization` has been
// applied to it.
double brightness(const float* picture, int64_t positions, int64_t channels,
                  const Normalization& normalization);

// Of some hundred samples, evenly spread; nothing if the input is no picture.
std::optional<Tone> tone_of(const DataView& view);

// Makes a picture its negative, in place, where `look` says so.
void settle_tone(const PictureLook& look, const Normalization& normalization, int64_t positions,
                 int64_t channels, float* picture);

}  // namespace cnn
