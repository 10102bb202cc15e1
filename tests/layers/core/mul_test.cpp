#include "reference/index.h"
#include "support/catch.h"
#include "support/check_layer.h"

namespace cnn {
namespace {

// `out_shape` of the output; inputs of lower rank are [C].
auto product(const Shape& out_shape) {
  return [out_shape](const ReferenceCall& call) {
    Numbers out(static_cast<size_t>(call.batch * out_shape.count()), 1);
    for (size_t i = 0; i < call.inputs.size(); ++i) {
      const Shape& shape = call.shapes[i];
      for (int64_t n = 0; n < call.batch; ++n) {
        for (int64_t c = 0; c < out_shape.channels(); ++c) {
          for (int64_t p = 0; p < out_shape.positions(); ++p) {
            const bool scales = shape.rank() < out_shape.rank();
            out[reference::file_index(out_shape, n, c, p)] *=
                call.inputs[i][reference::file_index(shape, n, c, scales ? 0 : p)];
          }
        }
      }
    }
    return out;
  };
}

}  // namespace

TEST_CASE("mul of equal shapes matches the reference") {
  for (const Shape& shape : shapes_of_every_rank()) {
    check_layer({"mul", {shape, shape}, product(shape)});
  }
  const Shape shape{3, 5, 7};
  check_layer({"mul", {shape, shape, shape}, product(shape)});
}

TEST_CASE("mul by [C] scales the channels of every position") {
  check_layer({"mul", {{3, 5, 7}, {3}}, product({3, 5, 7})});
  check_layer({"mul", {{3}, {3, 5, 7}}, product({3, 5, 7})});
  check_layer({"mul", {{5}, {3, 5}}, product({3, 5})});
  check_layer({"mul", {{2}, {2, 3, 4, 5}, {2}}, product({2, 3, 4, 5})});
  check_layer({"mul", {{17}, {17, 1, 1}}, product({17, 1, 1})});
  check_layer({"mul", {{140, 5, 7}, {140}, {140, 5, 7}}, product({140, 5, 7})});
}

TEST_CASE("row 26: mul of shapes that do not fit names both") {
  const std::string message = setup_error("mul", {{6, 4, 4}, {5}});
  CHECK(message.find("[6,4,4] and [5]") != std::string::npos);
  CHECK(setup_error("mul", {{5}, {6, 4, 4}}).find("[5] and [6,4,4]") != std::string::npos);
  CHECK(setup_error("mul", {{6, 4, 4}, {6, 4, 1}}) != "");
}

}  // namespace cnn
