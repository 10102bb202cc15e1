// Losses, targets, outputs, and what nothing reads: rule 13 of the language.
#include "graph/builder_support.h"

namespace cnn {
namespace {

using Names = std::vector<std::string>;

std::string with_loss(const std::string& loss, const std::string& rest = "") {
  return "input: {image: [4, 8, 8]}\n" + rest + R"(
layers:
  - {conv: 3, kernel: 1, act: relu, name: map}
  - gap
  - {linear: 5, name: fc}
loss: )" +
         loss + "\n";
}

}  // namespace

TEST_CASE("a loss is one map, a list of maps, or absent") {
  CHECK(Built(with_loss("~")).graph.losses.empty());
  CHECK(Built(with_loss("{cross_entropy: fc, target: label}")).graph.losses.size() == 1);
  const Built built(with_loss(R"(
  - {cross_entropy: fc, target: label}
  - {cross_entropy: prev, target: label, weight: 2}
  - {mse: map, target: depth, weight: $w, name: depth}
  - {mse: [fc], target: fc}
)",
                              "vars: {w: 0.5}\n"));
  REQUIRE(built.graph.losses.size() == 4);
  Names terms;
  for (const LossTerm& term : built.graph.losses) {
    terms.push_back(fmt::format("{} {}", term.name, term.weight));
  }
  CHECK(terms == Names{"cross_entropy 1", "cross_entropy_2 2", "depth 0.5", "mse 1"});
  CHECK(built.inputs("loss.cross_entropy_2") == Names{"fc", "label"});
  CHECK(built.inputs("loss.depth") == Names{"map.act", "depth"});
  CHECK(built.shape("loss.mse") == "[2]");
  CHECK(Built(with_loss("{mse: fc}")).inputs("loss.mse") == Names{"fc", "target"});
  CHECK(Built(with_loss("{cross_entropy: fc}")).inputs("loss.cross_entropy") ==
        Names{"fc", "label"});
  for (const LossTerm& term : built.graph.losses) {
    CHECK(built.graph.node(term.node).is_loss());
  }
}

TEST_CASE("a target is a layer's value or an input if there is one, else a data field") {
  const Built built(R"(
input: {image: [5], other: [5]}
layers: [{linear: 5, name: a}, {linear: 5, name: b}]
loss:
  - {mse: b, target: a}
  - {mse: b, target: other}
  - {mse: b, target: c}
  - {cross_entropy: b, target: d}
  - {cross_entropy: b, target: d}
)");
  Names fields;
  for (const GraphField& f : built.graph.fields) {
    fields.push_back(fmt::format("{} {} {} {}", f.field.name, f.field.shape.str(),
                                 f.field.kind == FieldKind::kClass ? "class" : "values",
                                 f.is_input));
    CHECK(built.graph.value(f.value).producer == -1);
  }
  CHECK(fields == Names{"image [5] values true", "other [5] values true", "c [5] values false",
                        "d [1] class false"});
  CHECK(built.inputs("loss.mse") == Names{"b", "a"});
}

TEST_CASE("losses that share a field must agree on it") {
  const std::string errors = errors_of(with_loss(R"(
  - {cross_entropy: fc, target: label}
  - {cross_entropy: map, target: label}
  - {mse: fc, target: label}
)"));
  CHECK(contains(errors,
                 "model.yaml:9:5: error: cross_entropy needs 'label' to be [1,8,8] class "
                 "numbers below 3"));
  CHECK(contains(errors, "note: the loss at model.yaml:8:5 needs [1] class numbers below 5"));
  CHECK(contains(errors, "model.yaml:10:5: error: mse needs 'label' to be [5]"));
}

TEST_CASE("a target that is a layer must have the shape that the loss needs") {
  CHECK(contains(errors_of(with_loss("{mse: fc, target: map}")),
                 "mse: target 'map' has the shape [3,8,8], [5] is needed"));
}

TEST_CASE("a term on a dropped item is dropped") {
  const std::string text = R"(
input: {image: [4]}
vars: {on: false}
layers:
  - {linear: 3, name: a, if: $on}
  - {side: [{linear: 3, name: x}], name: s, phase: train}
  - {linear: 3, name: b}
loss:
  - {mse: a, target: y}
  - {mse: s, target: u}
  - {mse: s.x, target: v}
  - {mse: b, target: z, if: $(not on)}
  - {mse: b, target: w, if: $on}
outputs: {main: b, aux: s}
)";
  const auto targets = [](const Built& built) {
    Names names;
    for (const GraphField& f : built.graph.fields) names.push_back(f.field.name);
    return names;
  };
  CHECK(targets(Built(text)) == Names{"image", "u", "v", "z"});
  CHECK(targets(Built(text, Phase::kTest)) == Names{"image", "z"});
  CHECK(Built(text).graph.outputs.size() == 2);
  CHECK(Built(text, Phase::kTest).graph.outputs.size() == 1);
}

