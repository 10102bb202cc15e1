// TextVocabulary: the symbols of texts by number: words, characters, bytes or what pairs of
// characters were merged to. Most have the two symbols "<s>" (0), where a text begins or ends, and
// "<unk>" (1), whatever is not known; those of a running text, which has no ends and nothing
// unknown, do without them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "data/text_units.h"

namespace cnn {

// What encode() has found that a vocabulary does not have; it gathers over several texts.
struct UnknownUnits {
  int64_t units = 0;               // all that were looked at
  int64_t unknown = 0;             // of them
  std::vector<std::string> first;  // the first few of these, each once

  bool any() const { return unknown > 0; }
  // "2 of 7 words are not in the model's vocabulary: 'Hund', 'x'"; `whose`: "the model's".
  std::string text(TextUnit unit, std::string_view whose) const;
};

class TextVocabulary {
 public:
  static constexpr int64_t kEdge = 0;     // "<s>"
  static constexpr int64_t kUnknown = 1;  // "<unk>"
  static constexpr int64_t kBytes = 256;

  // The two symbols above, then `symbols`, which are all different and none of the two (asserted).
  // `lowers`: texts are brought to small letters first.
  TextVocabulary(std::span<const std::string> symbols, TextUnit unit, bool lowers = false);
  // These alone.
  static TextVocabulary plain(std::span<const std::string> symbols, TextUnit unit,
                              bool lowers = false);
  // All bytes, in their order.
  static TextVocabulary bytes(bool has_edge, bool lowers = false);
  // From the symbols of another, as symbols() gives them; nothing if they are none such.
  static std::optional<TextVocabulary> of_symbols(std::span<const std::string> symbols,
                                                  TextUnit unit, bool lowers = false);
  // In alphabetical order: of these words, or of their characters and the blank between them.
  static TextVocabulary of_words(std::span<const std::string> words, TextUnit unit);

  int64_t size() const { return static_cast<int64_t>(symbols_.size()); }
  // By number, for people; of bytes that are no visible ASCII "\x0a".
  const std::vector<std::string>& symbols() const { return symbols_; }
  TextUnit unit() const { return unit_; }
  bool lowers() const { return lowers_; }
  bool has_edge() const { return has_edge_; }  // and <unk>

  // kUnknown if there is none such; without <unk> -1.
  int64_t number(std::string_view symbol) const;
  // What is not known becomes <unk>, or is left out where there is no <unk>; `unknown`, if given,
  // learns of it.
  std::vector<int64_t> encode(std::string_view text, UnknownUnits* unknown = nullptr) const;
  // The text of these numbers, up to the first "<s>". Words are joined as people write them.
  std::string decode(std::span<const int64_t> numbers) const;

  // How it differs from another, "" if it does not: "8,000 symbols (word) against 7,512 (word); the
  // first difference: number 5 is 'mann' against 'frau'".
  std::string difference(const TextVocabulary& other) const;

 private:
  struct Cache;  // of words that have been cut into pairs
  TextVocabulary(TextUnit unit, bool lowers, bool has_edge);
  void add(std::span<const std::string> symbols);
  std::vector<int64_t> merged(std::string_view word, UnknownUnits* unknown) const;
  void encode_pairs(std::string_view text, UnknownUnits* unknown, std::vector<int64_t>& out) const;
  void encode_unit(std::string_view unit, UnknownUnits* unknown, std::vector<int64_t>& out) const;

  std::vector<std::string> symbols_;
  std::unordered_map<std::string, int64_t> numbers_;
  TextUnit unit_;
  bool lowers_ = false;
  bool has_edge_ = true;
  bool has_lines_ = false;  // ends of lines are symbols
  std::shared_ptr<Cache> cache_;
};

}  // namespace cnn
