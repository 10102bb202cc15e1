// Looking into files of weights in tests.
#pragma once

#include <string>
#include <vector>

#include "io/safetensors.h"
#include "support/catch.h"

namespace cnn {

// The numbers of a tensor, in the order of the file; the file must have it.
inline std::vector<float> tensor(const std::string& path, const std::string& name) {
  const SafetensorsReader file(path);
  const SafeTensor* found = file.find(name);
  REQUIRE(found != nullptr);
  std::vector<float> values(static_cast<size_t>(found->count));
  file.read(*found, values);
  return values;
}

}  // namespace cnn
