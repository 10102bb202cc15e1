#include "viz/network/routes.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"

namespace cnn {
namespace {

constexpr double kPort = 10, kBend = 16, kTrack = 8, kClear = 5;

Point between(Point a, Point b, double share) {
  return {a.x + share * (b.x - a.x), a.y + share * (b.y - a.y)};
}

double within(double low, double high, double v) {
  if (high - low <= 2 * kPort) return (low + high) / 2;
  return std::clamp(v, low + kPort, high - kPort);
}

}  // namespace

Way& Way::line_to(Point p) {
  const Point from = points_.back();
  return curve_to(between(from, p, 1.0 / 3), between(from, p, 2.0 / 3), p);
}

Way& Way::curve_to(Point a, Point b, Point p) {
  points_.insert(points_.end(), {a, b, p});
  return *this;
}

Way& Way::along(const std::vector<Point>& corners, Point end, double radius) {
  for (size_t i = 0; i < corners.size(); ++i) {
    const Point corner = corners[i], next = i + 1 < corners.size() ? corners[i + 1] : end;
    const Point from = points_.back();
    const double in = std::hypot(corner.x - from.x, corner.y - from.y);
    const double out = std::hypot(next.x - corner.x, next.y - corner.y);
    // Half of what lies between two corners is each one's.
    const double r = std::min({radius, in, i + 1 < corners.size() ? out / 2 : out});
    if (in > 0) line_to(between(corner, from, r / in));
    if (out > 0) curve_to(corner, corner, between(corner, next, r / out));
  }
  return line_to(end);
}

namespace {

// A Bezier curve lies within the rectangle around its points, and halves of it within smaller ones.
bool crosses(const LayoutBox& box, const std::array<Point, 4>& p, int depth) {
  double left = p[0].x, right = p[0].x, top = p[0].y, bottom = p[0].y;
  for (const Point& q : p) {
    left = std::min(left, q.x);
    right = std::max(right, q.x);
    top = std::min(top, q.y);
    bottom = std::max(bottom, q.y);
  }
  if (right <= box.x || left >= box.x + box.width || bottom <= box.y || top >= box.y + box.height) {
    return false;
  }
  if (depth == 0) return true;
  const Point a = between(p[0], p[1], 0.5), b = between(p[1], p[2], 0.5),
              c = between(p[2], p[3], 0.5);
  const Point ab = between(a, b, 0.5), bc = between(b, c, 0.5), middle = between(ab, bc, 0.5);
  return crosses(box, {p[0], a, ab, middle}, depth - 1) ||
         crosses(box, {middle, bc, c, p[3]}, depth - 1);
}

}  // namespace

bool passes_boxes(const NetworkLayout& layout) {
  constexpr int kHalvings = 6;
  for (const LayoutRoute& route : layout.routes) {
    for (size_t b = 0; b < layout.boxes.size(); ++b) {
      if (static_cast<int>(b) == route.from || static_cast<int>(b) == route.to) continue;
      for (size_t i = 0; i + 3 < route.points.size(); i += 3) {
        const Point* p = &route.points[i];
        if (crosses(layout.boxes[b], {p[0], p[1], p[2], p[3]}, kHalvings)) return true;
      }
    }
  }
  return false;
}

StepRouter::StepRouter(NetworkLayout& layout, Flow flow, std::vector<Step> steps, int beside)
    : layout_(layout), flow_(flow), beside_(beside), steps_(std::move(steps)) {
  CNN_ASSERT(!steps_.empty());
  for (const Step& step : steps_) {
    const LayoutBox& box = layout.boxes[step.box];
    Body body;
    switch (flow) {
      case Flow::kDown:
        body = {box.y, box.y + box.height, box.x, box.x + box.width};
        break;
      case Flow::kUp:
        body = {-box.y - box.height, -box.y, box.x, box.x + box.width};
        break;
      case Flow::kRight:
        body = {box.x, box.x + box.width, box.y, box.y + box.height};
        break;
    }
    if (beside < 0) body = {body.u0, body.u1, -body.v1, -body.v0};
    body.step = step.step;
    bodies_.push_back(body);
  }
  reach_ = bodies_[0].v1;
  for (const Body& body : bodies_) reach_ = std::max(reach_, body.v1);
}

Point StepRouter::point(double u, double v) const {
  if (beside_ < 0) v = -v;
  switch (flow_) {
    case Flow::kDown:
      return {v, u};
    case Flow::kUp:
      return {v, -u};
    case Flow::kRight:
      break;
  }
  return {u, v};
}

double StepRouter::reach() const { return beside_ < 0 ? -reach_ : reach_; }

StepRouter::Body StepRouter::body_of(size_t box) const {
  for (size_t i = 0; i < steps_.size(); ++i) {
    if (steps_[i].box == box) return bodies_[i];
  }
  CNN_ASSERT(false);
  return {};
}

// Of the longest box of a step, and of the one that begins first.
double StepRouter::end_of(int step) const {
  double end = -INFINITY;
  for (const Body& body : bodies_) {
    if (body.step == step) end = std::max(end, body.u1);
  }
  return end;
}
double StepRouter::begin_of(int step) const {
  double begin = INFINITY;
  for (const Body& body : bodies_) {
    if (body.step == step) begin = std::min(begin, body.u0);
  }
  return begin;
}

void StepRouter::connect(size_t from, size_t to) {
  std::vector<Point> points = way(body_of(from), body_of(to));
  layout_.routes.push_back({static_cast<int>(from), static_cast<int>(to), std::move(points)});
}

void StepRouter::enter(Point from, size_t source, size_t to, std::vector<Point> way_before) {
  const Body target = body_of(to);
  int first = target.step;
  for (const Step& step : steps_) first = std::min(first, step.step);
  Body start{from.x, from.x, from.y, from.y, first - 1};
  if (flow_ != Flow::kRight) start = {from.y, from.y, from.x, from.x, first - 1};
  const std::vector<Point> rest = way(start, target);
  if (way_before.empty()) way_before.push_back(rest.front());
  way_before.insert(way_before.end(), rest.begin() + 1, rest.end());
  layout_.routes.push_back({static_cast<int>(source), static_cast<int>(to), std::move(way_before)});
}

std::vector<Point> StepRouter::way(const Body& from, const Body& to) {
  const bool is_near = to.step == from.step + 1;
  const double end = std::max(from.u1, end_of(from.step)), begin = begin_of(to.step);
  if (is_near) {
    const double p = from.middle(), q = to.middle(), middle = (end + begin) / 2;
    return Way(point(from.u1, p))
        .line_to(point(end, p))
        .curve_to(point(middle, p), point(middle, q), point(begin - kHead, q))
        .line_to(point(to.u0 - kHead, q))
        .take();
  }
  const double v = free_track(from, to);
  const double p = within(from.v0, from.v1, v), q = within(to.v0, to.v1, v);
  tracks_.push_back({v, from.u1, to.u0});
  reach_ = std::max(reach_, v);
  Way way(point(from.u1, p));
  way.line_to(point(end, p));
  way.curve_to(point(end + kBend / 2, p), point(end + kBend / 2, v), point(end + kBend, v));
  way.line_to(point(begin - kBend, v));
  way.curve_to(point(begin - kBend / 2, v), point(begin - kBend / 2, q), point(begin - kHead, q));
  way.line_to(point(to.u0 - kHead, q));
  return way.take();
}

// Where a long line can run: behind its source, else beside all boxes in between.
double StepRouter::free_track(const Body& from, const Body& to) const {
  std::vector<double> wishes = {from.middle(), to.middle()};
  if (from.v1 - from.v0 > 4 * kPort) {
    wishes.insert(wishes.end(), {from.v0 + kPort, from.v0 + kPort + kTrack, from.v1 - kPort});
  }
  double beside = std::max(from.v1, to.v1) - kPort;
  const double farthest = std::max(from.v1, to.v1);
  for (const Body& body : bodies_) {
    const bool is_between = body.step > from.step && body.step < to.step;
    if (is_between && body.v0 <= farthest) beside = std::max(beside, body.v1 + kPort);
  }
  for (int i = 0; i < 200; ++i) wishes.push_back(beside + i * kTrack);
  for (const double v : wishes) {
    if (is_free(v, from, to)) return v;
  }
  return wishes.back();
}

bool StepRouter::is_free(double v, const Body& from, const Body& to) const {
  for (const Body& body : bodies_) {
    const bool is_between = body.step > from.step && body.step < to.step;
    if (is_between && v > body.v0 - kClear && v < body.v1 + kClear) return false;
  }
  for (const Track& track : tracks_) {
    const bool overlaps = track.from < to.u0 && from.u1 < track.to;
    if (overlaps && std::abs(track.v - v) < kTrack - 1) return false;
  }
  return true;
}

}  // namespace cnn
