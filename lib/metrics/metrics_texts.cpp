// Metrics of texts that a network writes.
#include <algorithm>
#include <memory>

#include "base/error.h"
#include "metrics/bleu.h"
#include "metrics/text_metric.h"

namespace cnn {

void TextMetric::options(Options& o) {
  o("output", output_, "the scores of the symbols that are written; the first loss's by default")
      .primary();
  own_options(o);
  o("beam", beam_, "beginnings that are kept side by side; 1: the likeliest symbol each time")
      .between(1, 1000)
      .aliases({"beam_size", "num_beams"});
  o("most", most_, "symbols of a text; by default as many as the output's list can have")
      .at_least(1)
      .aliases({"max_length", "length"});
}

void TextMetric::setup(const MetricInputs& inputs) {
  if (inputs.output.channels() < 2) {
    fail(Exit::kSpec, "", "needs one score a symbol, found {}", inputs.output.str());
  }
  reset();
}

namespace {

class Bleu final : public TextMetric {
 public:
  void reset() override { counts_ = {}; }
  void keep(MetricTally& tally) override {
    for (int64_t& n : counts_.right) tally(n);
    for (int64_t& n : counts_.all) tally(n);
    tally(counts_.words);
    tally(counts_.expected);
  }
  void add_text(std::string_view text, std::span<const std::string> references) override {
    counts_.add(text, references, tokens_);
  }
  std::vector<std::string> names() const override {
    if (lengths_.empty()) return {"bleu"};
    std::vector<std::string> names;
    for (const int64_t n : lengths_) names.push_back("bleu" + std::to_string(n));
    return names;
  }
  Scores result() const override {
    if (lengths_.empty()) return {{"bleu", counts_.score()}};
    Scores scores;
    for (const int64_t n : lengths_) {
      scores.emplace_back("bleu" + std::to_string(n), counts_.score(static_cast<int>(n)));
    }
    return scores;
  }

 protected:
  void own_options(Options& o) override {
    o("n", lengths_, "[1, 2, 3, 4]: one figure for each longest n-gram, called bleu1, bleu2 ...")
        .between(1, BleuCounts::kLongest)
        .aliases({"ngrams", "max_ngram_order"});
    o.choice("tokenizer", tokens_, {{"13a", BleuTokens::k13a}, {"none", BleuTokens::kBlank}},
             "how texts fall into words: punctuation apart, as WMT and sacrebleu do it, or at "
             "blanks alone")
        .aliases({"tokenize"});
  }

 private:
  std::vector<int64_t> lengths_;
  BleuTokens tokens_ = BleuTokens::k13a;
  BleuCounts counts_;
};

// Share of texts that are one of their references, but for blanks around them.
class ExactMatch final : public TextMetric {
 public:
  bool is_share_of_right() const override { return true; }
  void reset() override { right_ = all_ = 0; }
  void keep(MetricTally& tally) override {
    tally(right_);
    tally(all_);
  }
  void add_text(std::string_view text, std::span<const std::string> references) override {
    ++all_;
    const auto is_same = [&](const std::string& r) { return trimmed(r) == trimmed(text); };
    if (std::any_of(references.begin(), references.end(), is_same)) ++right_;
  }
  std::vector<std::string> names() const override { return {"exact_match"}; }
  Scores result() const override {
    const double share = all_ > 0 ? static_cast<double>(right_) / static_cast<double>(all_) : 0;
    return {{"exact_match", share}};
  }

 private:
  static std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    const size_t first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
  }

  int64_t right_ = 0, all_ = 0;
};

}  // namespace

extern const MetricType bleu_metric = {
    "bleu",
    "BLEU in percent of what the network writes, as sacrebleu counts it: n-grams of up to four "
    "words that a reference has as well; not measured while training",
    "{bleu: ~, beam: 5}",
    []() -> std::unique_ptr<Metric> { return std::make_unique<Bleu>(); },
    {"sacrebleu", "bleu4"}};
extern const MetricType exact_match_metric = {
    "exact_match",
    "share of texts that the network writes just as a reference has them; not measured while "
    "training",
    "exact_match",
    []() -> std::unique_ptr<Metric> { return std::make_unique<ExactMatch>(); },
    {"em", "exact_answers", "exact_text"}};

}  // namespace cnn
