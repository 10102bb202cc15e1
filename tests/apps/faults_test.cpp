// Signals, full disks, locks and interruptions of a training command.

#include <csignal>
#include <random>

#include "apps/support.h"
#include "support/catch.h"

using namespace cnn;
namespace fs = std::filesystem;

namespace {

// A run that lasts long enough to be hit.
std::string longer_model() {
  std::string text = small_model();
  text.replace(text.find("epochs: 3"), 9, "epochs: 40");
  return text;
}

std::vector<std::string> train_words(const TemporaryFolder& folder, const std::string& name) {
  return {"train", folder.str("m.yaml"), "--out", folder.str("runs"), "--name", name};
}

bool started(const TemporaryFolder& folder, const std::string& name) {
  return fs::exists(folder.path() / "runs" / name / "state/last.safetensors");
}

std::map<std::string, std::string> final_weights(const TemporaryFolder& folder,
                                                 const std::string& name) {
  return tensors_of(folder.str("runs/" + name + "/weights/last.safetensors"));
}

// Trains to the end in one go: what every other way must arrive at.
std::map<std::string, std::string> undisturbed(const TemporaryFolder& folder) {
  REQUIRE(run_cnn(train_words(folder, "whole")).exit == 0);
  return final_weights(folder, "whole");
}

}  // namespace

TEST_CASE(
    "rows 67 and 68: SIGINT and SIGTERM save a checkpoint, the resumed run has the same bits") {
  const TemporaryFolder folder;
  folder.file("m.yaml", longer_model());
  const auto whole = undisturbed(folder);
  const std::vector<std::pair<int, int>> cases = {{SIGINT, 130}, {SIGTERM, 143}};
  for (const auto& [signal_number, code] : cases) {
    const std::string name = "run" + std::to_string(signal_number);
    Process process(cnn_words(train_words(folder, name)));
    REQUIRE(wait_until(30, [&] { return started(folder, name); }));
    process.send(signal_number);
    const auto result = process.wait(10);
    INFO(result.err);
    CHECK(result.exit == code);
    CHECK(Json::parse(read_text(folder.str("runs/" + name + "/run.json")))["status"] ==
          "interrupted");
    CHECK(run_cnn({"train", "--resume", folder.str("runs/" + name)}).exit == 0);
    CHECK(final_weights(folder, name) == whole);
  }
}

TEST_CASE("row 68: SIGTERM is obeyed within 10 s also in a step that takes longer") {
  const TemporaryFolder folder;
  std::string text = longer_model();
  text.replace(text.find("epochs: 40"), 10, "epochs: 2");
  folder.file("m.yaml", text);
  auto words = train_words(folder, "long");
  // The first epoch is one step, of minutes: a million batches of a sample.
  words.insert(words.end(), {"--batch-size", "1", "train.accumulate=1000000", "data.train=1000000",
                             "--workers", "0"});
  Process process(cnn_words(words));
  REQUIRE(wait_until(60, [&] { return fs::exists(folder.path() / "runs/long/run.json"); }));
  std::this_thread::sleep_for(std::chrono::seconds(2));  // it has begun
  process.send(SIGTERM);
  const auto start = std::chrono::steady_clock::now();
  const auto result = process.wait(30);
  const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - start;
  INFO(result.err);
  CHECK(result.exit == 143);
  CHECK(waited.count() < 10);
  CHECK(result.err.find("without a new checkpoint") != std::string::npos);
}

TEST_CASE("row 66: killed at any moment and resumed, the bits are the same") {
  const TemporaryFolder folder;
  folder.file("m.yaml", longer_model());
  const auto whole = undisturbed(folder);
  std::mt19937 random(12345);
  std::uniform_int_distribution<int> milliseconds(1, 250);
  std::vector<std::string> words = train_words(folder, "killed");
  words.insert(words.end(), {"--save-every", "3"});
  int kills = 0;
  for (int i = 0; i < 40; ++i) {
    Process process(cnn_words(words));
    if (kills == 0) REQUIRE(wait_until(30, [&] { return started(folder, "killed"); }));
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds(random)));
    if (!process.running()) {
      CHECK(process.wait().exit == 0);
      break;
    }
    process.send(SIGKILL);
    CHECK(process.wait().signal == SIGKILL);
    if (++kills >= 8) {
      CHECK(run_cnn({"train", "--resume", folder.str("runs/killed")}).exit == 0);
      break;
    }
    words = {"train", "--resume", folder.str("runs/killed")};
  }
  CHECK(kills >= 3);
  CHECK(final_weights(folder, "killed") == whole);
  const std::string a = read_text(folder.str("runs/killed/results.csv"));
  CHECK(std::count(a.begin(), a.end(), '\n') == 41);
}

