// Max pools that maxpool and unpool are both held to: odd sizes, steps, pads, windows that hang
// over.
#pragma once

#include <string>
#include <vector>

#include "kernels/pool.h"
#include "tensor/shape.h"

namespace cnn {

struct MaxPoolCase {
  std::string item;
  Shape input;
  Extents out, kernel, stride, pad = Extents::all(0);

  PoolShape shape() const { return {input.channels(), input.extents(), out, kernel, stride, pad}; }
};

inline std::vector<MaxPoolCase> picture_pools() {
  return {
      {"{maxpool: 1}", {3, 2, 3}, {1, 2, 3}, {1, 1, 1}, {1, 1, 1}},
      {"{maxpool: 2}", {6, 4, 6}, {1, 2, 3}, {1, 2, 2}, {1, 2, 2}},
      {"{maxpool: 2}", {1, 5, 7}, {1, 2, 3}, {1, 2, 2}, {1, 2, 2}},
      {"{maxpool: 2, ceil: true}", {17, 3, 5}, {1, 2, 3}, {1, 2, 2}, {1, 2, 2}},
      {"{maxpool: 3, stride: 2, pad: 1}", {9, 5, 6}, {1, 3, 3}, {1, 3, 3}, {1, 2, 2}, {0, 1, 1}},
      {"{maxpool: 3, stride: 2, pad: 1, ceil: true}",
       {2, 5, 6},
       {1, 3, 4},
       {1, 3, 3},
       {1, 2, 2},
       {0, 1, 1}},
      {"{maxpool: 3, stride: 1, pad: 1}", {33, 3, 2}, {1, 3, 2}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}},
      {"{maxpool: [1, 3], stride: [1, 2], pad: [0, 1]}",
       {2, 3, 6},
       {1, 3, 3},
       {1, 1, 3},
       {1, 1, 2},
       {0, 0, 1}},
      {"{maxpool: 2, stride: 3, ceil: true}", {3, 6, 7}, {1, 2, 3}, {1, 2, 2}, {1, 3, 3}},
      {"{maxpool: 17}", {2, 17, 18}, {1, 1, 1}, {1, 17, 17}, {1, 17, 17}},
  };
}

inline std::vector<MaxPoolCase> volume_pools() {
  const Extents one = Extents::all(1), two = Extents::all(2), three = Extents::all(3);
  return {
      {"{maxpool: 1}", {3, 2, 3, 1}, {2, 3, 1}, one, one},
      {"{maxpool: 2}", {6, 2, 4, 6}, {1, 2, 3}, two, two},
      {"{maxpool: 2}", {1, 3, 5, 7}, {1, 2, 3}, two, two},
      {"{maxpool: 2, ceil: true}", {17, 3, 3, 5}, {2, 2, 3}, two, two},
      {"{maxpool: 3, stride: 2, pad: 1}", {9, 4, 5, 6}, {2, 3, 3}, three, two, one},
      {"{maxpool: 3, stride: 2, pad: 1, ceil: true}", {2, 6, 5, 6}, {4, 3, 4}, three, two, one},
      {"{maxpool: 3, stride: 1, pad: 1}", {33, 1, 3, 2}, {1, 3, 2}, three, one, one},
      {"{maxpool: [1, 2, 2]}", {5, 3, 4, 5}, {3, 2, 2}, {1, 2, 2}, {1, 2, 2}},
      {"{maxpool: [1, 2, 2], stride: 2}", {5, 3, 4, 5}, {2, 2, 2}, {1, 2, 2}, two},
      {"{maxpool: 2, stride: [1, 2, 1]}", {17, 4, 9, 10}, {3, 4, 9}, two, {1, 2, 1}},
      {"{maxpool: [3, 1, 1], stride: [2, 1, 1], pad: [1, 0, 0]}",
       {2, 4, 2, 3},
       {2, 2, 3},
       {3, 1, 1},
       {2, 1, 1},
       {1, 0, 0}},
      {"{maxpool: 7}", {2, 7, 8, 7}, one, Extents::all(7), Extents::all(7)},  // 343 places
  };
}

}  // namespace cnn
