// The BLAS that gemm runs on. It is loaded at the first product, because its working memory is
// large (128 MiB of addresses a thread) and most commands multiply nothing, and because the kernels
// that it shall use are chosen before it is loaded (gemm_core.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cnn {

struct GemmLibrary {
  std::string file;       // "libopenblasp-r0.3.21.so"; "built in" where there is none
  std::string core;       // for which processor OpenBLAS's kernels are; "" of other libraries
  void* sgemm = nullptr;  // its cblas_sgemm

  std::string name() const { return core.empty() ? file : file + " (" + core + ")"; }
};

// Loads it, if no product has, so that a long run is told before it begins: Exit::kResource where
// there is no memory for it, or no library. Warns of kernels that make less of this processor than
// it offers.
const GemmLibrary& gemm_library();

// The first of `files` that can be loaded, for that many threads at a time. Where it takes less
// than `offered`, the machine's instruction set, it is loaded again, with OPENBLAS_CORETYPE set
// meanwhile, unless the user has set that.
GemmLibrary load_gemm_library(const std::vector<std::string>& files, std::string_view offered,
                              int threads);

}  // namespace cnn
