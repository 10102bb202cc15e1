// Augmentation: what is drawn anew for every sample and epoch of training.
//
//   augment: {crop: 32, pad: 4, flip: true}
//
// Around the picture come `pad` rows and columns of zeros (before normalisation), out of that a
// random window of `crop` is cut, and half of the windows are mirrored left to right. What is drawn
// depends on (seed, epoch, sample) alone. Validation and testing see the middle window.
#pragma once

#include <memory>

#include "data/data_options.h"
#include "data/dataset.h"

namespace cnn {

// The same samples with these augmentations, of fields [C,H,W] and of masks of the same size.
// Exit::kSpec if the input is no picture, the crop is too large, or a mask has no `ignore` number
// to pad with.
std::shared_ptr<const Dataset> augmented(std::shared_ptr<const Dataset> dataset,
                                         const AugmentOptions& options);

}  // namespace cnn
