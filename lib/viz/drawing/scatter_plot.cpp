#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "viz/drawing/axes.h"
#include "viz/drawing/sheet.h"

namespace cnn {
namespace {

constexpr double kMargin = 14, kNameSize = 11, kThumbnail = 16;
constexpr double kBelow = kXAxisHeight + 4;  // the frame

// Classes beyond the colours come again as other shapes.
void draw_point(Drawing& drawing, Point p, int64_t number, double radius) {
  const Paint paint = Paint::series(static_cast<int>(number % Paint::kSeries)).with_opacity(0.8);
  const double r = radius;
  switch (number / Paint::kSeries % 3) {
    case 0:
      drawing.add(Drawing::Circle{p, r, paint, {}});
      break;
    case 1:
      drawing.add(
          Drawing::Path{{{p.x, p.y - 1.3 * r}, {p.x + 1.2 * r, p.y + r}, {p.x - 1.2 * r, p.y + r}},
                        true,
                        paint,
                        {}});
      break;
    default:
      drawing.add(Drawing::Rectangle{p.x - 0.9 * r, p.y - 0.9 * r, 1.8 * r, 1.8 * r, paint, {}});
  }
}

class ScatterPainter {
 public:
  explicit ScatterPainter(const ScatterPlot& plot) : plot_(plot) {
    const auto n = plot.points.size();
    CNN_ASSERT(plot.classes.empty() || plot.classes.size() == n);
    CNN_ASSERT(plot.thumbnails.empty() || plot.thumbnails.size() == n);
    CNN_ASSERT(plot.labels.empty() || plot.labels.size() == n);
    for (const int64_t c : plot.classes) classes_ = std::max(classes_, c + 1);
  }

  Drawing draw() {
    Drawing drawing(plot_.width, plot_.height);
    drawing.set_label(plot_.title);
    double top =
        draw_titles(drawing, plot_.title, plot_.subtitle, kMargin, plot_.width - 2 * kMargin);
    if (classes_ > 1) top += draw_legend(drawing, top);
    const AxisFrame frame = frame_below(top);
    if (plot_.has_equal_axes) drawing.resize(plot_.width, frame.top + frame.height + kBelow);
    if (plot_.background) {
      drawing.add(
          Drawing::Picture{frame.left, frame.top, frame.width, frame.height, *plot_.background});
    }
    if (plot_.has_axes) {
      draw_axes(drawing, frame, plot_.x, plot_.y);
    } else {
      drawing.add(Drawing::Rectangle{frame.left - 8,
                                     frame.top - 8,
                                     frame.width + 16,
                                     frame.height + 16,
                                     Paint::none(),
                                     {Paint::grid(), 1}});
    }
    draw_points(drawing, frame);
    if (!plot_.labels.empty()) draw_labels(drawing, frame);
    if (plot_.has_equal_axes) {
      drawing.line({frame.left, frame.top + frame.height}, {frame.left + frame.width, frame.top},
                   {Paint::ink(), 1.2, true});
    }
    if (plot_.has_names_at_centres && classes_ > 1) draw_names(drawing, frame);
    return drawing;
  }

 private:
  int64_t class_of(size_t i) const { return plot_.classes.empty() ? 0 : plot_.classes[i]; }
  std::string name_of(int64_t c) const {
    const auto i = static_cast<size_t>(c);
    return i < plot_.names.size() ? plot_.names[i] : std::to_string(c);
  }

  AxisFrame frame_below(double top) const {
    double low_x = INFINITY, high_x = -INFINITY, low_y = INFINITY, high_y = -INFINITY;
    for (const Point& p : plot_.points) {
      low_x = std::min(low_x, p.x);
      high_x = std::max(high_x, p.x);
      low_y = std::min(low_y, p.y);
      high_y = std::max(high_y, p.y);
    }
    if (plot_.has_equal_axes) {
      low_x = low_y = std::min(low_x, low_y);
      high_x = high_y = std::max(high_x, high_y);
    }
    const bool ends = plot_.has_axes;
    AxisFrame frame{0,
                    top,
                    0,
                    0,
                    AxisScale(plot_.x, low_x, high_x, 6, ends),
                    AxisScale(plot_.y, low_y, high_y, 6, ends)};
    frame.left = kMargin + (ends ? y_axis_width(frame.y, plot_.y) : 8);
    frame.top = top + 8;
    frame.width = plot_.width - frame.left - kMargin - 8;
    frame.height = plot_.has_equal_axes ? frame.width
                                        : plot_.height - frame.top - (ends ? kBelow : kMargin + 8);
    return frame;
  }

  double draw_legend(Drawing& drawing, double top) const {
    constexpr int64_t kMostNames = 40;
    if (classes_ > kMostNames) return 0;
    double x = kMargin, y = top + kNameSize;
    for (int64_t c = 0; c < classes_; ++c) {
      const double width = 12 + text_width(name_of(c), kNameSize) + 14;
      if (x > kMargin && x + width - 14 > plot_.width - kMargin) {
        x = kMargin;
        y += 16;
      }
      draw_point(drawing, {x + 4, y - 4}, c, 4);
      drawing.text({x + 12, y}, name_of(c), {kNameSize});
      x += width;
    }
    return y - top + 10;
  }

