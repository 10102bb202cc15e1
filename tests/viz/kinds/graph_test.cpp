// The kind `graph`: layouts of networks.

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "base/text.h"
#include "model/vocabulary.h"
#include "support/catch.h"
#include "support/models.h"
#include "support/text.h"
#include "viz/drawing/raster.h"
#include "viz/drawing/svg.h"
#include "viz/network/layout.h"
#include "viz/network/routes.h"
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

VizRequest request_for(const std::string& name) {
  VizRequest request;
  request.subjects.push_back({name, "", zoo(name), ""});
  return request;
}

constexpr std::array kNetworks = {"lenet5",      "resnet18",     "googlenet", "unet-small",
                                  "unet",        "vae",          "vgg16-c",   "perceptron",
                                  "ae-conv",     "alexnet-2012", "vgg16",     "cifar-resnet20",
                                  "neocognitron"};

// From the nearest point of the box; 0 within it.
double distance(const LayoutBox& box, const Point& p) {
  const double x = std::max({box.x - p.x, p.x - box.x - box.width, 0.0});
  const double y = std::max({box.y - p.y, p.y - box.y - box.height, 0.0});
  return std::hypot(x, y);
}

// Of a way of Bezier curves.
std::vector<Point> points_on(const LayoutRoute& route) {
  std::vector<Point> points;
  for (size_t i = 0; i + 3 < route.points.size(); i += 3) {
    const Point* p = &route.points[i];
    for (double t = 0; t <= 1; t += 1.0 / 32) {
      const double a = (1 - t) * (1 - t) * (1 - t), b = 3 * t * (1 - t) * (1 - t),
                   c = 3 * t * t * (1 - t), d = t * t * t;
      points.push_back({a * p[0].x + b * p[1].x + c * p[2].x + d * p[3].x,
                        a * p[0].y + b * p[1].y + c * p[2].y + d * p[3].y});
    }
  }
  return points;
}

}  // namespace

TEST_CASE("boxes never overlap and stand within the drawing whichever way it runs") {
  for (const char* name : kNetworks) {
    for (const bool across : {false, true}) {
      const NetworkLayout layout = layout_of(summarize(zoo(name)), {0, across});
      INFO(name << (across ? " across" : ""));
      for (size_t i = 0; i < layout.boxes.size(); ++i) {
        const LayoutBox& a = layout.boxes[i];
        CHECK(a.x >= 0);
        CHECK(a.y >= 0);
        CHECK(a.x + a.width <= layout.width);
        CHECK(a.y + a.height <= layout.height);
        for (size_t j = 0; j < i; ++j) {
          const LayoutBox& b = layout.boxes[j];
          const bool apart = a.x + a.width <= b.x || b.x + b.width <= a.x ||
                             a.y + a.height <= b.y || b.y + b.height <= a.y;
          INFO(a.name << " and " << b.name);
          CHECK(apart);
        }
      }
    }
  }
}

TEST_CASE("what a box reads stands above it unless the network is a U") {
  for (const char* name : {"lenet5", "resnet18", "googlenet", "vae", "cifar-resnet20"}) {
    const NetworkLayout layout = layout_of(summarize(zoo(name)), {});
    for (const LayoutBox& box : layout.boxes) {
      for (const int input : box.inputs) {
        const LayoutBox& above = layout.boxes[static_cast<size_t>(input)];
        CHECK(above.y + above.height < box.y);
      }
    }
  }
}

