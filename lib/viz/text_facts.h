// Facts that are plain to see in a text, symbol by symbol, and how well numbers go along with them:
// what says of a network's state what it stands for (Karpathy, Johnson & Fei-Fei 2015, "Visualizing
// and understanding recurrent networks").
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cnn {

struct TextFact {
  std::string name;           // "inside quotes", "place in the line"
  std::vector<float> values;  // by symbol: 1 where it is so, else 0; or a count
};

// Of symbols as they stand in the text: characters, or words (`are_words`). Texts that begin at
// `starts` have nothing to do with one another. Each fact looks at the symbol and what is before
// it alone; those that are almost always the same are left out.
std::vector<TextFact> text_facts(std::span<const std::string> symbols,
                                 std::span<const int64_t> starts, bool are_words);

// What one number of a state does over a text.
struct UnitFacts {
  int64_t unit = 0;
  int fact = -1;           // with which it goes along best; -1: it never changes
  double correlation = 0;  // with it; its square is the share of the variance
  double deviation = 0;    // of the number
  double persistence = 0;  // its correlation with itself one symbol before
  float most = 0;          // the largest amount

  double share() const { return correlation * correlation; }
};

// `states`: [symbols, width], row by row.
std::vector<UnitFacts> unit_facts(std::span<const float> states, int64_t width,
                                  std::span<const TextFact> facts);

// The most telling ones first: of each fact the unit that goes along with it best, where that is at
// least a twentieth of its variance; then the others by that share; then what changes much and
// slowly.
std::vector<UnitFacts> most_telling(std::vector<UnitFacts> units);

inline constexpr double kLeastShare = 0.05;

}  // namespace cnn
