// Metrics of classes.
#include <algorithm>

#include "base/parallel.h"
#include "layers/class_scores.h"
#include "metrics/metric_checks.h"
#include "metrics/metrics.h"

namespace cnn {
namespace {

// Metrics of class predictions share the check of shapes and the ignored class.
class ClassMetric : public Metric {
 public:
  void setup(const MetricInputs& inputs) override {
    require_shapes(inputs);
    classes_ = inputs.output.channels();
    ignore_ = inputs.ignore;
    reset();
  }

 protected:
  virtual void require_shapes(const MetricInputs& inputs) const { require_class_scores(inputs); }

  int64_t classes_ = 0;
  std::optional<int64_t> ignore_;
};

// Share of positions whose class is among the k largest outputs; of equals the first wins. One
// score alone is of two classes.
class TopK : public ClassMetric {
 public:
  TopK(int64_t k, std::string name) : k_(k), name_(std::move(name)) {}

  void options(Options& o) override {
    o("threshold", threshold_,
      "from where on one score alone means class 1; by default 0 for scores, 0.5 for probabilities")
        .aliases({"cutoff"});
  }
  bool is_share_of_right() const override { return true; }
  void setup(const MetricInputs& inputs) override {
    ClassMetric::setup(inputs);
    middle_ = threshold_.value_or(inputs.middle);
    if (classes_ > 1 && threshold_) {
      fail(Exit::kSpec, "", "has a threshold, but {} classes: the largest score wins", classes_);
    }
    if (k_ > std::max<int64_t>(classes_, 2)) {
      fail(Exit::kSpec, "", "asks for the top {} of only {} classes", k_, classes_);
    }
  }
  void reset() override { right_ = all_ = 0; }
  void keep(MetricTally& tally) override {
    tally(right_);
    tally(all_);
  }
  void add(const ConstView& output, const ConstView& target, std::span<const ConstView>) override {
    const int64_t rows = output.rows(), grain = grain_for(rows, classes_);
    std::vector<std::pair<int64_t, int64_t>> parts(  // by chunk: how many, right ones
        static_cast<size_t>(chunk_count(rows, grain)));
    parallel_for(rows, grain, [&](int64_t begin, int64_t end) {
      auto& [all, right] = parts[static_cast<size_t>(begin / grain)];
      for (int64_t row = begin; row < end; ++row) {
        const auto truth = class_of(target.data[row], std::max<int64_t>(classes_, 2), ignore_);
        if (!truth) continue;
        ++all;
        right += is_right(output.data + row * classes_, *truth) ? 1 : 0;
      }
    });
    for (const auto& [all, right] : parts) {
      all_ += all;
      right_ += right;
    }
  }
  std::vector<std::string> names() const override { return {name_}; }
  Scores result() const override {
    return {
        {names().front(), all_ > 0 ? static_cast<double>(right_) / static_cast<double>(all_) : 0}};
  }

 protected:
  int64_t k_;

 private:
  void require_shapes(const MetricInputs& inputs) const override { require_positions(inputs); }

  bool is_right(const float* scores, int64_t truth) const {
    if (classes_ > 1) return rank_of(scores, classes_, truth) < k_;
    return k_ > 1 || (scores[0] > middle_) == (truth == 1);
  }

  std::string name_;
  std::optional<float> threshold_;
  float middle_ = 0;
  int64_t right_ = 0;
  int64_t all_ = 0;
};

// {topk: 3}, called top3.
class AnyTopK final : public TopK {
 public:
  AnyTopK() : TopK(5, "") {}
  void options(Options& o) override {
    o("k", k_, "how many of the largest outputs count").primary().required().at_least(1);
    TopK::options(o);
  }
  std::vector<std::string> names() const override { return {"top" + std::to_string(k_)}; }
};

// The mean of precision, recall or F1 over the classes that have samples: outputs that no sample is
// of would spoil it.
class ClassMean final : public ClassMetric {
 public:
  ClassMean(const char* name, double ConfusionMatrix::ClassScore::*field)
      : name_(name), field_(field) {}

  void setup(const MetricInputs& inputs) override {
    require_countable(inputs.output.channels());
    matrix_ = ConfusionMatrix(inputs.output.channels());
    ClassMetric::setup(inputs);
  }
  void reset() override { matrix_.reset(); }
  void keep(MetricTally& tally) override { tally(matrix_.counts()); }
  void add(const ConstView& output, const ConstView& target, std::span<const ConstView>) override {
    matrix_.add(output, target, ignore_);
  }
  std::vector<std::string> names() const override { return {name_}; }
  Scores result() const override {
    double sum = 0;
    int64_t present = 0;
    for (int64_t c = 0; c < classes_; ++c) {
      const ConfusionMatrix::ClassScore score = matrix_.score(c);
      if (score.samples == 0) continue;
      sum += score.*field_;
      ++present;
    }
    return {{name_, present > 0 ? sum / static_cast<double>(present) : 0}};
  }

 private:
  std::string name_;
  double ConfusionMatrix::ClassScore::*field_;
  ConfusionMatrix matrix_;
};

using ClassScore = ConfusionMatrix::ClassScore;

}  // namespace

extern const MetricType accuracy_metric = {
    "accuracy",
    "share of right classes (of right pixels, where outputs have positions); one score alone is of "
    "two classes",
    "accuracy", [] { return std::unique_ptr<Metric>(new TopK(1, "accuracy")); }};
extern const MetricType top1_metric = {"top1", "the same as accuracy", "top1",
                                       [] { return std::unique_ptr<Metric>(new TopK(1, "top1")); }};
extern const MetricType top5_metric = {"top5", "share of targets among the five largest outputs",
                                       "top5",
                                       [] { return std::unique_ptr<Metric>(new TopK(5, "top5")); }};
extern const MetricType topk_metric = {"topk", "share of targets among the k largest outputs",
                                       "{topk: 3}",
                                       [] { return std::unique_ptr<Metric>(new AnyTopK); }};
extern const MetricType precision_metric = {
    "precision", "mean over classes with samples: right ones among the predictions of a class",
    "precision",
    [] { return std::unique_ptr<Metric>(new ClassMean("precision", &ClassScore::precision)); }};
extern const MetricType recall_metric = {
    "recall",
    "mean over classes with samples: found ones among the samples of a class (recall at K of "
    "pictures and sentences: retrieval)",
    "recall", [] { return std::unique_ptr<Metric>(new ClassMean("recall", &ClassScore::recall)); }};
extern const MetricType f1_metric = {
    "f1", "mean over classes with samples: harmonic mean of precision and recall", "f1",
    [] { return std::unique_ptr<Metric>(new ClassMean("f1", &ClassScore::f1)); }};

void require_positions(const MetricInputs& inputs) {
  if (inputs.output.positions() == inputs.target.count()) return;
  fail(Exit::kSpec, "", "output {} and target {} have other positions", inputs.output.str(),
       inputs.target.str());
}

void require_class_scores(const MetricInputs& inputs) {
  if (inputs.output.channels() < 2) {
    fail(Exit::kSpec, "", "needs one value per class, found {}", inputs.output.str());
  }
  require_positions(inputs);
}

void require_same_count(const MetricInputs& inputs) {
  if (inputs.output.count() == inputs.target.count()) return;
  fail(Exit::kSpec, "", "compares numbers of one shape, found {} and {}", inputs.output.str(),
       inputs.target.str());
}

void require_countable(int64_t classes) {
  if (classes <= ConfusionMatrix::kMostClasses) return;
  fail(Exit::kSpec, "", "is for at most {} classes, found {}", ConfusionMatrix::kMostClasses,
       classes);
}

}  // namespace cnn
