#include "spec/expression_value.h"

#include <algorithm>
#include <cmath>
#include <compare>

#include "spec/scalar.h"

namespace cnn {
namespace {

[[noreturn]] void fail_at(const Span& at, std::string problem, std::string remedy = "") {
  throw ExpressionError{at.begin, at.end, std::move(problem), std::move(remedy)};
}

std::string describe(const Value& value) {
  if (const auto* whole = std::get_if<int64_t>(&value)) return std::to_string(*whole);
  if (const auto* real = std::get_if<double>(&value)) return real_text(*real);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* text = std::get_if<std::string>(&value)) {
    return Node::scalar(*text, {}, true).describe();
  }
  return std::get<Node>(value).describe();
}

bool is_whole(const Value& value) { return std::holds_alternative<int64_t>(value); }
bool is_number(const Value& value) {
  return is_whole(value) || std::holds_alternative<double>(value);
}

double as_real(const Value& value) {
  const auto* whole = std::get_if<int64_t>(&value);
  return whole ? static_cast<double>(*whole) : std::get<double>(value);
}

void require_number(std::string_view what, const Value& value, const Span& at) {
  if (!is_number(value)) {
    fail_at(at, fmt::format("'{}' needs numbers, found {}", what, describe(value)));
  }
}

Value finite(double value, std::string_view op, const Span& at) {
  if (!std::isfinite(value)) fail_at(at, fmt::format("'{}' gives no finite number here", op));
  return value;
}

// Quotient towards minus infinity, and the remainder that goes with it.
int64_t floor_divide(int64_t a, int64_t b) {
  const int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

Value whole_arithmetic(std::string_view op, int64_t a, int64_t b, const Span& at) {
  int64_t result = 0;
  bool overflow = false;
  if (op == "+") {
    overflow = __builtin_add_overflow(a, b, &result);
  } else if (op == "-") {
    overflow = __builtin_sub_overflow(a, b, &result);
  } else if (op == "*") {
    overflow = __builtin_mul_overflow(a, b, &result);
  } else if (b == -1) {  // the one divisor that can overflow
    if (op == "%") return int64_t{0};
    overflow = __builtin_sub_overflow(int64_t{0}, a, &result);
  } else if (op == "/") {
    if (a % b != 0) return static_cast<double>(a) / static_cast<double>(b);
    result = a / b;
  } else if (op == "//") {
    result = floor_divide(a, b);
  } else {
    result = a - floor_divide(a, b) * b;
  }
  if (overflow) fail_at(at, fmt::format("integer overflow: {} {} {}", a, op, b));
  return result;
}

Value real_arithmetic(std::string_view op, double a, double b, const Span& at) {
  if (op == "+") return finite(a + b, op, at);
  if (op == "-") return finite(a - b, op, at);
  if (op == "*") return finite(a * b, op, at);
  if (op == "/") return finite(a / b, op, at);
  if (op == "//") return finite(std::floor(a / b), op, at);
  const double remainder = std::fmod(a, b);
  const bool shifted = remainder != 0 && (remainder < 0) != (b < 0);
  return finite(shifted ? remainder + b : remainder, op, at);
}

// A real as a whole number, after rounding.
Value whole(double rounded, std::string_view function, const Span& at) {
  constexpr double kLimit = 9223372036854775808.0;  // 2^63
  if (!(rounded >= -kLimit && rounded < kLimit)) {
    fail_at(at, fmt::format("'{}' gives {}, beyond 64 bits", function, rounded));
  }
  return static_cast<int64_t>(rounded);
}

std::partial_ordering order(const Value& left, const Value& right) {
  if (is_whole(left) && is_whole(right))
    return std::get<int64_t>(left) <=> std::get<int64_t>(right);
  return static_cast<long double>(as_real(left)) <=> static_cast<long double>(as_real(right));
}

bool holds(std::string_view op, std::partial_ordering order) {
  if (op == "==") return order == 0;
  if (op == "!=") return order != 0;
  if (op == "<") return order < 0;
  if (op == "<=") return order <= 0;
  return op == ">" ? order > 0 : order >= 0;
}

}  // namespace

Value from_node(const Node& node) {
  if (!node.is_scalar()) return node;
  if (const auto whole = node.as_int()) return *whole;
  if (const auto real = node.as_double()) return *real;
  if (const auto flag = node.as_bool()) return *flag;
  return node.text();
}

Node to_node(const Value& value, const Mark& mark) {
  if (const auto* whole = std::get_if<int64_t>(&value)) {
    return Node::scalar(std::to_string(*whole), mark);
  }
  if (const auto* real = std::get_if<double>(&value)) return Node::scalar(real_text(*real), mark);
  if (const auto* flag = std::get_if<bool>(&value)) {
    return Node::scalar(*flag ? "true" : "false", mark);
  }
  if (const auto* text = std::get_if<std::string>(&value)) return Node::scalar(*text, mark, true);
  fail_at({0, std::string::npos},
          fmt::format("'$(...)' gives a number, true, false or a text; found {}", describe(value)),
          "write $name for a list or a map");
}

bool truth(const Value& value, const Span& at) {
  if (const bool* flag = std::get_if<bool>(&value)) return *flag;
  fail_at(at, fmt::format("expected true or false, found {}", describe(value)));
}

Value arithmetic(std::string_view op, const Value& left, const Value& right, const Span& at) {
  require_number(op, left, at);
  require_number(op, right, at);
  const bool divides = op == "/" || op == "//" || op == "%";
  if (divides && as_real(right) == 0) fail_at(at, "division by zero");
  if (is_whole(left) && is_whole(right)) {
    return whole_arithmetic(op, std::get<int64_t>(left), std::get<int64_t>(right), at);
  }
  return real_arithmetic(op, as_real(left), as_real(right), at);
}

Value compare(std::string_view op, const Value& left, const Value& right, const Span& at) {
  if (is_number(left) && is_number(right)) return holds(op, order(left, right));
  const bool equality = op == "==" || op == "!=";
  if (left.index() == right.index() && !std::holds_alternative<Node>(left)) {
    if (equality)
      return (left.index() == 2
                  ? std::get<bool>(left) == std::get<bool>(right)
                  : std::get<std::string>(left) == std::get<std::string>(right)) == (op == "==");
    fail_at(at, fmt::format("'{}' needs numbers, found {}", op, describe(left)),
            "texts compare with == and != only");
  }
  fail_at(at, fmt::format("cannot compare {} with {}", describe(left), describe(right)));
}

Value call(std::string_view function, const std::vector<Value>& arguments, const Span& at) {
  const bool many = function == "min" || function == "max";
  if (arguments.empty() || (!many && arguments.size() != 1)) {
    fail_at(at, fmt::format("'{}' takes {}, found {}", function,
                            many ? "one value or more" : "one value", arguments.size()));
  }
  for (const Value& argument : arguments) require_number(function, argument, at);
  const Value& first = arguments.front();
  if (many) {
    Value best = first;
    for (const Value& argument : arguments) {
      const auto against_best = order(argument, best);
      if (function == "min" ? against_best < 0 : against_best > 0) best = argument;
    }
    return best;
  }
  if (function == "abs") {
    const bool negative = as_real(first) < 0;
    return negative ? arithmetic("-", Value(int64_t{0}), first, at) : first;
  }
  if (is_whole(first)) return first;
  const double real = std::get<double>(first);
  if (function == "floor") return whole(std::floor(real), function, at);
  if (function == "ceil") return whole(std::ceil(real), function, at);
  return whole(std::round(real), function, at);
}

}  // namespace cnn
