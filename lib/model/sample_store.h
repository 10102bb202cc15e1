// SampleStore: numbers by sample, in memory as far as that reaches, then in a file; what neither
// has room for is not kept. A cache: whoever asks for what is not there computes it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"

namespace cnn {

class SampleStore {
 public:
  // Samples have the numbers 0 to `samples` - 1; `memory`: bytes for what is kept.
  SampleStore(int64_t samples, uint64_t memory);

  // From here on what memory has no room for goes to a file in `folder` of at most so many bytes.
  // It has no name, so that it is gone however the process ends. Where it cannot be written there
  // is a warning, and what is not kept by then is not.
  void spill_to(const std::string& folder, uint64_t bytes);

  // Any thread; what is there once stays there.
  bool has(int64_t sample) const {
    return is_there_[static_cast<size_t>(sample)].load(std::memory_order_acquire);
  }
  // All below: one thread. What has a place already is left alone.
  void keep(int64_t sample, std::span<const float> numbers);
  // As many as were kept. Exit::kResource if the disk fails.
  void read(int64_t sample, std::span<float> numbers) const;

  // Kept so far.
  uint64_t bytes_in_memory() const { return memory_used_; }
  uint64_t bytes_in_file() const { return file_used_; }

 private:
  struct Place {
    const float* memory = nullptr;
    uint64_t offset = 0;  // in the file, where it is not in memory
  };
  float* room_in_memory(size_t count);

  uint64_t memory_, memory_used_ = 0;
  std::vector<std::unique_ptr<float[]>> blocks_;
  float* next_ = nullptr;
  size_t left_ = 0;  // of the last block
  std::string folder_;
  std::unique_ptr<ScratchFile> file_;
  uint64_t file_room_ = 0, file_used_ = 0;
  std::vector<Place> places_;
  std::vector<std::atomic<bool>> is_there_;
};

}  // namespace cnn
