// The only file that knows Cairo: drawings to pixels, and the widths of texts.

#include <cairo.h>

#include <cmath>
#include <memory>
#include <numbers>

#include "base/error.h"
#include "viz/drawing/drawing.h"
#include "viz/drawing/raster.h"

namespace cnn {
namespace {

constexpr double kMostPixelsASide = 30000;  // Cairo's own limit is 32767

struct Destroy {
  void operator()(cairo_t* c) const { cairo_destroy(c); }
  void operator()(cairo_surface_t* s) const { cairo_surface_destroy(s); }
  void operator()(cairo_pattern_t* p) const { cairo_pattern_destroy(p); }
  void operator()(cairo_font_options_t* o) const { cairo_font_options_destroy(o); }
};
template <class T>
using Owned = std::unique_ptr<T, Destroy>;

// Letters of any size are the same shapes, at places that grow with the size.
void choose_font(cairo_t* cairo, double size, bool bold) {
  const Owned<cairo_font_options_t> options(cairo_font_options_create());
  cairo_font_options_set_hint_style(options.get(), CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics(options.get(), CAIRO_HINT_METRICS_OFF);
  cairo_font_options_set_antialias(options.get(), CAIRO_ANTIALIAS_GRAY);
  cairo_set_font_options(cairo, options.get());
  cairo_select_font_face(cairo, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
                         bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(cairo, size);
}

double advance(cairo_t* cairo, const std::string& text) {
  cairo_text_extents_t extents;
  cairo_text_extents(cairo, text.c_str(), &extents);
  return extents.x_advance;
}

void check(cairo_status_t status) {
  if (status == CAIRO_STATUS_NO_MEMORY) throw std::bad_alloc();
  if (status != CAIRO_STATUS_SUCCESS) {
    fail(Exit::kResource, "", "the picture cannot be drawn: {}", cairo_status_to_string(status));
  }
}

class Painter {
 public:
  explicit Painter(cairo_t* cairo) : cairo_(cairo) {}

  void draw(const Drawing::Path& path) {
    const std::vector<Point>& p = path.points;
    for (size_t i = 0; i < p.size(); ++i) {
      if (i == 0) {
        cairo_move_to(cairo_, p[0].x, p[0].y);
      } else if (!path.smooth) {
        cairo_line_to(cairo_, p[i].x, p[i].y);
      } else if (i % 3 == 0) {
        cairo_curve_to(cairo_, p[i - 2].x, p[i - 2].y, p[i - 1].x, p[i - 1].y, p[i].x, p[i].y);
      }
    }
    if (path.closed) cairo_close_path(cairo_);
    fill_and_stroke(path.fill, path.stroke);
  }

  void draw(const Drawing::Rectangle& r) {
    if (r.radius > 0) {
      constexpr double kRight = std::numbers::pi / 2;
      const double left = r.x + r.radius, right = r.x + r.width - r.radius;
      const double top = r.y + r.radius, bottom = r.y + r.height - r.radius;
      cairo_arc(cairo_, right, top, r.radius, -kRight, 0);
      cairo_arc(cairo_, right, bottom, r.radius, 0, kRight);
      cairo_arc(cairo_, left, bottom, r.radius, kRight, 2 * kRight);
      cairo_arc(cairo_, left, top, r.radius, 2 * kRight, 3 * kRight);
      cairo_close_path(cairo_);
    } else {
      cairo_rectangle(cairo_, r.x, r.y, r.width, r.height);
    }
    fill_and_stroke(r.fill, r.stroke);
  }

  void draw(const Drawing::Circle& c) {
    cairo_arc(cairo_, c.centre.x, c.centre.y, c.radius, 0, 2 * std::numbers::pi);
    fill_and_stroke(c.fill, c.stroke);
  }

  void draw(const Drawing::Text& t) {
    cairo_save(cairo_);
    cairo_translate(cairo_, t.at.x, t.at.y);
    cairo_rotate(cairo_, t.style.degrees * std::numbers::pi / 180);
    choose_font(cairo_, t.style.size, t.style.bold);
    const double width = t.style.anchor == Anchor::kStart ? 0 : advance(cairo_, t.text);
    cairo_move_to(cairo_, t.style.anchor == Anchor::kMiddle ? -width / 2 : -width, 0);
    set_source(t.style.paint);
    cairo_show_text(cairo_, t.text.c_str());
    cairo_restore(cairo_);
    cairo_new_path(cairo_);
  }

  void draw(const Drawing::Picture& p) {
    const Image& image = p.image;
    const Owned<cairo_surface_t> surface(cairo_image_surface_create(
        CAIRO_FORMAT_ARGB32, static_cast<int>(image.width), static_cast<int>(image.height)));
    check(cairo_surface_status(surface.get()));
    copy(image, surface.get());
    cairo_save(cairo_);
    cairo_translate(cairo_, p.x, p.y);
    cairo_scale(cairo_, p.width / static_cast<double>(image.width),
                p.height / static_cast<double>(image.height));
    cairo_set_source_surface(cairo_, surface.get(), 0, 0);
    cairo_pattern_set_filter(cairo_get_source(cairo_), CAIRO_FILTER_NEAREST);
    cairo_pattern_set_extend(cairo_get_source(cairo_), CAIRO_EXTEND_PAD);
    cairo_rectangle(cairo_, 0, 0, static_cast<double>(image.width),
                    static_cast<double>(image.height));
    cairo_fill(cairo_);
    cairo_restore(cairo_);
  }

 private:
  void set_source(const Paint& paint) {
    const Colour c = paint.on_white();
    cairo_set_source_rgba(cairo_, c.red / 255.0, c.green / 255.0, c.blue / 255.0, paint.opacity());
  }

  void fill_and_stroke(const Paint& fill, const Stroke& stroke) {
    if (!fill.is_none()) {
      set_source(fill);
      cairo_fill_preserve(cairo_);
    }
    if (!stroke.paint.is_none()) {
      set_source(stroke.paint);
      cairo_set_line_width(cairo_, stroke.width);
      cairo_set_line_join(cairo_, CAIRO_LINE_JOIN_ROUND);
      const double dashes[] = {4 * stroke.width, 3 * stroke.width};
      cairo_set_dash(cairo_, dashes, stroke.dashed ? 2 : 0, 0);
      cairo_stroke_preserve(cairo_);
    }
    cairo_new_path(cairo_);
  }

  // Premultiplied, as Cairo wants it.
  static void copy(const Image& image, cairo_surface_t* surface) {
    unsigned char* bytes = cairo_image_surface_get_data(surface);
    const int stride = cairo_image_surface_get_stride(surface);
    for (int64_t y = 0; y < image.height; ++y) {
      auto* out = reinterpret_cast<uint32_t*>(bytes + y * stride);
      const uint8_t* in = image.row(y);
      for (int64_t x = 0; x < image.width; ++x, in += image.channels) {
        const uint32_t alpha = image.channels == 4 ? in[3] : 255;
        const bool grey = image.channels == 1;
        const auto part = [&](int c) { return (in[grey ? 0 : c] * alpha + 127) / 255; };
        out[x] = alpha << 24 | part(0) << 16 | part(1) << 8 | part(2);
      }
    }
    cairo_surface_mark_dirty(surface);
  }

  cairo_t* cairo_;
};

}  // namespace

double text_width(std::string_view text, double size, bool bold) {
  const Owned<cairo_surface_t> surface(cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1));
  const Owned<cairo_t> cairo(cairo_create(surface.get()));
  constexpr double kMeasured = 100;  // widths grow with the size
  choose_font(cairo.get(), kMeasured, bold);
  return advance(cairo.get(), std::string(text)) * size / kMeasured;
}

Image rasterized(const Drawing& drawing, int scale) {
  const double width = std::ceil(drawing.width() * scale);
  const double height = std::ceil(drawing.height() * scale);
  if (width < 1 || height < 1 || width > kMostPixelsASide || height > kMostPixelsASide) {
    fail(Exit::kResource, "", "a picture of {} x {} pixels cannot be drawn; fewer tiles can", width,
         height);
  }
  const Owned<cairo_surface_t> surface(cairo_image_surface_create(
      CAIRO_FORMAT_RGB24, static_cast<int>(width), static_cast<int>(height)));
  check(cairo_surface_status(surface.get()));
  const Owned<cairo_t> cairo(cairo_create(surface.get()));
  cairo_scale(cairo.get(), scale, scale);
  Painter painter(cairo.get());
  painter.draw(
      Drawing::Rectangle{0, 0, drawing.width() + 1, drawing.height() + 1, Paint::paper(), {}});
  for (const Drawing::Element& element : drawing.elements()) {
    std::visit([&](const auto& e) { painter.draw(e); }, element);
  }
  check(cairo_status(cairo.get()));
  cairo_surface_flush(surface.get());

  Image image{static_cast<int64_t>(height), static_cast<int64_t>(width), 3, {}};
  image.values.resize(static_cast<size_t>(image.height * image.width * 3));
  const unsigned char* bytes = cairo_image_surface_get_data(surface.get());
  const int stride = cairo_image_surface_get_stride(surface.get());
  uint8_t* out = image.values.data();
  for (int64_t y = 0; y < image.height; ++y) {
    const auto* in = reinterpret_cast<const uint32_t*>(bytes + y * stride);
    for (int64_t x = 0; x < image.width; ++x) {
      *out++ = static_cast<uint8_t>(in[x] >> 16);
      *out++ = static_cast<uint8_t>(in[x] >> 8);
      *out++ = static_cast<uint8_t>(in[x]);
    }
  }
  return image;
}

}  // namespace cnn
