// Items: how many items of its shape a value holds of every sample. A plain value holds one; a list
// holds `most`, or, if it varies, as many as the sample has, at most `most`. A sequence is a list
// of [F], regions are a list of [C,H,W], frames likewise.
//
// In memory the items of a batch lie packed, sample after sample: those of sample n are
// starts[n] .. starts[n + 1] (View::starts), and nothing lies where a sample has fewer than others.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tensor/shape.h"

namespace cnn {

struct Items {
  int64_t most = 1;
  bool is_list = false;
  bool varies = false;

  bool operator==(const Items&) const = default;

  static Items list(int64_t count) { return {count, true, false}; }
  static Items up_to(int64_t most) { return {most, true, true}; }
};

// "[3,32,32]", "100 x [65]", "up to 40 x [3,32,32]".
std::string describe(const Shape& shape, const Items& items);
// For tables and drawings: "6x28x28"; of a list "100 of 64", "<=40 of 64" if it varies.
std::string volume_text(const Shape& shape, const Items& items, std::string_view times = "x");

}  // namespace cnn
