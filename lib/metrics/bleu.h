// BLEU of texts against references (Papineni et al. 2002, "BLEU: a method for automatic evaluation
// of machine translation"), counted over all of them as sacrebleu does: words as the tokeniser
// "13a" of WMT cuts them, the smoothing that it calls exp, the reference whose length is closest.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cnn {

// How a text falls into words.
enum class BleuTokens {
  k13a,    // punctuation stands alone, but for points and commas within numbers; &amp; and the like
           // are undone
  kBlank,  // between white space, of texts that are cut into words already
};

std::vector<std::string> bleu_words(std::string_view text, BleuTokens tokens = BleuTokens::k13a);

// What has been counted so far; sums of whole numbers, so that their order does not matter.
struct BleuCounts {
  static constexpr int kLongest = 4;  // words of an n-gram

  std::array<int64_t, kLongest> right{};  // n-grams of the texts that a reference has as well
  std::array<int64_t, kLongest> all{};    // n-grams of the texts
  int64_t words = 0;                      // of the texts
  int64_t expected = 0;                   // of the references that are closest to them in length

  // `references`: at least one (asserted).
  void add(std::string_view text, std::span<const std::string> references,
           BleuTokens tokens = BleuTokens::k13a);

  // In percent, from n-grams of up to `longest` words: the geometric mean of their shares that are
  // right, times the penalty of texts that are too short. Where no n-gram of some length is right,
  // the first such length counts a half of one, the next a quarter ...
  double score(int longest = kLongest) const;
  // 1, or exp(1 - expected / words) if the texts are too short.
  double brevity_penalty() const;
};

}  // namespace cnn
