// ColouredText: a text whose symbols have colours, several times below one another: what something
// that goes along with the text is at each symbol. As a drawing, and as a part of an HTML page.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "viz/drawing/colour_map.h"
#include "viz/drawing/drawing.h"

namespace cnn {

struct ColouredText {
  struct Panel {
    std::string title;                // of this colouring
    std::string note = {};            // below it
    std::vector<float> shades = {};   // by symbol: 0 .. 1, of ColourMap::diverging()
    std::string low = {}, high = {};  // what the ends of the colours are
  };
  std::string title;
  std::string subtitle = {};
  std::vector<std::string> symbols = {};  // "\n" ends a line; it is shown
  std::vector<int64_t> starts = {};       // symbols that begin a line of their own
  bool is_grid = false;                   // symbols are characters: all in places of one width
  std::vector<Panel> panels = {};
};

Drawing draw(const ColouredText& text);
// A whole page that needs nothing else.
std::string html_page(const ColouredText& text);

}  // namespace cnn
