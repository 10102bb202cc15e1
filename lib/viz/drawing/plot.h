// Plots: lines over axes, matrices of numbers, points in the plane. Each becomes a Drawing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "viz/drawing/colour_map.h"
#include "viz/drawing/drawing.h"

namespace cnn {

// Round numbers (1, 2, 5 times a power of ten) from `low` to `high`, about `wanted` of them.
std::vector<double> nice_ticks(double low, double high, int wanted);
// Powers of ten between them; with 2 and 5 times these where there are few.
std::vector<double> log_ticks(double low, double high);
// The shortest texts that tell these ticks apart: "0.95", "20 k", "1e-5"; evenly spaced ones with
// as many decimals each: "0.95", "1.00".
std::vector<std::string> tick_labels(const std::vector<double>& ticks);

struct Axis {
  std::string label = {};
  bool log = false;
  std::optional<double> low = {}, high = {};  // unset: what the data need
  bool whole = false;                         // counts: no ticks between whole numbers
};

struct Series {
  std::string name;
  std::vector<double> x, y;                 // NaN: a gap
  std::vector<double> low = {}, high = {};  // a band around y, as long as it; or empty
  int colour = -1;                          // of Paint::series; -1: by its place
  bool dashed = false;
  bool has_points = false;          // a circle at every point
  std::vector<size_t> marked = {};  // a larger circle at these points
};

struct LinePlot {
  std::string title;
  std::string subtitle = {};
  Axis x = {}, y = {};
  std::vector<Series> series = {};
  double width = 560, height = 340;
};
Drawing draw(const LinePlot& plot);

// Rows and columns of numbers as squares of a colour with the number in it, where there is room.
struct MatrixPlot {
  std::string title;
  std::string subtitle = {};
  std::vector<std::string> names = {};  // of rows and columns
  std::string row_label = {}, column_label = {};
  std::vector<double> shades = {};      // row by row: 0 .. 1, the colour
  std::vector<std::string> texts = {};  // as many: what stands in it; empty texts stay away
};
Drawing draw(const MatrixPlot& plot);

// Numbers of rows against columns, as squares of a colour: one grid, or several of one scale.
struct HeatPlot {
  struct Panel {
    std::string title = {};
    std::vector<std::string> rows = {}, columns = {};  // names
    std::vector<float> values = {};                    // row by row; NaN: an empty place
    std::string row_label = {}, column_label = {};
  };
  std::string title;
  std::string subtitle = {};
  std::vector<Panel> panels = {};
  std::string scale_label = {};  // what the colours say, beside their bar from 0 to the largest
};
// Every name is drawn; those of columns stand upright where they are wider than a square. The
// drawing grows with its rows and columns.
Drawing draw(const HeatPlot& plot);

struct ScatterPlot {
  std::string title;
  std::string subtitle = {};
  std::vector<Point> points = {};
  std::vector<int64_t> classes = {};     // of each point; empty: one class
  std::vector<std::string> names = {};   // of the classes
  std::optional<Image> background = {};  // over the whole plane, whose axes then say low and high
  std::vector<Image> thumbnails = {};    // in place of circles; as many as points, or empty
  bool has_names_at_centres = true;      // the class's name over its points
  // Of points, beside their circles; where there is no room for one, the circle stands alone. As
  // many as points, or empty.
  std::vector<std::string> labels = {};
  bool has_axes = true;
  // One range and one scale for both axes, and the line on which x is y; the height follows.
  bool has_equal_axes = false;
  Axis x = {}, y = {};
  double width = 640, height = 560;
};
Drawing draw(const ScatterPlot& plot);

// Several drawings below or beside one another, as many a row as `columns`.
Drawing arranged(const std::vector<Drawing>& drawings, int64_t columns);

}  // namespace cnn
