// C (+)= op(A) B where one size is small: a few rows of C times a few vectors stay in registers
// while k goes by; B is read as it lies. Of few rows (the gradient of a layer's input) every column
// block reads its part of B once from memory; of small k (the gradient of its weights) C is written
// once.
#include <algorithm>
#include <array>
#include <utility>

#include "base/parallel.h"
#include "kernels/simd.h"
#include "kernels/thin_gemm.h"

namespace cnn {
namespace {

using V = WideVector;
constexpr int kRows = 6;  // of a tile
constexpr int kVectors = kVectorRegisters == 32 ? 4 : 2;
constexpr int64_t kTileColumns = kVectors * kLanes<V>;
constexpr int64_t kDepth = 96;  // of k at a time: a tile's part of B stays in the nearest cache
constexpr int64_t kMost = 128;  // of the small size
constexpr int64_t kLeastFloats = 1 << 12;  // of the two others: BLAS is good at small matrices

struct Tile {
  const float* a;
  int64_t a_row, a_column;
  const float* b;
  int64_t ldb;
  int64_t depth;
  float* c;
  int64_t ldc;
  int64_t last_lanes;  // in use in the last vector
  bool add;
};

// Rows go by threes, so that their addresses need one register for each three and one for the
// distance.
template <int kHeight, int kAcross, bool kWhole>
void run_tile(const Tile& t) {
  constexpr int kThrees = (kHeight + 2) / 3;
  constexpr int kWidth = kLanes<V>;
  V sums[kHeight][kAcross] = {};
  const float *a = t.a, *b = t.b;
  for (int64_t p = 0; p < t.depth; ++p, a += t.a_column, b += t.ldb) {
    const float* from[kThrees];
    from[0] = a;
    for (int i = 1; i < kThrees; ++i) from[i] = from[i - 1] + 3 * t.a_row;
    V row[kAcross];
    unrolled<kAcross>([&](auto v) {
      constexpr bool kFull = kWhole || v < kAcross - 1;
      __builtin_prefetch(b + kTileColumns + v * kWidth, 0, 2);  // the next tile's
      row[v] = load_lanes<V, kFull>(b + v * kWidth, t.last_lanes);
    });
    unrolled<kHeight>([&](auto i) {
      const V x = in_register(broadcast<V>(from[i / 3][i % 3 * t.a_row]));
      unrolled<kAcross>([&](auto v) { sums[i][v] += x * row[v]; });
    });
  }
  const auto write = [&](auto add) {
    unrolled<kHeight>([&](auto i) {
      unrolled<kAcross>([&](auto v) {
        constexpr bool kFull = kWhole || v < kAcross - 1;
        float* to = t.c + i * t.ldc + v * kWidth;
        V sum = sums[i][v];
        if constexpr (add) sum += load_lanes<V, kFull>(to, t.last_lanes);
        store_lanes<V, kFull>(to, sum, t.last_lanes);
      });
    });
  };
  if (t.add) {
    write(std::true_type{});
  } else {
    write(std::false_type{});
  }
}

using TileFunction = void (*)(const Tile&);

template <int kAcross, bool kWhole, int... kHeight>
constexpr auto by_height(std::integer_sequence<int, kHeight...>) {
  return std::array<TileFunction, sizeof...(kHeight)>{run_tile<kHeight + 1, kAcross, kWhole>...};
}

template <bool kWhole, int... kAcross>
constexpr auto by_width(std::integer_sequence<int, kAcross...>) {
  constexpr auto heights = std::make_integer_sequence<int, kRows>();
  return std::array{by_height<kAcross + 1, kWhole>(heights)...};
}

// `height` rows by `columns` columns, at most a tile.
void run_tile(Tile& t, int64_t height, int64_t columns) {
  constexpr auto widths = std::make_integer_sequence<int, kVectors>();
  static constexpr auto kTable = std::array{by_width<false>(widths), by_width<true>(widths)};
  const int64_t across = (columns + kLanes<V> - 1) / kLanes<V>;
  t.last_lanes = columns - (across - 1) * kLanes<V>;
  const bool whole = t.last_lanes == kLanes<V>;
  kTable[whole][static_cast<size_t>(across - 1)][static_cast<size_t>(height - 1)](t);
}

// body(first, count) for tiles of nearly equal height that cover `rows`.
template <class Body>
void over_rows(int64_t rows, Body body) {
  int64_t first = 0;
  for (int64_t tiles = (rows + kRows - 1) / kRows; tiles > 0; --tiles) {
    const int64_t count = (rows - first + tiles - 1) / tiles;
    body(first, count);
    first += count;
  }
}

struct Product {
  int64_t m, n, k;
  const float* a;
  int64_t lda;
  const float* b;
  int64_t ldb;
  bool add;
  float* c;
  int64_t ldc;
};

// Columns [begin, end) of C for few rows of A: the parts of B in turn, all rows for each.
void few_rows(const Product& p, int64_t begin, int64_t end) {
  for (int64_t first = 0; first < p.k; first += kDepth) {
    for (int64_t j = begin; j < end; j += kTileColumns) {
      over_rows(p.m, [&](int64_t i, int64_t height) {
        Tile tile{.a = p.a + i * p.lda + first,
                  .a_row = p.lda,
                  .a_column = 1,
                  .b = p.b + first * p.ldb + j,
                  .ldb = p.ldb,
                  .depth = std::min(kDepth, p.k - first),
                  .c = p.c + i * p.ldc + j,
                  .ldc = p.ldc,
                  .last_lanes = 0,
                  .add = p.add || first > 0};
        run_tile(tile, height, std::min(kTileColumns, end - j));
      });
    }
  }
}

// Rows [begin, end) by columns [left, right) of C for small k and A turned: its columns are copied
// to lie together, a tile's at a time.
void small_depth(const Product& p, int64_t begin, int64_t end, int64_t left, int64_t right) {
  float packed[kMost * kRows];
  over_rows(end - begin, [&](int64_t first, int64_t height) {
    const int64_t i = begin + first;
    for (int64_t q = 0; q < p.k; ++q) std::copy_n(p.a + q * p.lda + i, height, packed + q * height);
    for (int64_t j = left; j < right; j += kTileColumns) {
      Tile tile{.a = packed,
                .a_row = 1,
                .a_column = height,
                .b = p.b + j,
                .ldb = p.ldb,
                .depth = p.k,
                .c = p.c + i * p.ldc + j,
                .ldc = p.ldc,
                .last_lanes = 0,
                .add = p.add};
      run_tile(tile, height, std::min(kTileColumns, right - j));
    }
  });
}

}  // namespace

bool suits_narrow_product(Op a_op, int64_t m, int64_t n, int64_t k) {
  const int64_t small = a_op == Op::kNone ? m : k, other = a_op == Op::kNone ? k : m;
  return kLanes<V> >= 8 && k > 0 && small <= kMost && n >= kLanes<V> && other >= kLeastFloats / n;
}

void narrow_product(Op a_op, int64_t m, int64_t n, int64_t k, const float* a, int64_t lda,
                    const float* b, int64_t ldb, bool add, float* c, int64_t ldc) {
  constexpr int64_t kBlocks = 16, kMostColumns = 256, kMostAcross = 1024, kDown = 48;
  const Product product{m, n, k, a, lda, b, ldb, add, c, ldc};
  if (a_op == Op::kNone) {
    const int64_t tiles = chunk_count(chunk_count(n, kTileColumns), kBlocks);
    const int64_t block = std::min(kMostColumns, tiles * kTileColumns);
    parallel_for(n, block, [&](int64_t begin, int64_t end) { few_rows(product, begin, end); });
    return;
  }
  const int64_t across = chunk_count(n, kMostAcross), down = chunk_count(m, kDown);
  parallel_for(across * down, 1, [&](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t i = unit / across * kDown, j = unit % across * kMostAcross;
      small_depth(product, i, std::min(i + kDown, m), j, std::min(j + kMostAcross, n));
    }
  });
}

}  // namespace cnn
