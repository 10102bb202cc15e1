#include <algorithm>
#include <set>

#include "layers/core/digit_codes.h"
#include "support/catch.h"
#include "support/check_layer.h"

namespace cnn {
namespace {

Numbers rbf(const ReferenceCall& call) {
  const auto in = static_cast<size_t>(call.shapes[0][0]);
  const Numbers &x = call.inputs[0], &codes = call.parameters[0];
  Numbers out;
  for (size_t n = 0; n < static_cast<size_t>(call.batch); ++n) {
    for (size_t i = 0; i < codes.size() / in; ++i) {
      double distance = 0;
      for (size_t j = 0; j < in; ++j) {
        const double difference = x[n * in + j] - codes[i * in + j];
        distance += difference * difference;
      }
      out.push_back(-distance);
    }
  }
  return out;
}

}  // namespace

TEST_CASE("rbf matches the reference, with codes that train and codes that stay") {
  check_layer({"{rbf: 10}", {{84}}, rbf});
  check_layer({"{rbf: 3, trainable: true}", {{84}}, rbf});
  check_layer({"{rbf: 5, codes: random, trainable: true}", {{7}}, rbf});
  check_layer({"{rbf: 1, codes: random}", {{1}}, rbf});
  check_layer({"{rbf: 67, codes: random, trainable: true}", {{311}}, rbf});
}

TEST_CASE("codes are no learned parameters unless they are trainable") {
  const LayerPlan fixed = LayerHarness("{rbf: 10}", {{84}}).plan();
  REQUIRE(fixed.parameters.size() == 1);
  CHECK_FALSE(fixed.parameters[0].learned);
  CHECK(fixed.parameters[0].shape == Shape{10, 84});
  CHECK(fixed.parameters[0].init.given == digit_codes(10));
  CHECK(LayerHarness("{rbf: 10, trainable: true}", {{84}}).plan().parameters[0].learned);
}

TEST_CASE("the digits' codes are far enough apart, and of 1 and -1") {
  const std::vector<float> codes = digit_codes(10);
  REQUIRE(codes.size() == 840);
  CHECK(std::set<float>(codes.begin(), codes.end()) == std::set<float>{-1, 1});
  for (size_t a = 0; a < 10; ++a) {
    for (size_t b = 0; b < a; ++b) {
      int different = 0;
      for (size_t j = 0; j < 84; ++j) different += codes[84 * a + j] != codes[84 * b + j];
      INFO(a << " and " << b);
      CHECK(different >= 5);
    }
  }
}

TEST_CASE("rbf refuses inputs that the digits' codes do not fit") {
  CHECK(setup_error("{rbf: 10}", {{80}}).find("7 x 12 = 84 numbers, the input has 80") !=
        std::string::npos);
  CHECK(setup_error("{rbf: 11}", {{84}}).find("11 classes, but ten digits") != std::string::npos);
  CHECK(setup_error("{rbf: 10}", {{84, 1, 1}}).find("add 'flatten'") != std::string::npos);
}

}  // namespace cnn
