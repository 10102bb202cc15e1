#include "kernels/batch_norm.h"

#include <algorithm>

#include "base/parallel.h"
#include "kernels/channel_rows.h"
#include "kernels/finish.h"

namespace cnn {
namespace {

constexpr int64_t kMaxColumns = 1024;     // of one task of sums: its running sums stay on the stack
constexpr int64_t kMaxPartials = 8192;    // channels of all chunks of rows together
constexpr int64_t kFirstBlock = 8192;     // floats: read twice, so within the first cache
constexpr int64_t kFewestFloats = 16384;  // of a chunk of rows

// Rows that are summed in float: eight at a time in pairs, or one by one.
int64_t block_rows(const ChannelRows& m) { return m.in_order ? 64 : 256; }

int64_t max_chunks(int64_t channels) { return std::clamp<int64_t>(kMaxPartials / channels, 4, 32); }

// Chunks of rows times blocks of columns, with one partial result of each chunk.
struct SumTasks {
  explicit SumTasks(const ChannelRows& m)
      : grain(std::max({int64_t{1}, (kFewestFloats + m.width - 1) / m.width,
                        (m.count + max_chunks(m.channels) - 1) / max_chunks(m.channels)})),
        chunks(chunk_count(m.count, grain)),
        columns(std::min(m.width, kMaxColumns)),
        column_blocks((m.width + columns - 1) / columns) {}

  // task(chunk, first row, last row, first column, last column)
  template <class Task>
  void run(const ChannelRows& m, Task&& task) const {
    parallel_for(chunks * column_blocks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t chunk = i / column_blocks, column = i % column_blocks * columns;
        task(chunk, chunk * grain, std::min((chunk + 1) * grain, m.count), column,
             std::min(column + columns, m.width));
      }
    });
  }

  int64_t grain, chunks, columns, column_blocks;
};

// Two running sums for each column of a task.
struct ColumnSums {
  alignas(64) float first[kMaxColumns];
  alignas(64) float second[kMaxColumns];

  void clear(int64_t columns) {
    std::fill_n(first, columns, 0.0f);
    std::fill_n(second, columns, 0.0f);
  }

  template <class L>
  void add(int64_t column, int64_t n, typename L::Vector a, typename L::Vector b) {
    using V = typename L::Vector;
    store_lanes<V, L::kWhole>(first + column, load_lanes<V, L::kWhole>(first + column, n) + a, n);
    store_lanes<V, L::kWhole>(second + column, load_lanes<V, L::kWhole>(second + column, n) + b, n);
  }

  void fold(int64_t columns, int64_t channels) {
    fold_rows(first, columns, channels);
    fold_rows(second, columns, channels);
  }
};

// The moments of a chunk of rows, for the channels of one task.
class ChunkMoments {
 public:
  ChunkMoments(const ChannelRows& m, const float* in, int64_t begin, int64_t end, double* mean,
               double* squares)
      : m_(m),
        in_(in),
        begin_(begin),
        end_(end),
        channels_(std::min(end - begin, m.channels)),
        mean_(mean + begin),
        squares_(squares + begin) {}

  void run(int64_t first, int64_t last) {
    std::fill_n(squares_, channels_, 0.0);
    int64_t row = std::min(last, first + std::max<int64_t>(8, kFirstBlock / (end_ - begin_)));
    guess_mean(first, row);
    add_block(first, row);
    for (const int64_t rows = block_rows(m_); row < last; row += rows) {
      set_shift();
      add_block(row, std::min(row + rows, last));
    }
  }

 private:
  // The mean of a few rows, good enough to take deviations from.
  void guess_mean(int64_t first, int64_t last) {
    std::fill_n(shift_, end_ - begin_, 0.0f);
    sums_of(first, last);
    const double share = 1 / static_cast<double>(m_.rows_in(first, last));
    for (int64_t c = 0; c < channels_; ++c) mean_[c] = static_cast<double>(sums_.first[c]) * share;
    set_shift();
    for (int64_t c = 0; c < channels_; ++c) mean_[c] = static_cast<double>(shift_[c]);
  }

