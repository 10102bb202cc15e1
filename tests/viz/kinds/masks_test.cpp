// The kind `masks`.

#include "report/evaluate.h"
#include "support/catch.h"
#include "support/text.h"
#include "viz/support.h"

using namespace cnn;

namespace {

// Classes are ground and ink; a frame of 2 pixels is lost.
constexpr const char* kModel = R"(name: strokes
input: {image: [1, 28, 28]}
layers:
  - {conv: 4, kernel: 5, act: relu}
  - {conv: 2, kernel: 1, name: out}
loss: {cross_entropy: out, target: mask}
metrics: [iou]
data: {format: digits, train: 60, test: 20, val: 10}
train: {epochs: 1, batch_size: 10, optimizer: {adam: 0.02}, seed: 3}
)";

}  // namespace

TEST_CASE("masks are shown beside the true ones, the worst first, with the metric's own overlap") {
  const TemporaryFolder folder;
  const std::string run = train_in(folder, kModel);
  const VizRequest request = request_for_run(run);
  const VizResult result = run_kind("masks", request, {{"most", {"7"}}});
  const auto& shown = result.numbers["shown"];
  REQUIRE(shown.size() == 7);
  for (size_t i = 1; i < shown.size(); ++i) {
    CHECK(shown[i - 1]["iou"].get<double>() <= shown[i]["iou"].get<double>());
  }
  TestRequest test;
  test.weights = request.subjects[0].weights;
  const TestReport report = test_model(request.subjects[0].spec, test);
  const double* iou = find_score(report.metrics, "iou");
  REQUIRE(iou != nullptr);
  CHECK(result.numbers["iou"].get<double>() == Approx(*iou).epsilon(1e-12));
  CHECK(result.numbers["samples"] == 20);

  // Four pictures a sample, of the size that the network gives; the last one is coloured where the
  // two before it differ, and nowhere else.
  const std::vector<Image> pictures = pictures_of(result.figures[0].drawing);
  REQUIRE(pictures.size() == 4 * shown.size());
  for (size_t i = 0; i < shown.size(); ++i) {
    const Image &truth = pictures[4 * i + 1], &predicted = pictures[4 * i + 2];
    const Image& difference = pictures[4 * i + 3];
    CHECK(truth.height == 24);
    CHECK(truth.width == 24);
    int64_t wrong = 0;
    for (size_t p = 0; p < 24 * 24; ++p) {
      const auto pixel = [p](const Image& image) {
        return std::vector<uint8_t>(image.values.begin() + static_cast<int64_t>(3 * p),
                                    image.values.begin() + static_cast<int64_t>(3 * p) + 3);
      };
      const std::vector<uint8_t> d = pixel(difference);
      const bool is_coloured = d[0] != d[1] || d[1] != d[2];
      CHECK(is_coloured == (pixel(truth) != pixel(predicted)));
      wrong += is_coloured;
    }
    CHECK(shown[i]["wrong"].get<double>() == Approx(static_cast<double>(wrong) / (24 * 24)));
  }

  const VizResult best = run_kind("masks", request, {{"most", {"1"}}, {"best", {"true"}}});
  CHECK(best.numbers["shown"][0]["iou"].get<double>() >= shown[6]["iou"].get<double>());
}

TEST_CASE("a segmentation's report begins with its mean overlap") {
  const TemporaryFolder folder;
  const VizResult result = run_kind("report", request_for_run(train_in(folder, kModel)));
  const std::string& page = result.files[0].second;
  CHECK(contains(page, "id=\"masks\""));
  const size_t first = page.find("class=\"card\"");
  REQUIRE(first != std::string::npos);
  CHECK(contains(page.substr(first, 120), "test mean IoU"));
}

TEST_CASE("masks are of models that give a class to every pixel") {
  try {
    run_kind("masks", trained_request());
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == Exit::kUsage);
    CHECK(contains(error.what(), "'masks' takes models that give a class to every pixel"));
  }
}
