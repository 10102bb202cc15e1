#include "base/rng.h"

#include <cmath>
#include <set>
#include <vector>

#include "support/catch.h"

using namespace cnn;

TEST_CASE("philox gives the numbers of its authors") {
  // Known answers of Random123, philox4x32 with 10 rounds.
  using Words = std::array<uint32_t, 4>;
  CHECK(philox({0, 0, 0, 0}, 0) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  constexpr uint32_t kOnes = 0xffffffff;
  CHECK(philox({kOnes, kOnes, kOnes, kOnes}, ~uint64_t{0}) ==
        Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0x299f31d0a4093822u) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("every coordinate changes the numbers") {
  const std::vector<Rng> all = {
      Rng(1, "a", 0, 0),
      Rng(2, "a", 0, 0),
      Rng(1, "b", 0, 0),
      Rng(1, "a", 1, 0),
      Rng(1, "a", 0, 1),
      Rng(1, "a", uint64_t{1} << 32, 0),
      Rng(1, "a", 0, uint64_t{1} << 32),
  };
  std::set<uint32_t> first;
  for (const Rng& rng : all) first.insert(rng.bits(0));
  CHECK(first.size() == all.size());
  CHECK(Rng(1, "a", 5, 6).bits(7) == Rng(1, hash_name("a"), 5, 6).bits(7));
}

TEST_CASE("numbers do not depend on the order of calls, and blocks are the same numbers") {
  const Rng rng(7, "x");
  const uint32_t later = rng.bits(1001);
  rng.bits(3);
  CHECK(rng.bits(1001) == later);
  for (uint64_t i = 0; i < 12; ++i) CHECK(rng.block(i / 4)[i % 4] == rng.bits(i));
}

TEST_CASE("arrays are filled with the numbers that blocks have, on both sides of 2^32") {
  const Rng rng(7, "x", 3, 5);
  for (const uint64_t first : {uint64_t{0}, uint64_t{5}, (uint64_t{1} << 32) - 20}) {
    for (const int64_t blocks : {0, 1, 31, 32, 77}) {
      std::vector<uint32_t> words(static_cast<size_t>(4 * blocks + 1), 99);
      rng.fill_bits(first, blocks, words.data());
      bool same = true;
      for (size_t i = 0; i + 1 < words.size(); ++i) {
        same = same && words[i] == rng.block(first + i / 4)[i % 4];
      }
      CHECK(same);
      CHECK(words.back() == 99);
    }
  }
}

TEST_CASE("uniform, normal and bounded numbers have their distributions") {
  const Rng rng(3, "statistics");
  constexpr int kCount = 40000;
  double sum = 0, normal_sum = 0, normal_squares = 0;
  std::vector<int> counts(7, 0);
  for (uint64_t i = 0; i < kCount; ++i) {
    const float u = rng.uniform(i);
    REQUIRE(u >= 0.0f);
    REQUIRE(u < 1.0f);
    sum += u;
    const float n = rng.normal(i);
    REQUIRE(std::isfinite(n));
    normal_sum += n;
    normal_squares += n * n;
    ++counts.at(rng.below(i, counts.size()));
  }
  CHECK(std::abs(sum / kCount - 0.5) < 0.01);
  CHECK(std::abs(normal_sum / kCount) < 0.025);
  CHECK(std::abs(normal_squares / kCount - 1) < 0.04);
  for (const int n : counts) CHECK(std::abs(n - kCount / 7) < 400);
}

TEST_CASE("a random sequence takes one number after the other") {
  const Rng rng(3, "sequence");
  RandomSequence sequence(rng);
  CHECK(sequence.uniform() == rng.uniform(0));
  CHECK(sequence.normal() == rng.normal(1));
  CHECK(sequence.below(10) == rng.below(2, 10));
  const float x = sequence.uniform(-2, 2);
  CHECK(x == -2 + 4 * rng.uniform(3));
}
