// The kind `errors`.

#include "support/catch.h"
#include "support/text.h"
#include "viz/drawing/svg.h"
#include "viz/support.h"

using namespace cnn;

TEST_CASE("mistakes are as many as the confusion matrix says, the most certain first") {
  const VizResult result = run_kind("errors", trained_request(), {{"most", {"5"}}});
  const VizResult confusion = run_kind("confusion", trained_request());
  const auto wrong = result.numbers["mistakes"].get<int64_t>();
  CHECK(wrong == 150 - std::llround(150 * confusion.numbers["accuracy"].get<double>()));
  const auto& shown = result.numbers["shown"];
  CHECK(shown.size() == static_cast<size_t>(std::min<int64_t>(5, wrong)));
  for (size_t i = 0; i < shown.size(); ++i) {
    CHECK(shown[i]["truth"] != shown[i]["predicted"]);
    CHECK(shown[i]["probability"].get<double>() >= shown[i]["probability_of_truth"].get<double>());
    if (i > 0)
      CHECK(shown[i]["probability"].get<double>() <= shown[i - 1]["probability"].get<double>());
  }
  CHECK(pictures_of(result.figures[0].drawing).size() == shown.size());
  REQUIRE(wrong > 2);
  const VizResult two = run_kind("errors", trained_request(), {{"most", {"2"}}});
  CHECK(count_of(svg_file(two.figures[0].drawing), fmt::format("2 of {} mistakes", wrong)) == 1);
  const VizResult all = run_kind("errors", trained_request(), {{"most", {"150"}}});
  CHECK(count_of(svg_file(all.figures[0].drawing), "all mistakes") == 1);
}
