#include "data/text_units.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"

namespace cnn {
namespace {

constexpr std::array<const char*, 4> kUnitNames = {"word", "character", "byte", "pairs"};

// Of the character that begins with this byte; 1 for a byte that begins none.
size_t character_length(unsigned char first) {
  if (first >= 0xf0 && first < 0xf8) return 4;
  if (first >= 0xe0 && first < 0xf0) return 3;
  return first >= 0xc0 && first < 0xe0 ? 2 : 1;
}

// The character at `i`, or the byte if none begins there.
std::string_view character_at(std::string_view text, size_t i) {
  const size_t length = character_length(static_cast<unsigned char>(text[i]));
  const std::string_view character = text.substr(i, length);
  return length == 1 || is_utf8(character) ? character : text.substr(i, 1);
}

std::vector<std::string_view> characters_of(std::string_view text) {
  std::vector<std::string_view> characters;
  characters.reserve(text.size());
  for (size_t i = 0; i < text.size(); i += characters.back().size()) {
    characters.push_back(character_at(text, i));
  }
  return characters;
}

// Its number in Unicode; of a byte that is no character, one that is no letter either.
char32_t code_of(std::string_view character) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(character[i]); };
  switch (character.size()) {
    case 1:
      return byte(0) < 0x80 ? byte(0) : 0xFFFD;
    case 2:
      return (byte(0) & 0x1Fu) << 6 | (byte(1) & 0x3Fu);
    case 3:
      return (byte(0) & 0x0Fu) << 12 | (byte(1) & 0x3Fu) << 6 | (byte(2) & 0x3Fu);
    default:
      return (byte(0) & 0x07u) << 18 | (byte(1) & 0x3Fu) << 12 | (byte(2) & 0x3Fu) << 6 |
             (byte(3) & 0x3Fu);
  }
}

void append_code(char32_t code, std::string& text) {
  const auto add = [&](char32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xC0 | code >> 6);
    add(0x80 | (code & 0x3F));
  } else {  // lowered() makes none beyond
    add(0xE0 | code >> 12);
    add(0x80 | (code >> 6 & 0x3F));
    add(0x80 | (code & 0x3F));
  }
}

struct Range {
  char32_t low, high;  // both of it
};

template <size_t n>
bool is_in(char32_t code, const std::array<Range, n>& ranges) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [code](const Range& r) { return code >= r.low && code <= r.high; });
}

bool is_digit(char32_t code) { return code >= '0' && code <= '9'; }

bool is_blank(char32_t code) {
  constexpr std::array<Range, 7> kBlanks = {{{0x09, 0x0D},
                                             {0x20, 0x20},
                                             {0x85, 0x85},
                                             {0xA0, 0xA0},
                                             {0x2000, 0x200B},
                                             {0x2028, 0x202F},
                                             {0x3000, 0x3000}}};
  return is_in(code, kBlanks);
}

