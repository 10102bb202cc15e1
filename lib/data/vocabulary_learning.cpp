#include "data/vocabulary_learning.h"

#include <algorithm>
#include <queue>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.h"

namespace cnn {
namespace {

using Counts = std::unordered_map<std::string, int64_t>;

constexpr int64_t kUsualPairs = 8000;  // symbols, where nobody says how many

void count_units(std::string_view text, const VocabularyWishes& wishes, Counts& counts) {
  const bool with_lines = wishes.unit == TextUnit::kWord && wishes.has_lines;
  for (const std::string_view unit :
       with_lines ? words_with_lines(text) : units_of(text, wishes.unit)) {
    ++counts[std::string(unit)];
  }
}

Counts count_units(std::span<const std::string> texts, const VocabularyWishes& wishes) {
  Counts counts;
  const bool begins_with_blank = wishes.unit == TextUnit::kPairs && !wishes.has_lines;
  for (const std::string& text : texts) {
    std::string seen = wishes.lowers ? lowered(text) : text;
    if (begins_with_blank && !seen.empty()) seen.insert(0, " ");  // as it will be encoded
    count_units(seen, wishes, counts);
  }
  return counts;
}

// The most frequent ones, at most `most`; ties by the alphabet.
std::vector<std::string> most_frequent(const Counts& counts, int64_t most) {
  std::vector<std::pair<std::string, int64_t>> all(counts.begin(), counts.end());
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  if (std::ssize(all) > most) all.resize(static_cast<size_t>(most));
  std::vector<std::string> words;
  for (auto& [word, count] : all) words.push_back(std::move(word));
  return words;
}

// In UTF-8 the order of bytes is that of codes.
std::vector<std::string> characters_by_code(const Counts& counts, int64_t most) {
  std::vector<std::string> characters = most_frequent(counts, most);
  std::sort(characters.begin(), characters.end());
  return characters;
}

// Words as rows of parts; the most frequent pair of neighbours becomes one part, in all of them,
// again and again. Only the words that have the pair are looked at, and counts follow.
class PairMerger {
 public:
  PairMerger(const Counts& words, std::vector<std::string> characters)
      : names_(std::move(characters)) {
    for (const std::string& name : names_) numbers_.emplace(name, std::ssize(numbers_));
    std::vector<std::pair<std::string, int64_t>> sorted(words.begin(), words.end());
    std::sort(sorted.begin(), sorted.end());
    for (const auto& [text, count] : sorted) add_word(text, count);
    for (size_t w = 0; w < words_.size(); ++w) count_pairs(w, 1);
    for (const auto& [key, pair] : pairs_) push(key, pair.count);
  }

  // Until there are `most` symbols or nothing stands twice.
  std::vector<std::string> merge(int64_t most) {
    while (std::ssize(names_) < most && !queue_.empty()) {
      const Candidate best = queue_.top();
      queue_.pop();
      const auto found = pairs_.find(best.key);
      const int64_t count = found == pairs_.end() ? 0 : found->second.count;
      if (count != best.count) {  // it has changed since
        if (count >= kRarest) push(best.key, count);
        continue;
      }
      merge_pair(best.key);
    }
    return std::move(names_);
  }

 private:
  static constexpr int64_t kRarest = 2;

  struct Word {
    std::vector<int64_t> parts;
    int64_t count = 0;
  };
  struct Pair {
    int64_t count = 0;
    std::vector<size_t> words;  // that have had it
  };
  struct Candidate {
    int64_t count;
    uint64_t key;
    std::string left, right;
    bool operator<(const Candidate& other) const {  // what comes later
      if (count != other.count) return count < other.count;
      return std::tie(left, right) > std::tie(other.left, other.right);
    }
  };

  static uint64_t key_of(int64_t left, int64_t right) {
    return static_cast<uint64_t>(left) << 32 | static_cast<uint64_t>(right);
  }
  static int64_t left_of(uint64_t key) { return static_cast<int64_t>(key >> 32); }
  static int64_t right_of(uint64_t key) { return static_cast<int64_t>(key & 0xFFFFFFFF); }
  const std::string& name(int64_t part) const { return names_[static_cast<size_t>(part)]; }

