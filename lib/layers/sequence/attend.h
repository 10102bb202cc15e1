// Attention of one head over one sample: every query takes the mean of the values, weighted by the
// softmax of its scores over the keys. What scores are is for `Scores` to say; the rest is shared
// by the layers attention and multihead_attention.
//   p[i,j] = softmax over j of scale s[i,j],  y[i] = sum over j of p[i,j] v[j]
//   dp = dy V^T,  ds[i,j] = scale p[i,j] (dp[i,j] - sum over k of p[i,k] dp[i,k]),  dV = P^T dy
//
// Queries are taken a few at a time over all keys that they see, so that only these scores exist;
// backward computes them again (Rabe & Staats 2021; Dao et al. 2022, "FlashAttention").
#pragma once

#include <cstdint>

#include "base/rng.h"

namespace cnn {

// Rows of numbers, `stride` apart.
struct Rows {
  float* data = nullptr;
  int64_t stride = 0;
  float* row(int64_t i) const { return data + i * stride; }
};
struct ConstRows {
  const float* data = nullptr;
  int64_t stride = 0;
  ConstRows(const float* from, int64_t apart) : data(from), stride(apart) {}
  ConstRows(const Rows& rows) : data(rows.data), stride(rows.stride) {}  // NOLINT: as pointers do
  const float* row(int64_t i) const { return data + i * stride; }
};

// The scores of one head of one sample, before they are scaled, and their gradients.
class Scores {
 public:
  // out[r, j] for queries first + r and the first `keys` keys.
  virtual void write(int64_t first, int64_t queries, int64_t keys, const Rows& out) const = 0;
  // From the gradient of these: overwrites that of the queries, adds to that of the keys.
  virtual void add_gradients(int64_t first, int64_t queries, int64_t keys,
                             const ConstRows& gradient) const = 0;

 protected:
  ~Scores() = default;
};

// The products of queries and keys [width].
class DotScores final : public Scores {
 public:
  // `scratch`: width * padded(keys) floats, for the keys turned. Gradients where add_gradients is
  // called.
  DotScores(int64_t width, const ConstRows& q, const ConstRows& k, int64_t keys, float* scratch,
            const Rows& dq = {}, const Rows& dk = {});
  void write(int64_t first, int64_t queries, int64_t keys, const Rows& out) const override;
  void add_gradients(int64_t first, int64_t queries, int64_t keys,
                     const ConstRows& gradient) const override;

 private:
  int64_t width_;
  ConstRows q_, k_;
  const float* turned_;
  int64_t padded_;
  Rows dq_, dk_;
};

// Which weights are dropped in training: number i * stride + j of the sample's random numbers,
// from `first` on, says it for query i and key j.
struct WeightDropout {
  double p = 0;
  Rng rng;
  int64_t first = 0, stride = 0;  // multiples of 4
};

class AttentionHead {
 public:
  int64_t queries = 0, keys = 0, value_width = 0;
  float scale = 1;
  bool causal = false;  // the last query sees all keys, every one before it one less
  const Scores* scores = nullptr;
  ConstRows values{nullptr, 0};
  const WeightDropout* dropout = nullptr;  // null: none
  float* scratch = nullptr;                // attention_scratch(keys, value_width) floats

  // out [queries, value_width]; log_sums [queries] are for backward. Without keys all are 0.
  // `weights`: if not null, `share` times the weights are added to it.
  void forward(const Rows& out, float* log_sums, const Rows& weights, float share) const;
  // Adds to the gradient of the values.
  void backward(const float* log_sums, const ConstRows& grad_out, const Rows& grad_values) const;

 private:
  int64_t seen(int64_t query) const;  // keys from the first on
  void weigh(int64_t query, int64_t count, float log_sum, float* row) const;
  // body(first key, factors of the dropped weights, how many) over the first `count` keys.
  template <class Body>
  void over_dropped(int64_t query, int64_t count, Body body) const;
};

// Rows of scores are that many floats apart.
inline int64_t padded(int64_t keys) { return (keys + 15) / 16 * 16; }
// Floats of scratch of a head, for its scores not counted.
int64_t attention_scratch(int64_t keys, int64_t value_width);

}  // namespace cnn
