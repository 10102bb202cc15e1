// reorder: values that keep their order in files (C,H,W: channels first) but change their shape,
// between channels-last memories.
#pragma once

#include <cstdint>
#include <string>

#include "layers/layer.h"
#include "tensor/shape.h"

namespace cnn {

// True if a value of this shape lies in memory as it does in files.
bool is_in_file_order(const Shape& shape);

// True if reorder() between the two is a plain copy.
bool is_same_order(const Shape& from, const Shape& to);

// out (+)= in for `batch` samples; from.count() == to.count(). The memories must not overlap, but
// may be the same if is_same_order().
void reorder(const float* in, const Shape& from, float* out, const Shape& to, int64_t batch,
             bool add);

// "16*5*5".
std::string product_text(const Shape& sizes);

// A layer that is nothing but reorder(): flatten, reshape.
class ReorderLayer : public Layer {
 public:
  void setup(Setup& setup) final;
  void forward(const ForwardCall& call) const final;
  void backward(const BackwardCall& call) const final;

 private:
  // The shape of the output, of as many numbers as the input.
  virtual Shape output_shape(const Setup& setup) const = 0;
};

}  // namespace cnn
