// Defaults: the section `defaults:`, options per op for the whole file (rule 11), and `kernels:`,
// which is the default of every option named `exact`.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "graph/builder/item.h"
#include "graph/builder/settings.h"
#include "spec/model_spec.h"

namespace cnn::build {

struct OpDefaults {
  std::vector<Entry> options;  // values evaluated and checked
  std::optional<Entry> act;
  Settings settings;

  const Entry* option(std::string_view key) const;
};

class Defaults {
 public:
  // Reports unknown ops and keys, and values that do not fit; those are left out.
  Defaults(const ModelSpec& spec, const Ops& ops, Diagnostics& diagnostics);

  const OpDefaults& of(const Op& op) const;

 private:
  void add_section(const Node& section, const Ops& ops, const Node& variables,
                   Diagnostics& diagnostics);
  void add_kernels(const Node& section, const Node& variables, Diagnostics& diagnostics);
  void add(const Op& op, const Node& values, Diagnostics& diagnostics);

  std::unordered_map<std::string, OpDefaults> by_op_;
};

}  // namespace cnn::build
