// What texts are made of: words and punctuation marks, characters, bytes; and how they become a
// text again. All of UTF-8.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cnn {

enum class TextUnit { kWord, kCharacter, kByte, kPairs };

const char* unit_name(TextUnit unit);  // "word", "character", "byte", "pairs", as data maps say it
std::optional<TextUnit> unit_named(std::string_view name);
std::string counted_units(int64_t n, TextUnit unit);  // "1,200 words", "1 symbol" (of pairs)

// The units of a text. Words: letters and digits, with apostrophes, hyphens, and between digits
// points, commas and colons inside; every other character that is no blank is a word of its own.
// Characters: a byte that is no UTF-8 stands alone. Pairs: words, each with the blank before it,
// and every other character alone, so that nothing is lost.
std::vector<std::string_view> units_of(std::string_view text, TextUnit unit);
// As units_of words, and the ends of lines ("\n") are words, too.
std::vector<std::string_view> words_with_lines(std::string_view text);

// A text of these words as people write it: no blank before a comma or behind an opening bracket.
std::string joined_words(std::span<const std::string_view> words);

// In small letters: Latin (with its supplement, its extensions A and additional), Greek and
// Cyrillic; what has no such stays. By rule, so that it does not depend on the machine's language.
std::string lowered(std::string_view text);

// Where a text ceases to be UTF-8, if it does.
std::optional<size_t> first_bad_byte(std::string_view text);

}  // namespace cnn
