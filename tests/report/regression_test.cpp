// A regression from a table: trained on standardised numbers, told in those of the table.
#include <cmath>

#include "base/json.h"
#include "base/rng.h"
#include "io/npy.h"
#include "model/weights.h"
#include "predict/predict.h"
#include "report/evaluate.h"
#include "support/catch.h"
#include "support/training.h"
#include "train/run_dir.h"

namespace cnn {
namespace {

using namespace cnn::test;

constexpr const char* kModel = R"(name: houses
input: {image: [4]}
layers: [{linear: 1, name: out}]
outputs: {price: out}
loss: {mse: out, target: target}
metrics: [mae, rmse, r2]
data:
  format: csv
  train: t.csv
  test: u.csv
  columns: {categories: [district], targets: [price]}
  val: 40
  standardise: true
train: {epochs: 30, batch_size: 20, optimizer: {sgd: 0.05, momentum: 0.9}, seed: 1}
)";

double price_of(double area, double year, bool is_north) {
  return 50000 + 3000 * area + 400 * (year - 1900) + (is_north ? 40000 : 0);
}

// Prices that a linear layer can tell, up to noise of 1,000.
void write_tables(const TemporaryFolder& folder) {
  RandomSequence random(Rng(5, "houses"));
  const auto rows = [&](int count) {
    std::string text = "area,year,district,price\n";
    for (int i = 0; i < count; ++i) {
      const auto area = static_cast<double>(30 + random.below(170));
      const auto year = static_cast<double>(1900 + random.below(120));
      const bool is_north = random.below(2) == 1;
      const double noise = static_cast<double>(random.below(2001)) - 1000;
      text += fmt::format("{},{},{},{}\n", area, year, is_north ? "north" : "south",
                          price_of(area, year, is_north) + noise);
    }
    return text;
  };
  folder.file("t.csv", rows(240));
  folder.file("u.csv", rows(50));
}

TrainReport run(const TemporaryFolder& folder, Recorder& recorder,
                const std::vector<std::string>& overrides = {}) {
  StopFlags flags;
  TrainRequest request;
  request.out = folder.str("runs");
  return train(load(folder.file("m.yaml", kModel), overrides), request, recorder, flags);
}

double score(const Scores& scores, const char* name) {
  const double* found = find_score(scores, name);
  REQUIRE(found != nullptr);
  return *found;
}

}  // namespace

TEST_CASE("a regression is trained on standardised numbers and told in those of its table") {
  const TemporaryFolder folder;
  write_tables(folder);
  Recorder recorder;
  const std::string run_folder = run(folder, recorder).run;
  QuietLog log;
  CHECK(recorder.said(
      "columns: 2 standardised numbers and 2 categories of 'district'; standardised to tell: "
      "'price'"));
  // Noise of 1,000 has a mean error of 500; the loss is in deviations of the price.
  const Scores& last = recorder.rows.back().scores;
  CHECK(score(last, "val/mae") > 300);
  CHECK(score(last, "val/mae") < 900);
  CHECK(score(last, "val/r2") > 0.999);
  CHECK(score(last, "train/mae") > 300);  // so is what training tells
  CHECK(score(last, "train/mae") < 900);
  CHECK(score(last, "val/loss") < 1e-3);

  const std::string weights = run_folder + "/weights/last.safetensors";
  const WeightsInfo info = read_weights_info(weights);
  const double deviation = info.standards.at("target").deviation.at(0);
  CHECK(score(last, "val/rmse") ==
        Approx(std::sqrt(score(last, "val/loss")) * deviation).epsilon(1e-5));
  CHECK(info.categories == std::vector<CategoryColumn>{{"district", {"north", "south"}, 2}});
  CHECK(info.standards.at("image").mean == info.normalization.mean);

  // Tested by the run's own file, and by the model with the weights, on a table that has changed.
  TestRequest testing;
  testing.weights = weights;
  const TestReport tested = test_model(load(run_folder + "/spec.yaml"), testing);
  CHECK(score(tested.metrics, "mae") < 900);
  folder.file("t.csv", "area,year,district,price\n1,2,north,3\n2,2,south,3\n2,4,east,9\n");
  const TestReport other = test_model(load(folder.str("m.yaml"), {"data.val=0"}), testing);
  CHECK(other.metrics == tested.metrics);

  // Columns in another order, no price, a district that is new.
  folder.file("new.csv", "district,extra,year,area\nnorth,?,2000,100\nwest,?,2000,100\n");
  PredictRequest request;
  request.weights = weights;
  request.inputs = {folder.str("new.csv")};
  request.out = folder.str("out");
  const PredictReport report = predict(load(folder.str("m.yaml")), request);
  const double told = Json::parse(report.json())["predictions"][0]["values"][0].get<double>();
  CHECK(told == Approx(price_of(100, 2000, true)).margin(2000));
  CHECK(contains(report.csv(), "input,sample,price\n"));
  CHECK(contains(report.text(), fmt::format("new.csv 0:  price {:.0f}\n", told)));
  CHECK(log.has("new.csv:3:1: column 'district' has 'west'"));
  const std::vector<float> file = NpyReader(folder.str("out/price.npy")).read_all();
  CHECK(file.at(0) == Approx(told).epsilon(1e-6));

  // Numbers of an array are standardised as the table's are.
  write_npy(folder.str("x.npy"), {1, 4}, std::vector<float>{100, 2000, 1, 0});
  request.inputs = {folder.str("x.npy")};
  const PredictReport array = predict(load(folder.str("m.yaml")), request);
  CHECK(Json::parse(array.json())["predictions"][0]["values"][0].get<double>() ==
        Approx(told).epsilon(1e-6));
}

