// check_layer: everything that a layer promises, checked against a naive version of its forward in
// double that the test gives. For batches of 1, 2, 3 and 5 samples (with memory for 5), in training
// and in testing:
//
// - forward against the reference; backward against central differences of that reference (float
//   differences err by 3e-3, this way by 1e-6), element by element and along random directions;
// - outputs, gradients and scratch hold NaN before; so do inputs and outputs that backward has not
//   asked for;
// - gradients added to what is there, or overwritten; not wanted, one by one;
// - in place and not, 1 thread and several: the same bits; the same when the chunks of every loop
//   run from the last to the first as ever other workers, and no two workers of a loop write to the
//   same place (write_watch.h);
// - inputs and outputs that backward has asked for: it reads them;
// - a layer that does not say that it draws gives the same bits in another step;
// - nothing is allocated, and nothing outside the lent memory is written.
//
// Lists (list_of) have other numbers of items in each sample, none in one; of several outputs each
// in turn has no gradient, and is not there if it is computed only where it is read.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "support/layer_harness.h"

namespace cnn {

// What a reference may look at. All values are in the order of files, sample after sample.
struct ReferenceCall {
  int64_t batch = 0;
  Phase phase = Phase::kTrain;
  std::vector<Shape> shapes;  // of the inputs, targets included; of a list, of an item
  // By input: where the items of each sample begin; of what is no list 0, 1, 2 ...
  std::vector<std::vector<int64_t>> starts;
  std::vector<Numbers> inputs;      // a class target holds class numbers
  std::vector<Numbers> parameters;  // in the order in which setup asks for them; before the call
  Numbers named_input;              // of the named layer
  std::vector<float> shares;        // of a mixed batch (Call::shares)

  int64_t rows(size_t i) const { return starts[i].back(); }

  // The targets of a position and what each counts for: more than its own where samples are mixed.
  struct Target {
    double number = 0, share = 1;
  };
  std::vector<Target> targets(int64_t sample, int64_t position) const {
    const int64_t positions = shapes[0].positions();
    const auto of = [&](int64_t n) {
      return inputs[1][static_cast<size_t>(n * positions + position)];
    };
    if (shares.empty()) return {{of(sample), 1}};
    const double share = static_cast<double>(shares[static_cast<size_t>(sample)]);
    return {{of(sample), share}, {of(batch - 1 - sample), 1 - share}};
  }

  // The layer's own random numbers.
  Rng rng(int64_t sample) const {
    return Rng(LayerHarness::kSeed, std::string_view(LayerHarness::kName), LayerHarness::kStep,
               static_cast<uint64_t>(sample));
  }
};

struct LayerCase {
  // As in a model file: "relu", "{conv: 6, kernel: 5}", "{mse: x, target: y}".
  std::string item;
  std::vector<LayerInput> inputs;  // without the targets of a loss: shapes, lists, class numbers
  // The output: of a loss [numerator, denominator] for every sample. Of several outputs one behind
  // the other.
  std::function<Numbers(const ReferenceCall&)> reference;
  // The parameters after a forward in training, for layers that keep statistics.
  std::function<std::vector<Numbers>(const ReferenceCall&)> statistics = nullptr;
  // Changes the inputs that were drawn: distinct numbers in (-2, 2), none near 0; class numbers.
  std::function<void(std::vector<Numbers>& inputs)> prepare = nullptr;
  // Largest errors allowed, relative to the largest number of the tensor (at least 1e-3).
  double tolerance = 3e-6;
  double gradient_tolerance = 1e-5;
  // Samples come mixed in pairs, of which a loss reads the shares.
  bool is_mixed = false;
  // The layer that an option of the item names.
  std::optional<NamedItem> named = std::nullopt;
  // Backward may ask for an input or the output that it does not read with these options.
  bool may_ask_in_vain = false;
};

// What is wrong with the layer, one line a finding; empty: nothing.
std::vector<std::string> layer_problems(const LayerCase& layer_case);
std::vector<std::string> layer_problems(const LayerCase& layer_case, const LayerType& type);

// Fails the running test with those lines.
void check_layer(const LayerCase& layer_case);

// One of each rank with odd sizes, and one that is large enough to be cut among threads.
std::vector<Shape> shapes_of_every_rank();

}  // namespace cnn
