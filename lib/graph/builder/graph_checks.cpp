// GraphWriter's checks of a layer that has been set up: what its inputs and targets are, and the
// parameters that it would share.

#include "base/text.h"
#include "graph/builder/graph_writer.h"
#include "graph/builder/layer_title.h"

namespace cnn::build {
namespace {

std::string describe(const Field& field) {
  const std::string form = describe(field.shape, field.items);
  if (field.kind == FieldKind::kValues) return form;
  return field.classes > 0 ? fmt::format("{} class numbers below {}", form, field.classes)
                           : form + " class numbers";
}

bool agree(const Field& a, const Field& b) {
  return a.shape == b.shape && a.kind == b.kind && a.items == b.items &&
         (a.classes == b.classes || a.classes == 0 || b.classes == 0);
}

}  // namespace

// Class numbers are names, not amounts.
bool GraphWriter::check_kinds(const NewLayer& request, const LayerPlan& plan) {
  for (size_t i = 0; i < request.inputs.size(); ++i) {
    const Input& input = request.inputs[i];
    const bool is_target = input.is_target || plan.fields[i].shape.rank() > 0;
    if (is_target || request.type->reads_classes) continue;
    if (graph_.value(input.value).kind != FieldKind::kClass) continue;
    diagnostics_.report(request.mark,
                        fmt::format("{}: '{}' holds class numbers, which are no amounts",
                                    title(request), input.label),
                        "put 'embed' or 'onehot' before it");
    return false;
  }
  return true;
}

bool GraphWriter::check_targets(const NewLayer& request, int length, const LayerPlan& plan) {
  for (size_t i = 0; i < request.inputs.size(); ++i) {
    const Field& wanted = plan.fields[i];
    const bool is_wanted = wanted.shape.rank() > 0;
    if (request.inputs[i].is_target) {
      if (!check_target_field(request, i, length, wanted)) return false;
    } else if (is_wanted && !check_target_value(request, i, wanted)) {
      return false;
    }
  }
  return true;
}

bool GraphWriter::check_target_value(const NewLayer& request, size_t input, const Field& wanted) {
  const Value& value = graph_.value(request.inputs[input].value);
  if (value.shape == wanted.shape && graph_.items(value) == wanted.items) return true;
  diagnostics_.report(request.mark,
                      fmt::format("{}: target '{}' has the shape {}, {} is needed", title(request),
                                  request.inputs[input].label,
                                  describe(value.shape, graph_.items(value)), describe(wanted)),
                      value.producer < 0 ? ""
                                         : "the layer of that name is meant; a field of the data "
                                           "needs another");
  return false;
}

bool GraphWriter::check_target_field(const NewLayer& request, size_t input, int length,
                                     const Field& wanted) {
  const std::string& name = request.inputs[input].label;
  if (wanted.shape.rank() == 0) {
    diagnostics_.report(request.mark, fmt::format("{}: '{}' is no layer", title(request), name));
    return false;
  }
  for (size_t i = 0; i < graph_.fields.size(); ++i) {
    const Field& known = graph_.fields[i].field;
    if (known.name != name) continue;
    const int theirs = graph_.value(graph_.fields[i].value).length;
    const bool is_as_long = theirs < 0 || length < 0 || theirs == length;
    if (agree(known, wanted) && is_as_long) continue;
    const char* items = is_as_long ? "" : ", as many as its own input has";
    diagnostics_.report(
        request.mark,
        fmt::format("{} needs '{}' to be {}{}", title(request), name, describe(wanted), items), "",
        {fmt::format("the loss at {} needs {}{}", field_marks_[i].place(), describe(known),
                     items)});
    return false;
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

}  // namespace cnn::build
