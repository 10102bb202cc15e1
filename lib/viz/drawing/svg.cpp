#include "viz/drawing/svg.h"

#include <cmath>

#include "base/error.h"
#include "base/text.h"

namespace cnn {
namespace {

constexpr const char* kFont = "'DejaVu Sans',Verdana,sans-serif";

// At most two digits behind the point, none that say nothing.
std::string number(double value) {
  std::string text = fmt::format("{:.2f}", value);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

std::string hex(Colour c) { return fmt::format("#{:02x}{:02x}{:02x}", c.red, c.green, c.blue); }

// The name of a paint's variable; empty where the colour is always the same.
std::string variable(const Paint& paint) {
  switch (paint.role()) {
    case Paint::Role::kPaper:
      return "paper";
    case Paint::Role::kInk:
      return "ink";
    case Paint::Role::kMuted:
      return "muted";
    case Paint::Role::kGrid:
      return "grid";
    case Paint::Role::kSeries:
      return fmt::format("s{}", paint.number());
    case Paint::Role::kNone:
    case Paint::Role::kRgb:
      break;
  }
  return "";
}

// Every paint that has a variable.
std::vector<Paint> named_paints() {
  std::vector<Paint> paints = {Paint::paper(), Paint::ink(), Paint::muted(), Paint::grid()};
  for (int i = 0; i < Paint::kSeries; ++i) paints.push_back(Paint::series(i));
  return paints;
}

class Writer {
 public:
  std::string elements(const Drawing& drawing) {
    for (const Drawing::Element& element : drawing.elements()) {
      std::visit([this](const auto& e) { write(e); }, element);
    }
    return std::move(out_);
  }

 private:
  void write(const Drawing::Path& path) {
    if (path.points.empty()) return;
    out_ += "<path d=\"";
    for (size_t i = 0; i < path.points.size(); ++i) {
      const bool bends = path.smooth && i % 3 == 1;
      out_ += i == 0 ? "M" : bends ? "C" : path.smooth || i > 1 ? " " : "L";
      out_ += number(path.points[i].x) + "," + number(path.points[i].y);
    }
    out_ += path.closed ? "Z\"" : "\"";
    paint(path.fill, path.stroke);
    out_ += "/>\n";
  }

  void write(const Drawing::Rectangle& r) {
    out_ += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"", number(r.x),
                        number(r.y), number(r.width), number(r.height));
    if (r.radius > 0) out_ += fmt::format(" rx=\"{}\"", number(r.radius));
    paint(r.fill, r.stroke);
    out_ += "/>\n";
  }

  void write(const Drawing::Circle& c) {
    out_ += fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"{}\"", number(c.centre.x),
                        number(c.centre.y), number(c.radius));
    paint(c.fill, c.stroke);
    out_ += "/>\n";
  }

  void write(const Drawing::Text& t) {
    out_ += fmt::format("<text x=\"{}\" y=\"{}\" font-size=\"{}\"", number(t.at.x), number(t.at.y),
                        number(t.style.size));
    if (t.style.anchor != Anchor::kStart) {
      out_ +=
          t.style.anchor == Anchor::kMiddle ? " text-anchor=\"middle\"" : " text-anchor=\"end\"";
    }
    if (t.style.bold) out_ += " font-weight=\"bold\"";
    if (t.style.degrees != 0) {
      out_ += fmt::format(" transform=\"rotate({} {} {})\"", number(t.style.degrees),
                          number(t.at.x), number(t.at.y));
    }
    paint(t.style.paint, {});
    out_ += ">" + xml_escaped(t.text) + "</text>\n";
  }

  void write(const Drawing::Picture& p) {
    out_ += fmt::format(
        "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" "
        "class=\"px\" image-rendering=\"pixelated\" href=\"data:image/png;base64,{}\"/>\n",
        number(p.x), number(p.y), number(p.width), number(p.height), base64(encode_png(p.image)));
  }

  void paint(const Paint& fill, const Stroke& stroke) {
    std::string classes;
    colour("fill", 'f', fill, classes);
    if (!stroke.paint.is_none()) {
      colour("stroke", 'l', stroke.paint, classes);
      if (stroke.width != 1) out_ += fmt::format(" stroke-width=\"{}\"", number(stroke.width));
      if (stroke.dashed) {
        out_ += fmt::format(" stroke-dasharray=\"{} {}\"", number(4 * stroke.width),
                            number(3 * stroke.width));
      }
    }
    if (!classes.empty()) out_ += " class=\"" + classes + "\"";
  }

  void colour(const char* attribute, char prefix, const Paint& paint, std::string& classes) {
    out_ += fmt::format(" {}=\"{}\"", attribute, paint.is_none() ? "none" : hex(paint.on_white()));
    if (paint.opacity() < 1) {
      out_ += fmt::format(" {}-opacity=\"{}\"", attribute, number(paint.opacity()));
    }
    const std::string name = variable(paint);
    if (!name.empty()) classes += (classes.empty() ? "" : " ") + std::string(1, prefix) + name;
  }

  std::string out_;
};

std::string head(const Drawing& drawing, const char* more) {
  std::string text = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\"{} class=\"cnn\" viewBox=\"0 0 {} {}\" "
      "width=\"{}\" height=\"{}\" font-family=\"{}\"",
      more, number(drawing.width()), number(drawing.height()), number(drawing.width()),
      number(drawing.height()), kFont);
  text += drawing.label().empty() ? ">\n" : " role=\"img\">\n";
  if (!drawing.label().empty()) text += "<title>" + xml_escaped(drawing.label()) + "</title>\n";
  return text;
}

}  // namespace

std::string svg_style() {
  std::string light = ".cnn{", dark = "@media(prefers-color-scheme:dark){.cnn{", classes;
  for (const Paint& paint : named_paints()) {
    const std::string name = variable(paint);
    light += fmt::format("--{}:{};", name, hex(paint.on_white()));
    dark += fmt::format("--{}:{};", name, hex(paint.on_black()));
    classes += fmt::format(".cnn .f{}{{fill:var(--{})}}.cnn .l{}{{stroke:var(--{})}}\n", name, name,
                           name, name);
  }
  return light + "}\n" + dark + "}}\n" + classes + ".cnn .px{image-rendering:pixelated}\n";
}

std::string svg_file(const Drawing& drawing) {
  const Drawing::Rectangle paper{0, 0, drawing.width(), drawing.height(), Paint::paper(), {}};
  Drawing whole = Drawing(drawing.width(), drawing.height());
  whole.add(paper);
  return head(drawing, " version=\"1.1\"") + "<style>\n" + svg_style() + "</style>\n" +
         Writer().elements(whole) + Writer().elements(drawing) + "</svg>\n";
}

std::string svg_element(const Drawing& drawing) {
  return head(drawing, "") + Writer().elements(drawing) + "</svg>\n";
}

std::string xml_escaped(std::string_view text) {
  std::string out;
  for (const char c : is_utf8(text) ? std::string(text) : escaped(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default: {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_control = (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f;
        out += is_control ? std::string("\xef\xbf\xbd") : std::string(1, c);
      }
    }
  }
  return out;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; ++k) {
      bits = bits << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    }
    for (size_t k = 0; k < 4; ++k) {
      out += i + k <= bytes.size() ? kDigits[bits >> (18 - 6 * k) & 63] : '=';
    }
  }
  return out;
}

}  // namespace cnn
