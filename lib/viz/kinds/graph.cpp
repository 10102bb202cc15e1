// graph: the network as a drawing: a box a layer with the volume that it gives, frames around
// blocks, lines for what flows.

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "report/summary.h"
#include "viz/drawing/sheet.h"
#include "viz/kind.h"
#include "viz/network/boxes.h"
#include "viz/network/layout.h"
#include "viz/network/routes.h"

namespace cnn {
namespace {

constexpr double kMargin = 14;

// What kinds of layers are told apart by.
int colour_of(const LayoutBox& box) {
  using Family = LayerType::Family;
  switch (box.family) {
    case Family::kConvolution:
      return 0;
    case Family::kDense:
      return 1;
    case Family::kPooling:
      return 2;
    case Family::kUpsampling:
      return 3;
    case Family::kJoin:
      return 4;
    default:
      return 7;
  }
}

// A small solid: as high and wide as the picture (in steps of halving), as deep as its channels.
void draw_volume(Drawing& drawing, Point centre, const Shape& shape, const Paint& paint,
                 double scale) {
  const bool is_picture = shape.rank() >= 3;
  const auto steps = [](int64_t n) {
    return std::log2(static_cast<double>(std::max<int64_t>(n, 1)));
  };
  const double channels = is_picture ? static_cast<double>(shape.channels()) : 1;
  double height = is_picture ? 3 + 2.1 * steps(shape.height()) : 4 + 2 * steps(shape.count());
  double width = is_picture ? 3 + 2.1 * steps(shape.width()) : 4;
  const double depth = scale * (is_picture ? 1 + 0.75 * std::log2(std::max(channels, 1.0)) : 2);
  height = scale * std::min(height, 24.0);
  width = scale * std::min(width, 22.0);
  const double x = centre.x - (width + depth) / 2, y = centre.y - (height - depth) / 2;
  const Stroke edge{paint, 0.8};
  const Paint faint = paint.with_opacity(0.25), faded = paint.with_opacity(0.5);
  drawing.add(Drawing::Path{
      {{x, y}, {x + depth, y - depth}, {x + width + depth, y - depth}, {x + width, y}},
      true,
      faint,
      edge});
  drawing.add(Drawing::Path{{{x + width, y},
                             {x + width + depth, y - depth},
                             {x + width + depth, y + height - depth},
                             {x + width, y + height}},
                            true,
                            faded,
                            edge});
  drawing.add(Drawing::Rectangle{x, y, width, height, faint, edge});
}

void draw_route(Drawing& drawing, const LayoutRoute& route) {
  drawing.add(Drawing::Path{route.points, false, Paint::none(), {Paint::muted(), 1.1}, true});
  // The head points where the line goes.
  const Point end = route.points.back();
  Point before = end;
  for (size_t i = route.points.size() - 1; i-- > 0;) {
    before = route.points[i];
    if (std::hypot(end.x - before.x, end.y - before.y) > 0.1) break;
  }
  const double length = std::max(std::hypot(end.x - before.x, end.y - before.y), 1e-9);
  const double x = (end.x - before.x) / length, y = (end.y - before.y) / length;
  const Point base{end.x - 1.5 * x, end.y - 1.5 * y};
  drawing.add(Drawing::Path{{{end.x + kHead * x, end.y + kHead * y},
                             {base.x - 3 * y, base.y + 3 * x},
                             {base.x + 3 * y, base.y - 3 * x}},
                            true,
                            Paint::muted(),
                            {}});
}

// Beside the volume.
void draw_wide_texts(Drawing& drawing, const LayoutBox& box) {
  const double left = box.x + kGlyphWidth, right = box.x + box.width - 6;
  double y = box.y + 16;
  for (const std::string& line : box.title) {
    drawing.text({left, y}, line, {kTitleSize, Anchor::kStart, Paint::ink(), true});
    y += kLinePitch;
  }
  for (const std::string& line : box.notes) {
    drawing.text({left, y}, line, {kNoteSize, Anchor::kStart, Paint::muted()});
    y += kLinePitch;
  }
  if (box.has_volume_beside) y -= kLinePitch;
  drawing.text({right, y}, box.volume, {kNoteSize, Anchor::kEnd, Paint::ink()});
}

// Below the volume.
void draw_tall_texts(Drawing& drawing, const LayoutBox& box) {
  const double middle = box.x + box.width / 2;
  double y = box.y + kGlyphHeight + 9;
  for (const std::string& line : box.title) {
    drawing.text({middle, y}, line, {kTitleSize, Anchor::kMiddle, Paint::ink(), true});
    y += kTallPitch;
  }
  for (const std::string& line : box.notes) {
    drawing.text({middle, y}, line, {kNoteSize, Anchor::kMiddle, Paint::muted()});
    y += kTallPitch;
  }
  drawing.text({middle, y}, box.volume, {kNoteSize, Anchor::kMiddle, Paint::ink()});
}

void draw_box(Drawing& drawing, const LayoutBox& box, bool is_tall) {
  const Paint paint = box.type == "input" ? Paint::muted() : Paint::series(colour_of(box));
  drawing.add(Drawing::Rectangle{box.x, box.y, box.width, box.height, Paint::paper(), {}, 5});
  drawing.add(Drawing::Rectangle{box.x,
                                 box.y,
                                 box.width,
                                 box.height,
                                 paint.with_opacity(0.13),
                                 {paint, box.is_block ? 2.0 : 1.0},
                                 5});
  if (is_tall) {
    draw_volume(drawing, {box.x + box.width / 2, box.y + kGlyphHeight / 2 + 1}, box.output, paint,
                1.35);
    draw_tall_texts(drawing, box);
  } else {
    draw_volume(drawing, {box.x + kGlyphWidth / 2, box.y + box.height / 2}, box.output, paint, 1);
    draw_wide_texts(drawing, box);
  }
}

Drawing drawing_of(const ModelSummary& summary, const NetworkLayout& layout) {
  Drawing inner(layout.width, layout.height);
  for (const LayoutGroup& group : layout.groups) {
    inner.add(Drawing::Rectangle{group.x,
                                 group.y,
                                 group.width,
                                 group.height,
                                 Paint::muted().with_opacity(0.06),
                                 {Paint::grid(), 1},
                                 7});
  }
  for (const LayoutRoute& route : layout.routes) draw_route(inner, route);
  for (const LayoutGroup& group : layout.groups) {
    // Lines pass below the names of blocks.
    inner.add(Drawing::Rectangle{group.x + 4,
                                 group.y + 1.5,
                                 text_width(escaped(group.label), kNoteSize) + 4,
                                 11.5,
                                 Paint::paper().with_opacity(0.8),
                                 {},
                                 3});
    inner.text({group.x + 6, group.y + 10.5}, group.label,
               {kNoteSize, Anchor::kStart, Paint::muted()});
  }
  for (const LayoutBox& box : layout.boxes) draw_box(inner, box, layout.is_tall);
  double longest = 340;
  for (const std::string& word : split(escaped(summary.name), ' ')) {
    longest = std::max(longest, text_width(word, 15, true) + 2);
  }
  const double width = std::max(layout.width, longest) + 2 * kMargin;
  Drawing drawing(width, 0);
  drawing.set_label(fmt::format("the network {}", summary.name));
  const double top = draw_titles(
      drawing, summary.name,
      fmt::format("{}, {} parameters, {} multiply-adds", counted(summary.layer_count(), "layer"),
                  with_commas(summary.parameters), human_count(static_cast<double>(summary.macs))),
      kMargin, width - 2 * kMargin);
  drawing.add(inner, kMargin, top);
  drawing.resize(width, top + layout.height + kMargin);
  return drawing;
}

class GraphKind final : public VizKind {
 public:
  void options(Options& o) override {
    o("depth", depth_, "blocks below this level are one box each (default: as deep as fits)")
        .between(1, 100);
    o("across", across_, "data flow from left to right, in rows that fit a slide");
  }

