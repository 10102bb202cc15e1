// A BLAS, for tests, that knows no processor: as OpenBLAS does it takes its oldest kernels unless
// OPENBLAS_CORETYPE names others that it has (of those it has one set). It multiplies nothing.

#include <cstdlib>
#include <cstring>

namespace {

char core[32] = "Prescott";

[[gnu::constructor]] void choose() {
  const char* asked = std::getenv("OPENBLAS_CORETYPE");
  if (asked && std::strcmp(asked, "Haswell") == 0) std::strcpy(core, "Haswell");
}

}  // namespace

extern "C" char* openblas_get_corename() { return core; }
extern "C" void cblas_sgemm() {}
