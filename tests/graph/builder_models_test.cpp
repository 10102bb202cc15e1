// The model files of the language's contract, and torchvision's weight names out of model files.
#include "graph/builder_support.h"

namespace cnn {
namespace {

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

TEST_CASE("resnet18 has torchvision's weight names, shapes and count") {
  const Built built(kResnet18);
  CHECK(built.weights() == resnet18_weights());
  CHECK(built.store.parameter_count() == 11'689'512);
  CHECK(built.graph.macs() == 1'814'073'344);
  CHECK(built.shape("layer4") == "[512,7,7]");
}
}  // namespace cnn
