// ModelFolder: a model file with weights of its own, in a folder that goes when it does.
#pragma once

#include <string>
#include <vector>

#include "graph/builder.h"
#include "io/image.h"
#include "io/npy.h"
#include "model/weights.h"
#include "predict/predict.h"
#include "support/training.h"

namespace cnn::test {

class ModelFolder {
 public:
  // `values` of the first parameters, in order of execution; the others are 0. The weights say that
  // bytes are scaled to [0,1].
  ModelFolder(const char* text, const std::vector<std::vector<float>>& values,
              const std::vector<std::string>& classes = {},
              std::shared_ptr<const TextVocabulary> vocabulary = nullptr) {
    model = folder.file("model.yaml", text);
    ParameterStore store;
    build_graph(load(), Phase::kTest, store);
    store.allocate(false);
    for (size_t i = 0; i < values.size(); ++i) {
      store.import_values(static_cast<int>(i), values[i]);
    }
    weights = folder.str("w.safetensors");
    save_weights(weights, store,
                 {"model", classes, {}, {1.0 / 255, {0}, {1}}, std::move(vocabulary)});
  }

  ModelSpec load(const std::vector<std::string>& overrides = {}) const {
    return test::load(model, overrides);
  }
  std::string array(const std::string& name, std::vector<int64_t> shape,
                    std::span<const float> values) const {
    write_npy(folder.str(name), std::move(shape), values);
    return folder.str(name);
  }
  std::string picture(const std::string& name, const Image& image) const {
    write_png(folder.str(name), image);
    return folder.str(name);
  }
  // In batches of 2.
  PredictRequest request(const std::vector<std::string>& inputs) const {
    PredictRequest request;
    request.weights = weights;
    request.inputs = inputs;
    request.out = folder.str("out");
    request.batch_size = 2;
    return request;
  }

  TemporaryFolder folder;
  std::string model, weights;
};

// Pixels that differ from their neighbours.
inline Image ramp(int64_t height, int64_t width) {
  Image image{height, width, 1, {}};
  for (int64_t i = 0; i < height * width; ++i) {
    image.values.push_back(static_cast<uint8_t>(i * 37 % 256));
  }
  return image;
}

}  // namespace cnn::test
