// NumberLists: lists of class numbers, one behind the other in memory.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/rng.h"

namespace cnn {

class NumberLists {
 public:
  void add(std::span<const int64_t> numbers) {
    for (const int64_t number : numbers) numbers_.push_back(static_cast<int32_t>(number));
    starts_.push_back(static_cast<int64_t>(numbers_.size()));
  }

  // Writes list i, unless `out` is null; how many it has.
  int64_t read(int64_t i, float* out) const {
    const auto at = static_cast<size_t>(i);
    if (out != nullptr) {
      std::transform(numbers_.begin() + starts_[at], numbers_.begin() + starts_[at + 1], out,
                     [](int32_t number) { return static_cast<float>(number); });
    }
    return starts_[at + 1] - starts_[at];
  }

  uint64_t bytes() const {
    return numbers_.size() * sizeof(int32_t) + starts_.size() * sizeof(int64_t);
  }
  uint64_t hash() const {
    const auto bytes_of = [](const auto& all) {
      return std::string_view(reinterpret_cast<const char*>(all.data()),
                              all.size() * sizeof(all[0]));
    };
    return hash_name(bytes_of(numbers_)) + 31 * hash_name(bytes_of(starts_));
  }

 private:
  std::vector<int32_t> numbers_;
  std::vector<int64_t> starts_ = {0};
};

}  // namespace cnn
