// Reports say which instruction set the code is for: others round differently.

#include "apps/support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

std::string instruction_set() {
  const auto result = run_cnn({"time", std::string(CNN_SOURCE_DIR) + "/models/lenet5.yaml",
                               "--batch-size", "1", "--seconds", "0", "--total", "--json"});
  INFO(result.err);
  REQUIRE(result.exit == 0);
  return last_json(result.out)["instruction_set"];
}

}  // namespace

TEST_CASE("a command says which instruction set its code is for") {
#if defined(__x86_64__)
  CHECK(instruction_set().starts_with("x86-64"));
#elif defined(__aarch64__)
  CHECK(instruction_set() == "aarch64");
#endif
}
