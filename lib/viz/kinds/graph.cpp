// graph: the network as a drawing: a box a layer with the volume that it gives, frames around
// blocks, lines for what flows.

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "report/summary.h"
#include "viz/drawing/sheet.h"
#include "viz/kind.h"
#include "viz/network_layout.h"

namespace cnn {
namespace {

constexpr double kMargin = 14, kPort = 10, kBend = 16, kTrack = 8;
constexpr double kOperationSize = 10.5, kNoteSize = 9.5, kGlyphRoom = 36;

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
void draw_volume(Drawing& drawing, Point centre, const Shape& shape, const Paint& paint) {
  const bool is_picture = shape.rank() >= 3;
  const auto steps = [](int64_t n) {
    return std::log2(static_cast<double>(std::max<int64_t>(n, 1)));
  };
  const double channels = is_picture ? static_cast<double>(shape.channels()) : 1;
  double height = is_picture ? 3 + 2.1 * steps(shape.height()) : 4 + 2 * steps(shape.count());
  double width = is_picture ? 3 + 2.1 * steps(shape.width()) : 4;
  const double depth = is_picture ? 1 + 0.75 * std::log2(std::max(channels, 1.0)) : 2;
  height = std::min(height, 24.0);
  width = std::min(width, 22.0);
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

// The lines between boxes, led around what stands in their way.
class Router {
 public:
  explicit Router(const NetworkLayout& layout) : layout_(layout) {}

  void draw(Drawing& drawing) {
    for (const LayoutBox& box : layout_.boxes) {
      for (const int input : box.inputs) {
        connect(drawing, layout_.boxes[static_cast<size_t>(input)], box);
      }
    }
  }

  // Of the rightmost line.
  double right() const { return right_; }

 private:
  struct Track {
    double x, from, to;
  };

  void connect(Drawing& drawing, const LayoutBox& from, const LayoutBox& to) {
    const double y1 = from.y + from.height, y2 = to.y;
    const bool is_near = to.row == from.row + 1;
    const double x = is_near ? from.x + from.width / 2 : free_track(from, to);
    const double px = is_near ? x : within(from, x),
                 qx = is_near ? to.x + to.width / 2 : within(to, x);
    Drawing::Path path;
    path.smooth = true;
    path.stroke = {Paint::muted(), 1.1};
    if (is_near) {
      const double middle = (y1 + y2) / 2;
      path.points = {{px, y1}, {px, middle}, {qx, middle}, {qx, y2 - 4}};
    } else {
      const double a = y1 + kBend, b = y2 - kBend;
      path.points = {
          {px, y1}, {px, y1 + kBend / 2}, {x, y1 + kBend / 2},  {x, a},      {x, a}, {x, b},
          {x, b},   {x, y2 - kBend / 2},  {qx, y2 - kBend / 2}, {qx, y2 - 4}};
      tracks_.push_back({x, y1, y2});
      right_ = std::max(right_, x);
    }
    drawing.add(std::move(path));
    drawing.add(Drawing::Path{
        {{qx, y2}, {qx - 3, y2 - 5.5}, {qx + 3, y2 - 5.5}}, true, Paint::muted(), {}});
  }

  static double within(const LayoutBox& box, double x) {
    return std::clamp(x, box.x + kPort, box.x + box.width - kPort);
  }

  // Where a long line can run down: below its source, else beside all boxes in between.
  double free_track(const LayoutBox& from, const LayoutBox& to) const {
    std::vector<double> wishes = {from.x + from.width / 2, to.x + to.width / 2, from.x + kPort,
                                  from.x + kPort + kTrack, from.x + from.width - kPort};
    double beside = std::max(from.x + from.width, to.x + to.width) - kPort;
    for (const LayoutBox& box : layout_.boxes) {
      const bool between = box.row > from.row && box.row < to.row;
      if (between && box.lane <= std::max(from.lane, to.lane)) {
        beside = std::max(beside, box.x + box.width + kPort);
      }
    }
    for (int i = 0; i < 200; ++i) wishes.push_back(beside + i * kTrack);
    for (const double x : wishes) {
      if (is_free(x, from, to)) return x;
    }
    return wishes.back();
  }

  bool is_free(double x, const LayoutBox& from, const LayoutBox& to) const {
    for (const LayoutBox& box : layout_.boxes) {
      const bool between = box.row > from.row && box.row < to.row;
      if (between && x > box.x - 5 && x < box.x + box.width + 5) return false;
    }
    for (const Track& track : tracks_) {
      const bool overlaps = track.from < to.y && from.y + from.height < track.to;
      if (overlaps && std::abs(track.x - x) < kTrack - 1) return false;
    }
    return true;
  }

  const NetworkLayout& layout_;
  std::vector<Track> tracks_;
  double right_ = 0;
};

void draw_box(Drawing& drawing, const LayoutBox& box) {
  const Paint paint = box.type == "input" ? Paint::muted() : Paint::series(colour_of(box));
  drawing.add(Drawing::Rectangle{box.x, box.y, box.width, box.height, Paint::paper(), {}, 5});
  drawing.add(Drawing::Rectangle{box.x,
                                 box.y,
                                 box.width,
                                 box.height,
                                 paint.with_opacity(0.13),
                                 {paint, box.is_block ? 2.0 : 1.0},
                                 5});
  draw_volume(drawing, {box.x + kGlyphRoom / 2, box.y + box.height / 2}, box.output, paint);
  const double left = box.x + kGlyphRoom, room = box.width - kGlyphRoom - 6;
  std::string first = box.operation, note = box.label;
  if (box.is_block) {
    first = box.label;
    note = counted(box.layers, "layer");
  }
  if (box.type == "input") {
    first = box.name;
    note = "input";
  }
  if (!box.folded.empty()) note += (note.empty() ? "+ " : " + ") + join(box.folded, ", ");
  drawing.text({left, box.y + 16}, fitted(first, kOperationSize, room, true),
               {kOperationSize, Anchor::kStart, Paint::ink(), true});
  const std::string volume = volume_text(box.output, box.items, "\xc3\x97");
  const double volume_width = text_width(volume, kNoteSize);
  drawing.text({box.x + box.width - 6, box.y + 31}, volume,
               {kNoteSize, Anchor::kEnd, Paint::ink()});
  drawing.text({left, box.y + 31}, fitted(note, kNoteSize, room - volume_width - 5),
               {kNoteSize, Anchor::kStart, Paint::muted()});
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
    inner.text({group.x + 6, group.y + 10.5}, fitted(group.label, kNoteSize, group.width - 12),
               {kNoteSize, Anchor::kStart, Paint::muted()});
  }
  Router router(layout);
  router.draw(inner);
  for (const LayoutBox& box : layout.boxes) draw_box(inner, box);
  const double width = std::max({layout.width, router.right() + kPort, 340.0}) + 2 * kMargin;
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
  }

  VizResult run(const VizRequest& request) override {
    const ModelSummary summary = summarize(request.subject().spec);
    const NetworkLayout layout = layout_of(summary, static_cast<int>(depth_.value_or(0)));
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
                       {"layers", box.layers}});
    }
    result.numbers = {{"params", summary.parameters}, {"macs", summary.macs}, {"boxes", boxes}};
    return result;
  }

 private:
  std::optional<int64_t> depth_;
};

}  // namespace

extern const VizKindType graph_kind = {
    .name = "graph",
    .summary = "the network as a drawing: layers, volumes, blocks",
    .example =
        "  cnn viz graph models/lenet5.yaml\n"
        "  cnn viz graph models/resnet50.yaml --depth 1\n"
        "  cnn viz graph models/googlenet.yaml --format png",
    .details =
        "From the top down; to the right as pictures get smaller. The small solids are as "
        "high and wide as a layer's output and as deep as its channels, all in steps of "
        "halving. 'layers' counts those with multiply-adds, as papers do. Activations, norms and "
        "dropout stand in the box of the layer before them.",
    .needs = VizKindType::Needs::kModel,
    .prefers_svg = true,
    .make = make_kind<GraphKind>};

}  // namespace cnn
