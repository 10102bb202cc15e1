#include "graph/builder/parameter_rules.h"

#include <optional>
#include <string>

#include "base/text.h"
#include "graph/builder/settings.h"
#include "spec/options.h"

namespace cnn::build {
namespace {

struct Rule {
  std::string match;
  std::optional<double> lr_mult;
  std::optional<double> decay_mult;
  std::optional<Freeze> freeze;

  void declare(Options& o) {
    o("match", match, "names of weights, with '*' and '?'").required();
    o("lr_mult", lr_mult, "multiplies the learning rate").at_least(0);
    o("decay_mult", decay_mult, "multiplies the weight decay").at_least(0);
    o("freeze", freeze, "true: they stay as they are, statistics too; weights: statistics move");
  }
};

// How many parameters the rule concerns.
int apply(const Rule& rule, ParameterStore& store) {
  int matches = 0;
  for (size_t i = 0; i < store.all().size(); ++i) {
    Parameter& parameter = store.at(static_cast<int>(i));
    if (!glob_match(rule.match, parameter.name)) continue;
    ++matches;
    if (rule.lr_mult) parameter.lr_mult = *rule.lr_mult;
    if (rule.decay_mult) parameter.decay_mult = *rule.decay_mult;
    if (rule.freeze) parameter.frozen = freezes(*rule.freeze, parameter.request);
  }
  return matches;
}

void report_no_match(const Node& match, const ParameterStore& store, Diagnostics& diagnostics) {
  std::vector<std::string> names;
  for (const Parameter& p : store.all()) names.push_back(p.name);
  const std::string example = names.empty() ? "" : fmt::format("a name here: '{}'", names.front());
  // The glob without its stars, for a suggestion.
  std::string word = match.text();
  std::erase(word, '*');
  const auto meant = nearest(word, names);
  diagnostics.report(match.mark(), fmt::format("no weight is called '{}'", match.text()),
                     meant ? fmt::format("did you mean '{}'?", *meant) : example);
}

}  // namespace

void apply_parameter_rules(const ModelSpec& spec, bool must_match, ParameterStore& store,
                           Diagnostics& diagnostics) {
  const Node* train = spec.section("train");
  const Node* section = train ? train->find("params") : nullptr;
  if (!section || section->is_null()) return;
  const Node rules = evaluate(*section, VariableScope(spec.vars), diagnostics);
  if (!rules.is_list()) {
    diagnostics.report(section->mark(), "'params' expects a list, found " + section->describe(),
                       "write [{match: '*.bias', decay_mult: 0}]");
    return;
  }
  for (const Node& node : rules.items()) {
    Rule rule;
    Options options;
    rule.declare(options);
    if (!options.read_map(node, "'params'", diagnostics)) continue;
    if (apply(rule, store) == 0 && must_match) {
      report_no_match(*node.find("match"), store, diagnostics);
    }
  }
}

}  // namespace cnn::build
