#include "train/run_dir.h"

#include <filesystem>
#include <fstream>

#include "support/catch.h"
#include "support/training.h"

namespace cnn {
namespace {

using namespace cnn::test;
namespace fs = std::filesystem;

RunInfo some_info() {
  RunInfo info;
  info.command = "cnn train 'a b.yaml' \"x\"\n";
  info.version = "1.2.3";
  info.model = "net";
  info.weights = "/tmp/w";
  info.cpu = "cpu";
  info.blas = "blas";
  info.blas_core = "Core";
  info.instruction_set = "x86-64-v3";
  info.kernels = "conv: im2col";
  info.threads = 3;
  info.seed = 42;
  info.data_hash = "0123";
  info.status = "done";
  info.best = BestResult{"val/accuracy", 0.1 + 0.2, 7};
  info.epochs = 9;
  info.steps = 1234;
  info.seconds = 0.3;
  info.resumed = 1;
  info.resumptions = {{"2026-01-31T09:00:00Z", "cnn train --resume x", 4, 40, {"train.lr=0.1"}}};
  info.started = "2026-01-31T08:05:09Z";
  return info;
}

TEST_CASE("run.json comes back as it was written") {
  const TemporaryFolder folder;
  const RunInfo info = some_info();
  const RunInfo back = RunInfo::parse(folder.file("run.json", info.json()));
  CHECK(back.json() == info.json());
  CHECK(back.command == info.command);
  CHECK(back.blas_core == "Core");
  CHECK(back.best->value == 0.1 + 0.2);
  CHECK(contains(error_of(Exit::kInput, [&] { RunInfo::parse(folder.file("x", "{}")); }), "x"));
  CHECK(error_of(Exit::kInput, [&] { RunInfo::parse(folder.file("x", "[1,")); }) != "");
  CHECK(error_of(Exit::kInput, [&] { RunInfo::parse(folder.str("none")); }) != "");
}

TEST_CASE("runs of one name get numbers, and 'latest' links to the newest") {
  const TemporaryFolder folder;
  const std::string out = folder.str("runs/deep");
  const QuietLog log;
  const auto first = RunDirectory::create(out, "net", false);
  CHECK(first->path() == out + "/net");
  for (const char* name : {"state", "weights", "plots", "tb", "test"}) {
    CHECK(fs::is_directory(first->file(name)));
  }
  CHECK(fs::read_symlink(out + "/latest") == "net");
  const auto second = RunDirectory::create(out, "net", false);
  CHECK(second->path() == out + "/net-2");
  CHECK(RunDirectory::create(out, "net", false)->path() == out + "/net-3");
  CHECK(fs::read_symlink(out + "/latest") == "net-3");
  fs::remove(out + "/latest");
  fs::create_directory(out + "/latest");
  CHECK(RunDirectory::create(out, "other", false)->path() == out + "/other");
  CHECK(log.has("latest"));
}

TEST_CASE("a run's name is the name of one folder") {
  const TemporaryFolder folder;
  for (const char* name : {"", ".", "..", "a/b", "../x", "latest"}) {
    INFO(name);
    CHECK(error_of(Exit::kUsage, [&] { RunDirectory::create(folder.str("r"), name, false); }) !=
          "");
  }
  CHECK(RunDirectory::create(folder.str("r"), "žába 1", false) != nullptr);
}

TEST_CASE("an old run is emptied by --overwrite and nothing else is") {
  const TemporaryFolder folder;
  const std::string out = folder.str("runs");
  {
    const auto run = RunDirectory::create(out, "net", false);
    run->write_spec("name: net\n");
    run->write_info(some_info());
    std::ofstream(run->file("weights/best.safetensors")) << "w";
    std::ofstream(run->file("mine.txt")) << "notes";
  }
  const auto again = RunDirectory::create(out, "net", true);
  CHECK(again->path() == out + "/net");
  CHECK_FALSE(fs::exists(again->file("run.json")));
  CHECK_FALSE(fs::exists(again->file("weights/best.safetensors")));
  CHECK(fs::exists(again->file("mine.txt")));
  CHECK(fs::is_directory(again->file("weights")));
  fs::create_directory(out + "/photos");
  std::ofstream(out + "/photos/a.png") << "x";
  CHECK(contains(error_of(Exit::kResource, [&] { RunDirectory::create(out, "photos", true); }),
                 "is no run"));
  CHECK(fs::exists(out + "/photos/a.png"));
  fs::create_symlink("net", out + "/link");
  CHECK(error_of(Exit::kResource, [&] { RunDirectory::create(out, "link", true); }) != "");
}

TEST_CASE("row 72: a folder that cannot be written is exit 6") {
  const TemporaryFolder folder;
  folder.file("file", "x");
  CHECK(error_of(Exit::kResource,
                 [&] { RunDirectory::create(folder.str("file"), "net", false); }) != "");
  CHECK(error_of(Exit::kResource,
                 [&] { RunDirectory::create(folder.str("file/x"), "net", false); }) != "");
}

TEST_CASE("row 73: a run in use is refused to others") {
  const TemporaryFolder folder;
  const std::string out = folder.str("runs");
  auto run = RunDirectory::create(out, "net", false);
  run->write_spec("name: net\n");
  run->write_info(some_info());
  CHECK(contains(error_of(Exit::kResource, [&] { RunDirectory::open(out + "/net"); }), "net"));
  CHECK(error_of(Exit::kResource, [&] { RunDirectory::create(out, "net", true); }) != "");
  CHECK(fs::exists(out + "/net/run.json"));
  run.reset();
  CHECK(RunDirectory::open(out + "/net")->path() == fs::canonical(out + "/net"));
  // runs/latest is resolved first.
  CHECK(RunDirectory::open(out + "/latest")->path() == fs::canonical(out + "/net"));
}

TEST_CASE("a run that says 'running' and holds no lock was killed") {
  const TemporaryFolder folder;
  RunInfo info = some_info();
  info.status = "running";
  auto run = RunDirectory::create(folder.str(), "net", false);
  run->write_info(info);
  const std::string path = run->path();
  CHECK(read_run_info(path).status == "running");
  run.reset();
  CHECK(read_run_info(path).status == "killed");
  CHECK(RunInfo::parse(path + "/run.json").status == "running");
  info.status = "done";
  RunDirectory::create(folder.str(), "other", false)->write_info(info);
  CHECK(read_run_info(folder.str("other")).status == "done");
}

TEST_CASE("a run that ended before its first checkpoint leaves its name, and nothing is lost") {
  const TemporaryFolder folder;
  const QuietLog log;
  const std::string out = folder.str("runs");
  const auto start = [&](const std::string& status, const std::string& weights = "") {
    auto run = RunDirectory::create(out, "net", false);
    RunInfo info = some_info();
    info.status = status;
    run->write_spec("name: net\n");
    run->write_info(info);
    std::ofstream(run->file("log.txt")) << status;
    if (!weights.empty()) std::ofstream(run->file("weights/last.safetensors")) << weights;
    return run->path();
  };
  CHECK(start("failed") == out + "/net");
  std::ofstream(out + "/net/mine.txt") << "notes";
  CHECK(start("running") == out + "/net");  // and is killed
  CHECK(log.has("net: the run there ended before its first checkpoint; its files are in"));
  CHECK(read_text(out + "/net/failed/log.txt") == "failed");
  CHECK(fs::exists(out + "/net/failed/spec.yaml"));
  CHECK(fs::exists(out + "/net/failed/run.json"));
  CHECK(fs::exists(out + "/net/mine.txt"));
  CHECK(start("failed", "w") == out + "/net");
  CHECK(read_text(out + "/net/failed/log.txt") == "running");
  // This one has weights, the next one is done, the third is in use.
  CHECK(start("done") == out + "/net-2");
  const auto used = RunDirectory::create(out, "net", false);
  CHECK(used->path() == out + "/net-3");
  CHECK(start("done") == out + "/net-4");
  CHECK(read_text(out + "/net/weights/last.safetensors") == "w");
  // What cannot be read is not taken for a run that failed.
  CHECK(start("failed") == out + "/net-5");
  std::ofstream(out + "/net-5/run.json") << "{}";
  CHECK(start("done") == out + "/net-6");
}

TEST_CASE("runs of one model that were started later are known by their times and numbers") {
  const TemporaryFolder folder;
  const auto add = [&](const std::string& name, const std::string& model, const std::string& time) {
    const auto run = RunDirectory::create(folder.str("runs"), name, false);
    RunInfo info = some_info();
    info.model = model;
    info.started = time;
    run->write_spec("name: net\n");
    run->write_info(info);
  };
  add("net", "net", "2026-01-31T08:00:00Z");
  add("net-10", "net", "2026-01-31T08:00:00Z");
  add("net-2", "net", "2026-01-31T08:00:00Z");
  add("adam", "net", "2026-01-31T09:00:00Z");
  add("old", "net", "2026-01-30T09:00:00Z");
  add("other", "deep", "2026-01-31T10:00:00Z");
  const auto newer = [&](const std::string& name) {
    return newer_runs(folder.str("runs/" + name));
  };
  const auto path = [&](const std::string& name) { return folder.str("runs/" + name); };
  CHECK(newer("net") == std::vector<std::string>{path("net-2"), path("net-10"), path("adam")});
  CHECK(newer("net-2") == std::vector<std::string>{path("net-10"), path("adam")});
  CHECK(newer("adam").empty());
  CHECK(newer("other").empty());
}

TEST_CASE("a run stands for its model file and its weights") {
  const TemporaryFolder folder;
  const std::string out = folder.str("runs");
  const auto run = RunDirectory::create(out, "net", false);
  CHECK_FALSE(is_run_directory(run->path()));
  CHECK(error_of(Exit::kInput, [&] { RunDirectory::open(folder.str()); }) != "");
  CHECK(error_of(Exit::kInput, [&] { RunDirectory::open(folder.str("none")); }) != "");
  run->write_spec("name: net\n");
  run->write_info(some_info());
  CHECK(is_run_directory(out + "/latest"));
  CHECK(model_file_of(run->path()) == run->path() + "/spec.yaml");
  CHECK(model_file_of("m.yaml") == "m.yaml");
  CHECK(contains(error_of(Exit::kInput, [&] { weights_of_run(run->path()); }), "--resume"));
  std::ofstream(run->file("weights/last.safetensors")) << "w";
  CHECK(weights_of_run(run->path()) == run->file("weights/last.safetensors"));
  std::ofstream(run->file("weights/best.safetensors")) << "w";
  CHECK(weights_of_run(run->path()) == run->file("weights/best.safetensors"));
}

}  // namespace
}  // namespace cnn
