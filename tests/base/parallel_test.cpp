#include "base/parallel.h"

#include <atomic>
#include <limits>
#include <mutex>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "support/catch.h"

using namespace cnn;

namespace {

struct WithThreads {
  explicit WithThreads(int n) : before(threads()) { set_threads(n); }
  ~WithThreads() { set_threads(before); }
  int before;
};

}  // namespace

TEST_CASE("every index is visited once, in chunks that do not depend on the threads") {
  std::set<std::pair<int64_t, int64_t>> expected;
  for (const int n : {1, 2, 5}) {
    const WithThreads with(n);
    std::vector<int> visits(103, 0);
    std::set<std::pair<int64_t, int64_t>> chunks;
    std::mutex mutex;
    parallel_for(103, 10, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) ++visits[static_cast<size_t>(i)];
      const std::lock_guard lock(mutex);
      chunks.emplace(begin, end);
    });
    CHECK(visits == std::vector<int>(103, 1));
    CHECK(static_cast<int64_t>(chunks.size()) == chunk_count(103, 10));
    if (expected.empty()) expected = chunks;
    CHECK(chunks == expected);
  }
}

TEST_CASE("no work calls nobody, and worker numbers stay below threads()") {
  const WithThreads with(3);
  parallel_for(0, 4, [](int64_t, int64_t) { FAIL("called"); });
  std::atomic<int> highest{-1};
  parallel_for(1000, 1, [&](int64_t, int64_t, int worker) {
    int seen = highest;
    while (worker > seen && !highest.compare_exchange_weak(seen, worker)) {
    }
  });
  CHECK(highest >= 0);
  CHECK(highest < 3);
}

TEST_CASE("sums kept by chunk have the same bits for any number of threads") {
  std::vector<float> values(10007);
  for (size_t i = 0; i < values.size(); ++i) values[i] = 1.0f / static_cast<float>(i + 1);
  std::vector<float> results;
  for (const int n : {1, 2, 4}) {
    const WithThreads with(n);
    constexpr int64_t kGrain = 64;
    const auto count = static_cast<int64_t>(values.size());
    std::vector<float> partial(static_cast<size_t>(chunk_count(count, kGrain)), 0);
    parallel_for(count, kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        partial[static_cast<size_t>(begin / kGrain)] += values[static_cast<size_t>(i)];
      }
    });
    float sum = 0;
    for (const float p : partial) sum += p;
    results.push_back(sum);
  }
  CHECK(results[1] == results[0]);
  CHECK(results[2] == results[0]);
}

TEST_CASE("an exception reaches the caller, and the next loop runs") {
  for (const int n : {1, 3}) {
    const WithThreads with(n);
    const auto throwing = [](int64_t begin, int64_t) {
      if (begin == 50) throw std::runtime_error("50");
    };
    CHECK_THROWS_AS(parallel_for(100, 10, throwing), std::runtime_error);
    std::atomic<int> calls{0};
    parallel_for(100, 10, [&](int64_t, int64_t) { ++calls; });
    CHECK(calls == 10);
  }
}

TEST_CASE("an inner loop runs on its caller's thread") {
  const WithThreads with(2);
  std::atomic<int> visits{0};
  parallel_for(4, 1, [&](int64_t, int64_t) {
    parallel_for(6, 1, [&](int64_t, int64_t, int worker) {
      CHECK(worker == 0);
      ++visits;
    });
  });
  CHECK(visits == 24);
}

TEST_CASE("the grain is at least one and bounds the number of chunks") {
  CHECK(grain_for(10, 1'000'000) == 1);
  CHECK(grain_for(100'000, 1) >= 16384);
  CHECK(chunk_count(1'000'000'000, grain_for(1'000'000'000, 100)) <= 64);
}

TEST_CASE("row 81: denormals are zero on every thread") {
  const WithThreads with(3);
  volatile float tiny = std::numeric_limits<float>::min();
  std::vector<float> results(64, -1);
  parallel_for(64, 1, [&](int64_t i, int64_t) { results[static_cast<size_t>(i)] = tiny * 0.25f; });
  CHECK(results == std::vector<float>(64, 0.0f));
}

TEST_CASE("there is at least one thread") {
  const WithThreads with(0);
  CHECK(threads() == 1);
  CHECK(default_threads() >= 1);
}
