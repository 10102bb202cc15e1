// Catalog: all layer types. layers.def names them (no registration by static objects: static
// linking would drop it); only catalog.cpp reads that list, so that a new line in it rebuilds
// little.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "layers/layer_type.h"

namespace cnn {

// In the order of layers.def.
std::span<const LayerType* const> layer_types();
const LayerType* find_layer_type(std::string_view name);
std::vector<std::string> layer_names();
// Whether `name` is a layer whose value in a model file are branches, in an order that counts.
bool takes_branches(std::string_view name);

}  // namespace cnn
