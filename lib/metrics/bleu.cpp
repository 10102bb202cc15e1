#include "metrics/bleu.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <unordered_map>

#include "base/error.h"

namespace cnn {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Of ASCII; apostrophe, comma, hyphen and point are not among them.
bool is_mark(char c) {
  return (c >= ' ' && c <= '&') || (c >= '(' && c <= '+') || c == '/' || (c >= ':' && c <= '@') ||
         (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

bool is_point(char c) { return c == '.' || c == ','; }

// The length in bytes of the white space that `text` begins with; 0: none. That of ASCII, its
// separators 1c to 1f, and of Unicode U+85, U+A0, U+1680, U+2000 to 200A, U+2028, 2029, 202F, 205F
// and U+3000.
size_t blank_at(std::string_view text) {
  const auto byte = [&](size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned first = byte(0), second = byte(1), third = byte(2);
  if ((first >= 9 && first <= 13) || (first >= 0x1c && first <= 0x20)) return 1;
  if (first == 0xc2) return second == 0x85 || second == 0xa0 ? 2 : 0;
  const unsigned rest = second << 8 | third;
  if (first == 0xe1) return rest == 0x9a80 ? 3 : 0;
  if (first == 0xe3) return rest == 0x8080 ? 3 : 0;
  if (first != 0xe2) return 0;
  const bool is_blank = (rest >= 0x8080 && rest <= 0x808a) || rest == 0x80a8 || rest == 0x80a9 ||
                        rest == 0x80af || rest == 0x819f;
  return is_blank ? 3 : 0;
}

std::vector<std::string> words_between_blanks(std::string_view text) {
  std::vector<std::string> words;
  bool is_open = false;
  while (!text.empty()) {
    const size_t blank = blank_at(text);
    if (blank == 0) {
      if (!is_open) words.emplace_back();
      words.back() += text.front();
    }
    is_open = blank == 0;
    text.remove_prefix(std::max<size_t>(blank, 1));
  }
  return words;
}

std::string_view without_blanks_behind(std::string_view text) {
  for (size_t bytes = 1; bytes <= std::min<size_t>(3, text.size()); ++bytes) {
    if (blank_at(text.substr(text.size() - bytes)) != bytes) continue;
    text.remove_suffix(bytes);
    bytes = 0;
  }
  return text;
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

// Writes the text anew; where take(i) writes, it returns how many characters it stands for.
template <class Take>
std::string rewritten(const std::string& text, Take take) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const size_t taken = take(i, out);
    if (taken == 0) out += text[i];
    i += std::max<size_t>(taken, 1);
  }
  return out;
}

// mteval-v13a: four walks, each over what the one before has left. What a walk has taken is not
// looked at again, so that of two points in a row only one may be seen.
std::string spaced(std::string_view raw) {
  std::string text(without_blanks_behind(raw));
  replace_all(text, "<skipped>", "");
  replace_all(text, "-\n", "");
  replace_all(text, "\n", " ");
  replace_all(text, "&quot;", "\"");
  replace_all(text, "&amp;", "&");
  replace_all(text, "&lt;", "<");
  replace_all(text, "&gt;", ">");
  text = " " + text + " ";
  text = rewritten(text, [&](size_t i, std::string& out) -> size_t {
    if (!is_mark(text[i])) return 0;
    out += {' ', text[i], ' '};
    return 1;
  });
  text = rewritten(text, [&](size_t i, std::string& out) -> size_t {
    if (i + 1 >= text.size() || is_digit(text[i]) || !is_point(text[i + 1])) return 0;
    out += {text[i], ' ', text[i + 1], ' '};
    return 2;
  });
  text = rewritten(text, [&](size_t i, std::string& out) -> size_t {
    if (i + 1 >= text.size() || !is_point(text[i]) || is_digit(text[i + 1])) return 0;
    out += {' ', text[i], ' ', text[i + 1]};
    return 2;
  });
  return rewritten(text, [&](size_t i, std::string& out) -> size_t {
    if (i + 1 >= text.size() || !is_digit(text[i]) || text[i + 1] != '-') return 0;
    out += {text[i], ' ', '-', ' '};
    return 2;
  });
}

// Numbers of words; those behind a shorter n-gram's end are -1.
using NGram = std::array<int64_t, BleuCounts::kLongest>;
using NGramCounts = std::map<NGram, int64_t>;

class WordNumbers {
 public:
  std::vector<int64_t> operator()(std::string_view text, BleuTokens tokens) {
    std::vector<int64_t> numbers;
    for (std::string& word : bleu_words(text, tokens)) {
      const auto next = static_cast<int64_t>(numbers_.size());
      numbers.push_back(numbers_.emplace(std::move(word), next).first->second);
    }
    return numbers;
  }

 private:
  std::unordered_map<std::string, int64_t> numbers_;
};

NGramCounts ngrams_of(const std::vector<int64_t>& words) {
  NGramCounts counts;
  for (size_t begin = 0; begin < words.size(); ++begin) {
    NGram ngram;
    ngram.fill(-1);
    for (size_t n = 0; n < ngram.size() && begin + n < words.size(); ++n) {
      ngram[n] = words[begin + n];
      ++counts[ngram];
    }
  }
  return counts;
}

size_t length_of(const NGram& ngram) {
  return static_cast<size_t>(std::find(ngram.begin(), ngram.end(), -1) - ngram.begin());
}

}  // namespace

std::vector<std::string> bleu_words(std::string_view text, BleuTokens tokens) {
  return words_between_blanks(tokens == BleuTokens::k13a ? spaced(text) : std::string(text));
}

void BleuCounts::add(std::string_view text, std::span<const std::string> references,
                     BleuTokens tokens) {
  CNN_ASSERT(!references.empty());
  WordNumbers numbers;
  const std::vector<int64_t> said = numbers(text, tokens);
  const int64_t length = std::ssize(said);
  NGramCounts allowed;  // the most that a reference has
  int64_t closest = -1;
  for (const std::string& reference : references) {
    const std::vector<int64_t> expected_words = numbers(reference, tokens);
    for (const auto& [ngram, count] : ngrams_of(expected_words)) {
      int64_t& most = allowed[ngram];
      most = std::max(most, count);
    }
    const int64_t own = std::ssize(expected_words);
    const int64_t distance = std::abs(own - length), best = std::abs(closest - length);
    if (closest < 0 || distance < best || (distance == best && own < closest)) closest = own;
  }
  for (const auto& [ngram, count] : ngrams_of(said)) {
    const size_t n = length_of(ngram) - 1;
    all[n] += count;
    const auto found = allowed.find(ngram);
    if (found != allowed.end()) right[n] += std::min(count, found->second);
  }
  words += length;
  expected += closest;
}

double BleuCounts::brevity_penalty() const {
  if (words >= expected) return 1;
  return words > 0 ? std::exp(1 - static_cast<double>(expected) / static_cast<double>(words)) : 0;
}

double BleuCounts::score(int longest) const {
  CNN_ASSERT(longest >= 1 && longest <= kLongest);
  double logs = 0, missed = 1;
  bool has_right = false;
  for (size_t n = 0; n < static_cast<size_t>(longest); ++n) {
    if (all[n] == 0) return 0;  // every text is shorter than this
    has_right = has_right || right[n] > 0;
    if (right[n] == 0) missed *= 2;
    const double counted = right[n] > 0 ? static_cast<double>(right[n]) : 1 / missed;
    logs += std::log(100 * counted / static_cast<double>(all[n]));
  }
  return has_right ? brevity_penalty() * std::exp(logs / longest) : 0;
}

}  // namespace cnn
