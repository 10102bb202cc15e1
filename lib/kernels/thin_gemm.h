// Matrix products of few rows, as fully connected layers have them: BLAS would spend its time on
// packing operands that are used once. Row-major; cut by shape alone, each number summed in one
// order, so the bits do not depend on the number of threads.
#pragma once

#include <cstdint>

#include "kernels/epilogue.h"
#include "kernels/gemm.h"

namespace cnn {

// Whether these are faster than BLAS: for dot_product C = A B^T, for narrow_product op(A) B.
bool suits_dot_product(int64_t m, int64_t n, int64_t k);
bool suits_narrow_product(Op a_op, int64_t m, int64_t n, int64_t k);

// C = the epilogue of A B^T; A is m x k, B n x k. Few m.
void dot_product(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* b,
                 int64_t ldb, const Epilogue& epilogue, float* c, int64_t ldc);

// C = op(A) B or C + op(A) B; B is k x n. Few m if A is taken as it is, few k if it is turned.
void narrow_product(Op a_op, int64_t m, int64_t n, int64_t k, const float* a, int64_t lda,
                    const float* b, int64_t ldb, bool add, float* c, int64_t ldc);

}  // namespace cnn
