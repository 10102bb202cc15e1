// What a model file says of the axes of a window: one number for all of them, or one each, [h, w]
// of pictures and [d, h, w] of volumes. What was written is kept, for only setup() knows which of
// these the input takes.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "spec/options.h"
#include "tensor/shape.h"

namespace cnn {

class Setup;
struct Window;

struct AxisNumbers {
  std::vector<int64_t> numbers;  // one, two or three

  explicit AxisNumbers(int64_t all = 1) : numbers{all} {}
  // By the axes of the layer's first input, a picture or a volume; of a picture d is `flat`: 1, of
  // a pad 0. Throws Exit::kSpec if they are too many or too few; `option` is their name.
  Extents resolve(const Setup& setup, std::string_view option, int64_t flat = 1) const;
  bool operator==(const AxisNumbers&) const = default;
};

CNN_OPTION_TYPE(AxisNumbers);

// The same for layers that take pictures alone: one number or [h, w].
struct PictureNumbers : AxisNumbers {
  using AxisNumbers::AxisNumbers;
};

CNN_OPTION_TYPE(PictureNumbers);

// Of a convolution: one number, one an axis, one a side (two an axis: before and behind), or
// `same`: what keeps the size at stride 1, and at stride s gives a part of 1/s of it, rounded up.
// An odd row or column of `same` lies behind, as PyTorch and Keras have it.
struct Padding : PictureNumbers {
  bool same = false;

  Padding() : PictureNumbers(0) {}
  // Sets pad and pad_end of the window, whose other numbers are there.
  void resolve(const Setup& setup, Window& window) const;
};

CNN_OPTION_TYPE(Padding);

}  // namespace cnn
