// Plots, sheets and colour maps.

#include "viz/drawing/plot.h"

#include <cmath>

#include "predict/maps.h"
#include "support/catch.h"
#include "viz/drawing/coloured_text.h"
#include "viz/drawing/raster.h"
#include "viz/drawing/sheet.h"
#include "viz/drawing/svg.h"
#include "viz/support.h"

using namespace cnn;

namespace {

bool has_text(const Drawing& drawing, const std::string& text) {
  const std::vector<std::string> texts = texts_of(drawing);
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

double lightness(Colour c) { return 0.299 * c.red + 0.587 * c.green + 0.114 * c.blue; }

}  // namespace

TEST_CASE("ticks are round numbers within the range") {
  CHECK(tick_labels(nice_ticks(0, 1, 5)) ==
        std::vector<std::string>{"0.0", "0.2", "0.4", "0.6", "0.8", "1.0"});
  CHECK(tick_labels(nice_ticks(0.9, 1, 2)) == std::vector<std::string>{"0.90", "0.95", "1.00"});
  CHECK(tick_labels(nice_ticks(0.91, 0.99, 4)) ==
        std::vector<std::string>{"0.92", "0.94", "0.96", "0.98"});
  CHECK(tick_labels(nice_ticks(-3, 3, 3)) == std::vector<std::string>{"-2", "0", "2"});
  CHECK(tick_labels(nice_ticks(0, 60000, 3)) ==
        std::vector<std::string>{"0", "20 k", "40 k", "60 k"});
  CHECK(tick_labels(nice_ticks(0, 4e-5, 4)) ==
        std::vector<std::string>{"0", "1e-5", "2e-5", "3e-5", "4e-5"});
  CHECK(tick_labels(log_ticks(0.001, 1000)) ==
        std::vector<std::string>{"0.001", "0.01", "0.1", "1", "10", "100", "1000"});
  CHECK(tick_labels(log_ticks(1, 60)) == std::vector<std::string>{"1", "2", "5", "10", "20", "50"});
  CHECK(log_ticks(1e-30, 1e30).size() <= 9);
}

TEST_CASE("a line plot shows its title, labels and legend, and skips what is not finite") {
  LinePlot plot;
  plot.title = "Loss <b>";
  plot.x = {.label = "epoch"};
  plot.y = {.label = "loss", .log = true};
  plot.series.push_back({"train", {1, 2, 3, 4}, {1, NAN, 0.1, 0.01}, {}, {}});
  plot.series.push_back({"val", {1, 2, 3}, {2, 1, 0}, {1, 0.5, 0}, {3, 2, 1}});
  const Drawing drawing = draw(plot);
  for (const char* text : {"Loss <b>", "epoch", "loss", "train", "val"}) {
    INFO(text);
    CHECK(has_text(drawing, text));
  }
  CHECK(xml_fault(svg_file(drawing)).value_or("") == "");
  CHECK(svg_file(drawing).find("nan") == std::string::npos);
  CHECK(svg_file(drawing).find("inf") == std::string::npos);
  CHECK(rasterized(drawing, 1).width == 560);
}

TEST_CASE("a line plot of nothing, of one point and of equal values is drawn") {
  LinePlot plot;
  CHECK(rasterized(draw(plot), 1).height == 340);
  plot.series.push_back({"a", {1}, {0.5}});
  CHECK(svg_file(draw(plot)).find("<circle") != std::string::npos);
  plot.series[0] = {"a", {1, 2}, {0, 0}};
  CHECK(svg_file(draw(plot)).find("nan") == std::string::npos);
  plot.series[0] = {"a", {1, 2}, {NAN, NAN}};
  plot.y.log = true;
  CHECK(svg_file(draw(plot)).find("nan") == std::string::npos);
}

TEST_CASE("a matrix has its numbers where there is room, and none where there is not") {
  MatrixPlot plot;
  plot.title = "Confusion";
  plot.names = {"cat", "dog"};
  plot.shades = {1, 0.1, 0, 0.9};
  plot.texts = {"10", "1", "", "9"};
  CHECK(has_text(draw(plot), "10"));
  CHECK(has_text(draw(plot), "dog"));
  const size_t many = 300;
  plot.names.assign(many, "name");
  plot.shades.assign(many * many, 0.5);
  plot.texts.assign(many * many, "123");
  CHECK_FALSE(has_text(draw(plot), "123"));
  CHECK(draw(plot).width() < 700);
}

TEST_CASE("a scatter plot has a mark a point, other shapes beyond eight classes") {
  ScatterPlot plot;
  for (int i = 0; i < 10; ++i) {
    plot.points.push_back({static_cast<double>(i), 1.0});
    plot.classes.push_back(i);
  }
  const std::string svg = svg_element(draw(plot));
  CHECK(count_of(svg, "<circle") == 16);  // points and legend of the first eight
  plot.thumbnails.assign(10, Image{1, 1, 1, {0}});
  CHECK(count_of(svg_element(draw(plot)), "<image") == 10);
}

TEST_CASE("a sheet enlarges by whole factors and keeps rows, captions and titles") {
  Sheet sheet;
  sheet.title = "Digits";
  sheet.subtitle = "some";
  sheet.columns = 3;
  sheet.column_titles = {"a", "b", "c"};
  sheet.row_titles = {"first", "second"};
  sheet.bar = ColourBar{&ColourMap::diverging(), "-1", "1", "weight"};
  for (int i = 0; i < 5; ++i) {
    sheet.tiles.push_back({Image{28, 28, 1, std::vector<uint8_t>(784, 100)}, std::to_string(i)});
  }
  const Drawing drawing = draw(sheet);
  for (const char* text : {"Digits", "some", "a", "c", "second", "4", "-1"}) {
    INFO(text);
    CHECK(has_text(drawing, text));
  }
  for (const Drawing::Element& element : drawing.elements()) {
    const auto* picture = std::get_if<Drawing::Picture>(&element);
    if (picture == nullptr || picture->image.height != 28) continue;
    CHECK(picture->width == 84);
    CHECK(picture->height == 84);
  }
  CHECK(pictures_of(drawing).size() == 6);
  CHECK(xml_fault(svg_file(drawing)).value_or("") == "");
}

TEST_CASE("tiles of a sheet have one size, whatever their pictures have") {
  Sheet sheet;
  sheet.tile_size = 128;
  for (const int64_t side : {224, 7, 13, 60}) {
    sheet.tiles.push_back(
        {Image{side, side, 1, std::vector<uint8_t>(static_cast<size_t>(side * side), 9)}, ""});
  }
  sheet.tiles.push_back({Image{112, 56, 1, std::vector<uint8_t>(112 * 56, 9)}, ""});
  int64_t seen = 0;
  const Drawing drawing = draw(sheet);
  for (const Drawing::Element& element : drawing.elements()) {
    const auto* picture = std::get_if<Drawing::Picture>(&element);
    if (picture == nullptr) continue;
    ++seen;
    CHECK(picture->height == Approx(224));
    CHECK(picture->width == Approx(picture->image.width == 56 ? 112 : 224));
  }
  CHECK(seen == 5);
}

TEST_CASE("a long title is broken into lines, not cut") {
  Drawing drawing(200, 100);
  const double one = draw_titles(drawing, "short", "", 10, 180);
  CHECK(draw_titles(drawing, "what each class answers to most strongly", "", 10, 180) > one);
  for (const std::string& text : texts_of(drawing)) CHECK_FALSE(text.ends_with("…"));
}

TEST_CASE("an empty sheet and tiles of several sizes are drawn") {
  Sheet sheet;
  sheet.title = "A title that is much longer than the few tiles below it are wide in all";
  CHECK(rasterized(draw(sheet), 1).width >= 200);
  sheet.tiles.push_back({Image{1, 300, 3, std::vector<uint8_t>(900, 1)}, "wide"});
  sheet.tiles.push_back({Image{}, "none"});
  sheet.tiles.push_back({Image{7, 5, 1, std::vector<uint8_t>(35, 1)}, ""});
  CHECK(pictures_of(draw(sheet)).size() == 2);
}

TEST_CASE("colour maps grow lighter, the diverging one is lightest in the middle") {
  for (const ColourMap* map : {&ColourMap::grey(), &ColourMap::sequential(), &ColourMap::heat()}) {
    for (int i = 1; i <= 50; ++i) {
      CHECK(lightness(map->at(i / 50.0)) > lightness(map->at((i - 1) / 50.0)));
    }
  }
  for (int i = 1; i <= 25; ++i) {
    const ColourMap& map = ColourMap::diverging();
    CHECK(lightness(map.at(i / 50.0)) > lightness(map.at((i - 1) / 50.0)));
    CHECK(lightness(map.at(1 - i / 50.0)) > lightness(map.at(1 - (i - 1) / 50.0)));
  }
  CHECK(ColourMap::grey().at(-1).red == 0);
  CHECK(ColourMap::grey().at(2).red == 255);
  CHECK(ColourMap::grey().at(NAN).green == 0);
}

TEST_CASE("values are stretched alone, together and around zero") {
  const std::vector<FloatImage> images = {{1, 2, 1, {0, 1}}, {1, 2, 1, {-3, 2}}};
  auto each = images;
  stretch_each(each);
  CHECK(each[1].values == std::vector<float>{0, 1});
  auto together = images;
  stretch_together(together);
  CHECK(together[0].values == std::vector<float>{0.6f, 0.8f});
  auto around = images;
  CHECK(stretch_around_zero(around) == 3);
  CHECK(around[0].values[0] == 0.5f);
  CHECK(around[1].values[0] == 0);
  std::vector<FloatImage> flat = {{1, 1, 1, {7}}};
  stretch_each(flat);
  CHECK(flat[0].values[0] == 0.5f);
}

TEST_CASE("heat lies over the picture, stretched to its size") {
  const Image grey{2, 2, 1, {10, 20, 30, 40}};
  const FloatImage heat{1, 2, 1, {0, 1}};
  const Image over = heat_over(grey, heat, ColourMap::heat());
  CHECK(over.channels == 3);
  for (size_t c = 0; c < 3; ++c) {
    CHECK(over.values[c] == 3);  // no heat: a quarter of the picture
    CHECK(over.row(1)[c] == 8);
    CHECK(over.row(0)[3 + c] > 100);  // all heat: it glows
    CHECK(over.row(1)[3 + c] > 100);
  }
}

TEST_CASE("heat is seen on a white picture and on a black one, and is outlined where it is half") {
  const FloatImage heat{1, 4, 1, {0, 0.3f, 0.6f, 1}};
  for (const uint8_t brightness : {0, 255}) {
    const Image picture{1, 4, 1, std::vector<uint8_t>(4, brightness)};
    const Image over = heat_over(picture, heat, ColourMap::heat());
    for (size_t p = 1; p < 4; ++p) CHECK(over.values[3 * p] > over.values[3 * p - 3] + 20);
    CHECK(over.values[0] < 70);
    const Image outlined = heat_over(picture, heat, ColourMap::heat(), true);
    for (size_t p = 0; p < 4; ++p) {
      const std::vector<uint8_t> pixel(outlined.values.begin() + static_cast<int64_t>(3 * p),
                                       outlined.values.begin() + static_cast<int64_t>(3 * p) + 3);
      CHECK((pixel == std::vector<uint8_t>{255, 213, 0}) == (p == 2));
    }
  }
  const Image colours{1, 1, 3, {200, 10, 90}};
  CHECK(heat_over(colours, {1, 1, 1, {1}}, ColourMap::heat()).values[0] > 190);  // keeps its hue
}

TEST_CASE("parts of values become pictures") {
  const float values[] = {1, 2, 3, 4, 5, 6, 7, 8};  // [2,2,2], channels-last
  const ConstView view{values, 1, Shape{2, 2, 2}};
  CHECK(float_image(view, 0, 1).values == std::vector<float>{2, 4, 6, 8});
  CHECK(float_image(view, 0).channels == 2);
  const FloatImage row = float_image({values, 1, Shape{8}}, 0);
  CHECK(row.height == 1);
  CHECK(row.width == 8);
  CHECK(as_bytes({1, 3, 1, {-1, 0.5f, 2}}).values == std::vector<uint8_t>{0, 128, 255});
}

TEST_CASE("a heat plot names every row and column, and leaves empty what is not there") {
  HeatPlot plot;
  plot.title = "heat";
  plot.scale_label = "weight";
  HeatPlot::Panel panel{"layer", {}, {"a", "a rather long word", "b"}, {}};
  for (int r = 0; r < 60; ++r) {
    panel.rows.push_back(fmt::format("row {}", r));
    for (int c = 0; c < 3; ++c) panel.values.push_back(c == 2 ? NAN : static_cast<float>(c));
  }
  plot.panels = {panel, panel};
  const Drawing drawing = draw(plot);
  const std::vector<std::string> texts = texts_of(drawing);
  for (int r = 0; r < 60; ++r) {
    CHECK(std::count(texts.begin(), texts.end(), fmt::format("row {}", r)) == 2);
  }
  // Upright, and within the drawing.
  int turned = 0;
  for (const Drawing::Element& element : drawing.elements()) {
    const auto* text = std::get_if<Drawing::Text>(&element);
    if (text == nullptr || text->text != "a rather long word") continue;
    ++turned;
    CHECK(text->style.degrees == -90);
    CHECK(text->at.y - text_width(text->text, text->style.size) > 0);
  }
  CHECK(turned == 2);
  const std::vector<Image> pictures = pictures_of(drawing);
  REQUIRE(pictures.size() == 3);  // the bar first
  CHECK(pictures[1].row(5)[4 * 2 + 3] == 0);
  CHECK(pictures[1].row(5)[4 * 1 + 3] == 255);
  CHECK(lightness({pictures[1].row(5)[4], pictures[1].row(5)[5], pictures[1].row(5)[6]}) >
        lightness({pictures[1].row(5)[0], pictures[1].row(5)[1], pictures[1].row(5)[2]}));
  CHECK(xml_fault(svg_file(drawing)).value_or("") == "");
}

TEST_CASE("the names of points do not lie on one another") {
  ScatterPlot plot;
  plot.title = "words";
  for (int i = 0; i < 200; ++i) {
    plot.points.push_back({std::sin(i * 1.7) * i, std::cos(i * 2.3) * i});
    plot.labels.push_back(fmt::format("word{}", i));
  }
  const Drawing drawing = draw(plot);
  struct Box {
    double left, right, base, size;
  };
  std::vector<Box> boxes;
  for (const Drawing::Element& element : drawing.elements()) {
    const auto* text = std::get_if<Drawing::Text>(&element);
    if (text == nullptr || !text->text.starts_with("word") || text->text == "words") continue;
    boxes.push_back({text->at.x, text->at.x + text_width(text->text, text->style.size), text->at.y,
                     text->style.size});
  }
  CHECK(boxes.size() > 80);
  for (size_t i = 0; i < boxes.size(); ++i) {
    CHECK(boxes[i].right < plot.width);
    for (size_t j = 0; j < i; ++j) {
      const bool side = boxes[i].left < boxes[j].right && boxes[j].left < boxes[i].right;
      CHECK_FALSE((side && std::abs(boxes[i].base - boxes[j].base) < boxes[i].size - 0.01));
    }
  }
}

TEST_CASE("a coloured text keeps its lines, and wraps what is too long") {
  ColouredText text;
  text.title = "states";
  text.is_grid = true;
  for (int i = 0; i < 150; ++i) text.symbols.emplace_back(i == 20 ? "\n" : "x");
  ColouredText::Panel panel{"unit 1", "<note>", {}, "-1", "1"};
  panel.shades.assign(150, 0.5f);
  panel.shades[3] = 1;
  text.panels = {panel};
  const Drawing drawing = draw(text);
  std::vector<double> lines;
  Paint red = Paint::none();
  int count = 0;
  for (const Drawing::Element& element : drawing.elements()) {
    const auto* box = std::get_if<Drawing::Rectangle>(&element);
    if (box == nullptr) continue;
    if (lines.empty() || box->y != lines.back()) lines.push_back(box->y);
    CHECK(box->x + box->width <= drawing.width());
    if (count++ == 3) red = box->fill;
  }
  CHECK(count == 150);
  CHECK(lines.size() == 3);  // 21, then 129 in two
  CHECK(red.on_white().red > red.on_white().blue);
  const std::string page = html_page(text);
  CHECK(xml_fault(page).value_or("") == "");
  CHECK(page.find("&lt;note&gt;") != std::string::npos);
}
