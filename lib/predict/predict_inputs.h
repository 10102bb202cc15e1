// What predict runs on: arrays, and pictures brought to the size that the model takes.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "data/transforms.h"
#include "model/weights.h"
#include "tensor/field.h"
#include "tensor/shape.h"

namespace cnn {

struct PredictInput {
  std::string path;
  int64_t samples = 0;  // ten a picture if it is to be cut into ten crops
  // Samples from `first` on, as many as fit, channels first.
  std::function<void(int64_t first, std::span<float> out)> read;
  Normalization normalization = {};
  std::vector<std::string> pictures = {};  // their paths; empty for arrays
};

// Exit::kUsage for a field that is a list or holds class numbers: such are read from data sets
// only.
void require_plain(const Field& field);

// What trained on bytes without saying how has seen them from 0 to 1.
Normalization byte_normalization(const WeightsInfo& weights);

// By content: .npy arrays as they are; idx files, JPEG and PNG images normalised as the weights'
// metadata say; folders stand for the images in them. Images in a row are one input. All files'
// headers or shapes are checked; Exit::kInput.
//
// With `crops` every picture is ten samples (data/ten_crops.h): it is scaled until it covers 8/7 of
// the model's size, as 256 pixels are to 224; arrays are Exit::kUsage.
std::vector<PredictInput> open_predict_inputs(const std::vector<std::string>& paths,
                                              const Shape& shape, const WeightsInfo& weights,
                                              bool crops = false);

}  // namespace cnn
