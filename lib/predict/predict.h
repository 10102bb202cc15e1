// Predict: runs the test graph on what is named: arrays, images and texts (data/inputs.h), read as
// the weights' metadata say. What is said of them depends on what the network's main output means
// (head.h). One that works pixel by pixel sees whole images: those of another size than the
// network's are cut into overlapping tiles, or the network is planned anew for their size.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/loaded_network.h"
#include "predict/answer.h"
#include "spec/model_spec.h"

namespace cnn {

struct PredictRequest {
  std::string weights;
  std::vector<std::string> inputs;  // see open_inputs()
  std::string out;  // folder for OUTPUT.npy of every named output, or for PNG files; empty: none
  int64_t batch_size = 0;        // 0: train.batch_size
  int64_t top = 0;               // classes per sample, 0: 5; symbols to draw from, 0: all
  bool whole = false;            // plan anew for every size of image, in place of tiles
  int64_t overlap = -1;          // of tiles: pixels cut off at each side; -1: see default_overlap()
  bool ten_crops = false;        // of every picture; the class scores are averaged
  std::optional<Invert> invert;  // pictures and idx files; else as the weights say
  bool skip_bad = false;         // pictures that cannot be read are left out, with a warning
  std::string layer;             // its numbers in place of the main output's answers; empty: none
  int64_t prior_samples = 0;     // draw so many from a generator's prior; no inputs then
  int64_t seed = 0;              // of those, and of the text that follows the prompt
  std::optional<std::string> prompt;  // a text to go on with; no inputs then
  int64_t length = 400;               // symbols that follow it
  double temperature = 1;             // of their drawing; 0: the likeliest
  // Is told the text piece by piece, as it is written, the prompt first.
  std::function<void(std::string_view piece)> tell;
  int64_t beams = 1;  // of networks that answer with texts
  uint64_t memory_limit = 0;
  bool allow_non_finite_weights = false;
  bool partial_weights = false;  // what does not fit stays as it is initialised

  WeightsSource source() const {
    return {weights, memory_limit, allow_non_finite_weights, partial_weights};
  }
};

PredictReport predict(const ModelSpec& spec, const PredictRequest& request);

}  // namespace cnn
