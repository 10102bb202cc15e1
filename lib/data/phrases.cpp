#include "data/phrases.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/error.h"
#include "base/rng.h"

namespace cnn {
namespace {

using Choices = std::vector<std::string_view>;

// What may stand at "{name}" of a pattern; an empty text: nothing.
struct Slot {
  std::string_view name;
  Choices choices;
};

const std::vector<Slot>& slots() {
  static const std::vector<Slot> kSlots = {
      {"says",
       {"", "we hear that", "the paper says", "the radio says that", "my friend thinks that"}},
      {"when",
       {"", "today", "every morning", "in the evening", "on sundays", "at noon", "once more",
        "this week"}},
      {"region", {"north", "south", "east", "valley", "hills", "lakes", "old town"}},
      {"wet", {"rain", "snow", "heavy rain", "light snow", "cold rain", "hail"}},
      {"sky", {"clear", "grey", "cloudy", "dark and stormy"}},
      {"cook", {"cook", "baker", "young chef", "old woman"}},
      {"makes", {"makes", "serves", "tastes", "warms"}},
      {"dish",
       {"fresh bread", "a warm soup", "an apple pie", "rice and beans", "fried fish",
        "a bowl of noodles"}},
      {"with", {"", "with butter", "with salt", "without sugar"}},
      {"player", {"pianist", "violinist", "drummer", "young choir", "old quartet"}},
      {"plays", {"plays", "practises", "sings", "records"}},
      {"piece", {"a sonata", "an old song", "a slow waltz", "the third symphony", "a march"}},
      {"sound", {"soft", "loud and fast", "sad", "cheerful"}},
      {"vehicle", {"train", "bus", "ship", "night ferry", "small plane"}},
      {"leaves", {"leaves for", "arrives from", "stops on its way to"}},
      {"place", {"coast", "mountains", "harbour", "islands", "capital"}},
      {"cheap", {"cheap", "sold out", "rather expensive"}},
      {"size", {"", "small", "big", "old", "young", "hungry", "sleepy"}},
      {"chases", {"chases", "follows", "watches", "wakes"}},
      {"chased", {"chased", "followed", "watched", "woken"}},
      {"score", {"", "by a goal", "by two points", "at home", "after extra time"}},
      {"beat", {"beat", "defeat", "outplay", "hold off"}},
      {"where", {"", "in the cup", "in the final", "on wet grass", "behind closed doors"}},
      {"rises", {"rises", "climbs", "gains"}},
      {"falls", {"falls", "drops", "slips"}},
      {"much", {"", "a little", "sharply", "again", "by one percent"}},
      {"market", {"", "in london", "in tokyo", "on the market"}},
  };
  return kSlots;
}

// "{one}" and "{other}" of the patterns are two rivals.
struct Topic {
  std::string name;
  std::string_view one;
  std::string_view other;
  Choices patterns;
};

const std::vector<Topic>& topics() {
  static const Choices kChase = {
      "{says} the {size} {one} {chases} the {size} {other} {when}",
      "{says} the {size} {other} is {chased} by the {size} {one} {when}"};
  static const Choices kMatch = {"{says} the {one} {beat} the {other} {score} {where} {when}",
                                 "{says} the {other} lose to the {one} {score} {where} {when}"};
  static const Choices kMoney = {
      "{says} the {one} {rises} {much} against the {other} {market} {when}",
      "{says} the {other} {falls} {much} against the {one} {market} {when}"};
  static const std::vector<Topic> kTopics = {
      {"weather",
       "",
       "",
       {"{says} {wet} falls over the {region} {when}",
        "{says} the wind blows from the {region} {when}",
        "{says} the sky over the {region} is {sky} {when}"}},
      {"food",
       "",
       "",
       {"{says} the {cook} {makes} {dish} {with} {when}",
        "{says} {dish} tastes good {with} {when}"}},
      {"music",
       "",
       "",
       {"{says} the {player} {plays} {piece} {when}", "{says} {piece} sounds {sound} {when}"}},
      {"travel",
       "",
       "",
       {"{says} the {vehicle} {leaves} the {place} {when}",
        "{says} a ticket to the {place} is {cheap} {when}"}},
      {"dog after cat", "dog", "cat", kChase},
      {"cat after dog", "cat", "dog", kChase},
      {"reds win", "reds", "blues", kMatch},
      {"blues win", "blues", "reds", kMatch},
      {"euro rises", "euro", "dollar", kMoney},
      {"dollar rises", "dollar", "euro", kMoney},
  };
  return kTopics;
}

// The words of a pattern, with their braces.
std::vector<std::string_view> places_of(std::string_view pattern) {
  std::vector<std::string_view> places;
  for (size_t begin = 0; begin < pattern.size();) {
    const size_t end = std::min(pattern.find(' ', begin), pattern.size());
    places.push_back(pattern.substr(begin, end - begin));
    begin = end + 1;
  }
  return places;
}

// What may stand at a word of a pattern.
Choices choices_at(std::string_view word, const Topic& topic) {
  if (!word.starts_with('{')) return {word};
  const std::string_view name = word.substr(1, word.size() - 2);
  if (name == "one") return {topic.one};
  if (name == "other") return {topic.other};
  const auto found = std::find_if(slots().begin(), slots().end(),
                                  [name](const Slot& slot) { return slot.name == name; });
  CNN_ASSERT(found != slots().end());
  return found->choices;
}

void append(std::string& text, std::string_view words) {
  if (!text.empty() && !words.empty()) text += ' ';
  text += words;
}

// As if they stood between others.
int64_t length_of(std::string_view words, TextUnit unit) {
  const auto units = static_cast<int64_t>(units_of(words, unit).size());
  return unit == TextUnit::kCharacter && units > 0 ? units + 1 : units;
}

// Streams within a sample: the topic must be known without the sentence.
enum class Part : uint64_t { kTopic, kWords };

Rng rng_of(uint64_t seed, std::string_view stream, int64_t index, Part part) {
  return Rng(seed, stream, static_cast<uint64_t>(part), static_cast<uint64_t>(index));
}

constexpr int64_t kNumbers = 100;  // addends are below it

constexpr std::array<std::string_view, 20> kSmall = {
    "zero",     "one",     "two",     "three",     "four",     "five",    "six",
    "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",  "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
constexpr std::array<std::string_view, 8> kTens = {"twenty", "thirty",  "forty",  "fifty",
                                                   "sixty",  "seventy", "eighty", "ninety"};

// A sixth of all pairs of numbers below `numbers`: the same for both orders of the two, and for
// every seed.
bool is_kept_for_test(int64_t a, int64_t b, int64_t numbers) {
  const auto pair = static_cast<uint64_t>(std::min(a, b) * numbers + std::max(a, b));
  return Rng(0, "sentences/pairs", 0, pair).below(0, 6) == 0;
}

SpokenSum say(int64_t a, int64_t b) {
  return {number_in_words(a) + " plus " + number_in_words(b), number_in_words(a + b)};
}

}  // namespace

std::span<const std::string> topic_names() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names;
    for (const Topic& topic : topics()) names.push_back(topic.name);
    return names;
  }();
  return kNames;
}

