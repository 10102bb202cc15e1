// The table of metrics, and those of classes. Adding one: a class here, in metrics_masks.cpp or in
// metrics_images.cpp, and a line in kTypes.
#include "metrics/metrics.h"

#include <algorithm>

#include "metrics/metric_types.h"

namespace cnn {
namespace {

// Metrics of class predictions share the check of shapes and the ignored class.
class ClassMetric : public Metric {
 public:
  void setup(const MetricInputs& inputs) override {
    if (inputs.output.channels() < 2) {
      fail(Exit::kSpec, "", "needs one value per class, found {}", inputs.output.str());
    }
    require_positions(inputs);
    classes_ = inputs.output.channels();
    ignore_ = inputs.ignore;
    reset();
  }

 protected:
  int64_t classes_ = 0;
  std::optional<int64_t> ignore_;
};

// Share of positions whose class is among the k largest outputs; of equals the first wins.
class TopK : public ClassMetric {
 public:
  TopK(int64_t k, std::string name) : k_(k), name_(std::move(name)) {}

  void setup(const MetricInputs& inputs) override {
    ClassMetric::setup(inputs);
    if (k_ > classes_) {
      fail(Exit::kSpec, "", "asks for the top {} of only {} classes", k_, classes_);
    }
  }
  void reset() override { right_ = all_ = 0; }
  void add(const ConstView& output, const ConstView& target, std::span<const ConstView>) override {
    for (int64_t row = 0; row < output.rows(); ++row) {
      const auto truth = class_of(target.data[row], classes_, ignore_);
      if (!truth) continue;
      ++all_;
      if (rank(output.data + row * classes_, *truth) < k_) ++right_;
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
  // How many classes come before `truth`.
  int64_t rank(const float* values, int64_t truth) const {
    int64_t before = 0;
    for (int64_t c = 0; c < classes_; ++c) {
      before += values[c] > values[truth] || (values[c] == values[truth] && c < truth);
    }
    return before;
  }

  std::string name_;
  int64_t right_ = 0;
  int64_t all_ = 0;
};

// {topk: 3}, called top3.
class AnyTopK final : public TopK {
 public:
  AnyTopK() : TopK(5, "") {}
  void options(Options& o) override {
    o("k", k_, "how many of the largest outputs count").primary().required().at_least(1);
  }
  std::vector<std::string> names() const override { return {"top" + std::to_string(k_)}; }
};

// The mean over classes of precision, recall or F1; a class without samples and predictions counts
// as 0.
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
  void add(const ConstView& output, const ConstView& target, std::span<const ConstView>) override {
    matrix_.add(output, target, ignore_);
  }
  std::vector<std::string> names() const override { return {name_}; }
  Scores result() const override {
    double sum = 0;
    for (int64_t c = 0; c < classes_; ++c) sum += matrix_.score(c).*field_;
    return {{name_, sum / static_cast<double>(classes_)}};
  }

 private:
  std::string name_;
  double ConfusionMatrix::ClassScore::*field_;
  ConfusionMatrix matrix_;
};

using ClassScore = ConfusionMatrix::ClassScore;

const MetricType kTypes[] = {
    {"accuracy", "share of right classes (of right pixels, where outputs have positions)",
     "accuracy", [] { return std::unique_ptr<Metric>(new TopK(1, "accuracy")); }},
    {"top1", "the same as accuracy", "top1",
     [] { return std::unique_ptr<Metric>(new TopK(1, "top1")); }},
    {"top5", "share of targets among the five largest outputs", "top5",
     [] { return std::unique_ptr<Metric>(new TopK(5, "top5")); }},
    {"topk", "share of targets among the k largest outputs", "{topk: 3}",
     [] { return std::unique_ptr<Metric>(new AnyTopK); }},
    {"precision", "mean over classes: right ones among the predictions of a class", "precision",
     [] { return std::unique_ptr<Metric>(new ClassMean("precision", &ClassScore::precision)); }},
    {"recall", "mean over classes: found ones among the samples of a class", "recall",
     [] { return std::unique_ptr<Metric>(new ClassMean("recall", &ClassScore::recall)); }},
    {"f1", "mean over classes: harmonic mean of precision and recall", "f1",
     [] { return std::unique_ptr<Metric>(new ClassMean("f1", &ClassScore::f1)); }},
    {"pixel_accuracy", "share of right pixels; one score alone is of two classes", "pixel_accuracy",
     make_pixel_accuracy},
    {"iou", "intersection over union of predicted and true masks: the mean over classes", "iou",
     make_iou},
    {"dice", "the same with 2 |A and B| / (|A| + |B|)", "{dice: per_class}", make_dice_metric},
    {"rand_error",
     "how wrongly cells are merged or split: adapted Rand error of what membranes part",
     "{rand_error: ~, membrane: 0}", make_rand_error},
    {"boundary_f1", "F1 of the outlines of a class, within some pixels", "{boundary_f1: 2}",
     make_boundary_f1},
    {"reconstruction_error", "mean squared error of a number", "reconstruction_error",
     make_reconstruction_error},
    {"psnr", "peak signal to noise ratio of an image in dB, the mean over images", "psnr",
     make_psnr},
    {"elbo", "evidence lower bound in nats, and its two parts", "{elbo: [mu, logvar]}", make_elbo},
    {"activation", "mean of all numbers of a layer", "{activation: ~, of: code}", make_activation},
    {"nonzeros", "how many numbers of a sample are not 0, on average", "{nonzeros: ~, of: code}",
     make_nonzeros},
    {"mean_square", "mean square of a layer's numbers", "{mean_square: ~, of: code}",
     make_mean_square},
};

}  // namespace

void require_positions(const MetricInputs& inputs) {
  if (inputs.output.positions() == inputs.target.count()) return;
  fail(Exit::kSpec, "", "output {} and target {} have other positions", inputs.output.str(),
       inputs.target.str());
}

void require_countable(int64_t classes) {
  if (classes <= ConfusionMatrix::kMostClasses) return;
  fail(Exit::kSpec, "", "is for at most {} classes, found {}", ConfusionMatrix::kMostClasses,
       classes);
}

std::span<const MetricType> metric_types() { return kTypes; }

std::vector<std::string> metric_names() {
  std::vector<std::string> names;
  for (const MetricType& type : kTypes) names.push_back(type.name);
  return names;
}

const double* find_score(const Scores& scores, std::string_view name) {
  for (const auto& [key, value] : scores) {
    if (key == name) return &value;
  }
  return nullptr;
}

}  // namespace cnn
