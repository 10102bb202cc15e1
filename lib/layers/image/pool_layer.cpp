#include "layers/image/pool_layer.h"

#include <string>

#include "layers/image/window.h"

namespace cnn {

void PoolOptions::declare_window(Options& o) {
  o("kernel", kernel, "height and width of the window, of volumes depth first")
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
  o("pad", pad, "rows and columns (and slices) of padding on every side")
      .between(0, kMaxStep)
      .aliases({"padding", "pads"});
  o("ceil", ceil, "round output sizes up: the last windows may hang over the edge")
      .aliases({"ceil_mode", "fit", "round_mode"});
}

PoolShape PoolOptions::set_up(Setup& s, const char* layer) const {
  const Shape& in = s.input();
  s.require(in.is_picture() || in.is_volume(),
            "{} expects an image [C,H,W] or a volume [C,D,H,W], found {}", layer, in.str());
  Window window;
  window.kernel = kernel.resolve(s, "kernel");
  window.stride = stride ? stride->resolve(s, "stride") : window.kernel;
  window.pad = window.pad_end = pad.resolve(s, "pad", 0);
  const Extents &k = window.kernel, &p = window.pad;
  const auto numbers = [&](const Extents& e) {
    const std::string plane = fmt::format("{}, {}]", e.h, e.w);
    return in.is_volume() ? fmt::format("[{}, {}", e.d, plane) : "[" + plane;
  };
  // Else a window could lie in the padding alone.
  s.require(p.d < k.d && p.h < k.h && p.w < k.w, "pad {} must be smaller than the kernel {}",
            numbers(p), numbers(k));
  const Extents out = fit_windows(in, window, ceil ? Fit::kCeil : Fit::kFloor);
  s.output(in.resized(in.channels(), out));
  s.plan().window = window;
  return {in.channels(), in.extents(), out, k, window.stride, p};
}

}  // namespace cnn
