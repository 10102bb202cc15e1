// Tokens of expressions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "spec/expression_value.h"

namespace cnn {

struct Token {
  enum class Kind { kEnd, kNumber, kText, kName, kSymbol };
  Kind kind = Kind::kEnd;
  size_t begin = 0;
  size_t end = 0;
  std::string text;  // of a text: what stands between its quotes

  Span span() const { return {begin, end}; }
};

// Cuts the text of an expression into tokens, one at a time. Throws ExpressionError.
class Tokenizer {
 public:
  explicit Tokenizer(std::string_view text) : text_(text) {}
  Token next();

 private:
  char at(size_t i) const { return i < text_.size() ? text_[i] : '\0'; }
  Token token(Token::Kind kind, size_t begin, size_t end);
  Token number();
  Token name();  // or a dotted path
  Token quoted(char quote);
  Token symbol();

  std::string_view text_;
  size_t position_ = 0;
};

}  // namespace cnn
