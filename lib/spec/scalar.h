// Characters of words, and scalars of YAML 1.2's core schema (rule 14), less `010`, `.nan` and
// `.inf`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cnn {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
inline bool is_word_part(char c) { return is_letter(c) || is_digit(c); }

// 12, -3, 0x1F, 0o17; not 010, not 3.0, not beyond 64 bits.
std::optional<int64_t> parse_int(std::string_view text);
// Integers, 0.5, .5, 5., 1e-4; finite. Too small for a double is 0.
std::optional<double> parse_real(std::string_view text);
std::optional<bool> parse_bool(std::string_view text);
bool is_null_word(std::string_view text);  // ~, null, Null, NULL or nothing

// 010, -007: decimal to YAML 1.2, octal to YAML 1.1 and C.
bool is_ambiguous_octal(std::string_view text);
// .nan, -.inf, 1e400: a number, but no finite one.
bool is_non_finite(std::string_view text);

// Shortest text that reads back as the same number; real_text() is never taken for an integer.
std::string number_text(double value);
std::string number_text(float value);
std::string real_text(double value);

}  // namespace cnn
