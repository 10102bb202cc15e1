#include "support/catch.h"
#include "support/check_layer.h"

namespace cnn {
namespace {

Numbers same(const ReferenceCall& call) { return call.inputs[0]; }

struct Row {
  const char* item;
  Shape in;
  Shape out;
};

}  // namespace

TEST_CASE("reshape keeps the order C,H,W") {
  const Row rows[] = {
      {"{reshape: [3, 4, 5]}", {60}, {3, 4, 5}},
      {"{reshape: [-1, 2, 5]}", {60}, {6, 2, 5}},
      {"{reshape: [60]}", {3, 4, 5}, {60}},
      {"{reshape: [5, 4, 3]}", {3, 4, 5}, {5, 4, 3}},
      {"{reshape: [3, 2, 10]}", {3, 4, 5}, {3, 2, 10}},
      {"{reshape: [4, -1]}", {3, 4, 5}, {4, 15}},
      {"{reshape: [2, 3, 2, 5]}", {3, 4, 5}, {2, 3, 2, 5}},
      {"{reshape: [1, 60]}", {2, 3, 2, 5}, {1, 60}},
      {"{reshape: [35, 33, 16]}", {16, 33, 35}, {35, 33, 16}},
      {"{reshape: [16, 33, 35]}", {18480}, {16, 33, 35}},
  };
  for (const Row& row : rows) {
    check_layer({row.item, {row.in}, same});
    CHECK(LayerHarness(row.item, {row.in}).plan().output() == row.out);
  }
}

TEST_CASE("a reshape that does not fit says both counts") {
  const std::string message = setup_error("{reshape: [7, 7]}", {{50}});
  CHECK(message.find("50") != std::string::npos);
  CHECK(message.find("49") != std::string::npos);
  CHECK(setup_error("{reshape: [7, -1]}", {{50}}) != "");
  CHECK(setup_error("{reshape: [-1, -1]}", {{50}}) != "");
  CHECK(setup_error("{reshape: [0, 50]}", {{50}}) != "");
  CHECK(setup_error("{reshape: [1, 1, 1, 1, 50]}", {{50}}) != "");
  CHECK(setup_error("{reshape: [4194305, 4194305, 211106198978564]}", {{50}}) != "");
  CHECK(setup_error("{reshape: []}", {{50}}) != "");
  CHECK(setup_error("reshape", {{50}}) != "");
}

}  // namespace cnn