  void set_shift() {
    for (int64_t c = 0; c < channels_; ++c) shift_[c] = static_cast<float>(mean_[c]);
    for (int64_t c = channels_; c < end_ - begin_; ++c) shift_[c] = shift_[c - channels_];
  }

  // Sums of x - shift and of its square.
  void sums_of(int64_t first, int64_t last) {
    sums_.clear(end_ - begin_);
    sweep<8>(m_, first, last, begin_, end_,
             [&](auto lanes, auto rows, int64_t at, int64_t column, int64_t n) {
               using L = decltype(lanes);
               using V = typename L::Vector;
               constexpr int kRows = decltype(rows)::value;
               const V shift = load_lanes<V, L::kWhole>(shift_ + column - begin_, n);
               V x[kRows], square[kRows];
               for (int r = 0; r < kRows; ++r) {
                 x[r] = load_lanes<V, L::kWhole>(in_ + at + r * m_.width, n) - shift;
                 square[r] = x[r] * x[r];
               }
               sums_.add<L>(column - begin_, n, pairwise_sum<kRows>(x),
                            pairwise_sum<kRows>(square));
             });
    sums_.fold(end_ - begin_, channels_);
  }

  // Joins a block to the rows before it.
  void add_block(int64_t first, int64_t last) {
    sums_of(first, last);
    const auto rows = static_cast<double>(m_.rows_in(first, last));
    const double share = rows / (rows_ + rows), both = rows_ * share, inverse = 1 / rows;
    for (int64_t c = 0; c < channels_; ++c) {
      const auto sum = static_cast<double>(sums_.first[c]);
      const auto squares = static_cast<double>(sums_.second[c]);
      const double apart = static_cast<double>(shift_[c]) + sum * inverse - mean_[c];
      squares_[c] += std::max(0.0, squares - sum * sum * inverse) + apart * apart * both;
      mean_[c] += apart * share;
    }
    rows_ += rows;
  }

  const ChannelRows& m_;
  const float* in_;
  int64_t begin_, end_;  // columns
  int64_t channels_;
  double* mean_;
  double* squares_;
  double rows_ = 0;  // so far
  ColumnSums sums_;
  alignas(64) float shift_[kMaxColumns];
};

// The channels' parameters of backward, one for every column of a wide row.
struct BackwardRows {
  BackwardRows(const ChannelRows& m, const BatchNormBackward& call, bool from_in)
      : mean(m, call.mean),
        scale(m, from_in ? call.scale : nullptr),
        bias(m, from_in ? call.bias : nullptr) {}
  RepeatedRow mean, scale, bias;
};

// Where a rectifier's gradient comes from.
enum class Mask { kNone, kOut, kIn };

template <class Body>
void with_mask(const BatchNormBackward& call, Body&& body) {
  if (call.rectifier.is_identity()) {
    body(std::integral_constant<Mask, Mask::kNone>{});
  } else if (call.out != nullptr) {
    body(std::integral_constant<Mask, Mask::kOut>{});
  } else {
    body(std::integral_constant<Mask, Mask::kIn>{});
  }
}

// g and x - mean of n elements.
template <class L, Mask kMask>
struct Element {
  using V = typename L::Vector;
  V g, deviation;

  Element(const BatchNormBackward& call, const BackwardRows& p, int64_t at, int64_t column,
          int64_t n) {
    g = load_lanes<V, L::kWhole>(call.grad_out + at, n);
    deviation =
        load_lanes<V, L::kWhole>(call.in + at, n) - load_lanes<V, L::kWhole>(p.mean + column, n);
    if constexpr (kMask != Mask::kNone) {
      const V y = kMask == Mask::kOut ? load_lanes<V, L::kWhole>(call.out + at, n)
                                      : deviation * load_lanes<V, L::kWhole>(p.scale + column, n) +
                                            load_lanes<V, L::kWhole>(p.bias + column, n);
      g = Rectify<V>(call.rectifier).gradient(g, y);
    }
  }
};

