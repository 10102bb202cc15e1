#include "spec/expression.h"

#include <algorithm>

#include "base/text.h"
#include "spec/expression_tokens.h"
#include "spec/expression_value.h"
#include "spec/limits.h"
#include "spec/scalar.h"

namespace cnn {
namespace {

constexpr std::string_view kFunctions[] = {"min", "max", "abs", "floor", "ceil", "round"};

bool is_function(std::string_view name) {
  return std::find(std::begin(kFunctions), std::end(kFunctions), name) != std::end(kFunctions);
}

// Recursive descent that evaluates as it goes. `active_` is false in the part that `and` and `or`
// skip: it is checked for syntax, but neither looked up nor computed.
class Evaluator {
 public:
  // `text` starts behind the '$'.
  Evaluator(std::string_view text, const Scope& scope) : tokens_(text), scope_(scope) { advance(); }

  Value run() {
    const Token open = token_;
    expect("(", open);
    const Value value = any();
    close(open);
    if (token_.kind != Token::Kind::kEnd) {
      fail_at(token_, "text behind the expression", "one '$(...)' is the whole value");
    }
    return value;
  }

 private:
  using Kind = Token::Kind;

  // Counts the nesting of parentheses, calls and signs, so that the stack is bounded.
  class Level {
   public:
    explicit Level(Evaluator& e) : evaluator_(e) {
      if (++evaluator_.level_ > kMaxDepth) {
        evaluator_.fail_at(evaluator_.token_, fmt::format("nested too deeply: depth {} > {}",
                                                          evaluator_.level_, kMaxDepth));
      }
    }
    ~Level() { --evaluator_.level_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Evaluator& evaluator_;
  };

  [[noreturn]] void fail_at(const Token& token, std::string problem,
                            std::string remedy = "") const {
    throw ExpressionError{token.begin, token.end, std::move(problem), std::move(remedy)};
  }

  void advance() { token_ = tokens_.next(); }
  bool is(std::string_view text) const {
    return (token_.kind == Kind::kSymbol || token_.kind == Kind::kName) && token_.text == text;
  }
  bool accept(std::string_view text) {
    if (!is(text)) return false;
    advance();
    return true;
  }
  void expect(std::string_view text, const Token& where) {
    if (!accept(text)) fail_at(where, fmt::format("expected '{}'", text));
  }
  void close(const Token& open) {
    if (accept(")")) return;
    if (token_.kind == Kind::kEnd) fail_at(open, "'(' without its ')'");
    fail_at(token_, fmt::format("expected an operator or ')', found '{}'", token_.text));
  }

  Value any() {
    const Level level(*this);
    Value left = conjunction();
    while (is("or")) left = logical(std::move(left), true);
    return left;
  }
  Value conjunction() {
    Value left = negation();
    while (is("and")) left = logical(std::move(left), false);
    return left;
  }
  // `decided_by`: the left value that settles the result.
  Value logical(Value left, bool decided_by) {
    const Token op = token_;
    advance();
    const bool first = active_ && truth(left, op.span());
    const bool settled = active_ && first == decided_by;
    const bool was_active = std::exchange(active_, active_ && !settled);
    const Value right = decided_by ? conjunction() : negation();
    const bool second = active_ && truth(right, op.span());
    active_ = was_active;
    return settled ? first : second;
  }
  Value negation() {
    if (!is("not")) return comparison();
    const Level level(*this);
    const Token op = token_;
    advance();
    const Value value = negation();
    return active_ ? Value(!truth(value, op.span())) : Value();
  }

  Value comparison() {
    const Value left = sum();
    if (!is_comparison()) return left;
    const Token op = token_;
    advance();
    const Value right = sum();
    if (is_comparison()) {
      fail_at(token_, "comparisons do not chain", "write 'a < b and b < c'");
    }
    return active_ ? compare(op.text, left, right, op.span()) : Value();
  }
  bool is_comparison() const {
    return is("==") || is("!=") || is("<") || is("<=") || is(">") || is(">=");
  }

