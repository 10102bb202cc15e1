// LayerHarness: runs one layer outside any graph. It lends the memory that an executor would lend,
// each piece between guards and full of NaN, so that a layer that reads what it may not, leaves
// something unwritten or writes beyond its memory gives itself away.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "layers/layer.h"
#include "layers/layer_type.h"
#include "support/threads.h"

namespace cnn {

// Values of a batch, or of a parameter, in the order of files: sample after sample, each [C,H,W].
using Numbers = std::vector<double>;

// An input of a layer in a test: a shape, or what list_of and classes_below make.
struct LayerInput : Form {
  LayerInput(std::initializer_list<int64_t> sizes) : Form(Shape(sizes)) {}
  LayerInput(const Shape& of_plain_value) : Form(of_plain_value) {}
  LayerInput(const Form& form) : Form(form) {}
};

// A list as an input of a layer, and class numbers.
inline Form list_of(const Shape& shape, const Items& items) {
  Form form(shape);
  form.items = items;
  form.length = items.varies ? 1 : 0;
  return form;
}
inline Form classes_below(int64_t classes, const Shape& shape = {1}, const Items& items = {}) {
  Form form = list_of(shape, items);
  form.kind = FieldKind::kClass;
  form.classes = classes;
  return form;
}

struct RunSettings {
  Pass pass = Pass::training();
  Threading threading;          // kReversed on several threads: writes are watched (write_watch.h)
  bool in_place = false;        // forward and backward, where the plan allows it
  bool add_inputs = false;      // gradients are added to what `before` holds
  bool add_parameters = false;  // likewise
  float before = 0.25f;
  std::vector<char> wants_inputs;      // by input; empty: every gradient is wanted
  std::vector<char> wants_parameters;  // by parameter; empty: all learned ones
  float scale = 1;                     // of a loss
  std::vector<float> shares;           // Call::shares
  int unread_output = -1;              // of several: nobody reads this one
  uint64_t later = 0;                  // steps of training that have gone by
  // What backward finds where it has asked for inputs and output; empty: the true ones.
  std::vector<Numbers> backward_inputs;
  Numbers backward_output;
  Numbers named_input;  // of the named layer, which runs first if it lends memory
};

// The layer that an option of the tested one names: "{maxpool: 2}", and its input.
struct NamedItem {
  std::string item;
  Shape input;
  std::string activation = "";  // folded into it
};

struct RunResult {
  std::vector<float> out;
  std::vector<std::vector<float>> grad_in;     // by input; empty if not wanted
  std::vector<std::vector<float>> parameters;  // after forward
  std::vector<std::vector<float>> gradients;   // by parameter; empty if not wanted
  std::vector<std::string> faults;  // broken promises: guards, inputs changed, allocations ...
};

class LayerHarness {
 public:
  // The coordinates of the layer's random numbers.
  static constexpr uint64_t kSeed = 7;
  static constexpr const char* kName = "layer";
  static constexpr uint64_t kStep = 3;

  // `item` as in a model file: "relu", "{conv: 6, kernel: 5}", "{mse: x, target: y}". `inputs`
  // without the targets of a loss. Errors of options and setup are thrown as cnn::Error.
  LayerHarness(const std::string& item, const std::vector<LayerInput>& inputs,
               Phase phase = Phase::kTrain, const NamedItem* named = nullptr);
  // The same for a type that is not in the catalogue.
  LayerHarness(const LayerType& type, const std::string& item,
               const std::vector<LayerInput>& inputs, Phase phase = Phase::kTrain,
               const NamedItem* named = nullptr);

  const LayerType& type() const { return *type_; }
  const LayerPlan& plan() const { return plan_; }
  // Of all inputs, targets included.
  const std::vector<Form>& forms() const { return forms_; }
  const std::vector<Shape>& shapes() const { return shapes_; }
  // Where the items of each sample begin in a batch: lists that vary have 2, 0, 3, 1, 4 of 4 items.
  std::vector<int64_t> batch_of(const Items& items, int64_t batch) const;
  // The named layer, or null.
  const LayerHarness* named() const { return named_.get(); }
  const Layer& layer() const { return *layer_; }
  bool is_loss() const { return type_->role == LayerType::Role::kLoss; }

  // Forward on `batch` samples with memory for `booked`, then backward if the pass has gradients.
  RunResult run(const RunSettings& settings, int64_t batch, int64_t booked,
                const std::vector<Numbers>& inputs, const std::vector<Numbers>& parameters,
                const Numbers& grad_out) const;

 private:
  void set_up_layer(const std::string& item, const std::vector<LayerInput>& inputs, Phase phase,
                    const NamedItem* named);

  const LayerType* type_ = nullptr;
  std::unique_ptr<Layer> layer_;
  LayerPlan plan_;
  std::vector<Form> forms_;
  std::vector<Shape> shapes_;
  std::unique_ptr<LayerHarness> named_;
};

// The message of the cnn::Error that the item gives in options or setup; "" if there is none.
std::string setup_error(const std::string& item, const std::vector<LayerInput>& inputs,
                        const std::optional<NamedItem>& named = std::nullopt);

}  // namespace cnn
