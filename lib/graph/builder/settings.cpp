#include "graph/builder/settings.h"

#include <algorithm>

#include "layers/initializer.h"

namespace cnn {

std::string OptionType<Freeze>::name() { return "true, false or weights"; }
OptionSchema OptionType<Freeze>::schema() {
  return OptionSchema::one_of({OptionSchema::boolean(), OptionSchema::one_word_of({"weights"})});
}
bool OptionType<Freeze>::read(const Node& node, Freeze& out, Diagnostics& d) {
  const std::optional<bool> all = node.as_bool();
  if (!all && !(node.is_scalar() && node.text() == "weights")) {
    d.report(node.mark(), "'freeze' expects true, false or weights, found " + node.describe());
    return false;
  }
  out = !all ? Freeze::kWeights : *all ? Freeze::kAll : Freeze::kNothing;
  return true;
}
Node OptionType<Freeze>::write(const Freeze& value) {
  if (value == Freeze::kWeights) return Node::scalar("weights");
  return OptionType<bool>::write(value == Freeze::kAll);
}

}  // namespace cnn

namespace cnn::build {
namespace {

std::optional<double> read_factor(const std::string& key, const Node& value,
                                  Diagnostics& diagnostics) {
  const std::optional<double> factor = value.read_double(diagnostics);
  if (!factor || *factor >= 0) return factor;
  diagnostics.report(value.mark(),
                     fmt::format("'{}' must be at least 0, found {}", key, value.describe()));
  return std::nullopt;
}

bool read_multiplier(Multiplier& out, const Entry& entry, Diagnostics& diagnostics) {
  if (!entry.value.is_map()) {
    out.all = read_factor(entry.key, entry.value, diagnostics);
    return out.all.has_value();
  }
  bool ok = true;
  for (const Entry& e : entry.value.entries()) {
    const std::optional<double> factor = read_factor(entry.key, e.value, diagnostics);
    ok = ok && factor;
    if (factor) out.by_name.push_back({e.key, e.mark, *factor});
  }
  return ok;
}

// {weight: {normal: 0.01}, bias: zeros...}, not {normal: 0.01}.
bool is_by_parameter(const Node& init) {
  if (!init.is_map()) return false;
  const std::vector<std::string> names = Initializer::names();
  return std::none_of(init.entries().begin(), init.entries().end(), [&](const Entry& e) {
    return std::find(names.begin(), names.end(), e.key) != names.end();
  });
}

bool set(ParameterRequest& parameter, const Node& init, Diagnostics& diagnostics) {
  if (!OptionType<Initializer>::read(init, parameter.init, diagnostics)) return false;
  const std::string misfit = parameter.init.misfit(parameter.shape);
  if (misfit.empty()) return true;
  diagnostics.report(init.mark(), fmt::format("{}, '{}'", misfit, parameter.name),
                     "nest them as its last axes are, or give all of them in one list");
  return false;
}

enum class Source { kOwn, kInherited, kDefault };

bool set_by_name(const Node& init, Source source, std::vector<ParameterRequest>& parameters,
                 Diagnostics& diagnostics) {
  bool ok = true;
  for (const Entry& e : init.entries()) {
    const auto found = std::find_if(parameters.begin(), parameters.end(),
                                    [&](const ParameterRequest& p) { return p.name == e.key; });
    if (found != parameters.end()) {
      ok = set(*found, e.value, diagnostics) && ok;
    } else if (source == Source::kOwn) {
      std::vector<std::string> names;
      for (const ParameterRequest& p : parameters) names.push_back(p.name);
      diagnostics.report_unknown(e.mark, "parameter", e.key, names, " in 'init'");
      ok = false;
    }
  }
  return ok;
}

bool set_weights(const Node& init, Source source, std::vector<ParameterRequest>& parameters,
                 Diagnostics& diagnostics) {
  bool any = false;
  for (ParameterRequest& p : parameters) {
    if (!p.learned || p.shape.rank() < 2) continue;
    any = true;
    if (!set(p, init, diagnostics)) return false;
  }
  if (any || source == Source::kInherited) return true;
  for (ParameterRequest& p : parameters) {
    if (p.name == "weight") return set(p, init, diagnostics);
  }
  if (source == Source::kDefault) return true;
  diagnostics.report(init.mark(), "'init' on a layer without weights");
  return false;
}

bool apply(const Node* init, Source source, std::vector<ParameterRequest>& parameters,
           Diagnostics& diagnostics) {
  if (!init) return true;
  return is_by_parameter(*init) ? set_by_name(*init, source, parameters, diagnostics)
                                : set_weights(*init, source, parameters, diagnostics);
}

}  // namespace

std::optional<double> Multiplier::of(const std::string& parameter) const {
  for (const Named& named : by_name) {
    if (named.parameter == parameter) return named.factor;
  }
  return all;
}

Settings Settings::over(const Settings& weaker) const {
  Settings result = *this;
  if (!result.init) result.init = weaker.init;
  if (!result.lr_mult.is_given()) result.lr_mult = weaker.lr_mult;
  if (!result.decay_mult.is_given()) result.decay_mult = weaker.decay_mult;
  if (!result.freeze) result.freeze = weaker.freeze;
  return result;
}

bool is_setting(std::string_view key) {
  return key == "init" || key == "lr_mult" || key == "decay_mult" || key == "freeze";
}

bool read_setting(Settings& settings, const Entry& entry, Diagnostics& diagnostics) {
  if (entry.value.is_null()) return true;
  if (entry.key == "lr_mult") return read_multiplier(settings.lr_mult, entry, diagnostics);
  if (entry.key == "decay_mult") return read_multiplier(settings.decay_mult, entry, diagnostics);
  if (entry.key == "freeze") {
    settings.freeze.emplace();
    return OptionType<Freeze>::read(entry.value, *settings.freeze, diagnostics);
  }
  // An op is read once here, so that its mistakes are found on any layer.
  settings.init = entry.value;
  Initializer ignored;
  return is_by_parameter(entry.value) ||
         OptionType<Initializer>::read(entry.value, ignored, diagnostics);
}

bool check_multipliers(const Settings& own, const std::vector<ParameterRequest>& parameters,
                       Diagnostics& diagnostics) {
  std::vector<std::string> names;
  for (const ParameterRequest& p : parameters) names.push_back(p.name);
  bool ok = true;
  for (const auto& [key, multiplier] :
       {std::pair("lr_mult", &own.lr_mult), {"decay_mult", &own.decay_mult}}) {
    for (const Multiplier::Named& named : multiplier->by_name) {
      if (std::find(names.begin(), names.end(), named.parameter) != names.end()) continue;
      diagnostics.report_unknown(named.mark, "parameter", named.parameter, names,
                                 fmt::format(" in '{}'", key));
      ok = false;
    }
  }
  return ok;
}

bool apply_init(const InitChain& chain, std::vector<ParameterRequest>& parameters,
                Diagnostics& diagnostics) {
  return apply(chain.fallback, Source::kDefault, parameters, diagnostics) &&
         apply(chain.inherited, Source::kInherited, parameters, diagnostics) &&
         apply(chain.own, Source::kOwn, parameters, diagnostics);
}

}  // namespace cnn::build
