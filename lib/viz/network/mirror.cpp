// Which networks are a U.

#include <algorithm>
#include <cmath>

#include "viz/network/forms.h"

namespace cnn {
namespace {

// Rows of the picture; of numbers without place 1.
double side_of(const LayoutBox& box) {
  return box.output.rank() >= 3 ? static_cast<double>(box.output.height()) : 1;
}

// Halvings, counted step by step: convolutions without padding take a little at every step, which
// is none, and what is cut off is none either. A join is as deep as the input whose size is nearest
// to its own.
std::vector<int> levels_of(const std::vector<LayoutBox>& boxes) {
  std::vector<int> levels(boxes.size(), 0);
  for (size_t i = 0; i < boxes.size(); ++i) {
    if (boxes[i].family == LayerType::Family::kCut && boxes[i].inputs.size() == 1) {
      levels[i] = levels[static_cast<size_t>(boxes[i].inputs[0])];
      continue;
    }
    double least = INFINITY;
    for (const int input : boxes[i].inputs) {
      const auto from = static_cast<size_t>(input);
      const double halvings = std::log2(side_of(boxes[from]) / side_of(boxes[i]));
      if (std::abs(halvings) > least) continue;
      least = std::abs(halvings);
      levels[i] = levels[from] + static_cast<int>(std::lround(halvings));
    }
  }
  return levels;
}

// Links between pictures of one level with smaller ones in between, innermost first.
std::vector<Mirror::Skip> links_of(const std::vector<LayoutBox>& boxes,
                                   const std::vector<int>& levels) {
  std::vector<Mirror::Skip> links;
  std::vector<int> readers(boxes.size(), 0);
  for (const LayoutBox& box : boxes) {
    for (const int input : box.inputs) ++readers[static_cast<size_t>(input)];
  }
  for (size_t to = 0; to < boxes.size(); ++to) {
    for (const int input : boxes[to].inputs) {
      auto from = static_cast<size_t>(input);
      int via = -1;
      const LayoutBox& before = boxes[from];
      if (before.family == LayerType::Family::kCut && before.inputs.size() == 1 &&
          readers[from] == 1) {
        via = input;
        from = static_cast<size_t>(before.inputs[0]);
      }
      if (levels[from] != levels[to] || boxes[to].output.rank() < 3) continue;
      bool is_over = false;
      for (size_t i = 0; i < boxes.size(); ++i) {
        const bool between = boxes[i].row > boxes[from].row && boxes[i].row < boxes[to].row;
        is_over = is_over || (between && levels[i] > levels[from]);
      }
      if (is_over) links.push_back({from, to, via});
    }
  }
  std::stable_sort(links.begin(), links.end(), [&](const Mirror::Skip& a, const Mirror::Skip& b) {
    if (boxes[a.from].row != boxes[b.from].row) return boxes[a.from].row > boxes[b.from].row;
    return boxes[a.to].row < boxes[b.to].row;
  });
  return links;
}

}  // namespace

std::optional<Mirror> mirror_of(const std::vector<LayoutBox>& boxes) {
  Mirror mirror;
  mirror.levels = levels_of(boxes);
  // One link a level, each around the one before.
  for (const Mirror::Skip& link : links_of(boxes, mirror.levels)) {
    if (mirror.skips.empty()) {
      mirror.skips.push_back(link);
      continue;
    }
    const Mirror::Skip& inner = mirror.skips.back();
    if (mirror.levels[link.from] < mirror.levels[inner.from] &&
        boxes[link.from].row < boxes[inner.from].row && boxes[link.to].row > boxes[inner.to].row) {
      mirror.skips.push_back(link);
    }
  }
  if (mirror.skips.empty()) return std::nullopt;
  const int left = boxes[mirror.skips.front().from].row, right = boxes[mirror.skips.front().to].row;
  for (const LayoutBox& box : boxes) {
    mirror.sides.push_back(box.row <= left   ? Mirror::Side::kLeft
                           : box.row < right ? Mirror::Side::kBottom
                                             : Mirror::Side::kRight);
  }
  for (const Mirror::Skip& skip : mirror.skips) {
    if (skip.via >= 0) mirror.sides[static_cast<size_t>(skip.via)] = Mirror::Side::kBetween;
  }
  // Skips start and end on the main way, and what is deepest is reached through the innermost.
  for (const Mirror::Skip& skip : mirror.skips) {
    if (boxes[skip.from].lane != 0 || boxes[skip.to].lane != 0) return std::nullopt;
  }
  for (size_t to = 0; to < boxes.size(); ++to) {
    for (const int input : boxes[to].inputs) {
      const auto from = static_cast<size_t>(input);
      const bool goes_in =
          mirror.sides[from] == Mirror::Side::kLeft && mirror.sides[to] == Mirror::Side::kBottom;
      if (goes_in && from != mirror.skips.front().from) return std::nullopt;
    }
  }
  return mirror;
}

}  // namespace cnn
