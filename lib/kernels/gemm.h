// Matrix products, row-major float32. The only caller of BLAS.
#pragma once

#include <cstdint>

#include "kernels/epilogue.h"

namespace cnn {

enum class Op : char { kNone, kTranspose };

// C = alpha * op(A) op(B) + beta * C; C is m x n, op(A) m x k. On the calling thread alone. With
// beta = 0, C may hold anything (NaN too) before. A size beyond BLAS's integers is Exit::kSpec.
void gemm_serial(Op a_op, Op b_op, int64_t m, int64_t n, int64_t k, float alpha, const float* a,
                 int64_t lda, const float* b, int64_t ldb, float beta, float* c, int64_t ldc);

// The same on all threads: cut into tiles of C by shape alone, so the bits do not depend on the
// number of threads. Not inside parallel_for.
//
// A small C with a long k gives few tiles. With `partials`, gemm_partials(m, n) floats, k is cut
// too and the partial products are added in order; without (null) it is not.
void gemm(Op a_op, Op b_op, int64_t m, int64_t n, int64_t k, float alpha, const float* a,
          int64_t lda, const float* b, int64_t ldb, float beta, float* c, int64_t ldc,
          float* partials = nullptr);

// C = the epilogue of op(A) op(B), applied to each tile while it is in the cache; columns are its
// channels. Its residual is laid out as C, and may be C.
void gemm(Op a_op, Op b_op, int64_t m, int64_t n, int64_t k, const float* a, int64_t lda,
          const float* b, int64_t ldb, const Epilogue& epilogue, float* c, int64_t ldc);

// Floats that gemm() can use for partial products, whatever k is; at most kMaxPartialFloats.
inline constexpr int64_t kMaxPartialFloats = int64_t{1} << 20;
int64_t gemm_partials(int64_t m, int64_t n);

}  // namespace cnn
