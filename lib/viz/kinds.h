// All kinds of pictures. kinds.def names them; only kinds.cpp reads that list, so that a new line
// in it rebuilds little.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "viz/kind.h"

namespace cnn {

// In the order of kinds.def.
std::span<const VizKindType* const> viz_kinds();
const VizKindType* find_viz_kind(std::string_view name);
std::vector<std::string> viz_kind_names();

}  // namespace cnn
