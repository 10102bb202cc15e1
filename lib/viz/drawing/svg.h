// svg: a drawing as SVG. Text stays text, pictures are PNG inside, colours are CSS variables with
// plain colours behind them for programs that know none. A file of its own follows the reader's
// light or dark.
#pragma once

#include <string>
#include <string_view>

#include "viz/drawing/drawing.h"

namespace cnn {

// A whole file.
std::string svg_file(const Drawing& drawing);

// For the middle of an HTML page, which says svg_style() once.
std::string svg_element(const Drawing& drawing);
// The rules that both need: variables, light and dark, and the classes that use them.
std::string svg_style();

// For text and attributes of SVG and HTML; of UTF-8. Control characters become U+FFFD.
std::string xml_escaped(std::string_view text);
std::string base64(std::string_view bytes);

}  // namespace cnn