  // A character that is no symbol parts a word in two.
  void add_word(const std::string& text, int64_t count) {
    Word word{{}, count};
    for (const std::string_view character : units_of(text, TextUnit::kCharacter)) {
      const auto found = numbers_.find(std::string(character));
      if (found != numbers_.end()) {
        word.parts.push_back(found->second);
        continue;
      }
      if (word.parts.size() > 1) words_.push_back(word);
      word.parts.clear();
    }
    if (word.parts.size() > 1) words_.push_back(std::move(word));
  }

  void push(uint64_t key, int64_t count) {
    queue_.push({count, key, name(left_of(key)), name(right_of(key))});
  }

  void count_pairs(size_t w, int64_t sign) {
    const Word& word = words_[w];
    for (size_t i = 0; i + 1 < word.parts.size(); ++i) {
      Pair& pair = pairs_[key_of(word.parts[i], word.parts[i + 1])];
      pair.count += sign * word.count;
      if (sign > 0 && (pair.words.empty() || pair.words.back() != w)) pair.words.push_back(w);
    }
  }

  // The union of two parts; one that is a symbol already is no new one.
  int64_t united(uint64_t key) {
    std::string text = name(left_of(key)) + name(right_of(key));
    const auto [found, is_new] = numbers_.emplace(text, std::ssize(names_));
    if (is_new) names_.push_back(std::move(text));
    return found->second;
  }

  void merge_pair(uint64_t key) {
    const int64_t whole = united(key), left = left_of(key), right = right_of(key);
    std::vector<size_t> words = std::move(pairs_[key].words);
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    std::vector<uint64_t> changed;
    for (const size_t w : words) {
      count_pairs(w, -1);
      std::vector<int64_t> parts;
      const std::vector<int64_t>& old = words_[w].parts;
      for (size_t i = 0; i < old.size(); ++i) {
        const bool is_it = i + 1 < old.size() && old[i] == left && old[i + 1] == right;
        parts.push_back(is_it ? whole : old[i]);
        if (is_it) ++i;
      }
      words_[w].parts = std::move(parts);
      count_pairs(w, 1);
      const std::vector<int64_t>& now = words_[w].parts;
      for (size_t i = 0; i + 1 < now.size(); ++i) {
        if (now[i] == whole || now[i + 1] == whole) changed.push_back(key_of(now[i], now[i + 1]));
      }
    }
    pairs_.erase(key);
    std::sort(changed.begin(), changed.end());
    changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
    for (const uint64_t pair : changed) {
      if (pairs_[pair].count >= kRarest) push(pair, pairs_[pair].count);
    }
  }

  std::vector<std::string> names_;
  std::unordered_map<std::string, int64_t> numbers_;
  std::vector<Word> words_;
  std::unordered_map<uint64_t, Pair> pairs_;
  std::priority_queue<Candidate> queue_;
};

}  // namespace

TextVocabulary learn_vocabulary(std::span<const std::string> texts,
                                const VocabularyWishes& wishes) {
  if (wishes.unit == TextUnit::kByte) {
    return TextVocabulary::bytes(!wishes.is_running, wishes.lowers);
  }
  const Counts counts = count_units(texts, wishes);
  const bool is_bounded = wishes.symbols.has_value();
  const int64_t own = is_bounded ? std::max<int64_t>(*wishes.symbols - 2, 1) : INT64_MAX;
  if (wishes.unit == TextUnit::kWord) {
    return {most_frequent(counts, own), TextUnit::kWord, wishes.lowers};
  }
  if (wishes.unit == TextUnit::kCharacter) {
    const std::vector<std::string> characters = characters_by_code(counts, own);
    if (!wishes.is_running || is_bounded) return {characters, wishes.unit, wishes.lowers};
    return TextVocabulary::plain(characters, wishes.unit, wishes.lowers);
  }
  Counts characters;
  for (const auto& [word, count] : counts) {
    for (const std::string_view character : units_of(word, TextUnit::kCharacter)) {
      characters[std::string(character)] += count;
    }
  }
  const int64_t most = is_bounded ? own : kUsualPairs - 2;
  PairMerger merger(counts, characters_by_code(characters, most));
  std::vector<std::string> symbols = merger.merge(most);
  // A text may spell what has a meaning of its own.
  std::erase_if(symbols, [](const std::string& s) { return s == "<s>" || s == "<unk>"; });
  return {symbols, TextUnit::kPairs, wishes.lowers};
}

}  // namespace cnn
