// Expressions in scalars: `$x` and `$(...)`.
//
//   + - * / // %   == != < <= > >=   and or not   ( )   'text' "text"   min max abs floor ceil
//   round
//
// `/` of integers stays an integer when exact. A bare name is looked up in the scope; NAME.c .h .w
// is an axis of a layer's volume.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/node.h"

namespace cnn {

// What names mean where an expression stands.
class Scope {
 public:
  virtual ~Scope() = default;
  // The value of an argument or variable (already evaluated), or null.
  virtual const Node* value(std::string_view name) const = 0;
  // Axis 'c', 'h' or 'w' of the volume of layer `name` (also `in`, `prev`); nothing if there is
  // none.
  virtual std::optional<int64_t> axis(std::string_view name, char axis) const = 0;
  // Every name that value() knows, for suggestions.
  virtual std::vector<std::string> names() const = 0;
};

// True for a plain scalar that starts with '$'.
bool is_expression(const Node& node);

// `node` with its expressions, at any depth, replaced by their values; marks stay those of the
// expression. Errors are reported and leave a null there.
Node evaluate(const Node& node, const Scope& scope, Diagnostics& diagnostics);

// The truth of an `if:`; a value that is not a boolean is reported.
std::optional<bool> evaluate_condition(const Node& node, const Scope& scope,
                                       Diagnostics& diagnostics);

}  // namespace cnn
