#include "viz/drawing/sheet.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"

namespace cnn {
namespace {

constexpr double kMargin = 14;
constexpr double kTitleSize = 15, kSubtitleSize = 11, kCaptionSize = 10, kHeaderSize = 11;
constexpr double kCaptionHeight = 13;
constexpr double kLeast = 260;  // narrower sheets have room for their titles too

class SheetPainter {
 public:
  explicit SheetPainter(const Sheet& sheet) : sheet_(sheet) {
    count_ = static_cast<int64_t>(sheet.tiles.size());
    columns_ = sheet.columns > 0
                   ? sheet.columns
                   : std::max<int64_t>(
                         1, std::llround(std::ceil(std::sqrt(1.5 * static_cast<double>(count_)))));
    if (sheet.columns == 0) columns_ = std::min(columns_, std::max<int64_t>(count_, 1));
    rows_ = (count_ + columns_ - 1) / columns_;
    choose_side();
    measure();
  }

  Drawing draw() {
    double width = kMargin + left_ + column_x(columns_) - sheet_.gap + kMargin;
    width = std::max(width, kLeast);
    Drawing drawing(width, 0);
    drawing.set_label(sheet_.title);
    double y = draw_titles(drawing, sheet_.title, sheet_.subtitle, kMargin, width - 2 * kMargin);
    y += draw_column_titles(drawing, y);
    for (int64_t row = 0; row < rows_; ++row) {
      draw_row(drawing, row, y);
      y += row_height(row) + sheet_.gap;
    }
    if (sheet_.bar) y += draw_bar(drawing, y);
    drawing.resize(width, y + kMargin - sheet_.gap);
    return drawing;
  }

 private:
  const Tile* tile(int64_t row, int64_t column) const {
    const int64_t i = row * columns_ + column;
    return column < columns_ && i < count_ ? &sheet_.tiles[static_cast<size_t>(i)] : nullptr;
  }

  static double side_of(const Tile& t) {
    return static_cast<double>(std::max<int64_t>({t.picture.height, t.picture.width, 1}));
  }

  // The larger side of all tiles: that of the largest one, enlarged by a whole factor.
  void choose_side() {
    for (const Tile& t : sheet_.tiles) {
      const double scale = std::max(1.0, std::round(sheet_.tile_size / side_of(t)));
      if (!t.picture.values.empty()) side_ = std::max(side_, scale * side_of(t));
    }
  }

  double scale_of(const Tile& t) const {
    return sheet_.scale > 0 ? static_cast<double>(sheet_.scale) : side_ / side_of(t);
  }

  void measure() {
    widths_.assign(static_cast<size_t>(columns_), 0);
    heights_.assign(static_cast<size_t>(rows_), 0);
    captions_.assign(static_cast<size_t>(rows_), 0);
    for (int64_t row = 0; row < rows_; ++row) {
      for (int64_t column = 0; column < columns_; ++column) {
        const Tile* t = tile(row, column);
        if (t == nullptr) continue;
        const double scale = scale_of(*t);
        double& width = widths_[static_cast<size_t>(column)];
        width = std::max(width, scale * static_cast<double>(t->picture.width));
        double& height = heights_[static_cast<size_t>(row)];
        height = std::max(height, scale * static_cast<double>(t->picture.height));
        const double lines = (t->caption.empty() ? 0 : 1) + (t->second_caption.empty() ? 0 : 1);
        double& captions = captions_[static_cast<size_t>(row)];
        captions = std::max(captions, lines * kCaptionHeight);
      }
    }
    for (const std::string& title : sheet_.row_titles) {
      left_ = std::max(left_, std::min(text_width(title, kHeaderSize), 160.0) + 8);
    }
  }

  // From the first column's left edge.
  double column_x(int64_t column) const {
    double x = std::accumulate(widths_.begin(), widths_.begin() + column, 0.0) +
               static_cast<double>(column) * sheet_.gap;
    for (const int64_t before : sheet_.gaps_before) x += before <= column ? 2 * sheet_.gap : 0;
    return x;
  }
  double row_height(int64_t row) const {
    return heights_[static_cast<size_t>(row)] + captions_[static_cast<size_t>(row)];
  }

  double draw_column_titles(Drawing& drawing, double y) const {
    if (sheet_.column_titles.empty()) return 0;
    for (size_t i = 0; i < sheet_.column_titles.size() && i < widths_.size(); ++i) {
      const double width = widths_[i];
      const double x = kMargin + left_ + column_x(static_cast<int64_t>(i)) + width / 2;
      drawing.text({x, y + kHeaderSize},
                   fitted(sheet_.column_titles[i], kHeaderSize, width + sheet_.gap),
                   {kHeaderSize, Anchor::kMiddle, Paint::muted()});
    }
    return kHeaderSize + 7;
  }

