// Models that would expand without end are rejected at once.
#include <chrono>

#include "graph/builder_support.h"

namespace cnn {

TEST_CASE("endless models are rejected at once") {
  struct Case {
    const char* what;
    std::string text;
    const char* expected;
  };
  std::string doubling = "blocks:\n";
  for (int i = 0; i < 40; ++i)
    doubling += fmt::format("  b{}: {{layers: [b{}, b{}]}}\n", i, i + 1, i + 1);
  doubling += "  b40: {layers: [relu]}\nlayers: [b0]\n";
  std::string deep = "blocks:\n";
  for (int i = 0; i < 60; ++i) {
    deep += fmt::format("  b{}: {{layers: [", i);
    for (int j = 0; j < 20; ++j) deep += "{seq: [";
    deep += fmt::format("b{}", i + 1);
    for (int j = 0; j < 20; ++j) deep += "]}";
    deep += "]}\n";
  }
  deep += "  b60: {layers: [relu]}\nlayers: [b0]\n";
  const std::vector<Case> cases = {
      {"itself", "blocks: {a: {layers: [relu, b]}, b: {layers: [a]}}\nlayers: [a]\n",
       "block 'a' calls itself"},
      {"repeat", "layers: [{relu, repeat: 1000000}]\n", "'repeat' must be at most 20,000"},
      {"repeats", "blocks: {a: {layers: [{relu, repeat: 500}]}}\nlayers: [{a, repeat: 500}]\n",
       "expands to more than 20,000 items"},
      {"doubling", doubling, "expands to more than 20,000 items"},
      {"deep", deep, "nested deeper than 200 levels"},
      {"empty", "blocks: {a: {layers: []}}\nlayers: [{a, repeat: 20000}]\n",
       "expands to more than 20,000 items"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    const auto start = std::chrono::steady_clock::now();
    const std::string errors = errors_of("input: {image: [4, 8, 8]}\n" + c.text);
    CHECK(contains(errors, c.expected));
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
  }
}

}  // namespace cnn
