#include "graph/builder/defaults.h"

#include "layers/catalog.h"
namespace cnn::build {
namespace {

// What may stand in defaults besides options.
std::vector<std::string> default_keys() {
  return {"act", "init", "lr_mult", "decay_mult", "freeze"};
}

void report_no_default(const Entry& entry, const Op& op, const Options& options,
                       Diagnostics& diagnostics) {
  if (is_common_key(entry.key)) {
    diagnostics.report(entry.mark, fmt::format("'{}' cannot have a default", entry.key),
                       "write it at the item");
  } else {
    report_unknown_key(entry, op, op.layer ? &options : nullptr, default_keys(), diagnostics);
  }
}

}  // namespace

const Entry* OpDefaults::option(std::string_view key) const {
  for (const Entry& e : options) {
    if (e.key == key) return &e;
  }
  return nullptr;
}

Defaults::Defaults(const ModelSpec& spec, const Ops& ops, Diagnostics& diagnostics) {
  const auto given = [&](const char* key) {
    const Node* section = spec.section(key);
    return section && !section->is_null() ? section : nullptr;
  };
  if (const Node* section = given("defaults")) add_section(*section, ops, spec.vars, diagnostics);
  if (const Node* section = given("kernels")) add_kernels(*section, spec.vars, diagnostics);
}

// Below what `defaults` says.
void Defaults::add_kernels(const Node& section, const Node& variables, Diagnostics& diagnostics) {
  const Node value = evaluate(section, VariableScope(variables), diagnostics);
  const bool exact = value.is_scalar() && value.text() == "exact";
  if (!exact && !(value.is_scalar() && value.text() == "fast")) {
    diagnostics.report(section.mark(), "'kernels' is fast or exact, found " + value.describe(),
                       "write 'kernels: exact' for sums without Winograd's transforms");
    return;
  }
  for (const LayerType* type : layer_types()) {
    const std::unique_ptr<Layer> layer = type->make();
    Options options;
    layer->options(options);
    if (!options.find("exact") || by_op_[type->name].option("exact")) continue;
    by_op_[type->name].options.push_back(
        {"exact", section.mark(), Node::scalar(exact ? "true" : "false", section.mark())});
  }
}

void Defaults::add_section(const Node& section, const Ops& ops, const Node& variables,
                           Diagnostics& diagnostics) {
  const Node values = evaluate(section, VariableScope(variables), diagnostics);
  if (!values.is_map()) {
    diagnostics.report(section.mark(), "'defaults' expects a map, found " + section.describe(),
                       "write {conv: {bias: false}}");
    return;
  }
  for (const Entry& e : values.entries()) {
    const Op* op = ops.find(e.key);
    if (!op) {
      ops.report_unknown(e.mark, e.key, false, diagnostics);
    } else if (op->kind == Op::Kind::kSeq || op->kind == Op::Kind::kSide) {
      diagnostics.report(e.mark, fmt::format("'{}' has no defaults", e.key));
    } else if (!e.value.is_map()) {
      diagnostics.report(e.value.mark(),
                         fmt::format("the defaults of '{}' are a map of options, found {}", e.key,
                                     e.value.describe()));
    } else {
      add(*op, e.value, diagnostics);
    }
  }
}

void Defaults::add(const Op& op, const Node& values, Diagnostics& diagnostics) {
  OpDefaults& defaults = by_op_[op.name];
  Options options;
  std::unique_ptr<Layer> layer;  // `options` refers to its members
  if (op.layer) {
    layer = op.layer->make();
    layer->options(options);
  }
  for (const Entry& e : values.entries()) {
    if (e.value.is_null()) continue;
    if (op.has_option(e.key)) {
      const Option* option = options.find(e.key);
      if (!option || Options::read_value(*option, e.value, diagnostics)) {
        defaults.options.push_back(e);
      }
    } else if (e.key == "act") {
      defaults.act = e;
    } else if (is_setting(e.key)) {
      read_setting(defaults.settings, e, diagnostics);
    } else {
      report_no_default(e, op, options, diagnostics);
    }
  }
}

const OpDefaults& Defaults::of(const Op& op) const {
  static const OpDefaults kNone;
  const auto found = by_op_.find(op.name);
  return found == by_op_.end() ? kNone : found->second;
}

}  // namespace cnn::build
