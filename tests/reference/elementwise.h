// References of layers whose output i depends on input i alone.
#pragma once

#include <functional>
#include <utility>

#include "support/check_layer.h"

namespace cnn::reference {

inline std::function<Numbers(const ReferenceCall&)> elementwise(
    std::function<double(double)> function) {
  return [function = std::move(function)](const ReferenceCall& call) {
    Numbers out = call.inputs[0];
    for (double& x : out) x = function(x);
    return out;
  };
}

}  // namespace cnn::reference
