// The commands from training to prediction, and their JSON.

#include <cmath>
#include <cstring>

#include "apps/support.h"
#include "support/catch.h"
#include "support/text.h"

using namespace cnn;
namespace {

// float32 [n,1,28,28] as NumPy writes it.
std::string npy_of(int n) {
  std::string header =
      "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(n) + ", 1, 28, 28), }";
  header += std::string(64 - (10 + header.size() + 1) % 64, ' ') + "\n";
  std::string bytes("\x93NUMPY\x01\x00", 8);
  const auto length = static_cast<uint16_t>(header.size());
  bytes.append(reinterpret_cast<const char*>(&length), 2);
  bytes += header;
  for (int i = 0; i < n * 784; ++i) {
    const float x = static_cast<float>(std::sin(0.1 * i));
    bytes.append(reinterpret_cast<const char*>(&x), 4);
  }
  return bytes;
}

}  // namespace

TEST_CASE("train, test, predict, summary and time work together") {
  const TemporaryFolder folder;
  const std::string model = folder.file("small.yaml", small_model());
  ProcessSettings here;
  here.folder = folder.str();

  const auto trained = run_cnn({"train", "small.yaml", "--json"}, here);
  INFO(trained.err);
  REQUIRE(trained.exit == 0);
  const Json report = last_json(trained.out);
  CHECK(report["epochs"] == 3);
  for (const std::string file :
       {"spec.yaml", "run.json", "results.csv", "log.txt", "state/last.safetensors",
        "weights/best.safetensors", "weights/last.safetensors"}) {
    INFO(file);
    CHECK(std::filesystem::exists(folder.path() / "runs/small" / file));
  }
  CHECK(std::filesystem::read_symlink(folder.path() / "runs/latest").filename() == "small");
  const std::string results = read_text(folder.str("runs/small/results.csv"));
  CHECK(results.rfind("epoch,step,time_s,lr,train/loss,train/accuracy,val/loss,val/"
                      "accuracy,samples_per_s,rss_mib,"
                      "is_best\n",
                      0) == 0);
  CHECK(std::count(results.begin(), results.end(), '\n') == 4);
  const Json info = Json::parse(read_text(folder.str("runs/small/run.json")));
  CHECK(info["status"] == "done");
  CHECK(info["best"]["metric"].is_string());

  SECTION("test prints JSON, and a run stands for its best weights") {
    const auto by_run = run_cnn({"test", "runs/small", "--json"}, here);
    REQUIRE(by_run.exit == 0);
    const Json tested = last_json(by_run.out);
    CHECK(tested["schema"] == 1);
    CHECK(tested["model"] == "small");
    CHECK(tested["samples"] == 100);
    CHECK(tested["metrics"]["loss"].is_number());
    CHECK(tested["metrics"]["accuracy"] > 0.3);
    const auto by_file = run_cnn(
        {"test", "small.yaml", "--weights", "runs/small/weights/best.safetensors", "--json"}, here);
    CHECK(last_json(by_file.out)["metrics"] == tested["metrics"]);
    const auto link = run_cnn({"test", "runs/latest", "--json"}, here);
    CHECK(last_json(link.out)["metrics"] == tested["metrics"]);
    const auto table = run_cnn({"test", "runs/small"}, here);
    CHECK(table.out.find("precision") != std::string::npos);
    CHECK(table.out.find("  error  ") == std::string::npos);
    const auto errors = run_cnn({"test", "runs/small", "--errors"}, here);
    const double rate = 1 - tested["metrics"]["accuracy"].get<double>();
    CHECK(tested["errors"]["error"].get<double>() == Approx(rate));
    CHECK(errors.out.find(fmt::format("  {:<16} {:.2f}%\n", "error", 100 * rate)) !=
          std::string::npos);
  }
  SECTION("a threshold that is not met is exit code 7") {
    CHECK(run_cnn({"test", "runs/small", "--fail-below", "accuracy=0.0"}, here).exit == 0);
    CHECK(run_cnn({"test", "runs/small", "--fail-below", "accuracy=1.01"}, here).exit == 7);
    CHECK(run_cnn({"test", "runs/small", "--fail-below", "acuracy=1"}, here).exit == 2);
    CHECK(run_cnn({"test", "runs/small", "--fail-below", "accuracy"}, here).exit == 2);
  }
  SECTION("a second run of the same name gets a number") {
    CHECK(run_cnn({"train", "small.yaml", "--max-steps", "1"}, here).exit == 0);
    CHECK(std::filesystem::exists(folder.path() / "runs/small-2/run.json"));
    const std::string said =
        "runs/small is not the newest run of its model: runs/small-2 was started later "
        "(runs/latest is small-2)";
    CHECK(contains(run_cnn({"test", "runs/small"}, here).err, said));
    CHECK(contains(run_cnn({"test", "runs/small/"}, here).err, "runs/small-2 was started later"));
    for (const std::string run : {"runs/small-2", "runs/latest"}) {
      CHECK_FALSE(contains(run_cnn({"test", run}, here).err, "newest"));
    }
    CHECK(run_cnn({"train", "small.yaml", "--max-steps", "1", "name=other"}, here).exit == 0);
    const std::string err = run_cnn({"test", "runs/small"}, here).err;
    CHECK(contains(err, "runs/small-2 was started later"));
    CHECK_FALSE(contains(err, "runs/latest"));
  }
  SECTION("a run and the link to it are one run") {
    const auto result = run_cnn({"runs", "compare", "runs/small", "runs/latest"}, here);
    CHECK(result.exit == 2);
    CHECK(result.err.find("runs/latest is runs/small: it counts once") != std::string::npos);
    CHECK(result.err.find("these are one run") != std::string::npos);
  }
  SECTION("a quiet training says what comes out, and no more") {
    const auto result =
        run_cnn({"train", "small.yaml", "--epochs", "1", "--name", "quiet", "-q"}, here);
    CHECK(result.exit == 0);
    CHECK(result.err.empty());
    CHECK(result.out.find("runs/quiet: done") != std::string::npos);
  }
  SECTION("a word with blanks before its '=' is no override") {
    const auto result = run_cnn({"predict", "runs/small", "the price is x=4"}, here);
    CHECK(result.exit == 4);
    CHECK(result.err.find("the price is x=4") != std::string::npos);
    CHECK(run_cnn({"predict", "runs/small", "vars.nothing=4"}, here).exit != 4);
  }
  SECTION("predict takes arrays as they are and writes every output") {
    folder.file("x.npy", npy_of(23));
    const auto result = run_cnn({"predict", "runs/small", "x.npy", "--out", "p", "--json"}, here);
    INFO(result.err);
    REQUIRE(result.exit == 0);
    const Json predicted = last_json(result.out);
    CHECK(predicted["samples"] == 23);
    REQUIRE(predicted["predictions"].size() == 23);
    double sum = 0;
    const auto all = run_cnn({"predict", "runs/small", "x.npy", "--top", "10", "--json"}, here);
    const Json whole = last_json(all.out);
    for (const Json& c : whole["predictions"][0]["classes"]) sum += c["probability"].get<double>();
    CHECK(sum == Approx(1));
    const std::string written = read_text(folder.str("p/out.npy"));
    CHECK(written.find("(23, 10)") != std::string::npos);
    CHECK(written.size() % 64 == 23 * 10 * 4 % 64);

    folder.file("bad.npy", npy_of(2).substr(0, 500));
    CHECK(run_cnn({"predict", "runs/small", "bad.npy"}, here).exit == 4);
    CHECK(run_cnn({"predict", "runs/small", "missing.npy"}, here).exit == 4);
    CHECK(run_cnn({"predict", "small.yaml", "x.npy"}, here).exit == 2);
  }
  SECTION("weights of another network are listed, not loaded") {
    std::string wider = small_model();
    wider.replace(wider.find("conv: 4"), 7, "conv: 8");
    wider.replace(wider.find("name: n1"), 8, "name: n2");
    folder.file("wider.yaml", wider);
    const auto result =
        run_cnn({"test", "wider.yaml", "--weights", "runs/small/weights/best.safetensors"}, here);
    CHECK(result.exit == 4);
    for (const std::string word : {"missing", "n2.weight", "n1.weight", "c1.weight"}) {
      INFO(result.err);
      CHECK(result.err.find(word) != std::string::npos);
    }
  }
  SECTION("time reports what section 8 promises") {
    for (const std::string mode : {"train", "infer"}) {
      const auto result = run_cnn({"time", "small.yaml", "--mode", mode, "--batch-size", "8",
                                   "--threads", "2", "--seconds", "0.1", "--json"},
                                  here);
      INFO(result.err);
      REQUIRE(result.exit == 0);
      const Json timed = last_json(result.out);
      CHECK(timed["schema"] == 1);
      CHECK(timed["mode"] == mode);
      CHECK(timed["batch_size"] == 8);
      CHECK(timed["threads"] == 2);
      CHECK(timed["samples_per_s"] > 0);
      CHECK(timed["step_s"] > 0);
      CHECK(timed["steps"] > 0);
      CHECK(timed["peak_mib"] > timed["planned_mib"]);
      CHECK(timed["layers"].size() >= 5);
      folder.file(mode + ".json", result.out);
    }
    const auto other = run_cnn(
        {"time", "small.yaml", "--batch-size", "4", "--threads", "1", "--seconds", "0", "--json"},
        here);
    folder.file("other.json", other.out);
    const auto pair = run_cnn({"time", "--compare", "train.json", "other.json"}, here);
    INFO(pair.err);
    CHECK(pair.exit == 0);
    CHECK(pair.out.rfind("they differ in batch size: 8, 4\nthey differ in threads: 2, 1\n", 0) ==
          0);
    CHECK(run_cnn({"time", "--compare", "train.json", "infer.json"}, here).exit == 2);
    // What would have no effect is refused.
    for (const std::string flag : {"--mode=infer", "--seconds=1", "--batch-size=2", "--total"}) {
      CHECK(run_cnn({"time", flag, "--compare", "train.json", "other.json"}, here).exit == 2);
    }
  }
}