  Value sum() {
    Value left = product();
    while (is("+") || is("-")) left = binary(std::move(left), &Evaluator::product);
    return left;
  }
  Value product() {
    Value left = signed_value();
    while (is("*") || is("/") || is("//") || is("%")) {
      left = binary(std::move(left), &Evaluator::signed_value);
    }
    return left;
  }
  Value binary(Value left, Value (Evaluator::*operand)()) {
    const Token op = token_;
    advance();
    const Value right = (this->*operand)();
    return active_ ? arithmetic(op.text, left, right, op.span()) : Value();
  }
  Value signed_value() {
    if (!is("-") && !is("+")) return primary();
    const Level level(*this);
    const Token op = token_;
    advance();
    const Value value = signed_value();
    return active_ ? arithmetic(op.text, Value(int64_t{0}), value, op.span()) : Value();
  }

  Value primary() {
    const Token token = token_;
    if (accept("(")) {
      const Value value = any();
      close(token);
      return value;
    }
    if (token.kind == Kind::kEnd) fail_at(token, "the expression breaks off", "a value is missing");
    if (token.kind == Kind::kSymbol) {
      fail_at(token, fmt::format("expected a value, found '{}'", token.text));
    }
    advance();
    if (token.kind == Kind::kText) return token.text;
    if (token.kind == Kind::kNumber) return number(token);
    if (token.text == "true" || token.text == "false") return token.text == "true";
    if (token.text == "and" || token.text == "or" || token.text == "not") {
      fail_at(token, fmt::format("expected a value, found '{}'", token.text));
    }
    if (is("(")) return function(token);
    return named(token);
  }

  Value number(const Token& token) const {
    if (const auto whole = parse_int(token.text)) return *whole;
    if (const auto real = parse_real(token.text)) return *real;
    fail_at(token, fmt::format("'{}' is no number", token.text),
            is_ambiguous_octal(token.text) ? "ambiguous octal: leave out the leading 0" : "");
  }

  Value function(const Token& name) {
    if (!is_function(name.text)) {
      const std::vector<std::string> known(std::begin(kFunctions), std::end(kFunctions));
      const auto meant = nearest(name.text, known);
      fail_at(
          name, fmt::format("unknown function '{}'", name.text),
          meant ? fmt::format("did you mean '{}'?", *meant) : "functions: " + join(known, ", "));
    }
    const Token open = token_;
    advance();
    std::vector<Value> arguments;
    if (!is(")")) {
      do arguments.push_back(any());
      while (accept(","));
    }
    close(open);
    return active_ ? call(name.text, arguments, name.span()) : Value();
  }

  Value named(const Token& token) const {
    if (!active_) return Value();
    const size_t dot = token.text.rfind('.');
    if (dot != std::string::npos) return axis(token, dot);
    if (const Node* node = scope_.value(token.text)) return from_node(*node);
    if (token.text == "in" || token.text == "prev") {
      fail_at(token, fmt::format("'{}' is a volume, not a number", token.text),
              fmt::format("write {0}.c, {0}.h or {0}.w", token.text));
    }
    const std::vector<std::string> known = scope_.names();
    const auto meant = nearest(token.text, known);
    fail_at(token, fmt::format("unknown name '{}' in an expression", token.text),
            meant           ? fmt::format("did you mean '{}'?", *meant)
            : known.empty() ? "no variables are declared here"
                            : "known: " + join(known, ", "));
  }

  Value axis(const Token& token, size_t dot) const {
    const std::string layer = token.text.substr(0, dot);
    const std::string name = token.text.substr(dot + 1);
    if (name != "c" && name != "h" && name != "w") {
      fail_at(token, fmt::format("'{}' has no '{}' in an expression", layer, name),
              "a volume has .c, .h and .w");
    }
    if (const auto size = scope_.axis(layer, name[0])) return *size;
    fail_at(token, fmt::format("no value '{}' here", token.text),
            fmt::format("'{}' must be an earlier item whose volume has a '{}'", layer, name));
  }

