// The kind `curves`.

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "support/catch.h"
#include "support/files.h"
#include "viz/drawing/svg.h"
#include "viz/support.h"

using namespace cnn;

namespace {

// The trained run, and copies of it with other seeds.
struct Several {
  explicit Several(size_t n) {
    request.subjects.push_back(trained_request().subject());
    for (size_t i = 1; i < n; ++i) {
      VizSubject copy = request.subjects[0];
      copy.path = copy.run = folder.str(fmt::format("small-{}", i));
      std::filesystem::copy(request.subjects[0].run, copy.run,
                            std::filesystem::copy_options::recursive);
      std::string spec = read_text(copy.run + "/spec.yaml");
      spec.replace(spec.find("seed: 7"), 7, fmt::format("seed: {}", 7 + i));
      std::ofstream(copy.run + "/spec.yaml") << spec;
      request.subjects.push_back(std::move(copy));
    }
  }
  TemporaryFolder folder;
  VizRequest request;
};

}  // namespace

TEST_CASE("one run's curves: a plot a score, training dashed, the best epoch marked") {
  const VizResult result = run_kind("curves", Several(1).request);
  REQUIRE(result.figures.size() == 1);
  const std::string svg = svg_file(result.figures[0].drawing);
  CHECK(xml_fault(svg).value_or("") == "");
  const std::vector<std::string> texts = texts_of(result.figures[0].drawing);
  for (const char* text : {"small: loss", "small: accuracy", "small: learning rate", "training",
                           "validation", "epoch"}) {
    INFO(text);
    CHECK(std::find(texts.begin(), texts.end(), text) != texts.end());
  }
  CHECK(result.numbers["runs"][0]["curves"]["epoch"].size() == 4);
  CHECK(result.numbers["runs"][0]["curves"]["val/accuracy"].size() == 4);
}

TEST_CASE("runs that are the same but for their seed are one line in a band") {
  const Several two(2);
  const std::string together =
      svg_file(run_kind("curves", two.request, {{"metric", {"accuracy"}}}).figures[0].drawing);
  CHECK(count_of(together, "(2 seeds)") > 0);
  CHECK(count_of(together, "fill-opacity=\"0.18\"") == 2);  // training, validation
  const std::string apart =
      svg_file(run_kind("curves", two.request, {{"metric", {"accuracy"}}, {"each", {"true"}}})
                   .figures[0]
                   .drawing);
  CHECK(count_of(apart, "seeds") == 0);
}

TEST_CASE("a score that no run has is a usage error that names those there are") {
  try {
    run_kind("curves", Several(1).request, {{"metric", {"acuracy"}}});
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == Exit::kUsage);
    CHECK(std::string(error.what()).find("'loss', 'accuracy' or 'lr'") != std::string::npos);
  }
}
