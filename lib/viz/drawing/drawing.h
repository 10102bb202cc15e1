// Drawing: a picture as a list of marks, in pixels from the upper left corner, later marks over
// earlier ones. Colours are named by what they are for, so that one drawing can be shown on white
// and on black. Two writers: svg.h and raster.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "io/image.h"

namespace cnn {

// The colour of a line, an area or a text.
class Paint {
 public:
  enum class Role : uint8_t { kNone, kPaper, kInk, kMuted, kGrid, kSeries, kRgb };
  static constexpr int kSeries = 8;

  static Paint none() { return Paint(Role::kNone); }
  static Paint paper() { return Paint(Role::kPaper); }  // the background
  static Paint ink() { return Paint(Role::kInk); }      // text, axes
  static Paint muted() { return Paint(Role::kMuted); }  // captions, ticks
  static Paint grid() { return Paint(Role::kGrid); }    // lines that are hardly seen, frames
  // Colours that people with any colour vision tell apart (Okabe & Ito 2008), in rounds of eight.
  static Paint series(int number);
  static Paint rgb(Colour colour);

  Paint with_opacity(double opacity) const;

  Role role() const { return role_; }
  int number() const { return number_; }  // of a series: 0 .. kSeries-1
  double opacity() const { return opacity_; }
  bool is_none() const { return role_ == Role::kNone; }
  Colour on_white() const;
  Colour on_black() const;

 private:
  explicit Paint(Role role) : role_(role) {}
  Role role_;
  int number_ = 0;
  Colour rgb_;
  double opacity_ = 1;
};

struct Point {
  double x = 0, y = 0;
};

struct Stroke {
  Paint paint = Paint::none();
  double width = 1;
  bool dashed = false;
};

enum class Anchor { kStart, kMiddle, kEnd };

struct TextStyle {
  double size = 12;  // of the font, in pixels
  Anchor anchor = Anchor::kStart;
  Paint paint = Paint::ink();
  bool bold = false;
  double degrees = 0;  // turned clockwise about its place
};

class Drawing {
 public:
  // A line of several points; closed: the outline of an area.
  struct Path {
    std::vector<Point> points;
    bool closed = false;
    Paint fill = Paint::none();
    Stroke stroke;
    bool smooth = false;  // each three further points are a Bezier curve's
  };
  struct Rectangle {
    double x = 0, y = 0, width = 0, height = 0;
    Paint fill = Paint::none();
    Stroke stroke;
    double radius = 0;  // of its corners
  };
  struct Circle {
    Point centre;
    double radius = 1;
    Paint fill = Paint::none();
    Stroke stroke;
  };
  struct Text {
    Point at;  // on the base line
    std::string text;
    TextStyle style;
  };
  // Stretched to the rectangle, pixels staying squares.
  struct Picture {
    double x = 0, y = 0, width = 0, height = 0;
    Image image;  // 1, 3 or 4 channels
  };
  using Element = std::variant<Path, Rectangle, Circle, Text, Picture>;

  Drawing() = default;
  Drawing(double width, double height) : width_(width), height_(height) {}

  double width() const { return width_; }
  double height() const { return height_; }
  // What it shows, for people who do not see it.
  const std::string& label() const { return label_; }
  void set_label(std::string label) { label_ = std::move(label); }
  void resize(double width, double height) {
    width_ = width;
    height_ = height;
  }
  const std::vector<Element>& elements() const { return elements_; }

  // One overload a shape: moving a variant made of one brings false alarms from GCC 12.
  void add(Path path) { elements_.emplace_back(std::move(path)); }
  void add(Rectangle rectangle) { elements_.emplace_back(std::move(rectangle)); }
  void add(Circle circle) { elements_.emplace_back(std::move(circle)); }
  void add(Text text) { elements_.emplace_back(std::move(text)); }
  void add(Picture picture) { elements_.emplace_back(std::move(picture)); }
  void line(Point from, Point to, const Stroke& stroke);
  // Control characters and what is no UTF-8 are escaped.
  void text(Point at, std::string_view text, const TextStyle& style = {});
  // All of `other`, its corner at (x, y).
  void add(const Drawing& other, double x, double y);

 private:
  double width_ = 0, height_ = 0;
  std::string label_;
  std::vector<Element> elements_;
};

// Of one line of UTF-8 in the font that both writers ask for (DejaVu Sans); in cairo.cpp.
double text_width(std::string_view text, double size, bool bold = false);

// The text with its end replaced by an ellipsis where it is wider than `width`.
std::string fitted(std::string_view text, double size, double width, bool bold = false);

// The text in lines at most `width` wide, broken at spaces.
std::vector<std::string> broken_lines(std::string_view text, double size, double width,
                                      bool bold = false);

}  // namespace cnn
