#include "model/vocabulary.h"

#include <algorithm>

#include "support/catch.h"

namespace cnn {

TEST_CASE("a layer that is an option of others is no word that replaces an item") {
  const std::vector<std::string> layers = vocabulary().layers;
  const auto has = [&](const char* name) {
    return std::find(layers.begin(), layers.end(), name) != layers.end();
  };
  CHECK(has("conv"));
  CHECK(has("cross_entropy"));
  CHECK_FALSE(has("pad"));
}

}  // namespace cnn