TEST_CASE("every link has its arrow, from its box to the next and through no other") {
  for (const char* name : kNetworks) {
    for (const bool across : {false, true}) {
      const NetworkLayout layout = layout_of(summarize(zoo(name)), {0, across});
      INFO(name << (across ? " across" : ""));
      size_t links = 0;
      for (const LayoutBox& box : layout.boxes) links += box.inputs.size();
      CHECK(layout.routes.size() == links);
      std::set<std::pair<int, int>> drawn;
      for (const LayoutRoute& route : layout.routes) {
        drawn.emplace(route.from, route.to);
        const LayoutBox& to = layout.boxes[static_cast<size_t>(route.to)];
        CHECK(std::count(to.inputs.begin(), to.inputs.end(), route.from) == 1);
        CHECK(distance(to, route.points.back()) == Approx(4).margin(0.01));
        for (size_t i = 0; i < layout.boxes.size(); ++i) {
          if (static_cast<int>(i) == route.from || static_cast<int>(i) == route.to) continue;
          INFO(layout.boxes[static_cast<size_t>(route.from)].name << " to " << to.name << " and "
                                                                  << layout.boxes[i].name);
          for (const Point& p : points_on(route)) {
            if (distance(layout.boxes[i], p) > 0) continue;
            FAIL_CHECK("through a box");
            break;
          }
        }
      }
      CHECK(drawn.size() == links);
    }
  }
}

TEST_CASE("no text is cut and every line of it fits into its box") {
  for (const char* name : kNetworks) {
    for (const int depth : {0, 1, 2}) {
      for (const bool across : {false, true}) {
        const NetworkLayout layout = layout_of(summarize(zoo(name)), {depth, across});
        INFO(name << " depth " << depth << (across ? " across" : ""));
        for (const LayoutBox& box : layout.boxes) {
          const double room = box.width - (layout.is_tall ? 10 : 40);
          for (const std::string& line : box.title) CHECK(text_width(line, 10.5, true) <= room);
          for (const std::string& line : box.notes) CHECK(text_width(line, 9.5) <= room);
          CHECK(text_width(box.volume, 9.5) <= room);
          const double beside = box.has_volume_beside ? text_width(box.volume, 9.5) : 0;
          if (beside > 0) CHECK(text_width(box.notes.back(), 9.5) + beside < room);
          CHECK(box.height >= 13 * static_cast<double>(box.title.size() + box.notes.size()));
        }
        for (const LayoutGroup& group : layout.groups) {
          INFO(group.label);
          CHECK(text_width(group.label, 9.5) <= group.width - 8);
        }
      }
    }
  }
  // The whole of a note that its box was once too narrow for.
  const VizResult result = run_kind("graph", request_for("resnet50"), {{"depth", {"1"}}});
  const std::vector<std::string> texts = texts_of(result.figures[0].drawing);
  CHECK(std::count(texts.begin(), texts.end(), "conv1 + bn, relu") == 1);
  for (const std::string& text : texts) CHECK(!contains(text, "\xe2\x80\xa6"));
}

TEST_CASE("a long name makes boxes wide and a long list of words makes them high") {
  const std::string name(60, 'w');
  const VizRequest request = request_of(
      "name: " + name +
      "\ninput: {image: [1, 8, 8]}\nlayers:\n  - {conv: 4, kernel: 3, act: relu, name: " + name +
      "}\n  - {bn, name: n1}\n  - dropout\n  - {bn, name: n2}\n  - dropout\n  - {bn, name: n3}\n");
  const NetworkLayout layout = layout_of(summarize(request.subject().spec), {});
  const LayoutBox& box = box_of(layout, name);
  CHECK(box.width > text_width(name, 9.5));
  CHECK(box.notes.size() >= 1);
  CHECK(join(box.notes, " ") == name + " + relu, bn, dropout, bn, dropout, bn");
  // As the drawing's title, too.
  for (const char* across : {"true", "false"}) {
    const VizResult result = run_kind("graph", request, {{"across", {across}}});
    const std::vector<std::string> texts = texts_of(result.figures[0].drawing);
    CHECK(texts.front() == name);
    CHECK(text_width(name, 15, true) < result.figures[0].drawing.width());
  }
}