  VizResult run(const VizRequest& request) override {
    const ModelSummary summary = summarize(request.subject().spec);
    const NetworkLayout layout =
        layout_of(summary, {static_cast<int>(depth_.value_or(0)), across_});
    VizResult result;
    result.figures.push_back({"graph", drawing_of(summary, layout)});
    Json boxes = Json::array();
    for (const LayoutBox& box : layout.boxes) {
      Json shape = Json::array(), inputs = Json::array();
      for (int axis = 0; axis < box.output.rank(); ++axis) shape.push_back(box.output[axis]);
      for (const int input : box.inputs) {
        inputs.push_back(layout.boxes[static_cast<size_t>(input)].name);
      }
      boxes.push_back({{"name", box.name},
                       {"type", box.type},
                       {"output", shape},
                       {"inputs", inputs},
                       {"layers", box.layers},
                       {"params", box.parameters}});
    }
    result.numbers = {{"params", summary.parameters}, {"macs", summary.macs}, {"boxes", boxes}};
    return result;
  }

 private:
  std::optional<int64_t> depth_;
  bool across_ = false;
};

}  // namespace

extern const VizKindType graph_kind = {
    .name = "graph",
    .summary = "the network as a drawing: layers, volumes, blocks",
    .example =
        "  cnn viz graph models/lenet5.yaml\n"
        "  cnn viz graph models/lenet5.yaml --across          from left to right, for a slide\n"
        "  cnn viz graph models/resnet50.yaml --depth 1       a box a block\n"
        "  cnn viz graph models/unet.yaml --format png        a U",
    .details =
        "From the top down; to the right as pictures get smaller. With --across from left to "
        "right, in as many rows as make it about 16:9; a line leads from the end of a row to the "
        "next. A network whose pictures get smaller and larger again, with links between equal "
        "sizes, is a U in both. The small solids are as high and wide as a layer's output and as "
        "deep as its channels, all in steps of halving. 'layers' counts those with multiply-adds, "
        "as papers do. Activations, norms and dropout stand in the box of the layer before them. "
        "A block that is one box says what it is made of and which channels it reads and gives: "
        "'block \xc3\x97"
        "3, 64 \xe2\x86\x92 256'.",
    .needs = VizKindType::Needs::kModel,
    .prefers_svg = true,
    .make = make_kind<GraphKind>};

}  // namespace cnn
