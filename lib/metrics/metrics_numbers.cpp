// Metrics of numbers that a network predicts: prices, angles, places. All sums are over samples, in
// their order, in double.
#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "base/moments.h"
#include "metrics/metric_checks.h"

namespace cnn {
namespace {

// Numbers against as many numbers.
class NumberMetric : public Metric {
 public:
  explicit NumberMetric(const char* name) : name_(name) {}

  void setup(const MetricInputs& inputs) override {
    require_same_count(inputs);
    ignore_ = inputs.ignore;
    is_score_ = inputs.is_score;
    reset();
  }
  std::vector<std::string> names() const override { return {name_}; }
  bool compares_differences() const override { return true; }

 protected:
  bool counts(float target) const { return !ignore_ || target != static_cast<float>(*ignore_); }
  // Of a score its sigmoid is meant.
  double number(float output) const {
    const auto x = static_cast<double>(output);
    return is_score_ ? 1 / (1 + std::exp(-x)) : x;
  }

 private:
  const char* name_;
  std::optional<int64_t> ignore_;
  bool is_score_ = false;
};

// A mean over all numbers of all samples.
class MeanError : public NumberMetric {
 public:
  using NumberMetric::NumberMetric;

  void reset() override { sum_ = count_ = 0; }
  void keep(MetricTally& tally) override {
    tally(sum_);
    tally(count_);
  }
  void add(const ConstView& output, const ConstView& target, std::span<const ConstView>) override {
    for (int64_t i = 0; i < output.count(); ++i) {
      if (!counts(target.data[i])) continue;
      sum_ += of(number(output.data[i]) - static_cast<double>(target.data[i]));
      count_ += 1;
    }
  }

 protected:
  virtual double of(double error) const = 0;
  double mean() const { return count_ > 0 ? sum_ / count_ : 0; }

 private:
  double sum_ = 0;
  double count_ = 0;
};

class Mae final : public MeanError {
 public:
  Mae() : MeanError("mae") {}
  Scores result() const override { return {{names()[0], mean()}}; }

 protected:
  double of(double error) const override { return std::abs(error); }
};

class Rmse final : public MeanError {
 public:
  Rmse() : MeanError("rmse") {}
  Scores result() const override { return {{names()[0], std::sqrt(mean())}}; }

 protected:
  double of(double error) const override { return error * error; }
};

// 1 - (squared errors) / (squared distances from the mean) of each number, then the mean of these.
// Of a number that never changes it is 1 if all is right, else 0.
class R2 final : public NumberMetric {
 public:
  R2() : NumberMetric("r2") {}

  void setup(const MetricInputs& inputs) override {
    count_ = inputs.target.count();
    NumberMetric::setup(inputs);
  }
  void reset() override { columns_.assign(static_cast<size_t>(count_), {}); }
  void keep(MetricTally& tally) override {
    for (Column& c : columns_) {
      for (double* n : {&c.truth.count, &c.truth.mean, &c.truth.distances, &c.errors}) tally(*n);
    }
  }
  void add(const ConstView& output, const ConstView& target, std::span<const ConstView>) override {
    for (int64_t n = 0; n < output.batch; ++n) {
      for (int64_t i = 0; i < count_; ++i) {
        if (!counts(target.data[n * count_ + i])) continue;
        const auto y = static_cast<double>(target.data[n * count_ + i]);
        const double error = y - number(output.data[n * count_ + i]);
        Column& column = columns_[static_cast<size_t>(i)];
        column.errors += error * error;
        column.truth.add(y);
      }
    }
  }
  // Of columns that have samples.
  Scores result() const override {
    double sum = 0, known = 0;
    for (const Column& c : columns_) {
      if (c.truth.count == 0) continue;
      known += 1;
      const double distances = c.truth.distances;
      sum += distances > 0 ? 1 - c.errors / distances : (c.errors > 0 ? 0.0 : 1.0);
    }
    return {{names()[0], known > 0 ? sum / known : 0}};
  }

 private:
  struct Column {
    Moments truth;
    double errors = 0;  // squared
  };
  int64_t count_ = 1;
  std::vector<Column> columns_;
};

}  // namespace

extern const MetricType mae_metric = {
    "mae", "mean absolute error of numbers", "mae",
    []() -> std::unique_ptr<Metric> { return std::make_unique<Mae>(); }};
extern const MetricType rmse_metric = {
    "rmse", "root of the mean squared error of numbers", "rmse",
    []() -> std::unique_ptr<Metric> { return std::make_unique<Rmse>(); }};
extern const MetricType r2_metric = {
    "r2", "share of the numbers' variance that is explained; 1 is best, 0 as good as their mean",
    "r2", []() -> std::unique_ptr<Metric> { return std::make_unique<R2>(); }};

}  // namespace cnn