TEST_CASE("an output goes by its layer's name, alone or in a list") {
  const auto outputs = [](const std::string& written) {
    const Built built(
        "input: {image: [4]}\nlayers: [{linear: 3, name: a}, {linear: 2, name: b}]\n" +
        ("outputs: " + written + "\n"));
    std::string text;
    for (const NamedOutput& output : built.graph.outputs) {
      text += output.name + "=" + built.graph.value(output.value).name + " ";
    }
    return text;
  };
  CHECK(outputs("a") == "a=a ");
  CHECK(outputs("[b, a]") == "b=b a=a ");
  CHECK(outputs("{x: a, y: b}") == "x=a y=b ");
}

TEST_CASE("the names of losses are the same in both phases") {
  const std::string text = R"(
input: {image: [4]}
layers:
  - {side: [{linear: 3}], name: s, phase: train}
  - {linear: 3, name: b}
loss: [{mse: s, target: y}, {mse: b, target: z}]
)";
  CHECK(Built(text).graph.losses[1].name == "mse_2");
  CHECK(Built(text, Phase::kTest).graph.losses[0].name == "mse_2");
}

TEST_CASE("the output is the last item that is no loss, by its name or its type") {
  const auto output = [](const std::string& layers) {
    const Built built("input: {image: [4, 8, 8]}\nblocks: {b: {layers: [relu, bn]}}\nlayers: " +
                      layers + "\nloss: {mse: prev, target: y}\n");
    REQUIRE(built.graph.outputs.size() == 1);
    return built.graph.outputs[0].name + " " + built.graph.value(built.graph.outputs[0].value).name;
  };
  CHECK(output("[relu, {conv: 2, kernel: 1, name: top}]") == "top top");
  CHECK(output("[relu, {conv: 2, kernel: 1, name: top, act: relu}]") == "top top.act");
  CHECK(output("[relu, {conv: 2, kernel: 1}]") == "conv 1");
  CHECK(output("[relu, b]") == "b 1.1");
  CHECK(output("[relu, {side: [gap]}]") == "relu 0");
  CHECK(output("[relu, {relu, name: x, if: false}]") == "relu 0");
  CHECK(output("[{bn, name: x, repeat: 2}]") == "x x.1");
}

TEST_CASE("an input that nothing reads is an error") {
  const std::string text =
      "input: {image: [4], extra: [3]}\nlayers: [{linear: 3, name: a}]\nloss: ";
  CHECK(errors_of(text + "{mse: a, target: extra}\n") == "");
  CHECK(contains(errors_of(text + "{mse: a, target: y}\n"),
                 "model.yaml:1:21: error: nothing reads the input 'extra'"));
}

TEST_CASE("a layer that nothing reads is a warning, in training only") {
  const std::string text = R"(
input: {image: [4]}
layers:
  - {linear: 3, name: a}
  - {linear: 3, from: image, name: b}
  - {linear: 3, from: image, name: c}
  - {side: [{linear: 3}]}
  - {linear: 3, name: d}
metrics: [{accuracy, of: b}]
)";
  CHECK(Built(text, Phase::kTest).log.empty());
  const Built train(text);
  REQUIRE(train.log.size() == 1);
  CHECK(contains(train.log[0], "model.yaml:4:5: nothing reads layer 'a'"));
}

TEST_CASE("a layer that only a metric reads is read wherever the metric names it") {
  const auto log_of = [](const std::string& metrics) {
    return Built(
               "input: {x: [4]}\nlayers:\n  - {linear: 3, name: a}\n  - {linear: 3, from: x, name: "
               "b}\n  - {linear: 3, from: x, name: c}\nmetrics: " +
               metrics + "\n")
        .log;
  };
  CHECK(log_of("[{elbo: [a, b]}]").empty());
  CHECK(log_of("{elbo: [a, b]}").empty());
  CHECK(log_of("[{bleu: a}, {nonzeros: ~, of: b}]").empty());
  CHECK(log_of("[{elbo: [a, a], name: b}]").size() == 1);
}

TEST_CASE("an output that is computed only where it is read may go unread") {
  const std::string text = R"(
input: {image: [4, 6]}
layers:
  - tokens
  - {multihead_attention, heads: 2, name: look}
  - {reduce: mean}
  - {linear: 3, name: out}
loss: {cross_entropy: out, target: label}
)";
  CHECK(Built(text).log.empty());
}

TEST_CASE("a partial graph keeps what could be built and lists the problems") {
  const ModelSpec spec = spec_of(R"(
input: {image: [4, 8, 8]}
layers:
  - {conv: 3, kernel: 1, name: a}
  - {conv: 3, kernel: 9, name: b}
  - {relu, name: c}
  - {relu, from: a, name: d}
)");
  ParameterStore store;
  const PartialGraph partial = build_partial_graph(spec, Phase::kTrain, store);
  CHECK(partial.problems.size() == 1);
  REQUIRE(partial.graph.nodes.size() == 2);
  CHECK(partial.graph.nodes[0].name == "a");
  CHECK(partial.graph.nodes[1].name == "d");
}

TEST_CASE("values list their consumers once each, in order") {
  const Built built("input: {x: [4]}\nlayers: [{add: [x, x]}, {add: [x, prev]}, relu]\n");
  CHECK(built.graph.values[0].consumers == std::vector<int>{0, 1});
  CHECK(built.graph.values[1].consumers == std::vector<int>{1});
  CHECK(built.graph.values[2].producer == 1);
  CHECK(built.graph.macs() == 0);
}

}  // namespace cnn
