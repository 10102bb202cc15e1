#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/error.h"
#include "viz/drawing/plot.h"
#include "viz/drawing/sheet.h"

namespace cnn {
namespace {

constexpr double kMargin = 14, kLabelSize = 12, kPanelTitle = 12, kGap = 26;
constexpr double kWidest = 1700;      // of panels side by side
constexpr double kLongestName = 260;  // what is longer ends in an ellipsis

class HeatPainter {
 public:
  explicit HeatPainter(const HeatPlot& plot) : plot_(plot) {
    CNN_ASSERT(!plot.panels.empty());
    size_t most = 1;
    for (const HeatPlot::Panel& p : plot.panels) {
      CNN_ASSERT(p.values.size() == p.rows.size() * p.columns.size() && !p.values.empty());
      most = std::max({most, p.rows.size(), p.columns.size()});
    }
    choose_scale();
    side_ = std::clamp(560.0 / static_cast<double>(most), 11.0, 32.0);
    font_ = std::min(12.0, side_ - 1);
    for (const HeatPlot::Panel& p : plot.panels) measure(p);
    header_ = is_turned_ ? longest_column_ + 8 : font_ + 7;
  }

  Drawing draw() {
    const auto panel_width = [&](const HeatPlot::Panel& p) { return left() + whole(p.columns); };
    double widest = 0;
    for (const HeatPlot::Panel& p : plot_.panels) widest = std::max(widest, panel_width(p));
    const auto count = static_cast<int64_t>(plot_.panels.size());
    const auto fit = static_cast<int64_t>((kWidest + kGap) / (widest + kGap));
    const auto square = static_cast<int64_t>(std::ceil(std::sqrt(static_cast<double>(count))));
    const int64_t columns = std::clamp<int64_t>(square, 1, std::max<int64_t>(fit, 1));
    const double all = widest * static_cast<double>(columns) +
                       kGap * static_cast<double>(columns - 1) + 2 * kMargin;
    const double width = std::max(all, 420.0);
    Drawing drawing(width, 0);
    drawing.set_label(plot_.title);
    double y = draw_titles(drawing, plot_.title, plot_.subtitle, kMargin, width - 2 * kMargin);
    y += draw_bar(drawing, y);
    for (int64_t first = 0; first < count; first += columns) {
      double height = 0;
      for (int64_t i = first; i < std::min(first + columns, count); ++i) {
        const double x = kMargin + static_cast<double>(i - first) * (widest + kGap);
        height = std::max(height, draw_panel(drawing, plot_.panels[static_cast<size_t>(i)], x, y));
      }
      y += height + kGap;
    }
    drawing.resize(width, y - kGap + kMargin);
    return drawing;
  }

 private:
  double whole(const std::vector<std::string>& names) const {
    return side_ * static_cast<double>(names.size());
  }
  double left() const { return kLabelSize + 8 + longest_row_ + 6; }

  // A few values may lie far above all others, as the first rows of a triangle do: they have the
  // last colour, too.
  void choose_scale() {
    std::vector<float> all;
    for (const HeatPlot::Panel& p : plot_.panels) {
      std::copy_if(p.values.begin(), p.values.end(), std::back_inserter(all),
                   [](float v) { return std::isfinite(v); });
    }
    if (all.empty()) return;
    std::sort(all.begin(), all.end());
    const auto last = static_cast<double>(all.size() - 1);
    const float high = all[static_cast<size_t>(std::ceil(0.99 * last))];
    largest_ = high > 0 ? high : all.back();
    is_beyond_ = all.back() > largest_;
  }

  void measure(const HeatPlot::Panel& panel) {
    const auto longest = [&](const std::vector<std::string>& names) {
      double width = 0;
      for (const std::string& name : names) width = std::max(width, text_width(name, font_));
      return std::min(width, kLongestName);
    };
    longest_row_ = std::max(longest_row_, longest(panel.rows));
    longest_column_ = std::max(longest_column_, longest(panel.columns));
    is_turned_ = longest_column_ > side_;
  }

