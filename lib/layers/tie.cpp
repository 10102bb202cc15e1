#include "layers/tie.h"

#include <string_view>

namespace cnn {

int tie_weight(Setup& s, const char* layer, const char* wanted) {
  const NamedLayer& other = *s.named();
  // The atoms of a sparse code are rows as those of a linear layer, the vectors of classes as well.
  const bool has_rows = (other.type == "sparse_code" || other.type == "embed") &&
                        std::string_view(wanted) == "linear";
  s.require(other.type == wanted || has_rows, "tie: '{}' is {}; {} is tied to a layer '{}'",
            other.name, other.type.empty() ? "an input" : "a layer '" + other.type + "'", layer,
            wanted);
  const ParameterRequest& weight = other.plan.parameters.at(0);
  s.require(weight.tied < 0, "tie: '{}' is tied itself; name the layer that owns the weights",
            other.name);
  return s.tie(0);
}

int tie_weight(Setup& s, const char* layer, const char* wanted, const Shape& shape) {
  const int id = tie_weight(s, layer, wanted);
  const Shape& theirs = s.named()->plan.parameters[0].shape;
  s.require(theirs == shape, "tie: the weight of '{}' is {}, this layer's would be {}",
            s.named()->name, theirs.str(), shape.str());
  return id;
}

}  // namespace cnn
