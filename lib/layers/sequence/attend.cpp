#include "layers/sequence/attend.h"

#include <algorithm>
#include <cmath>

#include "kernels/tile_product.h"
#include "kernels/turn.h"
#include "kernels/vector_math.h"

namespace cnn {
namespace {

constexpr int64_t kQueries = 16;  // at a time: causal ones leave out half of the keys

// s becomes the gradient of the scores, from that of the weights p.
void through_softmax(const float* p, int64_t count, float scale, float* s) {
  const float mean = row_sum(count, [=](int64_t j) { return p[j] * s[j]; });
#pragma GCC ivdep
  for (int64_t j = 0; j < count; ++j) s[j] = scale * p[j] * (s[j] - mean);
}

}  // namespace

int64_t attention_scratch(int64_t keys, int64_t value_width) {
  return (value_width + 2 * kQueries) * padded(keys);
}

DotScores::DotScores(int64_t width, const ConstRows& q, const ConstRows& k, int64_t keys,
                     float* scratch, const Rows& dq, const Rows& dk)
    : width_(width), q_(q), k_(k), turned_(scratch), padded_(padded(keys)), dq_(dq), dk_(dk) {
  turn(k.data, k.stride, keys, width, scratch, padded_);
}

void DotScores::write(int64_t first, int64_t queries, int64_t keys, const Rows& out) const {
  tile_product({.a = q_.row(first),
                .a_row = q_.stride,
                .a_column = 1,
                .b = turned_,
                .ldb = padded_,
                .depth = width_,
                .c = out.data,
                .ldc = out.stride,
                .add = false},
               queries, keys);
}

void DotScores::add_gradients(int64_t first, int64_t queries, int64_t keys,
                              const ConstRows& gradient) const {
  tile_product({.a = gradient.data,
                .a_row = gradient.stride,
                .a_column = 1,
                .b = k_.data,
                .ldb = k_.stride,
                .depth = keys,
                .c = dq_.row(first),
                .ldc = dq_.stride,
                .add = false},
               queries, width_);
  tile_product({.a = gradient.data,
                .a_row = 1,
                .a_column = gradient.stride,
                .b = q_.row(first),
                .ldb = q_.stride,
                .depth = queries,
                .c = dk_.data,
                .ldc = dk_.stride,
                .add = true},
               keys, width_);
}

int64_t AttentionHead::seen(int64_t query) const {
  return causal ? std::clamp<int64_t>(query + 1 + keys - queries, 0, keys) : keys;
}

// Scores become weights.
void AttentionHead::weigh(int64_t query, int64_t count, float log_sum, float* row) const {
  const int64_t own = std::min(count, seen(query));
  const float factor = scale;
#pragma GCC ivdep
  for (int64_t j = 0; j < own; ++j) row[j] = fast_exp(factor * row[j] - log_sum);
  std::fill(row + own, row + count, 0.0f);
}

template <class Body>
void AttentionHead::over_dropped(int64_t query, int64_t count, Body body) const {
  constexpr int64_t kAtOnce = 256;
  uint32_t words[kAtOnce];
  float factors[kAtOnce];
  const auto threshold = static_cast<uint64_t>(std::ldexp(dropout->p, 32));
  const auto last_dropped = static_cast<uint32_t>(std::max<uint64_t>(threshold, 1) - 1);
  const float kept = dropout->p < 1 ? static_cast<float>(1 / (1 - dropout->p)) : 0.0f;
  const int64_t first = dropout->first + query * dropout->stride;
  for (int64_t j = 0; j < count; j += kAtOnce) {
    const int64_t part = std::min(kAtOnce, count - j);
    dropout->rng.fill_bits(static_cast<uint64_t>((first + j) / 4), (part + 3) / 4, words);
    for (int64_t i = 0; i < part; ++i) factors[i] = words[i] > last_dropped ? kept : 0.0f;
    body(j, factors, part);
  }
}

void AttentionHead::forward(const Rows& out, float* log_sums, const Rows& weights,
                            float share) const {
  const Rows block{scratch, padded(keys)};
  for (int64_t first = 0; first < queries; first += kQueries) {
    const int64_t count = std::min(kQueries, queries - first);
    const int64_t most = seen(first + count - 1);
    scores->write(first, count, most, block);
    for (int64_t r = 0; r < count; ++r) {
      float* row = block.row(r);
      const int64_t i = first + r, own = seen(i);
      log_sums[i] = 0;
      if (own > 0) {
        const float largest = scale * row_max(row, own);
        weigh(i, most, largest, row);
        const float sum = row_sum(own, [=](int64_t j) { return row[j]; });
        const float factor = 1 / sum;
        for (int64_t j = 0; j < own; ++j) row[j] *= factor;
        log_sums[i] = largest + std::log(sum);
      } else {
        std::fill_n(row, most, 0.0f);
      }
      for (int64_t j = 0; weights.data != nullptr && j < own; ++j) {
        weights.row(i)[j] += share * row[j];
      }
      if (dropout == nullptr) continue;
      over_dropped(i, own, [=](int64_t j, const float* factors, int64_t part) {
        for (int64_t k = 0; k < part; ++k) row[j + k] *= factors[k];
      });
    }
    tile_product({.a = block.data,
                  .a_row = block.stride,
                  .a_column = 1,
                  .b = values.data,
                  .ldb = values.stride,
                  .depth = most,
                  .c = out.row(first),
                  .ldc = out.stride,
                  .add = false},
                 count, value_width);
  }
}

void AttentionHead::backward(const float* log_sums, const ConstRows& grad_out,
                             const Rows& grad_values) const {
  const int64_t stride = padded(keys);
  const Rows weights{scratch, stride}, slopes{scratch + kQueries * stride, stride};
  float* turned = scratch + 2 * kQueries * stride;
  turn(values.data, values.stride, keys, value_width, turned, stride);
  for (int64_t first = 0; first < queries; first += kQueries) {
    const int64_t count = std::min(kQueries, queries - first);
    const int64_t most = seen(first + count - 1);
    scores->write(first, count, most, weights);
    tile_product({.a = grad_out.row(first),
                  .a_row = grad_out.stride,
                  .a_column = 1,
                  .b = turned,
                  .ldb = stride,
                  .depth = value_width,
                  .c = slopes.data,
                  .ldc = stride,
                  .add = false},
                 count, most);
    for (int64_t r = 0; r < count; ++r) {
      const int64_t i = first + r;
      float *p = weights.row(r), *s = slopes.row(r);
      weigh(i, most, log_sums[i], p);
      if (dropout == nullptr) {
        through_softmax(p, most, scale, s);
        continue;
      }
      over_dropped(i, most, [=](int64_t j, const float* factors, int64_t part) {
        for (int64_t k = 0; k < part; ++k) s[j + k] *= factors[k];
      });
      through_softmax(p, most, scale, s);
      over_dropped(i, most, [=](int64_t j, const float* factors, int64_t part) {
        for (int64_t k = 0; k < part; ++k) p[j + k] *= factors[k];
      });
    }
    tile_product({.a = weights.data,
                  .a_row = 1,
                  .a_column = stride,
                  .b = grad_out.row(first),
                  .ldb = grad_out.stride,
                  .depth = count,
                  .c = grad_values.data,
                  .ldc = grad_values.stride,
                  .add = true},
                 most, value_width);
    scores->add_gradients(first, count, most, slopes);
  }
}

}  // namespace cnn
