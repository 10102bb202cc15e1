// Metrics of numbers that a network predicts: prices, angles, places. All sums are over samples, in
// their order, in double.
#include <algorithm>
#include <cmath>
#include <vector>

#include "metrics/metric_checks.h"

namespace cnn {
namespace {

// Numbers against as many numbers.
class NumberMetric : public Metric {
 public:
  explicit NumberMetric(const char* name) : name_(name) {}

  void setup(const MetricInputs& inputs) override {
    if (inputs.output.count() != inputs.target.count()) {
      fail(Exit::kSpec, "", "compares numbers of one shape, found {} and {}", inputs.output.str(),
           inputs.target.str());
    }
    reset();
  }
  std::vector<std::string> names() const override { return {name_}; }

 private:
  const char* name_;
};

// A mean over all numbers of all samples.
class MeanError : public NumberMetric {
 public:
  using NumberMetric::NumberMetric;

  void reset() override { sum_ = count_ = 0; }
  void add(const ConstView& output, const ConstView& target, std::span<const ConstView>) override {
    const int64_t count = output.count();
    for (int64_t i = 0; i < count; ++i) {
      sum_ += of(static_cast<double>(output.data[i]) - static_cast<double>(target.data[i]));
    }
    count_ += static_cast<double>(count);
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
  void reset() override {
    samples_ = 0;
    numbers_.assign(static_cast<size_t>(count_), {});
  }
  void add(const ConstView& output, const ConstView& target, std::span<const ConstView>) override {
    for (int64_t n = 0; n < output.batch; ++n) {
      samples_ += 1;
      for (int64_t i = 0; i < count_; ++i) {
        const auto y = static_cast<double>(target.data[n * count_ + i]);
        const double error = y - static_cast<double>(output.data[n * count_ + i]);
        Number& number = numbers_[static_cast<size_t>(i)];
        number.errors += error * error;
        // Welford 1962: nothing large is subtracted from anything large.
        const double distance = y - number.mean;
        number.mean += distance / samples_;
        number.distances += distance * (y - number.mean);
      }
    }
  }
  Scores result() const override {
    double sum = 0;
    for (const Number& n : numbers_) {
      sum += n.distances > 0 ? 1 - n.errors / n.distances : (n.errors > 0 ? 0.0 : 1.0);
    }
    return {{names()[0], samples_ > 0 ? sum / static_cast<double>(count_) : 0}};
  }

 private:
  struct Number {
    double mean = 0;
    double distances = 0;
    double errors = 0;
  };
  int64_t count_ = 1;
  double samples_ = 0;
  std::vector<Number> numbers_;
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
