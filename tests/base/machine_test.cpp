#include "base/machine.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "base/error.h"
#include "base/parallel.h"
#include "support/catch.h"
#include "support/threads.h"

using namespace cnn;

namespace {

// What `body` gives in a child that may have so many bytes of addresses more than it has now.
template <class Body>
int in_limited_child(uint64_t more, Body body) {
  const pid_t child = fork();
  if (child == 0) {
    rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
    uint64_t left = 1;
    for (uint64_t bytes = uint64_t{1} << 20; left < more; bytes += uint64_t{1} << 20) {
      limit.rlim_cur = bytes;
      setrlimit(RLIMIT_AS, &limit);
      left = address_space_left().value_or(0);
    }
    _exit(body());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

[[maybe_unused]] int64_t threads_of_this_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::distance(begin(tasks), end(tasks));
}

}  // namespace

TEST_CASE("the code is for an instruction set that the machine offers") {
#if defined(__x86_64__)
  CHECK(instruction_set() <= offered_instruction_set());  // the levels' names are in order
#elif defined(__aarch64__)
  CHECK(offered_instruction_set().starts_with(instruction_set()));
#endif
}

TEST_CASE("blocks that the machine has can be mapped, others not") {
  CHECK(can_map({}));
  CHECK(can_map({1 << 20, 4096}));
  CHECK_FALSE(can_map({4096, uint64_t{1} << 62}));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("a limit of addresses is known, counts as memory, and bounds what can be mapped") {
  if (address_space_left()) return;  // one is set for this test
  constexpr uint64_t kMore = uint64_t{64} << 20;
  const auto judge = [] {
    const uint64_t left = address_space_left().value_or(0);
    return (left >= kMore ? 0 : 1) + (left < kMore + (uint64_t{2} << 20) ? 0 : 2) +
           (available_memory() <= left ? 0 : 4) + (can_map({kMore / 2}) ? 0 : 8) +
           (can_map({kMore / 2, kMore}) ? 16 : 0);
  };
  CHECK(in_limited_child(kMore, judge) == 0);
}

TEST_CASE("threads are made for the first loop, and where they have no room that is an error") {
  const WithThreads with(7);
  const int64_t before = threads_of_this_process();
  CHECK(threads() == 7);
  const auto loop = [] { parallel_for(8, 1, [](int64_t, int64_t) {}); };
  const auto fails = [&] {
    try {
      loop();
    } catch (const Error& error) {
      return static_cast<int>(error.code());
    }
    return 0;
  };
  CHECK(in_limited_child(uint64_t{16} << 20, fails) == static_cast<int>(Exit::kResource));
  CHECK(threads_of_this_process() == before);
  loop();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (threads_of_this_process() < before + 6 && std::chrono::steady_clock::now() < end) {
  }
  CHECK(threads_of_this_process() == before + 6);
}
#endif
