// The kind `graph`: layouts of networks.

#include "model/vocabulary.h"
#include "support/catch.h"
#include "support/models.h"
#include "support/text.h"
#include "viz/drawing/raster.h"
#include "viz/drawing/svg.h"
#include "viz/network_layout.h"
#include "viz/support.h"

using namespace cnn;

namespace {

ModelSpec zoo(const std::string& name) {
  return load_model(std::string(CNN_SOURCE_DIR) + "/models/" + name + ".yaml", {}, vocabulary());
}

const LayoutBox& box_of(const NetworkLayout& layout, const std::string& name) {
  for (const LayoutBox& box : layout.boxes) {
    if (box.name == name) return box;
  }
  FAIL("no box " + name);
  return layout.boxes[0];
}

}  // namespace

TEST_CASE("boxes never overlap, and what a box reads stands above it") {
  for (const char* name : {"lenet5", "resnet18", "googlenet", "unet-small", "vae", "vgg16-c",
                           "cifar-resnet20", "perceptron", "neocognitron"}) {
    const NetworkLayout layout = layout_of(summarize(zoo(name)), 0);
    INFO(name);
    for (size_t i = 0; i < layout.boxes.size(); ++i) {
      const LayoutBox& a = layout.boxes[i];
      CHECK(a.x + a.width <= layout.width);
      CHECK(a.y + a.height <= layout.height);
      for (const int input : a.inputs) {
        CHECK(layout.boxes[static_cast<size_t>(input)].y + a.height < a.y);
      }
      for (size_t j = 0; j < i; ++j) {
        const LayoutBox& b = layout.boxes[j];
        const bool apart = a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y ||
                           b.y + b.height <= a.y;
        INFO(a.name << " and " << b.name);
        CHECK(apart);
      }
    }
  }
}

TEST_CASE("boxes of lists say how many items there are") {
  const NetworkLayout layout = layout_of(summarize(zoo("text-classifier")), 0);
  CHECK(box_of(layout, "text").items == Items::up_to(19));
  CHECK(box_of(layout, "units").items == Items::up_to(19));
  CHECK(!box_of(layout, "largest").items.is_list);
}

TEST_CASE("LeNet-5 is one lane, activations and flatten are folded") {
  const NetworkLayout layout = layout_of(summarize(zoo("lenet5")), 0);
  CHECK(layout.boxes.size() == 8);
  CHECK(box_of(layout, "c1").folded == std::vector<std::string>{"relu"});
  CHECK(box_of(layout, "s4").folded == std::vector<std::string>{"flatten"});
  CHECK(box_of(layout, "s4").output == Shape{16, 5, 5});
  for (const LayoutBox& box : layout.boxes) CHECK(box.lane == 0);
  CHECK(layout.groups.empty());
}

TEST_CASE("an encoder and a decoder make a U: as far right as the picture is small") {
  const NetworkLayout layout = layout_of(summarize(zoo("unet-small")), 0);
  CHECK(layout.boxes.front().level == 0);
  CHECK(layout.boxes.back().level == 0);
  double deepest = 0;
  for (const LayoutBox& box : layout.boxes) deepest = std::max(deepest, box.level);
  CHECK(deepest >= 2);
}

TEST_CASE("branches stand side by side and blocks have their frames") {
  const NetworkLayout layout = layout_of(summarize(zoo("googlenet")), 0);
  int lanes = 0;
  for (const LayoutBox& box : layout.boxes) lanes = std::max(lanes, box.lane + 1);
  CHECK(lanes == 4);
  CHECK(std::count_if(layout.groups.begin(), layout.groups.end(), [](const LayoutGroup& group) {
          return group.name.starts_with("inception") && group.name.find('.') == std::string::npos;
        }) == 9);
}

TEST_CASE("VGG is drawn in its five stages") {
  const NetworkLayout whole = layout_of(summarize(zoo("vgg16")), 0);
  int stages = 0;
  for (const LayoutGroup& group : whole.groups) {
    stages += group.name.starts_with("features.stage") ? 1 : 0;
  }
  CHECK(stages == 5);
  const NetworkLayout folded = layout_of(summarize(zoo("vgg16")), 2);
  CHECK(box_of(folded, "features.stage3").is_block);
  CHECK(box_of(folded, "features.stage3").output == Shape{256, 28, 28});
}

TEST_CASE("names are shortened by the frames around them") {
  const NetworkLayout layout = layout_of(summarize(zoo("resnet18")), 0);
  CHECK(box_of(layout, "layer1.0.conv1").label == "conv1");
  CHECK(box_of(layout, "layer2.0.downsample.0").label == "downsample");
  CHECK(box_of(layout, "layer1.0.4").label == "");
  CHECK(box_of(layout_of(summarize(zoo("googlenet")), 0), "conv1.conv").label == "conv1");
}

TEST_CASE("deep networks are drawn in blocks, and --depth chooses how deep") {
  CHECK(layout_of(summarize(zoo("resnet50")), 0).rows <= 48);
  const NetworkLayout shallow = layout_of(summarize(zoo("resnet18")), 1);
  CHECK(box_of(shallow, "layer1").is_block);
  CHECK(box_of(shallow, "layer1").layers == 4);
  CHECK(box_of(shallow, "layer2").layers == 5);  // one makes the shortcut
  VizRequest request;
  request.subjects.push_back({"resnet18", "", zoo("resnet18"), ""});
  const VizResult result = run_kind("graph", request, {{"depth", {"1"}}});
  CHECK(result.numbers["params"] == 11689512);
  const std::string svg = svg_file(result.figures[0].drawing);
  CHECK(contains(svg, "21 layers"));
  CHECK(xml_fault(svg).value_or("") == "");
  CHECK(svg_file(run_kind("graph", request, {{"depth", {"1"}}}).figures[0].drawing) == svg);
}
