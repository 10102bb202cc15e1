// The zoo's figures against torchvision's and the papers'. Nothing is allocated.
//
// torchvision.json says of torchvision 0.14.1's networks: parameters (of the training graph), MACs
// (of the evaluation graph), the output volume of each layer, and name and shape of each weight.
// Left out are the ReLU modules that a ResNet uses several times, and AlexNet's and VGG's average
// pools, which change nothing at the images' usual size.
#include <fstream>
#include <map>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "models/support.h"
#include "report/layer_arithmetic.h"

namespace cnn {
namespace {

using namespace cnn::test;
using Sizes = std::vector<int64_t>;

Sizes sizes_of(const Shape& shape) {
  Sizes sizes;
  for (int axis = 0; axis < shape.rank(); ++axis) sizes.push_back(shape[axis]);
  return sizes;
}

// A global average is [C] here and [C,1,1] in torchvision.
Sizes without_trailing_ones(Sizes sizes) {
  while (sizes.size() > 1 && sizes.back() == 1) sizes.pop_back();
  return sizes;
}

std::map<std::string, Sizes> sizes_by_name(const Json& map) {
  std::map<std::string, Sizes> sizes;
  for (const auto& [name, value] : map.items()) sizes[name] = value.get<Sizes>();
  return sizes;
}

void check_volumes(const Graph& graph, const std::map<std::string, Sizes>& wanted) {
  for (const auto& [name, sizes] : wanted) {
    INFO(name);
    const auto node = std::find_if(graph.nodes.begin(), graph.nodes.end(),
                                   [&](const GraphNode& n) { return n.name == name; });
    REQUIRE(node != graph.nodes.end());
    CHECK(without_trailing_ones(sizes_of(node->plan.output())) == without_trailing_ones(sizes));
  }
}

}  // namespace

TEST_CASE("torchvision's networks have its parameters, MACs, volumes, weight names and shapes") {
  const auto golden = Json::parse(
      read_file(std::string(CNN_SOURCE_DIR) + "/tests/models/torchvision.json", 1 << 24));
  REQUIRE(golden.size() == 12);
  for (const auto& [name, wanted] : golden.items()) {
    DYNAMIC_SECTION(name) {
      const bool bn = name.ends_with("_bn");
      const Built built(
          load(bn ? name.substr(0, name.size() - 3) : name,
               bn ? std::vector<std::string>{"vars.bn=true"} : std::vector<std::string>{}));
      CHECK(sizes_of(built.train.fields[0].field.shape) == wanted["input"].get<Sizes>());
      CHECK(built.store.parameter_count() == wanted["params"].get<int64_t>());
      CHECK(built.test.macs() == wanted["macs"].get<int64_t>());
      check_volumes(built.test, sizes_by_name(wanted["outputs"]));
      std::map<std::string, Sizes> weights;
      for (const Parameter& p : built.store.all()) weights[p.name] = sizes_of(p.request.shape);
      CHECK(weights == sizes_by_name(wanted["weights"]));
    }
  }
}

TEST_CASE("the papers' networks have their numbers of parameters") {
  struct Row {
    std::string name;
    int64_t parameters;
    std::vector<std::string> overrides = {};
  };
  const Row rows[] = {
      {"lenet5", 61'706},
      {"ae-deep", 2'837'314},
      {"vae", 652'824},
      {"lenet5-1998", 60'000},
      {"alexnet-2012", 60'965'224},
      {"zfnet", 62'357'608},
      {"vgg11-lrn", 132'863'336},
      {"vgg16-c", 133'638'952},
      {"googlenet-2014", 13'378'280},
      {"plain18", 11'515'688},
      {"plain34", 21'623'848},
      {"cifar-resnet20", 272'474},
      {"cifar-resnet56", 855'770},
      {"cifar-resnet110", 1'730'714},
      {"cifar-resnet1202", 19'424'026},
      {"cifar-plain20", 269'722},
      {"cifar-plain56", 853'018},
      // Shortcuts without weights; and projections everywhere, 6 of 16, 32 and 64 channels more.
      {"cifar-resnet20", 269'722, {"vars.shortcut=A"}},
      {"cifar-resnet110", 1'727'962, {"vars.shortcut=A"}},
      {"cifar-resnet20", 272'474 + 3 * 288 + 2 * 1088 + 2 * 4224, {"vars.shortcut=C"}},
      {"perceptron", 7'850},
      {"mlp", 238'510},
      {"unet", 31'030'658},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name << (row.overrides.empty() ? "" : " " + row.overrides[0])) {
      CHECK(Built(load(row.name, row.overrides)).store.parameter_count() == row.parameters);
    }
  }
}

TEST_CASE("GoogLeNet of 2014 without its auxiliary heads has 6,998,552 parameters") {
  ParameterStore store;
  const Graph graph = build_graph(load("googlenet-2014"), Phase::kTest, store);
  CHECK(store.parameter_count() == 6'998'552);
  CHECK(graph.losses.size() == 1);
}

TEST_CASE("networks are as deep as their papers say") {
  const struct {
    const char* name;
    int depth;
  } kRows[] = {{"lenet5", 5},          {"alexnet", 8},          {"vgg11", 11},
               {"vgg16", 16},          {"vgg19", 19},           {"googlenet", 22},
               {"resnet18", 18},       {"resnet34", 34},        {"plain34", 34},
               {"resnet50", 50},       {"resnet101", 101},      {"resnet152", 152},
               {"cifar-resnet20", 20}, {"cifar-resnet110", 110}};
  for (const auto& row : kRows) {
    INFO(row.name);
    ParameterStore store;
    CHECK(weight_depth(build_graph(load(row.name), Phase::kTest, store)) == row.depth);
    ParameterStore of_training;
    CHECK(weight_depth(build_graph(load(row.name), Phase::kTrain, of_training)) == row.depth);
  }
}

TEST_CASE("VGG's weights stand in the slide's five stages, and keep torchvision's names") {
  ParameterStore store;
  const Graph graph = build_graph(load("vgg16"), Phase::kTest, store);
  std::map<std::string, int> convolutions;
  for (const GraphNode& node : graph.nodes) {
    if (has_weights(node)) ++convolutions[node.path.back()];
  }
  CHECK(convolutions == std::map<std::string, int>{{"features.stage1", 2},
                                                   {"features.stage2", 2},
                                                   {"features.stage3", 3},
                                                   {"features.stage4", 3},
                                                   {"features.stage5", 3},
                                                   {"classifier", 3}});
  CHECK(store.find("features.28.weight") >= 0);
}

TEST_CASE("lenet5's layers have the lectures' volumes") {
  const Built built(load("lenet5"));
  check_volumes(built.test, {{"c1", {6, 28, 28}},
                             {"s2", {6, 14, 14}},
                             {"c3", {16, 10, 10}},
                             {"s4", {16, 5, 5}},
                             {"c5", {120}},
                             {"f6", {84}},
                             {"out", {10}}});
  std::map<std::string, int64_t> parameters;
  for (const Parameter& p : built.store.all()) {
    parameters[p.name.substr(0, p.name.find('.'))] += p.count();
  }
  CHECK(parameters["c1"] == 156);
  CHECK(parameters["c5"] == 48'120);
  CHECK(parameters["f6"] == 10'164);
  CHECK(parameters["out"] == 850);
}

TEST_CASE("models/README.md lists every network with its parameters and MACs") {
  std::ifstream file(models_folder() / "README.md");
  std::map<std::string, std::string> rows;  // by model
  for (std::string line; std::getline(file, line);) {
    const size_t name = line.find("| `"), end = line.find(".yaml` |");
    const bool is_model = name == 0 && end != std::string::npos;
    if (is_model && line.find("recipes/") != 3) rows[line.substr(3, end - 3)] = line;
  }
  for (const std::string& name : all_models()) {
    INFO(name);
    REQUIRE(rows.count(name) == 1);
    const Built built(load(name));
    const std::string figures = " | " + with_commas(built.store.parameter_count()) + " | " +
                                human_count(static_cast<double>(built.test.macs()));
    CHECK(rows[name].find(figures + " |") != std::string::npos);
  }
  CHECK(rows.size() == all_models().size());
}

}  // namespace cnn
