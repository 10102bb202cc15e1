// Facts of texts, and what goes along with them.
#include "viz/text_facts.h"

#include <algorithm>
#include <cmath>

#include "support/catch.h"

using namespace cnn;

namespace {

std::vector<std::string> characters(const std::string& text) {
  std::vector<std::string> symbols;
  for (const char c : text) symbols.emplace_back(1, c);
  return symbols;
}

std::vector<float> fact(const std::vector<TextFact>& facts, const std::string& name) {
  for (const TextFact& f : facts) {
    if (f.name == name) return f.values;
  }
  return {};
}

}  // namespace

TEST_CASE("facts of characters look at what has been read") {
  const std::vector<int64_t> starts = {0};
  const auto facts = text_facts(characters("A \"bc\".\n(D)EF 1"), starts, false);
  using Numbers = std::vector<float>;
  CHECK(fact(facts, "inside quotes") == Numbers{0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  CHECK(fact(facts, "inside brackets") == Numbers{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0});
  CHECK(fact(facts, "place in the line") == Numbers{0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6});
  CHECK(fact(facts, "capital letter") == Numbers{1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 0, 0});
  CHECK(fact(facts, "several capitals in a row") ==
        Numbers{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0});
  CHECK(fact(facts, "digit") == Numbers{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
  CHECK(fact(facts, "between words") == Numbers{0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0});
  CHECK(fact(facts, "letters of the word so far") ==
        Numbers{1, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0, 1, 2, 0, 0});
  CHECK(fact(facts, "words since the sentence began") ==
        Numbers{1, 1, 1, 2, 2, 2, 2, 2, 2, 1, 1, 2, 2, 2, 2});
  CHECK(fact(facts, "first line behind an empty one").empty());  // there is none
  CHECK(fact(facts, "place in the text").empty());               // one text, of lines
}

TEST_CASE("facts of words begin anew with each text") {
  const std::vector<std::string> words = {"two", "dogs", ".", "<unk>", "\"", "Cat", "\"", "runs"};
  const std::vector<int64_t> starts = {0, 3};
  const auto facts = text_facts(words, starts, true);
  using Numbers = std::vector<float>;
  CHECK(fact(facts, "place in the text") == Numbers{1, 2, 3, 1, 2, 3, 4, 5});
  CHECK(fact(facts, "punctuation") == Numbers{0, 0, 1, 0, 1, 0, 1, 0});
  CHECK(fact(facts, "length of the word") == Numbers{3, 4, 1, 5, 1, 3, 1, 4});
  CHECK(fact(facts, "inside quotes") == Numbers{0, 0, 0, 0, 1, 1, 0, 0});
  CHECK(fact(facts, "words since the sentence began") == Numbers{1, 2, 2, 1, 1, 2, 2, 3});
  CHECK(fact(facts, "place in the line").empty());
  CHECK(fact(facts, "digit").empty());
}

TEST_CASE("the most telling units go along with facts, each fact's best one first") {
  // Units: noise, half of fact 0, fact 0 upside down, fact 1, another of fact 1, never changing.
  constexpr int64_t kWidth = 6, kCount = 200;
  std::vector<TextFact> facts(2);
  std::vector<float> states;
  facts[0].name = "a";
  facts[1].name = "b";
  for (int64_t i = 0; i < kCount; ++i) {
    const float a = i % 3 == 0, b = i / 10 % 2 == 0, noise = i * 7 % 11 > 4 ? 1.0f : -1.0f;
    facts[0].values.push_back(a);
    facts[1].values.push_back(b);
    const float row[] = {noise, a + noise, 0.5f - 2 * a, b, b + 0.2f * noise, 0.25f};
    states.insert(states.end(), row, row + kWidth);
  }
  const std::vector<UnitFacts> units = unit_facts(states, kWidth, facts);
  REQUIRE(units.size() == 6);
  CHECK(units[2].fact == 0);
  CHECK(units[2].correlation == Approx(-1).margin(1e-9));
  CHECK(units[2].most == 1.5f);
  CHECK(units[3].fact == 1);
  CHECK(units[3].correlation == Approx(1).margin(1e-9));
  CHECK(units[3].deviation == Approx(0.5).margin(1e-6));
  // It changes at 19 of 199 steps: 1 - 2 * 19 / 199, over one product fewer than there are symbols.
  CHECK(units[3].persistence == Approx((180.0 - 19.0) / 200).margin(1e-6));
  CHECK(units[5].fact == -1);
  CHECK(units[5].deviation == Approx(0).margin(1e-9));
  std::vector<int64_t> order;
  for (const UnitFacts& unit : most_telling(units)) order.push_back(unit.unit);
  REQUIRE(order.size() == 6);
  CHECK(std::vector<int64_t>(order.begin(), order.begin() + 4) == std::vector<int64_t>{2, 3, 4, 1});
}
