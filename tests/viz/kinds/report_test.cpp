// The kind `report`.

#include "model/vocabulary.h"
#include "support/catch.h"
#include "support/text.h"
#include "viz/support.h"

using namespace cnn;

TEST_CASE("a report is one well-formed page that needs nothing else") {
  const VizResult result = run_kind("report", trained_request());
  REQUIRE(result.files.size() == 1);
  CHECK(result.files[0].first == "report.html");
  const std::string& page = result.files[0].second;
  CHECK(xml_fault(page).value_or("") == "");
  for (const char* outside : {"<script", "<link", "@import", "url(", "src=\"http", "href=\"http"}) {
    INFO(outside);
    CHECK_FALSE(contains(page, outside));
  }
  CHECK(count_of(page, "href=\"#") + count_of(page, "href=\"data:") == count_of(page, "href="));
  CHECK(count_of(page, "src=\"data:") == count_of(page, "src="));
  for (const char* part : {"prefers-color-scheme:dark", "name=\"viewport\"", "Confusion matrix",
                           "id=\"curves\"", "id=\"errors\"", "id=\"filters\"", "id=\"activations\"",
                           "kernel: 5", "best val/loss", "test accuracy"}) {
    INFO(part);
    CHECK(contains(page, part));
  }
  CHECK(page.size() < 5'000'000);
  // The sheet of mistakes fits a telephone's screen; nothing shrinks to less than half.
  const size_t errors = page.find("id=\"errors\"");
  const size_t width = page.find("min-width:", errors) + std::string("min-width:").size();
  CHECK(std::stoi(page.substr(width)) > 240);
  CHECK(std::stoi(page.substr(width)) < 370);
  CHECK(result.text == "");
}

TEST_CASE("a report is the same text each time, and says what it leaves out") {
  VizRequest request = trained_request();
  const std::string page = run_kind("report", request).files[0].second;
  CHECK(run_kind("report", request).files[0].second == page);
  // Data that are not there any more.
  request.subjects[0].spec =
      load_model(trained_run() + "/spec.yaml",
                 {"data={format: idx, train: {images: /nonexistent/i, labels: /nonexistent/l}, "
                  "test: {images: /nonexistent/i, labels: /nonexistent/l}}"},
                 vocabulary());
  const VizResult poorer = run_kind("report", request);
  CHECK(contains(poorer.text, "left out: confusion"));
  CHECK(contains(poorer.files[0].second, "id=\"curves\""));
  CHECK_FALSE(contains(poorer.files[0].second, "id=\"confusion\""));
}