TEST_CASE("a run that is resumed sees the figures that it began with") {
  const TemporaryFolder folder;
  write_tables(folder);
  QuietLog log;
  Recorder whole_recorder, recorder, resumed;
  const std::string whole = run(folder, whole_recorder, {"train.epochs=4"}).run;
  const std::string run_folder =
      run(folder, recorder, {"train.epochs=4", "train.max_steps=15"}).run;
  CHECK(contains(read_text(run_folder + "/spec.yaml"), "standardise:\n"));
  StopFlags flags;
  TrainRequest request;
  request.resume = run_folder;
  train(load(run_folder + "/spec.yaml", {"train.max_steps=~"}), request, resumed, flags);
  CHECK(read_text(run_folder + "/weights/last.safetensors") ==
        read_text(whole + "/weights/last.safetensors"));
}

TEST_CASE("a run's file trains anew with its figures and says so") {
  const TemporaryFolder folder;
  write_tables(folder);
  QuietLog log;
  Recorder first, second, third;
  const std::string spec = run(folder, first, {"train.epochs=1"}).run + "/spec.yaml";
  CHECK_FALSE(first.said("are standardised by the figures"));
  StopFlags flags;
  TrainRequest request;
  request.out = folder.str("runs");
  train(load(spec), request, second, flags);
  CHECK(second.said("are standardised by the figures that"));
  train(load(spec, {"data.standardise=true"}), request, third, flags);
  CHECK_FALSE(third.said("are standardised by the figures"));
}

TEST_CASE("targets that are tiny keep their digits") {
  const TemporaryFolder folder;
  std::string table = "a,charge\n";
  for (int i = 0; i < 100; ++i) table += fmt::format("{},{}e-20\n", i, 5 + 2 * i);
  folder.file("t.csv", table);
  const std::string model = folder.file(
      "m.yaml",
      "name: tiny\ninput: {image: [1]}\nlayers: [{linear: 1, name: out}]\nloss: {mse: out}\n"
      "data: {format: csv, train: t.csv, columns: {targets: [charge]}, standardise: true}\n"
      "train: {epochs: 60, batch_size: 20, optimizer: {sgd: 0.1}}\n");
  QuietLog log;
  Recorder recorder;
  StopFlags flags;
  TrainRequest request;
  request.out = folder.str("runs");
  PredictRequest predicting;
  predicting.weights =
      train(load(model), request, recorder, flags).run + "/weights/last.safetensors";
  folder.file("new.csv", "a\n10\n");
  predicting.inputs = {folder.str("new.csv")};
  const PredictReport report = predict(load(model), predicting);
  const double told = Json::parse(report.json())["predictions"][0]["values"][0].get<double>();
  CHECK(told == Approx(25e-20).epsilon(0.02));
  CHECK(contains(report.text(), "charge 2."));
  CHECK(contains(report.text(), "e-19\n"));
}

TEST_CASE("losses that cannot take standardised numbers are refused") {
  const TemporaryFolder folder;
  write_tables(folder);
  QuietLog log;
  const auto problem = [&](const std::string& loss) {
    try {
      Recorder recorder;
      run(folder, recorder, {"loss=" + loss, "metrics=~"});
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const std::string bounded = problem("{bce_logits: out, target: target}");
  CHECK(contains(bounded, "'bce_logits' takes targets from 0 to 1, and the data's 'standardise'"));
  CHECK(contains(bounded, "data.standardise=inputs leaves the targets as they are"));
  CHECK(contains(problem("{mse: out, target: target, ignore: -1}"),
                 "'mse' leaves targets of -1 out, and the data's 'standardise'"));
}

}  // namespace cnn
