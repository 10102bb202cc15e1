// Schedules: the learning rate as a pure function of the step. With b the optimizer's rate, t the
// training time so far and T its end, both in epochs (`unit: steps` counts updates instead):
//
//   constant     b
//   step         b * gamma^floor(t / every)
//   multistep    b * gamma^(number of milestones <= t)
//   exponential  b * gamma^t
//   polynomial   end + (b - end) * (1 - t/T)^power
//   cosine       end + (b - end) * (1 + cos(pi t/T)) / 2                     (Loshchilov 2017)
//   one_cycle    cosine from b/div up to b at rise*T, then cosine down to b/div/final_div at T
//                                                                            (Smith 2018)
//
// t is taken at the start of each update, so it grows within an epoch. Each schedule has a warm-up:
// for t < warmup its value is multiplied by warmup_from + (1 - warmup_from) * t / warmup.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "spec/options.h"

namespace cnn {

class Schedule {
 public:
  enum class Unit { kEpochs, kSteps };

  virtual ~Schedule() = default;

  // The schedule's own options, then unit, warmup and warmup_from.
  void options(Options& o);
  // Problems that no single option shows; null if there are none.
  virtual const char* conflict() const { return nullptr; }

  // The rate of update `step` (from 0) in a run of `total_steps`.
  double rate(double base, int64_t step, int64_t steps_per_epoch, int64_t total_steps) const;

 protected:
  virtual void own_options(Options& o) = 0;
  // t and total in the unit; total > 0.
  virtual double value(double base, double t, double total) const = 0;

 private:
  Unit unit_ = Unit::kEpochs;
  double warmup_ = 0;
  double warmup_from_ = 0.01;
};

struct ScheduleType {
  const char* name;
  const char* summary;
  const char* example;
  std::unique_ptr<Schedule> (*make)();
};
std::span<const ScheduleType> schedule_types();
std::vector<std::string> schedule_names();
std::unique_ptr<Schedule> make_schedule(std::string_view name);  // null if there is none

// `constant`, {cosine: 0, warmup: 5}; null after a report.
std::unique_ptr<Schedule> read_schedule(const Node& node, Diagnostics& diagnostics);

}  // namespace cnn
