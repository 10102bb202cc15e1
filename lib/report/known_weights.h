// Trained weights that are known to fit models of models/: what data/weights/ describes.
#pragma once

#include <string>
#include <vector>

namespace cnn {

struct KnownWeights {
  std::string name;                    // "resnet18": cnn data get weights/resnet18
  std::string model;                   // of models/
  std::string about;                   // one line
  std::string source;                  // who has published them
  std::string url;                     // of the file
  std::string sha256;                  // or its beginning
  std::vector<std::string> overrides;  // that prediction needs: "data.mean=0.5"
};

// By name. Throws Error if a description cannot be read.
std::vector<KnownWeights> known_weights();

// `cnn help weights`.
std::string weights_help();

}  // namespace cnn
