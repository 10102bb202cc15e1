#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "viz/drawing/axes.h"
#include "viz/drawing/sheet.h"

namespace cnn {
namespace {

constexpr double kMargin = 14, kLegendSize = 11, kLegendRow = 17;

struct DataRange {
  double low = INFINITY, high = -INFINITY;
  void add(double value, bool log) {
    if (!std::isfinite(value) || (log && value <= 0)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  double low_or(double other) const { return high >= low ? low : other; }
  double high_or(double other) const { return high >= low ? high : other; }
};

int colour_of(const Series& series, size_t place) {
  return series.colour >= 0 ? series.colour : static_cast<int>(place);
}

// The legend's entries in rows; gives its height. Nothing for a single series without a name.
double draw_legend(Drawing& drawing, const LinePlot& plot, double left, double top) {
  constexpr double kSample = 22;
  double x = left, y = top + kLegendSize;
  bool any = false;
  for (size_t i = 0; i < plot.series.size(); ++i) {
    const Series& series = plot.series[i];
    if (series.name.empty()) continue;
    const std::string name = fitted(series.name, kLegendSize, plot.width - 2 * kMargin - kSample);
    const double width = kSample + text_width(name, kLegendSize) + 16;
    if (any && x + width - 16 > plot.width - kMargin) {
      x = left;
      y += kLegendRow;
    }
    any = true;
    const Paint paint = Paint::series(colour_of(series, i));
    drawing.line({x, y - 4}, {x + kSample - 6, y - 4}, {paint, 2, series.dashed});
    if (series.has_points) {
      drawing.add(Drawing::Circle{{x + kSample / 2 - 3, y - 4}, 3, paint, {}});
    }
    drawing.text({x + kSample, y}, name, {kLegendSize});
    x += width;
  }
  return any ? y - top + 10 : 0;
}

// Runs of points that are all finite and, on a log axis, above zero.
std::vector<std::pair<size_t, size_t>> runs_of(const LinePlot& plot, const Series& s) {
  std::vector<std::pair<size_t, size_t>> runs;
  const auto is_shown = [&](size_t i) {
    return std::isfinite(s.x[i]) && std::isfinite(s.y[i]) && (!plot.x.log || s.x[i] > 0) &&
           (!plot.y.log || s.y[i] > 0);
  };
  for (size_t i = 0; i < s.x.size(); ++i) {
    if (!is_shown(i)) continue;
    if (!runs.empty() && runs.back().second == i) {
      ++runs.back().second;
    } else {
      runs.emplace_back(i, i + 1);
    }
  }
  return runs;
}

Point inside(const AxisFrame& frame, Point p) {
  return {std::clamp(p.x, frame.left, frame.left + frame.width),
          std::clamp(p.y, frame.top, frame.top + frame.height)};
}

void draw_band(Drawing& drawing, const AxisFrame& frame, const LinePlot& plot, const Series& s,
               const Paint& paint) {
  for (const auto& [begin, end] : runs_of(plot, s)) {
    Drawing::Path path{{}, true, paint.with_opacity(0.18), {}};
    for (size_t i = begin; i < end; ++i) {
      path.points.push_back(inside(frame, frame.place(s.x[i], s.high[i])));
    }
    for (size_t i = end; i-- > begin;) {
      path.points.push_back(inside(frame, frame.place(s.x[i], s.low[i])));
    }
    drawing.add(std::move(path));
  }
}

void draw_series(Drawing& drawing, const AxisFrame& frame, const LinePlot& plot, const Series& s,
                 const Paint& paint) {
  for (const auto& [begin, end] : runs_of(plot, s)) {
    Drawing::Path path;
    path.stroke = {paint, 1.8, s.dashed};
    for (size_t i = begin; i < end; ++i) {
      path.points.push_back(inside(frame, frame.place(s.x[i], s.y[i])));
    }
    const bool lone = path.points.size() == 1;
    for (const Point& p : path.points) {
      if (s.has_points || lone) drawing.add(Drawing::Circle{p, 2.6, paint, {}});
    }
    if (!lone) drawing.add(std::move(path));
  }
  for (const size_t i : s.marked) {
    drawing.add(Drawing::Circle{
        inside(frame, frame.place(s.x[i], s.y[i])), 4.5, Paint::paper(), {paint, 2}});
  }
}

}  // namespace

Drawing draw(const LinePlot& plot) {
  DataRange x, y;
  for (const Series& s : plot.series) {
    CNN_ASSERT(s.x.size() == s.y.size() && s.low.size() == s.high.size());
    CNN_ASSERT(s.low.empty() || s.low.size() == s.y.size());
    for (size_t i = 0; i < s.x.size(); ++i) {
      x.add(s.x[i], plot.x.log);
      y.add(s.y[i], plot.y.log);
      if (!s.low.empty()) {
        y.add(s.low[i], plot.y.log);
        y.add(s.high[i], plot.y.log);
      }
    }
  }
  Drawing drawing(plot.width, plot.height);
  drawing.set_label(plot.title);
  double top = draw_titles(drawing, plot.title, plot.subtitle, kMargin, plot.width - 2 * kMargin);
  top += draw_legend(drawing, plot, kMargin, top);
  const double height = plot.height - top - kXAxisHeight - 8;
  const int x_ticks = std::max(2, static_cast<int>(plot.width / 90));
  const int y_ticks = std::max(2, static_cast<int>(height / 45));
  AxisFrame frame{0,
                  top,
                  0,
                  height,
                  AxisScale(plot.x, x.low_or(0), x.high_or(1), x_ticks, false),
                  AxisScale(plot.y, y.low_or(plot.y.log ? 0.1 : 0), y.high_or(1), y_ticks, true)};
  frame.left = kMargin + y_axis_width(frame.y, plot.y);
  frame.width = plot.width - frame.left - kMargin - 4;
  draw_axes(drawing, frame, plot.x, plot.y);
  for (size_t i = 0; i < plot.series.size(); ++i) {
    const Paint paint = Paint::series(colour_of(plot.series[i], i));
    if (!plot.series[i].low.empty()) draw_band(drawing, frame, plot, plot.series[i], paint);
  }
  for (size_t i = 0; i < plot.series.size(); ++i) {
    const Paint paint = Paint::series(colour_of(plot.series[i], i));
    draw_series(drawing, frame, plot, plot.series[i], paint);
  }
  return drawing;
}

Drawing arranged(const std::vector<Drawing>& drawings, int64_t columns) {
  Drawing whole;
  double width = 0, y = 0;
  for (size_t i = 0; i < drawings.size(); i += static_cast<size_t>(columns)) {
    double x = 0, height = 0;
    for (size_t k = i; k < drawings.size() && k < i + static_cast<size_t>(columns); ++k) {
      whole.add(drawings[k], x, y);
      x += drawings[k].width();
      height = std::max(height, drawings[k].height());
    }
    width = std::max(width, x);
    y += height;
  }
  whole.resize(width, y);
  if (!drawings.empty()) whole.set_label(drawings.front().label());
  return whole;
}

}  // namespace cnn
