// Receptive fields: which part of the input image one element of a value depends on; and the rows
// and columns that windows leave unread. Both follow from LayerPlan::window.
//
// Along a chain, with j the jump (the distance, in input pixels, between the fields of neighbours)
// and r the field's size:  r += (kernel - 1) * dilation * j,  j *= stride.  A layer that enlarges
// the image (transposed convolution) sees ceil(kernel / stride) inputs and divides j. Where paths
// join, the largest counts.  Araujo, Norris & Sim 2019, "Computing receptive fields of
// convolutional neural networks".
#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph.h"

namespace cnn {

struct ReceptiveField {
  struct Axis {
    double size = 1;
    double jump = 1;
    bool operator==(const Axis&) const = default;
  };
  Axis rows, columns;
  Axis slices = {};       // of volumes
  bool is_whole = false;  // all of the input: behind a linear layer or global pooling

  bool operator==(const ReceptiveField&) const = default;
};

// By value of the graph. Sizes count padding: a field may be larger than the image.
std::vector<ReceptiveField> receptive_fields(const Graph& graph);

// The pixels of an input that one position of a value may depend on: first and behind the last. Not
// cut at the image's edges, so that all positions of a value have boxes of one size.
struct InputBox {
  int64_t top = 0, left = 0, bottom = 0, right = 0;

  int64_t height() const { return bottom - top; }
  int64_t width() const { return right - left; }
  bool operator==(const InputBox&) const = default;
};

// Traced window by window back to `input`, a picture; `value` is one too. Where something else lies
// between (vectors of linear layers and global pooling, volumes) the box is the image. Layers that
// cut or pad without saying where are taken to do so evenly.
InputBox input_box(const Graph& graph, int value, int64_t row, int64_t column, int input);

// Slices (d), rows (h) and columns (w) behind the last window of the layer, which none covers.
struct Leftover {
  Extents image = Extents::all(0);    // of the layer's input
  Extents padding = Extents::all(0);  // of its padding

  bool any() const { return image != Extents::all(0) || padding != Extents::all(0); }
};
Leftover leftover(const Graph& graph, const GraphNode& node);

}  // namespace cnn
