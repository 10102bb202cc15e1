// retrieval: which sentence belongs to a picture, and which picture to a sentence, of all that are
// evaluated? Scores are those of the loss `alignment`.
#include <algorithm>
#include <bit>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/median.h"
#include "base/parallel.h"
#include "base/text.h"
#include "kernels/gemm.h"
#include "layers/loss/alignment_scores.h"
#include "metrics/metric_checks.h"

namespace cnn {
namespace {

// The vectors of all samples, packed as in a batch.
struct VectorLists {
  std::vector<float> numbers;
  std::vector<int64_t> starts = {0};

  int64_t samples() const { return std::ssize(starts) - 1; }
  int64_t first(int64_t n) const { return starts[static_cast<size_t>(n)]; }
  int64_t count(int64_t n) const { return first(n + 1) - first(n); }
  const float* of(int64_t n, int64_t width) const { return numbers.data() + first(n) * width; }

  void add(const ConstView& view, int64_t n) {
    const float* from = view.sample(view.first_item(n));
    numbers.insert(numbers.end(), from, from + view.items_of(n) * view.shape.count());
    starts.push_back(starts.back() + view.items_of(n));
  }
  void keep(MetricTally& tally, int64_t width, int64_t most) {
    int64_t count = samples();
    tally(count);
    starts.resize(static_cast<size_t>(std::clamp<int64_t>(count, 0, most)) + 1);
    tally(starts);
    auto floats = static_cast<int64_t>(numbers.size());
    tally(floats);
    numbers.resize(static_cast<size_t>(std::clamp<int64_t>(floats, 0, starts.back() * width)));
    for (float& number : numbers) {
      auto exact = static_cast<double>(number);
      tally(exact);
      number = static_cast<float>(exact);
    }
  }
};

class Retrieval final : public Metric {
 public:
  void options(Options& o) override {
    o("layers", layers_, "the vectors of a picture's regions, and of a sentence's words")
        .primary()
        .required();
    o("at", at_, "K of recall at K: the share of those whose own is among the first K")
        .at_least(1)
        .aliases({"k", "ks"});
    o("same", same_,
      "an input, say the picture: samples where it is equal are one picture with several "
      "sentences; by default each is a picture of its own");
    declare_alignment_score(o, score_);
    o("most", most_, "samples whose vectors may be kept; more are refused").at_least(2);
  }

  bool needs_target() const override { return false; }
  bool measures_training() const override { return false; }
  bool compares_items() const override { return false; }
  std::string output_name() const override { return layers_.empty() ? "" : layers_.front(); }
  std::vector<std::string> reads() const override {
    std::vector<std::string> names(layers_.begin() + (layers_.empty() ? 0 : 1), layers_.end());
    if (same_) names.push_back(*same_);
    return names;
  }

  void setup(const MetricInputs& inputs) override {
    if (layers_.size() != 2) {
      fail(Exit::kSpec, "", "compares two layers, regions and words, found {}", layers_.size());
    }
    if (inputs.output.rank() != 1 || inputs.output != inputs.more[0]) {
      fail(Exit::kSpec, "", "compares vectors of one length, found {} and {}", inputs.output.str(),
           inputs.more[0].str());
    }
    width_ = inputs.output.count();
    reset();
  }
  void reset() override {
    pictures_ = sentences_ = {};
    keys_.clear();
  }
  void keep(MetricTally& tally) override {
    pictures_.keep(tally, width_, most_);
    sentences_.keep(tally, width_, most_);
    keys_.resize(static_cast<size_t>(pictures_.samples()));
    tally(keys_);
  }

  // A sample without regions or without words has nothing to be found by.
  void add(const ConstView& regions, const ConstView&, std::span<const ConstView> more) override {
    const ConstView& words = more[0];
    const auto goes_on = [](const ConstView& v, int64_t n) { return v.first_item(n) < v.batch; };
    for (int64_t n = 0; goes_on(regions, n) || goes_on(words, n); ++n) {
      if (regions.items_of(n) == 0 || words.items_of(n) == 0) continue;
      if (pictures_.samples() == most_) refuse_more();
      pictures_.add(regions, n);
      sentences_.add(words, n);
      keys_.push_back(same_ ? key_of(more[1], n) : pictures_.samples());
    }
  }

  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const auto& [from, to] : {std::pair(0, 1), std::pair(1, 0)}) {
      const std::string way =
          layers_[static_cast<size_t>(from)] + "_to_" + layers_[static_cast<size_t>(to)] + "_";
      for (const int64_t k : at_) names.push_back(way + "recall" + std::to_string(k));
      names.push_back(way + "rank");
    }
    return names;
  }

  Scores result() const override {
    const Ranks ranks = find_ranks();
    const std::vector<std::string> all = names();
    Scores scores;
    for (std::vector<double> way : {ranks.of_pictures, ranks.of_sentences}) {
      for (const int64_t k : at_) {
        const auto found = std::count_if(
            way.begin(), way.end(), [k](double rank) { return rank <= static_cast<double>(k); });
        const double share =
            way.empty() ? 0 : static_cast<double>(found) / static_cast<double>(way.size());
        scores.emplace_back(all[scores.size()], share);
      }
      scores.emplace_back(all[scores.size()], way.empty() ? 0 : median(way));
    }
    return scores;
  }

