// What a data map says of its data, without a look at their files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/tone.h"
#include "data/transforms.h"
#include "spec/node.h"

namespace cnn {

struct DataDescription {
  Normalization normalization;           // of the inputs
  std::vector<std::string> class_names;  // empty where the files have them
  PictureLook look;                      // but its tone, which files have
};

// Reports what is wrong with the map as DataSource does.
DataDescription describe_data(const Node& data, int64_t channels);

}  // namespace cnn
