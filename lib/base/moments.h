// The mean of numbers and how far they lie around it, one number after another: nothing large is
// subtracted from anything large. Welford 1962, "Note on a method for calculating corrected sums of
// squares and products".
#pragma once

#include <cmath>

namespace cnn {

struct Moments {
  double count = 0;
  double mean = 0;
  double distances = 0;  // squares of the distances from the mean, added up

  void add(double x) {
    count += 1;
    const double distance = x - mean;
    mean += distance / count;
    distances += distance * (x - mean);
  }
  // Of these numbers themselves, not of what they were drawn from; NaN without any.
  double deviation() const { return std::sqrt(distances / count); }
};

}  // namespace cnn
