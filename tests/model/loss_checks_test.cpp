#include "model/loss_checks.h"

#include "data/catalogue.h"
#include "data/support.h"
#include "graph/builder.h"
#include "io/npy.h"
#include "support/catch.h"
#include "support/training.h"

namespace cnn {
namespace {

using namespace cnn::test;

// The network of `head` against the ten digits, or other data.
void check(const std::string& head,
           const std::string& data = "{format: digits, train: 200, test: 20}",
           const std::string& loss = "{cross_entropy: out, target: label}") {
  const TemporaryFolder folder;
  write_npy(folder.str("x.npy"), {3, 1, 28, 28}, std::vector<float>(3 * 784, 1.0f));
  folder.file("y.npy", npy_int64("(3,)", {0, 2, 1}));
  const ModelSpec spec = load(folder.file("m.yaml",
                                          "input: {image: [1, 28, 28]}\n"
                                          "vars: {width: 12, classes: 12}\n"
                                          "layers:\n  - flatten\n  - " +
                                              head + "\nloss: " + loss + "\ndata: " + data + "\n"));
  ParameterStore store;
  const Graph graph = build_graph(spec, Phase::kTrain, store);
  check_class_counts(spec, graph, DataSource(load_data(spec), 0).open(Split::kTrain));
}

TEST_CASE("more outputs than classes are a warning with both counts, the place and the variable") {
  const QuietLog log;
  check("{linear: $classes, name: out}");
  REQUIRE(log.lines.size() == 1);
  CHECK(log.has("m.yaml:5:5: 'out' has scores of 12 classes, the data have 10"));
  CHECK(log.has("vars.classes=10"));
  check("{linear: 11, name: out}");
  CHECK(log.has("11 classes, the data have 10"));
  CHECK(log.has("give 'out' as many"));
}

TEST_CASE("fewer outputs than classes are an error before a sample is read") {
  const auto problem = [](const std::string& head, const std::string& loss) {
    return error_of(Exit::kSpec,
                    [&] { check(head, "{format: digits, train: 200, test: 20}", loss); });
  };
  const std::string error =
      problem("{linear: 5, name: out}", "{cross_entropy: out, target: label}");
  INFO(error);
  CHECK(contains(error, "m.yaml:5:5: error: 'out' has scores of 5 classes, the data have 10"));
  CHECK(contains(problem("{linear: 1, name: out}", "{hinge: out, target: label}"),
                 "'out' has 1 score, which tells 2 classes apart; the data have 10"));
}

TEST_CASE("a label that the loss ignores is no class") {
  const TemporaryFolder folder;
  const QuietLog log;
  write_npy(folder.str("x.npy"), {4, 2}, std::vector<float>(8, 1.0f));
  folder.file("y.npy", npy_int64("(4,)", {0, 255, 1, 2}));
  const auto problem_with = [&](const std::string& loss) {
    const std::string text = "input: {x: [2]}\nlayers: [{linear: 3, name: out}]\nloss: " + loss +
                             "\ndata: {format: npy, inputs: x.npy, targets: y.npy, "
                             "input_name: x, target_name: label}\n";
    const ModelSpec spec = load(folder.file("m.yaml", text));
    ParameterStore store;
    const Graph graph = build_graph(spec, Phase::kTrain, store);
    const DataView view = DataSource(load_data(spec), 0).open(Split::kTrain);
    check_class_counts(spec, graph, view);
  };
  CHECK_NOTHROW(problem_with("{cross_entropy: out, ignore: 255}"));
  CHECK(log.lines.empty());
  CHECK(contains(error_of(Exit::kSpec, [&] { problem_with("{cross_entropy: out}"); }),
                 "'out' has scores of 3 classes, the data have 256"));
}

TEST_CASE("as many outputs as classes, and losses of no classes, are silent") {
  const QuietLog log;
  check("{linear: 10, name: out}");
  check("{reshape: [1, 28, 28], name: out}", "{format: digits, train: 200, test: 20}",
        "{mse: out, target: image}");
  // The class that the loss ignores needs no output.
  check("{linear: 2, name: out}",
        "{format: npy, inputs: x.npy, targets: y.npy, target_name: label, classes: 3}",
        "{cross_entropy: out, target: label, ignore: 2}");
  CHECK(log.lines.empty());
}

TEST_CASE("where the data do not say how many classes there are, the largest label does") {
  const QuietLog log;
  const std::string data = "{format: npy, inputs: x.npy, targets: y.npy, target_name: label}";
  check("{linear: 3, name: out}", data);
  CHECK(log.lines.empty());
  check("{linear: 4, name: out}", data);
  CHECK(log.has("4 classes, the data have 3"));
  CHECK(contains(error_of(Exit::kSpec, [&] { check("{linear: 2, name: out}", data); }),
                 "2 classes, the data have 3"));
}

// What a network of these layers is warned of.
std::vector<std::string> links(const std::string& layers, const std::string& loss) {
  const QuietLog log;
  const TemporaryFolder folder;
  ParameterStore store;
  const std::string yaml =
      "input: {image: [4]}\nlayers:\n  - {linear: 3, name: a}\n" + layers + "loss: " + loss + "\n";
  warn_of_double_links(build_graph(load(folder.file("m.yaml", yaml)), Phase::kTrain, store));
  return log.lines;
}

TEST_CASE("probabilities for a loss that takes scores are a warning with the remedy") {
  const std::string cross_entropy = "{cross_entropy: out, target: label}";
  const std::string scores = "{bce_logits: out, target: image}";
  const auto has = [](const std::vector<std::string>& lines, const std::string& part) {
    REQUIRE(lines.size() == 1);
    return contains(lines.front(), part);
  };
  const auto softmax = links("  - {softmax: ~, name: out}\n", cross_entropy);
  CHECK(has(softmax, "m.yaml:4:5: 'cross_entropy' takes scores and applies its own softmax"));
  CHECK(has(softmax, "leave 'softmax' out"));
  CHECK(has(links("  - {linear: 3, act: softmax, name: out}\n", cross_entropy),
            "m.yaml:4:22: 'cross_entropy'"));
  CHECK(has(links("  - {linear: 4, act: sigmoid}\n  - {reshape: [4], name: out}\n", scores),
            "'bce_logits' takes scores and applies its own sigmoid"));
  CHECK(has(links("  - sigmoid\n  - {dropout: 0.5, name: out}\n", cross_entropy), "'sigmoid'"));

  CHECK(links("  - {linear: 3, name: out}\n", cross_entropy).empty());
  CHECK(links("  - softmax\n  - {linear: 3, name: out}\n", cross_entropy).empty());
  CHECK(links("  - {linear: 4, act: sigmoid, name: out}\n", "{bce: out, target: image}").empty());
  CHECK(links("  - {linear: 4, act: sigmoid, name: out}\n", "{mse: out, target: image}").empty());
}

}  // namespace
}  // namespace cnn
