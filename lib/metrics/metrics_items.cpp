// Metrics of lists of classes, such as the symbols of a text: of every item that is there, and of
// whole lists.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>
#include <vector>

#include "base/parallel.h"
#include "layers/class_scores.h"
#include "metrics/metric_checks.h"

namespace cnn {
namespace {

constexpr int64_t kCost = 8;  // of one score, in simple operations

// The mean of -log(probability of the true class), over items (or positions) whose class counts.
// Costs of rows are found by all threads, and added in their order in double.
class NatsMetric : public Metric {
 public:
  void setup(const MetricInputs& inputs) override {
    require_class_scores(inputs);
    classes_ = inputs.output.channels();
    ignore_ = inputs.ignore;
    is_probability_ = inputs.makes == Link::kSoftmax;
    reset();
  }
  void reset() override { sum_ = count_ = 0; }
  void keep(MetricTally& tally) override {
    tally(sum_);
    tally(count_);
  }
  void add(const ConstView& output, const ConstView& target, std::span<const ConstView>) override {
    const int64_t rows = output.rows();
    nats_.resize(static_cast<size_t>(rows));
    parallel_for(rows, grain_for(rows, kCost * classes_), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const float* scores = output.data + r * classes_;
        const auto truth = class_of(target.data[r], classes_, ignore_);
        nats_[static_cast<size_t>(r)] = truth ? cost(scores, *truth) : kNone;
      }
    });
    for (const double nats : nats_) {
      if (nats == kNone) continue;
      sum_ += nats;
      count_ += 1;
    }
  }

 protected:
  double mean() const { return count_ > 0 ? sum_ / count_ : 0; }
  bool is_empty() const { return count_ == 0; }

 private:
  static constexpr double kNone = -1;  // no item costs less than 0

  double cost(const float* scores, int64_t truth) const {
    const auto own = static_cast<double>(scores[truth]);
    const double nats =
        is_probability_ ? -std::log(std::max(own, 1e-37)) : log_sum_exp(scores, classes_) - own;
    return std::isnan(nats) ? nats : std::max(nats, 0.0);
  }

  int64_t classes_ = 0;
  std::optional<int64_t> ignore_;
  bool is_probability_ = false;
  std::vector<double> nats_;  // by row of the batch
  double sum_ = 0;
  double count_ = 0;
};

class Perplexity final : public NatsMetric {
 public:
  std::vector<std::string> names() const override { return {"perplexity"}; }
  // Files have no word for what is beyond the largest number.
  Scores result() const override {
    const double perplexity = std::exp(mean());
    return {{"perplexity", is_empty()               ? 0
                           : std::isinf(perplexity) ? std::numeric_limits<double>::max()
                                                    : perplexity}};
  }
};

class Bits final : public NatsMetric {
 public:
  std::vector<std::string> names() const override { return {"bits_per_character"}; }
  Scores result() const override { return {{"bits_per_character", mean() / std::numbers::ln2}}; }
};

// Share of samples all of whose items (or positions) are right: of those that count, and of samples
// that have any such.
class SequenceAccuracy final : public Metric {
 public:
  bool is_share_of_right() const override { return true; }
  void setup(const MetricInputs& inputs) override {
    require_class_scores(inputs);
    classes_ = inputs.output.channels();
    positions_ = inputs.output.positions();
    ignore_ = inputs.ignore;
    reset();
  }
  void reset() override { right_ = all_ = 0; }
  void keep(MetricTally& tally) override {
    tally(right_);
    tally(all_);
  }
  void add(const ConstView& output, const ConstView& target, std::span<const ConstView>) override {
    const int64_t rows = output.rows();
    states_.resize(static_cast<size_t>(rows));
    parallel_for(rows, grain_for(rows, classes_), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const auto truth = class_of(target.data[r], classes_, ignore_);
        const bool is_right = truth && rank_of(output.data + r * classes_, classes_, *truth) == 0;
        states_[static_cast<size_t>(r)] = !truth     ? State::kIgnored
                                          : is_right ? State::kRight
                                                     : State::kWrong;
      }
    });
    for (int64_t n = 0; output.first_item(n) < output.batch; ++n) {
      add_sample(output.first_item(n) * positions_,
                 (output.first_item(n) + output.items_of(n)) * positions_);
    }
  }
  std::vector<std::string> names() const override { return {"sequence_accuracy"}; }
  Scores result() const override {
    const double share = all_ > 0 ? static_cast<double>(right_) / static_cast<double>(all_) : 0;
    return {{"sequence_accuracy", share}};
  }

 private:
  enum class State : char { kIgnored, kRight, kWrong };

  void add_sample(int64_t begin, int64_t end) {
    const auto first = states_.begin() + begin, last = states_.begin() + end;
    if (std::all_of(first, last, [](State s) { return s == State::kIgnored; })) return;
    ++all_;
    if (std::find(first, last, State::kWrong) == last) ++right_;
  }

  int64_t classes_ = 0, positions_ = 1;
  std::optional<int64_t> ignore_;
  std::vector<State> states_;  // by row of the batch
  int64_t right_ = 0, all_ = 0;
};

}  // namespace

extern const MetricType perplexity_metric = {
    "perplexity",
    "exp of the mean of -log(probability) of the true classes: among how many equally likely ones "
    "the network still wavers",
    "perplexity",
    []() -> std::unique_ptr<Metric> { return std::make_unique<Perplexity>(); },
    {"ppl", "pplx"}};
extern const MetricType bits_per_character_metric = {
    "bits_per_character",
    "the same mean in bits, of every item of a list (a character, a byte, a word)",
    "bits_per_character",
    []() -> std::unique_ptr<Metric> { return std::make_unique<Bits>(); },
    {"bits", "bpc", "bpb", "bpd", "bits_per_byte", "bits_per_symbol", "bits_per_item"}};
extern const MetricType sequence_accuracy_metric = {
    "sequence_accuracy",
    "share of lists whose every item has the right class, each item given the true ones before it",
    "sequence_accuracy",
    []() -> std::unique_ptr<Metric> { return std::make_unique<SequenceAccuracy>(); },
    {"exact", "exact_accuracy", "all_right"}};

}  // namespace cnn
