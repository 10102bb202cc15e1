#include "metrics/confusion.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"

namespace cnn {

int64_t arg_max(const float* values, int64_t count) {
  return std::max_element(values, values + count) - values;
}

std::optional<int64_t> class_of(float target, int64_t classes, std::optional<int64_t> ignore) {
  if (ignore && target == static_cast<float>(*ignore)) return std::nullopt;
  if (!(target >= 0 && target < static_cast<float>(classes))) {
    fail(Exit::kInput, "", "target {} is none of the classes 0 to {}", target, classes - 1);
  }
  return static_cast<int64_t>(target);
}

ConfusionMatrix::ConfusionMatrix(int64_t classes)
    : classes_(classes), counts_(static_cast<size_t>(classes * classes), 0) {
  CNN_ASSERT(classes >= 0 && classes <= kMostClasses);
}

void ConfusionMatrix::add(const ConstView& output, const ConstView& target,
                          std::optional<int64_t> ignore) {
  CNN_ASSERT(output.channels() == classes_ && output.rows() == target.count());
  for (int64_t row = 0; row < output.rows(); ++row) {
    if (const auto truth = class_of(target.data[row], classes_, ignore)) {
      add(*truth, arg_max(output.data + row * classes_, classes_));
    }
  }
}

void ConfusionMatrix::reset() { std::fill(counts_.begin(), counts_.end(), 0); }

int64_t ConfusionMatrix::total() const {
  return std::accumulate(counts_.begin(), counts_.end(), int64_t{0});
}

double ConfusionMatrix::accuracy() const {
  int64_t right = 0;
  for (int64_t c = 0; c < classes_; ++c) right += at(c, c);
  const int64_t all = total();
  return all > 0 ? static_cast<double>(right) / static_cast<double>(all) : 0;
}

ConfusionMatrix::ClassScore ConfusionMatrix::score(int64_t class_number) const {
  int64_t truths = 0, predictions = 0;
  for (int64_t other = 0; other < classes_; ++other) {
    truths += at(class_number, other);
    predictions += at(other, class_number);
  }
  const auto ratio = [](int64_t a, int64_t b) {
    return b > 0 ? static_cast<double>(a) / static_cast<double>(b) : 0.0;
  };
  const int64_t right = at(class_number, class_number);
  return {ratio(right, predictions), ratio(right, truths), ratio(2 * right, truths + predictions),
          truths};
}

}  // namespace cnn
