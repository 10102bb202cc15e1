#include "model/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace cnn {
namespace {

// From `from` at x = 0 down (or up) to `to` at x = 1 along half a cosine.
double half_cosine(double from, double to, double x) {
  return to + (from - to) * (1 + std::cos(std::numbers::pi * std::clamp(x, 0.0, 1.0))) / 2;
}

class Constant final : public Schedule {
 protected:
  void own_options(Options&) override {}
  double value(double base, double, double) const override { return base; }
};

class Step final : public Schedule {
 protected:
  void own_options(Options& o) override {
    o("every", every_, "time between two drops").primary().required().aliases({"step_size"});
    o("gamma", gamma_, "factor of each drop").at_least(0);
  }
  double value(double base, double t, double) const override {
    return base * std::pow(gamma_, std::floor(t / every_));
  }

 public:
  const char* conflict() const override {
    return every_ > 0 ? nullptr : "the time between two drops must be above 0";
  }

 private:
  double every_ = 30;
  double gamma_ = 0.1;
};

class MultiStep final : public Schedule {
 protected:
  void own_options(Options& o) override {
    o("milestones", milestones_, "times of the drops").primary().required();
    o("gamma", gamma_, "factor of each drop").at_least(0);
  }
  double value(double base, double t, double) const override {
    const auto passed = std::count_if(milestones_.begin(), milestones_.end(),
                                      [t](double milestone) { return milestone <= t; });
    return base * std::pow(gamma_, static_cast<double>(passed));
  }

 private:
  std::vector<double> milestones_;
  double gamma_ = 0.1;
};

class Exponential final : public Schedule {
 protected:
  void own_options(Options& o) override {
    o("gamma", gamma_, "factor of one unit of time").primary().required().at_least(0);
  }
  double value(double base, double t, double) const override { return base * std::pow(gamma_, t); }

 private:
  double gamma_ = 0.95;
};

class Polynomial final : public Schedule {
 protected:
  void own_options(Options& o) override {
    o("power", power_, "1 is a straight line").primary().at_least(0);
    o("end", end_, "learning rate at the end").at_least(0);
  }
  double value(double base, double t, double total) const override {
    return end_ + (base - end_) * std::pow(std::max(0.0, 1 - t / total), power_);
  }

 private:
  double power_ = 1;
  double end_ = 0;
};

class Cosine final : public Schedule {
 protected:
  void own_options(Options& o) override {
    o("end", end_, "learning rate at the end").primary().at_least(0);
  }
  double value(double base, double t, double total) const override {
    return half_cosine(base, end_, t / total);
  }

 private:
  double end_ = 0;
};

class OneCycle final : public Schedule {
 protected:
  void own_options(Options& o) override {
    o("rise", rise_, "share of the run in which the rate rises").primary().between(0, 1);
    o("div", div_, "the rate starts at the optimizer's divided by this").at_least(1);
    o("final_div", final_div_, "the rate ends at its start divided by this").at_least(1);
  }
  double value(double base, double t, double total) const override {
    const double x = t / total;
    const double start = base / div_;
    if (x < rise_) return half_cosine(start, base, x / rise_);
    const double fall = rise_ < 1 ? (x - rise_) / (1 - rise_) : 0;
    return half_cosine(base, start / final_div_, fall);
  }

 private:
  double rise_ = 0.3;
  double div_ = 25;
  double final_div_ = 1e4;
};

template <class T>
std::unique_ptr<Schedule> make() {
  return std::make_unique<T>();
}

const ScheduleType kTypes[] = {
    {"constant", "the optimizer's rate throughout", "constant", make<Constant>},
    {"step", "a drop every so often", "{step: 30, gamma: 0.1}", make<Step>},
    {"multistep", "drops at given times", "{multistep: [60, 80], gamma: 0.1}", make<MultiStep>},
    {"exponential", "a steady decline", "{exponential: 0.95}", make<Exponential>},
    {"polynomial", "down to `end` along a power of the time left", "{polynomial: 0.9}",
     make<Polynomial>},
    {"cosine", "down to `end` along half a cosine", "{cosine: 0, warmup: 5}", make<Cosine>},
    {"one_cycle", "up to the optimizer's rate, then far down", "{one_cycle: 0.3}", make<OneCycle>},
};

}  // namespace

void Schedule::options(Options& o) {
  own_options(o);
  o.choice("unit", unit_, {{"epochs", Unit::kEpochs}, {"steps", Unit::kSteps}},
           "what this schedule's times are counted in");
  o("warmup", warmup_, "time in which the rate rises to its full value").at_least(0);
  o("warmup_from", warmup_from_, "factor of the rate at the start of the warm-up").between(0, 1);
}

double Schedule::rate(double base, int64_t step, int64_t steps_per_epoch,
                      int64_t total_steps) const {
  const double unit =
      unit_ == Unit::kEpochs ? static_cast<double>(std::max<int64_t>(steps_per_epoch, 1)) : 1.0;
  const double t = static_cast<double>(step) / unit;
  const double total = static_cast<double>(std::max<int64_t>(total_steps, 1)) / unit;
  double rate = value(base, t, total);
  if (t < warmup_) rate *= warmup_from_ + (1 - warmup_from_) * t / warmup_;
  return rate;
}

std::span<const ScheduleType> schedule_types() { return kTypes; }

std::vector<std::string> schedule_names() {
  std::vector<std::string> names;
  for (const ScheduleType& type : kTypes) names.push_back(type.name);
  return names;
}

std::unique_ptr<Schedule> make_schedule(std::string_view name) {
  for (const ScheduleType& type : kTypes) {
    if (type.name == name) return type.make();
  }
  return nullptr;
}

std::unique_ptr<Schedule> read_schedule(const Node& node, Diagnostics& diagnostics) {
  const std::optional<OpChoice> op = op_of(node, schedule_names(), "schedule", diagnostics);
  if (!op) return nullptr;
  std::unique_ptr<Schedule> schedule = make_schedule(op->name);
  Options options;
  schedule->options(options);
  if (!options.read_op(node, op->name, "schedule '" + op->name + "'", diagnostics)) return nullptr;
  if (const char* conflict = schedule->conflict()) {
    diagnostics.report(op->mark, conflict);
    return nullptr;
  }
  return schedule;
}

}  // namespace cnn
