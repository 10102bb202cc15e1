#include "spec/expression_tokens.h"

#include "spec/scalar.h"

namespace cnn {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

Token Tokenizer::next() {
  while (position_ < text_.size() && is_space(text_[position_])) ++position_;
  if (position_ == text_.size()) return {Token::Kind::kEnd, position_, position_, ""};
  const char c = text_[position_];
  if (is_digit(c) || (c == '.' && is_digit(at(position_ + 1)))) return number();
  if (is_letter(c)) return name();
  if (c == '\'' || c == '"') return quoted(c);
  return symbol();
}

Token Tokenizer::token(Token::Kind kind, size_t begin, size_t end) {
  position_ = end;
  return {kind, begin, end, std::string(text_.substr(begin, end - begin))};
}

Token Tokenizer::number() {
  size_t end = position_;
  while (is_digit(at(end)) || at(end) == '.') ++end;
  if (at(end) == 'e' || at(end) == 'E') {
    const size_t sign = at(end + 1) == '-' || at(end + 1) == '+' ? 1 : 0;
    if (is_digit(at(end + 1 + sign))) end += 1 + sign;
  }
  while (is_word_part(at(end)) || at(end) == '.') ++end;
  return token(Token::Kind::kNumber, position_, end);
}

Token Tokenizer::name() {
  size_t end = position_;
  while (is_word_part(at(end)) || (at(end) == '.' && is_word_part(at(end + 1)))) ++end;
  return token(Token::Kind::kName, position_, end);
}

Token Tokenizer::quoted(char quote) {
  const size_t end = text_.find(quote, position_ + 1);
  if (end == std::string_view::npos) {
    throw ExpressionError{position_, text_.size(), "this quote is never closed", ""};
  }
  Token result = token(Token::Kind::kText, position_, end + 1);
  result.text = result.text.substr(1, result.text.size() - 2);
  return result;
}

Token Tokenizer::symbol() {
  static constexpr std::string_view kPairs[] = {"//", "==", "!=", "<=", ">="};
  const size_t begin = position_;
  for (const std::string_view pair : kPairs) {
    if (text_.substr(begin, 2) == pair) return token(Token::Kind::kSymbol, begin, begin + 2);
  }
  const char c = text_[begin];
  if (std::string_view("+-*/%<>(),").find(c) != std::string_view::npos) {
    return token(Token::Kind::kSymbol, begin, begin + 1);
  }
  size_t end = begin + 1;  // the whole character, which may have several bytes
  while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xC0u) == 0x80u) ++end;
  throw ExpressionError{
      begin, end, fmt::format("unexpected '{}' in an expression", text_.substr(begin, end - begin)),
      c == '=' ? "write '==' to compare" : ""};
}

}  // namespace cnn