#ifndef __SANITIZE_ADDRESS__  // which takes memory of its own
TEST_CASE("peak memory exceeds plan and data by a small constant") {
  struct Case {
    std::string model, mode;
    int batch;
    int64_t sample;  // numbers of an input
  };
  const Case cases[] = {{"lenet5", "train", 64, 28 * 28},
                        {"cifar-resnet20", "train", 32, 3 * 32 * 32},
                        {"resnet18", "train", 2, 3 * 224 * 224},
                        {"alexnet", "infer", 2, 3 * 224 * 224},
                        {"alexnet", "train", 2, 3 * 224 * 224}};
  for (const Case& c : cases) {
    const auto result = run_cnn(
        {"time", std::string(CNN_SOURCE_DIR) + "/models/" + c.model + ".yaml", "--mode", c.mode,
         "--batch-size", std::to_string(c.batch), "--seconds", "0", "--total", "--json"});
    INFO(c.model << " " << c.mode << result.err);
    REQUIRE(result.exit == 0);
    const Json timed = last_json(result.out);
    const double data = static_cast<double>(c.batch * c.sample * 4) / (1 << 20);
    CHECK(timed["peak_mib"].get<double>() < timed["planned_mib"].get<double>() + data + 16);
  }
}
#endif

TEST_CASE("data are named by a set, by a path, or built in") {
  const TemporaryFolder folder;
  folder.file("m.yaml", small_model());
  folder.file("sets/few.yaml", "format: digits\ntrain: 60\ntest: 20\nval: 0\n");
  folder.file("few.yaml", "{format: digits, train: 60, test: 20, val: 0}");
  ProcessSettings here;
  here.folder = folder.str();
  here.environment = {{"CNN_SHARE", folder.str()}};
  for (const std::string& data : {std::string("few.yaml"), std::string("sets/few.yaml"),
                                  folder.str("sets/few.yaml"), std::string("digits")}) {
    const auto result =
        run_cnn({"train", "m.yaml", "--data", data, "--max-steps", "1", "-q"}, here);
    INFO(data << ": " << result.err);
    CHECK(result.exit == 0);
  }
  const auto result = run_cnn({"train", "m.yaml", "--data", "sets/none.yaml"}, here);
  CHECK(result.exit == 4);
  CHECK(result.err.find("no file 'sets/none.yaml'") != std::string::npos);
  CHECK(run_cnn({"train", "m.yaml", "--data", "none"}, here).exit == 2);
}