TEST_CASE("row 69: SIGHUP saves a checkpoint and goes on") {
  const TemporaryFolder folder;
  folder.file("m.yaml", longer_model());
  const auto whole = undisturbed(folder);
  Process process(cnn_words(train_words(folder, "hup")));
  REQUIRE(wait_until(30, [&] { return started(folder, "hup"); }));
  process.send(SIGHUP);
  CHECK(process.wait().exit == 0);
  CHECK(final_weights(folder, "hup") == whole);
}

TEST_CASE("the same bits with any number of threads and loader workers") {
  const TemporaryFolder folder;
  folder.file("m.yaml", small_model());
  std::map<std::string, std::string> first;
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"1", "0"}, {"2", "0"}, {"1", "3"}, {"2", "3"}, {"3", "1"}};
  for (const auto& [threads, workers] : cases) {
    const std::string name = "t" + threads + "w" + workers;
    auto words = train_words(folder, name);
    words.insert(words.end(), {"--threads", threads, "--workers", workers});
    REQUIRE(run_cnn(words).exit == 0);
    if (first.empty()) first = final_weights(folder, name);
    CHECK(final_weights(folder, name) == first);
  }
}

TEST_CASE(
    "rows 65 and 72: no room or no right to write is exit code 6 and keeps nothing half done") {
  const TemporaryFolder folder;
  folder.file("m.yaml", small_model());
  ProcessSettings limited;
  limited.file_size_limit = 2000;
  const auto full = run_cnn(train_words(folder, "full"), limited);
  INFO(full.err);
  CHECK(full.exit == 6);
  const auto denied =
      run_cnn({"train", folder.str("m.yaml"), "--out", "/proc/nowhere", "--name", "x"});
  CHECK(denied.exit == 6);
}

TEST_CASE("row 73: a second trainer of the same run is refused") {
  const TemporaryFolder folder;
  folder.file("m.yaml", longer_model());
  Process first(cnn_words(train_words(folder, "one")));
  REQUIRE(wait_until(30, [&] { return started(folder, "one"); }));
  const auto second = run_cnn({"train", "--resume", folder.str("runs/one")});
  INFO(second.err);
  CHECK(second.exit == 6);
  first.send(SIGTERM);
  CHECK(first.wait(10).exit == 143);
}

TEST_CASE("row 59: a damaged newest state is noticed and the previous one used") {
  const TemporaryFolder folder;
  folder.file("m.yaml", longer_model());
  const auto whole = undisturbed(folder);
  auto words = train_words(folder, "hurt");
  words.insert(words.end(), {"--max-steps", "60"});
  REQUIRE(run_cnn(words).exit == 0);
  const std::string last = folder.str("runs/hurt/state/last.safetensors");
  std::string bytes = read_text(last);
  bytes[bytes.size() / 2] ^= 1;
  folder.file("runs/hurt/state/last.safetensors", bytes);
  const auto resumed = run_cnn({"train", "--resume", folder.str("runs/hurt"), "train.max_steps=0"});
  INFO(resumed.err);
  CHECK(resumed.exit == 0);
  CHECK(resumed.err.find("warning") != std::string::npos);
  CHECK(final_weights(folder, "hurt") == whole);
}

TEST_CASE("row 70: training goes on when nobody reads its stdout any more") {
  const TemporaryFolder folder;
  folder.file("m.yaml", small_model());
  ProcessSettings broken;
  broken.broken_stdout = true;
  const auto result = run_cnn(train_words(folder, "piped"), broken);
  INFO(result.err);
  CHECK(result.exit == 0);
  CHECK(Json::parse(read_text(folder.str("runs/piped/run.json")))["status"] == "done");
}

TEST_CASE("row 75: a loss that is not finite stops with layer and step") {
  const TemporaryFolder folder;
  folder.file("m.yaml", small_model());
  auto words = train_words(folder, "hot");
  words.insert(words.end(), {"--lr", "1e30"});
  const auto result = run_cnn(words);
  INFO(result.err);
  CHECK(result.exit == 5);
  CHECK(result.err.find("step") != std::string::npos);
  CHECK(Json::parse(read_text(folder.str("runs/hot/run.json")))["status"] == "failed");
}
