// Counter-based random numbers: Philox 4x32-10 (Salmon et al. 2011, "Parallel random numbers: as
// easy as 1, 2, 3"). A number depends only on its coordinates (seed, stream, step, sample, index),
// never on the order of calls, so any thread may draw any number.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>

namespace cnn {

// Four 32-bit words from a 128-bit counter and a 64-bit key.
std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter, uint64_t key);

// FNV-1a, 64 bits, with a final mix; names a stream.
uint64_t hash_name(std::string_view name);

class Rng {
 public:
  // `stream` is a layer's name, "init", "data" ...; `step` a step or epoch.
  Rng(uint64_t seed, std::string_view stream, uint64_t step = 0, uint64_t sample = 0);
  Rng(uint64_t seed, uint64_t stream_hash, uint64_t step, uint64_t sample);

  // The numbers of one coordinate; `index` counts within (stream, step, sample), below 2^34.
  uint32_t bits(uint64_t index) const;
  // Uniform in [0, 1): 24 bits.
  float uniform(uint64_t index) const { return static_cast<float>(bits(index) >> 8) * 0x1p-24f; }
  // Standard normal by Box-Muller from numbers of a plane of their own.
  float normal(uint64_t index) const;
  // Uniform integer in [0, n).
  uint64_t below(uint64_t index, uint64_t n) const;
  // The four words numbered 4*block .. 4*block+3.
  std::array<uint32_t, 4> block(uint64_t block) const;
  // out[i] = bits(4*first_block + i) for i < 4*blocks: the fast way to fill arrays.
  void fill_bits(uint64_t first_block, int64_t blocks, uint32_t* out) const;

 private:
  uint64_t key_;
  uint32_t step_;
  uint32_t sample_;
};

// Draws one number after another from one Rng, for code that needs an unknown number of them.
class RandomSequence {
 public:
  explicit RandomSequence(Rng rng) : rng_(rng) {}
  float uniform() { return rng_.uniform(next_++); }
  float uniform(float low, float high) { return low + (high - low) * uniform(); }
  float normal() { return rng_.normal(next_++); }
  uint64_t below(uint64_t n) { return rng_.below(next_++, n); }

 private:
  Rng rng_;
  uint64_t next_ = 0;
};

}  // namespace cnn
