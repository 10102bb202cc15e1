// What Pass::rule makes of a rectifier's backward pass, for pictures of features. With g the
// gradient of its output and x its input:
//   gradient   g f'(x): each layer's own
//   guided     g where x > 0 and g > 0   (Springenberg et al. 2014, "Striving for simplicity")
//   deconvnet  g where g > 0             (Zeiler & Fergus 2013, "Visualizing and understanding
//                                         convolutional networks": the rectifier, once more)
// All other layers go back by their gradient in every pass: a convolution by its transposed
// filters, a maxpool through its switches, batch normalisation by its scale, local contrast and
// response normalisation by their derivative.
#pragma once

#include "layers/elementwise.h"

namespace cnn {

// The rules guided and deconvnet. `seen` is the output or the input of the layer; is_open(seen[i])
// tells where the rectifier lets its input pass.
template <class Open>
void backward_by_rule(const BackwardCall& call, const float* seen, Open is_open) {
  if (!call.grad_input()) return;
  const float* grad_out = call.grad_out.data;
  float* grad_in = call.grad_input().data;
  const int64_t count = call.grad_out.count();
  if (call.pass.rule == Pass::Rule::kDeconvnet) {
    return map_elements(grad_out, grad_out, grad_in, count, call.adds(), 1,
                        [](float g, float) { return g <= 0.0f ? 0.0f : g; });
  }
  map_elements(grad_out, seen, grad_in, count, call.adds(), 1,
               [is_open](float g, float v) { return !is_open(v) || g <= 0.0f ? 0.0f : g; });
}

}  // namespace cnn
