// Predict: runs the test graph on files: .npy arrays as they are; idx files and images normalised
// as the weights' metadata say. A network whose first loss compares pixel by pixel gives masks or
// pictures, of the size of the image that they belong to: images of another size than the network's
// are cut into overlapping tiles, or the network is planned anew for their size.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "model/loaded_network.h"
#include "spec/model_spec.h"

namespace cnn {

struct PredictRequest {
  std::string weights;
  std::vector<std::string> inputs;  // see open_predict_inputs()
  std::string out;  // folder for OUTPUT.npy of every named output, or for PNG files; empty: none
  int64_t batch_size = 0;     // 0: train.batch_size
  int64_t top = 5;            // classes per sample
  bool whole = false;         // plan anew for every size of image, in place of tiles
  int64_t overlap = -1;       // of tiles: pixels cut off at each side; -1: see default_overlap()
  bool ten_crops = false;     // of every picture; the class scores are averaged
  int64_t prior_samples = 0;  // draw so many from a generator's prior; no inputs then
  int64_t seed = 0;           // of those
  uint64_t memory_limit = 0;
  bool allow_non_finite_weights = false;
  bool partial_weights = false;  // what does not fit stays as it is initialised

  WeightsSource source() const {
    return {weights, memory_limit, allow_non_finite_weights, partial_weights};
  }
};

// The most probable classes of one sample, best first.
struct Prediction {
  std::string input;
  int64_t sample = 0;       // within the input
  bool is_picture = false;  // the input is this one sample
  std::vector<std::pair<std::string, double>> classes;
};

// One image's mask or reconstruction.
struct MapPrediction {
  std::string input;
  int64_t height = 0, width = 0;
  std::vector<std::pair<std::string, double>> classes;  // share of the pixels; of masks
  std::vector<std::string> files;                       // written
};

struct PredictReport {
  std::string model;
  int64_t samples = 0;
  std::vector<Prediction> predictions;  // empty if the model does not classify whole samples
  std::vector<MapPrediction> maps;      // images of a network that works pixel by pixel
  std::vector<std::string> files;       // written, those of the maps too

  std::string json() const;  // one line
  std::string csv() const;
  std::string text() const;
};

PredictReport predict(const ModelSpec& spec, const PredictRequest& request);

}  // namespace cnn
