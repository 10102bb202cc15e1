#include "layers/image/resample_layer.h"

namespace cnn {

void ResampleLayer::set_up(Setup& setup, AxisMap rows, AxisMap columns) {
  rows_ = std::move(rows);
  columns_ = std::move(columns);
  rows_back_ = rows_.transposed();
  columns_back_ = columns_.transposed();
  setup.output({setup.input().channels(), rows_.out(), columns_.out()});
  setup.plan().backward_reads_input = false;
  setup.plan().backward_reads_output = false;
}

void ResampleLayer::forward(const ForwardCall& call) const {
  resample(rows_, columns_, call.out.channels(), call.batch, call.input().data, false,
           call.out.data);
}

void ResampleLayer::backward(const BackwardCall& call) const {
  const View& to = call.grad_input();
  if (!to) return;
  resample(rows_back_, columns_back_, to.channels(), call.batch, call.grad_out.data, call.adds(),
           to.data);
}

Extents ImageSize::resolve(const Setup& setup) const {
  if (size) return size->resolve(setup, "size");
  const Shape& shape = setup.named()->output;
  setup.require(shape.is_picture(), "'{}' is no image [C,H,W]: {}", layer, shape.str());
  return shape.extents();
}

std::string OptionType<ImageSize>::name() { return "integer or [h, w] or name of a layer"; }
OptionSchema OptionType<ImageSize>::schema() {
  return OptionSchema::one_of({OptionType<PictureNumbers>::schema(), OptionSchema::text()});
}

bool OptionType<ImageSize>::read(const Node& node, ImageSize& out, Diagnostics& d) {
  out = {};
  if (node.is_list() || node.as_double()) {
    PictureNumbers size;
    if (!OptionType<PictureNumbers>::read(node, size, d)) return false;
    out.size = size;
    return true;
  }
  const std::optional<std::string> text = node.read_string(d);
  if (text) out.layer = *text;
  return text.has_value();
}

Node OptionType<ImageSize>::write(const ImageSize& value) {
  if (value.size) return OptionType<PictureNumbers>::write(*value.size);
  return value.layer.empty() ? Node() : Node::scalar(value.layer);
}

}  // namespace cnn
