// idx: the file format of MNIST: two zero bytes, a type, a rank, big-endian 32-bit sizes, then the
// numbers; plain or gzipped (told by its first bytes). Bytes (type 0x08) are read.
// Source: yann.lecun.com/exdb/mnist.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cnn {

struct IdxArray {
  std::vector<int64_t> shape;
  std::vector<uint8_t> bytes;
};

// Exit::kInput, "FILE: at byte N: ...", for anything that is not exactly one whole array. Sizes are
// checked against the file before memory is taken, and no more is unpacked than they state.
IdxArray read_idx(const std::string& path);

}  // namespace cnn
