// Testing: losses and metrics of a model over one split of its data.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "spec/model_spec.h"
#include "train/results.h"

namespace cnn {

struct TestRequest {
  std::string weights;
  std::string split = "test";  // train, val or test
  int64_t batch_size = 0;      // 0: train.val_batch_size, else train.batch_size
  int64_t workers = -1;        // -1: train.workers
  uint64_t memory_limit = 0;   // bytes; 0: what the machine offers
  // How often the split is gone through, each time with other random numbers; the report is the
  // mean. Only models that are random in testing differ between passes.
  int64_t passes = 1;
  // Ten crops of every picture, whose class scores are averaged (data/ten_crops.h).
  bool ten_crops = false;
  bool allow_non_finite_weights = false;
  bool partial_weights = false;  // what does not fit stays as it is initialised
  // Above 0: the report also says what this many principal components reach (linear codes).
  int64_t pca_components = 0;
  std::function<void(int64_t done, int64_t total)> progress = {};  // in samples
};

// Loads the weights and evaluates the test graph. The same bits for any number of threads and
// workers.
TestReport test_model(const ModelSpec& spec, const TestRequest& request);

}  // namespace cnn
