#include "support/catch.h"
#include "support/check_layer.h"

namespace cnn {
namespace {

Numbers naive(const ReferenceCall& call) {
  Numbers out = call.inputs[0];
  for (size_t i = 1; i < call.inputs.size(); ++i) {
    for (size_t k = 0; k < out.size(); ++k) out[k] += call.inputs[i][k];
  }
  return out;
}

}  // namespace

TEST_CASE("add of two, three and four inputs matches the reference") {
  for (const Shape& shape : shapes_of_every_rank()) check_layer({"add", {shape, shape}, naive});
  const Shape shape{3, 5, 7};
  check_layer({"add", {shape, shape, shape}, naive});
  check_layer({"add", {shape, shape, shape, shape}, naive});
}

TEST_CASE("row 26: add of different shapes names both") {
  const std::string message = setup_error("add", {{6, 4, 4}, {6, 4, 5}});
  CHECK(message.find("[6,4,4]") != std::string::npos);
  CHECK(message.find("[6,4,5]") != std::string::npos);
}

}  // namespace cnn