int topic_of(uint64_t seed, std::string_view stream, int64_t index) {
  return static_cast<int>(rng_of(seed, stream, index, Part::kTopic).below(0, topics().size()));
}

std::string topic_sentence(uint64_t seed, std::string_view stream, int64_t index) {
  const Topic& topic = topics()[static_cast<size_t>(topic_of(seed, stream, index))];
  RandomSequence random(rng_of(seed, stream, index, Part::kWords));
  const std::string_view pattern = topic.patterns[random.below(topic.patterns.size())];
  std::string text;
  for (const std::string_view word : places_of(pattern)) {
    const Choices choices = choices_at(word, topic);
    append(text, choices[choices.size() == 1 ? 0 : random.below(choices.size())]);
  }
  return text;
}

std::vector<std::string> topic_words() {
  std::set<std::string> words;
  for (const Topic& topic : topics()) {
    for (const std::string_view pattern : topic.patterns) {
      for (const std::string_view place : places_of(pattern)) {
        for (const std::string_view choice : choices_at(place, topic)) {
          for (const std::string_view word : units_of(choice, TextUnit::kWord)) words.emplace(word);
        }
      }
    }
  }
  return {words.begin(), words.end()};
}

int64_t longest_topic_sentence(TextUnit unit) {
  int64_t longest = 0;
  for (const Topic& topic : topics()) {
    for (const std::string_view pattern : topic.patterns) {
      int64_t length = unit == TextUnit::kCharacter ? -1 : 0;  // no blank at the end
      for (const std::string_view place : places_of(pattern)) {
        int64_t most = 0;
        for (const std::string_view choice : choices_at(place, topic)) {
          most = std::max(most, length_of(choice, unit));
        }
        length += most;
      }
      longest = std::max(longest, length);
    }
  }
  return longest;
}

