// events: TensorBoard's scalar log. A file of TFRecords
//
//   8 bytes  length L, little-endian      4 bytes  masked CRC-32C of those 8
//   L bytes  an Event                     4 bytes  masked CRC-32C of those L
//
// where Event is a protocol buffer {1: wall time (double), 2: step, 3: file version or 5: {1: {1:
// tag, 2: value (float)}...}}. Sources: tensorflow/core/util/event.proto, record_writer.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/files.h"

namespace cnn {

// CRC-32C (Castagnoli), and TensorFlow's masked form of it.
uint32_t crc32c(std::string_view bytes);
uint32_t masked_crc32c(std::string_view bytes);

// TensorBoard takes every file whose name contains "tfevents".
class EventFile {
 public:
  // Opens or creates the file; a new one begins with the version record. `now`: seconds since 1970.
  EventFile(const std::string& path, double now);

  // One event with all values of a step, in one write.
  void add(int64_t step, double now, std::span<const std::pair<std::string, double>> scalars);

  uint64_t size() const { return file_.size(); }
  // Takes back what was written after a checkpoint.
  void cut_to(uint64_t size) { file_.cut_to(size); }
  void sync() { file_.sync(); }

 private:
  void append_record(std::string_view event);
  AppendFile file_;
};

}  // namespace cnn
