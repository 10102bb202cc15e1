// AxisFrame: the rectangle of a plot, its ticks, grid and labels, and the way from numbers to
// pixels.
#pragma once

#include <vector>

#include "viz/drawing/plot.h"

namespace cnn {

// An axis whose ends are known.
class AxisScale {
 public:
  // Of the data's range; where it is one number a little more is shown.
  AxisScale(const Axis& axis, double low, double high, int ticks, bool ends_on_ticks);

  // 0 at the low end, 1 at the high one.
  double place(double value) const;
  const std::vector<double>& ticks() const { return ticks_; }
  const std::vector<std::string>& labels() const { return labels_; }
  double low() const { return low_; }
  double high() const { return high_; }

 private:
  bool log_;
  double low_, high_;
  std::vector<double> ticks_;
  std::vector<std::string> labels_;
};

struct AxisFrame {
  double left = 0, top = 0, width = 0, height = 0;
  AxisScale x, y;

  Point place(double x_value, double y_value) const {
    return {left + x.place(x_value) * width, top + (1 - y.place(y_value)) * height};
  }
};

// Pixels that the y axis needs at its left: labels of ticks and its own.
double y_axis_width(const AxisScale& y, const Axis& axis);
inline constexpr double kXAxisHeight = 40;
void draw_axes(Drawing& drawing, const AxisFrame& frame, const Axis& x, const Axis& y);

}  // namespace cnn
