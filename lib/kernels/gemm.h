// Matrix products, row-major float32. The only caller of BLAS.
#pragma once

#include <cstdint>

namespace cnn {

enum class Op : char { kNone, kTranspose };

// C = alpha * op(A) op(B) + beta * C; C is m x n, op(A) m x k. On the calling thread alone. With
// beta = 0, C may hold anything (NaN too) before.
void gemm_serial(Op a_op, Op b_op, int64_t m, int64_t n, int64_t k, float alpha, const float* a,
                 int64_t lda, const float* b, int64_t ldb, float beta, float* c, int64_t ldc);

// The same on all threads: cut into tiles of C by shape alone, so the bits do not depend on the
// number of threads. Not inside parallel_for.
void gemm(Op a_op, Op b_op, int64_t m, int64_t n, int64_t k, float alpha, const float* a,
          int64_t lda, const float* b, int64_t ldb, float beta, float* c, int64_t ldc);

}  // namespace cnn
