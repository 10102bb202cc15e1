#include "data/vocabulary.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/text.h"

namespace cnn {
namespace {

// Of the character that begins with this byte; 1 for a byte that begins none.
size_t character_length(unsigned char first) {
  if (first >= 0xf0 && first < 0xf8) return 4;
  if (first >= 0xe0 && first < 0xf0) return 3;
  return first >= 0xc0 && first < 0xe0 ? 2 : 1;
}

std::vector<std::string_view> characters_of(std::string_view text) {
  std::vector<std::string_view> characters;
  for (size_t i = 0; i < text.size(); i += characters.back().size()) {
    std::string_view character =
        text.substr(i, character_length(static_cast<unsigned char>(text[i])));
    if (!is_utf8(character)) character = text.substr(i, 1);
    characters.push_back(character);
  }
  return characters;
}

}  // namespace

std::vector<std::string_view> units_of(std::string_view text, TextUnit unit) {
  if (unit == TextUnit::kCharacter) return characters_of(text);
  constexpr std::string_view kBlanks = " \t\r\n";
  std::vector<std::string_view> words;
  for (size_t begin = text.find_first_not_of(kBlanks); begin != std::string_view::npos;) {
    const size_t end = std::min(text.find_first_of(kBlanks, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(kBlanks, end);
  }
  return words;
}

TextVocabulary::TextVocabulary(std::span<const std::string> words, TextUnit unit)
    : symbols_{"<s>", "<unk>"}, unit_(unit) {
  symbols_.insert(symbols_.end(), words.begin(), words.end());
  for (const std::string& symbol : symbols_) {
    const bool is_new = numbers_.emplace(symbol, static_cast<int64_t>(numbers_.size())).second;
    CNN_ASSERT(is_new);
  }
}

std::optional<TextVocabulary> TextVocabulary::of_symbols(std::span<const std::string> symbols,
                                                         TextUnit unit) {
  const std::set<std::string> distinct(symbols.begin(), symbols.end());
  const bool is_one = symbols.size() >= 2 && symbols[kEdge] == "<s>" &&
                      symbols[kUnknown] == "<unk>" && distinct.size() == symbols.size();
  if (!is_one) return std::nullopt;
  return TextVocabulary(symbols.subspan(2), unit);
}

TextVocabulary TextVocabulary::of_words(std::span<const std::string> words, TextUnit unit) {
  std::set<std::string> symbols;
  for (const std::string& word : words) {
    for (const std::string_view symbol : units_of(word, unit)) symbols.emplace(symbol);
  }
  if (unit == TextUnit::kCharacter) symbols.emplace(" ");
  return {std::vector<std::string>(symbols.begin(), symbols.end()), unit};
}

int64_t TextVocabulary::number(std::string_view symbol) const {
  const auto found = numbers_.find(symbol);
  return found == numbers_.end() ? kUnknown : found->second;
}

std::vector<int64_t> TextVocabulary::encode(std::string_view text) const {
  std::vector<int64_t> numbers;
  for (const std::string_view symbol : units_of(text, unit_)) numbers.push_back(number(symbol));
  return numbers;
}

std::string TextVocabulary::decode(std::span<const int64_t> numbers) const {
  std::string text;
  for (const int64_t number : numbers) {
    if (number == kEdge) break;
    if (unit_ == TextUnit::kWord && !text.empty()) text += ' ';
    text += symbols_.at(static_cast<size_t>(number));
  }
  return text;
}

}  // namespace cnn
