#include <algorithm>

#include "base/error.h"
#include "viz/drawing/plot.h"
#include "viz/drawing/sheet.h"

namespace cnn {
namespace {

constexpr double kMargin = 14, kNameSize = 11, kLabelSize = 12, kLongestName = 110;

double widest_name(const std::vector<std::string>& names) {
  double widest = 0;
  for (const std::string& name : names) widest = std::max(widest, text_width(name, kNameSize));
  return std::min(widest, kLongestName);
}

// Large enough for numbers where there are few classes, a hair where there are hundreds.
double cell_side(size_t classes) {
  if (classes <= 12) return 36;
  return std::max(2.0, std::min(28.0, 560.0 / static_cast<double>(classes)));
}

}  // namespace

Drawing draw(const MatrixPlot& plot) {
  const size_t n = plot.names.size();
  CNN_ASSERT(n > 0 && plot.shades.size() == n * n && plot.texts.size() == n * n);
  const double side = cell_side(n), whole = side * static_cast<double>(n);
  const bool has_names = side >= kNameSize + 1;
  const double names = has_names ? widest_name(plot.names) : 0;
  const bool turned = names > side - 4;
  const double left = kMargin + kLabelSize + 10 + names + 6;
  const double width = std::max(left + whole + kMargin, 320.0);
  Drawing drawing(width, 0);
  drawing.set_label(plot.title);
  double top = draw_titles(drawing, plot.title, plot.subtitle, kMargin, width - 2 * kMargin);
  drawing.text({left + whole / 2, top + kLabelSize}, plot.column_label,
               {kLabelSize, Anchor::kMiddle});
  top += kLabelSize + 8;
  const double header = !has_names ? 0 : turned ? names + 6 : kNameSize + 6;
  drawing.text({kMargin + kLabelSize, top + header + whole / 2}, plot.row_label,
               {kLabelSize, Anchor::kMiddle, Paint::ink(), false, -90});
  const double bottom_of_header = top + header;
  for (size_t i = 0; has_names && i < n; ++i) {
    const double middle = side * (static_cast<double>(i) + 0.5);
    const std::string name = fitted(plot.names[i], kNameSize, kLongestName);
    drawing.text({left - 6, bottom_of_header + middle + 0.36 * kNameSize}, name,
                 {kNameSize, Anchor::kEnd, Paint::muted()});
    const Point place{left + middle + (turned ? 0.36 * kNameSize : 0), bottom_of_header - 5};
    drawing.text(place, name,
                 {kNameSize, turned ? Anchor::kStart : Anchor::kMiddle, Paint::muted(), false,
                  turned ? -90.0 : 0.0});
  }
  FloatImage shades{static_cast<int64_t>(n), static_cast<int64_t>(n), 1, {}};
  for (const double shade : plot.shades) shades.values.push_back(static_cast<float>(shade));
  drawing.add(Drawing::Picture{left, bottom_of_header, whole, whole,
                               ColourMap::sequential().apply(shades)});
  for (size_t i = 0; i < n * n; ++i) {
    const std::string& text = plot.texts[i];
    const double size = std::min(kNameSize, 0.4 * side + 1);
    if (text.empty() || size < 7 || text_width(text, size) > side - 2) continue;
    const uint8_t light = plot.shades[i] > 0.6 ? 20 : 255;
    const Point centre{left + side * (static_cast<double>(i % n) + 0.5),
                       bottom_of_header + side * (static_cast<double>(i / n) + 0.5)};
    drawing.text({centre.x, centre.y + 0.36 * size}, text,
                 {size, Anchor::kMiddle, Paint::rgb({light, light, light})});
  }
  drawing.resize(width, bottom_of_header + whole + kMargin);
  return drawing;
}

}  // namespace cnn
