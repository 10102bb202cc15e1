// `cnn viz` and `cnn runs` as a user's shell runs them.

#include <cmath>
#include <filesystem>

#include "apps/support.h"
#include "support/catch.h"
#include "support/text.h"

using namespace cnn;
namespace fs = std::filesystem;

namespace {

// Width and height in the header of a PNG file.
std::pair<int, int> png_size(const std::string& path) {
  const std::string bytes = read_text(path);
  REQUIRE(bytes.substr(1, 3) == "PNG");
  const auto number = [&](size_t at) {
    int value = 0;
    for (size_t i = 0; i < 4; ++i) value = value * 256 + static_cast<unsigned char>(bytes[at + i]);
    return value;
  };
  return {number(16), number(20)};
}

struct TwoRuns {
  TemporaryFolder folder;
  std::string first, second;

  TwoRuns() {
    const std::string model = folder.file("m.yaml", small_model());
    for (const char* seed : {"1", "2"}) {
      const auto result = run_cnn({"train", model, "--seed", seed, "--out", folder.str("runs"),
                                   "--name", "small-" + std::string(seed), "--epochs", "2", "-q"});
      INFO(result.err);
      REQUIRE(result.exit == 0);
    }
    first = folder.str("runs/small-1");
    second = folder.str("runs/small-2");
  }
};

const TwoRuns& two_runs() {
  static const TwoRuns runs;
  return runs;
}

}  // namespace

TEST_CASE("training draws its curves into the run's plots") {
  CHECK(fs::exists(two_runs().first + "/plots/curves.svg"));
  CHECK(fs::exists(two_runs().first + "/plots/filters_c1.png"));
}

TEST_CASE("viz writes PNG or SVG and says where") {
  const TemporaryFolder out;
  const auto png =
      run_cnn({"viz", "confusion", two_runs().first, "--out", out.str("a"), "--threads", "1"});
  INFO(png.err);
  CHECK(png.exit == 0);
  CHECK(contains(png.out, "wrote " + out.str("a/confusion.png")));
  const auto [width, height] = png_size(out.str("a/confusion.png"));
  CHECK(width > 500);
  CHECK(height > 500);
  const auto svg = run_cnn(
      {"viz", "confusion", two_runs().first, "--out", out.str("b"), "--format", "svg", "--json"});
  CHECK(svg.exit == 0);
  CHECK(read_text(out.str("b/confusion.svg")).rfind("<svg xmlns=", 0) == 0);
  const auto json = last_json(svg.out);
  CHECK(json["schema"] == 1);
  CHECK(json["kind"] == "confusion");
  CHECK(json["model"] == "small");
  CHECK(json["counts"].size() == 10);
  CHECK(json["files"][0] == out.str("b/confusion.svg"));
}

TEST_CASE("viz data takes another data set, and functions need no model") {
  const std::string model = two_runs().folder.str("m.yaml");
  const TemporaryFolder folder;
  folder.file("few.yaml", "format: digits\ntrain: 50\nval: 7\n");
  const auto few = run_cnn({"viz", "data", model, "--data", folder.str("few.yaml"), "--split",
                            "val", "--out", folder.str("out"), "--json"});
  INFO(few.err);
  REQUIRE(few.exit == 0);
  CHECK(last_json(few.out)["samples"] == 7);
  CHECK(run_cnn({"viz", "graph", model, "--data", "digits"}).exit == 2);
  const auto functions = run_cnn(
      {"viz", "functions", "--function", "relu", "gelu", "--out", folder.str("out"), "--json"});
  INFO(functions.err);
  REQUIRE(functions.exit == 0);
  CHECK(last_json(functions.out)["functions"].size() == 2);
  CHECK(fs::exists(folder.path() / "out/functions.svg"));
}

