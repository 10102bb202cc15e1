#include "viz/text_facts.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "data/text_units.h"

namespace cnn {
namespace {

constexpr double kRarest = 0.004;  // share of the symbols of which a fact must be true, or false

bool is_any_of(const std::string& symbol, std::initializer_list<const char*> all) {
  return std::find(all.begin(), all.end(), symbol) != all.end();
}

bool is_blank(const std::string& s) { return is_any_of(s, {" ", "\n", "\t", "\r"}); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Of one character; "<unk>" is none.
bool is_mark(const std::string& s) {
  if (s.empty() || is_blank(s)) return false;
  if (static_cast<unsigned char>(s[0]) < 0x80)
    return s.size() == 1 && !is_ascii_letter(s[0]) && !is_digit(s[0]);
  return s.size() <= 3 && is_any_of(s, {"\xe2\x80\x9c", "\xe2\x80\x9d", "\xe2\x80\x9e",
                                        "\xe2\x80\x98", "\xe2\x80\x99", "\xe2\x80\x93",
                                        "\xe2\x80\x94", "\xe2\x80\xa6", "\xc2\xab", "\xc2\xbb"});
}

bool is_capital(const std::string& s) {
  const std::string_view first = units_of(s, TextUnit::kCharacter).front();
  return lowered(first) != first;
}

// What has been read so far, and what is so at the newest symbol.
class Reader {
 public:
  explicit Reader(bool are_words) : are_words_(are_words) {}

  void start() { *this = Reader(are_words_); }

  void read(const std::string& s) {
    const bool was_end = is_line_end_;
    is_line_end_ = s == "\n";
    if (was_end) {
      is_first_line_ = is_line_end_;
      line_place_ = 0;
    } else {
      ++line_place_;
    }
    if (is_any_of(s, {"\"", "\xe2\x80\x9c", "\xe2\x80\x9e", "\xc2\xab"})) {
      in_quotes_ = s == "\"" ? !in_quotes_ : true;
    } else if (is_any_of(s, {"\xe2\x80\x9d", "\xc2\xbb"})) {
      in_quotes_ = false;
    }
    if (is_any_of(s, {"(", "[", "{"})) ++brackets_;
    if (is_any_of(s, {")", "]", "}"})) brackets_ = std::max(0, brackets_ - 1);
    is_blank_ = is_blank(s);
    is_mark_ = is_mark(s);
    is_digit_ = !s.empty() && is_digit(s[0]);
    is_capital_ = !s.empty() && !is_mark_ && is_capital(s);
    is_vowel_ = is_any_of(lowered(s), {"a", "e", "i", "o", "u"});
    const bool is_letter = !is_blank_ && !is_mark_ && !is_digit_;
    const bool word_begins = is_letter && (are_words_ || letters_ == 0);
    if (sentence_ended_ && word_begins) sentence_words_ = 0, sentence_ended_ = false;
    if (word_begins) ++sentence_words_;
    if (is_any_of(s, {".", "!", "?"})) sentence_ended_ = true;
    letters_ = is_letter ? letters_ + 1 : 0;
    capitals_ = is_letter && is_capital_ ? capitals_ + 1 : 0;
    length_ = static_cast<int>(units_of(s, TextUnit::kCharacter).size());
    ++place_;
  }

  // In one order always.
  std::vector<std::pair<const char*, double>> facts() const {
    std::vector<std::pair<const char*, double>> all = {
        {"inside quotes", in_quotes_},
        {"inside brackets", brackets_ > 0},
        {"place in the line", line_place_},
        {"end of a line", is_line_end_},
        {"first line behind an empty one", is_first_line_},
        {"capital letter", is_capital_},
        {"punctuation", is_mark_},
        {"digit", is_digit_},
        {"words since the sentence began", sentence_words_},
        {"place in the text", place_},
    };
    if (are_words_) {
      all.emplace_back("length of the word", length_);
    } else {
      all.insert(all.end(), {{"between words", is_blank_},
                             {"vowel", is_vowel_},
                             {"letters of the word so far", letters_},
                             {"several capitals in a row", capitals_ > 1}});
    }
    return all;
  }

 private:
  bool are_words_;
  bool in_quotes_ = false, is_line_end_ = false, is_first_line_ = false, is_blank_ = false;
  bool is_mark_ = false, is_digit_ = false, is_capital_ = false, is_vowel_ = false;
  bool sentence_ended_ = false;
  int brackets_ = 0, line_place_ = -1, letters_ = 0, capitals_ = 0, length_ = 0, place_ = 0;
  int sentence_words_ = 0;
};

struct Moments {
  double mean = 0, variance = 0;
};

template <class At>
Moments moments_of(int64_t n, At at) {
  Moments m;
  for (int64_t i = 0; i < n; ++i) m.mean += at(i);
  m.mean /= static_cast<double>(n);
  for (int64_t i = 0; i < n; ++i) m.variance += (at(i) - m.mean) * (at(i) - m.mean);
  m.variance /= static_cast<double>(n);
  return m;
}

// Nearly always true, or false, or always one number.
bool is_rare(const TextFact& fact) {
  const auto n = static_cast<double>(fact.values.size());
  const auto first =
      static_cast<double>(std::count(fact.values.begin(), fact.values.end(), fact.values.front()));
  const bool is_yes_or_no =
      std::all_of(fact.values.begin(), fact.values.end(), [](float v) { return v == 0 || v == 1; });
  const double share = std::min(first, n - first) / n;
  return is_yes_or_no ? share < kRarest : first == n;
}

}  // namespace

std::vector<TextFact> text_facts(std::span<const std::string> symbols,
                                 std::span<const int64_t> starts, bool are_words) {
  std::vector<TextFact> facts;
  Reader reader(are_words);
  for (const auto& [name, value] : reader.facts()) facts.push_back({name, {}});
  size_t next = 0;
  for (size_t i = 0; i < symbols.size(); ++i) {
    if (next < starts.size() && starts[next] == static_cast<int64_t>(i)) {
      reader.start();
      ++next;
    }
    reader.read(symbols[i]);
    const auto now = reader.facts();
    for (size_t f = 0; f < facts.size(); ++f) {
      facts[f].values.push_back(static_cast<float>(now[f].second));
    }
  }
  // One text has one beginning, and without lines a place in them says the same as one in the text.
  const bool is_one = starts.size() < 2;
  const bool has_lines = std::find(symbols.begin(), symbols.end(), "\n") != symbols.end();
  std::erase_if(facts, [&](const TextFact& fact) {
    return fact.values.empty() || is_rare(fact) ||
           (is_one && has_lines && fact.name == "place in the text") ||
           (!has_lines && fact.name == "place in the line");
  });
  return facts;
}

std::vector<UnitFacts> unit_facts(std::span<const float> states, int64_t width,
                                  std::span<const TextFact> facts) {
  const int64_t n = std::ssize(states) / width;
  CNN_ASSERT(n > 0 && n * width == std::ssize(states));
  std::vector<Moments> of_facts;
  for (const TextFact& fact : facts) {
    of_facts.push_back(moments_of(
        n, [&](int64_t i) { return static_cast<double>(fact.values[static_cast<size_t>(i)]); }));
  }
  std::vector<UnitFacts> units;
  for (int64_t u = 0; u < width; ++u) {
    const auto at = [&](int64_t i) {
      return static_cast<double>(states[static_cast<size_t>(i * width + u)]);
    };
    const Moments own = moments_of(n, at);
    UnitFacts unit;
    unit.unit = u;
    unit.deviation = std::sqrt(own.variance);
    double steps = 0;
    for (int64_t i = 0; i < n; ++i) {
      unit.most = std::max(unit.most, static_cast<float>(std::abs(at(i))));
      if (i > 0) steps += (at(i) - own.mean) * (at(i - 1) - own.mean);
    }
    if (own.variance > 0) unit.persistence = steps / (own.variance * static_cast<double>(n));
    for (size_t f = 0; f < facts.size(); ++f) {
      double sum = 0;
      for (int64_t i = 0; i < n; ++i) {
        const auto fact = static_cast<double>(facts[f].values[static_cast<size_t>(i)]);
        sum += (at(i) - own.mean) * (fact - of_facts[f].mean);
      }
      const double both = std::sqrt(own.variance * of_facts[f].variance);
      const double r = both > 0 ? sum / (both * static_cast<double>(n)) : 0;
      if (std::abs(r) <= std::abs(unit.correlation)) continue;
      unit.correlation = r;
      unit.fact = static_cast<int>(f);
    }
    units.push_back(unit);
  }
  return units;
}

std::vector<UnitFacts> most_telling(std::vector<UnitFacts> units) {
  const auto tells = [](const UnitFacts& u) { return u.fact >= 0 && u.share() >= kLeastShare; };
  std::stable_sort(units.begin(), units.end(), [&](const UnitFacts& a, const UnitFacts& b) {
    if (tells(a) != tells(b)) return tells(a);
    if (tells(a)) return a.share() > b.share();
    const auto slow = [](const UnitFacts& u) { return u.deviation * u.deviation * u.persistence; };
    return slow(a) > slow(b);
  });
  std::set<int> seen;
  std::vector<UnitFacts> first, rest;
  for (const UnitFacts& unit : units) {
    (tells(unit) && seen.insert(unit.fact).second ? first : rest).push_back(unit);
  }
  first.insert(first.end(), rest.begin(), rest.end());
  return first;
}

}  // namespace cnn
