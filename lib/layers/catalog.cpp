#include "layers/catalog.h"

namespace cnn {

#define CNN_LAYER(folder, name) extern const LayerType name##_layer;
#include "layers/layers.def"
#undef CNN_LAYER

namespace {

constexpr const LayerType* kTypes[] = {
#define CNN_LAYER(folder, name) &name##_layer,
#include "layers/layers.def"
#undef CNN_LAYER
};

}  // namespace

std::span<const LayerType* const> layer_types() { return kTypes; }

const LayerType* find_layer_type(std::string_view name) {
  for (const LayerType* type : kTypes) {
    if (name == type->name) return type;
  }
  return nullptr;
}

std::vector<std::string> layer_names() {
  std::vector<std::string> names;
  for (const LayerType* type : kTypes) names.emplace_back(type->name);
  return names;
}

bool takes_branches(std::string_view name) {
  const LayerType* type = find_layer_type(name);
  return type != nullptr && type->inputs == LayerType::Inputs::kBranches;
}

}  // namespace cnn
