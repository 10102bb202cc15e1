// What metrics share.
#pragma once

#include "metrics/metrics.h"

namespace cnn {

// Throws Exit::kSpec unless the target has one number for every position of the output.
void require_positions(const MetricInputs& inputs);
// ... unless it has, and the output one score a class, of two classes or more.
void require_class_scores(const MetricInputs& inputs);
// ... unless output and target have as many numbers.
void require_same_count(const MetricInputs& inputs);
// ... if the square of `classes` is too large a table.
void require_countable(int64_t classes);

}  // namespace cnn
