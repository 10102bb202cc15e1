// The model files of the language's contract, and torchvision's weight names out of model files.
#include "graph/builder_support.h"

namespace cnn {
namespace {

using Names = std::vector<std::string>;

const char* const kResnet18 = R"(
name: resnet18
input: {image: [3, 224, 224]}
vars: {classes: 1000}
defaults: {conv: {bias: false, init: {he_normal: fan_out}}}
blocks:
  basic:
    args: {out: ~, stride: 1}             # ~ = required; the first is the primary one
    layers:
      - {conv: $out, kernel: 3, stride: $stride, pad: 1, name: conv1}
      - {bn, act: relu, name: bn1}
      - {conv: $out, kernel: 3, pad: 1, name: conv2}
      - {bn, name: bn2}
      - seq: [{conv: $out, kernel: 1, stride: $stride}, bn]
        name: downsample
        from: in                          # the block's own input
        if: $(stride != 1 or in.c != out) # false: 'downsample' is just 'in'
      - {add: [bn2, downsample], act: relu}
layers:
  - {conv: 64, kernel: 7, stride: 2, pad: 3, name: conv1}
  - {bn, act: relu, name: bn1}
  - {maxpool: 3, stride: 2, pad: 1}
  - {basic: 64,  repeat: 2, name: layer1}
  - {basic: 128, repeat: 2, first: {stride: 2}, name: layer2}
  - {basic: 256, repeat: 2, first: {stride: 2}, name: layer3}
  - {basic: 512, repeat: 2, first: {stride: 2}, name: layer4}
  - gap
  - {linear: $classes, name: fc}
loss: {cross_entropy: fc, target: label, smoothing: 0.1}
metrics: [top1, top5]
train:
  params:
    - {match: "*.bias", decay_mult: 0, lr_mult: 2}
    - {match: "layer1.*", freeze: true}
)";

// torchvision's resnet18, its names in order of execution.
std::vector<std::string> resnet18_weights() {
  std::vector<std::string> names;
  const auto conv = [&](const std::string& name, int out, int in, int kernel) {
    names.push_back(fmt::format("{}.weight [{},{},{},{}]", name, out, in, kernel, kernel));
  };
  const auto bn = [&](const std::string& name, int c) {
    for (const char* part : {"weight", "bias", "running_mean", "running_var"}) {
      names.push_back(fmt::format("{}.{} [{}]", name, part, c));
    }
  };
  conv("conv1", 64, 3, 7);
  bn("bn1", 64);
  int in = 64;
  for (int stage = 1; stage <= 4; ++stage) {
    const int out = 32 << stage;
    for (int copy = 0; copy < 2; ++copy) {
      const std::string block = fmt::format("layer{}.{}.", stage, copy);
      conv(block + "conv1", out, in, 3);
      bn(block + "bn1", out);
      conv(block + "conv2", out, out, 3);
      bn(block + "bn2", out);
      if (in != out) {
        conv(block + "downsample.0", out, in, 1);
        bn(block + "downsample.1", out);
      }
      in = out;
    }
  }
  names.push_back("fc.weight [1000,512]");
  names.push_back("fc.bias [1000]");
  return names;
}

}  // namespace

