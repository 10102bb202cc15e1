// LayerType: what a layer of the language is. Each is defined in the one file of its layer, inside
// namespace cnn, as
//
//   }  // namespace
//   extern const LayerType linear_layer = {.name = "linear", ..., .make = make_layer<Linear>};
//
// and found by catalog.h.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "layers/layer.h"

namespace cnn {

// max_inputs of a layer that takes any number.
inline constexpr int kAnyNumber = 1000;

// Makes layers of one type, and copies of them.
struct LayerFactory {
  std::unique_ptr<Layer> (*make)() = nullptr;
  std::unique_ptr<Layer> (*copy)(const Layer&) = nullptr;
  std::unique_ptr<Layer> operator()() const { return make(); }
};

struct LayerType {
  // Where the inputs come from in a model file.
  enum class Inputs {
    kPrevious,  // the previous item, or `from: NAME`; the op's value is the primary option
    kBranches,  // {add: [a, [conv...], ...]}: names and branches
    kNames,     // {mse: NAME}, {gaussian: [a, b]}: the op's value names the inputs
  };
  enum class Role { kLayer, kActivation, kLoss };

  const char* name;
  Role role = Role::kLayer;
  Inputs inputs = Inputs::kPrevious;
  // True: it sees samples with all items of their lists. False: it is handed items one by one, so
  // that a list goes through it as a plain value does.
  bool mixes_items = false;
  bool spreads = false;        // of several inputs, a plain one beside a list goes to every item
  bool reads_classes = false;  // its inputs may be class numbers; all others compute with numbers
  int min_inputs = 1;
  int max_inputs = 1;
  const char* summary;       // one line: "fully connected layer"
  const char* example;       // a model-file item or two
  const char* details = "";  // formula, shapes, source; paragraphs for the reference page
  std::vector<std::string> other_names = {};  // other tools' names: suggested, never accepted
  LayerFactory make = {};
};

template <class L>
inline constexpr LayerFactory make_layer = {
    [] { return std::unique_ptr<Layer>(new L()); },
    [](const Layer& layer) {
      return std::unique_ptr<Layer>(new L(static_cast<const L&>(layer)));
    }};

}  // namespace cnn
