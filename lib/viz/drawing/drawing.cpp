#include "viz/drawing/drawing.h"

#include <array>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "predict/maps.h"

namespace cnn {
namespace {

struct Pair2 {
  Colour on_white, on_black;
};

Pair2 colours_of(Paint::Role role) {
  switch (role) {
    case Paint::Role::kPaper:
      return {{255, 255, 255}, {22, 24, 28}};
    case Paint::Role::kInk:
      return {{31, 35, 40}, {230, 233, 237}};
    case Paint::Role::kMuted:
      return {{101, 109, 118}, {152, 160, 170}};
    case Paint::Role::kGrid:
      return {{221, 225, 230}, {56, 61, 68}};
    case Paint::Role::kNone:
    case Paint::Role::kSeries:
    case Paint::Role::kRgb:
      break;
  }
  return {{0, 0, 0}, {255, 255, 255}};
}

// The palette of masks, the strong hues first and grey in place of black.
Colour series_colour(int number) {
  constexpr std::array<size_t, Paint::kSeries - 1> kOrder = {5, 6, 3, 7, 1, 2, 4};
  if (number == Paint::kSeries - 1) return {130, 130, 130};
  return class_colours()[kOrder[static_cast<size_t>(number)]];
}

Colour mixed(Colour a, Colour b, double share_of_b) {
  const auto mix = [&](uint8_t x, uint8_t y) {
    return static_cast<uint8_t>(x + share_of_b * (y - x) + 0.5);
  };
  return {mix(a.red, b.red), mix(a.green, b.green), mix(a.blue, b.blue)};
}

Point moved(Point p, double x, double y) { return {p.x + x, p.y + y}; }

}  // namespace

Paint Paint::series(int number) {
  CNN_ASSERT(number >= 0);
  Paint paint(Role::kSeries);
  paint.number_ = number % kSeries;
  return paint;
}

Paint Paint::rgb(Colour colour) {
  Paint paint(Role::kRgb);
  paint.rgb_ = colour;
  return paint;
}

Paint Paint::with_opacity(double opacity) const {
  Paint paint = *this;
  paint.opacity_ = opacity;
  return paint;
}

Colour Paint::on_white() const {
  if (role_ == Role::kRgb) return rgb_;
  // Yellow on white is not seen.
  if (role_ == Role::kSeries)
    return mixed(series_colour(number_), {0, 0, 0}, number_ == 6 ? 0.2 : 0);
  return colours_of(role_).on_white;
}

Colour Paint::on_black() const {
  if (role_ == Role::kRgb) return rgb_;
  if (role_ == Role::kSeries) return mixed(series_colour(number_), {255, 255, 255}, 0.15);
  return colours_of(role_).on_black;
}

void Drawing::line(Point from, Point to, const Stroke& stroke) {
  add(Path{{from, to}, false, Paint::none(), stroke});
}

void Drawing::text(Point at, std::string_view text, const TextStyle& style) {
  if (!text.empty()) add(Text{at, escaped(text), style});
}

void Drawing::add(const Drawing& other, double x, double y) {
  for (Element element : other.elements_) {
    if (auto* path = std::get_if<Path>(&element)) {
      for (Point& p : path->points) p = moved(p, x, y);
    } else if (auto* rectangle = std::get_if<Rectangle>(&element)) {
      rectangle->x += x;
      rectangle->y += y;
    } else if (auto* circle = std::get_if<Circle>(&element)) {
      circle->centre = moved(circle->centre, x, y);
    } else if (auto* text = std::get_if<Text>(&element)) {
      text->at = moved(text->at, x, y);
    } else if (auto* picture = std::get_if<Picture>(&element)) {
      picture->x += x;
      picture->y += y;
    }
    elements_.push_back(std::move(element));
  }
}

std::string fitted(std::string_view text, double size, double width, bool bold) {
  std::string whole(text);
  if (text_width(whole, size, bold) <= width) return whole;
  const std::string dots = "\xe2\x80\xa6";
  while (!whole.empty()) {
    // A whole character at a time: bytes 10xxxxxx go on with the one before.
    while (whole.size() > 1 && (whole.back() & 0xC0) == 0x80) whole.pop_back();
    whole.pop_back();
    if (text_width(whole + dots, size, bold) <= width) return whole + dots;
  }
  return dots;
}

std::vector<std::string> broken_lines(std::string_view text, double size, double width, bool bold) {
  std::vector<std::string> lines;
  std::string line;
  for (const std::string& word : split(text, ' ')) {
    const std::string longer = line.empty() ? word : line + " " + word;
    if (!line.empty() && text_width(longer, size, bold) > width) {
      lines.push_back(std::exchange(line, word));
    } else {
      line = longer;
    }
  }
  if (!line.empty()) lines.push_back(line);
  return lines;
}

}  // namespace cnn
