#include "base/text.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace cnn {
namespace {

// Decodes one code point at `position` and advances it; nothing for ill-formed bytes.
std::optional<char32_t> next_code_point(std::string_view text, size_t& position) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(position);
  if (lead < 0x80) {
    ++position;
    return lead;
  }
  int tail = 0;
  char32_t code = 0;
  char32_t smallest = 0;
  if (lead >= 0xC2 && lead <= 0xDF) {
    tail = 1, code = lead & 0x1Fu, smallest = 0x80;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    tail = 2, code = lead & 0x0Fu, smallest = 0x800;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    tail = 3, code = lead & 0x07u, smallest = 0x10000;
  } else {
    return std::nullopt;
  }
  if (text.size() - position <= static_cast<size_t>(tail)) return std::nullopt;
  for (int i = 1; i <= tail; ++i) {
    const unsigned char b = byte(position + static_cast<size_t>(i));
    if ((b & 0xC0u) != 0x80u) return std::nullopt;
    code = (code << 6) | (b & 0x3Fu);
  }
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < smallest || surrogate || code > 0x10FFFF) return std::nullopt;
  position += static_cast<size_t>(tail) + 1;
  return code;
}

// Code points that a terminal obeys instead of showing: C1 controls, line separators and the marks
// that reorder text.
bool is_hidden_control(char32_t c) {
  return (c >= 0x80 && c <= 0x9F) || c == 0x2028 || c == 0x2029 || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069) || c == 0x200E || c == 0x200F || c == 0xFEFF;
}

bool is_wide(char32_t c) {
  return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF && c != 0x303F) ||
         (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
         (c >= 0xFFE0 && c <= 0xFFE6) || (c >= 0x1F300 && c <= 0x1FAFF) ||
         (c >= 0x20000 && c <= 0x3FFFD);
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before_last(b.size() + 1), last(b.size() + 1), current(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substitution = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({last[j] + 1, current[j - 1] + 1, substitution});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        current[j] = std::min(current[j], before_last[j - 2] + 1);
      }
    }
    before_last.swap(last);
    last.swap(current);
  }
  return last[b.size()];
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const size_t start = i;
    const std::optional<char32_t> c = next_code_point(text, i);
    if (!c) {
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[i++]));
    } else if (*c == '\n') {
      result += "\\n";
    } else if (*c == '\t') {
      result += "\\t";
    } else if (*c == '\r') {
      result += "\\r";
    } else if (*c < 0x20 || *c == 0x7F) {
      result += fmt::format("\\x{:02x}", static_cast<unsigned>(*c));
    } else if (is_hidden_control(*c)) {
      result += fmt::format("\\u{:04x}", static_cast<unsigned>(*c));
    } else {
      result.append(text.substr(start, i - start));
    }
  }
  return result;
}

bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    if (!next_code_point(text, i)) return false;
  }
  return true;
}

int display_width(std::string_view text) {
  int width = 0;
  for (size_t i = 0; i < text.size();) {
    const std::optional<char32_t> c = next_code_point(text, i);
    if (!c) ++i;
    const bool combining = c && *c >= 0x0300 && *c <= 0x036F;
    if (!combining) width += c && is_wide(*c) ? 2 : 1;
  }
  return width;
}

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates) {
  constexpr size_t kLongest = 64;  // longer words are no slips of the keyboard
  if (word.empty() || word.size() > kLongest) return std::nullopt;
  const std::string wanted = lower(word);
  const size_t allowed = std::max<size_t>(wanted.size() == 1 ? 0 : 1, wanted.size() / 3);
  size_t best = allowed + 1;
  const std::string* found = nullptr;
  for (const std::string& candidate : candidates) {
    if (candidate.empty() || candidate.size() > kLongest) continue;
    const size_t distance = edit_distance(wanted, lower(candidate));
    // A distance of the whole word means that nothing is shared.
    if (distance < best && distance < std::max(wanted.size(), candidate.size())) {
      best = distance;
      found = &candidate;
    }
  }
  if (found == nullptr && wanted.size() >= 3) {
    for (const std::string& candidate : candidates) {
      if (lower(candidate).starts_with(wanted)) return candidate;
    }
  }
  return found == nullptr ? std::nullopt : std::optional<std::string>(*found);
}

bool glob_match(std::string_view pattern, std::string_view text) {
  size_t p = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;  // the last '*' seen, and what it has taken so far
  size_t taken = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++taken;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  std::string result;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) result += separator;
    result += parts[i];
  }
  return result;
}

std::string quoted_list(std::span<const std::string> words) {
  std::string result;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) result += i + 1 == words.size() ? " or " : ", ";
    result += "'" + words[i] + "'";
  }
  return result;
}

std::string with_commas(int64_t n) {
  std::string digits = std::to_string(n);
  const int64_t first = n < 0 ? 1 : 0;
  for (int64_t i = static_cast<int64_t>(digits.size()) - 3; i > first; i -= 3) {
    digits.insert(static_cast<size_t>(i), ",");
  }
  return digits;
}

std::string counted(int64_t n, std::string_view word) {
  return fmt::format("{} {}{}", with_commas(n), word, n == 1 ? "" : "s");
}

std::string human_bytes(uint64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double amount = static_cast<double>(bytes);
  size_t unit = 0;
  while (amount >= 1023.95 && unit + 1 < std::size(kUnits)) {  // 1023.95 shows as 1024.0
    amount /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", amount, kUnits[unit]);
}

std::string human_count(double n) {
  static constexpr const char* kUnits[] = {"", " k", " M", " G", " T", " P", " E"};
  if (std::abs(n) < 999.5 && n == std::floor(n)) return fmt::format("{:.0f}", n);
  size_t unit = 0;
  while (std::abs(n) >= 999.5 && unit + 1 < std::size(kUnits)) {
    n /= 1000;
    ++unit;
  }
  const double size = std::abs(n);
  const int decimals = size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f}{}", n, decimals, kUnits[unit]);
}

std::string human_seconds(double seconds) {
  constexpr double kTooLong = 1e9;
  if (!(seconds < kTooLong)) return "?";
  if (seconds < 0.1) return fmt::format("{:.0f} ms", std::max(seconds, 0.0) * 1e3);
  if (seconds < 59.95) return fmt::format("{:.1f} s", seconds);
  const int64_t whole = std::llround(seconds);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

}  // namespace cnn