TEST_CASE("pictures are the same bytes for any number of threads") {
  const TemporaryFolder out;
  for (const std::string threads : {"1", "3"}) {
    for (const std::string kind : {"errors", "embedding", "graph", "curves", "data", "report"}) {
      std::vector<std::string> words = {"viz",   kind,    two_runs().first, "--threads",
                                        threads, "--out", out.str(threads)};
      if (kind == "embedding") words.insert(words.end(), {"--samples", "60", "--steps", "100"});
      const auto result = run_cnn(words);
      INFO(kind << ": " << result.err);
      CHECK(result.exit == 0);
    }
  }
  size_t files = 0;
  for (const auto& entry : fs::directory_iterator(out.str("1"))) {
    const std::string name = entry.path().filename().string();
    INFO(name);
    CHECK(read_text(entry.path().string()) == read_text(out.str("3/" + name)));
    ++files;
  }
  CHECK(files >= 7);
}

TEST_CASE("viz explains wrong words") {
  struct Case {
    std::vector<std::string> words;
    int exit;
    std::string message;
  };
  const std::string model = two_runs().folder.str("m.yaml");
  const std::vector<Case> cases = {
      {{"viz"}, 2, "which kind of picture?"},
      {{"viz", "confusoin", "x"}, 2, "did you mean 'confusion'?"},
      {{"viz", "confusion"}, 2, "a model file or a run is required"},
      {{"viz", "confusion", model}, 2, "--weights FILE is required"},
      {{"viz", "filters", "/nonexistent"}, 4, "/nonexistent: error: is neither a model file"},
      {{"viz", "errors", two_runs().first, "--mots", "3"}, 2, "did you mean '--most'?"},
      {{"viz", "errors", two_runs().first, "--most", "many"}, 2, "expected an integer"},
      {{"viz", "errors", two_runs().first, two_runs().second}, 2, "looks at one model"},
      {{"viz", "curves", model}, 4, "is no run directory"},
      {{"viz", "report", model}, 4, "is no run directory"},
      {{"viz", "embedding", two_runs().first, "--layer", "c2"}, 2, "did you mean 'c1'?"},
      {{"viz", "graph", "/nonexistent.yaml"}, 4, "/nonexistent.yaml"},
      {{"viz", "graph", model, "--format", "gif"}, 2, "--format"},
      {{"viz", "graph", model, "--out", "/proc/nothing"}, 6, "/proc/nothing"},
      {{"runs"}, 2, "ACTION is required"},
      {{"runs", "lsit"}, 2, "did you mean 'list'?"},
      {{"runs", "list", "/nonexistent"}, 4, "is no folder"},
      {{"runs", "compare", two_runs().first}, 2, "takes two runs or more"},
      {{"runs", "compare", two_runs().first, model}, 4, "is no run directory"},
  };
  for (const Case& c : cases) {
    const auto result = run_cnn(c.words);
    INFO(c.words.back() << ": " << result.err);
    CHECK(result.exit == c.exit);
    CHECK(result.out.empty());
    CHECK(contains(result.err, c.message));
  }
}

TEST_CASE("every kind's help begins with its examples") {
  const std::string overview = run_cnn({"help", "viz"}).out;
  for (const std::string kind :
       {"report", "graph", "curves", "confusion", "errors", "data", "embedding"}) {
    INFO(kind);
    CHECK(contains(overview, "  " + kind + " "));
    const auto help = run_cnn({"help", "viz", kind});
    CHECK(help.exit == 0);
    CHECK(help.out.rfind("Examples:\n  cnn viz " + kind, 0) == 0);
    CHECK(help.out == run_cnn({"viz", kind, "--help"}).out);
  }
}

TEST_CASE("runs are listed, as a table, as CSV and as JSON") {
  const std::string folder = two_runs().folder.str("runs");
  const auto table = run_cnn({"runs", "list", folder});
  CHECK(table.exit == 0);
  CHECK(contains(table.out, "small-1"));
  CHECK(contains(table.out, "done"));
  CHECK_FALSE(contains(table.out, "latest"));
  const auto csv = run_cnn({"runs", "list", folder, "--csv"});
  CHECK(csv.out.rfind("run,model,status,epochs,", 0) == 0);
  const auto json = last_json(run_cnn({"runs", "list", folder, "--json"}).out);
  CHECK(json["runs"].size() == 2);
  CHECK(json["runs"][1]["seed"] == 2);
  CHECK(json["runs"][0]["scores"]["val/accuracy"].is_number());
}

