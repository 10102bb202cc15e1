// Text helpers: escaping, suggestions, globs, human-readable amounts.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cnn {

// Control characters as \n, \t, \x1b ...; valid UTF-8 stays, other bytes become \xNN.
std::string escaped(std::string_view text);

// True if `text` is well-formed UTF-8 (no overlong forms, no surrogates).
bool is_utf8(std::string_view text);

// Columns that `text` takes on a terminal (code points; wide East Asian ones count as two).
int display_width(std::string_view text);

// The candidate nearest to `word` (Damerau-Levenshtein, ignoring case), if near enough to be meant.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

// Shell-like match: '*' any run of characters (dots too), '?' one character.
bool glob_match(std::string_view pattern, std::string_view text);

std::vector<std::string> split(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);

// "'a', 'b' or 'c'".
std::string quoted_list(std::span<const std::string> words);

// 61706 -> "61,706".
std::string with_commas(int64_t n);
// (1, "step") -> "1 step", (1200, "step") -> "1,200 steps".
std::string counted(int64_t n, std::string_view word);
// 1536 -> "1.5 KiB"; 1.2e9 MACs -> "1.20 G"; 3.741 -> "3.74".
std::string human_bytes(uint64_t bytes);
std::string human_count(double n);
// 3.2 -> "3.2 s", 125 -> "2:05", 7384 -> "2:03:04".
std::string human_seconds(double seconds);

}  // namespace cnn
