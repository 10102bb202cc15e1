// The kind `confusion`.

#include "base/error.h"
#include "support/catch.h"
#include "support/text.h"
#include "viz/support.h"

using namespace cnn;

TEST_CASE("a confusion matrix counts every sample of the split once") {
  const VizResult result = run_kind("confusion", trained_request());
  int64_t all = 0, right = 0;
  for (size_t t = 0; t < 10; ++t) {
    for (size_t p = 0; p < 10; ++p) {
      const auto count = result.numbers["counts"][t][p].get<int64_t>();
      all += count;
      right += t == p ? count : 0;
    }
  }
  CHECK(all == 150);
  CHECK(result.numbers["accuracy"].get<double>() == Approx(static_cast<double>(right) / 150));
  CHECK(right < 150);  // else the next line says nothing
  CHECK(contains(result.text, "most often taken for another: "));
  CHECK(pictures_of(result.figures[0].drawing).size() == 1);
}

TEST_CASE("a model without classes has no confusion matrix") {
  const VizRequest request = [] {
    VizRequest r = request_of(R"(name: ae
input: {image: [1, 28, 28]}
layers: [flatten, {linear: 784}, {reshape: [1, 28, 28], name: recon}]
loss: {mse: recon, target: image}
data: digits
)");
    r.partial_weights = true;
    r.subjects[0].weights = trained_request().subject().weights;
    return r;
  }();
  CHECK_THROWS_AS(run_kind("confusion", request), Error);
}
