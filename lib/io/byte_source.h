// ByteSource: the bytes of a file, unpacked where it is gzipped (told by its first bytes).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/files.h"

namespace cnn {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Up to `size` bytes; fewer only at the end. Exit::kInput, "FILE: at byte N: broken gzip: ...".
  virtual size_t read(uint8_t* out, size_t size) = 0;
  // The most bytes that can come in all; known before any is read.
  virtual uint64_t most_bytes() const = 0;
};

// `file` must outlive it.
std::unique_ptr<ByteSource> open_byte_source(const InputFile& file);

// All of a file; Exit::kInput if it is missing, damaged, or has more than `limit` bytes unpacked.
std::string read_unpacked(const std::string& path, uint64_t limit);

}  // namespace cnn
