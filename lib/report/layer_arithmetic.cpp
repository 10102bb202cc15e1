#include "report/layer_arithmetic.h"

#include <algorithm>

#include "base/text.h"
#include "graph/main_output.h"
#include "layers/reorder.h"

namespace cnn {
namespace {

bool counts(const ParameterRequest& parameter) { return parameter.learned && parameter.tied < 0; }

// "5*5*1", the last axis first; "1" for none.
std::string product(const Shape& shape, int first_axis) {
  std::string text;
  for (int axis = shape.rank() - 1; axis >= first_axis; --axis) {
    text += fmt::format("{}{}", text.empty() ? "" : "*", shape[axis]);
  }
  return text.empty() ? "1" : text;
}

// "19 * ": items of a list are reckoned one by one.
std::string times(int64_t items) { return items == 1 ? "" : fmt::format("{} * ", items); }

// "6*28*28 = 4,704"; of several outputs the sum.
std::string activations_of(const Graph& graph, const GraphNode& node) {
  if (node.type->changes_values_only()) return "";
  std::string text;
  int64_t sum = 0;
  for (const int output : node.outputs) {
    const Value& value = graph.value(output);
    const int64_t items = graph.most_items(value.length);
    text += (text.empty() ? "" : " + ") + times(items) + product_text(value.shape);
    sum += items * value.shape.count();
  }
  return text == std::to_string(sum) ? with_commas(sum) : text + " = " + with_commas(sum);
}

// "(5*5*1 + 1)*6" where every unit has its weights and one offset; else sum by sum.
std::string parameter_text(const std::vector<const Shape*>& shapes) {
  if (shapes.size() == 2 && shapes[0]->rank() >= 2 && shapes[1]->rank() == 1 &&
      (*shapes[0])[0] == (*shapes[1])[0]) {
    return fmt::format("({} + 1)*{}", product(*shapes[0], 1), (*shapes[0])[0]);
  }
  const bool are_equal = std::all_of(shapes.begin(), shapes.end(),
                                     [&](const Shape* shape) { return *shape == *shapes[0]; });
  if (are_equal && shapes.size() > 1) {
    return fmt::format("{}*{}", shapes.size(), product(*shapes[0], 0));
  }
  std::string text;
  for (const Shape* shape : shapes) {
    text += (text.empty() ? "" : " + ") + product(*shape, 0);
  }
  return text;
}

std::string parameters_of(const GraphNode& node) {
  std::vector<const Shape*> shapes;
  int64_t sum = 0;
  for (const ParameterRequest& parameter : node.plan.parameters) {
    if (!counts(parameter) || node.shares) continue;
    shapes.push_back(&parameter.shape);
    sum += parameter.shape.count();
  }
  if (shapes.empty()) return "";
  const std::string text = parameter_text(shapes);
  return text == std::to_string(sum) ? with_commas(sum) : text + " = " + with_commas(sum);
}

// Each number of the output is a sum over a kernel of the weights.
std::string macs_of(const Graph& graph, const GraphNode& node) {
  const Shape& out = node.plan.output();
  const int64_t macs = node.plan.macs;
  if (macs == 0) return "";
  const int64_t items = graph.most_items(node.length);
  const auto reckoned = [&](const std::string& taps) {
    return fmt::format("{}{} * {} = {}", times(items), product_text(out), taps,
                       with_commas(items * macs));
  };
  for (const ParameterRequest& parameter : node.plan.parameters) {
    if (parameter.shape.rank() < 2 || parameter.shape[0] != out.channels()) continue;
    const int64_t taps = parameter.shape.count() / parameter.shape[0];
    if (out.count() * taps == macs) return reckoned(product(parameter.shape, 1));
  }
  if (macs % out.count() == 0) return reckoned(std::to_string(macs / out.count()));
  return items == 1 ? with_commas(macs)
                    : fmt::format("{}{} = {}", times(items), macs, with_commas(items * macs));
}

}  // namespace

LayerArithmetic arithmetic_of(const Graph& graph, const GraphNode& node) {
  std::vector<Form> inputs;
  for (const int input : node.inputs) inputs.emplace_back(graph.value(input).shape);
  LayerArithmetic text;
  text.size = node.layer->size_arithmetic(inputs, node.plan);
  text.activations = activations_of(graph, node);
  text.parameters = parameters_of(node);
  text.macs = macs_of(graph, node);
  return text;
}

bool has_weights(const GraphNode& node) {
  return std::any_of(node.plan.parameters.begin(), node.plan.parameters.end(),
                     [](const ParameterRequest& p) { return p.learned && p.shape.rank() >= 2; });
}

int weight_depth(const Graph& graph) {
  std::vector<int> depth(graph.values.size(), 0);
  int last = -1;
  for (const GraphNode& node : graph.nodes) {
    if (node.is_loss()) continue;
    int longest = 0;
    for (const int input : node.inputs) {
      longest = std::max(longest, depth[static_cast<size_t>(input)]);
    }
    longest += has_weights(node) ? 1 : 0;
    for (const int output : node.outputs) depth[static_cast<size_t>(output)] = longest;
    last = node.output();
  }
  if (const auto main = main_output(graph)) last = main->value;
  return last < 0 ? 0 : depth[static_cast<size_t>(last)];
}

}  // namespace cnn
