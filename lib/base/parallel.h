// The only place that knows of threads. Work is cut by its size alone (count and grain), never by
// the number of threads, so that any sum kept per chunk and added in chunk order has the same bits
// on 1 thread and on 16.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

namespace cnn {

// Threads that parallel_for may use; at least 1. Set once at start; not while work runs.
void set_threads(int count);
int threads();
// What the machine offers this process: its affinity mask, OMP_NUM_THREADS if that is set.
int default_threads();

// The OpenMP runtimes in this process, as files. More than one (PyTorch's libiomp5 beside ours,
// say, by LD_PRELOAD) have a team of threads each, and hinder one another.
std::vector<std::string> openmp_runtimes();

namespace detail {
using ChunkBody = void (*)(void* context, int64_t begin, int64_t end, int worker);
void run_chunks(int64_t count, int64_t grain, ChunkBody body, void* context);
}  // namespace detail

// body(begin, end) or body(begin, end, worker) for each chunk [i*grain, min((i+1)*grain, count)).
// `worker` < threads() names per-thread scratch, nothing else. Chunks run in any order, and a
// single one runs on the caller. Calls do not nest: an inner one runs on its caller's thread. The
// first exception that a chunk throws reaches the caller after the others have ended.
template <class Body>
void parallel_for(int64_t count, int64_t grain, Body&& body) {
  using Plain = std::remove_reference_t<Body>;
  detail::run_chunks(
      count, grain,
      [](void* context, int64_t begin, int64_t end, int worker) {
        Plain& f = *static_cast<Plain*>(context);
        if constexpr (std::is_invocable_v<Plain&, int64_t, int64_t, int>) {
          f(begin, end, worker);
        } else {
          f(begin, end);
        }
      },
      const_cast<void*>(static_cast<const void*>(&body)));
}

// For tests: how loops of several chunks run that the calling thread begins. Code that keeps the
// rules gives the same bits in any order.
enum class ChunkOrder {
  kAny,
  // The caller runs all of them itself, the last first, as worker (chunk + number of the loop) %
  // threads(): the same in every run. Sums that depend on who ran which chunk, or after which, give
  // themselves away.
  kReversed,
  // Every worker is a thread that is made for the loop and runs each threads()-th chunk: none comes
  // too late to work, and the thread sanitizer sees every race among them.
  kOwnThreads,
};

// Looks on between the chunks of kReversed.
class ChunkWatcher {
 public:
  virtual ~ChunkWatcher() = default;
  // The stack from `frame` on upwards belongs to the loop's callers, not to the loop.
  virtual void loop_begins(const void* frame) = 0;
  virtual void chunk_begins(int worker) = 0;
  virtual void chunk_ended(int worker) = 0;
};

// Loops are counted from here; `watcher` must outlive them.
void set_chunk_order(ChunkOrder order, ChunkWatcher* watcher = nullptr);

// Number of chunks that parallel_for makes.
inline int64_t chunk_count(int64_t count, int64_t grain) {
  return grain > 0 ? (count + grain - 1) / grain : 0;
}

// A grain that gives chunks of about `unit_cost * grain` >= 16 Ki elementary operations each and at
// most `max_chunks` chunks: a function of the work alone.
int64_t grain_for(int64_t count, int64_t unit_cost, int64_t max_chunks = 64);

// Denormals count as zero on every thread of ours (the same on all of them).
void flush_denormals();

}  // namespace cnn
