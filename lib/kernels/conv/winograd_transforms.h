// Winograd's minimal filtering: a tile of kTile x kTile outputs of a kTaps x kTaps convolution from
// side x side products, side = tile + taps - 1, instead of tile^2 * taps^2:
//
//   y = A^T [ (G w G^T) . (B^T x B) ] A          x side^2, w taps^2, y tile^2; . elementwise
//
// Summed over channels, the products are one matrix product for each of the side^2 positions.
// Gradients are the adjoints: dw = G^T [ (B^T x B) . (A dy A^T) ] G.
//
// The matrices interpolate at the points 0, +-sqrt(1/2), +-sqrt(2) and infinity for side 6, whose
// rounding is a third of that of 0, +-1, +-2; at 0, +-1 and infinity for side 4, with +-1/2 and +-2
// for side 8, whose rounding is three times that of side 6.
// Winograd 1980, "Arithmetic complexity of computations"; Lavin and Gray 2016, "Fast algorithms for
// convolutional neural networks"; Barabasz et al. 2020, "Error analysis and improving the accuracy
// of Winograd convolution for deep neural networks" (points).
#pragma once

#include <cstdint>

#include "kernels/epilogue.h"

namespace cnn {

// A square of pixels, or of a filter's taps: number (i, j, channel) is at
// base[first + i * row + j * column + channel] if i and j are in the ranges, else it is zero, and
// `first` may point outside the memory.
template <class Float>
struct Square {
  Float* base;
  int64_t first;
  int64_t row, column;
  int64_t row_begin, row_end;
  int64_t column_begin, column_end;

  // All of its side x side pixels are there.
  bool covers(int64_t side) const {
    return row_begin == 0 && row_end == side && column_begin == 0 && column_end == side;
  }
};

// The transformed square: a vector for each position and panel of channels.
template <class Float>
struct TransformedSquare {
  Float* data;
  int64_t position;  // floats from one position to the next
  int64_t panel;     // and from one panel of channels to the next
};

// Square to positions: L x L^T.
using GatherTransform = void (*)(const Square<const float>& from, int64_t channels,
                                 TransformedSquare<float> to);
// Positions to square: L m L^T, then the epilogue, whose residual is laid out as `to.base`. The
// channels of base[first] are those of the biases.
using ScatterTransform = void (*)(TransformedSquare<const float> from, int64_t channels,
                                  const Square<float>& to, const Epilogue& epilogue);

struct WinogradTransform {
  const char* name;
  int tile, taps;
  GatherTransform input;             // B^T x B
  GatherTransform weights;           // G w G^T
  GatherTransform output_adjoint;    // A dy A^T
  ScatterTransform output;           // A^T m A
  ScatterTransform weights_adjoint;  // G^T m G

  int side() const { return tile + taps - 1; }
  int64_t positions() const { return int64_t{1} * side() * side(); }
};

extern const WinogradTransform kWinograd2x2;     // of 3x3
extern const WinogradTransform kWinograd4x4;     // of 3x3
extern const WinogradTransform kWinograd3x3of4;  // of 4x4
extern const WinogradTransform kWinograd2x2of5;  // of 5x5
extern const WinogradTransform kWinograd4x4of5;  // of 5x5

}  // namespace cnn
