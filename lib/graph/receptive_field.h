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
  bool is_whole = false;  // all of the input: behind a linear layer or global pooling

  bool operator==(const ReceptiveField&) const = default;
};

// By value of the graph. Sizes count padding: a field may be larger than the image.
std::vector<ReceptiveField> receptive_fields(const Graph& graph);

// Rows (h) and columns (w) at the lower and right edge that no window of the layer covers.
struct Leftover {
  Pair image{0, 0};    // of the layer's input
  Pair padding{0, 0};  // of its padding

  bool any() const { return image.h > 0 || image.w > 0 || padding.h > 0 || padding.w > 0; }
};
Leftover leftover(const Graph& graph, const GraphNode& node);

}  // namespace cnn