  Tokenizer tokens_;
  const Scope& scope_;
  Token token_;
  bool active_ = true;
  int level_ = 0;
};

// The mark of a part of an expression, where the scalar stands in its file as it is.
Mark part_of(const Node& node, size_t begin, size_t end) {
  const auto points = [&node](size_t from, size_t to) {
    const std::string& text = node.text();
    return static_cast<int>(
        std::count_if(text.begin() + static_cast<std::ptrdiff_t>(from),
                      text.begin() + static_cast<std::ptrdiff_t>(to),
                      [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
  };
  const int quote = node.quoted() ? 1 : 0;
  Mark mark = node.mark();
  if (mark.length != points(0, node.text().size()) + 2 * quote) return mark;
  end = std::min(end, node.text().size());
  begin = std::min(begin, end);
  mark.column += quote + points(0, begin);
  mark.length = std::max(1, points(begin, end));
  return mark;
}

// Replaces expressions in a tree, within the bounds of any tree.
class Substitution {
 public:
  Substitution(const Scope& scope, Diagnostics& diagnostics)
      : scope_(scope), diagnostics_(diagnostics) {}

  Node of(const Node& node, int level) {
    if (is_expression(node)) return value(node, level);
    Node result = node;
    for (Node& item : result.items()) item = of(item, level + 1);
    for (Entry& e : result.entries()) e.value = of(e.value, level + 1);
    return result;
  }

  bool failed() const { return failed_; }

 private:
  Node value(const Node& node, int level) {
    try {
      return node.text().starts_with("$(") ? computed(node) : named(node, level);
    } catch (const ExpressionError& e) {
      diagnostics_.report(part_of(node, e.begin, e.end), e.problem, e.remedy);
      failed_ = true;
      return Node::null(node.mark());
    }
  }

  // `$x`: the value as it is, which may be a list or a map.
  Node named(const Node& node, int level) {
    const std::string name = node.text().substr(1);
    const Node* found = scope_.value(name);
    if (!found) return computed(node);
    nodes_ += weight(*found);
    if (nodes_ > kMaxNodes) {
      throw ExpressionError{
          0, node.text().size(),
          fmt::format("the expressions expand to more than {} nodes", with_commas(kMaxNodes)), ""};
    }
    if (level + depth(*found) > kMaxDepth) {
      throw ExpressionError{
          0, node.text().size(),
          fmt::format("nested too deeply: depth {} > {}", level + depth(*found), kMaxDepth), ""};
    }
    Node result = *found;
    result.set_mark(node.mark());
    return result;
  }

  static void require_name(const std::string& text) {
    const bool is_name = text.size() > 1 && is_letter(text[1]) &&
                         std::all_of(text.begin() + 1, text.end(),
                                     [](char c) { return is_word_part(c) || c == '.'; });
    if (!is_name) {
      throw ExpressionError{0, text.size(), "expected '$name' or '$(expression)'",
                            text.size() > 1 ? fmt::format("write $({})", text.substr(1)) : ""};
    }
  }

  Node computed(const Node& node) const {
    // `$in.c` is short for `$(in.c)`.
    const bool bare = !node.text().starts_with("$(");
    if (bare) require_name(node.text());
    const std::string text = bare ? "(" + node.text().substr(1) + ")" : node.text().substr(1);
    const size_t shift = bare ? 0 : 1;
    Value value;
    try {
      value = Evaluator(text, scope_).run();
    } catch (ExpressionError& e) {
      e.begin += shift;
      e.end += shift;
      throw;
    }
    return to_node(value, node.mark());
  }

  const Scope& scope_;
  Diagnostics& diagnostics_;
  size_t nodes_ = 0;
  bool failed_ = false;
};

}  // namespace

bool is_expression(const Node& node) {
  if (!node.is_scalar() || !node.text().starts_with('$')) return false;
  return !node.quoted() || (node.text().starts_with("$(") && node.text().ends_with(')'));
}

Node evaluate(const Node& node, const Scope& scope, Diagnostics& diagnostics) {
  return Substitution(scope, diagnostics).of(node, 0);
}

std::optional<bool> evaluate_condition(const Node& node, const Scope& scope,
                                       Diagnostics& diagnostics) {
  Substitution substitution(scope, diagnostics);
  const Node value = substitution.of(node, 0);
  if (substitution.failed()) return std::nullopt;
  return value.read_bool(diagnostics);
}

}  // namespace cnn
