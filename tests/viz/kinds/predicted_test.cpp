// The kind `predicted`.

#include <cmath>

#include "base/rng.h"
#include "report/evaluate.h"
#include "support/catch.h"
#include "support/text.h"
#include "viz/drawing/plot.h"
#include "viz/drawing/svg.h"
#include "viz/small_network.h"
#include "viz/support.h"

using namespace cnn;

namespace {

// Two numbers that follow from three, one of them a hundred times as large, and some noise.
std::string table(int rows, uint64_t seed) {
  const Rng rng(seed, "table");
  std::string text = "u,v,w,height,price\n";
  for (int i = 0; i < rows; ++i) {
    const auto at = [&](int k) {
      return static_cast<double>(rng.uniform(static_cast<uint64_t>(5 * i + k))) * 2 - 1;
    };
    const double u = at(0), v = at(1), w = at(2);
    text += fmt::format("{},{},{},{},{}\n", u, v, w, u - 0.5 * v + 0.05 * at(3),
                        100 + 40 * w * u + 2 * at(4));
  }
  return text;
}

std::string model(const TemporaryFolder& folder, const std::string& loss = "mse") {
  folder.file("train.csv", table(240, 1));
  folder.file("test.csv", table(60, 2));
  return fmt::format(R"(name: table
input: {{image: [3]}}
layers:
  - {{linear: 16, act: tanh}}
  - {{linear: 2, name: out}}
loss: {{{}: out, target: target}}
metrics: [r2, mae, rmse]
data:
  format: csv
  train: '{}'
  test: '{}'
  val: 40
  columns: {{inputs: [u, v, w], targets: [height, price]}}
train: {{epochs: 3, batch_size: 20, optimizer: {{adam: 0.02}}, seed: 3}}
)",
                     loss, folder.str("train.csv"), folder.str("test.csv"));
}

struct Trained {
  TemporaryFolder folder;
  std::string run = train_in(folder, model(folder));
  VizRequest request = request_for_run(run);
};

const Trained& trained() {
  static const Trained trained;
  return trained;
}

}  // namespace

TEST_CASE("true and predicted numbers stand in a panel a column with this column's scores") {
  const VizResult result = run_kind("predicted", trained().request);
  const auto& columns = result.numbers["columns"];
  REQUIRE(columns.size() == 2);
  CHECK(columns[0]["name"] == "height");
  CHECK(columns[1]["name"] == "price");
  double mae = 0, squares = 0, r2 = 0;
  for (const auto& column : columns) {
    const auto truth = column["true"].get<std::vector<double>>();
    const auto predicted = column["predicted"].get<std::vector<double>>();
    REQUIRE(truth.size() == 60);
    REQUIRE(predicted.size() == 60);
    double mean = 0, absolute = 0, errors = 0, distances = 0;
    for (const double t : truth) mean += t / 60;
    for (size_t i = 0; i < 60; ++i) {
      absolute += std::abs(predicted[i] - truth[i]) / 60;
      errors += (predicted[i] - truth[i]) * (predicted[i] - truth[i]);
      distances += (truth[i] - mean) * (truth[i] - mean);
    }
    CHECK(column["mae"].get<double>() == Approx(absolute).epsilon(1e-6));
    CHECK(column["rmse"].get<double>() == Approx(std::sqrt(errors / 60)).epsilon(1e-6));
    CHECK(column["r2"].get<double>() == Approx(1 - errors / distances).epsilon(1e-6));
    mae += absolute / 2;
    squares += errors / 120;
    r2 += column["r2"].get<double>() / 2;
  }
  // The same that testing says of all of them.
  TestRequest test;
  test.weights = trained().request.subjects[0].weights;
  const TestReport report = test_model(trained().request.subjects[0].spec, test);
  CHECK(*find_score(report.metrics, "mae") == Approx(mae).epsilon(1e-6));
  CHECK(*find_score(report.metrics, "rmse") == Approx(std::sqrt(squares)).epsilon(1e-6));
  CHECK(*find_score(report.metrics, "r2") == Approx(r2).epsilon(1e-6));
  CHECK(result.numbers["r2"].get<double>() == Approx(r2));

  const std::vector<std::string> texts = texts_of(result.figures[0].drawing);
  std::string all;
  for (const std::string& text : texts) all += text + " ";
  for (const auto& column : columns) {
    const std::string name = column["name"].get<std::string>();
    CHECK(contains(all, name + ", true"));
    CHECK(contains(all, name + ", predicted"));
    CHECK(contains(all, fmt::format("{}: R\xc2\xb2 {:.4f}, MAE {:.4g}, RMSE {:.4g}", name,
                                    column["r2"].get<double>(), column["mae"].get<double>(),
                                    column["rmse"].get<double>())));
  }
  CHECK(xml_fault(svg_file(result.figures[0].drawing)).value_or("") == "");
}

