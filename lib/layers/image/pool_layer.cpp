#include "layers/image/pool_layer.h"

#include "layers/image/window.h"

namespace cnn {

void PoolOptions::declare_window(Options& o) {
  o("kernel", kernel, "height and width of the window")
      .primary()
      .required()
      .between(1, kMaxKernel)
      .aliases({"kernel_size", "size", "ksize", "pool_size", "window"});
  o("stride", stride, "step from one window to the next; the kernel if not given")
      .between(1, kMaxStep)
      .aliases({"strides", "step"});
}

void PoolOptions::declare(Options& o) {
  declare_window(o);
  o("pad", pad, "rows and columns of padding on every side")
      .between(0, kMaxStep)
      .aliases({"padding", "pads"});
  o("ceil", ceil, "round output sizes up: the last windows may hang over the edge")
      .aliases({"ceil_mode", "fit", "round_mode"});
}

PoolShape PoolOptions::set_up(Setup& s, const char* layer) const {
  const Shape& in = s.input();
  s.require(in.rank() == 3, "{} expects an image [C,H,W], found {}", layer, in.str());
  // Else a window could lie in the padding alone.
  s.require(pad.h < kernel.h && pad.w < kernel.w,
            "pad [{}, {}] must be smaller than the kernel [{}, {}]", pad.h, pad.w, kernel.h,
            kernel.w);
  const Window window{kernel, stride.value_or(kernel), pad, {1, 1}};
  const Pair out = fit_windows(in, window, ceil ? Fit::kCeil : Fit::kFloor);
  s.output({in.channels(), out.h, out.w});
  s.plan().window = window;
  return {in.channels(), in.height(), in.width(), out.h, out.w, kernel, window.stride, pad};
}

}  // namespace cnn
