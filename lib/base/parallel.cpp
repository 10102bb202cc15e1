#include "base/parallel.h"

#include <link.h>
#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#ifndef CNN_STD_THREADS
#include <omp.h>
#endif
#if defined(__SSE__)
#include <immintrin.h>
#endif

#include "base/error.h"
#include "base/machine.h"
#include "base/text.h"

namespace cnn {
namespace {

thread_local bool inside = false;

struct Order {
  ChunkOrder chunks = ChunkOrder::kAny;
  ChunkWatcher* watcher = nullptr;
  int64_t loops = 0;
};
thread_local Order order;

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

void pause() {
#if defined(__SSE__)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// BLAS asks OpenMP for this number and must stay serial on every thread of ours.
void keep_blas_serial() {
#ifndef CNN_STD_THREADS
  omp_set_num_threads(1);
  omp_set_dynamic(0);
#endif
}

// Keeps the first exception of a job for the caller.
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

// One call of run_chunks.
struct Job {
  int64_t count = 0;
  int64_t grain = 1;
  detail::ChunkBody body = nullptr;
  void* context = nullptr;
  FirstException error;

  int64_t chunks() const { return chunk_count(count, grain); }
  void run(int64_t chunk, int worker) {
    body(context, chunk * grain, std::min((chunk + 1) * grain, count), worker);
  }
};

// The chunks of a job, shared out: every worker has a run of them, the same part of every job, so
// that it finds in its own cache what it wrote before; whoever is done helps the others.
class Shares {
 public:
  explicit Shares(int workers) : shares_(static_cast<size_t>(workers)) {}

  void deal(int64_t chunks) {
    const auto workers = std::ssize(shares_);
    for (int64_t w = 0; w < workers; ++w) {
      Share& share = shares_[static_cast<size_t>(w)];
      share.next.store(chunks * w / workers, std::memory_order_relaxed);
      share.end = chunks * (w + 1) / workers;
    }
  }

  // body(chunk) for whatever is left, the worker's own chunks first.
  template <class Body>
  void take(int worker, Body&& body) {
    for (size_t i = 0; i < shares_.size(); ++i) {
      Share& share = shares_[(static_cast<size_t>(worker) + i) % shares_.size()];
      // Relaxed: a number is all that is taken. It also leaves chunks of different threads without
      // order in the eyes of the thread sanitizer, so that it sees their races.
      const auto next = [&] { return share.next.fetch_add(1, std::memory_order_relaxed); };
      for (int64_t chunk = next(); chunk < share.end; chunk = next()) body(chunk);
    }
  }

  void drop() {
    for (Share& share : shares_) share.next = share.end;
  }

 private:
  struct alignas(64) Share {
    std::atomic<int64_t> next{0};
    int64_t end = 0;
  };
  std::vector<Share> shares_;
};

// The threads behind parallel_for: one OpenMP team that lives as long as the number of threads
// stays. A region per call would make the caller wait until every thread of the team has come, also
// those that the system keeps from running because the machine is busy; here it waits only for
// those that have begun to work, and does the work itself if nobody comes.
class Team {
 public:
  explicit Team(int size) : size_(size), shares_(size) {
    if (size > 1) host_ = std::thread([this] { host(); });
  }

  ~Team() {
    stop_ = true;
    generation_.fetch_add(1);
    generation_.notify_all();
    if (host_.joinable()) host_.join();
  }
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int size() const { return size_; }

  // False if another thread's job is running; then nothing has been done.
  bool run(Job& job) {
    if (busy_.test_and_set(std::memory_order_acquire)) return false;
    job_ = &job;
    shares_.deal(job.chunks());
    door_.store(kOpen, std::memory_order_release);
    generation_.fetch_add(1);
    generation_.notify_all();
    inside = true;
    take_part(0);
    inside = false;
    door_.fetch_and(~kOpen);  // nobody new comes in
    for (int spins = 0; door_.load(std::memory_order_acquire) != 0; ++spins) {
      if (spins < kSpins) {
        pause();
      } else {
        sched_yield();
      }
    }
    busy_.clear(std::memory_order_release);
    return true;
  }

 private:
  // Bit 31: the job takes workers; below: how many are in it.
  static constexpr uint32_t kOpen = 1u << 31;
  static constexpr int kSpins = 4000;  // some 50 microseconds

  void host() {
#ifdef CNN_STD_THREADS
    std::vector<std::thread> others;
    for (int worker = 2; worker < size_; ++worker) {
      others.emplace_back([this, worker] { work(worker); });
    }
    work(1);
    for (std::thread& t : others) t.join();
#else
    keep_blas_serial();
#pragma omp parallel num_threads(size_ - 1)
    work(1 + omp_get_thread_num());
#endif
  }

  void take_part(int worker) {
    try {
      shares_.take(worker, [&](int64_t chunk) { job_->run(chunk, worker); });
    } catch (...) {
      job_->error.keep();
      shares_.drop();
    }
  }

  bool enter() {
    uint32_t door = door_.load(std::memory_order_acquire);
    while ((door & kOpen) != 0) {
      if (door_.compare_exchange_weak(door, door + 1, std::memory_order_acq_rel)) return true;
    }
    return false;
  }

  void work(int worker) {
    inside = true;
    keep_blas_serial();
    set_denormal_mode();
    int seen = generation_.load();
    while (!stop_) {
      if (enter()) {
        take_part(worker);
        door_.fetch_sub(1, std::memory_order_release);
      }
      int spins = 0;
      while (generation_.load(std::memory_order_acquire) == seen && spins++ < kSpins) pause();
      generation_.wait(seen);
      seen = generation_.load();
    }
  }

  const int size_;
  std::thread host_;
  std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
  Job* job_ = nullptr;
  Shares shares_;
  std::atomic<uint32_t> door_{0};
  std::atomic<int> generation_{0};  // grows with every job; sleepers wait on it
  std::atomic<bool> stop_{false};
};

int wanted = 0;  // threads; 0: nobody has said
std::unique_ptr<Team> team;
std::atomic<Team*> ready{nullptr};  // the team, once it is made
std::mutex making;

// libgomp ends the process where a thread's stack cannot be had.
void require_stacks(int count) {
  pthread_attr_t attributes;
  size_t bytes = 0;
  pthread_getattr_default_np(&attributes);
  pthread_attr_getstacksize(&attributes, &bytes);
  pthread_attr_destroy(&attributes);
  if (can_map(std::vector<uint64_t>(static_cast<size_t>(count), bytes))) return;
  throw Error(Exit::kResource,
              {{"",
                fmt::format("out of memory: {} cannot have their stacks of {} each",
                            counted(count, "thread"), human_bytes(bytes)),
                "",
                {"a higher limit (ulimit -v) or fewer threads help: --threads 1 makes none"}}});
}

// Made at the first loop that has work for it: most commands have none.
Team& ready_team() {
  if (Team* made = ready.load(std::memory_order_acquire)) return *made;
  const std::lock_guard lock(making);
  if (!team) {
    require_stacks(threads());
    team = std::make_unique<Team>(threads());
    ready.store(team.get(), std::memory_order_release);
  }
  return *team;
}

void run_serially(int64_t count, int64_t grain, detail::ChunkBody body, void* context) {
  for (int64_t begin = 0; begin < count; begin += grain) {
    body(context, begin, std::min(begin + grain, count), 0);
  }
}

// Not inlined: its frame ends where those of its callers begin.
[[gnu::noinline]] void run_reversed(int64_t count, int64_t grain, detail::ChunkBody body,
                                    void* context) {
  struct Inside {
    Inside() { inside = true; }
    ~Inside() { inside = false; }
  };
  const Inside here;
  const int64_t loop = order.loops++;
  ChunkWatcher* watcher = order.watcher;
  if (watcher != nullptr) watcher->loop_begins(__builtin_frame_address(0));
  for (int64_t chunk = chunk_count(count, grain); chunk-- > 0;) {
    const int worker = static_cast<int>((chunk + loop) % threads());
    if (watcher != nullptr) watcher->chunk_begins(worker);
    body(context, chunk * grain, std::min((chunk + 1) * grain, count), worker);
    if (watcher != nullptr) watcher->chunk_ended(worker);
  }
}

void run_on_own_threads(int64_t count, int64_t grain, detail::ChunkBody body, void* context) {
  Job job;
  job.count = count;
  job.grain = grain;
  job.body = body;
  job.context = context;
  const int size = threads();
  std::vector<std::thread> workers;
  for (int worker = 0; worker < size; ++worker) {
    workers.emplace_back([&job, worker, size] {
      inside = true;
      keep_blas_serial();
      set_denormal_mode();
      try {
        for (int64_t chunk = worker; chunk < job.chunks(); chunk += size) job.run(chunk, worker);
      } catch (...) {
        job.error.keep();
      }
    });
  }
  for (std::thread& t : workers) t.join();
  job.error.rethrow();
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
  count = std::max(1, count);
  keep_blas_serial();
  set_denormal_mode();
  if (wanted == count) return;
  wanted = count;
  ready = nullptr;
  team.reset();
}

int threads() {
  if (wanted == 0) set_threads(default_threads());
  return wanted;
}

std::vector<std::string> openmp_runtimes() {
  std::vector<std::string> found;
  const auto look = [](dl_phdr_info* info, size_t, void* to) {
    const std::string path = info->dlpi_name;
    const std::string name = path.substr(path.rfind('/') + 1);
    for (const char* runtime : {"libgomp.", "libiomp5.", "libomp.", "libgomp-", "libomp5."}) {
      if (name.rfind(runtime, 0) != 0) continue;
      static_cast<std::vector<std::string>*>(to)->push_back(path);
    }
    return 0;
  };
  dl_iterate_phdr(look, &found);
  return found;
}

void set_chunk_order(ChunkOrder chunks, ChunkWatcher* watcher) { order = {chunks, watcher, 0}; }

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
  const bool alone = inside || chunk_count(count, grain) == 1;
  if (!alone && order.chunks != ChunkOrder::kAny) {
    const bool reversed = order.chunks == ChunkOrder::kReversed;
    return (reversed ? run_reversed : run_on_own_threads)(count, grain, body, context);
  }
  if (alone || threads() == 1) {
    // A nested call has its caller's thread to itself but no worker number of its own: bodies that
    // use per-thread scratch must not be nested.
    run_serially(count, grain, body, context);
    return;
  }
  Job job;
  job.count = count;
  job.grain = grain;
  job.body = body;
  job.context = context;
  if (!ready_team().run(job)) return run_serially(count, grain, body, context);
  job.error.rethrow();
}

}  // namespace cnn