// pass(first row, last row) for chunks of about 128 KiB, from the last to the first: the sums that
// were taken before have left the last rows in the cache.
template <class Pass>
void backwards(const ChannelRows& m, Pass&& pass) {
  const int64_t grain = std::max<int64_t>(1, 32768 / m.width), chunks = chunk_count(m.count, grain);
  parallel_for(chunks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = (chunks - 1 - i) * grain;
      pass(first, std::min(first + grain, m.count));
    }
  });
}

template <bool kRectifies, bool kResidual>
void output(const BatchNormForward& call, const ChannelRows& m, float* out) {
  const RepeatedRow mean(m, call.mean), scale(m, call.scale), bias(m, call.bias);
  backwards(m, [&](int64_t first, int64_t last) {
    sweep<4>(m, first, last, 0, m.width,
             [&](auto lanes, auto rows, int64_t at, int64_t column, int64_t n) {
               using L = decltype(lanes);
               using V = typename L::Vector;
               const V middle = load_lanes<V, L::kWhole>(mean + column, n);
               const V factor = load_lanes<V, L::kWhole>(scale + column, n);
               const V offset = load_lanes<V, L::kWhole>(bias + column, n);
               for (int r = 0; r < decltype(rows)::value; ++r) {
                 const int64_t i = at + r * m.width;
                 V v = (load_lanes<V, L::kWhole>(call.in + i, n) - middle) * factor + offset;
                 if constexpr (kResidual) v += load_lanes<V, L::kWhole>(call.residual + i, n);
                 if constexpr (kRectifies) v = Rectify<V>(call.rectifier)(v);
                 store_lanes<V, L::kWhole>(out + i, v, n);
               }
             });
  });
}

template <Mask kMask>
void gradient_sums(const BatchNormBackward& call, const ChannelRows& m, const SumTasks& tasks,
                   double* sums, float* masked) {
  const BackwardRows parameters(m, call, kMask == Mask::kIn);
  tasks.run(m, [&](int64_t chunk, int64_t first, int64_t last, int64_t begin, int64_t end) {
    const int64_t channels = std::min(end - begin, m.channels);
    double* plain = sums + chunk * 2 * m.channels + begin;
    double* scaled = plain + m.channels;
    std::fill_n(plain, channels, 0.0);
    std::fill_n(scaled, channels, 0.0);
    ColumnSums block;
    for (int64_t row = first; row < last; row += block_rows(m)) {
      block.clear(end - begin);
      sweep<4>(m, row, std::min(row + block_rows(m), last), begin, end,
               [&](auto lanes, auto rows, int64_t at, int64_t column, int64_t n) {
                 using L = decltype(lanes);
                 using V = typename L::Vector;
                 constexpr int kRows = decltype(rows)::value;
                 V g[kRows], product[kRows];
                 for (int r = 0; r < kRows; ++r) {
                   const int64_t i = at + r * m.width;
                   const Element<L, kMask> e(call, parameters, i, column, n);
                   g[r] = e.g;
                   product[r] = e.g * e.deviation;
                   if (masked != nullptr) store_lanes<V, L::kWhole>(masked + i, e.g, n);
                 }
                 block.add<L>(column - begin, n, pairwise_sum<kRows>(g),
                              pairwise_sum<kRows>(product));
               });
      block.fold(end - begin, channels);
      for (int64_t c = 0; c < channels; ++c) {
        plain[c] += static_cast<double>(block.first[c]);
        scaled[c] += static_cast<double>(block.second[c]);
      }
    }
  });
}

