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

const Shape& shape_of(const Graph& graph, int value) { return graph.value(value).shape; }

// Every output depends on every position: dense products, global pooling.
bool mixes_all(const Shape& in, const LayerPlan& plan) {
  if (plan.output().rank() >= 3) return false;
  return in.rank() >= 3 ? plan.output().count() != in.count() : plan.macs > 0;
}

// A stretch of rows or columns, `last` included.
struct Stretch {
  int64_t first = 0, last = -1;

  bool is_empty() const { return last < first; }
  void cover(const Stretch& other) {
    if (other.is_empty()) return;
    if (is_empty()) {
      *this = other;
      return;
    }
    first = std::min(first, other.first);
    last = std::max(last, other.last);
  }
};

int64_t floor_div(int64_t a, int64_t b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }

// What a stretch of a layer's output reads of its input, along one axis.
Stretch read_by(const Stretch& out, int64_t in_size, int64_t out_size, int64_t kernel,
                int64_t stride, int64_t pad, int64_t dilation) {
  const int64_t reach = (kernel - 1) * dilation;
  if (out_size > in_size && (kernel > 1 || stride > 1)) {  // transposed
    return {-floor_div(-(out.first + pad - reach), stride), floor_div(out.last + pad, stride)};
  }
  if (kernel == 1 && stride == 1 && in_size != out_size) {
    const int64_t cut = floor_div(in_size - out_size, 2);
    return {out.first + cut, out.last + cut};
  }
  return {out.first * stride - pad, out.last * stride - pad + reach};
}

}  // namespace

InputBox input_box(const Graph& graph, int value, int64_t row, int64_t column, int input) {
  const Shape& image = shape_of(graph, input);
  std::vector<Stretch> rows(graph.values.size()), columns(graph.values.size());
  rows[static_cast<size_t>(value)] = {row, row};
  columns[static_cast<size_t>(value)] = {column, column};
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const GraphNode& node = graph.nodes[i];
    const auto out = static_cast<size_t>(node.output());
    if (node.is_loss() || rows[out].is_empty()) continue;
    const Window& w = node.plan.window;
    for (const int v : node.inputs) {
      const Shape &in = shape_of(graph, v), &made = node.plan.output();
      if (!in.is_picture() || !made.is_picture()) return {0, 0, image.height(), image.width()};
      rows[static_cast<size_t>(v)].cover(read_by(rows[out], in.height(), made.height(), w.kernel.h,
                                                 w.stride.h, w.pad.h, w.dilation.h));
      columns[static_cast<size_t>(v)].cover(read_by(columns[out], in.width(), made.width(),
                                                    w.kernel.w, w.stride.w, w.pad.w, w.dilation.w));
    }
  }
  const Stretch &y = rows[static_cast<size_t>(input)], &x = columns[static_cast<size_t>(input)];
  return {y.first, x.first, y.last + 1, x.last + 1};
}

std::vector<ReceptiveField> receptive_fields(const Graph& graph) {
  std::vector<ReceptiveField> fields(graph.values.size());
  for (const GraphNode& node : graph.nodes) {
    if (node.is_loss() || node.inputs.empty()) continue;
    ReceptiveField field = fields[static_cast<size_t>(node.inputs[0])];
    for (const int input : node.inputs) {
      const ReceptiveField& other = fields[static_cast<size_t>(input)];
      field.slices = join(field.slices, other.slices);
      field.rows = join(field.rows, other.rows);
      field.columns = join(field.columns, other.columns);
      field.is_whole = field.is_whole || other.is_whole;
    }
    const Shape& in = shape_of(graph, node.inputs[0]);
    const Shape& out = node.plan.output();
    const Window& w = node.plan.window;
    if (in.rank() >= 3 && out.rank() >= 3) {
      field.slices =
          step(field.slices, w.kernel.d, w.stride.d, w.dilation.d, out.depth() > in.depth());
      field.rows =
          step(field.rows, w.kernel.h, w.stride.h, w.dilation.h, out.height() > in.height());
      field.columns =
          step(field.columns, w.kernel.w, w.stride.w, w.dilation.w, out.width() > in.width());
    }
    field.is_whole = field.is_whole || node.type->mixes_items || mixes_all(in, node.plan);
    for (const int v : node.outputs) fields[static_cast<size_t>(v)] = field;
  }
  return fields;
}

Leftover leftover(const Graph& graph, const GraphNode& node) {
  Leftover rest;
  if (node.inputs.empty()) return rest;
  const Shape& in = shape_of(graph, node.inputs[0]);
  const Shape& out = node.plan.output();
  if (in.rank() < 3 || out.rank() != in.rank()) return rest;
  const Window& w = node.plan.window;
  const Extents sizes = in.extents(), windows = out.extents();
  for (const auto axis : {&Extents::d, &Extents::h, &Extents::w}) {
    const int64_t stride = w.stride.*axis, behind = w.pad_end.*axis;
    const int64_t covered =
        (windows.*axis - 1) * stride + (w.kernel.*axis - 1) * w.dilation.*axis + 1;
    const int64_t left = sizes.*axis + w.pad.*axis + behind - covered;
    // A layer without a window, or one that enlarges the image, leaves nothing in this sense.
    if (left <= 0 || left >= stride) continue;
    rest.image.*axis = std::max<int64_t>(left - behind, 0);
    rest.padding.*axis = left - rest.image.*axis;
  }
  return rest;
}

}  // namespace cnn