TEST_CASE("runs are compared: what differs, results, mean and spread over seeds") {
  ProcessSettings ascii;
  ascii.environment = {{"LC_ALL", "C"}};
  const auto table = run_cnn({"runs", "compare", two_runs().first, two_runs().second}, ascii);
  INFO(table.out << table.err);
  CHECK(table.exit == 0);
  CHECK(contains(table.out, "seed"));
  CHECK_FALSE(contains(table.out, "momentum"));
  CHECK(contains(table.out, "over seeds"));
  CHECK(contains(table.out, "+-"));
  const auto json =
      last_json(run_cnn({"runs", "compare", two_runs().first, two_runs().second, "--json"}).out);
  CHECK(json["settings"].size() == 1);
  CHECK(json["settings"][0]["path"] == "train.seed");
  CHECK(json["settings"][0]["values"] == Json({"1", "2"}));
  REQUIRE(json["groups"].size() == 1);
  CHECK(json["groups"][0]["name"] == "small");
  const auto a = json["runs"][0]["scores"]["val/loss"].get<double>();
  const auto b = json["runs"][1]["scores"]["val/loss"].get<double>();
  CHECK(json["groups"][0]["scores"]["val/loss"]["mean"].get<double>() == Approx((a + b) / 2));
  CHECK(json["groups"][0]["scores"]["val/loss"]["deviation"].get<double>() ==
        Approx(std::abs(a - b) / std::sqrt(2.0)));
  const auto csv = run_cnn({"runs", "compare", two_runs().first, two_runs().second, "--csv"});
  CHECK(csv.out.rfind("run,group,epoch,train.seed,", 0) == 0);
}

TEST_CASE("viz takes the text that is meant behind the run") {
  const TemporaryFolder folder;
  const std::string model = folder.file("m.yaml", R"(name: sums
input: {source: {steps: {most: 9}, classes: 32}, target: {steps: {most: 9}, classes: 32}}
layers:
  - {embed: 8, from: source, name: words}
  - {shift: 1, from: target}
  - {embed: 8, name: said}
  - {gru: 8, name: decoder}
  - {attention: [decoder, words], name: context}
  - {concat: [decoder, context]}
  - {linear: 32, name: out}
loss: {cross_entropy: out, target: target}
data: {format: sentences, task: sum, train: 100, test: 20}
train: {epochs: 1, batch_size: 10}
)");
  const auto trained = run_cnn({"train", model, "--out", folder.str("runs"), "--name", "s", "-q"});
  INFO(trained.err);
  REQUIRE(trained.exit == 0);
  const std::string run = folder.str("runs/s");
  const auto shown =
      run_cnn({"viz", "attention", run, "one plus two", "ten plus one", "--json", "-q"});
  INFO(shown.err);
  REQUIRE(shown.exit == 0);
  const auto json = last_json(shown.out);
  REQUIRE(json["samples"].size() == 2);
  CHECK(json["samples"][1]["texts"]["source"] == "ten plus one");
  CHECK(fs::exists(run + "/plots/attention_1.png"));
  const auto states = run_cnn(
      {"viz", "neurons", run, "one plus two", "--layer", "decoder", "--units", "1,2", "--json"});
  INFO(states.err);
  REQUIRE(states.exit == 0);
  CHECK(last_json(states.out)["symbols"][0] == "<s>");  // what the decoder has read first
  CHECK(last_json(states.out)["units"][1]["unit"] == 2);
  CHECK(fs::exists(run + "/plots/neurons.html"));
  const auto wrong = run_cnn({"viz", "confusion", run, "one plus two"});
  CHECK(wrong.exit == 2);
  CHECK(contains(wrong.err, "'viz confusion' looks at one model, found 'one plus two' too"));
}
