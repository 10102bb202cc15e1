// Reports of training, testing and timing, and the JSON that other tools read.

#include "base/json.h"
#include "report/evaluate.h"
#include "support/catch.h"
#include "support/training.h"
#include "train/run_dir.h"

namespace cnn {
namespace {

using namespace cnn::test;
TEST_CASE("testing reports losses, metrics and classes, the same with any batch and workers") {
  const TemporaryFolder folder;
  StopFlags flags;
  Recorder recorder;
  TrainRequest request;
  request.out = folder.str("runs");
  std::string model = kTinyModel;
  model.replace(model.find("loss: {cross_entropy: out, target: label}"), 41,
                "loss: [{cross_entropy: out, target: label}, {cross_entropy: out, target: label, "
                "weight: 0.5, smoothing: 0.1, name: soft}]");
  const std::string path = folder.file("m.yaml", model);
  const TrainReport trained = train(load(path), request, recorder, flags);
  TestRequest test;
  test.weights = weights_of_run(trained.run);
  int64_t told = 0;
  test.progress = [&](int64_t done, int64_t total) {
    told = done;
    CHECK(total == 40);
  };
  const TestReport report = test_model(load(path), test);
  CHECK(told == 40);
  CHECK(report.samples == 40);
  REQUIRE(report.confusion.has_value());
  CHECK(report.confusion->total() == 40);
  const double loss = *find_score(report.metrics, "loss");
  CHECK(loss == Approx(*find_score(report.metrics, "loss/cross_entropy") +
                       0.5 * *find_score(report.metrics, "loss/soft")));
  CHECK(*find_score(report.metrics, "accuracy") == report.confusion->accuracy());
  test.workers = 3;
  CHECK(test_model(load(path), test).metrics == report.metrics);
  test.batch_size = 7;
  const TestReport other = test_model(load(path), test);
  CHECK(*find_score(other.metrics, "accuracy") == *find_score(report.metrics, "accuracy"));
  CHECK(*find_score(other.metrics, "loss") == Approx(loss));

  const Json j = Json::parse(report.json());
  CHECK(j["schema"] == 1);
  CHECK(j["model"] == "tiny");
  CHECK(j["weights"] == test.weights);
  CHECK(j["samples"] == 40);
  CHECK(j["metrics"]["loss"] == loss);
  CHECK(j["classes"].size() == 10);
  CHECK(j["confusion"][9].size() == 10);
  const std::string table = report.class_table();
  CHECK(contains(table, "precision"));
  CHECK(contains(table, "predicted class"));
  CHECK(report.class_table(9).empty());
  test.split = "tset";
  CHECK(error_of(Exit::kUsage, [&] { test_model(load(path), test); }) != "");
  test.split = "val";
  CHECK(error_of(Exit::kInput, [&] { test_model(load(path, {"data.val=0"}), test); }) != "");

  const Json t = Json::parse(trained.json());
  CHECK(t["status"] == "done");
  CHECK(t["best"]["metric"] == "val/loss");
  CHECK(t["metrics"]["val/loss"].is_number());
}

TEST_CASE("numbers that are not finite are null in JSON") {
  TrainReport report;
  report.last = {{"val/loss", std::nan("")}};
  CHECK(Json::parse(report.json())["metrics"]["val/loss"].is_null());
}

}  // namespace
}  // namespace cnn
