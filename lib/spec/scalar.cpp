#include "spec/scalar.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace cnn {
namespace {

std::string_view without_sign(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return text;
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool has_real_form(std::string_view text) {
  text = without_sign(text);
  const auto take_digits = [&text] {
    size_t count = 0;
    while (count < text.size() && is_digit(text[count])) ++count;
    text.remove_prefix(count);
    return count;
  };
  const size_t whole = take_digits();
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (take_digits() == 0 && whole == 0) return false;
  } else if (whole == 0) {
    return false;
  }
  if (text.empty()) return true;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text = without_sign(text.substr(1));
  return take_digits() > 0 && text.empty();
}

// from_chars reports both ends of the range alike: a number below 1 in magnitude was too small.
double out_of_range_value(std::string_view text) {
  const size_t exponent = text.find_first_of("eE");
  const bool tiny = exponent == std::string_view::npos
                        ? without_sign(text).find_first_not_of('0') == without_sign(text).find('.')
                        : text.substr(exponent + 1).starts_with('-');
  return tiny ? 0.0 : std::numeric_limits<double>::infinity();
}

// The value of a text of real form; infinite if it is too large.
double real_value(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc::result_out_of_range ? out_of_range_value(text) : value;
}

template <size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

}  // namespace

std::optional<int64_t> parse_int(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0o")) {
    base = text[1] == 'x' ? 16 : 8;
    text.remove_prefix(2);
    if (text.starts_with('-')) return std::nullopt;
  } else {
    if (is_ambiguous_octal(text)) return std::nullopt;
    if (text.starts_with('+')) {
      text.remove_prefix(1);
      if (text.starts_with('-')) return std::nullopt;
    }
  }
  int64_t value = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value, base);
  if (text.empty() || error != std::errc() || end != last) return std::nullopt;
  return value;
}

std::optional<double> parse_real(std::string_view text) {
  if (const std::optional<int64_t> whole = parse_int(text)) return static_cast<double>(*whole);
  if (!has_real_form(text) || is_ambiguous_octal(text)) return std::nullopt;
  const double value = real_value(text);
  return std::isfinite(value) ? std::optional<double>(value) : std::nullopt;
}

std::optional<bool> parse_bool(std::string_view text) {
  static constexpr std::array<std::string_view, 3> kTrue = {"true", "True", "TRUE"};
  static constexpr std::array<std::string_view, 3> kFalse = {"false", "False", "FALSE"};
  if (is_one_of(text, kTrue)) return true;
  if (is_one_of(text, kFalse)) return false;
  return std::nullopt;
}

bool is_null_word(std::string_view text) {
  static constexpr std::array<std::string_view, 5> kNull = {"", "~", "null", "Null", "NULL"};
  return is_one_of(text, kNull);
}

bool is_ambiguous_octal(std::string_view text) {
  text = without_sign(text);
  return text.size() > 1 && text[0] == '0' && std::all_of(text.begin(), text.end(), is_digit);
}

bool is_non_finite(std::string_view text) {
  static constexpr std::array<std::string_view, 3> kNan = {".nan", ".NaN", ".NAN"};
  static constexpr std::array<std::string_view, 3> kInfinite = {".inf", ".Inf", ".INF"};
  if (is_one_of(text, kNan) || is_one_of(without_sign(text), kInfinite)) return true;
  return has_real_form(text) && std::isinf(real_value(text));
}

std::string number_text(double value) { return fmt::format("{}", value); }
std::string number_text(float value) { return fmt::format("{}", value); }

std::string real_text(double value) {
  std::string text = number_text(value);
  if (parse_int(text)) text += ".0";
  return text;
}

}  // namespace cnn
