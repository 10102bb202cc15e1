// The kind `data`, and what all kinds share: flags and samples.

#include "base/error.h"
#include "data/dataset.h"
#include "data/phrases.h"
#include "graph/builder.h"
#include "support/catch.h"
#include "support/text.h"
#include "support/training.h"
#include "viz/kinds.h"
#include "viz/small_network.h"
#include "viz/subject.h"
#include "viz/support.h"

using namespace cnn;

namespace {

std::string message_of(std::string_view kind, const std::vector<VizFlag>& flags) {
  try {
    run_kind(kind, trained_request(), flags);
  } catch (const Error& error) {
    CHECK(error.code() == Exit::kUsage);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("every kind has its name, a summary and examples") {
  for (const VizKindType* type : viz_kinds()) {
    INFO(type->name);
    CHECK(find_viz_kind(type->name) == type);
    CHECK(contains(type->example, fmt::format("cnn viz {} ", type->name)));
    CHECK(std::string_view(type->summary).find('\n') == std::string_view::npos);
    const std::unique_ptr<VizKind> kind = type->make();
    Options options;
    kind->options(options);
    for (const Option& option : options.table()) CHECK_FALSE(option.help.empty());
  }
  CHECK(find_viz_kind("nothing") == nullptr);
}

TEST_CASE("flags that are wrong are usage errors with a place on the command line") {
  CHECK(contains(message_of("data", {{"sampels", {"3"}}}), "did you mean 'samples'?"));
  CHECK(contains(message_of("data", {{"samples", {"many"}}}), "expected an integer"));
  CHECK(contains(message_of("data", {{"samples", {"0"}}}), "--samples 0"));
  CHECK(contains(message_of("data", {{"split", {"tset"}}}), "did you mean 'test'?"));
  CHECK(contains(message_of("data", {{"first", {"100000"}}}), "has 550 samples"));
}

TEST_CASE("a sheet of data has a row a class, and one of what augmentation makes") {
  const VizResult result = run_kind("data", trained_request(), {{"samples", {"30"}}});
  REQUIRE(result.figures.size() == 2);
  CHECK(pictures_of(result.figures[0].drawing).size() == 30);
  CHECK(pictures_of(result.figures[1].drawing).size() == 6 * 9);
  CHECK(result.numbers["samples"] == 550);
  const auto test = run_kind("data", trained_request(), {{"split", {"test"}}});
  CHECK(test.figures.size() == 1);
}

TEST_CASE("a sheet has few of large pictures unless more are asked for") {
  const SmallNetwork network(
      "name: wide\ninput: {image: [1, 2, 80]}\nlayers: [flatten, {linear: 3, name: out}]\n"
      "loss: {cross_entropy: out, target: label}\n",
      {1, 2, 80}, 20);
  const auto shown = [&](const std::vector<VizFlag>& flags) {
    std::vector<VizFlag> all = {{"split", {"test"}}};
    all.insert(all.end(), flags.begin(), flags.end());
    return pictures_of(run_kind("data", network.request(), all).figures.at(0).drawing).size();
  };
  CHECK(shown({}) == 12);  // three classes
  CHECK(shown({{"samples", {"18"}}}) == 18);
}

TEST_CASE("samples are shown as they were before normalisation") {
  const VizRequest request = trained_request();
  ParameterStore store;
  const Graph graph = build_graph(request.subject().spec, Phase::kTest, store);
  SampleOptions options;
  options.samples = 5;
  options.first = 2;
  const SampleSource source(options, request.subject(), graph, {});
  CHECK(source.size() == 5);
  CHECK(source.name(0) == "test 2");
  std::vector<float> values(784);
  source.read(1, 1, values.data());
  const Image picture = source.picture(values.data());
  CHECK(*std::max_element(picture.values.begin(), picture.values.end()) > 200);
  CHECK(*std::min_element(picture.values.begin(), picture.values.end()) == 0);
  CHECK(source.label(1) >= 0);
  CHECK(source.class_name(7) == "7");
}

TEST_CASE("samples lie evenly over their split, or follow the first one that is asked for") {
  const SmallNetwork network(
      "name: small\ninput: {image: [1, 2, 2]}\nlayers: [flatten, {linear: 3, name: out}]\n"
      "loss: {cross_entropy: out, target: label}\n",
      {1, 2, 2});
  ParameterStore store;
  const Graph graph = build_graph(network.spec(), Phase::kTest, store);
  const auto names = [&](std::optional<int64_t> first, int64_t samples) {
    SampleOptions options;
    options.samples = samples;
    options.first = first;
    const SampleSource source(options, network.request().subject(), graph, {});
    std::vector<std::string> found;
    std::vector<float> values(static_cast<size_t>(4 * source.size()));
    source.read(0, source.size(), values.data());
    for (int64_t i = 0; i < source.size(); ++i) {
      found.push_back(source.name(i));
      const int64_t number = std::stoll(source.name(i).substr(5));
      CHECK(source.index(i) == number);
      CHECK(source.label(i) == number % 3);
      CHECK(values[static_cast<size_t>(4 * i)] == network.picture(number)[0]);
    }
    return found;
  };
  CHECK(names({}, 3) == std::vector<std::string>{"test 0", "test 4", "test 8"});
  CHECK(names({}, 5) == std::vector<std::string>{"test 0", "test 2", "test 4", "test 7", "test 9"});
  CHECK(names({}, 100).size() == 12);
  CHECK(names(0, 3) == std::vector<std::string>{"test 0", "test 1", "test 2"});
  CHECK(names(10, 5) == std::vector<std::string>{"test 10", "test 11"});
}

TEST_CASE("layers are chosen by name and by pattern, with a suggestion for unknown ones") {
  const VizRequest request = trained_request();
  ParameterStore store;
  const Graph graph = build_graph(request.subject().spec, Phase::kTest, store);
  const auto is_map = [](const Value& value) { return value.shape.rank() == 3; };
  const auto names = [&](const std::vector<std::string>& wanted) {
    std::vector<std::string> found;
    for (const int id : chosen_layers(graph, wanted, is_map, "maps are [C,H,W]")) {
      found.push_back(graph.value(id).name);
    }
    return found;
  };
  CHECK(names({"s1"}) == std::vector<std::string>{"s1"});
  CHECK(names({"c1"}) == std::vector<std::string>{"c1.act"});  // the value behind the activation
  CHECK(names({"?1"}) == std::vector<std::string>{"c1.act", "s1"});
  CHECK(names({}) == std::vector<std::string>{"c1", "c1.act", "s1"});
  CHECK_THROWS_WITH(names({"s2"}), Catch::Contains("did you mean 's1'?"));
  CHECK_THROWS_WITH(names({"f2"}), Catch::Contains("gives [20]; maps are [C,H,W]"));
}

TEST_CASE("a sheet of a table says what its columns became") {
  const TemporaryFolder folder;
  folder.file("t.csv", "area,district,price\n1,north,10\n2,south,30\n4,north,20\n");
  const std::string model = folder.file("m.yaml", R"(name: houses
input: {image: [3]}
layers: [{linear: 1, name: out}]
loss: {mse: out, target: target}
data:
  format: csv
  train: t.csv
  columns: {categories: [district], targets: [price]}
  standardise: targets
)");
  VizRequest request;
  request.subjects.push_back({"houses", "", test::load(model), ""});
  const VizResult result = run_kind("data", request, {});
  CHECK(result.numbers.dump().find(
            R"("columns":{"image":{"numbers":1,"categories":{"district":2},"standardised":false},)"
            R"("target":{"numbers":1,"categories":{},"standardised":true}})") != std::string::npos);
  CHECK(contains(result.text, "columns: 1 number and 2 categories of 'district'; standardised"));
}

TEST_CASE("samples of texts are told as people read them") {
  const VizRequest request = request_of(R"(name: words
input: {text: {steps: {most: 19}, classes: 181}}
layers: [{embed: 4}, {reduce: mean}, {linear: 10, name: out}]
loss: {cross_entropy: out, target: label}
data: {format: sentences, train: 60, test: 20}
)");
  const VizResult result = run_kind("data", request, {{"samples", {"7"}}, {"split", {"test"}}});
  REQUIRE(result.figures.size() == 1);
  CHECK(result.numbers["samples"] == 20);
  REQUIRE(result.numbers["texts"].size() == 7);
  const DataView view = open_dataset(*request.subject().spec.section("data"), Split::kTest, 1);
  for (size_t k = 0; k < 7; ++k) {
    const auto index = static_cast<int64_t>(k) * 20 / 7;
    const std::string text = topic_sentence(1, "sentences/test", index);
    CHECK(result.numbers["texts"][k]["text"] == text);
    CHECK(result.numbers["texts"][k]["label"] ==
          view.dataset->class_names(1)[static_cast<size_t>(topic_of(1, "sentences/test", index))]);
    if (k == 0) CHECK(contains(result.text, text));
    int drawn = 0;
    for (const Drawing::Element& element : result.figures[0].drawing.elements()) {
      const auto* words = std::get_if<Drawing::Text>(&element);
      drawn += words != nullptr && text.starts_with(words->text) && words->text.size() > 9;
    }
    CHECK(drawn > 0);
  }
}
