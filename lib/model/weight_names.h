// Under which names a file has a network's weights.
#pragma once

#include <string>
#include <string_view>

#include "graph/parameter_store.h"
#include "io/tensor_reader.h"

namespace cnn {

struct WeightNames {
  std::string wrapper;  // stands before all names of the file
  std::string part;     // "body.": the file is of this part of the network alone; empty: of all

  // "" if the file cannot have it.
  std::string in_file(std::string_view parameter) const {
    if (!parameter.starts_with(part)) return "";
    return wrapper + std::string(parameter.substr(part.size()));
  }
  // Of a tensor whose name begins with the wrapper.
  std::string in_network(std::string_view tensor) const {
    return part + std::string(tensor.substr(wrapper.size()));
  }
};

bool fits(const SafeTensor* tensor, const Parameter& parameter);

// Looks for what PyTorch's wrappers put before all names ("module." of DataParallel, "_orig_mod."
// of torch.compile, or both), unless the network has such names itself. With `finds_part`, where
// not one weight would fit: for the part of the network that most of the file's weights fit, a
// block or an item with a name.
WeightNames find_weight_names(const TensorReader& file, const ParameterStore& store,
                              bool finds_part);

}  // namespace cnn
