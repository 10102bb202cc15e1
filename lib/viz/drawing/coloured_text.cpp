#include "viz/drawing/coloured_text.h"

#include <algorithm>

#include "base/error.h"
#include "viz/drawing/sheet.h"
#include "viz/drawing/svg.h"

namespace cnn {
namespace {

constexpr double kWidth = 920, kMargin = 14, kFont = 12, kLine = 18, kCell = 9.2;
constexpr double kTitle = 13, kNote = 11;
constexpr const char* kEndOfLine = "\xe2\x8f\x8e";  // a return arrow
constexpr const char* kBlank = "\xe2\x90\xa3";      // an open box

Colour colour_of(float shade) { return ColourMap::diverging().at(static_cast<double>(shade)); }

// Black on light colours, white on dark ones.
Colour ink_on(Colour c) {
  const double light = 0.299 * c.red + 0.587 * c.green + 0.114 * c.blue;
  return light > 140 ? Colour{20, 20, 20} : Colour{255, 255, 255};
}

bool begins(const ColouredText& text, size_t i) {
  return std::binary_search(text.starts.begin(), text.starts.end(), static_cast<int64_t>(i));
}

std::string shown(const std::string& symbol) {
  if (symbol == "\n") return kEndOfLine;
  return symbol == " " ? std::string() : symbol;
}

class Painter {
 public:
  explicit Painter(const ColouredText& text) : text_(text) {
    for (const ColouredText::Panel& p : text.panels) {
      CNN_ASSERT(p.shades.size() == text.symbols.size());
    }
  }

  Drawing draw() {
    Drawing drawing(kWidth, 0);
    drawing.set_label(text_.title);
    double y = draw_titles(drawing, text_.title, text_.subtitle, kMargin, kWidth - 2 * kMargin);
    for (const ColouredText::Panel& panel : text_.panels) y = draw_panel(drawing, panel, y) + 16;
    drawing.resize(kWidth, y + kMargin - 16);
    return drawing;
  }

 private:
  static void draw_scale(Drawing& drawing, const ColouredText::Panel& panel, double y) {
    constexpr int64_t kSteps = 64;
    constexpr double kBar = 90;
    FloatImage ramp{1, kSteps, 1, {}};
    for (int64_t i = 0; i < kSteps; ++i) {
      ramp.values.push_back(static_cast<float>(i) / static_cast<float>(kSteps - 1));
    }
    const double right = kWidth - kMargin, high = text_width(panel.high, kNote) + 6;
    drawing.text({right, y}, panel.high, {kNote, Anchor::kEnd, Paint::muted()});
    drawing.add(
        Drawing::Picture{right - high - kBar, y - 9, kBar, 9, ColourMap::diverging().apply(ramp)});
    drawing.text({right - high - kBar - 6, y}, panel.low, {kNote, Anchor::kEnd, Paint::muted()});
  }

  double draw_panel(Drawing& drawing, const ColouredText::Panel& panel, double y) const {
    y += kTitle;
    drawing.text({kMargin, y}, fitted(panel.title, kTitle, kWidth - 260, true),
                 {kTitle, Anchor::kStart, Paint::ink(), true});
    draw_scale(drawing, panel, y);
    for (const std::string& line : broken_lines(panel.note, kNote, kWidth - 2 * kMargin)) {
      y += kNote + 4;
      drawing.text({kMargin, y}, line, {kNote, Anchor::kStart, Paint::muted()});
    }
    y += 7;
    double x = kMargin;
    for (size_t i = 0; i < text_.symbols.size(); ++i) {
      const std::string symbol = shown(text_.symbols[i]);
      const double own = text_.is_grid ? kCell : text_width(symbol, kFont) + 6;
      if (x > kMargin && (x + own > kWidth - kMargin || begins(text_, i))) {
        x = kMargin;
        y += kLine;
      }
      const Colour colour = colour_of(panel.shades[i]);
      drawing.add(Drawing::Rectangle{x, y, own, kLine - 1.5, Paint::rgb(colour), {}});
      const double room = kWidth - 2 * kMargin;
      drawing.text({x + own / 2, y + kFont + 1}, own > room ? fitted(symbol, kFont, room) : symbol,
                   {kFont, Anchor::kMiddle, Paint::rgb(ink_on(colour))});
      x += own + (text_.is_grid ? 0 : 1.5);
      if (text_.symbols[i] == "\n" && i + 1 < text_.symbols.size()) {
        x = kMargin;
        y += kLine;
      }
    }
    return y + kLine;
  }

  const ColouredText& text_;
};

std::string css(Colour c) { return fmt::format("#{:02x}{:02x}{:02x}", c.red, c.green, c.blue); }

}  // namespace

Drawing draw(const ColouredText& text) { return Painter(text).draw(); }

std::string html_page(const ColouredText& text) {
  std::string body = fmt::format("<h1>{}</h1>\n<p class=\"muted\">{}</p>\n",
                                 xml_escaped(text.title), xml_escaped(text.subtitle));
  for (const ColouredText::Panel& panel : text.panels) {
    body += fmt::format(
        "<h2>{}</h2>\n<p class=\"muted\">{} Colours from {} (blue) to {} (red).</p>\n<p "
        "class=\"text{}\">",
        xml_escaped(panel.title), xml_escaped(panel.note), xml_escaped(panel.low),
        xml_escaped(panel.high), text.is_grid ? "" : " words");
    for (size_t i = 0; i < text.symbols.size(); ++i) {
      if (i > 0 && begins(text, i) && text.symbols[i - 1] != "\n") body += "<br/>\n";
      const Colour colour = colour_of(panel.shades[i]);
      const bool ends = text.symbols[i] == "\n";
      const std::string symbol = text.symbols[i] == " " ? kBlank : shown(text.symbols[i]);
      body += fmt::format("<span{} style=\"background:{};color:{}\">{}</span>",
                          text.symbols[i] == " " ? " class=\"blank\"" : "", css(colour),
                          css(ink_on(colour)), xml_escaped(symbol));
      if (!text.is_grid) body += " ";
      if (ends) body += "<br/>\n";
      if (text.is_grid && text.symbols[i] == " ") body += "<wbr/>";
    }
    body += "</p>\n";
  }
  constexpr const char* kStyle = R"(
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:1000px;margin:0 auto;padding:1.2rem 1rem 3rem}
h1{font-size:1.5rem;margin:.3rem 0}h2{font-size:1.05rem;margin:1.6rem 0 0}
p{margin:.2rem 0 .5rem}.muted{color:var(--muted);font-size:.9rem}
.text{font:.85rem/1.55 ui-monospace,monospace;overflow-wrap:anywhere}
.words{font-family:system-ui,sans-serif}.words span{padding:0 .15em}
.blank{color:transparent!important}
)";
  return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>\n"
         "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/>\n"
         "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>" +
         xml_escaped(text.title) + "</title>\n<style>\n" + svg_style() + kStyle +
         "</style></head>\n<body class=\"cnn\"><main>\n" + body + "</main></body></html>\n";
}

}  // namespace cnn
