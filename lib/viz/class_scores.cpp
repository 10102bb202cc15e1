#include "viz/class_scores.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "base/error.h"
#include "metrics/softmax.h"

namespace cnn {
namespace {

// One sample's scores: positions rows of channels numbers.
struct Rows {
  const float* data = nullptr;
  int64_t positions = 1, channels = 1;

  Rows(const ConstView& scores, int64_t n)
      : data(scores.sample(n)),
        positions(scores.shape.positions()),
        channels(scores.shape.channels()) {}
  const float* row(int64_t p) const { return data + p * channels; }
  bool is_map() const { return positions > 1; }
  bool is_binary() const { return channels == 1; }
  // One score is that of class 1 against class 0.
  int64_t channel_of(int64_t number) const { return is_binary() ? 0 : number; }
  double sign_of(int64_t number) const { return is_binary() && number == 0 ? -1 : 1; }
  int64_t winner(int64_t p) const {
    if (is_binary()) return row(p)[0] > 0 ? 1 : 0;
    return std::max_element(row(p), row(p) + channels) - row(p);
  }
};

double probability_of(const float* scores, int64_t channels, int64_t number) {
  if (channels == 1) {
    const double x = static_cast<double>(scores[0]);
    return 1 / (1 + std::exp(number == 1 ? -x : x));
  }
  return softmax({scores, static_cast<size_t>(channels)})[static_cast<size_t>(number)];
}

// Whether pixel p counts for the class: all do where none is won.
std::vector<char> won_by(const Rows& rows, int64_t number) {
  std::vector<char> won(static_cast<size_t>(rows.positions));
  for (int64_t p = 0; p < rows.positions; ++p) {
    won[static_cast<size_t>(p)] = !rows.is_map() || rows.winner(p) == number;
  }
  if (std::count(won.begin(), won.end(), 1) == 0) std::fill(won.begin(), won.end(), 1);
  return won;
}

}  // namespace

int64_t class_count(const Shape& scores) { return scores.channels() == 1 ? 2 : scores.channels(); }

ClassScore class_score(const ConstView& scores, int64_t n, int64_t number) {
  CNN_ASSERT(number >= 0 && number < class_count(scores.shape));
  const Rows rows(scores, n);
  ClassScore result{number, 0, 0};
  if (!rows.is_map()) {
    result.score = rows.sign_of(number) * static_cast<double>(rows.data[rows.channel_of(number)]);
    result.probability = probability_of(rows.data, rows.channels, number);
    return result;
  }
  const std::vector<char> won = won_by(rows, number);
  int64_t pixels = 0;
  for (int64_t p = 0; p < rows.positions; ++p) {
    if (rows.winner(p) == number) ++pixels;
    if (won[static_cast<size_t>(p)] == 0) continue;
    result.score +=
        rows.sign_of(number) * static_cast<double>(rows.row(p)[rows.channel_of(number)]);
  }
  result.probability = static_cast<double>(pixels) / static_cast<double>(rows.positions);
  return result;
}

std::vector<ClassScore> ranked_classes(const ConstView& scores, int64_t n) {
  std::vector<ClassScore> classes;
  for (int64_t c = 0; c < class_count(scores.shape); ++c) {
    classes.push_back(class_score(scores, n, c));
  }
  std::stable_sort(classes.begin(), classes.end(), [](const ClassScore& a, const ClassScore& b) {
    return a.probability > b.probability;
  });
  return classes;
}

void seed_class(const ConstView& scores, int64_t n, int64_t number, const View& seed) {
  const Rows rows(scores, n);
  const std::vector<char> won = won_by(rows, number);
  float* out = seed.sample(n);
  std::fill_n(out, scores.shape.count(), 0.0f);
  for (int64_t p = 0; p < rows.positions; ++p) {
    if (won[static_cast<size_t>(p)] == 0) continue;
    out[p * rows.channels + rows.channel_of(number)] = static_cast<float>(rows.sign_of(number));
  }
}

}  // namespace cnn
