// `cnn time`: its report, its JSON read again, two reports compared.
#include "report/timing.h"

#include "base/json.h"
#include "support/catch.h"
#include "support/training.h"

namespace cnn {
namespace {

using namespace cnn::test;
std::vector<std::string> keys(const Json& map) {
  std::vector<std::string> names;
  for (const auto& [key, value] : map.items()) names.push_back(key);
  std::sort(names.begin(), names.end());
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
    const Json j = Json::parse(report.json());
    const std::vector<std::string> expected = {
        "batch_size", "blas",   "blas_core", "gflops",   "instruction_set", "layers",
        "machine",    "mode",   "model",     "peak_mib", "planned_mib",     "samples_per_s",
        "schema",     "step_s", "steps",     "threads",  "update_s"};
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

TEST_CASE("training cannot be timed without a loss, as it cannot be run") {
  const TemporaryFolder folder;
  const ModelSpec spec = load(folder.file("m.yaml", R"(input: {image: [1, 8, 8]}
layers: [flatten, {linear: 3}]
)"));
  TimingRequest request;
  request.seconds = 0;
  request.batch_size = 2;
  const std::string message = error_of(Exit::kSpec, [&] { time_model(spec, request); });
  CHECK(contains(message, "there is no loss to train with"));
  CHECK(contains(message, "--mode infer"));
  request.training = false;
  CHECK(time_model(spec, request).layers.size() >= 1);
}

TEST_CASE("the second run of recomputed blocks has a column, and counts as work") {
  const TemporaryFolder folder;
  const ModelSpec spec = load(folder.file("m.yaml", R"(input: {image: [4, 16, 16]}
blocks:
  two: {layers: [{conv: 8, kernel: 3, pad: 1, name: a}, {conv: 8, kernel: 3, pad: 1, name: b}]}
layers:
  - {conv: 4, kernel: 3, pad: 1, name: before}
  - {two, name: t, recompute: true}
  - gap
loss: {cross_entropy: prev, target: label}
)"));
  TimingRequest request;
  request.seconds = 0;
  request.batch_size = 2;
  const TimingReport report = time_model(spec, request);
  const auto layer = [&](const std::string& name) {
    for (const LayerTime& l : report.layers) {
      if (l.name == name) return l;
    }
    return LayerTime();
  };
  CHECK(layer("before").forward_again_s == 0);
  const LayerTime again = layer("t.a");
  REQUIRE(again.forward_again_s > 0);
  CHECK(again.seconds() == Approx(again.forward_s + again.forward_again_s + again.backward_s));
  // Forward twice, the gradient to the data and to the weights.
  const double operations = 4 * 2.0 * 2 * 16 * 16 * 8 * 4 * 9;
  CHECK(again.gflops == Approx(1e-9 * operations / again.seconds()));
  CHECK(contains(report.table(), "again ms"));
  CHECK(contains(report.table(), "count both runs"));
  CHECK_FALSE(contains(report_of(1).table(), "again"));
}

TEST_CASE("the work of a list's layer is that of all its items") {
  const TemporaryFolder folder;
  const ModelSpec spec = load(folder.file("m.yaml", R"(input: {x: {steps: 7, shape: [5]}}
layers:
  - {linear: 6, name: a}
  - {reduce: mean}
  - {linear: 3, name: out}
loss: {cross_entropy: out, target: label}
)"));
  TimingRequest request;
  request.seconds = 0;
  request.batch_size = 2;
  const TimingReport report = time_model(spec, request);
  REQUIRE(report.layers[0].name == "a");
  // Forward, and the gradient to the weights: nobody wants that to the input.
  CHECK(report.layers[0].gflops ==
        Approx(1e-9 * 2 * 2 * 2 * 7 * 5 * 6 / report.layers[0].seconds()));
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
  const std::string indented = Json::parse(report.json()).dump(2);
  CHECK(read_timing(folder.file("i.json", indented)).json() == report.json());
  Json other = Json::parse(report.json());
  other["schema"] = 2;
  const std::string newer = folder.file("newer.json", other.dump());
  CHECK(contains(error_of(Exit::kInput, [&] { read_timing(newer); }), "its schema is 2"));
  other["schema"] = 1;
  other["batch_size"] = 0;
  const std::string empty = folder.file("empty.json", other.dump());
  CHECK(contains(error_of(Exit::kInput, [&] { read_timing(empty); }), "no timing report"));
}

TEST_CASE("a comparison of timings joins layers by name and says how much faster the second is") {
  TimingReport slow = report_of(3), fast = report_of(2);
  slow.layers[0].kernel = "im2col";
  fast.layers[0].kernel = "winograd";
  fast.layers.push_back(fast.layers[0]);
  fast.layers[1].name = "added";
  const TimingComparison comparison("before", "after", slow, fast);
  CHECK(comparison.differences().empty());
  const std::string table = comparison.table();
  CHECK_FALSE(contains(table, "differ"));
  CHECK(contains(table, "before ms"));
  CHECK(contains(table, "1.50x"));
  CHECK(contains(table, "im2col -> winograd"));
  CHECK(contains(table, "added"));
  CHECK_FALSE(contains(table, "winogradwinograd"));
  const Json j = Json::parse(comparison.json());
  CHECK(j["speed_up"].get<double>() == Approx(1.5));
  CHECK(j["layers"].size() == 2);
  CHECK(j["layers"][1]["first_s"].is_null());
}

TEST_CASE("runs of other batch sizes are compared per sample, with what differs above") {
  const TimingReport slow = report_of(3);
  TimingReport large = report_of(8);
  large.batch_size = 16;
  large.samples_per_s = 16 / large.step_s;
  large.threads = 2;
  large.machine.gflops = 1.2 * slow.machine.gflops;
  const TimingComparison comparison("a", "b", slow, large);
  const std::vector<std::string> expected = {"batch size: 4, 16", "threads: 1, 2",
                                             "the machine's sgemm, GFLOP/s: 200, 240"};
  CHECK(comparison.differences() == expected);
  const std::string table = comparison.table();
  INFO(table);
  CHECK(contains(table, "they differ in batch size: 4, 16\n"));
  CHECK(contains(table, "b ms/sample"));
  // 0.75 ms a sample against 0.5, in the layer's row as in the total.
  CHECK(contains(table.substr(table.find("c1")), "1.50x"));
  CHECK(contains(table.substr(table.find("a sample ")), "1.50x"));
  CHECK_FALSE(contains(table, "0.38x"));
  CHECK(contains(table, "1 thread:"));
  const Json j = Json::parse(comparison.json());
  CHECK(j["speed_up"].get<double>() == Approx(1.5));
  CHECK(j["layers"][0]["speed_up"].get<double>() == Approx(1.5));
  CHECK(j["differences"].size() == 3);
}

TEST_CASE("layers of two models are not compared, nor training with inference") {
  TimingReport a = report_of(3), b = report_of(2);
  b.model = "other\x1b[31m";
  const TimingComparison models("a", "b", a, b);
  const std::string table = models.table();
  CHECK(contains(table, "they differ in model: tiny, other\\x1b[31m\n"));
  CHECK(contains(table, "only within one model"));
  CHECK_FALSE(contains(table, "c1"));
  CHECK_FALSE(contains(table, "\x1b"));
  CHECK(Json::parse(models.json())["layers"].empty());
  b.mode = "infer";
  CHECK(contains(error_of(Exit::kUsage, [&] { TimingComparison("a", "b", a, b); }), "--mode"));
}

TEST_CASE("names of layers from a file cannot steer the terminal") {
  TimingReport a = report_of(3);
  a.layers[0].name = "c\x1b[2J";
  a.layers[0].type = "\a";
  a.layers[0].kernel = "\r";
  const std::string table = TimingComparison("a\n", "b", a, a).table();
  for (const char* bad : {"\x1b", "\a", "\r"}) CHECK_FALSE(contains(table, bad));
  CHECK(contains(table, "c\\x1b[2J"));
  CHECK(contains(table, "a\\n ms"));
}

}  // namespace
}  // namespace cnn
