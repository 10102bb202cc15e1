// Predict: runs the test graph on files: .npy arrays as they are; idx files and images normalised
// as the weights' metadata say.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "spec/model_spec.h"

namespace cnn {

struct PredictRequest {
  std::string weights;
  std::vector<std::string> inputs;  // see open_predict_inputs()
  std::string out;                  // folder for OUTPUT.npy of every named output; empty: none
  int64_t batch_size = 0;           // 0: train.batch_size
  int64_t top = 5;                  // classes per sample
  uint64_t memory_limit = 0;
  bool allow_non_finite_weights = false;
  bool partial_weights = false;  // what does not fit stays as it is initialised
};

// The most probable classes of one sample, best first.
struct Prediction {
  std::string input;
  int64_t sample = 0;       // within the input
  bool is_picture = false;  // the input is this one sample
  std::vector<std::pair<std::string, double>> classes;
};

struct PredictReport {
  std::string model;
  int64_t samples = 0;
  std::vector<Prediction> predictions;  // empty if the model does not classify whole samples
  std::vector<std::string> files;       // written

  std::string json() const;  // one line
  std::string csv() const;
  std::string text() const;
};

PredictReport predict(const ModelSpec& spec, const PredictRequest& request);

}  // namespace cnn
