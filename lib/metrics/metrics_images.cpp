// Metrics of reconstructions and of codes. All are sums over samples, in their order, in double.
#include <algorithm>
#include <cmath>

#include "metrics/metric_checks.h"

namespace cnn {
namespace {

class SampleMean : public Metric {
 public:
  void reset() override {
    sums_.assign(names().size(), 0.0);
    samples_ = 0;
  }
  void keep(MetricTally& tally) override {
    tally(sums_);
    tally(samples_);
  }
  Scores result() const override {
    Scores scores;
    const std::vector<std::string> keys = names();
    for (size_t i = 0; i < keys.size(); ++i) {
      scores.emplace_back(keys[i], samples_ > 0 ? sums_[i] / static_cast<double>(samples_) : 0);
    }
    return scores;
  }

 protected:
  std::vector<double> sums_;  // by name
  int64_t samples_ = 0;
};

// Pictures against pictures; of scores the sigmoid is the picture.
class PictureMetric : public SampleMean {
 public:
  void setup(const MetricInputs& inputs) override {
    require_same_count(inputs);
    is_score_ = inputs.is_score;
    reset();
  }
  void add(const ConstView& output, const ConstView& target, std::span<const ConstView>) override {
    const int64_t count = output.shape.count();
    for (int64_t n = 0; n < output.batch; ++n) {
      double sum = 0;
      for (int64_t i = 0; i < count; ++i) {
        const auto x = static_cast<double>(output.sample(n)[i]);
        const double picture = is_score_ ? 1 / (1 + std::exp(-x)) : x;
        const double error = picture - static_cast<double>(target.data[n * count + i]);
        sum += error * error;
      }
      sums_[0] += value_of(sum / static_cast<double>(count));
      ++samples_;
    }
  }

 protected:
  virtual double value_of(double mean_square) const = 0;

 private:
  bool is_score_ = false;
};

class ReconstructionError final : public PictureMetric {
 public:
  std::vector<std::string> names() const override { return {"reconstruction_error"}; }

 protected:
  double value_of(double mean_square) const override { return mean_square; }
};

// 10 log10(peak^2 / mean squared error), at most 100 dB.
class Psnr final : public PictureMetric {
 public:
  void options(Options& o) override {
    o("peak", peak_, "the largest number that a pixel can have").primary().between(1e-6, 1e6);
  }
  std::vector<std::string> names() const override { return {"psnr"}; }

 protected:
  double value_of(double mean_square) const override {
    return 10 * std::log10(peak_ * peak_ / std::max(mean_square, 1e-10 * peak_ * peak_));
  }

 private:
  double peak_ = 1;
};

// log p(x|z) - KL(q(z|x) || N(0, 1)) in nats, for the z that the network used. Only for a z that is
// drawn from q its mean is a lower bound; at the mean of q it is above that, and is not called so.
class Elbo final : public SampleMean {
 public:
  void options(Options& o) override {
    o("code", code_, "the layers of the code's mean and log variance").primary().required();
    o.choice("likelihood", is_normal_, {{"bernoulli", false}, {"normal", true}},
             "of a pixel given the output: a coin whose score it is, or a normal distribution of "
             "variance 1 around it");
  }
  std::vector<std::string> reads() const override { return code_; }
  void setup(const MetricInputs& inputs) override {
    require_same_count(inputs);
    if (inputs.more.size() != 2 || inputs.more[0] != inputs.more[1]) {
      fail(Exit::kSpec, "",
           "needs two layers of one shape, mean and log variance: {{elbo: [mu, logvar]}}");
    }
    name_ = inputs.draws ? "elbo" : "at_mean";
    reset();
  }
  void add(const ConstView& output, const ConstView& target,
           std::span<const ConstView> more) override {
    const int64_t count = output.shape.count();
    for (int64_t n = 0; n < output.batch; ++n) {
      const double likelihood = log_likelihood(output.sample(n), target.data + n * count, count);
      const double divergence = kl(more[0].sample(n), more[1].sample(n), more[0].shape.count());
      sums_[0] += likelihood - divergence;
      sums_[1] += likelihood;
      sums_[2] += divergence;
      ++samples_;
    }
  }
  std::vector<std::string> names() const override {
    return {name_, name_ + "_reconstruction", name_ + "_kl"};
  }

