#include "support/layer_harness.h"

#include "layers/catalog.h"
#include "spec/yaml.h"
#include "support/layer_run.h"

namespace cnn {
namespace {

Node parse_item(const std::string& item) {
  return parse_yaml(std::make_shared<Source>(Source{"item", item, "", false}));
}

// The first key that is a layer: others may be both a layer and an option of it ({maxpool: 3, pad:
// 1}).
const LayerType& type_of(const std::string& item) {
  const Node node = parse_item(item);
  for (const Entry& e : node.entries()) {
    if (const LayerType* type = find_layer_type(e.key)) return *type;
  }
  Diagnostics diagnostics;
  const std::optional<OpChoice> op = op_of(node, layer_names(), "layer", diagnostics);
  diagnostics.throw_if_any();
  CNN_ASSERT(op);
  return *find_layer_type(op->name);
}

}  // namespace

LayerHarness::LayerHarness(const std::string& item, const std::vector<LayerInput>& inputs,
                           Phase phase, const NamedItem* named)
    : LayerHarness(type_of(item), item, inputs, phase, named) {}

LayerHarness::LayerHarness(const LayerType& type, const std::string& item,
                           const std::vector<LayerInput>& inputs, Phase phase,
                           const NamedItem* named)
    : type_(&type), layer_(type.make()) {
  set_up_layer(item, inputs, phase, named);
}

void LayerHarness::set_up_layer(const std::string& item, const std::vector<LayerInput>& inputs,
                                Phase phase, const NamedItem* named) {
  Options options;
  layer_->options(options);
  Diagnostics diagnostics;
  const std::string what = std::string("layer '") + type_->name + "'";
  Node node = parse_item(item);
  if (type_->inputs == LayerType::Inputs::kPrevious) {
    options.read_op(node, type_->name, what, diagnostics);
  } else if (node.is_map()) {
    node.erase(type_->name);  // its value names the inputs
    options.read_map(node, what, diagnostics);
  }
  diagnostics.throw_if_any();

  forms_.assign(inputs.begin(), inputs.end());
  for (const Option& option : options.table()) {
    // Of losses a data field, rank 0; what other layers refer to stands among `inputs`.
    const bool is_given = option.is_reference && !option.write().text().empty();
    if (is_given && is_loss()) forms_.emplace_back();
  }
  NamedLayer other;
  if (named != nullptr) {
    named_ =
        std::make_unique<LayerHarness>(named->item, std::vector<LayerInput>{named->input}, phase);
    other = {"other",           "other",      named_->plan().output(), named_->type().name,
             named->activation, named->input, named_->plan()};
  }
  plan_ = cnn::set_up(*layer_, forms_, phase, {}, named != nullptr ? &other : nullptr);
  for (size_t i = inputs.size(); i < forms_.size(); ++i) forms_[i] = plan_.fields[i].shape;
  for (const Form& form : forms_) shapes_.push_back(form.shape);
  for (OutputPlan& output : plan_.outputs) {
    if (output.length_of >= 0) output.items = forms_[static_cast<size_t>(output.length_of)].items;
  }
}

std::vector<int64_t> LayerHarness::batch_of(const Items& items, int64_t batch) const {
  std::vector<int64_t> starts = {0};
  for (int64_t n = 0; n < batch; ++n) {
    // With 4 at most: 2, 0, 3, 1, 4.
    const int64_t count = items.varies ? (3 * n + 2) % (items.most + 1) : items.most;
    starts.push_back(starts.back() + count);
  }
  return starts;
}

RunResult LayerHarness::run(const RunSettings& settings, int64_t batch, int64_t booked,
                            const std::vector<Numbers>& inputs,
                            const std::vector<Numbers>& parameters, const Numbers& grad_out) const {
  CNN_ASSERT(batch <= booked && inputs.size() == forms_.size() &&
             parameters.size() == plan_.parameters.size());
  return run_layer(*this, *layer_, settings, batch, booked, inputs, parameters, grad_out);
}

std::string setup_error(const std::string& item, const std::vector<LayerInput>& inputs,
                        const std::optional<NamedItem>& named) {
  try {
    LayerHarness(item, inputs, Phase::kTrain, named ? &*named : nullptr);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace cnn
