// How work is spread over threads, for one scope.
#pragma once

#include "base/parallel.h"

namespace cnn {

struct Threading {
  int threads = 1;
  ChunkOrder order = ChunkOrder::kAny;
};

// Ways that must all give the same bits; the first is the plainest.
inline constexpr Threading kThreadings[] = {{1},
                                            {2},
                                            {3},
                                            {3, ChunkOrder::kOwnThreads},
                                            {2, ChunkOrder::kReversed},
                                            {3, ChunkOrder::kReversed}};

// Sets the number of threads, and how chunks run, and puts both back.
class WithThreads {
 public:
  explicit WithThreads(const Threading& threading, ChunkWatcher* watcher = nullptr)
      : before_(threads()) {
    set_threads(threading.threads);
    set_chunk_order(threading.order, watcher);
  }
  explicit WithThreads(int count) : WithThreads(Threading{count}) {}
  ~WithThreads() {
    set_chunk_order(ChunkOrder::kAny);
    set_threads(before_);
  }
  WithThreads(const WithThreads&) = delete;
  WithThreads& operator=(const WithThreads&) = delete;

 private:
  int before_;
};

}  // namespace cnn
