// TextVocabulary: words or characters by number. Symbol 0 is "<s>", where a text begins or ends, 1
// is "<unk>", whatever is not known; then come the words in the order given.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cnn {

enum class TextUnit { kWord, kCharacter };

// The words between blanks, or the characters (of UTF-8; a byte that is none stands alone).
std::vector<std::string_view> units_of(std::string_view text, TextUnit unit);

class TextVocabulary {
 public:
  static constexpr int64_t kEdge = 0;     // "<s>"
  static constexpr int64_t kUnknown = 1;  // "<unk>"

  // `words` are all different, and none is one of the two above (asserted).
  TextVocabulary(std::span<const std::string> words, TextUnit unit);
  // From the symbols of another, as symbols() gives them; nothing if they are none such.
  static std::optional<TextVocabulary> of_symbols(std::span<const std::string> symbols,
                                                  TextUnit unit);
  // In alphabetical order: of these words, or of their characters and the blank between them.
  static TextVocabulary of_words(std::span<const std::string> words, TextUnit unit);

  int64_t size() const { return static_cast<int64_t>(symbols_.size()); }
  const std::vector<std::string>& symbols() const { return symbols_; }  // by number
  TextUnit unit() const { return unit_; }

  int64_t number(std::string_view symbol) const;  // kUnknown if there is none such
  std::vector<int64_t> encode(std::string_view text) const;
  // The text of these numbers, up to the first "<s>".
  std::string decode(std::span<const int64_t> numbers) const;

 private:
  std::vector<std::string> symbols_;
  std::map<std::string, int64_t, std::less<>> numbers_;
  TextUnit unit_;
};

}  // namespace cnn
