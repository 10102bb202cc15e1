#include "kernels/conv/direct_pixels.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/parallel.h"
#include "kernels/conv/padded_rows.h"
#include "kernels/finish.h"
#include "kernels/simd.h"

namespace cnn {
namespace {

using V = WideVector;
using Integers = typename Lanes<V, true>::Integers;
constexpr int kWidth = kLanes<V>;
constexpr int kMostChannels = 8;
constexpr int kVectors = 2;    // of pixels in a tile
constexpr int kMostRuns = 16;  // of taps, one a row of the kernel

// Output vector kOutput of kChannels vectors of one channel each, interleaved: lane l of it holds
// number kOutput * kWidth + l, that is channel `number % kChannels` of pixel `number / kChannels`.
template <int kChannels, int kOutput>
struct Interleaving {
  static constexpr int number(int lane) { return kOutput * kWidth + lane; }

  // Lanes of the channels 2 * kPair and 2 * kPair + 1, wherever they belong.
  template <int kPair, int... kLane>
  static V take_pair(const V* channels, std::integer_sequence<int, kLane...>) {
    constexpr auto from = [](int lane) {
      return number(lane) / kChannels + (number(lane) % kChannels % 2) * kWidth;
    };
    constexpr int kSecond = std::min(2 * kPair + 1, kChannels - 1);
    return __builtin_shuffle(channels[2 * kPair], channels[kSecond], Integers{from(kLane)...});
  }

  // -1 in the lanes that belong to channels from 2 * kPair on.
  template <int kPair, int... kLane>
  static Integers from_pair(std::integer_sequence<int, kLane...>) {
    return Integers{(number(kLane) % kChannels >= 2 * kPair ? -1 : 0)...};
  }

