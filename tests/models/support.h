// What the zoo's tests share: the model files, and graphs built of them without memory.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/log.h"
#include "graph/builder.h"
#include "model/vocabulary.h"
#include "spec/model_spec.h"
#include "support/catch.h"

namespace cnn::test {

inline std::filesystem::path models_folder() {
  return std::filesystem::path(CNN_SOURCE_DIR) / "models";
}

// Names of all files of models/, without their ending, sorted.
inline std::vector<std::string> all_models() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(models_folder())) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

inline ModelSpec load(const std::string& name, const std::vector<std::string>& overrides = {}) {
  return load_model(models_folder() / (name + ".yaml"), overrides, vocabulary());
}

// The training graph (with all parameters in the store), then the test graph.
struct Built {
  explicit Built(const ModelSpec& spec)
      : train(build_graph(spec, Phase::kTrain, store)),
        test(build_graph(spec, Phase::kTest, store)) {}

  ParameterStore store;
  Graph train, test;
};

}  // namespace cnn::test