  void draw_row(Drawing& drawing, int64_t row, double y) const {
    const double height = heights_[static_cast<size_t>(row)];
    if (static_cast<size_t>(row) < sheet_.row_titles.size()) {
      drawing.text({kMargin, y + height / 2 + 0.35 * kHeaderSize},
                   fitted(sheet_.row_titles[static_cast<size_t>(row)], kHeaderSize, left_ - 8),
                   {kHeaderSize, Anchor::kStart, Paint::muted()});
    }
    for (int64_t column = 0; column < columns_; ++column) {
      const Tile* t = tile(row, column);
      if (t == nullptr) continue;
      const double room = widths_[static_cast<size_t>(column)];
      const double scale = scale_of(*t);
      const double width = scale * static_cast<double>(t->picture.width);
      draw_tile(drawing, *t, kMargin + left_ + column_x(column) + (room - width) / 2, y, scale,
                height, room);
    }
  }

  void draw_tile(Drawing& drawing, const Tile& t, double x, double y, double scale,
                 double row_height, double room) const {
    const double width = scale * static_cast<double>(t.picture.width);
    const double height = scale * static_cast<double>(t.picture.height);
    const double top = y + row_height - height;  // tiles of a row stand on one line
    if (width > 0 && height > 0) {
      drawing.add(Drawing::Picture{x, top, width, height, t.picture});
      draw_marks(drawing, t, x, top, scale);
      const bool is_plain = t.frame.role() == Paint::Role::kGrid;
      const double line = is_plain ? 1 : 2.5;
      drawing.add(Drawing::Rectangle{x - line / 2,
                                     top - line / 2,
                                     width + line,
                                     height + line,
                                     Paint::none(),
                                     {t.frame, line}});
    }
    double base = y + row_height + kCaptionSize + 1;
    for (const std::string* caption : {&t.caption, &t.second_caption}) {
      if (caption->empty()) continue;
      drawing.text({x + width / 2, base},
                   fitted(*caption, kCaptionSize, std::max(room + sheet_.gap - 2, 24.0)),
                   {kCaptionSize, Anchor::kMiddle, Paint::muted()});
      base += kCaptionHeight;
    }
  }

  static void draw_marks(Drawing& drawing, const Tile& t, double x, double y, double scale) {
    const auto place = [&](Point p) { return Point{x + scale * p.x, y + scale * p.y}; };
    for (Drawing::Element element : t.marks) {
      if (auto* path = std::get_if<Drawing::Path>(&element)) {
        for (Point& p : path->points) p = place(p);
      } else if (auto* r = std::get_if<Drawing::Rectangle>(&element)) {
        const Point corner = place({r->x, r->y});
        *r = {corner.x, corner.y, r->width * scale, r->height * scale, r->fill, r->stroke};
      } else if (auto* c = std::get_if<Drawing::Circle>(&element)) {
        c->centre = place(c->centre);
        c->radius *= scale;
      } else if (auto* text = std::get_if<Drawing::Text>(&element)) {
        text->at = place(text->at);
      } else if (auto* picture = std::get_if<Drawing::Picture>(&element)) {
        const Point corner = place({picture->x, picture->y});
        picture->x = corner.x;
        picture->y = corner.y;
        picture->width *= scale;
        picture->height *= scale;
      }
      std::visit([&](auto& shape) { drawing.add(std::move(shape)); }, element);
    }
  }

  double draw_bar(Drawing& drawing, double y) const {
    constexpr int64_t kSteps = 64;
    constexpr double kBarWidth = 120, kBarHeight = 9;
    const ColourBar& bar = *sheet_.bar;
    FloatImage ramp{1, kSteps, 1, {}};
    for (int64_t i = 0; i < kSteps; ++i) {
      ramp.values.push_back(static_cast<float>(i) / static_cast<float>(kSteps - 1));
    }
    const double x = kMargin + left_ + text_width(bar.low, kCaptionSize) + 6, top = y + 5;
    const TextStyle style{kCaptionSize, Anchor::kEnd, Paint::muted()};
    drawing.text({x - 6, top + kBarHeight}, bar.low, style);
    drawing.add(Drawing::Picture{x, top, kBarWidth, kBarHeight, bar.map->apply(ramp)});
    const std::string label = bar.label.empty() ? "" : "   " + bar.label;
    drawing.text({x + kBarWidth + 6, top + kBarHeight}, bar.high + label,
                 {kCaptionSize, Anchor::kStart, Paint::muted()});
    return kBarHeight + 12 + sheet_.gap;
  }

  const Sheet& sheet_;
  int64_t count_ = 0, columns_ = 1, rows_ = 0;
  double side_ = 1;
  double left_ = 0;  // of row titles
  std::vector<double> widths_, heights_, captions_;
};

}  // namespace

double draw_titles(Drawing& drawing, const std::string& title, const std::string& subtitle,
                   double left, double width) {
  double y = kMargin;
  for (const std::string& line : broken_lines(title, kTitleSize, width, true)) {
    y += kTitleSize;
    drawing.text({left, y}, fitted(line, kTitleSize, width, true),
                 {kTitleSize, Anchor::kStart, Paint::ink(), true});
    y += 5;
  }
  for (const std::string& line : broken_lines(subtitle, kSubtitleSize, width)) {
    y += kSubtitleSize + 1;
    drawing.text({left, y}, fitted(line, kSubtitleSize, width),
                 {kSubtitleSize, Anchor::kStart, Paint::muted()});
    y += 3;
  }
  return y + 9;
}

Drawing draw(const Sheet& sheet) { return SheetPainter(sheet).draw(); }

}  // namespace cnn
