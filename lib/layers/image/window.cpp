#include "layers/image/window.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"

namespace cnn {
namespace {

struct Axis {
  const char* one;
  const char* many;
  int64_t size, kernel, stride, dilation, pad, pad_end;
};

std::string counted(int64_t n, const Axis& axis) {
  return fmt::format("{} {}", n, n == 1 ? axis.one : axis.many);
}

int64_t fit_axis(const Axis& axis, Fit fit) {
  const int64_t padded = axis.size + axis.pad + axis.pad_end;
  const int64_t extent = (axis.kernel - 1) * axis.dilation + 1;
  const std::string with_pad =
      padded > axis.size ? fmt::format(" ({} with its padding)", padded) : std::string();
  if (extent > padded) {
    const std::string dilated =
        axis.dilation > 1 ? fmt::format(" at dilation {} spans {}", axis.dilation, extent) : "";
    fail(Exit::kSpec, "",
         "kernel {}{} is larger than the input of {}{}; use a smaller kernel, or pad", axis.kernel,
         dilated, counted(axis.size, axis), with_pad);
  }
  const int64_t room = padded - extent, left = room % axis.stride;
  int64_t windows = room / axis.stride + 1;
  if (left != 0 && fit == Fit::kExact) {
    fail(Exit::kSpec, "",
         "kernel {} at stride {} does not tile {}{}: {} left over; use pad, another stride, or "
         "fit: floor",
         axis.kernel, axis.stride, counted(axis.size, axis), with_pad,
         counted(left, axis) + (left == 1 ? " is" : " are"));
  }
  if (left != 0 && fit == Fit::kCeil && windows * axis.stride < axis.size + axis.pad) ++windows;
  return windows;
}

}  // namespace

Extents fit_windows(const Shape& in, const Window& w, Fit fit) {
  const auto along = [&](const char* one, const char* many, int64_t Extents::*axis) {
    return fit_axis({one, many, in.extents().*axis, w.kernel.*axis, w.stride.*axis,
                     w.dilation.*axis, w.pad.*axis, w.pad_end.*axis},
                    fit);
  };
  return {along("slice", "slices", &Extents::d), along("row", "rows", &Extents::h),
          along("column", "columns", &Extents::w)};
}

std::string window_arithmetic(const Shape& in, const Window& w, const Shape& out) {
  const auto along = [&](int64_t Extents::*axis) {
    const int64_t size = in.extents().*axis, kernel = w.kernel.*axis, stride = w.stride.*axis;
    const int64_t dilation = w.dilation.*axis, pad = w.pad.*axis, pad_end = w.pad_end.*axis;
    std::string text = fmt::format("{}", size);
    if (pad == pad_end && pad > 0) text += fmt::format(" + 2*{}", pad);
    if (pad != pad_end) text += fmt::format(" + {} + {}", pad, pad_end);
    text += dilation == 1 ? fmt::format(" - {}", kernel)
                          : fmt::format(" - (({} - 1)*{} + 1)", kernel, dilation);
    const int64_t room = size + pad + pad_end - (kernel - 1) * dilation - 1;
    const int64_t windows = out.extents().*axis;
    const char* rounded = room % stride == 0 ? "" : windows > room / stride + 1 ? "ceil" : "floor";
    const std::string steps = fmt::format("({})/{}", text, stride);
    return fmt::format("{} + 1 = {}",
                       rounded[0] == '\0' ? steps : fmt::format("{}({})", rounded, steps), windows);
  };
  std::vector<std::string> axes = {along(&Extents::h), along(&Extents::w)};
  if (in.is_volume()) axes.insert(axes.begin(), along(&Extents::d));
  axes.erase(std::unique(axes.begin(), axes.end()), axes.end());
  return join(axes, ", ");
}

int64_t capped_macs(int64_t positions, int64_t weights) {
  constexpr double kMost = 0x1p53;
  return static_cast<int64_t>(
      std::min(kMost, static_cast<double>(positions) * static_cast<double>(weights)));
}

}  // namespace cnn
