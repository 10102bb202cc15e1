// Bounds that keep a hostile or mistaken model file from taking the machine: every tree that is
// read, merged or evaluated stays within them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "spec/node.h"

namespace cnn {

inline constexpr uint64_t kMaxFileBytes = 4 * 1024 * 1024;
inline constexpr int kMaxDepth = 64;
inline constexpr size_t kMaxNodes = 100'000;

// A scalar counts as one node and one more for every 64 bytes, so that nodes bound bytes too.
inline size_t scalar_weight(size_t bytes) { return 1 + bytes / 64; }

// Nodes of a tree, itself included.
size_t weight(const Node& node);
// Levels of lists and maps: 0 for a scalar.
int depth(const Node& node);

}  // namespace cnn
