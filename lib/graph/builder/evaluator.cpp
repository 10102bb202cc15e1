#include "graph/builder/evaluator.h"

namespace cnn::build {
namespace {

class ListScope final : public Scope {
 public:
  ListScope(const Node& variables, const Names& names, const Graph& graph, const List& list)
      : variables_(variables), names_(names), graph_(graph), list_(list) {}

  const Node* value(std::string_view name) const override {
    const auto argument = list_.body->arguments.find(name);
    if (argument == list_.body->arguments.end()) return variables_.find(name);
    if (!argument->second.is_known) is_known_ = false;
    return &argument->second.value;
  }

  std::optional<int64_t> axis(std::string_view name, char axis) const override {
    const auto argument = list_.body->arguments.find(name);
    const bool is_argument = argument != list_.body->arguments.end();
    if (is_argument && !argument->second.value.is_scalar()) return std::nullopt;
    const auto found = is_argument
                           ? names_.find(argument->second.value.text(), *argument->second.origin)
                           : names_.find(name, list_);
    if (!found || found->is_inside_dropped || found->binding.state == Binding::State::kOpen) {
      return std::nullopt;
    }
    if (found->binding.value == kUnknown) {
      is_known_ = false;
      return 64;  // any plausible number; the result is thrown away
    }
    const Shape& shape = graph_.value(found->binding.value).shape;
    return axis == 'c' ? shape.channels() : axis == 'h' ? shape.height() : shape.width();
  }

  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const auto& [name, argument] : list_.body->arguments) names.push_back(name);
    for (const Entry& e : variables_.entries()) names.push_back(e.key);
    return names;
  }

  bool is_known() const { return is_known_; }

 private:
  const Node& variables_;
  const Names& names_;
  const Graph& graph_;
  const List& list_;
  mutable bool is_known_ = true;
};

bool has_expression(const Node& node) {
  if (is_expression(node)) return true;
  for (const Node& item : node.items()) {
    if (has_expression(item)) return true;
  }
  for (const Entry& e : node.entries()) {
    if (has_expression(e.value)) return true;
  }
  return false;
}

// "skip" of `$skip` or `$( skip )`; empty for anything else.
std::string_view lone_name(const Node& node) {
  if (!is_expression(node)) return {};
  std::string_view text = std::string_view(node.text()).substr(1);
  if (text.starts_with('(') && text.ends_with(')')) text = text.substr(1, text.size() - 2);
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// Runs `evaluate(scope, diagnostics)` so that only reports that stand on known ground are kept.
template <class F>
auto evaluate_known(const ListScope& scope, Diagnostics& diagnostics, F evaluate)
    -> std::optional<typename decltype(evaluate(scope, diagnostics))::value_type> {
  Diagnostics trial;
  try {
    auto result = evaluate(scope, trial);
    if (scope.is_known() && trial.empty()) return result;
  } catch (const Error&) {
    CNN_ASSERT(!trial.empty());  // too many errors for one trial
  }
  if (!scope.is_known()) return std::nullopt;
  evaluate(scope, diagnostics);
  return std::nullopt;
}

}  // namespace

std::optional<Node> Evaluator::operator()(const Node& node, const List& list) const {
  if (!has_expression(node)) return node;
  const ListScope scope(variables_, names_, graph_, list);
  return evaluate_known(scope, diagnostics_, [&](const Scope& s, Diagnostics& d) {
    return std::optional<Node>(evaluate(node, s, d));
  });
}

std::optional<Written> Evaluator::written(const Node& node, const List& list) const {
  const auto argument = list.body->arguments.find(lone_name(node));
  if (argument != list.body->arguments.end()) {
    if (!argument->second.is_known) return std::nullopt;
    return Written{argument->second.value, argument->second.origin};
  }
  std::optional<Node> value = (*this)(node, list);
  if (!value) return std::nullopt;
  return Written{std::move(*value), &list};
}

std::optional<bool> Evaluator::condition(const Node& node, const List& list) const {
  const ListScope scope(variables_, names_, graph_, list);
  return evaluate_known(scope, diagnostics_, [&](const Scope& s, Diagnostics& d) {
    return evaluate_condition(node, s, d);
  });
}

}  // namespace cnn::build
