#include "tensor/items.h"

#include <fmt/core.h>

namespace cnn {

std::string describe(const Shape& shape, const Items& items) {
  if (!items.is_list) return shape.str();
  return fmt::format("{}{} x {}", items.varies ? "up to " : "", items.most, shape.str());
}

std::string volume_text(const Shape& shape, const Items& items, std::string_view times) {
  std::string item = shape.rank() == 0 ? "scalar" : "";
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (axis > 0) item += times;
    item += std::to_string(shape[axis]);
  }
  if (!items.is_list) return item;
  return fmt::format("{}{} of {}", items.varies ? "<=" : "", items.most, item);
}

}  // namespace cnn
