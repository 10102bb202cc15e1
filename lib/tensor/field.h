// Field: something that data supply and graphs read, by name: an image, a label, a mask.
// All fields travel as float32; class numbers are whole floats (exact below 2^24).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tensor/items.h"
#include "tensor/shape.h"

namespace cnn {

enum class FieldKind {
  kValues,  // any numbers
  kClass,   // class numbers 0 .. classes-1, or an ignored value
};

// What the numbers are places in: the first input, a picture, from 0 at its left or upper edge to
// its width or height at the other; the pixel of number i reaches from i to i + 1.
enum class Coordinates {
  kNone,    // they stay as they are, whatever becomes of the picture
  kPoints,  // x and y of one point after another
  kBoxes,   // left, upper, right and lower edge of one box after another
};

// Bounds of all numbers of a field but those that are ignored.
struct FieldRange {
  float low = 0;
  float high = 1;
  std::optional<int64_t> ignored = std::nullopt;
  std::string who = "";  // needs it: "bce_logits"

  // Not of NaN.
  bool has(float value) const {
    return (value >= low && value <= high) || (ignored && value == static_cast<float>(*ignored));
  }
};

// What was done to the numbers of a field, by channel: (x - mean) / deviation.
struct Standard {
  std::vector<double> mean = {};  // empty: nothing was done
  std::vector<double> deviation = {};

  bool is_set() const { return !mean.empty(); }
  double done(double x, int64_t channel) const {
    return (x - mean[static_cast<size_t>(channel)]) / deviation[static_cast<size_t>(channel)];
  }
  double undone(double y, int64_t channel) const {
    return y * deviation[static_cast<size_t>(channel)] + mean[static_cast<size_t>(channel)];
  }
  bool operator==(const Standard&) const = default;
};

// A column of words that became numbers, one a category: 1 where it stands there, else 0.
struct CategoryColumn {
  std::string name;
  std::vector<std::string> categories = {};
  int64_t first = 0;  // of its numbers, within the field

  bool operator==(const CategoryColumn&) const = default;
};

struct Field {
  std::string name;
  Shape shape;  // of one item: a label is [1], a mask [1,H,W]
  FieldKind kind = FieldKind::kValues;
  int64_t classes = 0;                             // kClass: how many, 0 if not known
  std::optional<FieldRange> range = std::nullopt;  // kValues: none, if any number will do
  Items items = {};
  Coordinates coordinates = Coordinates::kNone;
  std::vector<std::string> class_names = {};  // kClass: by number; empty if they are not known
  std::vector<std::string> value_names =
      {};                  // kValues: of each number (columns of a table); or none
  Standard standard = {};  // kValues: what the data set has done to them
  std::vector<CategoryColumn> categories = {};  // kValues: which of them stand for words

  // One class number a sample.
  bool is_label() const {
    return kind == FieldKind::kClass && shape.count() == 1 && !items.is_list;
  }
};

}  // namespace cnn
