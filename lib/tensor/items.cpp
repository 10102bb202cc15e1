#include "tensor/items.h"

#include <fmt/core.h>

namespace cnn {

std::string describe(const Shape& shape, const Items& items) {
  if (!items.is_list) return shape.str();
  return fmt::format("{}{} x {}", items.varies ? "up to " : "", items.most, shape.str());
}

}  // namespace cnn
