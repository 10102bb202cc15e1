// The lines between boxes, led around what stands in their way.
#pragma once

#include <vector>

#include "viz/network/layout.h"

namespace cnn {

// A way as a smooth path: straight pieces and curves.
class Way {
 public:
  explicit Way(Point start) : points_{start} {}
  Way& line_to(Point p);
  Way& curve_to(Point a, Point b, Point p);
  // Straight pieces through `corners`, these rounded, to `end`.
  Way& along(const std::vector<Point>& corners, Point end, double radius = 7);
  std::vector<Point> take() { return std::move(points_); }

 private:
  std::vector<Point> points_;
};

// Lines end so far before a box: the arrow's head lies between.
inline constexpr double kHead = 4;

// True if a line passes a box that is neither its beginning nor its end.
bool passes_boxes(const NetworkLayout& layout);

// Routes among boxes that stand in steps, one behind another: rows from the top down, columns from
// left to right, rows from the bottom up. Long lines run where no box stands, else beside all of
// them.
class StepRouter {
 public:
  enum class Flow { kDown, kRight, kUp };
  struct Step {
    size_t box = 0;
    int step = 0;
  };
  // `beside` -1: long lines run at the left (of kDown and kUp), 1: at the right (or below).
  StepRouter(NetworkLayout& layout, Flow flow, std::vector<Step> steps, int beside = 1);

  void connect(size_t from, size_t to);
  // From a point before the first step.
  void enter(Point from, size_t source, size_t to, std::vector<Point> way_before);

  // Where lines reach beside boxes: a coordinate across the flow; what no line reaches is as far as
  // the boxes.
  double reach() const;

 private:
  // Lengths along the flow (u) and across it (v).
  struct Body {
    double u0 = 0, u1 = 0, v0 = 0, v1 = 0;
    int step = 0;
    double middle() const { return (v0 + v1) / 2; }
  };
  struct Track {
    double v, from, to;
  };

  Body body_of(size_t box) const;
  Point point(double u, double v) const;
  double end_of(int step) const;
  double begin_of(int step) const;
  std::vector<Point> way(const Body& from, const Body& to);
  double free_track(const Body& from, const Body& to) const;
  bool is_free(double v, const Body& from, const Body& to) const;

  NetworkLayout& layout_;
  Flow flow_;
  int beside_;
  std::vector<Step> steps_;
  std::vector<Body> bodies_;  // as steps_
  std::vector<Track> tracks_;
  double reach_ = 0;
};

}  // namespace cnn
