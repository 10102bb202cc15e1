// Augmentation: what is drawn anew for every sample and epoch of training.
//
//   augment: {crop: 32, pad: 4, flip: true}
//   augment: {flip: both, quarter_turns: true, elastic: 10, border: reflect, contrast: 0.2}
//   patches: 256
//
// A window of `crop` is cut at a random place out of the picture with `pad` rows and columns around
// it; flip, turns, scale, shift and bend move the window's pixels (geometry.h), pictures, masks and
// weights alike; last come the changes of the picture's values (colour.h). What is drawn depends on
// (seed, epoch, sample) alone. Validation and testing see the middle window.
//
// With `patches` each picture is as many samples as windows of that size cover it: a grid whose
// last row and column are moved inwards. In training with `augment` each lies at a random place
// instead.
//
// Fields of points and boxes move with their picture by the same geometry; `elastic`, which cannot
// move them, is refused beside them. All other numbers stay as they are.
//
// `target_crop` cuts the middle out of masks and weights alone, for networks whose output is
// smaller than their input.
#pragma once

#include <memory>

#include "data/data_options.h"
#include "data/dataset.h"

namespace cnn {

// The same samples with what `augment`, `patches` and `target_crop` of the options say, of fields
// [C,H,W] and of masks and weights of the same size. Exit::kSpec if the input is no picture, a
// window is too large, a mask has no `ignore` number to pad with, or points are to be bent.
std::shared_ptr<const Dataset> augmented(std::shared_ptr<const Dataset> dataset,
                                         const DataOptions& options);

// Samples of one picture: sample i belongs to picture i / patches.
int64_t patches_of(const Shape& picture, const PictureSize& size);

}  // namespace cnn
