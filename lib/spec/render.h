// render: a resolved model file as YAML again, with the place that each value comes from behind it:
//
//   epochs: 10       # models/lenet5.yaml:19
//   batch_size: 32   # command line: train.batch_size=32
//
// What stands on one line of a file stays on one line; reading the text gives the same tree.
#pragma once

#include <string>

#include "spec/node.h"

namespace cnn {

std::string render_with_origins(const Node& root);

}  // namespace cnn
