// Values of expressions and what the operators do with them: whole numbers stay whole and never
// wrap, reals stay finite, texts only compare.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "spec/node.h"

namespace cnn {

// A Node is a list, a map or nothing.
using Value = std::variant<int64_t, double, bool, std::string, Node>;

// Bytes of the expression's text.
struct Span {
  size_t begin = 0;
  size_t end = 0;
};

// Thrown within the evaluation; caught where the place in the file is known.
struct ExpressionError {
  size_t begin = 0;
  size_t end = 0;
  std::string problem;
  std::string remedy;
};

Value from_node(const Node& node);
// Throws ExpressionError for a Value that is a Node.
Node to_node(const Value& value, const Mark& mark);

bool truth(const Value& value, const Span& at);
// `op` is + - * / // %.
Value arithmetic(std::string_view op, const Value& left, const Value& right, const Span& at);
// `op` is == != < <= > >=.
Value compare(std::string_view op, const Value& left, const Value& right, const Span& at);
// min max abs floor ceil round.
Value call(std::string_view function, const std::vector<Value>& arguments, const Span& at);

}  // namespace cnn
