#include "model/vocabulary.h"

#include <algorithm>

#include "layers/catalog.h"
#include "layers/initializer.h"
#include "model/optimizer.h"
#include "model/schedule.h"

namespace cnn {
namespace {

// Layers whose name is no option of another one: {pad: 2} over a conv changes its padding.
std::vector<std::string> unambiguous_layers() {
  std::vector<std::string> names = layer_names();
  for (const LayerType* type : layer_types()) {
    const std::unique_ptr<Layer> layer = type->make();
    Options options;
    layer->options(options);
    std::erase_if(names, [&](const std::string& name) {
      return name != type->name && options.find(name) != nullptr;
    });
  }
  return names;
}

}  // namespace

Vocabulary vocabulary() {
  return {unambiguous_layers(), Initializer::names(), optimizer_names(), schedule_names()};
}

}  // namespace cnn
