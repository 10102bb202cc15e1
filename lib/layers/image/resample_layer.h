// What crop, pad and upsample share: an image whose rows and columns are combinations of the
// input's (kernels/resample.h).
#pragma once

#include <optional>
#include <string>

#include "kernels/resample.h"
#include "layers/axis_numbers.h"
#include "layers/layer.h"
#include "spec/options.h"

namespace cnn {

class ResampleLayer : public Layer {
 public:
  void forward(const ForwardCall& call) const final;
  void backward(const BackwardCall& call) const final;

 protected:
  // Sets the output [C, rows.out(), columns.out()].
  void set_up(Setup& setup, AxisMap rows, AxisMap columns);

 private:
  AxisMap rows_, columns_, rows_back_, columns_back_;
};

// Height and width, or the name of a layer that has them.
struct ImageSize {
  std::optional<PictureNumbers> size;
  std::string layer;

  bool is_given() const { return size || !layer.empty(); }
  // Of the named layer if there is one.
  Extents resolve(const Setup& setup) const;
};

CNN_OPTION_TYPE(ImageSize);

}  // namespace cnn
