#include "model/sample_store.h"

#include <algorithm>
#include <new>

#include "base/error.h"
#include "base/log.h"

namespace cnn {

SampleStore::SampleStore(int64_t samples, uint64_t memory)
    : memory_(memory),
      places_(static_cast<size_t>(samples)),
      is_there_(static_cast<size_t>(samples)) {}

void SampleStore::spill_to(const std::string& folder, uint64_t bytes) {
  folder_ = folder;
  file_room_ = bytes;
}

// Null: it is full.
float* SampleStore::room_in_memory(size_t count) {
  constexpr size_t kBlock = size_t{1} << 18;
  const uint64_t bytes = count * sizeof(float);
  if (bytes > memory_ - memory_used_) return nullptr;
  if (count > left_) {
    const uint64_t room = (memory_ - memory_used_) / sizeof(float);
    left_ = std::max<size_t>(count, std::min<uint64_t>(kBlock, room));
    try {
      blocks_.push_back(std::make_unique_for_overwrite<float[]>(left_));
    } catch (const std::bad_alloc&) {
      left_ = 0;
      memory_ = memory_used_;
      return nullptr;
    }
    next_ = blocks_.back().get();
  }
  left_ -= count;
  memory_used_ += bytes;
  return std::exchange(next_, next_ + count);
}

void SampleStore::keep(int64_t sample, std::span<const float> numbers) {
  if (has(sample)) return;
  Place& place = places_[static_cast<size_t>(sample)];
  const uint64_t bytes = numbers.size() * sizeof(float);
  if (float* const room = room_in_memory(numbers.size())) {
    std::copy(numbers.begin(), numbers.end(), room);
    place.memory = room;
  } else {
    if (bytes > file_room_ - file_used_) return;
    try {
      if (!file_) file_ = std::make_unique<ScratchFile>(folder_);
      file_->write_at(file_used_, numbers.data(), bytes);
    } catch (const Error& error) {
      const Diagnostic& d = error.diagnostics().front();
      warn("{}: {}; what frozen layers make of further samples is computed in every epoch", d.place,
           d.problem);
      file_room_ = file_used_;
      return;
    }
    place.offset = file_used_;
    file_used_ += bytes;
  }
  is_there_[static_cast<size_t>(sample)].store(true, std::memory_order_release);
}

void SampleStore::read(int64_t sample, std::span<float> numbers) const {
  CNN_ASSERT(has(sample));
  const Place& place = places_[static_cast<size_t>(sample)];
  if (place.memory != nullptr) {
    std::copy_n(place.memory, numbers.size(), numbers.data());
  } else {
    file_->read_at(place.offset, numbers.data(), numbers.size_bytes());
  }
}

}  // namespace cnn