template <class L>
void write(float* to, typename L::Vector v, bool add, int64_t n) {
  using V = typename L::Vector;
  if (add) v += load_lanes<V, L::kWhole>(to, n);
  store_lanes<V, L::kWhole>(to, v, n);
}

template <Mask kMask>
void gradients(const BatchNormBackward& call, const BatchNormGradients& to, const ChannelRows& m) {
  const BackwardRows parameters(m, call, kMask == Mask::kIn);
  const RepeatedRow own(m, to.own), slope(m, to.slope), offset(m, to.offset);
  backwards(m, [&](int64_t first, int64_t last) {
    sweep<4>(m, first, last, 0, m.width,
             [&](auto lanes, auto rows, int64_t at, int64_t column, int64_t n) {
               using L = decltype(lanes);
               using V = typename L::Vector;
               const V a = load_lanes<V, L::kWhole>(own + column, n);
               const V b = load_lanes<V, L::kWhole>(slope + column, n);
               const V c = load_lanes<V, L::kWhole>(offset + column, n);
               for (int r = 0; r < decltype(rows)::value; ++r) {
                 const int64_t i = at + r * m.width;
                 const Element<L, kMask> e(call, parameters, i, column, n);
                 if (to.grad_in != nullptr) {
                   write<L>(to.grad_in + i, a * e.g + b * e.deviation + c, to.add_in, n);
                 }
                 if (to.grad_residual != nullptr) {
                   write<L>(to.grad_residual + i, e.g, to.add_residual, n);
                 }
               }
             });
  });
}

}  // namespace

int64_t batch_norm_sums(int64_t channels) { return 2 * max_chunks(channels) * channels; }

void batch_norm_moments(const float* in, int64_t rows, int64_t channels, double* sums) {
  const ChannelRows m(rows, channels, 1);
  const SumTasks tasks(m);
  tasks.run(m, [&](int64_t chunk, int64_t first, int64_t last, int64_t begin, int64_t end) {
    double* mean = sums + chunk * 2 * channels;
    ChunkMoments(m, in, begin, end, mean, mean + channels).run(first, last);
  });
  auto before = static_cast<double>(m.rows_in(0, std::min(tasks.grain, m.count)));
  for (int64_t chunk = 1; chunk < tasks.chunks; ++chunk) {
    const int64_t first = chunk * tasks.grain;
    const double* mean = sums + chunk * 2 * channels;
    const auto size = static_cast<double>(m.rows_in(first, std::min(first + tasks.grain, m.count)));
    const double share = size / (before + size), both = before * share;
    for (int64_t c = 0; c < channels; ++c) {
      const double apart = mean[c] - sums[c];
      sums[c] += apart * share;
      sums[channels + c] += mean[channels + c] + apart * apart * both;
    }
    before += size;
  }
}

void batch_norm_output(const BatchNormForward& call, float* out) {
  const ChannelRows m(call.rows, call.channels, 2);
  if (call.rectifier.is_identity()) {
    call.residual ? output<false, true>(call, m, out) : output<false, false>(call, m, out);
  } else {
    call.residual ? output<true, true>(call, m, out) : output<true, false>(call, m, out);
  }
}

void batch_norm_gradient_sums(const BatchNormBackward& call, double* sums, float* masked) {
  const ChannelRows m(call.rows, call.channels, 2);
  const SumTasks tasks(m);
  with_mask(call,
            [&](auto mask) { gradient_sums<decltype(mask)::value>(call, m, tasks, sums, masked); });
  const int64_t size = 2 * call.channels;
  for (int64_t chunk = 1; chunk < tasks.chunks; ++chunk) {
    for (int64_t i = 0; i < size; ++i) sums[i] += sums[chunk * size + i];
  }
}

void batch_norm_gradients(const BatchNormBackward& call, const BatchNormGradients& to) {
  const ChannelRows m(call.rows, call.channels, 3);
  with_mask(call, [&](auto mask) { gradients<decltype(mask)::value>(call, to, m); });
}

}  // namespace cnn
