#include <cmath>

#include "metrics/metrics.h"
#include "support/catch.h"
#include "support/training.h"

namespace cnn {
namespace {

using namespace cnn::test;

// The metric as the model file would have it: "{iou: per_class}".
std::unique_ptr<Metric> metric(const std::string& name, const std::string& option = "",
                               const std::string& value = "") {
  std::unique_ptr<Metric> made = make_metric(name);
  Options options;
  made->options(options);
  Diagnostics diagnostics;
  if (!option.empty()) {
    REQUIRE(Options::read_value(*options.find(option), Node::scalar(value), diagnostics));
  }
  return made;
}

// Scores [2,H,W] that choose the class of every pixel.
std::vector<float> scores_of(const std::vector<float>& classes) {
  std::vector<float> scores;
  for (const float c : classes) scores.insert(scores.end(), {1 - c, c});
  return scores;
}

// The result of one picture, height rows of width classes.
Scores result_of(Metric& m, int64_t height, int64_t width, const std::vector<float>& found,
                 const std::vector<float>& truth, std::optional<int64_t> ignore = std::nullopt) {
  const std::vector<float> scores = scores_of(found);
  m.setup({{2, height, width}, {1, height, width}, ignore});
  m.add({scores.data(), 1, {2, height, width}}, {truth.data(), 1, {1, height, width}});
  return m.result();
}

}  // namespace

TEST_CASE("overlaps of masks are what a hand computes") {
  const std::vector<float> found = {0, 0, 1, 1}, truth = {0, 1, 1, 1};
  const Scores iou = result_of(*metric("iou", "show", "per_class"), 2, 2, found, truth);
  REQUIRE(iou.size() == 3);
  CHECK(*find_score(iou, "iou_0") == 0.5);
  CHECK(*find_score(iou, "iou_1") == Approx(2.0 / 3));
  CHECK(*find_score(iou, "iou") == Approx((0.5 + 2.0 / 3) / 2));
  CHECK(result_of(*metric("dice"), 2, 2, found, truth) == Scores{{"dice", (2.0 / 3 + 0.8) / 2}});
  CHECK(result_of(*metric("pixel_accuracy"), 2, 2, found, truth).front().second == 0.75);
}

TEST_CASE("a class that is nowhere leaves the mean alone, ignored pixels count nowhere") {
  const Scores iou =
      result_of(*metric("iou", "show", "per_class"), 1, 4, {0, 0, 0, 1}, {0, 0, 0, 255}, 255);
  CHECK(*find_score(iou, "iou") == 1);
  CHECK(*find_score(iou, "iou_1") == 1);
  // Predicted, but no pixel's: the mean is that of the other one.
  const Scores absent =
      result_of(*metric("iou", "show", "per_class"), 1, 4, {0, 0, 0, 1}, {0, 0, 0, 0});
  CHECK(*find_score(absent, "iou") == 0.75);
  CHECK(*find_score(absent, "iou_1") == 0);
}

TEST_CASE("masks of one score alone: above the threshold is class 1") {
  const std::unique_ptr<Metric> m = metric("pixel_accuracy");
  m->setup({{1, 1, 4}, {1, 1, 4}});
  const float scores[] = {-1, 2, 0.3f, -0.1f}, truth[] = {0, 1, 0, 0};
  m->add({scores, 1, {1, 1, 4}}, {truth, 1, {1, 1, 4}});
  CHECK(m->result().front().second == 0.75);
  const std::unique_ptr<Metric> high = metric("pixel_accuracy", "threshold", "0.5");
  high->setup({{1, 1, 4}, {1, 1, 4}});
  high->add({scores, 1, {1, 1, 4}}, {truth, 1, {1, 1, 4}});
  CHECK(high->result().front().second == 1);
}

TEST_CASE("rand error: right, split, merged, and a membrane in the wrong place") {
  const auto error = [](const std::vector<float>& found, const std::vector<float>& truth) {
    return result_of(*metric("rand_error"), 1, 7, found, truth).front().second;
  };
  const std::vector<float> two_cells = {1, 1, 1, 0, 1, 1, 1}, one_cell(7, 1);
  CHECK(error(two_cells, two_cells) == 0);
  // Merged: 6 pixels of cells; true pairs 9 + 9, found pairs 36, right pairs 18.
  CHECK(error(one_cell, two_cells) == Approx(1 - 2 * 0.5 * 1 / 1.5));
  // Split: true pairs 49; found 9 + 9 + 1 alone, all of them right.
  CHECK(error(two_cells, one_cell) == Approx(1 - 2 * (19.0 / 49) / (1 + 19.0 / 49)));
  // No true cell at all.
  CHECK(error(two_cells, std::vector<float>(7, 0)) == 0);
}

TEST_CASE("rand error: cells that touch at a corner alone are two") {
  // 0 is membrane. A diagonal membrane parts the square only if corners do not join.
  const std::vector<float> truth = {0, 1, 1, 1, 0, 1, 1, 1, 0},
                           joined = {1, 1, 1, 1, 1, 1, 1, 1, 1};
  const double error = result_of(*metric("rand_error"), 3, 3, joined, truth).front().second;
  CHECK(error == Approx(1 - 2 * 0.5 * 1 / 1.5));
}

TEST_CASE("rand error is the mean over images, and another class may be the membrane") {
  const std::unique_ptr<Metric> m = metric("rand_error", "membrane", "1");
  m->setup({{2, 1, 3}, {1, 1, 3}});
  const std::vector<float> truth = {0, 1, 0, 0, 1, 0};
  const std::vector<float> scores = scores_of({0, 1, 0, 0, 0, 0});
  m->add({scores.data(), 2, {2, 1, 3}}, {truth.data(), 2, {1, 1, 3}});
  CHECK(m->result().front().second == Approx((0 + 1 - 2 * 0.5 / 1.5) / 2));
}

TEST_CASE("boundary F1 forgives as many pixels as it is told") {
  // A vertical membrane of class 0, found two pixels to the right.
  std::vector<float> truth(5 * 9, 1), found(5 * 9, 1);
  for (size_t y = 0; y < 5; ++y) truth[y * 9 + 3] = found[y * 9 + 5] = 0;
  const auto f1 = [&](const std::string& tolerance) {
    return result_of(*metric("boundary_f1", "tolerance", tolerance), 5, 9, found, truth)
        .front()
        .second;
  };
  CHECK(f1("1") == 0);
  CHECK(f1("2") == 1);
  // A second one that is not there: precision a half, recall 1.
  for (size_t y = 0; y < 5; ++y) found[y * 9 + 8] = 0;
  CHECK(f1("2") == Approx(2 * 0.5 / 1.5));
  CHECK(result_of(*metric("boundary_f1"), 5, 9, truth, truth).front().second == 1);
}

TEST_CASE("metrics of membranes refuse what is no image, and classes that are not there") {
  CHECK(contains(error_of(Exit::kSpec,
                          [] {
                            metric("rand_error")->setup({{2}, {1}});
                          }),
                 "[C,H,W]"));
  CHECK(contains(error_of(Exit::kSpec,
                          [] {
                            metric("boundary_f1", "membrane", "2")->setup({{2, 3, 3}, {1, 3, 3}});
                          }),
                 "class 2"));
  CHECK(contains(error_of(Exit::kSpec,
                          [] {
                            metric("iou")->setup({{2, 3, 3}, {1, 4, 3}});
                          }),
                 "positions"));
}

}  // namespace cnn
