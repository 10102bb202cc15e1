#include "graph/builder/graph_writer.h"

#include <algorithm>

#include "base/text.h"
#include "graph/builder/layer_title.h"
#include "layers/sequence/spread.h"

namespace cnn::build {

int GraphWriter::add_value(Value value) {
  graph_.values.push_back(std::move(value));
  return static_cast<int>(graph_.values.size()) - 1;
}

// Lists of a fixed number of items are equally long if that number is the same; one that varies has
// a length of its own, which comes with `source`.
int GraphWriter::length_of(const Items& items, int source) {
  if (!items.is_list) return -1;
  for (size_t i = 0; i < graph_.lengths.size() && !items.varies; ++i) {
    const ListLength& known = graph_.lengths[i];
    if (!known.varies && known.most == items.most) return static_cast<int>(i);
  }
  graph_.lengths.push_back({items.most, items.varies, items.varies ? source : -1});
  return static_cast<int>(graph_.lengths.size()) - 1;
}

int GraphWriter::add_input(Field field) {
  const int value = add_value({.name = field.name, .shape = field.shape});
  Value& added = graph_.values.back();
  added.kind = field.kind;
  added.classes = field.classes;
  added.passes_gradients = field.kind == FieldKind::kValues;
  added.length = length_of(field.items, value);
  graph_.fields.push_back({std::move(field), value, true});
  field_marks_.emplace_back();
  return value;
}

const GraphNode* GraphWriter::maker_of(int value) const {
  const int producer = value < 0 ? -1 : graph_.value(value).producer;
  return producer < 0 ? nullptr : &graph_.node(producer);
}

int GraphWriter::add(NewLayer request) {
  const Mark& mark = request.mark;
  const std::tuple place(mark.source.get(), mark.line, mark.column);
  if (failed_.count(place) > 0) return kUnknown;
  LayerPlan plan;
  const std::shared_ptr<const NamedLayer> named = named_layer(request);
  int length = -1;
  if (!join_lengths(request, length) || !set_up_layer(request, named.get(), plan) ||
      !check_kinds(request, plan)) {
    if (mark.source) failed_.insert(place);
    return kUnknown;
  }
  list_targets(request, length, plan);
  if (!check_targets(request, length, plan) || !set_initializers(request, plan) ||
      !check_parameters(request, plan)) {
    if (mark.source) failed_.insert(place);
    return kUnknown;
  }
  const int id = static_cast<int>(graph_.nodes.size());
  GraphNode node;
  for (size_t i = 0; i < request.inputs.size(); ++i) {
    const Input& input = request.inputs[i];
    const int value = input.is_target
                          ? field_value(input.label, plan.fields[i], length, request.mark)
                          : input.value;
    node.inputs.push_back(value);
    bound_field(value, plan.fields[i]);
    std::vector<int>& consumers = graph_.value(value).consumers;
    if (consumers.empty() || consumers.back() != id) consumers.push_back(id);
  }
  node.parameters = add_parameters(request, plan);
  node.named = named;
  if (const int id = named ? graph_.find_node(named->node) : -1; id >= 0) {
    GraphNode& other = graph_.node(id);
    const bool borrows =
        std::any_of(plan.memory.begin(), plan.memory.end(),
                    [](const MemoryRequest& memory) { return memory.borrowed >= 0; });
    other.plan.lends = other.plan.lends || borrows;
  }
  node.length = length;
  node.type = request.type;
  node.plan = std::move(plan);
  add_outputs(request, id, node);
  node.name = std::move(request.path);
  node.layer = std::move(request.layer);
  node.shares = request.weights_path != node.name;
  node.folded_into = std::move(request.folded_into);
  node.path = std::move(request.levels);
  node.mark = std::move(request.mark);
  graph_.nodes.push_back(std::move(node));
  in_side_.push_back(request.in_side ? 1 : 0);
  const GraphNode& added = graph_.nodes.back();
  return added.outputs[static_cast<size_t>(added.plan.goes_on)];
}

void GraphWriter::add_outputs(const NewLayer& request, int id, GraphNode& node) {
  for (const OutputPlan& output : node.plan.outputs) {
    Value value;
    value.name = node.outputs.empty() ? request.path : request.path + "." + output.name;
    value.shape = output.shape;
    value.producer = id;
    value.kind = output.kind;
    value.classes = output.classes;
    value.passes_gradients = output.passes_gradients && output.kind == FieldKind::kValues;
    const int added = add_value(std::move(value));
    int length = node.length;
    if (request.type->mixes_items) {
      length = output.length_of < 0
                   ? length_of(output.items, added)
                   : graph_.value(node.inputs[static_cast<size_t>(output.length_of)]).length;
    }
    graph_.value(added).length = length;
    node.outputs.push_back(added);
  }
}

// Whose numbers of items they are.
std::vector<std::string> GraphWriter::length_notes(const std::vector<int>& lengths) const {
  std::vector<std::string> notes;
  for (const int length : lengths) {
    const ListLength& list = graph_.lengths[static_cast<size_t>(length)];
    if (!list.varies) {
      notes.push_back(fmt::format("one always has {}", list.most));
      continue;
    }
    const std::string& source = graph_.value(list.source).name;
    notes.push_back(fmt::format("one has as many items as '{}'", source));
  }
  return notes;
}

// The lists among the inputs of a layer that looks at items one by one must be equally long; plain
// values beside them go to every item where the layer takes such. False after a report.
bool GraphWriter::join_lengths(NewLayer& request, int& length) {
  if (request.type->mixes_items) return true;
  const auto value_of = [&](const Input& input) -> const Value& {
    return graph_.value(input.value);
  };
  size_t list = 0;
  for (size_t i = 0; i < request.inputs.size(); ++i) {
    const Input& input = request.inputs[i];
    if (input.is_target || value_of(input).length < 0 || value_of(input).length == length) continue;
    if (length < 0) {
      length = value_of(input).length;
      list = i;
      continue;
    }
    diagnostics_.report(
        request.mark,
        fmt::format("{}: the lists {} are not equally long in every sample", title(request),
                    describe({request.inputs[list], input},
                             {forms_of(request)[list], forms_of(request)[i]})),
        "", length_notes({length, value_of(input).length}));
    return false;
  }
  for (size_t i = 0; i < request.inputs.size() && length >= 0; ++i) {
    Input& input = request.inputs[i];
    if (input.is_target || value_of(input).length >= 0) continue;
    if (!request.type->spreads) {
      diagnostics_.report(request.mark,
                          fmt::format("{}: '{}' is no list beside the list '{}'", title(request),
                                      input.label, request.inputs[list].label));
      return false;
    }
    input.value = spread(request, i, request.inputs[list].value);
    if (input.value == kUnknown) return false;
  }
  return true;
}

// The plain input `input` of `owner`, once for every item of the list `like`.
int GraphWriter::spread(const NewLayer& owner, size_t input, int like) {
  NewLayer layer;
  layer.type = &spread_layer;
  layer.layer = spread_layer.make();
  layer.path = layer.weights_path = fmt::format("{}.spread{}", owner.path, input);
  layer.mark = owner.mark;
  layer.inputs = {owner.inputs[input], {like, "list"}};
  layer.levels = owner.levels;
  layer.in_side = owner.in_side;
  return add(std::move(layer));
}

std::vector<Form> GraphWriter::forms_of(const NewLayer& request) const {
  std::vector<Form> forms;
  for (const Input& input : request.inputs) {
    Form form;
    if (!input.is_target) {
      const Value& value = graph_.value(input.value);
      form.shape = value.shape;
      form.items = graph_.items(value);
      form.length = value.length;
      form.kind = value.kind;
      form.classes = value.classes;
    }
    forms.push_back(std::move(form));
  }
  return forms;
}

void GraphWriter::recompute_from(int first) {
  for (int i = first; i < node_count(); ++i) graph_.node(i).recompute = first;
}

// The layer whose value has that name: its own, not the activation folded into it. -1: an input.
int GraphWriter::named_node(const Input& named) const {
  const int producer = graph_.value(named.value).producer;
  if (producer < 0) return -1;
  const std::string& folded_into = graph_.node(producer).folded_into;
  const int owner = folded_into.empty() ? -1 : graph_.find_node(folded_into);
  return owner >= 0 ? owner : producer;
}

std::shared_ptr<const NamedLayer> GraphWriter::named_layer(const NewLayer& request) const {
  if (!request.named) return nullptr;
  NamedLayer named;
  named.name = request.named->label;
  named.output = graph_.value(request.named->value).shape;
  if (const int id = named_node(*request.named); id >= 0) {
    const GraphNode& node = graph_.node(id);
    named.node = node.name;
    named.type = node.type->name;
    const GraphNode& last = graph_.node(graph_.value(request.named->value).producer);
    if (&last != &node) named.activation = last.type->name;
    named.input = graph_.value(node.inputs.front()).shape;
    named.plan = node.plan;
  }
  return std::make_shared<const NamedLayer>(std::move(named));
}

bool GraphWriter::set_up_layer(const NewLayer& request, const NamedLayer* named, LayerPlan& plan) {
  const std::vector<Form> forms = forms_of(request);
  std::vector<Form> seen = forms;
  std::vector<std::string> labels;
  for (size_t i = 0; i < forms.size(); ++i) {
    labels.push_back(request.inputs[i].label);
    if (!request.type->mixes_items) seen[i].items = {};
  }
  try {
    plan = set_up(*request.layer, seen, graph_.phase, labels, named);
    return true;
  } catch (const Error& error) {
    if (error.code() != Exit::kSpec) throw;
    const Diagnostic& d = error.diagnostics().front();
    diagnostics_.report(request.mark, locate(request, forms, d.problem), "", d.notes);
    return false;
  }
}

// Targets of a layer that looks at items one by one are lists where its inputs are.
void GraphWriter::list_targets(const NewLayer& request, int length, LayerPlan& plan) const {
  if (request.type->mixes_items || length < 0) return;
  const ListLength& list = graph_.lengths[static_cast<size_t>(length)];
  for (Field& field : plan.fields) {
    if (field.shape.rank() > 0) field.items = {list.most, true, list.varies};
  }
}

// Of its own parameters: a tied one's belongs to its owner.
bool GraphWriter::set_initializers(const NewLayer& request, LayerPlan& plan) {
  std::vector<ParameterRequest> own;
  for (const ParameterRequest& p : plan.parameters) {
    if (p.tied < 0) own.push_back(p);
  }
  if (!apply_init(request.init, own, diagnostics_)) return false;
  if (request.own && !check_multipliers(*request.own, own, diagnostics_)) return false;
  auto next = own.begin();
  for (ParameterRequest& p : plan.parameters) {
    if (p.tied < 0) p = std::move(*next++);
  }
  return true;
}

// A target that is also an input of the network (an autoencoder's image) has its bounds, too.
void GraphWriter::bound_field(int value, const Field& wanted) {
  for (GraphField& known : graph_.fields) {
    if (known.value == value && !known.field.range) known.field.range = wanted.range;
  }
}

// `length`: of the lists that the reader looks at one by one, -1: none.
int GraphWriter::field_value(const std::string& name, const Field& wanted, int length,
                             const Mark& mark) {
  for (GraphField& known : graph_.fields) {
    if (known.field.name != name) continue;
    known.field.classes = std::max(known.field.classes, wanted.classes);
    return known.value;
  }
  const int value = add_value({.name = name, .shape = wanted.shape});
  Value& added = graph_.values.back();
  added.kind = wanted.kind;
  added.classes = wanted.classes;
  added.passes_gradients = false;
  added.length = length >= 0 ? length : length_of(wanted.items, value);
  Field field = wanted;
  field.name = name;
  graph_.fields.push_back({std::move(field), value, false});
  field_marks_.push_back(mark);
  return value;
}

std::vector<int> GraphWriter::add_parameters(const NewLayer& request, const LayerPlan& plan) {
  std::vector<int> ids;
  for (const ParameterRequest& p : plan.parameters) {
    if (p.tied >= 0) {
      const auto owner = static_cast<size_t>(named_node(*request.named));
      ids.push_back(graph_.nodes[owner].parameters[static_cast<size_t>(p.tied)]);
      continue;
    }
    const int id = store_.add(request.weights_path + "." + p.name, p);
    if (request.weights_path != request.path) {
      ids.push_back(id);
      continue;
    }
    Parameter& parameter = store_.at(id);
    parameter.lr_mult = request.settings.lr_mult.of(p.name).value_or(1.0);
    parameter.decay_mult = request.settings.decay_mult.of(p.name);
    parameter.frozen = freezes(request.settings.freeze.value_or(Freeze::kNothing), p);
    ids.push_back(id);
  }
  return ids;
}

}  // namespace cnn::build