 private:
  struct Ranks {  // from 1 on
    std::vector<double> of_pictures, of_sentences;
  };

  [[noreturn]] void refuse_more() const {
    const uint64_t bytes = sizeof(float) * (pictures_.numbers.size() + sentences_.numbers.size());
    Diagnostic d;
    d.problem =
        fmt::format("the metric 'retrieval' keeps the vectors of at most {}, and there are more",
                    counted(most_, "sample"));
    d.notes.push_back(fmt::format("these take {}; 'most' allows for more", human_bytes(bytes)));
    throw Error(Exit::kResource, {std::move(d)});
  }

  // Of a sample's numbers, exact as a double: 52 bits, so that among thousands of samples no two
  // different ones are taken for one.
  static int64_t key_of(const ConstView& view, int64_t n) {
    const int64_t count = view.items_of(n) * view.shape.count();
    uint64_t hash = 14695981039346656037U;  // FNV-1a over words
    for (const float* x = view.sample(view.first_item(n));
         x < view.sample(view.first_item(n)) + count; ++x) {
      hash = (hash ^ std::bit_cast<uint32_t>(*x)) * 1099511628211U;
      hash ^= hash >> 32;
    }
    return static_cast<int64_t>(hash >> 12);
  }

  // By sample the number of its picture; `samples`: the first of each picture.
  std::vector<int64_t> find_pictures(std::vector<int64_t>& samples) const {
    std::unordered_map<int64_t, int64_t> known;
    std::vector<int64_t> picture_of;
    for (int64_t n = 0; n < pictures_.samples(); ++n) {
      const auto [entry, is_new] =
          known.emplace(keys_[static_cast<size_t>(n)], static_cast<int64_t>(samples.size()));
      if (is_new) samples.push_back(n);
      picture_of.push_back(entry->second);
    }
    return picture_of;
  }

  // Of a picture with all sentences.
  void find_scores(int64_t sample, std::vector<float>& products, float* scores) const {
    const int64_t regions = pictures_.count(sample), words = sentences_.starts.back();
    products.resize(static_cast<size_t>(words * regions));
    gemm(Op::kNone, Op::kTranspose, words, regions, width_, 1.0f, sentences_.numbers.data(), width_,
         pictures_.of(sample, width_), width_, 0.0f, products.data(), regions);
    const int64_t count = sentences_.samples();
    parallel_for(
        count, grain_for(count, words * regions / count + 1), [&](int64_t begin, int64_t end) {
          for (int64_t l = begin; l < end; ++l) {
            scores[l] =
                static_cast<float>(alignment_score(products.data() + sentences_.first(l) * regions,
                                                   sentences_.count(l), regions, score_));
          }
        });
  }

  // Of equal scores the first wins, so that a network that says the same of all is no better than
  // chance.
  Ranks find_ranks() const {
    std::vector<int64_t> samples;
    const std::vector<int64_t> picture_of = find_pictures(samples);
    const size_t pictures = samples.size(), sentences = picture_of.size();
    std::vector<float> scores(pictures * sentences), products;
    for (size_t k = 0; k < pictures; ++k) {
      find_scores(samples[k], products, scores.data() + k * sentences);
    }
    Ranks ranks;
    for (size_t k = 0; k < pictures; ++k) {
      const float* row = scores.data() + k * sentences;
      size_t own = sentences;  // its best sentence
      for (size_t l = 0; l < sentences; ++l) {
        const bool is_own = picture_of[l] == static_cast<int64_t>(k);
        if (is_own && (own == sentences || row[l] > row[own])) own = l;
      }
      double rank = 1;
      for (size_t l = 0; l < sentences; ++l) {
        if (row[l] > row[own] || (row[l] == row[own] && l < own)) rank += 1;
      }
      ranks.of_pictures.push_back(rank);
    }
    for (size_t l = 0; l < sentences; ++l) {
      const auto own = static_cast<size_t>(picture_of[l]);
      const float best = scores[own * sentences + l];
      double rank = 1;
      for (size_t k = 0; k < pictures; ++k) {
        const float other = scores[k * sentences + l];
        if (other > best || (other == best && k < own)) rank += 1;
      }
      ranks.of_sentences.push_back(rank);
    }
    return ranks;
  }

  std::vector<std::string> layers_;
  std::optional<std::string> same_;
  std::vector<int64_t> at_ = {1, 5, 10};
  AlignmentScore score_ = AlignmentScore::kBest;
  int64_t most_ = 5000;
  int64_t width_ = 1;
  VectorLists pictures_, sentences_;
  std::vector<int64_t> keys_;  // by sample: equal ones are of one picture
};

}  // namespace

extern const MetricType retrieval_metric = {
    "retrieval",
    "of all pictures and sentences of an evaluation: the share whose own counterpart is among the "
    "K of highest score (recall at K, both ways), and the median rank; not measured while training",
    "{retrieval: [regions, words], at: [1, 5, 10]}",
    []() -> std::unique_ptr<Metric> { return std::make_unique<Retrieval>(); },
    {"recall_at", "recall_at_k", "retrieval_recall", "median_rank"}};

}  // namespace cnn