  // Gives its height.
  double draw_panel(Drawing& drawing, const HeatPlot::Panel& panel, double x, double y) const {
    double top = y;
    const double first = x + left(), middle = first + whole(panel.columns) / 2;
    if (!panel.title.empty()) {
      drawing.text({first, top + kPanelTitle}, panel.title,
                   {kPanelTitle, Anchor::kStart, Paint::ink(), true});
      top += kPanelTitle + 8;
    }
    drawing.text({middle, top + kLabelSize}, panel.column_label,
                 {kLabelSize, Anchor::kMiddle, Paint::muted()});
    top += kLabelSize + 6 + header_;
    drawing.text({x + kLabelSize, top + whole(panel.rows) / 2}, panel.row_label,
                 {kLabelSize, Anchor::kMiddle, Paint::muted(), false, -90});
    for (size_t i = 0; i < panel.columns.size(); ++i) {
      const double centre = first + side_ * (static_cast<double>(i) + 0.5);
      drawing.text({centre + (is_turned_ ? 0.36 * font_ : 0), top - 5},
                   fitted(panel.columns[i], font_, kLongestName),
                   {font_, is_turned_ ? Anchor::kStart : Anchor::kMiddle, Paint::ink(), false,
                    is_turned_ ? -90.0 : 0.0});
    }
    for (size_t i = 0; i < panel.rows.size(); ++i) {
      const double centre = top + side_ * (static_cast<double>(i) + 0.5);
      drawing.text({first - 6, centre + 0.36 * font_}, fitted(panel.rows[i], font_, kLongestName),
                   {font_, Anchor::kEnd, Paint::ink()});
    }
    drawing.add(
        Drawing::Picture{first, top, whole(panel.columns), whole(panel.rows), squares(panel)});
    drawing.add(Drawing::Rectangle{
        first, top, whole(panel.columns), whole(panel.rows), Paint::none(), {Paint::grid(), 1}});
    return top + whole(panel.rows) - y;
  }

  // Empty places are transparent.
  Image squares(const HeatPlot::Panel& panel) const {
    const auto height = static_cast<int64_t>(panel.rows.size());
    Image image{height, static_cast<int64_t>(panel.columns.size()), 4, {}};
    for (const float value : panel.values) {
      const bool is_there = std::isfinite(value);
      const Colour c =
          ColourMap::sequential().at(is_there ? static_cast<double>(value / largest()) : 0);
      const uint8_t solid = is_there ? 255 : 0;
      image.values.insert(image.values.end(), {c.red, c.green, c.blue, solid});
    }
    return image;
  }

  float largest() const { return largest_ > 0 ? largest_ : 1; }

  double draw_bar(Drawing& drawing, double y) const {
    constexpr int64_t kSteps = 64;
    constexpr double kBarWidth = 140, kBarHeight = 10, kSize = 11;
    FloatImage ramp{1, kSteps, 1, {}};
    for (int64_t i = 0; i < kSteps; ++i) {
      ramp.values.push_back(static_cast<float>(i) / static_cast<float>(kSteps - 1));
    }
    drawing.text({kMargin, y + kBarHeight}, "0", {kSize, Anchor::kStart, Paint::muted()});
    drawing.add(Drawing::Picture{kMargin + 14, y, kBarWidth, kBarHeight,
                                 ColourMap::sequential().apply(ramp)});
    drawing.text(
        {kMargin + 14 + kBarWidth + 6, y + kBarHeight},
        fmt::format("{:.2g}{}   {}", largest(), is_beyond_ ? " or more" : "", plot_.scale_label),
        {kSize, Anchor::kStart, Paint::muted()});
    return kBarHeight + 16;
  }

  const HeatPlot& plot_;
  float largest_ = 0;
  double side_ = 20, font_ = 11, header_ = 0;
  double longest_row_ = 0, longest_column_ = 0;
  bool is_turned_ = false, is_beyond_ = false;
};

}  // namespace

Drawing draw(const HeatPlot& plot) { return HeatPainter(plot).draw(); }

}  // namespace cnn
