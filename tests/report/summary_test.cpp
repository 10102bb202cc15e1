#include "report/summary.h"

#include <set>

#include "base/json.h"
#include "base/text.h"
#include "io/csv.h"
#include "report/summary_tree.h"
#include "report/timing.h"
#include "support/catch.h"
#include "support/training.h"
#include "train/session.h"

namespace cnn {
namespace {

using namespace cnn::test;
constexpr const char* kResidual = R"(name: residual
input: {image: [3, 15, 15]}
blocks:
  basic:
    args: {out: ~, stride: 1}
    layers:
      - {conv: $out, kernel: 3, stride: $stride, pad: 1, bias: false, name: conv1}
      - {bn, act: relu, name: bn1}
      - {conv: $out, kernel: 3, pad: 1, name: conv2}
      - seq: [{conv: $out, kernel: 1, stride: $stride}, bn]
        name: down
        from: in
        if: $(stride != 1)
      - {add: [conv2, down], act: relu, name: sum}
layers:
  - {conv: 8, kernel: 3, stride: 2, name: stem}
  - {maxpool: 2, name: pool}
  - {basic: 8, repeat: 2, first: {stride: 2}, name: stage}
  - {side: [gap, {linear: 10, name: aux}], name: head, phase: train}
  - gap
  - {linear: 10, name: fc, freeze: true}
loss: [{cross_entropy: fc, target: label}, {cross_entropy: head, target: label}]
metrics: [accuracy]
data: {format: digits, train: 60, test: 40, val: 20}
train: {batch_size: 8, optimizer: {sgd: 0.1, momentum: 0.9}}
)";

ModelSummary summary_of(const std::string& yaml, const std::vector<std::string>& overrides = {}) {
  const TemporaryFolder folder;
  return summarize(load(folder.file("m.yaml", yaml), overrides));
}

const LayerSummary& layer_of(const ModelSummary& summary, const std::string& name) {
  for (const LayerSummary& layer : summary.layers) {
    if (layer.name == name) return layer;
  }
  FAIL("no layer " + name);
  return summary.layers.front();
}

std::string table_of(const ModelSummary& summary, int columns, int depth = 0) {
  TableStyle style;
  style.columns = columns;
  style.depth = depth;
  return summary.table(style);
}

// The lines of the table itself, without title and facts.
std::vector<std::string> rows_of(const std::string& table) {
  std::vector<std::string> rows;
  int rules = 0;
  for (const std::string& line : split(table, '\n')) {
    if (line.starts_with("---")) ++rules;
    if (rules == 1 && !line.starts_with("---")) rows.push_back(line);
  }
  return rows;
}

std::string first_words(const std::string& row) {
  return row.substr(0, row.find("  ", row.find_first_not_of(" |`-")));
}

TEST_CASE("planned memory is what training allocates") {
  const TemporaryFolder folder;
  for (const char* text : {kTinyModel, kResidual}) {
    const std::string path = folder.file("m.yaml", text);
    // The residual network has three input channels, the digits one.
    const std::vector<std::vector<std::string>> cases = {
        {"input.image=[1,28,28]"},
        {"input.image=[1,28,28]", "train.batch_size=5", "train.optimizer={adam: 0.1}"},
        {"input.image=[1,28,28]", "train.batch_size=2", "train.val_batch_size=20"},
        {"input.image=[1,28,28]", "train.optimizer={sgd: 0.1}"}};
    for (const std::vector<std::string>& overrides : cases) {
      const ModelSpec spec = load(path, overrides);
      const ModelSummary summary = summarize(spec);
      Session session(spec, 0);
      INFO(spec.name << " " << overrides.back());
      CHECK(summary.memory.train_bytes() == session.planned_bytes() - session.train_feed().bytes() -
                                                session.validation_feed()->bytes());
      CHECK(summary.memory.train_arena + summary.memory.weights + summary.memory.gradients ==
            session.network().planned_bytes());
    }
  }
}

TEST_CASE("planned memory of inference is what timing allocates") {
  const TemporaryFolder folder;
  const ModelSpec spec = load(folder.file("m.yaml", kTinyModel), {"train.batch_size=6"});
  TimingRequest request;
  request.training = false;
  request.seconds = 0.001;
  request.per_layer = false;
  CHECK(static_cast<double>(summarize(spec).memory.infer_bytes()) / (1 << 20) ==
        Approx(time_model(spec, request).planned_mib));
}

TEST_CASE("the figures of a residual network") {
  const ModelSummary summary = summary_of(kResidual);
  CHECK(summary.parameters - summary.training_only() ==
        8 * 28 + (576 + 16 + 584 + 72 + 16) + (576 + 16 + 584) + 90);
  CHECK(summary.training_only() == 90);
  CHECK(summary.trainable == summary.parameters - 90);
  CHECK(summary.macs == 7 * 7 * 8 * 27 + 4 * (576 * 4 + 64) + 80);
  const LayerSummary& first = layer_of(summary, "stage.0.conv1");
  CHECK(first.settings == "8, kernel 3, stride 2, pad 1, bias false");
  CHECK(first.operation == "conv 8, 3x3/2, pad 1, no bias");
  CHECK(first.brief == "conv 8, 3x3/2, pad 1");
  CHECK(first.inputs == std::vector<std::string>{"pool"});
  CHECK(first.output == Shape{8, 2, 2});
  CHECK(first.field.rows == ReceptiveField::Axis{13, 8});
  CHECK(first.activation_bytes == 8 * 8 * 2 * 2 * 4);
  CHECK(layer_of(summary, "stage.0.sum").inputs ==
        std::vector<std::string>{"stage.0.conv2", "stage.0.down.1"});
  CHECK(layer_of(summary, "stage.0.bn1.act").is_folded);
  CHECK(layer_of(summary, "fc").field.is_whole);
  CHECK(layer_of(summary, "pool").settings == "2");
  CHECK(layer_of(summary, "stage.0.down.0").brief == "conv 8, 1x1/2");
}

TEST_CASE("weights that several layers share are counted once") {
  const ModelSummary summary = summary_of(R"(name: twice
input: {image: [6]}
layers:
  - {linear: 6, name: a}
  - {linear: 6, share: a, name: b}
  - {linear: 6, tie: a, name: c}
loss: {mse: c, target: image}
data: {format: npy, inputs: x.npy}
)");
  CHECK(layer_of(summary, "a").parameters == 42);
  CHECK(layer_of(summary, "b").parameters == 0);
  CHECK(layer_of(summary, "c").parameters == 6);
  CHECK(summary.parameters == 48);
  CHECK(layer_of(summary, "b").macs == 36);
}

TEST_CASE("the figures of a network over volumes") {
  const ModelSummary summary = summary_of(R"(name: clips
input: {clip: [1, 8, 16, 16]}
layers:
  - {conv: 4, kernel: 3, pad: 1, act: relu, name: a}
  - {maxpool: [1, 2, 2], name: b}
  - {conv: 8, kernel: [3, 1, 1], stride: [2, 1, 1], name: c}
  - {maxpool: 2, name: d}
  - {conv: 8, kernel: [1, 3, 3], stride: 2, pad: [0, 1, 1], bias: false, name: e}
  - gap
  - {linear: 2, name: out}
loss: {cross_entropy: out, target: label}
data: {format: npy, inputs: x.npy, targets: y.npy}
)");
  CHECK(layer_of(summary, "a").operation == "conv 4, 3x3x3, pad 1");
  CHECK(layer_of(summary, "a").output == Shape{4, 8, 16, 16});
  CHECK(layer_of(summary, "a").macs == 8 * 16 * 16 * 4 * 27);
  CHECK(layer_of(summary, "b").output == Shape{4, 8, 8, 8});
  CHECK(layer_of(summary, "c").operation == "conv 8, 3x1x1/2x1x1");
  CHECK(layer_of(summary, "d").output == Shape{8, 1, 4, 4});
  CHECK(layer_of(summary, "e").operation == "conv 8, 1x3x3/2, pad [0, 1, 1], no bias");
  CHECK(layer_of(summary, "c").field.slices == ReceptiveField::Axis{5, 2});
  CHECK(layer_of(summary, "c").field.rows == ReceptiveField::Axis{4, 2});
  CHECK(summary.parameters == 4 * 27 + 4 + 8 * 4 * 3 + 8 + 8 * 8 * 9 + 18);
  std::vector<std::string> shapes;
  for (const auto& [name, shape] : summary.weights) shapes.push_back(name + " " + shape.str());
  CHECK(shapes[0] == "a.weight [4,1,3,3,3]");
  CHECK(shapes[2] == "c.weight [8,4,3,1,1]");
  CHECK(summary.notes() == std::vector<std::string>{"1 slice of the input dropped by c, d",
                                                    "1 row and 1 column of padding not used by e"});
  const std::vector<std::string> rows = rows_of(table_of(summary, 200));
  CHECK(contains(rows[3], "5x4x4"));
  const Json json = Json::parse(summary.json());
  for (const Json& layer : json["layers"]) {
    if (layer["name"] != "c") continue;
    CHECK(layer["receptive_field"]["size"] == Json({5, 4, 4}));
    CHECK(layer["dropped"]["image"] == Json({1, 0, 0}));
  }
}

TEST_CASE("windows that do not tile their input are noted") {
  CHECK(summary_of(kResidual).notes() ==
        std::vector<std::string>{"1 row and 1 column of the input dropped by pool"});
  // Layers that leave the same share a line; padding is told of apart.
  CHECK(summary_of(kResidual, {"input.image=[3,16,17]"}).notes() ==
        std::vector<std::string>{"1 row of the input dropped by stem, pool",
                                 "1 column of the input dropped by stage.0.down.0",
                                 "1 column of padding not used by stage.0.conv1"});
}

TEST_CASE("the table is a tree of blocks with folded activations") {
  const ModelSummary summary = summary_of(kResidual);
  const std::vector<std::string> rows = rows_of(table_of(summary, 200));
  std::vector<std::string> names;
  for (const std::string& row : rows) names.push_back(first_words(row));
  CHECK(names == std::vector<std::string>{"image", "stem", "pool", "stage", "|- 0", "|  |- conv1",
                                          "|  |- bn1", "|  |- conv2", "|  |- down", "|  |  |- 0",
                                          "|  |  `- 1", "|  `- sum", "`- 1", "   |- conv1",
                                          "   |- bn1", "   |- conv2", "   `- sum", "4", "fc"});
  CHECK(contains(rows[6], "bn + relu"));
  CHECK(contains(rows[11], "add + relu"));
  CHECK(contains(rows[11], "conv2, down.1"));
  CHECK(contains(rows[9], "pool"));
}

TEST_CASE("blocks below the depth are one line each, with their sums") {
  const ModelSummary summary = summary_of(kResidual);
  const std::vector<std::string> one = rows_of(table_of(summary, 200, 1));
  REQUIRE(one.size() == 6);
  CHECK(first_words(one[3]) == "stage");
  CHECK(contains(one[3], "5 layers"));
  CHECK(contains(one[3], "2,440"));
  CHECK(contains(one[3], "8x2x2"));
  const std::vector<std::string> two = rows_of(table_of(summary, 200, 2));
  REQUIRE(two.size() == 8);
  CHECK(first_words(two[4]) == "|- 0");
  CHECK(contains(two[4], "1,264"));
  CHECK(first_words(two[5]) == "`- 1");
  CHECK(rows_of(table_of(summary, 200, 9)).size() == rows_of(table_of(summary, 200)).size());
}

TEST_CASE("no line is wider than the terminal and no name is cut") {
  const ModelSummary summary = summary_of(kResidual);
  for (const int columns : {60, 72, 80, 100, 120, 160}) {
    for (const bool is_utf8 : {false, true}) {
      TableStyle style;
      style.columns = columns;
      style.is_utf8 = is_utf8;
      const std::string table = summary.table(style);
      for (const std::string& line : split(table, '\n')) {
        INFO(columns << ": " << line);
        CHECK(display_width(line) <= columns);
        CHECK((line.empty() || line.back() != ' '));
      }
      for (const LayerSummary& layer : summary.layers) {
        if (!layer.is_folded) CHECK(contains(table, split(layer.name, '.').back()));
      }
      CHECK(contains(table, "\x1b") == false);
    }
  }
  CHECK(contains(table_of(summary, 20), "conv1"));
}

TEST_CASE("a join with the name of its branches stands in their block") {
  const ModelSummary summary = summary_of(R"(name: m
input: {image: [1, 28, 28]}
layers:
  - {concat: {a: [{conv: 2, kernel: 1}], b: [{conv: 2, kernel: 3, pad: 1}, relu]}, name: mix}
  - gap
  - {linear: 10, name: fc}
loss: {cross_entropy: fc, target: label}
)");
  const std::vector<std::string> rows = rows_of(table_of(summary, 120));
  CHECK(first_words(rows[1]) == "mix");
  CHECK(first_words(rows[rows.size() - 3]) == "`- (concat)");
  const std::vector<std::string> one = rows_of(table_of(summary, 120, 1));
  REQUIRE(one.size() == 4);
  CHECK(contains(one[1], "2 layers"));
  CHECK(contains(one[1], "4x28x28"));
}

TEST_CASE("a model with an error is shown up to it") {
  const TemporaryFolder folder;
  std::string text = kResidual;
  text.replace(text.find("kernel: 3, pad: 1, name: conv2"), 9, "kernel: 9");
  const ModelSpec spec = load(folder.file("m.yaml", text));
  CHECK_FALSE(error_of(Exit::kSpec, [&] { summarize(spec); }).empty());
  const QuietLog log;
  const ModelSummary summary = summarize_until_error(spec);
  CHECK(layer_of(summary, "stage.0.bn1.act").output == Shape{8, 2, 2});
  for (const LayerSummary& layer : summary.layers) CHECK(layer.name != "stage.0.conv2");
  const std::string table = table_of(summary, 80);
  CHECK(contains(table, "conv1"));
  CHECK_FALSE(contains(table, "total"));
  CHECK_FALSE(contains(table, "training"));
  // An error elsewhere is none of the layers'.
  const ModelSpec other = load(folder.file("n.yaml", kResidual), {"train.epochs=many"});
  CHECK_FALSE(error_of(Exit::kUsage, [&] { summarize(other); }).empty());
  CHECK(summarize_until_error(other).layers.empty());
}

TEST_CASE("activations are the numbers that layers make of a sample") {
  const ModelSummary summary = summary_of(kResidual);
  CHECK(layer_of(summary, "stem").activations == 8 * 7 * 7);
  CHECK(layer_of(summary, "pool").activations == 8 * 3 * 3);
  CHECK(layer_of(summary, "stage.0.bn1").activations == 0);  // changes them in place
  CHECK(layer_of(summary, "stage.0.bn1.act").activations == 0);
  int64_t sum = 0;
  for (const LayerSummary& layer : summary.layers) sum += layer.activations;
  CHECK(summary.activations() == sum);
  // Five volumes of each block (one more before the shortcut), the stem, the pool, gap and fc.
  CHECK(sum == 8 * 49 + 8 * 9 + 4 * (8 * 2 * 2) + 3 * (8 * 2 * 2) + 8 + 10);
  const std::string table = table_of(summary, 200);
  CHECK(contains(table, "#act"));
  CHECK(contains(table, "activations " + with_commas(sum) + " a sample"));
  CHECK(contains(rows_of(table)[1], " 392 "));
  CHECK(contains(table, "depth       6 weight layers on the longest path"));
}

TEST_CASE("the figures are explained as one reckons them by hand") {
  const std::string text = summary_of(R"(name: lenet
input: {image: [1, 28, 28]}
layers:
  - {conv: 6, kernel: 5, pad: 2, act: relu, name: c1}
  - {maxpool: 2, name: s2}
  - {conv: 16, kernel: [5, 3], stride: 2, bias: false, name: c3}
  - {bn, name: b3}
  - {conv: 8, kernel: 2, pad: same, dilation: 2, name: c4}
  - {upconv: 4, kernel: 3, stride: 2, pad: 1, output_pad: 1, name: u5}
  - {pad: [0, 1, 2, 3], name: p6}
  - {concat: [prev, p6], name: j7}
  - {flatten, name: f8}
  - {linear: 10, name: out}
loss: {cross_entropy: out, target: label}
data: digits
)")
                               .explanation();
  for (const char* part :
       {"c1: conv 6, 5x5, pad 2 -> 6x28x28\n  size         (28 + 2*2 - 5)/1 + 1 = 28\n",
        "  parameters   (5*5*1 + 1)*6 = 156\n", "  activations  6*28*28 = 4,704\n",
        "  MACs         6*28*28 * 5*5*1 = 117,600\n", "  size         (28 - 2)/2 + 1 = 14\n",
        "floor((14 - 5)/2) + 1 = 5, floor((14 - 3)/2) + 1 = 6\n",
        "  parameters   3*5*6*16 = 1,440\n", "  parameters   2*16 = 32\n",
        "(5 + 2*1 - ((2 - 1)*2 + 1))/1 + 1 = 5",
        "(5 - 1)*2 + 3 - 2*1 + 1 = 10, (6 - 1)*2 + 3 - 2*1 + 1 = 12\n",
        "0 + 10 + 1 = 11, 2 + 12 + 3 = 17\n", "  size         4 + 4 = 8\n", "8*11*17 = 1496\n",
        "(1496 + 1)*10 = 14,970\n"}) {
    INFO(text);
    CHECK(contains(text, part));
  }
}

// The figures of that name in an explanation: what stands behind the last "=" of each line.
int64_t sum_of(const std::string& explanation, const std::string& what) {
  int64_t sum = 0;
  for (const std::string& line : split(explanation, '\n')) {
    if (!line.starts_with("  " + what + " ")) continue;
    std::string figure = line.substr(line.find_last_of(' ') + 1);
    std::erase(figure, ',');
    sum += std::stoll(figure);
  }
  return sum;
}

TEST_CASE("what is explained of the layers adds up to what is said of all together") {
  std::set<std::string> with_heads;
  for (const std::string name : {"lenet5", "lenet5-1998", "alexnet", "googlenet", "resnet18",
                                 "text-classifier", "unet-small", "vae", "ae-tied"}) {
    INFO(name);
    const ModelSummary summary =
        summarize(load(std::string(CNN_SOURCE_DIR) + "/models/" + name + ".yaml"));
    const std::string text = summary.explanation();
    CHECK(sum_of(text, "activations") == summary.activations());
    CHECK(sum_of(text, "MACs") == summary.macs);
    CHECK(sum_of(text, "parameters") == summary.parameters - summary.training_only());
    const std::string heads =
        " (of these " + with_commas(summary.training_only()) + " in training only)";
    CHECK(contains(text, heads) == (summary.training_only() > 0));
    if (summary.training_only() > 0) with_heads.insert(name);
  }
  CHECK(with_heads == std::set<std::string>{"googlenet"});
  CHECK(
      contains(summarize(load(std::string(CNN_SOURCE_DIR) + "/models/alexnet.yaml")).explanation(),
               "floor((224 + 2*2 - 11)/4) + 1 = 55"));
}

TEST_CASE("JSON keeps the keys that other tools read") {
  const Json out = Json::parse(summary_of(kResidual).json());
  CHECK(out["schema"] == 1);
  CHECK(out["name"] == "residual");
  CHECK(out["input"]["image"] == Json({3, 15, 15}));
  CHECK(out["params"] == out["trainable"].get<int64_t>() + 90);
  CHECK(out["memory"]["batch_size"] == 8);
  CHECK(out["memory"]["train_bytes"].get<int64_t>() > out["memory"]["infer_bytes"].get<int64_t>());
  CHECK(out["weights"]["stage.0.bn1.running_mean"] == Json({8}));
  CHECK(out["weights"]["head.aux.weight"] == Json({10, 8}));
  const Json& layer = out["layers"][0];
  CHECK(layer["name"] == "stem");
  CHECK(layer["type"] == "conv");
  CHECK(layer["output"] == Json({8, 7, 7}));
  CHECK(layer["params"] == 8 * 28);
  CHECK(layer["macs"] == 7 * 7 * 8 * 27);
  CHECK(layer["activations"] == 8 * 7 * 7);
  CHECK(layer["arithmetic"]["params"] == "(3*3*3 + 1)*8 = 224");
  CHECK(out["depth"] == 6);
  CHECK(layer["receptive_field"]["size"] == Json({3.0, 3.0}));
  CHECK(out["layers"][1]["dropped"]["image"] == Json({1, 1}));
}

TEST_CASE("CSV has a line a layer, or a line a network") {
  const ModelSummary summary = summary_of(kResidual);
  const CsvTable layers = CsvTable::parse(summary.csv(), "layers");
  REQUIRE(layers.rows() == summary.layers.size());
  CHECK(layers.text(2, layers.column("settings")) == "8, kernel 3, stride 2, pad 1, bias false");
  CHECK(layers.number(0, layers.column("macs")) == 7 * 7 * 8 * 27);
  const CsvTable models = CsvTable::parse(comparison_csv({summary, summary}), "models");
  REQUIRE(models.rows() == 2);
  CHECK(models.number(1, models.column("parameters")) == static_cast<double>(summary.parameters));
}

TEST_CASE("a folded block without multiply-adds says how many items it has") {
  const ModelSummary summary = summary_of(R"(name: m
input: {image: [1, 8, 8]}
layers:
  - {seq: [{maxpool: 2}, relu, {avgpool: 2}], name: pools}
  - flatten
  - {linear: 10, name: out}
loss: {cross_entropy: out, target: label}
data: digits
)");
  const SummaryTree tree(summary, 1);
  CHECK(tree.lines()[0].operation == "3 items");
}

TEST_CASE("layers are counted by their multiply-adds, in tables, CSV and drawings alike") {
  const ModelSummary summary = summary_of(kResidual);
  // stem, five convolutions of the blocks, fc; no pool, no norm, no activation, no sum.
  CHECK(summary.layer_count() == 7);
  const CsvTable models = CsvTable::parse(comparison_csv({summary, summary}), "models");
  CHECK(models.number(0, models.column("layers")) == 7);
  TableStyle style;
  style.columns = 160;
  const std::vector<std::string> rows = rows_of(comparison_table({summary}, style));
  CHECK(contains(rows[0], "  7  "));
  int64_t lines = 0;
  const SummaryTree tree(summary, 1);
  for (const SummaryLine& line : tree.lines()) lines += line.layers;
  CHECK(lines == 7);
}

TEST_CASE("Graphviz gets a box a layer, a cluster a block and every edge") {
  const std::string dot = summary_of(kResidual).dot();
  const auto count = [&](std::string_view part) {
    size_t n = 0;
    for (size_t at = dot.find(part); at != std::string::npos; at = dot.find(part, at + 1)) ++n;
    return n;
  };
  CHECK(dot.starts_with("digraph \"residual\" {"));
  CHECK(count("subgraph cluster_") == 4);  // stage, 0, down, 1
  CHECK(count("{") == count("}"));
  CHECK(count("[label=") == 14);
  CHECK(count(" -> ") == 14 + 2);  // two joins
  CHECK(contains(dot, "bn + relu"));
}

TEST_CASE("several networks are compared on one line each") {
  const ModelSummary a = summary_of(kResidual), b = summary_of(kTinyModel);
  for (const int columns : {60, 80, 100}) {
    TableStyle style;
    style.columns = columns;
    const std::vector<std::string> rows = rows_of(comparison_table({a, b}, style));
    REQUIRE(rows.size() >= 2);
    CHECK(first_words(rows[0]) == "residual");
    CHECK(first_words(rows[1]) == "tiny");
    CHECK(contains(rows[0], with_commas(a.parameters)));
    CHECK(contains(rows[1], human_bytes(b.memory.train_bytes())));
  }
}

}  // namespace
}  // namespace cnn