TEST_CASE("resnet18 has torchvision's weight names, shapes and counts") {
  const Built built(kResnet18);
  CHECK(built.weights() == resnet18_weights());
  CHECK(built.store.parameter_count() == 11'689'512);
  CHECK(built.graph.macs() == 1'814'073'344);
  CHECK(built.shape("layer4") == "[512,7,7]");
  CHECK(built.graph.outputs.size() == 1);
  CHECK(built.graph.outputs[0].name == "fc");
}

TEST_CASE("in resnet18 a downsample that is not there stands for the block's input") {
  const Built built(kResnet18);
  CHECK(built.inputs("layer1.0.4") == Names{"layer1.0.bn2", "2"});
  CHECK(built.inputs("layer2.0.5") == Names{"layer2.0.bn2", "layer2.0.downsample.1"});
  CHECK(built.inputs("layer2.1.4") == Names{"layer2.1.bn2", "layer2.0.5.act"});
  CHECK(built.meaning("layer1.0.downsample") == "2");
  CHECK(built.meaning("layer2") == "layer2.1.4.act");
}

TEST_CASE("resnet18's parameter rules and defaults reach the store") {
  const Built built(kResnet18);
  const Parameter& bias = built.parameter("layer2.0.bn1.bias");
  CHECK(bias.decay_mult == 0.0);
  CHECK(bias.lr_mult == 2.0);
  CHECK_FALSE(bias.frozen);
  const Parameter& frozen = built.parameter("layer1.0.bn1.bias");
  CHECK(frozen.frozen);
  CHECK(frozen.lr_mult == 2.0);  // the later rule says nothing of it
  const Initializer& init = built.parameter("conv1.weight").request.init;
  CHECK(init.kind == Initializer::Kind::kHeNormal);
  CHECK(init.fan == Initializer::Fan::kOut);
}

TEST_CASE("testing and training share one store and give the same names") {
  for (const Phase first : {Phase::kTrain, Phase::kTest}) {
    const ModelSpec spec = spec_of(kResnet18);
    ParameterStore store;
    const Graph a = build_graph(spec, first, store);
    const size_t count = store.all().size();
    const Graph b = build_graph(spec, first == Phase::kTrain ? Phase::kTest : Phase::kTrain, store);
    CHECK(store.all().size() == count);
    REQUIRE(a.nodes.size() == b.nodes.size());
    for (size_t i = 0; i < a.nodes.size(); ++i) {
      CHECK(a.nodes[i].name == b.nodes[i].name);
      CHECK(a.nodes[i].parameters == b.nodes[i].parameters);
    }
  }
}

TEST_CASE("lenet5 is a chain with its loss at the end") {
  const Built built(R"(
name: lenet5
input: {image: [1, 28, 28]}               # C,H,W; the batch is implicit
vars: {classes: 10}
layers:
  - {conv: 6, kernel: 5, pad: 2, act: relu, name: c1}
  - {maxpool: 2, name: s2}
  - {conv: 16, kernel: 5, act: relu, name: c3}
  - {maxpool: 2, name: s4}
  - flatten
  - {linear: 120, act: relu, name: c5}
  - {linear: 84, act: relu, name: f6}
  - {linear: $classes, name: out}
loss: {cross_entropy: out, target: label}
metrics: [accuracy]
)");
  CHECK(built.layers() == Names{"c1 conv", "c1.act relu", "s2 maxpool", "c3 conv", "c3.act relu",
                                "s4 maxpool", "4 flatten", "c5 linear", "c5.act relu", "f6 linear",
                                "f6.act relu", "out linear", "loss.cross_entropy cross_entropy"});
  CHECK(built.store.parameter_count() == 61'706);
  CHECK(built.graph.name == "lenet5");
  REQUIRE(built.graph.fields.size() == 2);
  const GraphField& label = built.graph.fields[1];
  CHECK(label.field.name == "label");
  CHECK(label.field.shape == Shape{1});
  CHECK(label.field.kind == FieldKind::kClass);
  CHECK(label.field.classes == 10);
  CHECK_FALSE(label.is_input);
  REQUIRE(built.graph.losses.size() == 1);
  CHECK(built.graph.losses[0].node == 12);
  CHECK(built.inputs("loss.cross_entropy") == Names{"out", "label"});
}

TEST_CASE("alexnet as two named seqs has torchvision's weight names") {
  const Built built(R"(
input: {image: [3, 224, 224]}
layers:
  - seq:
      - {conv: 64, kernel: 11, stride: 4, pad: 2}
      - relu
      - {maxpool: 3, stride: 2}
      - {conv: 192, kernel: 5, pad: 2}
      - relu
      - {maxpool: 3, stride: 2}
      - {conv: 384, kernel: 3, pad: 1}
      - relu
      - {conv: 256, kernel: 3, pad: 1}
      - relu
      - {conv: 256, kernel: 3, pad: 1}
      - relu
      - {maxpool: 3, stride: 2}
    name: features
  - flatten
  - seq: [dropout, {linear: 4096}, relu, dropout, {linear: 4096}, relu, {linear: 1000}]
    name: classifier
)");
  CHECK(built.weights() == Names{"features.0.weight [64,3,11,11]", "features.0.bias [64]",
                                 "features.3.weight [192,64,5,5]", "features.3.bias [192]",
                                 "features.6.weight [384,192,3,3]", "features.6.bias [384]",
                                 "features.8.weight [256,384,3,3]", "features.8.bias [256]",
                                 "features.10.weight [256,256,3,3]", "features.10.bias [256]",
                                 "classifier.1.weight [4096,9216]", "classifier.1.bias [4096]",
                                 "classifier.4.weight [4096,4096]", "classifier.4.bias [4096]",
                                 "classifier.6.weight [1000,4096]", "classifier.6.bias [1000]"});
  CHECK(built.meaning("features") == "features.12");
  CHECK(built.graph.outputs[0].name == "classifier");
}

TEST_CASE("a spliced block numbers its items in the caller's list, as in torchvision's VGG") {
  const Built built(R"(
input: {image: [3, 32, 32]}
blocks:
  cbr: {args: {out: ~}, splice: true, layers: [{conv: $out, kernel: 3, pad: 1}, bn, relu]}
layers:
  - seq: [{cbr: 4}, {cbr: 4}, {maxpool: 2}, {cbr: 8, repeat: 2}, {maxpool: 2}]
    name: features
  - flatten
  - seq: [{linear: 16}, relu, dropout, {linear: 10}]
    name: classifier
)");
  Names learned;
  for (const std::string& line : built.weights()) {
    if (!contains(line, "running") && !contains(line, "bias")) learned.push_back(line);
  }
  CHECK(learned == Names{"features.0.weight [4,3,3,3]", "features.1.weight [4]",
                         "features.3.weight [4,4,3,3]", "features.4.weight [4]",
                         "features.7.weight [8,4,3,3]", "features.8.weight [8]",
                         "features.10.weight [8,8,3,3]", "features.11.weight [8]",
                         "classifier.0.weight [16,512]", "classifier.3.weight [10,16]"});
}

const char* const kGooglenet = R"(
input: {image: [3, 32, 32]}
defaults: {conv: {bias: false}}
blocks:
  cbr:
    args: {out: ~, kernel: 1, stride: 1, pad: 0}
    layers:
      - {conv: $out, kernel: $kernel, stride: $stride, pad: $pad, name: conv}
      - {bn, act: relu, name: bn}
  inception:
    args: {b1: ~, b2r: ~, b2: ~, b3r: ~, b3: ~, b4: ~}
    layers:
      - concat:
          branch1: [{cbr: $b1}]
          branch2: [{cbr: $b2r}, {cbr: $b2, kernel: 3, pad: 1}]
          branch3: [{cbr: $b3r}, {cbr: [$b3, 3, 1, 1]}]
          branch4: [{maxpool: 3, stride: 1, pad: 1}, {cbr: {out: $b4}}]
layers:
  - {cbr: 8, kernel: 7, stride: 2, pad: 3, name: conv1}
  - {inception: [4, 3, 5, 2, 6, 7], name: inception3a}
  - side:
      - {avgpool: 5, stride: 3}
      - {cbr: 9, name: conv}
      - flatten
      - {linear: 16, act: relu, name: fc1}
      - {linear: 10, name: fc2}
    name: aux1
    phase: train
  - gap
  - {dropout: 0.2}
  - {linear: 10, name: fc}
loss:
  - {cross_entropy: fc, target: label}
  - {cross_entropy: aux1, target: label, weight: 0.3, name: aux}
)";

TEST_CASE("googlenet's branches and auxiliary head have torchvision's weight names") {
  const Built built(kGooglenet);
  Names weights;
  for (const std::string& line : built.weights()) {
    if (contains(line, ".weight") && !contains(line, "bn.")) weights.push_back(line);
  }
  CHECK(weights == Names{"conv1.conv.weight [8,3,7,7]", "inception3a.branch1.conv.weight [4,8,1,1]",
                         "inception3a.branch2.0.conv.weight [3,8,1,1]",
                         "inception3a.branch2.1.conv.weight [5,3,3,3]",
                         "inception3a.branch3.0.conv.weight [2,8,1,1]",
                         "inception3a.branch3.1.conv.weight [6,2,3,3]",
                         "inception3a.branch4.1.conv.weight [7,8,1,1]",
                         "aux1.conv.conv.weight [9,22,1,1]", "aux1.fc1.weight [16,144]",
                         "aux1.fc2.weight [10,16]", "fc.weight [10,22]"});
  CHECK(built.shape("inception3a") == "[22,16,16]");
  CHECK(built.inputs("3") == Names{"inception3a.0"});  // gap: a side leaves `prev` alone
  REQUIRE(built.graph.losses.size() == 2);
  CHECK(built.graph.losses[0].weight == 1.0);
  CHECK(built.graph.losses[1].weight == 0.3);
  CHECK(built.graph.losses[1].name == "aux");
}

TEST_CASE("googlenet's auxiliary head exists in training only, and the names stay") {
  const Built train(kGooglenet);
  const Built test(kGooglenet, Phase::kTest);
  for (const std::string& line : test.weights()) {
    CHECK_FALSE(contains(line, "aux1"));
    CHECK(train.store.find(line.substr(0, line.find(' '))) >= 0);
  }
  CHECK(train.weights().size() == test.weights().size() + 9);
  REQUIRE(test.graph.losses.size() == 1);
  CHECK(test.graph.losses[0].name == "cross_entropy");
  CHECK(test.shape("aux1") == "none");
}

TEST_CASE("unnamed branches add no level for named items, as in torchvision's Inception v3") {
  const Built built(R"(
input: {image: [8, 9, 9]}
blocks:
  cbr:
    args: {out: ~, kernel: 1, pad: 0}
    layers: [{conv: $out, kernel: $kernel, pad: $pad, bias: false, name: conv}, {bn, act: relu, name: bn}]
  inceptionE:
    layers:
      - concat:
          - [{cbr: 3, name: branch1x1}]
          - - {cbr: 4, name: branch3x3_1}
            - concat:
                - [{cbr: [2, [1, 3], [0, 1]], name: branch3x3_2a}]
                - [{cbr: [2, [3, 1], [1, 0]], name: branch3x3_2b}]
          - [{avgpool: 3, stride: 1, pad: 1}, {cbr: 5, name: branch_pool}]
layers:
  - {inceptionE, name: Mixed_7b}
)");
  Names weights;
  for (const std::string& line : built.weights()) {
    if (contains(line, "conv.weight")) weights.push_back(line);
  }
  CHECK(weights == Names{"Mixed_7b.branch1x1.conv.weight [3,8,1,1]",
                         "Mixed_7b.branch3x3_1.conv.weight [4,8,1,1]",
                         "Mixed_7b.branch3x3_2a.conv.weight [2,4,1,3]",
                         "Mixed_7b.branch3x3_2b.conv.weight [2,4,3,1]",
                         "Mixed_7b.branch_pool.conv.weight [5,8,1,1]"});
  CHECK(built.shape("Mixed_7b") == "[12,9,9]");
}

TEST_CASE("a u-net passes skip connections into a block by their names") {
  const Built built(R"(
input: {image: [1, 16, 16]}
vars: {w: 4, classes: 2}
blocks:
  double: {args: {out: ~}, layers: [{conv: $out, kernel: 3, pad: 1, act: relu, repeat: 2}]}
  join:
    args: {out: ~, skip: ~}               # an argument may be a layer's name
    layers: [{conv: $out, kernel: 1}, {concat: [$skip, prev]}, {double: $out}]
layers:
  - {double: $w, name: enc1}
  - {double: $(2*w), name: enc2}
  - {double: $(4*w), name: mid}
  - {join: $(2*w), skip: enc2}
  - {join: $w, skip: enc1}
  - {conv: $classes, kernel: 1, name: logits}
loss:
  - {cross_entropy: logits, target: mask, ignore: 255}
  - {mse: mid, target: heat, weight: 0.5}
)");
  CHECK(built.inputs("3.1") == Names{"enc2.0.1.act", "3.0"});
  CHECK(built.inputs("4.1") == Names{"enc1.0.1.act", "4.0"});
  CHECK(built.shape("3.1") == "[16,16,16]");
  CHECK(built.parameter("enc1.0.0.weight").request.shape == Shape{4, 1, 3, 3});
  CHECK(built.parameter("4.2.0.1.weight").request.shape == Shape{4, 4, 3, 3});
  CHECK(built.meaning("enc1") == "enc1.0.1.act");
  const GraphField* mask = built.graph.find_field("mask");
  REQUIRE(mask != nullptr);
  CHECK(mask->field.shape == Shape{1, 16, 16});
  CHECK(built.node("4.2.0.1").path == Names{"4", "4.2", "4.2.0"});
}

TEST_CASE("an autoencoder has two heads, named outputs, and its input as a target") {
  const Built built(R"(
input: {image: [1, 28, 28]}
vars: {z: 20, beta: 0.25}
layers:
  - flatten
  - {linear: 400, act: relu, name: enc}
  - {linear: $z, from: enc, name: mu}
  - {linear: $z, from: enc, name: logvar}
  - {add: [mu, logvar], name: code}
  - {linear: 400, act: relu, name: dec}
  - {linear: 784}
  - {reshape: [1, 28, 28], name: recon}
outputs: {recon: recon, latent: mu}
loss:
  - {mse: recon, target: image, reduction: sum}
  - {mse: mu, target: logvar, weight: $beta}
)");
  CHECK(built.inputs("mu") == Names{"enc.act"});
  CHECK(built.inputs("logvar") == Names{"enc.act"});
  CHECK(built.graph.fields.size() == 1);
  CHECK(built.inputs("loss.mse") == Names{"recon", "image"});
  CHECK(built.inputs("loss.mse_2") == Names{"mu", "logvar"});
  CHECK(built.graph.losses[1].weight == 0.25);
  REQUIRE(built.graph.outputs.size() == 2);
  CHECK(built.graph.outputs[0].name == "recon");
  CHECK(built.graph.outputs[1].name == "latent");
  CHECK(built.graph.outputs[1].value == built.graph.find_value("mu"));
}

}  // namespace cnn
