#include "base/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <mutex>

#ifdef CNN_STD_THREADS
#include <thread>
#include <vector>
#else
#include <omp.h>
#endif
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace cnn {
namespace {

int thread_count = 0;
thread_local bool inside = false;

// The calling thread's own mode; workers inherit nothing, so each sets its own.
void set_denormal_mode() {
#if defined(__SSE__)
  constexpr unsigned kFlushToZero = 0x8000, kDenormalsAreZero = 0x0040;
  _mm_setcsr(_mm_getcsr() | kFlushToZero | kDenormalsAreZero);
#elif defined(__aarch64__)
  uint64_t fpcr;
  __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
  __asm__ volatile("msr fpcr, %0" : : "r"(fpcr | (uint64_t{1} << 24)));
#endif
}

// Keeps the first exception of a parallel region for the caller.
class FirstException {
 public:
  void keep() {
    const std::lock_guard lock(mutex_);
    if (!first_) first_ = std::current_exception();
  }
  void rethrow() {
    if (first_) std::rethrow_exception(first_);
  }

 private:
  std::mutex mutex_;
  std::exception_ptr first_;
};

void run_serially(int64_t count, int64_t grain, detail::ChunkBody body, void* context) {
  for (int64_t begin = 0; begin < count; begin += grain) {
    body(context, begin, std::min(begin + grain, count), 0);
  }
}

}  // namespace

int default_threads() {
  if (const char* text = std::getenv("OMP_NUM_THREADS")) {
    const int n = std::atoi(text);
    if (n > 0) return n;
  }
  cpu_set_t set;
  return sched_getaffinity(0, sizeof(set), &set) == 0 ? std::max(1, CPU_COUNT(&set)) : 1;
}

void set_threads(int count) {
  thread_count = std::max(1, count);
  set_denormal_mode();
#ifndef CNN_STD_THREADS
  // BLAS looks at this number outside our regions and must stay serial there too; our own regions
  // name their size.
  omp_set_num_threads(1);
  omp_set_dynamic(0);
#endif
}

int threads() {
  if (thread_count == 0) set_threads(default_threads());
  return thread_count;
}

void flush_denormals() { set_denormal_mode(); }

int64_t grain_for(int64_t count, int64_t unit_cost, int64_t max_chunks) {
  constexpr int64_t kMinimumCost = 16384;
  const int64_t by_cost = (kMinimumCost + unit_cost - 1) / std::max<int64_t>(unit_cost, 1);
  const int64_t by_number = (count + max_chunks - 1) / max_chunks;
  return std::max<int64_t>({1, by_cost, by_number});
}

void detail::run_chunks(int64_t count, int64_t grain, ChunkBody body, void* context) {
  if (count <= 0) return;
  grain = std::max<int64_t>(grain, 1);
  const int64_t chunks = chunk_count(count, grain);
  const int workers = static_cast<int>(std::min<int64_t>(threads(), chunks));
  if (workers == 1 || inside) {
    // A nested call may share its worker number with nobody: per-thread scratch belongs to the
    // outer call, so inner bodies that use it must not be nested.
    run_serially(count, grain, body, context);
    return;
  }
  FirstException error;
  std::atomic<int64_t> next{0};
  auto work = [&](int worker) {
    inside = true;
    set_denormal_mode();
    try {
      for (int64_t i = next++; i < chunks; i = next++) {
        body(context, i * grain, std::min((i + 1) * grain, count), worker);
      }
    } catch (...) {
      error.keep();
      next = chunks;
    }
    inside = false;
  };
#ifdef CNN_STD_THREADS
  std::vector<std::thread> team;
  for (int worker = 1; worker < workers; ++worker) team.emplace_back(work, worker);
  work(0);
  for (std::thread& t : team) t.join();
#else
#pragma omp parallel num_threads(workers)
  work(omp_get_thread_num());
#endif
  error.rethrow();
}

}  // namespace cnn
