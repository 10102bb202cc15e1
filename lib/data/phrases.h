// Phrases: sentences that are made up on the spot. Sample (seed, stream, index) depends on nothing
// else, so any thread may make any of them.
//
// A sentence about a topic belongs to one of ten. Six of these come in pairs that are told by the
// same words in another order: "the dog chases the cat" and "the cat is chased by the dog" are of
// one topic, "the cat chases the dog" of another. So who counts words alone gets 70% right.
//
// A sum is two numbers below 100 and what they add up to, in words. Pairs of numbers that one
// stream of two draws do not occur in the other, nor do they the other way round. So it is with
// sums in digits.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/text_units.h"

namespace cnn {

std::span<const std::string> topic_names();  // by number

// The topic, without the sentence.
int topic_of(uint64_t seed, std::string_view stream, int64_t index);
std::string topic_sentence(uint64_t seed, std::string_view stream, int64_t index);
// All words that occur, in alphabetical order; and how many words or characters, at most.
std::vector<std::string> topic_words();
int64_t longest_topic_sentence(TextUnit unit);

struct SpokenSum {
  std::string source;  // "three plus fourteen"
  std::string target;  // "seventeen"
};

// `is_test`: pairs of the sixth part that is kept for testing, else of the rest.
SpokenSum spoken_sum(uint64_t seed, bool is_test, int64_t index);
std::string number_in_words(int64_t number);  // 0 to 999
std::vector<std::string> sum_words();         // as topic_words()
int64_t longest_sum(TextUnit unit);           // of sources and targets

// The same in digits, "17+25" and "42", of numbers with up to `digits` (1 to 6) of them.
constexpr int64_t kMostDigits = 6;
SpokenSum digit_sum(uint64_t seed, bool is_test, int64_t index, int64_t digits);
std::vector<std::string> digit_signs();  // "+", "0" ... "9"

}  // namespace cnn
