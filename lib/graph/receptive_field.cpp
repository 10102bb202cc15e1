#include "graph/receptive_field.h"

#include <algorithm>

namespace cnn {
namespace {

using Axis = ReceptiveField::Axis;

Axis join(const Axis& a, const Axis& b) {
  return {std::max(a.size, b.size), std::max(a.jump, b.jump)};
}

Axis step(Axis in, int64_t kernel, int64_t stride, int64_t dilation, bool enlarges) {
  if (enlarges) {
    const int64_t seen = (kernel + stride - 1) / stride;
    return {in.size + static_cast<double>(seen - 1) * in.jump,
            in.jump / static_cast<double>(stride)};
  }
  return {in.size + static_cast<double>((kernel - 1) * dilation) * in.jump,
          in.jump * static_cast<double>(stride)};
}

const Shape& shape_of(const Graph& graph, int value) {
  return graph.values[static_cast<size_t>(value)].shape;
}

// Every output depends on every position: dense products, global pooling.
bool mixes_all(const Shape& in, const LayerPlan& plan) {
  if (plan.output.rank() >= 3) return false;
  return in.rank() >= 3 ? plan.output.count() != in.count() : plan.macs > 0;
}

}  // namespace

std::vector<ReceptiveField> receptive_fields(const Graph& graph) {
  std::vector<ReceptiveField> fields(graph.values.size());
  for (const GraphNode& node : graph.nodes) {
    if (node.is_loss() || node.inputs.empty()) continue;
    ReceptiveField field = fields[static_cast<size_t>(node.inputs[0])];
    for (const int input : node.inputs) {
      const ReceptiveField& other = fields[static_cast<size_t>(input)];
      field.rows = join(field.rows, other.rows);
      field.columns = join(field.columns, other.columns);
      field.is_whole = field.is_whole || other.is_whole;
    }
    const Shape& in = shape_of(graph, node.inputs[0]);
    const Shape& out = node.plan.output;
    const Window& w = node.plan.window;
    if (in.rank() >= 3 && out.rank() >= 3) {
      field.rows =
          step(field.rows, w.kernel.h, w.stride.h, w.dilation.h, out.height() > in.height());
      field.columns =
          step(field.columns, w.kernel.w, w.stride.w, w.dilation.w, out.width() > in.width());
    }
    field.is_whole = field.is_whole || mixes_all(in, node.plan);
    fields[static_cast<size_t>(node.output)] = field;
  }
  return fields;
}

Leftover leftover(const Graph& graph, const GraphNode& node) {
  Leftover rest;
  if (node.inputs.empty()) return rest;
  const Shape& in = shape_of(graph, node.inputs[0]);
  const Shape& out = node.plan.output;
  if (in.rank() < 3 || out.rank() != in.rank()) return rest;
  const Window& w = node.plan.window;
  const auto along = [](int64_t size, int64_t windows, int64_t kernel, int64_t stride, int64_t pad,
                        int64_t dilation, int64_t& image, int64_t& padding) {
    const int64_t covered = (windows - 1) * stride + (kernel - 1) * dilation + 1;
    const int64_t left = size + 2 * pad - covered;
    // A layer without a window, or one that enlarges the image, leaves nothing in this sense.
    if (left <= 0 || left >= stride) return;
    image = std::max<int64_t>(left - pad, 0);
    padding = left - image;
  };
  along(in.height(), out.height(), w.kernel.h, w.stride.h, w.pad.h, w.dilation.h, rest.image.h,
        rest.padding.h);
  along(in.width(), out.width(), w.kernel.w, w.stride.w, w.pad.w, w.dilation.w, rest.image.w,
        rest.padding.w);
  return rest;
}

}  // namespace cnn
