// What maxpool, avgpool and subsample share: options and output shape.
#pragma once

#include <optional>

#include "kernels/pool.h"
#include "layers/axis_numbers.h"
#include "layers/layer.h"

namespace cnn {

struct PoolOptions {
  AxisNumbers kernel;
  std::optional<AxisNumbers> stride;  // unset: the kernel
  AxisNumbers pad{0};
  bool ceil = false;

  void declare(Options& o);
  // Kernel and stride alone.
  void declare_window(Options& o);
  // Checks the input, sets output and window, and gives the kernels' shape.
  PoolShape set_up(Setup& s, const char* layer) const;
};

}  // namespace cnn
