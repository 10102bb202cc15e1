// cnn summary as a user types it.

#include "apps/support.h"
#include "support/catch.h"
#include "support/text.h"

using namespace cnn;
namespace {

const std::string kLenet = std::string(CNN_SOURCE_DIR) + "/models/lenet5.yaml";

ProcessSettings columns(const std::string& count, const std::string& locale = "C") {
  ProcessSettings settings;
  settings.environment = {{"COLUMNS", count}, {"LC_ALL", locale}};
  return settings;
}

}  // namespace

TEST_CASE("summary prints a table for people") {
  const auto result = run_cnn({"summary", kLenet}, columns("80"));
  INFO(result.err);
  REQUIRE(result.exit == 0);
  CHECK(result.err.empty());
  for (const std::string part : {"lenet5\n", "conv 6, 5x5, pad 2 + relu", "6x28x28", "61,706",
                                 "416,520 a sample = 833 kFLOPs", "at batch size 64"}) {
    INFO(part);
    CHECK(contains(result.out, part));
  }
  CHECK_FALSE(contains(result.out, "\x1b"));
  CHECK_FALSE(contains(result.out, "─"));
  CHECK(contains(run_cnn({"summary", kLenet}, columns("80", "C.UTF-8")).out, "─"));
}

TEST_CASE("the flag -v says which algorithm serves which layer, and why") {
  const auto notes = [](std::vector<std::string> command) {
    command.insert(command.end(), {kLenet, "--batch-size", "2", "-v"});
    const auto result = run_cnn(command);
    INFO(result.err);
    REQUIRE(result.exit == 0);
    CHECK(contains(result.err, "c1 + relu: direct"));
    CHECK(contains(result.err, "f6 + relu: gemm (a row for each sample; few rows in one pass"));
    return result.err;
  };
  const std::string weights = "weights direct (partial sums of 2,400 weights)";
  CHECK(contains(notes({"summary"}), weights));
  CHECK(contains(notes({"time", "--seconds", "0", "--total"}), weights));
  CHECK_FALSE(contains(notes({"time", "--mode", "infer", "--seconds", "0"}), "weights direct"));
}

TEST_CASE("the flag --batch-size is the short form of its key") {
  const auto result = run_cnn({"summary", kLenet, "--batch-size", "7", "--json"});
  CHECK(last_json(result.out)["memory"]["batch_size"] == 7);
  CHECK(run_cnn({"summary", kLenet, "--batch-size", "0"}).exit == 2);
  CHECK(run_cnn({"summary", kLenet, "--batch-size", "7", "train.batch_size=8"}).exit == 2);
}

TEST_CASE("several files are compared, each with the overrides") {
  const auto result = run_cnn({"summary", kLenet, kLenet, "vars.classes=26"}, columns("100"));
  INFO(result.err);
  REQUIRE(result.exit == 0);
  CHECK(contains(result.out, "network"));
  CHECK(std::count(result.out.begin(), result.out.end(), '\n') == 5);
  CHECK(contains(result.out, "63,066"));
  const auto lines = run_cnn({"summary", kLenet, kLenet, "--json"});
  CHECK(std::count(lines.out.begin(), lines.out.end(), '\n') == 2);
  const auto csv = run_cnn({"summary", kLenet, kLenet, "--csv"});
  CHECK(std::count(csv.out.begin(), csv.out.end(), '\n') == 3);
}

TEST_CASE("a shape error follows the table up to the failing layer") {
  const TemporaryFolder folder;
  std::string text = small_model();
  text.replace(text.find("maxpool: 2"), 10, "maxpool: 99");
  const std::string model = folder.file("bad.yaml", text);
  const auto result = run_cnn({"summary", model}, columns("80"));
  CHECK(result.exit == 3);
  CHECK(contains(result.out, "n1"));
  CHECK_FALSE(contains(result.out, "flatten"));
  CHECK(contains(result.err, "bad.yaml:6:5: error: "));
  CHECK(contains(result.err, "99"));
  for (const std::string form : {"--json", "--csv", "--dot"}) {
    const auto other = run_cnn({"summary", model, form});
    CHECK(other.exit == 3);
    CHECK(other.out.empty());
  }
}

TEST_CASE("the flag --memory tells by the exit code whether training fits") {
  const auto small = run_cnn({"summary", kLenet, "--memory", "1MB"});
  CHECK(small.exit == 6);
  CHECK(contains(small.out, "61,706"));
  CHECK(contains(small.err, "--memory"));
  CHECK(run_cnn({"summary", kLenet, "--memory", "100MB"}).exit == 0);
}

TEST_CASE("summary's forms exclude each other") {
  CHECK(run_cnn({"summary", kLenet, "--csv", "--dot"}).exit == 2);
  CHECK(run_cnn({"summary", kLenet, "--json", "--csv"}).exit == 2);
  CHECK(run_cnn({"summary", kLenet, kLenet, "--dot"}).exit == 2);
  CHECK(run_cnn({"summary", "vars.classes=3"}).exit == 2);
  CHECK(run_cnn({"summary", kLenet, "--depth", "0"}).exit == 2);
  CHECK(run_cnn({"summary", kLenet, "--dot"}).out.rfind("digraph", 0) == 0);
  CHECK(run_cnn({"summary", kLenet, "--csv"}).out.rfind("name,type,", 0) == 0);
}

TEST_CASE("a window that must fit exactly and does not is an error with the sizes") {
  const TemporaryFolder folder;
  const std::string model = folder.file("m.yaml", R"(name: m
input: {image: [1, 7, 7]}
layers:
  - {conv: 2, kernel: 3, stride: 3, fit: exact, name: c1}
  - {gap, name: out}
loss: {cross_entropy: out, target: label}
)");
  const auto exact = run_cnn({"summary", model});
  CHECK(exact.exit == 3);
  CHECK(contains(exact.err, "does not tile 7 rows: 1 row is left over"));
  const auto floor = run_cnn({"summary", model, "layers.0.fit=floor"});
  CHECK(floor.exit == 0);
  CHECK(contains(floor.out, "1 row and 1 column of the input dropped by c1"));
}