  static V take(const V* channels) {
    constexpr auto lanes = std::make_integer_sequence<int, kWidth>();
    V result = take_pair<0>(channels, lanes);
    unrolled<(kChannels + 1) / 2 - 1>([&](auto i) {
      constexpr int kPair = i + 1;
      result = from_pair<kPair>(lanes) ? take_pair<kPair>(channels, lanes) : result;
    });
    return result;
  }
};

// What one row of results needs: by run of taps, the source numbers and the weights under them.
struct Row {
  struct Taps {
    const float* source;  // for the first pixel
    const float* weights;
    int64_t count;
  };
  const Taps* taps;
  int64_t tap_rows;
  int64_t width;
  const Epilogue* epilogue;  // of the row
  float* target;
};

// kAcross vectors of pixels from pixel `first` on, `pixels` in all.
template <int kChannels, int kAcross>
void run_tile(const Row& row, int64_t first, int64_t pixels) {
  const int64_t last = pixels - (kAcross - 1) * kWidth;  // in the last vector
  const Epilogue& epilogue = *row.epilogue;
  V sums[kAcross][kChannels];
  unrolled<kChannels>([&](auto c) {
    const V start = epilogue.bias ? broadcast<V>(epilogue.bias[c]) : V{};
    unrolled<kAcross>([&](auto v) { sums[v][c] = start; });
  });
  for (const Row::Taps* taps = row.taps; taps < row.taps + row.tap_rows; ++taps) {
    const float *x = taps->source + first, *w = taps->weights;
    for (int64_t t = 0; t < taps->count; ++t, ++x, w += kChannels) {
      V from[kAcross];
      unrolled<kAcross>([&](auto v) {
        from[v] = in_register(v < kAcross - 1 ? load<V>(x + v * kWidth)
                                              : load_first<V>(x + v * kWidth, last));
      });
      unrolled<kChannels>([&](auto c) {
        const V weight = broadcast<V>(w[c]);
        unrolled<kAcross>([&](auto v) { sums[v][c] += from[v] * weight; });
      });
    }
  }
  const Rectify<V> rectify(epilogue.rectifier);
  const bool plain = epilogue.rectifier.is_identity();
  const auto finish = [&](auto whole, V sum, int64_t at, int64_t n) {
    if (epilogue.residual) sum += load_lanes<V, whole>(epilogue.residual + at, n);
    if (!plain) sum = rectify(sum);
    store_lanes<V, whole>(row.target + at, sum, n);
  };
  unrolled<kAcross>([&](auto v) {
    const int64_t start = (first + v * kWidth) * kChannels;
    const int64_t numbers = (v < kAcross - 1 ? kWidth : last) * kChannels;
    V channels[kChannels];  // a copy, so that the sums themselves can stay in registers
    unrolled<kChannels>([&](auto c) { channels[c] = sums[v][c]; });
    unrolled<kChannels>([&](auto output) {
      const int64_t rest = numbers - output * kWidth, at = start + output * kWidth;
      if (rest <= 0) return;
      const V sum = Interleaving<kChannels, output>::take(channels);
      if (rest >= kWidth) {
        finish(std::true_type{}, sum, at, kWidth);
      } else {
        finish(std::false_type{}, sum, at, rest);
      }
    });
  });
}

template <int kChannels>
void run_row(const Row& row) {
  int64_t first = 0;
  for (; row.width - first > kWidth; first += kVectors * kWidth) {
    run_tile<kChannels, kVectors>(row, first,
                                  std::min<int64_t>(kVectors * kWidth, row.width - first));
  }
  if (first < row.width) run_tile<kChannels, 1>(row, first, row.width - first);
}

using RowFunction = void (*)(const Row&);

template <int... kIndex>
constexpr auto row_table(std::integer_sequence<int, kIndex...>) {
  return std::array<RowFunction, sizeof...(kIndex)>{run_row<kIndex + 1>...};
}

class DirectPixels final : public ConvForward {
 public:
  explicit DirectPixels(const ConvShape& shape) : s_(shape), rows_(forward_correlation(shape)) {}
  const char* name() const override { return "direct over pixels"; }
  std::string why() const override { return fmt::format("1 channel into {}", s_.out_channels); }
  ConvScratch scratch() const override { return {rows_.scratch(), 0}; }
  void run(int64_t batch, const float* x, const float* w, const Epilogue& epilogue, float* y,
           ConvMemory memory) const override {
    const int64_t at_once = rows_.rows_at_once();
    const int64_t per_sample = chunk_count(s_.out.h, at_once), units = batch * per_sample;
    const int64_t cost = at_once * s_.out.w * s_.weight_count() / 8;
    parallel_for(units, grain_for(units, cost), [&](int64_t begin, int64_t end, int worker) {
      for (int64_t unit = begin; unit < end; ++unit) {
        const int64_t n = unit / per_sample, first = unit % per_sample * at_once;
        const int64_t last = std::min(first + at_once, s_.out.h);
        const PaddedRows::Rows rows = rows_.rows(x + n * s_.in_count(), first, last,
                                                 memory.threads + worker * rows_.scratch());
        for (int64_t a = first; a < last; ++a) run_row_at(n, a, rows, w, epilogue, y);
      }
    });
  }

 private:
  static constexpr auto kRowFunctions = row_table(std::make_integer_sequence<int, kMostChannels>());

  void run_row_at(int64_t n, int64_t a, const PaddedRows::Rows& rows, const float* w,
                  const Epilogue& epilogue, float* y) const {
    std::array<Row::Taps, kMostRuns> taps;
    size_t count = 0;
    for (const TapRun& run : rows_.all_runs()) {
      const int64_t row = a * s_.stride.h + run.row;
      if (row < 0 || row >= s_.in.h) continue;
      taps[count++] = {rows_.at(rows, a, run), w + run.first * s_.out_channels, run.count};
    }
    const int64_t at = (n * s_.out.h + a) * s_.out.w * s_.out_channels;
    const Epilogue here = epilogue.from(at, 0);
    kRowFunctions[static_cast<size_t>(s_.out_channels - 1)](
        {taps.data(), static_cast<int64_t>(count), s_.out.w, &here, y + at});
  }

  ConvShape s_;
  PaddedRows rows_;
};

}  // namespace

std::unique_ptr<ConvForward> make_direct_pixels_forward(const ConvShape& s) {
  const bool accepts = s.is_picture() && kWidth >= 8 && s.in_channels == 1 &&
                       s.out_channels <= kMostChannels && s.stride.w == 1 && s.dilation.w == 1 &&
                       s.out.w >= kWidth / 2 && s.kernel.h <= kMostRuns;
  return accepts ? std::make_unique<DirectPixels>(s) : nullptr;
}

}  // namespace cnn
