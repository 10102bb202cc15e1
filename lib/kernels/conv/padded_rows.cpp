#include "kernels/conv/padded_rows.h"

#include <algorithm>

#include "kernels/simd.h"

namespace cnn {
namespace {

constexpr int64_t kCopiedFloats = 16 * 1024;  // of padded rows: half an L2 cache at most
constexpr int64_t kWantedPixels = 512;        // of a block of rows that are not copied

}  // namespace

PaddedRows::PaddedRows(const Correlation& grid) : grid_(grid) {
  int64_t lowest = 0, highest = 0;
  for (const Tap& tap : grid.taps) {
    lowest = std::min(lowest, tap.col);
    highest = std::max(highest, tap.col);
  }
  left_ = -lowest;
  right_ = std::max<int64_t>(0, (grid.size.w - 1) * grid.step.w + highest - grid.source.w + 1);
  row_floats_ = (left_ + grid.source.w + right_) * grid.source_channels;
  join_taps();
  choose_rows_at_once();
}

void PaddedRows::join_taps() {
  const int64_t channels = grid_.group_source();
  for (int64_t t = 0; t < grid_.tap_count(); ++t) {
    const Tap& tap = grid_.taps[static_cast<size_t>(t)];
    const int64_t offset = (left_ + tap.col) * grid_.source_channels;
    const bool joins = !runs_.empty() && grid_.groups == 1 && runs_.back().row == tap.row &&
                       runs_.back().offset + runs_.back().count == offset;
    if (joins) {
      runs_.back().count += channels;
    } else {
      runs_.push_back({tap.row, offset, t * channels, channels});
    }
    for (int64_t c = 0; c < channels; ++c) offsets_.push_back(tap.row * row_floats_ + offset + c);
  }
}

int64_t PaddedRows::source_rows(int64_t grid_rows) const {
  const int64_t spread = grid_.taps.back().row - grid_.taps.front().row;
  return std::min(grid_.source.h, (grid_rows - 1) * grid_.step.h + spread + 1);
}

void PaddedRows::choose_rows_at_once() {
  const bool copies = left_ > 0 || right_ > 0;
  int64_t rows = kWantedPixels / grid_.size.w;
  if (copies) {
    // Long windows share rows; a block of a few of them keeps the copying small beside the work.
    const int64_t extra = source_rows(1) * row_floats_;
    rows = std::max(rows, (kCopiedFloats - extra) / (grid_.step.h * row_floats_) + 1);
    if (source_rows(grid_.size.h) * row_floats_ <= kCopiedFloats) rows = grid_.size.h;
  }
  rows_at_once_ = std::clamp<int64_t>(rows, 1, grid_.size.h);
  scratch_ = copies ? source_rows(rows_at_once_) * row_floats_ : 0;
}

PaddedRows::Rows PaddedRows::rows(const float* image, int64_t begin, int64_t end,
                                  float* scratch) const {
  if (scratch_ == 0) return {image, 0};
  const int64_t channels = grid_.source_channels, row_size = grid_.source.w * channels;
  const int64_t first = std::max<int64_t>(0, begin * grid_.step.h + grid_.taps.front().row);
  const int64_t last =
      std::min(grid_.source.h - 1, (end - 1) * grid_.step.h + grid_.taps.back().row);
  float* to = scratch;
  for (int64_t row = first; row <= last; ++row, to += row_floats_) {
    zero_few(to, left_ * channels);
    copy_few(image + row * row_size, row_size, to + left_ * channels);
    zero_few(to + (left_ + grid_.source.w) * channels, right_ * channels);
  }
  return {scratch, first};
}

PaddedRows::Depth PaddedRows::depth(int64_t a) const {
  const int64_t row = a * grid_.step.h;
  const TapRun* first = runs_.data();
  const TapRun* end = first + runs_.size();
  while (first < end && row + first->row < 0) ++first;
  while (first < end && row + (end - 1)->row >= grid_.source.h) --end;
  return first < end ? Depth{first->first, (end - 1)->first + (end - 1)->count} : Depth{0, 0};
}

PaddedRows::Span PaddedRows::grid_rows(const TapRun& run, int64_t begin, int64_t end) const {
  const int64_t step = grid_.step.h;
  if (run.row < 0) begin = std::max(begin, (-run.row + step - 1) / step);
  // The last grid row a with a * step + run.row < source_height.
  const int64_t room = grid_.source.h - 1 - run.row;
  return {begin, room < 0 ? begin : std::min(end, room / step + 1)};
}

int64_t ChannelBlock::lanes() const {
  return vectors * (wide ? kLanes<WideVector> : kLanes<NarrowVector>);
}

std::vector<ChannelBlock> channel_blocks(int64_t channels) {
  constexpr int64_t kWide = kLanes<WideVector>, kNarrow = kLanes<NarrowVector>;
  std::vector<ChannelBlock> blocks;
  int64_t offset = 0;
  for (int64_t first = 0; first < channels;) {
    const int64_t rest = channels - first;
    ChannelBlock block{first, 0, 1, rest > kNarrow, offset};
    if (rest > kWide + kNarrow) block.vectors = 2;
    block.count = std::min(rest, block.lanes());
    blocks.push_back(block);
    first += block.count;
    offset += block.lanes();
  }
  return blocks;
}

int64_t padded_channels(int64_t channels) {
  // All blocks but those of the last channels are full; absurd numbers must not cost time.
  constexpr int64_t kFull = 2 * kLanes<WideVector>;
  const int64_t before = std::max<int64_t>(0, channels / kFull - 1) * kFull;
  const ChannelBlock last = channel_blocks(channels - before).back();
  return before + last.offset + last.lanes();
}

}  // namespace cnn
