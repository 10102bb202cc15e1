// `cnn time`: its report, its JSON read again, two reports compared.
#include "train/timing.h"

#include <nlohmann/json.hpp>

#include "support/catch.h"
#include "train/support.h"

namespace cnn {
namespace {

using namespace cnn::test;
using nlohmann::json;

std::vector<std::string> keys(const json& map) {
  std::vector<std::string> names;
  for (const auto& [key, value] : map.items()) names.push_back(key);
  return names;
}

TimingReport report_of(double milliseconds) {
  TimingReport report;
  report.model = "tiny";
  report.mode = "train";
  report.batch_size = 4;
  report.steps = 3;
  report.step_s = 1e-3 * milliseconds;
  report.samples_per_s = 4 / report.step_s;
  report.machine = {200, 40};
  report.layers.resize(1);
  report.layers[0].name = "c1";
  report.layers[0].type = "conv";
  report.layers[0].forward_s = report.step_s;
  return report;
}

TEST_CASE("timing reports what the interface promises, for training and inference") {
  const TemporaryFolder folder;
  const ModelSpec spec = load(folder.file("m.yaml", kTinyModel));
  TimingRequest request;
  request.seconds = 0.02;
  request.batch_size = 4;
  for (const bool training : {true, false}) {
    request.training = training;
    const TimingReport report = time_model(spec, request);
    CHECK(report.steps >= 3);
    CHECK(report.step_s > 0);
    CHECK(report.samples_per_s == Approx(4 / report.step_s));
    CHECK(report.peak_mib > report.planned_mib);
    double shares = 0;
    for (const LayerTime& layer : report.layers) {
      shares += layer.share;
      if (!training) CHECK(layer.backward_s == 0);
      CHECK(layer.least_s > 0);
      // Both products of a matrix layer's backward are timed by themselves.
      const bool both = layer.type == "conv" || layer.type == "linear";
      CHECK((layer.backward_weights_s > 0) == (training && both));
      CHECK(layer.backward_data_s + layer.backward_weights_s <= Approx(layer.backward_s));
    }
    CHECK(shares + report.update_s / report.layers_s() == Approx(1));
    CHECK((report.update_s > 0) == training);
    CHECK(report.machine.gflops > 0);
    CHECK(report.machine.copy_gb_s > 0);
    const json j = json::parse(report.json());
    const std::vector<std::string> expected = {
        "batch_size", "gflops", "instruction_set", "layers",      "machine",
        "mode",       "model",  "peak_mib",        "planned_mib", "samples_per_s",
        "schema",     "step_s", "steps",           "threads",     "update_s"};
    CHECK(keys(j) == expected);
    CHECK(j["mode"] == (training ? "train" : "infer"));
    CHECK(contains(report.table(), "c1"));
  }
  request.batch_size = 0;
  request.per_layer = false;
  const TimingReport plain = time_model(spec, request);
  CHECK(plain.batch_size == 8);
  CHECK(plain.layers.empty());
  request.memory_limit = 1000;
  CHECK(contains(error_of(Exit::kResource, [&] { time_model(spec, request); }), "--memory"));
}

TEST_CASE("a timing report is read again from its JSON") {
  const TemporaryFolder folder;
  TimingReport report = report_of(2);
  report.layers[0].kernel = "direct";
  report.layers[0].compute_bound = true;
  report.update_s = 0.25;
  const TimingReport read = read_timing(folder.file("t.json", "a note\n" + report.json() + "\n"));
  CHECK(read.json() == report.json());
  for (const char* bad : {"", "{}", "no json", "{\"schema\":1,\"layers\":[{}]}"}) {
    const std::string path = folder.file("bad.json", bad);
    CHECK(contains(error_of(Exit::kInput, [&] { read_timing(path); }), "no timing report"));
  }
}

TEST_CASE("a comparison of timings joins layers by name and says how much faster the second is") {
  TimingReport slow = report_of(3), fast = report_of(2);
  slow.layers[0].kernel = "im2col";
  fast.layers[0].kernel = "winograd";
  fast.layers.push_back(fast.layers[0]);
  fast.layers[1].name = "added";
  const TimingComparison comparison{"before", "after", slow, fast};
  const std::string table = comparison.table();
  CHECK(contains(table, "before ms"));
  CHECK(contains(table, "1.50x"));
  CHECK(contains(table, "im2col -> winograd"));
  CHECK(contains(table, "added"));
  CHECK_FALSE(contains(table, "winogradwinograd"));
  const json j = json::parse(comparison.json());
  CHECK(j["speed_up"].get<double>() == Approx(1.5));
  CHECK(j["layers"].size() == 2);
  CHECK(j["layers"][1]["first_s"].is_null());
}

}  // namespace
}  // namespace cnn