TEST_CASE("a learning rate is searched without a run") {
  const TemporaryFolder folder;
  folder.file("small.yaml", small_model());
  ProcessSettings here;
  here.folder = folder.str();
  const auto text = run_cnn({"train", "small.yaml", "--find-lr"}, here);
  INFO(text.err);
  REQUIRE(text.exit == 0);
  CHECK(contains(text.out, "try a tenth of that: --lr "));
  CHECK(contains(text.out, "wrote plots/find_lr.svg\nwrote plots/find_lr.csv\n"));
  CHECK(std::filesystem::exists(folder.str("plots/find_lr.svg")));
  CHECK_FALSE(std::filesystem::exists(folder.str("runs")));
  const auto json = run_cnn({"train", "small.yaml", "--find-lr", "--json"}, here);
  const Json found = last_json(json.out);
  CHECK(found["points"].size() > 100);
  CHECK(found["suggestion"].get<double>() > 1e-6);
  const auto named = run_cnn({"train", "small.yaml", "--find-lr", "--name", "x"}, here);
  CHECK(named.exit == 2);
  const auto rated = run_cnn({"train", "small.yaml", "--find-lr", "--lr", "0.1"}, here);
  CHECK(rated.exit == 2);  // it would change nothing
}

TEST_CASE("summary of LeNet-5 has the published figures") {
  const std::string model = std::string(CNN_SOURCE_DIR) + "/models/lenet5.yaml";
  const auto result = run_cnn({"summary", model, "--json"});
  INFO(result.err);
  REQUIRE(result.exit == 0);
  const Json summary = last_json(result.out);
  CHECK(summary["schema"] == 1);
  CHECK(summary["params"] == 61706);
  CHECK(summary["trainable"] == 61706);
  CHECK(summary["input"]["image"] == Json({1, 28, 28}));
  CHECK(summary["macs"] == 5 * 5 * 6 * 28 * 28 + 5 * 5 * 6 * 16 * 10 * 10 + 48000 + 10080 + 840);
  CHECK(summary["weights"]["c3.weight"] == Json({16, 6, 5, 5}));
  CHECK(summary["weights"].size() == 10);
  CHECK(summary["memory"]["batch_size"] == 64);
  CHECK(summary["memory"]["train_bytes"] > summary["memory"]["infer_bytes"]);
  CHECK(summary["layers"][0]["name"] == "c1");
  CHECK(summary["layers"][0]["output"] == Json({6, 28, 28}));
  CHECK(run_cnn({"summary", model}).out.find("61,706") != std::string::npos);
}