// Letters and digits: in ASCII these, beyond it all but the blocks of signs.
bool is_letter(char32_t code) {
  if (code < 0x80) {
    return is_digit(code) || (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z');
  }
  constexpr std::array<Range, 3> kLetters = {{{0xAA, 0xAA}, {0xB5, 0xB5}, {0xBA, 0xBA}}};
  constexpr std::array<Range, 11> kSigns = {{{0x80, 0xBF},
                                             {0xD7, 0xD7},
                                             {0xF7, 0xF7},
                                             {0x2000, 0x2BFF},
                                             {0x3000, 0x3004},
                                             {0x3008, 0x3020},
                                             {0xFE30, 0xFE6F},
                                             {0xFF01, 0xFF0F},
                                             {0xFF1A, 0xFF20},
                                             {0xFFFD, 0xFFFD},
                                             {0x1F000, 0x1FAFF}}};
  return is_in(code, kLetters) || !is_in(code, kSigns);
}

// What stays inside a word between `before` and `after`.
bool joins(char32_t code, char32_t before, char32_t after) {
  const bool is_joint = code == '\'' || code == '-' || code == 0x2019 || code == 0x2010 ||
                        code == 0x2011 || code == 0xAD;
  if (is_joint) return is_letter(before) && is_letter(after);
  return (code == '.' || code == ',' || code == ':') && is_digit(before) && is_digit(after);
}

// The end of the word that begins at character `i`.
size_t end_of_word(const std::vector<std::string_view>& characters, size_t i) {
  if (!is_letter(code_of(characters[i]))) return i + 1;
  size_t end = i + 1;
  for (; end < characters.size(); ++end) {
    const char32_t code = code_of(characters[end]);
    if (is_letter(code)) continue;
    const bool is_inside = end + 1 < characters.size() &&
                           joins(code, code_of(characters[end - 1]), code_of(characters[end + 1]));
    if (!is_inside) break;
  }
  return end;
}

// From the beginning of one character to the end of another.
std::string_view spanned(std::string_view first, std::string_view last) {
  return {first.data(), static_cast<size_t>(last.data() + last.size() - first.data())};
}

std::vector<std::string_view> words_of(std::string_view text, bool with_lines) {
  const std::vector<std::string_view> characters = characters_of(text);
  std::vector<std::string_view> words;
  for (size_t i = 0; i < characters.size();) {
    const char32_t code = code_of(characters[i]);
    if (is_blank(code)) {
      if (with_lines && code == '\n') words.push_back(characters[i]);
      ++i;
      continue;
    }
    const size_t end = end_of_word(characters, i);
    words.push_back(spanned(characters[i], characters[end - 1]));
    i = end;
  }
  return words;
}

std::vector<std::string_view> words_with_blanks(std::string_view text) {
  const std::vector<std::string_view> characters = characters_of(text);
  std::vector<std::string_view> pieces;
  for (size_t i = 0; i < characters.size();) {
    const bool takes_blank =
        characters[i] == " " && i + 1 < characters.size() && !is_blank(code_of(characters[i + 1]));
    const size_t end = end_of_word(characters, takes_blank ? i + 1 : i);
    pieces.push_back(spanned(characters[i], characters[end - 1]));
    i = end;
  }
  return pieces;
}

// By block: capitals that stand a fixed distance before their small letters, and pairs of
// neighbours.
char32_t lowered(char32_t c) {
  const auto even_before = [c] { return c % 2 == 0 ? c + 1 : c; };
  const auto odd_before = [c] { return c % 2 == 1 ? c + 1 : c; };
  const auto within = [c](char32_t low, char32_t high) { return c >= low && c <= high; };
  if (within('A', 'Z')) return c + 0x20;
  if (c < 0xC0) return c;
  if (within(0xC0, 0xDE)) return c == 0xD7 ? c : c + 0x20;
  if (c == 0x130) return 'i';
  if (c == 0x178) return 0xFF;
  if (within(0x100, 0x137) || within(0x14A, 0x177)) return even_before();
  if (within(0x139, 0x148) || within(0x179, 0x17E)) return odd_before();
  if (c == 0x386) return 0x3AC;
  if (within(0x388, 0x38A)) return c + 0x25;
  if (c == 0x38C) return 0x3CC;
  if (within(0x38E, 0x38F)) return c + 0x3F;
  if (within(0x391, 0x3AB)) return c == 0x3A2 ? c : c + 0x20;
  if (within(0x400, 0x40F)) return c + 0x50;
  if (within(0x410, 0x42F)) return c + 0x20;
  if (c == 0x4C0) return 0x4CF;
  if (within(0x4C1, 0x4CE)) return odd_before();
  if (within(0x460, 0x481) || within(0x48A, 0x4BF) || within(0x4D0, 0x52F)) return even_before();
  if (c == 0x1E9E) return 0xDF;
  if (within(0x1E00, 0x1E95) || within(0x1EA0, 0x1EFF)) return even_before();
  return c;
}

bool is_one_of(std::string_view word, std::span<const std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

const char* unit_name(TextUnit unit) { return kUnitNames.at(static_cast<size_t>(unit)); }

std::optional<TextUnit> unit_named(std::string_view name) {
  for (size_t i = 0; i < kUnitNames.size(); ++i) {
    if (name == kUnitNames[i]) return static_cast<TextUnit>(i);
  }
  return std::nullopt;
}

std::string counted_units(int64_t n, TextUnit unit) {
  return counted(n, unit == TextUnit::kPairs ? "symbol" : unit_name(unit));
}

std::vector<std::string_view> units_of(std::string_view text, TextUnit unit) {
  switch (unit) {
    case TextUnit::kWord:
      return words_of(text, false);
    case TextUnit::kPairs:
      return words_with_blanks(text);
    case TextUnit::kCharacter:
      return characters_of(text);
    default:
      break;
  }
  std::vector<std::string_view> bytes;
  for (size_t i = 0; i < text.size(); ++i) bytes.push_back(text.substr(i, 1));
  return bytes;
}

std::vector<std::string_view> words_with_lines(std::string_view text) {
  return words_of(text, true);
}

std::string joined_words(std::span<const std::string_view> words) {
  constexpr std::array<std::string_view, 14> kCloses = {".", ",", "!", "?", ";", ":", ")",
                                                        "]", "}", "%", "…", "”", "»", "\n"};
  constexpr std::array<std::string_view, 7> kOpens = {"(", "[", "{", "„", "«", "$", "\n"};
  std::string text;
  bool is_glued = true;  // to what stands before: the first word, one behind a bracket
  bool is_quoted = false, is_low_quoted = false;
  for (const std::string_view word : words) {
    bool closes = is_one_of(word, kCloses), opens = is_one_of(word, kOpens);
    if (word == "\"") {
      closes = is_quoted;
      opens = is_quoted = !is_quoted;
    } else if (word == "“") {  // closes in German, opens in English
      closes = is_low_quoted;
      opens = !is_low_quoted;
      is_low_quoted = false;
    } else if (word == "„") {
      is_low_quoted = true;
    }
    if (!is_glued && !closes) text += ' ';
    text += word;
    is_glued = opens;
  }
  return text;
}

std::string lowered(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const std::string_view character = character_at(text, i);
    const char32_t code = code_of(character), small = lowered(code);
    if (small == code) {
      result += character;
    } else {
      append_code(small, result);
    }
    i += character.size();
  }
  return result;
}

std::optional<size_t> first_bad_byte(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const std::string_view character = character_at(text, i);
    if (character.size() == 1 && static_cast<unsigned char>(character[0]) >= 0x80) return i;
    i += character.size();
  }
  return std::nullopt;
}

}  // namespace cnn
