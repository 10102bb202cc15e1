#include "support/catch.h"
#include "support/check_layer.h"

namespace cnn {

TEST_CASE("gap matches the reference") {
  for (const Shape& shape : {Shape{1, 1, 1}, Shape{3, 4, 5}, Shape{17, 3, 3}, Shape{2, 2, 3, 2}}) {
    DYNAMIC_SECTION(shape.str()) {
      check_layer({"gap", {shape}, [&](const ReferenceCall& call) {
                     const auto positions = static_cast<size_t>(shape.positions());
                     Numbers means(static_cast<size_t>(call.batch * shape.channels()), 0.0);
                     for (size_t i = 0; i < call.inputs[0].size(); ++i) {
                       means[i / positions] += call.inputs[0][i] / static_cast<double>(positions);
                     }
                     return means;
                   }});
    }
  }
}

TEST_CASE("gap of a sequence is the mean over its positions") {
  check_layer({"gap", {{4, 3}}, [](const ReferenceCall& call) {
                 Numbers means(static_cast<size_t>(call.batch * 3), 0.0);
                 for (size_t i = 0; i < call.inputs[0].size(); ++i) {
                   means[i / 12 * 3 + i % 3] += call.inputs[0][i] / 4;
                 }
                 return means;
               }});
}

TEST_CASE("gap needs positions to average over") {
  CHECK(
      setup_error("gap", {{4}})
          .find(
              "gap expects an image [C,H,W], a volume [C,D,H,W] or a sequence [T,F], found [4]") !=
      std::string::npos);
}

}  // namespace cnn