std::string number_in_words(int64_t number) {
  CNN_ASSERT(number >= 0 && number < 1000);
  std::string text;
  const auto small = [&text](int64_t n) { append(text, kSmall[static_cast<size_t>(n)]); };
  if (number >= 100) {
    small(number / 100);
    append(text, "hundred");
    number %= 100;
    if (number == 0) return text;
  }
  if (number >= 20) {
    append(text, kTens[static_cast<size_t>(number / 10 - 2)]);
    if (number % 10 == 0) return text;
    number %= 10;
  }
  small(number);
  return text;
}

SpokenSum spoken_sum(uint64_t seed, bool is_test, int64_t index) {
  const std::string_view stream = is_test ? "sums/test" : "sums/train";
  RandomSequence random(rng_of(seed, stream, index, Part::kWords));
  for (;;) {
    const auto a = static_cast<int64_t>(random.below(kNumbers));
    const auto b = static_cast<int64_t>(random.below(kNumbers));
    if (is_kept_for_test(a, b, kNumbers) == is_test) return say(a, b);
  }
}

SpokenSum digit_sum(uint64_t seed, bool is_test, int64_t index, int64_t digits) {
  CNN_ASSERT(digits >= 1 && digits <= kMostDigits);
  int64_t numbers = 1;
  for (int64_t i = 0; i < digits; ++i) numbers *= 10;
  const std::string_view stream = is_test ? "digit-sums/test" : "digit-sums/train";
  RandomSequence random(rng_of(seed, stream, index, Part::kWords));
  for (;;) {
    const auto a = static_cast<int64_t>(random.below(static_cast<uint64_t>(numbers)));
    const auto b = static_cast<int64_t>(random.below(static_cast<uint64_t>(numbers)));
    if (is_kept_for_test(a, b, numbers) != is_test) continue;
    return {std::to_string(a) + "+" + std::to_string(b), std::to_string(a + b)};
  }
}

std::vector<std::string> digit_signs() {
  std::vector<std::string> signs = {"+"};
  for (int digit = 0; digit < 10; ++digit) signs.push_back(std::to_string(digit));
  return signs;
}

std::vector<std::string> sum_words() {
  std::set<std::string> words = {"plus", "hundred"};
  words.insert(kSmall.begin(), kSmall.end());
  words.insert(kTens.begin(), kTens.end());
  return {words.begin(), words.end()};
}

int64_t longest_sum(TextUnit unit) {
  size_t longest = 0;
  for (int64_t a = 0; a < kNumbers; ++a) {
    for (int64_t b = 0; b < kNumbers; ++b) {
      const SpokenSum sum = say(a, b);
      // The target's end symbol makes it one longer.
      longest = std::max(
          {longest, units_of(sum.source, unit).size(), units_of(sum.target, unit).size() + 1});
    }
  }
  return static_cast<int64_t>(longest);
}

}  // namespace cnn
