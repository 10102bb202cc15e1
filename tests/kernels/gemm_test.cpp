#include "kernels/gemm.h"

#include <climits>

#include "base/error.h"
#include "kernels/numbers.h"
#include "support/catch.h"

namespace cnn {
namespace {

struct Product {
  int64_t m, n, k;
  Op a_op = Op::kNone, b_op = Op::kNone;
  float alpha = 1, beta = 0;
  int64_t gap = 0;  // floats between rows
};

struct Operands {
  Floats a, b, c;
  int64_t lda, ldb, ldc;
};

Operands operands_of(const Product& p) {
  const bool a_plain = p.a_op == Op::kNone, b_plain = p.b_op == Op::kNone;
  Operands o;
  o.lda = (a_plain ? p.k : p.m) + p.gap;
  o.ldb = (b_plain ? p.n : p.k) + p.gap;
  o.ldc = p.n + p.gap;
  o.a = random_floats((a_plain ? p.m : p.k) * o.lda, "a");
  o.b = random_floats((b_plain ? p.k : p.n) * o.ldb, "b");
  o.c = p.beta == 0 ? poisoned(p.m * o.ldc) : random_floats(p.m * o.ldc, "c");
  return o;
}

double element(const Floats& x, int64_t stride, Op op, int64_t i, int64_t j) {
  return x[static_cast<size_t>(op == Op::kNone ? i * stride + j : j * stride + i)];
}

// C without the gaps.
Doubles reference(const Product& p, const Operands& o) {
  Doubles c;
  for (int64_t i = 0; i < p.m; ++i) {
    for (int64_t j = 0; j < p.n; ++j) {
      double sum = 0;
      for (int64_t q = 0; q < p.k; ++q) {
        sum += element(o.a, o.lda, p.a_op, i, q) * element(o.b, o.ldb, p.b_op, q, j);
      }
      const double before = p.beta == 0 ? 0 : p.beta * element(o.c, o.ldc, Op::kNone, i, j);
      c.push_back(p.alpha * sum + before);
    }
  }
  return c;
}

Doubles without_gaps(const Product& p, const Operands& o) {
  Doubles c;
  for (int64_t i = 0; i < p.m; ++i) {
    for (int64_t j = 0; j < p.n; ++j) c.push_back(element(o.c, o.ldc, Op::kNone, i, j));
  }
  return c;
}

void run(const Product& p, Operands& o, float* partials) {
  gemm(p.a_op, p.b_op, p.m, p.n, p.k, p.alpha, o.a.data(), o.lda, o.b.data(), o.ldb, p.beta,
       o.c.data(), o.ldc, partials);
}

constexpr Op kPlain = Op::kNone, kTurned = Op::kTranspose;

const std::vector<Product> kProducts = {
    {1, 1, 1},
    {1, 10, 84},
    {3, 5, 7, kTurned, kTurned, 2, 0.5f, 3},
    {64, 6, 25, kPlain, kTurned},
    {64, 120, 400, kPlain, kTurned, 1, 1},
    {10, 84, 64, kTurned, kPlain, 1, 1, 5},
    {2000, 6, 25, kPlain, kPlain, 1, 0, 2},
    {600, 16, 700, kPlain, kPlain},
    {150, 16, 6400, kTurned, kPlain},
    {25, 6, 50000, kTurned, kPlain, 1, 1},
    {40, 600, 300, kPlain, kTurned, -1, 2},
    {129, 257, 513, kTurned, kTurned},
    {7, 131, 1303, kPlain, kTurned, 1, 1, 2},  // few rows
    {33, 300, 500, kPlain, kPlain},
    {1, 100, 3000, kPlain, kTurned},
    {128, 35, 3800, kPlain, kPlain, 1, 1, 3},
    {131, 1100, 7, kTurned, kPlain, 1, 0, 1},  // small depth
    {5, 17, 1, kTurned, kPlain, 1, 1},
    {5, 4, 0},
    {5, 4, 0, kPlain, kPlain, 1, 0.5f},
};

}  // namespace

TEST_CASE("matrix products match the reference, whatever C held before") {
  for (const Product& p : kProducts) {
    DYNAMIC_SECTION(p.m << " x " << p.n << " x " << p.k) {
      const Operands start = operands_of(p);
      const Doubles expected = reference(p, start);
      for (const bool with_partials : {false, true}) {
        Floats partials = poisoned(gemm_partials(p.m, p.n) + 1);
        Operands o = start;
        run(p, o, with_partials ? partials.data() : nullptr);
        CHECK(relative_error(without_gaps(p, o), expected) < 1e-5);
        CHECK(std::isnan(partials.back()));
      }
      Operands serial = start;
      gemm_serial(p.a_op, p.b_op, p.m, p.n, p.k, p.alpha, serial.a.data(), serial.lda,
                  serial.b.data(), serial.ldb, p.beta, serial.c.data(), serial.ldc);
      CHECK(relative_error(without_gaps(p, serial), expected) < 1e-5);
    }
  }
}

TEST_CASE("matrix products have the same bits on any number of threads") {
  for (const Product& p : kProducts) {
    Floats partials = poisoned(gemm_partials(p.m, p.n));
    std::vector<Floats> results;
    for (const Threading& threading : kThreadings) {
      const WithThreads with(threading);
      Operands o = operands_of(p);
      run(p, o, partials.data());
      results.push_back(o.c);
    }
    for (const Floats& result : results) CHECK(same_bits(results[0], result));
  }
}

TEST_CASE("what lies between the rows of C is left alone") {
  const Product p{7, 5, 9, kPlain, kPlain, 1, 0, 3};
  Operands o = operands_of(p);
  std::fill(o.c.begin(), o.c.end(), 42.0f);
  run(p, o, nullptr);
  for (int64_t i = 0; i < p.m; ++i) {
    for (int64_t j = p.n; j < o.ldc; ++j) CHECK(o.c[static_cast<size_t>(i * o.ldc + j)] == 42);
  }
}

TEST_CASE("NaN passes through a matrix product") {
  const Product p{20, 20, 20};
  Operands o = operands_of(p);
  o.a[5] = kNan;
  run(p, o, nullptr);
  CHECK(std::isnan(o.c[0]));
  CHECK(std::isfinite(o.c[20]));
}

TEST_CASE("partial products stay within their bound") {
  CHECK(gemm_partials(25, 6) > 0);
  for (const int64_t side : {1, 100, 700, 1000, 5000}) {
    CHECK(gemm_partials(side, side) <= kMaxPartialFloats);
  }
  CHECK(gemm_partials(4096, 9216) == 0);
}

TEST_CASE("row 23: sizes beyond BLAS's integers are an error of the model") {
  const int64_t huge = int64_t{INT_MAX} + 1;
  float x = 1, y = 0;
  try {
    gemm_serial(kPlain, kPlain, 1, 1, huge, 1, &x, huge, &x, 1, 0, &y, 1);
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == Exit::kSpec);
  }
  CHECK_THROWS_AS(gemm(kPlain, kPlain, 1, 1, huge, 1, &x, huge, &x, 1, 0, &y, 1), Error);
}

}  // namespace cnn
