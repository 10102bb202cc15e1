#include "layers/sparsity.h"

namespace cnn {

void SparsityPenalty::declare(Options& o) {
  o.choice(
      "penalty", is_log_, {{"l1", false}, {"log", true}},
      "what a number z costs: |z|, or width log(1 + |z| / width), which leaves large ones alone");
  o("width", width_, "of the log penalty: the size at which it bends").between(1e-3, 1e6);
}

}  // namespace cnn