TEST_CASE("across a drawing is about as wide as a slide and its rows are led on") {
  struct Wanted {
    const char* name;
    int depth;
    double least, most;  // width by height
  };
  for (const Wanted& wanted : {Wanted{"lenet5", 0, 1.5, 2.3}, Wanted{"vgg16", 0, 1.5, 2.3},
                               Wanted{"resnet50", 1, 1.5, 2.4}, Wanted{"googlenet", 1, 1.5, 2.3}}) {
    INFO(wanted.name);
    VizRequest request = request_for(wanted.name);
    std::vector<VizFlag> flags = {{"across", {"true"}}};
    if (wanted.depth > 0) flags.push_back({"depth", {std::to_string(wanted.depth)}});
    const VizResult result = run_kind("graph", request, flags);
    const Drawing& drawing = result.figures[0].drawing;
    CHECK(drawing.width() / drawing.height() > wanted.least);
    CHECK(drawing.width() / drawing.height() < wanted.most);
    const NetworkLayout layout = layout_of(summarize(request.subject().spec), {wanted.depth, true});
    // To the right, or to the beginning of a row below.
    int rows = 1;
    for (size_t i = 1; i < layout.boxes.size(); ++i) {
      const LayoutBox &before = layout.boxes[i - 1], &box = layout.boxes[i];
      if (box.x > before.x + before.width) continue;
      ++rows;
      CHECK(box.y > before.y + before.height);
    }
    CHECK(rows >= 2);
  }
}

TEST_CASE("blocks say what lies in them") {
  const NetworkLayout resnet = layout_of(summarize(zoo("resnet50")), {1});
  CHECK(box_of(resnet, "layer1").operation ==
        "block \xc3\x97"
        "3, 64 \xe2\x86\x92 256");
  CHECK(box_of(resnet, "layer1").parameters == 215808);
  CHECK(join(box_of(resnet, "layer1").notes, " | ") ==
        "block \xc3\x97"
        "3, 64 \xe2\x86\x92 256 | 10 layers, 215,808 parameters");
  const NetworkLayout google = layout_of(summarize(zoo("googlenet")), {1});
  CHECK(box_of(google, "inception3a").operation ==
        "inception: cbr \xc3\x97"
        "6, maxpool, concat, 192 \xe2\x86\x92 256");
  const NetworkLayout unet = layout_of(summarize(zoo("unet")), {1});
  CHECK(box_of(unet, "up4").operation == "up: upconv, concat, double, 1024 \xe2\x86\x92 512");
  // Of a list without a type what is in it; a call's number has its block's name.
  const NetworkLayout vgg = layout_of(summarize(zoo("vgg16")), {1});
  CHECK(box_of(vgg, "features").operation ==
        "stage \xc3\x97"
        "5, 3 \xe2\x86\x92 512");
  CHECK(box_of(layout_of(summarize(zoo("resnet18")), {2}), "layer1.0").label == "block 0");
  // All parameters stand somewhere.
  int64_t all = 0;
  for (const LayoutBox& box : resnet.boxes) all += box.parameters;
  CHECK(all == 25557032);
}

TEST_CASE("boxes of lists say how many items there are") {
  const NetworkLayout layout = layout_of(summarize(zoo("text-classifier")), {0});
  CHECK(box_of(layout, "text").items == Items::up_to(19));
  CHECK(box_of(layout, "units").items == Items::up_to(19));
  CHECK(!box_of(layout, "largest").items.is_list);
}

TEST_CASE("LeNet-5 is one lane, activations and flatten are folded") {
  const NetworkLayout layout = layout_of(summarize(zoo("lenet5")), {0});
  CHECK(layout.boxes.size() == 8);
  CHECK(box_of(layout, "c1").folded == std::vector<std::string>{"relu"});
  CHECK(box_of(layout, "s4").folded == std::vector<std::string>{"flatten"});
  CHECK(box_of(layout, "s4").output == Shape{16, 5, 5});
  for (const LayoutBox& box : layout.boxes) CHECK(box.lane == 0);
  CHECK(layout.groups.empty());
}

