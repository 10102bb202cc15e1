// Field: something that data supply and graphs read, by name: an image, a label, a mask.
// All fields travel as float32; class numbers are whole floats (exact below 2^24).
#pragma once

#include <string>

#include "tensor/shape.h"

namespace cnn {

enum class FieldKind {
  kValues,  // any numbers
  kClass,   // class numbers 0 .. classes-1, or an ignored value
};

struct Field {
  std::string name;
  Shape shape;  // a label is [1], a mask [1,H,W]
  FieldKind kind = FieldKind::kValues;
  int64_t classes = 0;  // kClass: how many, 0 if not known
};

}  // namespace cnn
