// The kind `curves`.

#include "base/error.h"
#include "support/catch.h"
#include "viz/drawing/svg.h"
#include "viz/support.h"

using namespace cnn;

namespace {

VizRequest several(size_t n) {
  VizRequest request;
  for (size_t i = 0; i < n; ++i) request.subjects.push_back(trained_request().subject());
  return request;
}

}  // namespace

TEST_CASE("one run's curves: a plot a score, training dashed, the best epoch marked") {
  const VizResult result = run_kind("curves", several(1));
  REQUIRE(result.figures.size() == 1);
  const std::string svg = svg_file(result.figures[0].drawing);
  CHECK(xml_fault(svg).value_or("") == "");
  const std::vector<std::string> texts = texts_of(result.figures[0].drawing);
  for (const char* text :
       {"loss", "accuracy", "learning rate", "training", "validation", "epoch"}) {
    INFO(text);
    CHECK(std::find(texts.begin(), texts.end(), text) != texts.end());
  }
  CHECK(result.numbers["runs"][0]["curves"]["epoch"].size() == 4);
  CHECK(result.numbers["runs"][0]["curves"]["val/accuracy"].size() == 4);
}

TEST_CASE("runs that are the same but for their seed are one line in a band") {
  const std::string together =
      svg_file(run_kind("curves", several(2), {{"metric", {"accuracy"}}}).figures[0].drawing);
  CHECK(count_of(together, "(2 seeds)") > 0);
  CHECK(count_of(together, "fill-opacity=\"0.18\"") == 1);
  const std::string apart =
      svg_file(run_kind("curves", several(2), {{"metric", {"accuracy"}}, {"each", {"true"}}})
                   .figures[0]
                   .drawing);
  CHECK(count_of(apart, "seeds") == 0);
}

TEST_CASE("a score that no run has is a usage error that names those there are") {
  try {
    run_kind("curves", several(1), {{"metric", {"acuracy"}}});
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == Exit::kUsage);
    CHECK(std::string(error.what()).find("'loss', 'accuracy' or 'lr'") != std::string::npos);
  }
}
