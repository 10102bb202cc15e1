// The vocabulary of texts that are there: their most frequent words, their characters, or pairs of
// characters merged again and again (Sennrich et al. 2016, "Neural machine translation of rare
// words with subword units").
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "data/vocabulary.h"

namespace cnn {

struct VocabularyWishes {
  TextUnit unit = TextUnit::kWord;
  bool lowers = false;
  // At most so many, "<s>" and "<unk>" among them. Not said: all words, all characters.
  std::optional<int64_t> symbols = std::nullopt;
  bool has_lines = false;   // the ends of lines count, too
  bool is_running = false;  // a text without ends: bytes, and characters unless `symbols` bounds
                            // them, do without "<s>" and "<unk>"
};

// Words by how often they stand, and equally frequent ones by the alphabet; characters in the order
// of their codes; of pairs first the characters, then what was merged, in that order. The same for
// the same texts everywhere. Pairs that stand once are not merged.
TextVocabulary learn_vocabulary(std::span<const std::string> texts, const VocabularyWishes& wishes);

}  // namespace cnn
