// ConfusionMatrix: counts of (true class, predicted class), and what follows from them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tensor/view.h"

namespace cnn {

class ConfusionMatrix {
 public:
  static constexpr int64_t kMostClasses = 4096;  // the table has the square of it

  explicit ConfusionMatrix(int64_t classes = 0);
  int64_t classes() const { return classes_; }
  int64_t at(int64_t truth, int64_t predicted) const { return counts_[index(truth, predicted)]; }
  void add(int64_t truth, int64_t predicted) { ++counts_[index(truth, predicted)]; }
  // Adds the arg max of every position of a batch; targets equal to `ignore` are left out. A target
  // that is no class is Exit::kInput.
  void add(const ConstView& output, const ConstView& target, std::optional<int64_t> ignore);
  void reset();
  // Rows of true classes, one after another.
  std::vector<int64_t>& counts() { return counts_; }
  int64_t total() const;
  double accuracy() const;  // 0 without samples

  // Of one class; 0 where the denominator is 0.
  struct ClassScore {
    double precision = 0, recall = 0, f1 = 0;
    int64_t samples = 0;  // of that true class
  };
  ClassScore score(int64_t class_number) const;

 private:
  size_t index(int64_t truth, int64_t predicted) const {
    return static_cast<size_t>(truth * classes_ + predicted);
  }
  int64_t classes_;
  std::vector<int64_t> counts_;
};

// The index of the largest of `count` values; the first of equals.
int64_t arg_max(const float* values, int64_t count);

// A target as a class number: nothing if it equals `ignore`; Exit::kInput if it is none of 0 ..
// classes-1.
std::optional<int64_t> class_of(float target, int64_t classes, std::optional<int64_t> ignore);

}  // namespace cnn