TEST_CASE("an encoder and a decoder with links are a U: down at the left and up at the right") {
  for (const char* name : {"unet", "unet-small", "unet-isbi"}) {
    for (const bool across : {false, true}) {
      INFO(name << (across ? " across" : ""));
      const NetworkLayout layout = layout_of(summarize(zoo(name)), {0, across});
      REQUIRE(layout.form == NetworkLayout::Form::kU);
      int links = 0;
      for (const LayoutRoute& route : layout.routes) {
        const LayoutBox& from = layout.boxes[static_cast<size_t>(route.from)];
        const LayoutBox& to = layout.boxes[static_cast<size_t>(route.to)];
        if (to.row == from.row + 1) continue;
        ++links;  // a horizontal arrow to the right
        CHECK(from.y + from.height / 2 == Approx(to.y + to.height / 2));
        CHECK(from.x + from.width < to.x);
        for (const Point& p : route.points) CHECK(p.y == Approx(to.y + to.height / 2));
      }
      CHECK(links == (std::string(name) == "unet-small" ? 2 : 4));
      const LayoutBox& bottom = box_of(layout, links == 2 ? "down3.0" : "down5.conv1");
      for (const LayoutBox& box : layout.boxes) CHECK(box.y <= bottom.y + 2 * bottom.height);
      CHECK(layout.boxes.front().x + layout.boxes.front().width < bottom.x + bottom.width);
      CHECK(layout.boxes.back().x > bottom.x);
    }
  }
}

TEST_CASE("what a link cuts off stands between both sides") {
  const ModelSpec spec = load_model(std::string(CNN_SOURCE_DIR) + "/models/unet.yaml",
                                    {"vars.pad=0", "vars.image=572"}, vocabulary());
  for (const bool across : {false, true}) {
    const NetworkLayout layout = layout_of(summarize(spec), {0, across});
    REQUIRE(layout.form == NetworkLayout::Form::kU);
    for (const char* level : {"1", "2", "3", "4"}) {
      const LayoutBox& down = box_of(layout, fmt::format("down{}.conv2", level));
      const LayoutBox& part = box_of(layout, fmt::format("up{}.part", level));
      const LayoutBox& up = box_of(layout, fmt::format("up{}.double.conv1", level));
      CHECK(part.y + part.height / 2 == Approx(down.y + down.height / 2));
      CHECK(down.x + down.width < part.x);
      CHECK(part.x + part.width < up.x);
    }
  }
}

TEST_CASE("a U may have branches beside its sides and no arrow passes their boxes") {
  const ModelSpec spec = spec_of(R"(name: residual
input: {image: [3, 64, 64]}
defaults: {conv: {kernel: 3, pad: 1}}
blocks:
  res:
    args: {out: ~}
    layers:
      - {conv: $out, act: relu, name: a}
      - {conv: $out, name: b}
      - {conv: $out, kernel: 1, pad: 0, from: in, name: s}
      - {add: [b, s], act: relu}
  up:
    args: {out: ~, skip: ~}
    layers: [{upconv: $out, kernel: 2, stride: 2}, {concat: [$skip, prev]}, {res: $out}]
layers:
  - {res: 16, name: d1}
  - {maxpool: 2}
  - {res: 32, name: d2}
  - {maxpool: 2}
  - {res: 64, name: d3}
  - {up: 32, skip: d2, name: u2}
  - {up: 16, skip: d1, name: u1}
  - {conv: 2, kernel: 1, pad: 0, name: out}
)");
  for (const bool across : {false, true}) {
    const NetworkLayout layout = layout_of(summarize(spec), {0, across});
    CHECK(layout.form == NetworkLayout::Form::kU);
    CHECK_FALSE(passes_boxes(layout));
    CHECK(layout.routes.size() == 34);
    // A box in the way of any of them is found.
    for (const LayoutRoute& route : layout.routes) {
      NetworkLayout blocked = layout;
      const Point p = points_on(route)[points_on(route).size() / 2];
      LayoutBox box;
      box.x = p.x - 2, box.y = p.y - 2, box.width = box.height = 4;
      blocked.boxes.push_back(box);
      CHECK(passes_boxes(blocked));
    }
  }
}