 private:
  double log_likelihood(const float* output, const float* target, int64_t count) const {
    constexpr double kLogTwoPi = 1.8378770664093453;
    double sum = 0;
    for (int64_t i = 0; i < count; ++i) {
      const auto x = static_cast<double>(output[i]), t = static_cast<double>(target[i]);
      sum += is_normal_ ? -((x - t) * (x - t) + kLogTwoPi) / 2
                        : x * t - std::max(x, 0.0) - std::log1p(std::exp(-std::abs(x)));
    }
    return sum;
  }

  static double kl(const float* mean, const float* log_variance, int64_t count) {
    double sum = 0;
    for (int64_t i = 0; i < count; ++i) {
      const auto m = static_cast<double>(mean[i]), v = static_cast<double>(log_variance[i]);
      sum += (m * m + std::expm1(v) - v) / 2;
    }
    return sum;
  }

  std::vector<std::string> code_;
  std::string name_ = "elbo";
  bool is_normal_ = false;
};

// Metrics of one value alone.
class CodeMetric : public SampleMean {
 public:
  bool needs_target() const override { return false; }
  void setup(const MetricInputs&) override { reset(); }
  void add(const ConstView& output, const ConstView&, std::span<const ConstView>) override {
    for (int64_t n = 0; n < output.batch; ++n) {
      sums_[0] += value_of(output.sample(n), output.shape.count());
      ++samples_;
    }
  }

 protected:
  virtual double value_of(const float* numbers, int64_t count) const = 0;
};

class Activation final : public CodeMetric {
 public:
  std::vector<std::string> names() const override { return {"activation"}; }

 protected:
  double value_of(const float* numbers, int64_t count) const override {
    double sum = 0;
    for (int64_t i = 0; i < count; ++i) sum += static_cast<double>(numbers[i]);
    return sum / static_cast<double>(count);
  }
};

class Nonzeros final : public CodeMetric {
 public:
  std::vector<std::string> names() const override { return {"nonzeros"}; }

 protected:
  double value_of(const float* numbers, int64_t count) const override {
    return static_cast<double>(count - std::count(numbers, numbers + count, 0.0f));
  }
};

class MeanSquare final : public CodeMetric {
 public:
  std::vector<std::string> names() const override { return {"mean_square"}; }

 protected:
  double value_of(const float* numbers, int64_t count) const override {
    double sum = 0;
    for (int64_t i = 0; i < count; ++i) {
      sum += static_cast<double>(numbers[i]) * static_cast<double>(numbers[i]);
    }
    return sum / static_cast<double>(count);
  }
};

}  // namespace

extern const MetricType reconstruction_error_metric = {
    "reconstruction_error", "mean squared error of a number", "reconstruction_error",
    []() -> std::unique_ptr<Metric> { return std::make_unique<ReconstructionError>(); }};
extern const MetricType psnr_metric = {
    "psnr", "peak signal to noise ratio of an image in dB, the mean over images", "psnr",
    []() -> std::unique_ptr<Metric> { return std::make_unique<Psnr>(); }};
extern const MetricType elbo_metric = {
    "elbo",
    "evidence lower bound in nats, and its two parts; called at_mean where the code is its mean",
    "{elbo: [mu, logvar]}", []() -> std::unique_ptr<Metric> { return std::make_unique<Elbo>(); }};
extern const MetricType activation_metric = {
    "activation", "mean of all numbers of a layer", "{activation: ~, of: code}",
    []() -> std::unique_ptr<Metric> { return std::make_unique<Activation>(); }};
extern const MetricType nonzeros_metric = {
    "nonzeros", "how many numbers of a sample are not 0, on average", "{nonzeros: ~, of: code}",
    []() -> std::unique_ptr<Metric> { return std::make_unique<Nonzeros>(); }};
extern const MetricType mean_square_metric = {
    "mean_square", "mean square of a layer's numbers", "{mean_square: ~, of: code}",
    []() -> std::unique_ptr<Metric> { return std::make_unique<MeanSquare>(); }};

}  // namespace cnn
