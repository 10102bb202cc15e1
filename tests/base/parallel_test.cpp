#include "base/parallel.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.h"
#include "support/threads.h"

using namespace cnn;

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
  for (const Threading& threading : kThreadings) {
    const WithThreads with(threading);
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
  CHECK(results == std::vector<float>(std::size(kThreadings), results[0]));
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

TEST_CASE("reversed chunks run on the caller, each as another worker than its neighbours") {
  const WithThreads with({3, ChunkOrder::kReversed});
  using Chunk = std::pair<int64_t, int>;
  std::vector<Chunk> chunks;
  const auto loop = [&](int64_t count) {
    chunks.clear();
    parallel_for(count, 10, [&](int64_t begin, int64_t end, int worker) {
      CHECK(end == std::min(begin + 10, count));
      chunks.emplace_back(begin, worker);
    });
  };
  loop(35);
  CHECK(chunks == std::vector<Chunk>{{30, 0}, {20, 2}, {10, 1}, {0, 0}});
  loop(35);  // the same chunks as other workers
  CHECK(chunks == std::vector<Chunk>{{30, 1}, {20, 0}, {10, 2}, {0, 1}});
  loop(10);  // a single one as ever
  CHECK(chunks == std::vector<Chunk>{{0, 0}});
  set_chunk_order(ChunkOrder::kReversed);  // counts anew
  loop(20);
  CHECK(chunks == std::vector<Chunk>{{10, 1}, {0, 0}});
}

TEST_CASE("in reversed order, too, inner loops are plain and exceptions reach the caller") {
  const WithThreads with({2, ChunkOrder::kReversed});
  std::vector<int64_t> visits;
  parallel_for(2, 1, [&](int64_t outer, int64_t) {
    parallel_for(2, 1, [&](int64_t inner, int64_t, int worker) {
      CHECK(worker == 0);
      visits.push_back(10 * outer + inner);
    });
  });
  CHECK(visits == std::vector<int64_t>{10, 11, 0, 1});
  const auto throwing = [](int64_t begin, int64_t) {
    if (begin == 50) throw std::runtime_error("50");
  };
  CHECK_THROWS_AS(parallel_for(100, 10, throwing), std::runtime_error);
  visits.clear();
  parallel_for(20, 10, [&](int64_t begin, int64_t) { visits.push_back(begin); });
  CHECK(visits == std::vector<int64_t>{10, 0});
}

TEST_CASE("every worker may be a thread of its own") {
  const WithThreads with({3, ChunkOrder::kOwnThreads});
  std::vector<std::thread::id> ids(7);
  std::vector<int> workers(7, -1);
  std::atomic<int> elsewhere{0};
  parallel_for(7, 1, [&](int64_t i, int64_t, int worker) {
    ids[static_cast<size_t>(i)] = std::this_thread::get_id();
    workers[static_cast<size_t>(i)] = worker;
    parallel_for(4, 1, [&](int64_t, int64_t) {
      if (std::this_thread::get_id() != ids[static_cast<size_t>(i)]) ++elsewhere;
    });
  });
  CHECK(elsewhere == 0);
  CHECK(workers == std::vector<int>{0, 1, 2, 0, 1, 2, 0});
  ids.push_back(std::this_thread::get_id());
  CHECK(std::set<std::thread::id>(ids.begin(), ids.end()).size() == 4);
  const auto throwing = [](int64_t begin, int64_t) {
    if (begin == 50) throw std::runtime_error("50");
  };
  CHECK_THROWS_AS(parallel_for(100, 10, throwing), std::runtime_error);
}

TEST_CASE("a watcher is called around every chunk in reversed order, with the callers' stack") {
  struct Watcher : ChunkWatcher {
    void loop_begins(const void* frame) override {
      text += "loop ";
      stack = static_cast<const char*>(frame);
    }
    void chunk_begins(int worker) override { text += "(" + std::to_string(worker); }
    void chunk_ended(int worker) override { text += std::to_string(worker) + ") "; }
    std::string text;
    const char* stack = nullptr;
  };
  Watcher watcher;
  const WithThreads with({2, ChunkOrder::kReversed}, &watcher);
  char outside = 0;
  parallel_for(3, 1, [&](int64_t, int64_t) { watcher.text += outside == 0 ? "." : ""; });
  CHECK(watcher.text == "loop (0.0) (1.1) (0.0) ");
#if !defined(__SANITIZE_ADDRESS__)
  CHECK(watcher.stack < &outside);
#endif
  parallel_for(1, 1, [&](int64_t, int64_t) {});
  set_chunk_order(ChunkOrder::kAny);
  parallel_for(3, 1, [&](int64_t, int64_t) {});
  CHECK(watcher.text == "loop (0.0) (1.1) (0.0) ");
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