TEST_CASE("sizes and links make a U and names do not") {
  const std::string head = "name: any\ninput: {image: [3, 32, 32]}\nlayers:\n";
  const auto form_of = [&](const std::string& layers) {
    return layout_of(summarize(spec_of(head + layers)), {}).form;
  };
  // Encoder and decoder without links, and with a link that adds.
  CHECK(form_of("  - {conv: 4, kernel: 3, pad: 1, name: a}\n  - {maxpool: 2}\n"
                "  - {conv: 8, kernel: 3, pad: 1}\n  - {upconv: 4, kernel: 2, stride: 2, name: b}\n"
                "  - {conv: 4, kernel: 3, pad: 1}\n") == NetworkLayout::Form::kDown);
  CHECK(form_of("  - {conv: 4, kernel: 3, pad: 1, name: a}\n  - {maxpool: 2}\n"
                "  - {conv: 8, kernel: 3, pad: 1}\n  - {upconv: 4, kernel: 2, stride: 2, name: b}\n"
                "  - {add: [a, b]}\n") == NetworkLayout::Form::kU);
  // A long link over pictures that stay as they are.
  CHECK(form_of("  - {conv: 4, kernel: 3, pad: 1, name: a}\n  - {conv: 4, kernel: 3, pad: 1}\n"
                "  - {conv: 4, kernel: 3, pad: 1, name: b}\n  - {add: [a, b]}\n") ==
        NetworkLayout::Form::kDown);
  for (const char* name : {"resnet18", "ae-conv", "vae-conv", "googlenet"}) {
    CHECK(layout_of(summarize(zoo(name)), {}).form == NetworkLayout::Form::kDown);
  }
}

TEST_CASE("branches stand side by side and blocks have their frames") {
  const NetworkLayout layout = layout_of(summarize(zoo("googlenet")), {0});
  int lanes = 0;
  for (const LayoutBox& box : layout.boxes) lanes = std::max(lanes, box.lane + 1);
  CHECK(lanes == 4);
  CHECK(std::count_if(layout.groups.begin(), layout.groups.end(), [](const LayoutGroup& group) {
          return group.name.starts_with("inception") && group.name.find('.') == std::string::npos;
        }) == 9);
}

TEST_CASE("VGG is drawn in its five stages") {
  const NetworkLayout whole = layout_of(summarize(zoo("vgg16")), {0});
  int stages = 0;
  for (const LayoutGroup& group : whole.groups) {
    stages += group.name.starts_with("features.stage") ? 1 : 0;
  }
  CHECK(stages == 5);
  const NetworkLayout folded = layout_of(summarize(zoo("vgg16")), {2});
  CHECK(box_of(folded, "features.stage3").is_block);
  CHECK(box_of(folded, "features.stage3").output == Shape{256, 28, 28});
}

TEST_CASE("names are shortened by the frames around them") {
  const NetworkLayout layout = layout_of(summarize(zoo("resnet18")), {0});
  CHECK(box_of(layout, "layer1.0.conv1").label == "conv1");
  CHECK(box_of(layout, "layer2.0.downsample.0").label == "downsample");
  CHECK(box_of(layout, "layer1.0.4").label == "");
  CHECK(box_of(layout_of(summarize(zoo("googlenet")), {0}), "conv1.conv").label == "conv1");
}

TEST_CASE("deep networks are drawn in blocks, and --depth chooses how deep") {
  CHECK(layout_of(summarize(zoo("resnet50")), {0}).rows <= 48);
  const NetworkLayout shallow = layout_of(summarize(zoo("resnet18")), {1});
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
