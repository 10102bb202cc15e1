// How lists are told.

#include "tensor/items.h"

#include "support/catch.h"

namespace cnn {

TEST_CASE("a volume says how many items of it there are") {
  CHECK(volume_text({6, 28, 28}, {}) == "6x28x28");
  CHECK(volume_text({6, 28}, {}, " by ") == "6 by 28");
  CHECK(volume_text({}, {}) == "scalar");
  CHECK(volume_text({64}, Items::list(100)) == "100 of 64");
  CHECK(volume_text({3, 8, 8}, Items::up_to(40)) == "<=40 of 3x8x8");
  CHECK(describe({3, 8, 8}, Items::up_to(40)) == "up to 40 x [3,8,8]");
  CHECK(describe({3}, Items::list(2)) == "2 x [3]");
  CHECK(describe({3}, {}) == "[3]");
}

}  // namespace cnn