TEST_CASE("points stand where both axes have one scale and on the diagonal where both are equal") {
  ScatterPlot plot;
  plot.title = "t";
  plot.points = {{1, 1}, {9, 9}, {2, 7}};
  plot.has_equal_axes = true;
  const Drawing drawing = draw(plot);
  std::vector<Point> dots;
  std::vector<Point> diagonal;
  for (const Drawing::Element& element : drawing.elements()) {
    if (const auto* circle = std::get_if<Drawing::Circle>(&element)) dots.push_back(circle->centre);
    const auto* path = std::get_if<Drawing::Path>(&element);
    if (path != nullptr && path->stroke.dashed) diagonal = path->points;
  }
  REQUIRE(dots.size() == 3);
  REQUIRE(diagonal.size() == 2);
  const double pixels = (dots[1].x - dots[0].x) / 8;
  CHECK(dots[0].y - dots[1].y == Approx(8 * pixels));
  CHECK(dots[2].x - dots[0].x == Approx(pixels));
  CHECK(dots[0].y - dots[2].y == Approx(6 * pixels));
  for (const Point& p : {dots[0], dots[1]}) {
    CHECK(p.x - diagonal[0].x == Approx(diagonal[0].y - p.y));
  }
  CHECK(diagonal[0].y < drawing.height());
}

TEST_CASE("the diagonal lies over the points so that many of them do not hide it") {
  const Drawing drawing = run_kind("predicted", trained().request).figures[0].drawing;
  bool has_diagonal = false;
  size_t circles_behind = 0;
  for (const Drawing::Element& element : drawing.elements()) {
    const auto* path = std::get_if<Drawing::Path>(&element);
    if (path != nullptr && path->stroke.dashed) {
      has_diagonal = true;
      circles_behind = 0;
    }
    circles_behind += std::holds_alternative<Drawing::Circle>(element) ? 1 : 0;
  }
  CHECK(has_diagonal);
  CHECK(circles_behind == 0);
}

TEST_CASE("a split and a number of samples choose what is shown and how many panels there are") {
  const VizResult val = run_kind("predicted", trained().request, {{"split", {"val"}}});
  CHECK(val.numbers["columns"][0]["true"].size() == 40);
  CHECK(val.numbers["split"] == "val");
  const VizResult few =
      run_kind("predicted", trained().request, {{"samples", {"15"}}, {"most", {"1"}}});
  REQUIRE(few.numbers["columns"].size() == 2);
  CHECK(few.numbers["columns"][0]["true"].size() == 15);
  // Evenly over the split: every fourth.
  const VizResult all = run_kind("predicted", trained().request);
  CHECK(few.numbers["columns"][0]["true"][1] == all.numbers["columns"][0]["true"][4]);
  CHECK(few.figures[0].drawing.width() < all.figures[0].drawing.width());
}

TEST_CASE("scores before a sigmoid are shown as what the sigmoid makes of them") {
  const TemporaryFolder folder;
  std::string yaml = model(folder, "bce_logits");
  folder.file("train.csv", "u,v,w,height,price\n0.5,0.1,0.2,0,1\n0.1,0.9,0.3,1,0\n");
  folder.file("test.csv", "u,v,w,height,price\n0.5,0.1,0.2,0,1\n0.1,0.9,0.3,1,0\n");
  yaml.replace(yaml.find("val: 40"), 7, "val: 0");
  yaml.replace(yaml.find("batch_size: 20"), 14, "batch_size: 2");
  const VizRequest request = request_for_run(train_in(folder, yaml));
  const VizResult result = run_kind("predicted", request);
  for (const auto& column : result.numbers["columns"]) {
    for (const auto& p : column["predicted"]) {
      CHECK(p.get<double>() > 0);
      CHECK(p.get<double>() < 1);
    }
  }
  TestRequest test;
  test.weights = request.subjects[0].weights;
  const TestReport report = test_model(request.subjects[0].spec, test);
  const double mae = (result.numbers["columns"][0]["mae"].get<double>() +
                      result.numbers["columns"][1]["mae"].get<double>()) /
                     2;
  CHECK(*find_score(report.metrics, "mae") == Approx(mae).epsilon(1e-6));
}

TEST_CASE("a network without numbers to predict gets a sentence") {
  CHECK(contains(kind_error("predicted", trained_request()), "compares classes: see confusion"));
  const SmallNetwork own(
      "name: own\ninput: {image: [16]}\n"
      "layers: [{linear: 16, name: out}]\nloss: {mse: out, target: image}\n",
      {16});
  CHECK(contains(kind_error("predicted", own.request()), "own input: see reconstruct"));
}

TEST_CASE("the report of a regression shows its numbers and no confusion matrix") {
  const VizResult result = run_kind("report", trained().request);
  const std::string& page = result.files[0].second;
  CHECK(contains(page, "id=\"predicted\""));
  CHECK(contains(page, "test R\xc2\xb2"));
  CHECK_FALSE(contains(page, "id=\"confusion\""));
  CHECK(result.text == "");
  CHECK_FALSE(contains(run_kind("report", trained_request()).files[0].second, "id=\"predicted\""));
}
