// The reference pages of layers, written from their option tables.
#pragma once

#include <string>

#include "layers/layer_type.h"

namespace cnn {

// One layer as plain text, examples first (`cnn help layer conv`), and all of them as Markdown
// (lib/layers/README.md).
std::string layer_help(const LayerType& type);
std::string layer_reference_markdown();

}  // namespace cnn