  void draw_points(Drawing& drawing, const AxisFrame& frame) const {
    // Fewer points are drawn larger.
    const double radius = !plot_.labels.empty()        ? 1.6
                          : plot_.points.size() > 1500 ? 2.2
                          : plot_.points.size() > 300  ? 3
                                                       : 4;
    for (size_t i = 0; i < plot_.points.size(); ++i) {
      const Point p = frame.place(plot_.points[i].x, plot_.points[i].y);
      if (plot_.thumbnails.empty()) {
        // Coloured places need an edge around the points on them.
        if (plot_.background) {
          drawing.add(Drawing::Circle{p, radius + 1.2, Paint::paper(), {}});
        }
        draw_point(drawing, p, class_of(i), radius);
        continue;
      }
      const double x = p.x - kThumbnail / 2, y = p.y - kThumbnail / 2;
      drawing.add(Drawing::Picture{x, y, kThumbnail, kThumbnail, plot_.thumbnails[i]});
      const Paint paint = Paint::series(static_cast<int>(class_of(i) % Paint::kSeries));
      drawing.add(Drawing::Rectangle{x, y, kThumbnail, kThumbnail, Paint::none(), {paint, 1.2}});
    }
  }

  // Beside their points, the first ones first, where nothing else is written.
  void draw_labels(Drawing& drawing, const AxisFrame& frame) const {
    struct Box {
      double left, top, right, bottom;
    };
    constexpr double kAway = 3.5, kHeight = kNameSize;
    std::vector<Box> taken;
    // Circles are kept free where they are not so many that no name would have room.
    constexpr size_t kMostCircles = 1000;
    std::vector<Point> circles;
    for (const Point& p : plot_.points) {
      if (plot_.points.size() <= kMostCircles) circles.push_back(frame.place(p.x, p.y));
    }
    const auto hides = [](const Box& b, const Point& p) {
      return p.x > b.left - 1 && p.x < b.right + 1 && p.y > b.top - 1 && p.y < b.bottom + 1;
    };
    const auto is_free = [&](const Box& b) {
      const bool is_inside = b.left >= frame.left - 8 && b.right <= frame.left + frame.width + 8 &&
                             b.top >= frame.top - 8 && b.bottom <= frame.top + frame.height + 8;
      const bool hides_one =
          std::any_of(circles.begin(), circles.end(), [&](const Point& p) { return hides(b, p); });
      return is_inside && !hides_one && std::none_of(taken.begin(), taken.end(), [&](const Box& o) {
               return b.left < o.right && o.left < b.right && b.top < o.bottom && o.top < b.bottom;
             });
    };
    for (size_t i = 0; i < plot_.labels.size(); ++i) {
      const Point p = frame.place(plot_.points[i].x, plot_.points[i].y);
      const double width = text_width(plot_.labels[i], kNameSize), half = kHeight / 2;
      const Box places[] = {
          {p.x + kAway, p.y - half, p.x + kAway + width, p.y + half},
          {p.x - kAway - width, p.y - half, p.x - kAway, p.y + half},
          {p.x - width / 2, p.y - kAway - kHeight, p.x + width / 2, p.y - kAway},
          {p.x - width / 2, p.y + kAway, p.x + width / 2, p.y + kAway + kHeight},
      };
      const auto* free = std::find_if(std::begin(places), std::end(places), is_free);
      if (free == std::end(places)) continue;
      taken.push_back(*free);
      drawing.text({free->left, free->bottom - 2}, plot_.labels[i], {kNameSize});
    }
  }

  // At the point nearest to the class's mean, so that it stands among its points.
  void draw_names(Drawing& drawing, const AxisFrame& frame) const {
    for (int64_t c = 0; c < classes_; ++c) {
      Point sum;
      double count = 0;
      for (size_t i = 0; i < plot_.points.size(); ++i) {
        if (class_of(i) != c) continue;
        sum = {sum.x + plot_.points[i].x, sum.y + plot_.points[i].y};
        ++count;
      }
      if (count == 0) continue;
      const Point mean{sum.x / count, sum.y / count};
      Point best = mean;
      double least = INFINITY;
      for (size_t i = 0; i < plot_.points.size(); ++i) {
        const double distance = std::hypot(plot_.points[i].x - mean.x, plot_.points[i].y - mean.y);
        if (class_of(i) == c && distance < least) {
          least = distance;
          best = plot_.points[i];
        }
      }
      const Point p = frame.place(best.x, best.y);
      const double width = text_width(name_of(c), 13, true) + 8;
      drawing.add(Drawing::Rectangle{
          p.x - width / 2, p.y - 9, width, 18, Paint::paper().with_opacity(0.8), {}, 4});
      drawing.text({p.x, p.y + 4.7}, name_of(c), {13, Anchor::kMiddle, Paint::ink(), true});
    }
  }

  const ScatterPlot& plot_;
  int64_t classes_ = 1;
};

}  // namespace

Drawing draw(const ScatterPlot& plot) {
  CNN_ASSERT(!plot.points.empty());
  return ScatterPainter(plot).draw();
}

}  // namespace cnn
