// Drawings and their two writers.

#include "viz/drawing/drawing.h"

#include "base/error.h"
#include "base/parallel.h"
#include "support/catch.h"
#include "support/text.h"
#include "viz/drawing/raster.h"
#include "viz/drawing/svg.h"
#include "viz/support.h"

using namespace cnn;

namespace {

Drawing everything() {
  Drawing drawing(120, 80);
  drawing.set_label("all marks <&>");
  drawing.line({5, 5}, {115, 5}, {Paint::grid(), 1});
  drawing.add(Drawing::Path{{{10, 70}, {30, 50}, {50, 70}}, true, Paint::series(2), {}});
  drawing.add(Drawing::Path{{{10, 20}, {20, 10}, {30, 30}, {40, 20}},
                            false,
                            Paint::none(),
                            {Paint::series(1), 2, true},
                            true});
  drawing.add(Drawing::Rectangle{60, 20, 20, 10, Paint::rgb({1, 2, 3}), {Paint::ink(), 1}, 3});
  drawing.add(Drawing::Circle{{100, 40}, 8, Paint::series(0).with_opacity(0.5), {}});
  drawing.text({60, 70}, "a < b & \"c\" größe", {12, Anchor::kMiddle, Paint::muted(), true, -30});
  drawing.add(Drawing::Picture{0, 0, 20, 20, {2, 2, 1, {0, 255, 255, 0}}});
  return drawing;
}

const uint8_t* pixel(const Image& image, int64_t y, int64_t x) {
  return image.row(y) + x * image.channels;
}

}  // namespace

TEST_CASE("a drawing is well-formed SVG, text escaped") {
  for (const std::string& svg : {svg_file(everything()), svg_element(everything())}) {
    INFO(svg);
    CHECK(xml_fault(svg).value_or("") == "");
    CHECK(contains(svg, "a &lt; b &amp; &quot;c&quot; größe"));
    CHECK(contains(svg, "<title>all marks &lt;&amp;&gt;</title>"));
    CHECK(contains(svg, "viewBox=\"0 0 120 80\""));
  }
}

TEST_CASE("an SVG file follows light and dark, an element leaves that to its page") {
  CHECK(contains(svg_file(everything()), "prefers-color-scheme:dark"));
  CHECK_FALSE(contains(svg_element(everything()), "<style>"));
  CHECK(contains(svg_element(everything()), "fill=\"#010203\""));
  // Programs without variables find a plain colour.
  CHECK(contains(svg_element(everything()), "stroke=\"#dde1e6\" class=\"lgrid\""));
  CHECK(contains(svg_style(), ".cnn .lgrid{stroke:var(--grid)}"));
}

TEST_CASE("the XML check finds what is wrong") {
  CHECK(xml_fault("<a><b/></a>") == std::nullopt);
  for (const char* bad :
       {"<a>", "<a></b>", "<a x=1/>", "<a>&</a>", "<a x=\"1\" x=\"2\"/>", "<a b=\"<\"/>"}) {
    INFO(bad);
    CHECK(xml_fault(bad).has_value());
  }
}

TEST_CASE("a raster has the drawing's size times the scale, and its pixels") {
  for (const int scale : {1, 2, 3}) {
    const Image image = rasterized(everything(), scale);
    CHECK(image.width == 120 * scale);
    CHECK(image.height == 80 * scale);
    CHECK(image.channels == 3);
    // The picture's four squares, sharp to the last pixel.
    CHECK(pixel(image, 0, 0)[0] == 0);
    CHECK(pixel(image, 9 * scale, 9 * scale)[0] == 0);
    CHECK(pixel(image, 9 * scale, 10 * scale)[0] == 255);
    CHECK(pixel(image, 20 * scale - 1, 20 * scale - 1)[0] == 0);
    // The rectangle's middle, and white paper.
    CHECK(pixel(image, 25 * scale, 70 * scale)[2] == 3);
    CHECK(pixel(image, 79 * scale, 119 * scale)[1] == 255);
  }
}

TEST_CASE("a raster has the same bits for any number of threads") {
  const Image image = rasterized(everything(), 2);
  const int before = threads();
  set_threads(1);
  CHECK(rasterized(everything(), 2).values == image.values);
  set_threads(3);
  CHECK(rasterized(everything(), 2).values == image.values);
  set_threads(before);
}

TEST_CASE("a picture that no program could open is refused") {
  CHECK_THROWS_AS(rasterized(Drawing(40000, 10), 1), Error);
  CHECK_THROWS_AS(rasterized(Drawing(0, 10), 1), Error);
}

TEST_CASE("text is measured, shortened and broken") {
  CHECK(text_width("", 12) == 0);
  CHECK(text_width("iii", 12) < text_width("WWW", 12));
  CHECK(text_width("abc", 24) == Approx(2 * text_width("abc", 12)));
  CHECK(text_width("abc", 12, true) > text_width("abc", 12));
  CHECK(fitted("short", 12, 200) == "short");
  const std::string cut = fitted("größe größe größe", 12, 60);
  CHECK(cut.ends_with("…"));
  CHECK(text_width(cut, 12) <= 60);
  for (const std::string& line : broken_lines("one two three four five six", 12, 70)) {
    CHECK(text_width(line, 12) <= 70);
  }
  CHECK(broken_lines("", 12, 70).empty());
}

TEST_CASE("control characters and broken UTF-8 do not break a drawing") {
  Drawing drawing(50, 20);
  drawing.text({0, 10}, "a\x01\xff\nb");
  CHECK(texts_of(drawing) == std::vector<std::string>{"a\\x01\\xff\\nb"});
  CHECK(rasterized(drawing, 1).width == 50);
}

TEST_CASE("one drawing in another is moved") {
  Drawing whole(300, 300);
  whole.add(everything(), 100, 200);
  CHECK(whole.elements().size() == everything().elements().size());
  const auto& circle = std::get<Drawing::Circle>(whole.elements()[4]);
  CHECK(circle.centre.x == 200);
  CHECK(circle.centre.y == 240);
}

TEST_CASE("base64 of every length") {
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(base64("\xff\xfe\xfd") == "//79");
}
