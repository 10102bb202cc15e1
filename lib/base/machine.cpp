#include "base/machine.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include <algorithm>
#include <charconv>
#include <chrono>
#include <ctime>
#include <fstream>
#include <limits>
#include <optional>
#include <vector>

#include "base/text.h"

namespace cnn {
namespace {

constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();

std::optional<uint64_t> number_in(std::string_view text) {
  const size_t begin = text.find_first_of("0123456789");
  if (begin == std::string_view::npos) return std::nullopt;
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data() + begin, text.data() + text.size(), value);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

// The rest of the first line of a /proc file that starts with `key`.
std::optional<std::string> line_after(const char* path, std::string_view key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key)) return line.substr(key.size());
  }
  return std::nullopt;
}

uint64_t number_in_file(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return kUnlimited;
  return number_in(line).value_or(kUnlimited);  // "max": no limit
}

uint64_t room(const std::string& limit_file, const std::string& usage_file) {
  const uint64_t limit = number_in_file(limit_file);
  const uint64_t usage = number_in_file(usage_file);
  if (limit == kUnlimited || usage == kUnlimited) return kUnlimited;
  return limit > usage ? limit - usage : 0;
}

// What the control groups (version 2, version 1) leave, those above ours included.
uint64_t control_group_room() {
  uint64_t least = kUnlimited;
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> parts = split(line, ':');  // number, controllers, path
    if (parts.size() < 3) continue;
    const bool unified = parts[1].empty();
    if (!unified && parts[1] != "memory") continue;
    const std::string root = unified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
    const char* limit = unified ? "/memory.max" : "/memory.limit_in_bytes";
    const char* usage = unified ? "/memory.current" : "/memory.usage_in_bytes";
    for (std::string path = parts[2];; path = path.substr(0, path.rfind('/'))) {
      const std::string folder = root + (path == "/" ? "" : path);
      least = std::min(least, room(folder + limit, folder + usage));
      if (path.empty() || path == "/") break;
    }
  }
  return least;
}

}  // namespace

std::string cpu_name() {
  const std::optional<std::string> line = line_after("/proc/cpuinfo", "model name");
  const size_t begin = line ? line->find_first_not_of("\t :") : std::string::npos;
  if (begin != std::string::npos) return line->substr(begin);
#if defined(__aarch64__)
  return "aarch64";
#else
  return "unknown CPU";
#endif
}

std::string instruction_set() {
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
  return "x86-64-v4";
#elif defined(__AVX2__) && defined(__FMA__)
  return "x86-64-v3";
#elif defined(__x86_64__)
  return "x86-64";
#elif defined(__aarch64__)
  return "aarch64";
#else
  return "unknown";
#endif
}

std::string offered_instruction_set() {
#if defined(__x86_64__)
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return v4 ? "x86-64-v4" : v3 ? "x86-64-v3" : "x86-64";
#elif defined(__aarch64__)
  return (getauxval(AT_HWCAP) & HWCAP_SVE) != 0 ? "aarch64-sve" : "aarch64";
#else
  return "unknown";
#endif
}

uint64_t available_memory() {
  uint64_t least = kUnlimited;
  if (const auto line = line_after("/proc/meminfo", "MemAvailable:")) {
    if (const auto kib = number_in(*line)) least = *kib * 1024;
  }
  least = std::min({least, control_group_room(), address_space_left().value_or(kUnlimited)});
  return least == kUnlimited ? 0 : least;
}

std::optional<uint64_t> address_space_left() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  std::ifstream file("/proc/self/statm");
  uint64_t pages = 0;
  file >> pages;
  const uint64_t taken = pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return limit.rlim_cur > taken ? limit.rlim_cur - taken : 0;
}

bool can_map(const std::vector<uint64_t>& sizes) {
  std::vector<void*> blocks;
  for (const uint64_t size : sizes) {
    void* block = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) break;
    blocks.push_back(block);
  }
  for (size_t i = 0; i < blocks.size(); ++i) munmap(blocks[i], sizes[i]);
  return blocks.size() == sizes.size();
}

double resident_mib() {
  std::ifstream file("/proc/self/statm");
  double total = 0, resident = 0;
  file >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

double peak_resident_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string iso_time(double seconds) {
  const auto whole = static_cast<time_t>(seconds);
  std::tm parts{};
  gmtime_r(&whole, &parts);
  char text[32];
  const size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return std::string(text, size);
}

}  // namespace cnn
