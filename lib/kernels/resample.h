// Resample: images whose rows and columns are linear combinations of another image's: cropping,
// padding, nearest and bilinear interpolation. A table for each axis says which input indices an
// output index reads, with which weights; a pixel's weight is the product of its row's and its
// column's. The gradient is the same thing with the tables transposed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cnn {

// Weighted sums along one axis: out[i] = sum of weight * in[from] over the taps of i.
class AxisMap {
 public:
  struct Tap {
    int64_t from = 0;
    float weight = 1;
  };

  AxisMap() = default;
  // Output i is input i - before; what is outside is 0. `before` < 0 cuts.
  static AxisMap shifted(int64_t in, int64_t out, int64_t before);
  // The same, but what is outside repeats the edge, or mirrors the image at it (the edge itself
  // once; before and behind less than `in`).
  static AxisMap repeated(int64_t in, int64_t out, int64_t before);
  static AxisMap mirrored(int64_t in, int64_t out, int64_t before);
  // Output i is input floor(i * in / out).
  static AxisMap nearest(int64_t in, int64_t out);
  // Linear between the two nearest centres of input pixels; with `align_corners` the first and the
  // last pixels' centres coincide, else the images' edges.
  static AxisMap linear(int64_t in, int64_t out, bool align_corners);

  int64_t in() const { return in_; }
  int64_t out() const { return static_cast<int64_t>(first_.size()) - 1; }
  AxisMap transposed() const;

  const Tap* begin(int64_t i) const { return taps_.data() + first_[static_cast<size_t>(i)]; }
  const Tap* end(int64_t i) const { return taps_.data() + first_[static_cast<size_t>(i) + 1]; }
  // The most taps of one output.
  int64_t most_taps() const;
  // The number of outputs from i on that are plain copies of inputs that follow each other.
  int64_t run(int64_t i) const { return runs_[static_cast<size_t>(i)]; }

 private:
  explicit AxisMap(int64_t in) : in_(in), first_{0} {}
  template <class Index>
  static AxisMap by_index(int64_t in, int64_t out, Index index);
  void add(int64_t from, float weight) { taps_.push_back({from, weight}); }
  void next() { first_.push_back(static_cast<int64_t>(taps_.size())); }
  void find_runs();

  int64_t in_ = 0;
  std::vector<int64_t> first_;  // by output: its first tap; one more at the end
  std::vector<Tap> taps_;
  std::vector<int64_t> runs_;
};

// out [batch, rows.out(), columns.out(), channels] (+)= in [batch, rows.in(), columns.in(),
// channels].
void resample(const AxisMap& rows, const AxisMap& columns, int64_t channels, int64_t batch,
              const float* in, bool add, float* out);

}  // namespace cnn
