#include "support/write_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "support/guarded_buffer.h"

namespace cnn {

WriteWatch::Region WriteWatch::region(std::string name, char* data, size_t bytes, bool per_worker) {
  return {std::move(name),
          data,
          bytes,
          per_worker,
          std::vector<char>(bytes),
          std::vector<unsigned char>(bytes)};
}

void WriteWatch::add(std::string name, float* data, int64_t count, bool per_worker) {
  regions_.push_back(region(std::move(name), reinterpret_cast<char*>(data),
                            static_cast<size_t>(count) * sizeof(float), per_worker));
}

void WriteWatch::add_stack([[maybe_unused]] const void* frame) {
#if !defined(__SANITIZE_ADDRESS__)
  stack_end_ = static_cast<const char*>(frame);
#endif
}

void WriteWatch::forget() {
  regions_.clear();
  stack_end_ = nullptr;
  has_stack_ = false;
}

std::vector<std::string> WriteWatch::take_findings() { return std::exchange(findings_, {}); }

void WriteWatch::loop_begins(const void* frame) {
  found_ = false;
  if (has_stack_) regions_.pop_back();
  has_stack_ = stack_end_ != nullptr;
  if (has_stack_) {
    auto* begin = static_cast<char*>(const_cast<void*>(frame));
    regions_.push_back(region("", begin, static_cast<size_t>(stack_end_ - begin), false));
  }
  for (Region& r : regions_) {
    std::copy(r.data, r.data + r.bytes, r.before.begin());
    std::fill(r.owner.begin(), r.owner.end(), static_cast<unsigned char>(0));
  }
}

void WriteWatch::chunk_begins(int) {
  for (Region& r : regions_) {
    if (!r.per_worker) continue;
    poison(reinterpret_cast<float*>(r.data), static_cast<int64_t>(r.bytes / sizeof(float)));
    std::copy(r.data, r.data + r.bytes, r.before.begin());
  }
}

void WriteWatch::chunk_ended(int worker) {
  for (Region& r : regions_) compare(r, worker);
}

void WriteWatch::compare(Region& r, int worker) {
  constexpr size_t kBlock = 1024;  // most of the memory stays as it is
  for (size_t begin = 0; begin < r.bytes; begin += kBlock) {
    const size_t count = std::min(kBlock, r.bytes - begin);
    if (std::memcmp(r.data + begin, r.before.data() + begin, count) == 0) continue;
    for (size_t i = begin; i < begin + count; ++i) {
      if (r.data[i] != r.before[i]) changed(r, i, worker);
    }
    std::memcpy(r.before.data() + begin, r.data + begin, count);
  }
}

void WriteWatch::changed(Region& r, size_t byte, int worker) {
  unsigned char& owner = r.owner[byte];
  const auto own = static_cast<unsigned char>(worker + 1);
  if (owner == 0) owner = own;
  if (owner == own) return;
  const auto [low, high] = std::minmax({owner - 1, worker});  // of values, not of references
  find(
      r.name.empty()
          ? fmt::format("workers {} and {} of one loop both write a variable outside it", low, high)
          : fmt::format("workers {} and {} of one loop both write {} at float {}", low, high,
                        r.name, byte / sizeof(float)));
}

void WriteWatch::find(std::string text) {
  if (found_) return;
  found_ = true;
  findings_.push_back(std::move(text));
}

}  // namespace cnn
