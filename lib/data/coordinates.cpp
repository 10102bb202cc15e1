#include "data/coordinates.h"

#include <algorithm>
#include <limits>

namespace cnn {
namespace {

struct Place {
  double y = 0;
  double x = 0;
};

Place moved(const PictureMap& map, Place from) {
  const std::array<double, 4>& a = map.linear;
  return {a[0] * from.y + a[1] * from.x + map.down, a[2] * from.y + a[3] * from.x + map.right};
}

float clipped(double value, int64_t size) {
  return static_cast<float>(std::clamp(value, 0.0, static_cast<double>(size)));
}

}  // namespace

void move_points(const PictureMap& map, std::span<float> points) {
  for (size_t i = 0; i + 1 < points.size(); i += 2) {
    const Place to = moved(map, {points[i + 1], points[i]});
    points[i] = static_cast<float>(to.x);
    points[i + 1] = static_cast<float>(to.y);
  }
}

void move_boxes(const PictureMap& map, const PictureSize& size, std::span<float> boxes) {
  constexpr double kFar = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i + 3 < boxes.size(); i += 4) {
    float* box = boxes.data() + i;
    Place low{kFar, kFar}, high{-kFar, -kFar};
    for (const Place corner :
         {Place{box[1], box[0]}, {box[1], box[2]}, {box[3], box[0]}, {box[3], box[2]}}) {
      const Place to = moved(map, corner);
      low = {std::min(low.y, to.y), std::min(low.x, to.x)};
      high = {std::max(high.y, to.y), std::max(high.x, to.x)};
    }
    box[0] = clipped(low.x, size.width);
    box[1] = clipped(low.y, size.height);
    box[2] = clipped(high.x, size.width);
    box[3] = clipped(high.y, size.height);
  }
}

void move_coordinates(Coordinates kind, const PictureMap& map, const PictureSize& size,
                      std::span<float> values) {
  if (kind == Coordinates::kPoints) move_points(map, values);
  if (kind == Coordinates::kBoxes) move_boxes(map, size, values);
}

}  // namespace cnn
