#include "graph/builder/graph_writer.h"

#include <algorithm>

#include "base/text.h"

namespace cnn::build {
namespace {

// "'enc3' [256,64,64] and 'prev' [512,32,32]".
std::string describe(const std::vector<Input>& inputs, const std::vector<Shape>& shapes) {
  std::vector<std::string> parts;
  for (size_t i = 0; i < inputs.size(); ++i) {
    parts.push_back(inputs[i].is_target ? fmt::format("'{}'", inputs[i].label)
                                        : fmt::format("'{}' {}", inputs[i].label, shapes[i].str()));
  }
  if (parts.empty()) return "no input";
  const std::string last = parts.back();
  parts.pop_back();
  return parts.empty() ? last : join(parts, ", ") + " and " + last;
}

// "conv 'c1'", or "conv" for an item without a name.
std::string title(const NewLayer& request) {
  const size_t dot = request.path.rfind('.');
  const char first = request.path[dot == std::string::npos ? 0 : dot + 1];
  const bool is_numbered = first >= '0' && first <= '9';
  const bool is_loss = request.type->role == LayerType::Role::kLoss;
  return is_numbered || is_loss ? request.type->name
                                : fmt::format("{} '{}'", request.type->name, request.path);
}

// What a layer's setup threw, with the layer's name and its inputs, unless it has told of them.
std::string locate(const NewLayer& request, const std::vector<Shape>& shapes, std::string problem) {
  const std::string name = title(request);
  const std::string op = request.type->name;
  if (problem.starts_with(op + ": ")) problem.erase(0, op.size() + 2);
  if (problem.starts_with(op + " ")) {
    const std::string rest = problem.substr(op.size() + 1);
    const bool names_input = rest.starts_with("'");
    return name + (names_input && name.ends_with("'") ? " of " : " ") + rest;
  }
  const bool tells_shape = std::any_of(shapes.begin(), shapes.end(), [&](const Shape& shape) {
    return problem.find(shape.str()) != std::string::npos;
  });
  if (tells_shape || shapes.empty()) return name + ": " + problem;
  const std::string of = name.ends_with("'") ? " of " : " ";
  return name + of + describe(request.inputs, shapes) + ": " + problem;
}

std::string describe(const Field& field) {
  if (field.kind == FieldKind::kValues) return field.shape.str();
  return field.classes > 0
             ? fmt::format("{} class numbers below {}", field.shape.str(), field.classes)
             : field.shape.str() + " class numbers";
}

bool agree(const Field& a, const Field& b) {
  return a.shape == b.shape && a.kind == b.kind &&
         (a.classes == b.classes || a.classes == 0 || b.classes == 0);
}

}  // namespace

int GraphWriter::add_value(const std::string& name, const Shape& shape, int producer) {
  graph_.values.push_back({name, shape, producer, {}});
  return static_cast<int>(graph_.values.size()) - 1;
}

int GraphWriter::add_input(const std::string& name, const Shape& shape) {
  const int value = add_value(name, shape, -1);
  graph_.fields.push_back({{name, shape}, value, true});
  field_marks_.emplace_back();
  return value;
}

int GraphWriter::add(NewLayer request) {
  const Mark& mark = request.mark;
  const std::tuple place(mark.source.get(), mark.line, mark.column);
  if (failed_.count(place) > 0) return kUnknown;
  LayerPlan plan;
  const std::shared_ptr<const NamedLayer> named = named_layer(request);
  if (!set_up_layer(request, named.get(), plan) || !check_targets(request, plan) ||
      !set_initializers(request, plan) || !check_parameters(request, plan)) {
    if (mark.source) failed_.insert(place);
    return kUnknown;
  }
  const int id = static_cast<int>(graph_.nodes.size());
  GraphNode node;
  for (size_t i = 0; i < request.inputs.size(); ++i) {
    const Input& input = request.inputs[i];
    const int value =
        input.is_target ? field_value(input.label, plan.fields[i], request.mark) : input.value;
    node.inputs.push_back(value);
    bound_field(value, plan.fields[i]);
    std::vector<int>& consumers = graph_.values[static_cast<size_t>(value)].consumers;
    if (consumers.empty() || consumers.back() != id) consumers.push_back(id);
  }
  node.parameters = add_parameters(request, plan);
  node.named = named;
  if (const int id = named ? graph_.find_node(named->node) : -1; id >= 0) {
    GraphNode& other = graph_.nodes[static_cast<size_t>(id)];
    const bool borrows =
        std::any_of(plan.memory.begin(), plan.memory.end(),
                    [](const MemoryRequest& memory) { return memory.borrowed >= 0; });
    other.plan.lends = other.plan.lends || borrows;
  }
  node.output = add_value(request.path, plan.output, id);
  node.name = std::move(request.path);
  node.type = request.type;
  node.layer = std::move(request.layer);
  node.plan = std::move(plan);
  node.shares = request.weights_path != node.name;
  node.folded_into = std::move(request.folded_into);
  node.path = std::move(request.levels);
  node.mark = std::move(request.mark);
  graph_.nodes.push_back(std::move(node));
  in_side_.push_back(request.in_side ? 1 : 0);
  return graph_.nodes.back().output;
}

void GraphWriter::recompute_from(int first) {
  for (int i = first; i < node_count(); ++i) graph_.nodes[static_cast<size_t>(i)].recompute = first;
}

// The layer whose value has that name: its own, not the activation folded into it. -1: an input.
int GraphWriter::named_node(const Input& named) const {
  const int producer = graph_.values[static_cast<size_t>(named.value)].producer;
  if (producer < 0) return -1;
  const std::string& folded_into = graph_.nodes[static_cast<size_t>(producer)].folded_into;
  const int owner = folded_into.empty() ? -1 : graph_.find_node(folded_into);
  return owner >= 0 ? owner : producer;
}

std::shared_ptr<const NamedLayer> GraphWriter::named_layer(const NewLayer& request) const {
  if (!request.named) return nullptr;
  NamedLayer named;
  named.name = request.named->label;
  named.output = graph_.values[static_cast<size_t>(request.named->value)].shape;
  if (const int id = named_node(*request.named); id >= 0) {
    const GraphNode& node = graph_.nodes[static_cast<size_t>(id)];
    named.node = node.name;
    named.type = node.type->name;
    const GraphNode& last = graph_.nodes[static_cast<size_t>(
        graph_.values[static_cast<size_t>(request.named->value)].producer)];
    if (&last != &node) named.activation = last.type->name;
    named.input = graph_.values[static_cast<size_t>(node.inputs.front())].shape;
    named.plan = node.plan;
  }
  return std::make_shared<const NamedLayer>(std::move(named));
}

bool GraphWriter::set_up_layer(const NewLayer& request, const NamedLayer* named, LayerPlan& plan) {
  std::vector<Shape> shapes;
  std::vector<std::string> labels;
  for (const Input& input : request.inputs) {
    shapes.push_back(input.is_target ? Shape{}
                                     : graph_.values[static_cast<size_t>(input.value)].shape);
    labels.push_back(input.label);
  }
  try {
    plan = set_up(*request.layer, shapes, graph_.phase, labels, named);
    return true;
  } catch (const Error& error) {
    if (error.code() != Exit::kSpec) throw;
    const Diagnostic& d = error.diagnostics().front();
    diagnostics_.report(request.mark, locate(request, shapes, d.problem), "", d.notes);
    return false;
  }
}

bool GraphWriter::check_targets(const NewLayer& request, const LayerPlan& plan) {
  for (size_t i = 0; i < request.inputs.size(); ++i) {
    const Field& wanted = plan.fields[i];
    const bool is_wanted = wanted.shape.rank() > 0;
    if (request.inputs[i].is_target) {
      if (!check_target_field(request, i, wanted)) return false;
    } else if (is_wanted && !check_target_value(request, i, wanted)) {
      return false;
    }
  }
  return true;
}

bool GraphWriter::check_target_value(const NewLayer& request, size_t input, const Field& wanted) {
  const Value& value = graph_.values[static_cast<size_t>(request.inputs[input].value)];
  if (value.shape == wanted.shape) return true;
  diagnostics_.report(
      request.mark, fmt::format("{}: target '{}' has the shape {}, {} is needed", title(request),
                                request.inputs[input].label, value.shape.str(), describe(wanted)));
  return false;
}

bool GraphWriter::check_target_field(const NewLayer& request, size_t input, const Field& wanted) {
  const std::string& name = request.inputs[input].label;
  if (wanted.shape.rank() == 0) {
    diagnostics_.report(request.mark, fmt::format("{}: '{}' is no layer", title(request), name));
    return false;
  }
  for (size_t i = 0; i < graph_.fields.size(); ++i) {
    const Field& known = graph_.fields[i].field;
    if (known.name != name || agree(known, wanted)) continue;
    diagnostics_.report(
        request.mark, fmt::format("{} needs '{}' to be {}", title(request), name, describe(wanted)),
        "", {fmt::format("the loss at {} needs {}", field_marks_[i].place(), describe(known))});
    return false;
  }
  return true;
}

// Of its own parameters: a tied one's belongs to its owner.
bool GraphWriter::set_initializers(const NewLayer& request, LayerPlan& plan) {
  std::vector<ParameterRequest> own;
  for (const ParameterRequest& p : plan.parameters) {
    if (p.tied < 0) own.push_back(p);
  }
  if (!apply_init(request.init, own, diagnostics_)) return false;
  auto next = own.begin();
  for (ParameterRequest& p : plan.parameters) {
    if (p.tied < 0) p = std::move(*next++);
  }
  return true;
}

// A layer that changes shape with the phase would share a name between two parameters.
bool GraphWriter::check_parameters(const NewLayer& request, const LayerPlan& plan) {
  if (request.weights_path != request.path) return check_shared(request, plan);
  for (const ParameterRequest& p : plan.parameters) {
    if (p.tied >= 0) continue;
    const std::string name = request.path + "." + p.name;
    const int known = store_.find(name);
    if (known < 0 || store_.at(known).request.shape == p.shape) continue;
    diagnostics_.report(
        request.mark,
        fmt::format(
            "'{}' is {} in training and {} in testing", name,
            graph_.phase == Phase::kTrain ? p.shape.str() : store_.at(known).request.shape.str(),
            graph_.phase == Phase::kTrain ? store_.at(known).request.shape.str() : p.shape.str()),
        "an item with 'phase' must not change the shapes behind it");
    return false;
  }
  return true;
}

// Of a layer that has another's weights: they are there, and as its own would be.
bool GraphWriter::check_shared(const NewLayer& request, const LayerPlan& plan) {
  for (const ParameterRequest& p : plan.parameters) {
    if (p.tied >= 0) continue;
    const int known = store_.find(request.weights_path + "." + p.name);
    const ParameterRequest* theirs = known < 0 ? nullptr : &store_.at(known).request;
    if (theirs && theirs->shape == p.shape && theirs->layout == p.layout) continue;
    const std::string found =
        !theirs ? fmt::format("'{}' has no '{}'", request.weights_path, p.name)
                : fmt::format("'{}.{}' is {}{}, this layer's would be {}", request.weights_path,
                              p.name, theirs->shape.str(),
                              theirs->shape == p.shape ? " of another kind of layer" : "",
                              p.shape.str());
    diagnostics_.report(request.mark,
                        fmt::format("{} shares weights, but {}", title(request), found),
                        "an item that shares weights is built as the other one is");
    return false;
  }
  return true;
}

// A target that is also an input of the network (an autoencoder's image) has its bounds, too.
void GraphWriter::bound_field(int value, const Field& wanted) {
  for (GraphField& known : graph_.fields) {
    if (known.value == value && !known.field.range) known.field.range = wanted.range;
  }
}

int GraphWriter::field_value(const std::string& name, const Field& wanted, const Mark& mark) {
  for (GraphField& known : graph_.fields) {
    if (known.field.name != name) continue;
    known.field.classes = std::max(known.field.classes, wanted.classes);
    return known.value;
  }
  const int value = add_value(name, wanted.shape, -1);
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
    parameter.lr_mult = request.settings.lr_mult.value_or(1.0);
    parameter.decay_mult = request.settings.decay_mult;
    parameter.frozen = request.settings.freeze.value_or(false);
    ids.push_back(id);
  }
  return ids;
}

}  // namespace cnn::build
