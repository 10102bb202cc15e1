#include "layers/reorder.h"

#include <algorithm>

#include "base/parallel.h"
#include "layers/elementwise.h"

namespace cnn {
namespace {

template <bool kAdd>
void put(float& to, float value) {
  if constexpr (kAdd) {
    to += value;
  } else {
    to = value;
  }
}

// out[j, i] (+)= in[i, j] for i in [first, last), j < columns; out has rows of `rows` numbers.
// In tiles, so that the strided side stays in the cache.
template <bool kAdd>
void transpose_rows(const float* in, float* out, int64_t rows, int64_t columns, int64_t first,
                    int64_t last) {
  constexpr int64_t kTile = 32;
  for (int64_t j0 = 0; j0 < columns; j0 += kTile) {
    const int64_t j1 = std::min(j0 + kTile, columns);
    for (int64_t i0 = first; i0 < last; i0 += kTile) {
      const int64_t i1 = std::min(i0 + kTile, last);
      for (int64_t j = j0; j < j1; ++j) {
        for (int64_t i = i0; i < i1; ++i) put<kAdd>(out[j * rows + i], in[i * columns + j]);
      }
    }
  }
}

template <bool kAdd>
void transpose(const float* in, float* out, int64_t rows, int64_t columns, int64_t batch) {
  constexpr int64_t kRows = 64;  // of a piece of work
  const int64_t pieces = chunk_count(rows, kRows), count = rows * columns;
  const int64_t all = batch * pieces;
  parallel_for(all, grain_for(all, std::min(rows, kRows) * columns),
               [=](int64_t begin, int64_t end) {
                 for (int64_t p = begin; p < end; ++p) {
                   const int64_t offset = p / pieces * count, first = p % pieces * kRows;
                   transpose_rows<kAdd>(in + offset, out + offset, rows, columns, first,
                                        std::min(first + kRows, rows));
                 }
               });
}

// A walk through one sample in the order of files: place() is where the number is in memory.
class FileWalk {
 public:
  explicit FileWalk(const Shape& shape)
      : channels_(is_in_file_order(shape) ? 1 : shape.channels()),
        positions_(shape.count() / channels_) {}
  int64_t place() const { return position_ * channels_ + channel_; }
  void next() {
    if (++position_ == positions_) {
      position_ = 0;
      ++channel_;
    }
  }

 private:
  int64_t channels_, positions_;
  int64_t channel_ = 0, position_ = 0;
};

template <bool kAdd>
void walk(const float* in, const Shape& from, float* out, const Shape& to, int64_t batch) {
  const int64_t count = from.count();
  parallel_for(batch, grain_for(batch, count), [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      FileWalk source(from), target(to);
      for (int64_t i = 0; i < count; ++i, source.next(), target.next()) {
        put<kAdd>(out[n * count + target.place()], in[n * count + source.place()]);
      }
    }
  });
}

template <bool kAdd>
void reorder_values(const float* in, const Shape& from, float* out, const Shape& to,
                    int64_t batch) {
  if (is_in_file_order(to)) {
    transpose<kAdd>(in, out, from.positions(), from.channels(), batch);
  } else if (is_in_file_order(from)) {
    transpose<kAdd>(in, out, to.channels(), to.positions(), batch);
  } else {
    walk<kAdd>(in, from, out, to, batch);
  }
}

}  // namespace

bool is_in_file_order(const Shape& shape) {
  return shape.rank() <= 2 || shape.channels() == 1 || shape.positions() == 1;
}

bool is_same_order(const Shape& from, const Shape& to) {
  return (is_in_file_order(from) && is_in_file_order(to)) ||
         (!is_in_file_order(from) && !is_in_file_order(to) && from.channels() == to.channels());
}

void reorder(const float* in, const Shape& from, float* out, const Shape& to, int64_t batch,
             bool add) {
  CNN_ASSERT(from.count() == to.count());
  if (is_same_order(from, to)) {
    copy_elements(in, out, batch * from.count(), add);
  } else if (add) {
    reorder_values<true>(in, from, out, to, batch);
  } else {
    reorder_values<false>(in, from, out, to, batch);
  }
}

std::string product_text(const Shape& sizes) {
  std::string text;
  for (int axis = 0; axis < sizes.rank(); ++axis) {
    text += fmt::format("{}{}", axis > 0 ? "*" : "", sizes[axis]);
  }
  return text;
}

void ReorderLayer::setup(Setup& setup) {
  const Shape out = output_shape(setup);
  setup.output(out);
  setup.plan().in_place = is_same_order(setup.input(), out);
  setup.plan().backward_reads_input = false;
  setup.plan().backward_reads_output = false;
}

void ReorderLayer::forward(const ForwardCall& call) const {
  const ConstView& in = call.input();
  reorder(in.data, in.shape, call.out.data, call.out.shape, call.batch, false);
}

void ReorderLayer::backward(const BackwardCall& call) const {
  const View& grad_in = call.grad_input();
  if (!grad_in) return;
  reorder(call.grad_out.data, call.grad_out.shape, grad_in.data, grad_in.shape, call.batch,
          call.adds());
}

}  // namespace cnn
