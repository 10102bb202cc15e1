#include "kernels/tile_product.h"

#include <cmath>
#include <vector>

#include "base/rng.h"
#include "kernels/turn.h"
#include "support/catch.h"

namespace cnn {
namespace {

std::vector<float> random_numbers(int64_t count, uint64_t stream) {
  const Rng rng(1, "numbers", stream);
  std::vector<float> numbers;
  for (int64_t i = 0; i < count; ++i)
    numbers.push_back(2 * rng.uniform(static_cast<size_t>(i)) - 1);
  return numbers;
}

struct Sizes {
  int64_t m, n, k;
};
constexpr Sizes kSizes[] = {{1, 1, 1},    {5, 17, 3},     {6, 64, 96},   {7, 65, 97},
                            {16, 16, 16}, {33, 130, 200}, {50, 600, 40}, {12, 31, 0}};

template <class T>
size_t at(T i) {
  return static_cast<size_t>(i);
}

}  // namespace

TEST_CASE("tiles give the product of any size, and write nothing beside it") {
  for (const auto& [m, n, k] : kSizes) {
    for (const Op a_op : {Op::kNone, Op::kTranspose}) {
      for (const Op b_op : {Op::kNone, Op::kTranspose}) {
        for (const bool add : {false, true}) {
          CAPTURE(m, n, k, static_cast<char>(a_op), static_cast<char>(b_op), add);
          // Distances beyond what is needed; 600 columns of B are copied, fewer are not.
          const int64_t lda = (a_op == Op::kNone ? k : m) + 3;
          const int64_t ldb = (b_op == Op::kNone ? n : k) + 2, ldc = n + 5;
          const auto a = random_numbers((a_op == Op::kNone ? m : k) * lda, 1);
          const auto b = random_numbers((b_op == Op::kNone ? k : n) * ldb, 2);
          const auto before = random_numbers(m * ldc, 3);
          std::vector<float> c = before;
          for (int64_t i = 0; !add && i < m; ++i) std::fill_n(&c[at(i * ldc)], n, NAN);
          if (k > 0) {
            panel_product(a_op, b_op, m, n, k, a.data(), lda, b.data(), ldb, add, c.data(), ldc);
          } else {
            tile_product({a.data(), lda, 1, b.data(), ldb, 0, c.data(), ldc, add}, m, n);
          }
          double worst = 0;
          bool is_kept = true;
          for (int64_t i = 0; i < m; ++i) {
            for (int64_t j = 0; j < ldc; ++j) {
              if (j >= n) {
                is_kept = is_kept && c[at(i * ldc + j)] == before[at(i * ldc + j)];
                continue;
              }
              double sum = add ? static_cast<double>(before[at(i * ldc + j)]) : 0;
              for (int64_t p = 0; p < k; ++p) {
                sum += static_cast<double>(a[at(a_op == Op::kNone ? i * lda + p : p * lda + i)]) *
                       static_cast<double>(b[at(b_op == Op::kNone ? p * ldb + j : j * ldb + p)]);
              }
              const double error = std::abs(static_cast<double>(c[at(i * ldc + j)]) - sum);
              worst = std::isnan(error) ? INFINITY : std::max(worst, error);
            }
          }
          CHECK(worst < 1e-5);
          CHECK(is_kept);
        }
      }
    }
  }
}

TEST_CASE("a matrix is turned, whatever its size") {
  for (const int64_t rows : {1, 15, 16, 17, 48, 50}) {
    for (const int64_t columns : {1, 15, 16, 33, 64}) {
      CAPTURE(rows, columns);
      const int64_t from_stride = columns + 3, to_stride = rows + 2;
      const auto from = random_numbers(rows * from_stride, 1);
      std::vector<float> to(at(columns * to_stride), -7.0f);
      turn(from.data(), from_stride, rows, columns, to.data(), to_stride);
      int wrong = 0;
      for (int64_t j = 0; j < columns; ++j) {
        for (int64_t i = 0; i < to_stride; ++i) {
          const float wanted = i < rows ? from[at(i * from_stride + j)] : -7.0f;
          wrong += to[at(j * to_stride + i)] != wanted;
        }
      }
      CHECK(wrong == 0);
    }
  }
}

}  // namespace cnn
