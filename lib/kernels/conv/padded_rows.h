// What the direct algorithms share: source rows with zeros at both ends, so that no tap needs a
// column check, and the taps of a row joined to runs of numbers that lie side by side.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/conv/correlation.h"

namespace cnn {

// So few are direct convolution's even with short vectors: BLAS is faster as soon as its matrices
// are of some size.
inline constexpr int64_t kFewWeights = 8192;

// `count` numbers that follow each other in a padded row, and their place in a gathered pixel.
struct TapRun {
  int64_t row = 0;     // of the source, relative to the pixel's own
  int64_t offset = 0;  // floats from the pixel's own position in a padded row
  int64_t first = 0;   // position among the depth() numbers of a gathered pixel
  int64_t count = 0;
};

class PaddedRows {
 public:
  explicit PaddedRows(const Correlation& grid);

  // Source rows in memory: those from `first_row` on, row_floats() apart.
  struct Rows {
    const float* data;
    int64_t first_row;
  };
  // What grid rows [begin, end) of one sample need: in place, or copied to scratch() floats of
  // `scratch` if taps reach over the left or right edge. At most rows_at_once() rows.
  Rows rows(const float* image, int64_t begin, int64_t end, float* scratch) const;

  // The numbers of a gathered pixel, [begin, end), whose source row exists for grid row `a`.
  struct Depth {
    int64_t begin, end;
  };
  Depth depth(int64_t a) const;
  // For each of the depth() numbers, floats from the first number of its pixel's own row.
  const int64_t* offsets() const { return offsets_.data(); }
  const std::vector<TapRun>& all_runs() const { return runs_; }
  // Of grid rows [begin, end), those for which the source row of `run` exists.
  struct Span {
    int64_t begin, end;
  };
  Span grid_rows(const TapRun& run, int64_t begin, int64_t end) const;
  // The first number of a run for pixel (a, 0).
  const float* at(const Rows& rows, int64_t a, const TapRun& run) const {
    return rows.data + (a * grid_.step.h + run.row - rows.first_row) * row_floats_ + run.offset;
  }
  int64_t row_floats() const { return row_floats_; }
  int64_t pixel_stride() const { return grid_.step.w * grid_.source_channels; }
  int64_t rows_at_once() const { return rows_at_once_; }
  int64_t scratch() const { return scratch_; }
  const Correlation& grid() const { return grid_; }

 private:
  void join_taps();
  void choose_rows_at_once();
  int64_t source_rows(int64_t grid_rows) const;

  Correlation grid_;
  int64_t left_ = 0, right_ = 0;  // columns of zeros
  int64_t row_floats_ = 0;
  int64_t rows_at_once_ = 1;
  int64_t scratch_ = 0;
  std::vector<TapRun> runs_;
  std::vector<int64_t> offsets_;
};

// Output channels of a group that are computed together: `vectors` vectors, wide or narrow, of
// which `count` lanes are in use.
struct ChannelBlock {
  int64_t first = 0;
  int64_t count = 0;
  int vectors = 1;
  bool wide = true;
  int64_t offset = 0;  // lanes before it

  int64_t lanes() const;
};

// Covers `channels`; adds up to padded_channels() lanes.
std::vector<ChannelBlock> channel_blocks(int64_t channels);
int64_t padded_channels(int64_t channels);

}  // namespace cnn
