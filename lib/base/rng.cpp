#include "base/rng.h"

#include <algorithm>
#include <numbers>

namespace cnn {
namespace {

uint64_t mix(uint64_t x) {  // splitmix64's finaliser
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

__extension__ using Wide = unsigned __int128;
constexpr uint32_t kNormalPlane = 0x80000000u;

// One round of Philox on counter (a, b, c, d).
inline void philox_round(uint32_t& a, uint32_t& b, uint32_t& c, uint32_t& d, uint32_t k0,
                         uint32_t k1) {
  const uint64_t p0 = uint64_t{0xD2511F53u} * a;
  const uint64_t p1 = uint64_t{0xCD9E8D57u} * c;
  a = static_cast<uint32_t>(p1 >> 32) ^ b ^ k0;
  b = static_cast<uint32_t>(p1);
  c = static_cast<uint32_t>(p0 >> 32) ^ d ^ k1;
  d = static_cast<uint32_t>(p0);
}

constexpr int kRounds = 10;
constexpr uint32_t kKeyStep0 = 0x9E3779B9u, kKeyStep1 = 0xBB67AE85u;

}  // namespace

std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter, uint64_t key) {
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < kRounds; ++round) {
    philox_round(counter[0], counter[1], counter[2], counter[3], k0, k1);
    k0 += kKeyStep0;
    k1 += kKeyStep1;
  }
  return counter;
}

uint64_t hash_name(std::string_view name) {
  uint64_t h = 0xcbf29ce484222325u;
  for (const char c : name) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return mix(h);
}

Rng::Rng(uint64_t seed, std::string_view stream, uint64_t step, uint64_t sample)
    : Rng(seed, hash_name(stream), step, sample) {}

// Steps and samples beyond 2^32 go into the key, so that no coordinate is folded onto another.
Rng::Rng(uint64_t seed, uint64_t stream_hash, uint64_t step, uint64_t sample)
    : key_(mix(mix(seed) ^ stream_hash ^ mix((step >> 32) << 32 | sample >> 32))),
      step_(static_cast<uint32_t>(step)),
      sample_(static_cast<uint32_t>(sample)) {}

std::array<uint32_t, 4> Rng::block(uint64_t block) const {
  return philox({static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32), sample_, step_},
                key_);
}

// Counters side by side, word by word, so that the rounds become vector code.
void Rng::fill_bits(uint64_t first_block, int64_t blocks, uint32_t* out) const {
  constexpr int64_t kLanes = 32;
  int64_t done = 0;
  for (; done + kLanes <= blocks; done += kLanes, out += 4 * kLanes) {
    uint32_t a[kLanes], b[kLanes], c[kLanes], d[kLanes];
    for (int64_t l = 0; l < kLanes; ++l) {
      const uint64_t index = first_block + static_cast<uint64_t>(done + l);
      a[l] = static_cast<uint32_t>(index);
      b[l] = static_cast<uint32_t>(index >> 32);
      c[l] = sample_;
      d[l] = step_;
    }
    uint32_t k0 = static_cast<uint32_t>(key_), k1 = static_cast<uint32_t>(key_ >> 32);
    for (int round = 0; round < kRounds; ++round) {
      for (int64_t l = 0; l < kLanes; ++l) philox_round(a[l], b[l], c[l], d[l], k0, k1);
      k0 += kKeyStep0;
      k1 += kKeyStep1;
    }
    for (int64_t l = 0; l < kLanes; ++l) {
      out[4 * l] = a[l];
      out[4 * l + 1] = b[l];
      out[4 * l + 2] = c[l];
      out[4 * l + 3] = d[l];
    }
  }
  for (; done < blocks; ++done, out += 4) {
    const std::array<uint32_t, 4> words = block(first_block + static_cast<uint64_t>(done));
    std::copy(words.begin(), words.end(), out);
  }
}

uint32_t Rng::bits(uint64_t index) const { return block(index / 4)[index % 4]; }

float Rng::normal(uint64_t index) const {
  const uint64_t pair = index / 2;
  const auto words = philox({static_cast<uint32_t>(pair),
                             static_cast<uint32_t>(pair >> 32) | kNormalPlane, sample_, step_},
                            key_);
  const double u = (static_cast<double>(words[0]) + 1.0) * 0x1p-32;  // (0, 1]
  const double angle = 2.0 * std::numbers::pi * static_cast<double>(words[1]) * 0x1p-32;
  const double radius = std::sqrt(-2.0 * std::log(u));
  return static_cast<float>(radius * (index % 2 == 0 ? std::cos(angle) : std::sin(angle)));
}

uint64_t Rng::below(uint64_t index, uint64_t n) const {
  const auto words = block(index);
  const uint64_t x = uint64_t{words[0]} << 32 | words[1];
  return static_cast<uint64_t>((static_cast<Wide>(x) * n) >> 64);
}

}  // namespace cnn
