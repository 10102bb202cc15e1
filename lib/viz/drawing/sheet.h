// Sheet: small pictures in a grid, all of one size (the largest is enlarged by a whole factor),
// with captions, titles of rows and columns, and a bar that says what the colours mean.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "viz/drawing/colour_map.h"
#include "viz/drawing/drawing.h"

namespace cnn {

struct Tile {
  Image picture;                             // 1, 3 or 4 channels; without pixels: an empty place
  std::string caption;                       // below; cut off where it is wider than the tile
  std::string second_caption = {};           // a line below it
  Paint frame = Paint::grid();               // of its border
  std::vector<Drawing::Element> marks = {};  // over it, in pixels of the picture
};

// What the colours of tiles stand for.
struct ColourBar {
  const ColourMap* map = nullptr;
  std::string low, high, label = {};
};

struct Sheet {
  std::string title;
  std::string subtitle = {};     // broken into lines where it is long
  std::vector<Tile> tiles = {};  // row by row
  int64_t columns = 0;           // 0: as square as may be, 3:2
  int64_t scale = 0;             // of every tile; 0: all become as large, about `tile_size`
  double tile_size = 84;
  double gap = 6;
  std::vector<std::string> column_titles = {};
  std::vector<std::string> row_titles = {};
  // Between columns, further apart: before these column numbers.
  std::vector<int64_t> gaps_before = {};
  std::optional<ColourBar> bar = {};
};

Drawing draw(const Sheet& sheet);

// Title and subtitle at the top left of a drawing `width` wide; gives the height that they take.
// Plots begin with them too.
double draw_titles(Drawing& drawing, const std::string& title, const std::string& subtitle,
                   double left, double width);

}  // namespace cnn
