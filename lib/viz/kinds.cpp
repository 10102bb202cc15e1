#include "viz/kinds.h"

namespace cnn {

#define CNN_VIZ_KIND(name) extern const VizKindType name##_kind;
#include "viz/kinds.def"
#undef CNN_VIZ_KIND

namespace {

constexpr const VizKindType* kKinds[] = {
#define CNN_VIZ_KIND(name) &name##_kind,
#include "viz/kinds.def"
#undef CNN_VIZ_KIND
};

}  // namespace

std::span<const VizKindType* const> viz_kinds() { return kKinds; }

const VizKindType* find_viz_kind(std::string_view name) {
  for (const VizKindType* type : kKinds) {
    if (name == type->name) return type;
  }
  return nullptr;
}

std::vector<std::string> viz_kind_names() {
  std::vector<std::string> names;
  for (const VizKindType* type : kKinds) names.emplace_back(type->name);
  return names;
}

}  // namespace cnn
