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
  // What kind of thing a layer is: the colour of its box in drawings, what a drawing passes over.
  enum class Family {
    kNone,  // activations and losses: their role says it
    kConvolution,
    kUpsampling,
    kDense,    // every output sees all inputs
    kPooling,  // a window becomes one number, within a channel
    kJoin,     // several inputs become one
    kNormalization,
    kShape,      // the same numbers in another shape
    kCut,        // a part of the numbers, or with more around them
    kNoise,      // chance, in training
    kCode,       // the inside of an autoencoder
    kList,       // moves, joins or makes the items of a list
    kRecurrent,  // goes through a list step by step, with a state
  };

  const char* name;
  Role role = Role::kLayer;
  Family family = Family::kNone;
  Inputs inputs = Inputs::kPrevious;
  // True: it sees samples with all items of their lists. False: it is handed items one by one, so
  // that a list goes through it as a plain value does.
  bool mixes_items = false;
  bool spreads = false;        // of several inputs, a plain one beside a list goes to every item
  bool reads_classes = false;  // its inputs may be class numbers; all others compute with numbers
  int min_inputs = 1;
  int max_inputs = 1;

  // Facts, each with who asks for it: outside this folder nobody knows a layer by its name.
  bool makes_features = false;  // worth showing where no layers are named: viz activations, gradcam
  bool shows_field = false;     // likewise its receptive field: viz receptive
  bool has_filters = false;     // its first parameter, as pictures: viz filters
  bool has_switches = false;    // backward goes to the places of maxima: viz deconv
  bool uses_batch_statistics = false;  // in training: a run warns of batches of one sample
  bool compares_samples = false;       // a loss, of a batch with one another: likewise
  bool adds_noise = false;             // to its input: viz reconstruct
  bool draws_code = false;             // its output is a sample of a code: cnn predict, viz latent
  Link makes = Link::kNone;  // probabilities: a run warns of losses that make them once more

  const char* summary;       // one line: "fully connected layer"
  const char* example;       // a model-file item or two
  const char* details = "";  // formula, shapes, source; paragraphs for the reference page
  std::vector<std::string> other_names = {};  // other tools' names: suggested, never accepted
  LayerFactory make = {};

  // It changes numbers where they are: drawings show it in the box of the layer before it.
  bool changes_values_only() const {
    return role == Role::kActivation || family == Family::kNormalization ||
           family == Family::kShape || family == Family::kNoise;
  }
};

template <class L>
inline constexpr LayerFactory make_layer = {
    [] { return std::unique_ptr<Layer>(new L()); },
    [](const Layer& layer) { return std::unique_ptr<Layer>(new L(static_cast<const L&>(layer))); }};

}  // namespace cnn
