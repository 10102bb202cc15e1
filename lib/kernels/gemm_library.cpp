#include "kernels/gemm_library.h"

#include <dlfcn.h>
#include <limits.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <optional>

#include "base/error.h"
#include "base/log.h"
#include "base/machine.h"
#include "base/parallel.h"
#include "base/text.h"
#include "kernels/gemm_core.h"

namespace cnn {
namespace {

constexpr const char* kCoreVariable = "OPENBLAS_CORETYPE";

// OpenBLAS 0.3: a buffer for itself, one for each thread that multiplies, and its file. Where it
// cannot have them it waits for ever.
constexpr uint64_t kBufferBytes = uint64_t{128} << 20;
constexpr uint64_t kFileBytes = uint64_t{48} << 20;
constexpr int kMostBuffers = 64;  // made beforehand: Debian's build has room for twice as many

std::vector<uint64_t> needed_blocks(int buffers) {
  std::vector<uint64_t> sizes(static_cast<size_t>(1 + buffers), kBufferBytes);
  sizes.push_back(kFileBytes);
  return sizes;
}

std::string needed_text(int buffers) {
  const std::vector<uint64_t> sizes = needed_blocks(buffers);
  return human_bytes(std::accumulate(sizes.begin(), sizes.end(), uint64_t{0}));
}

// An environment variable of this process while this lives.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    setenv(name, value.c_str(), 1);
  }
  ~Variable() {
    if (old_) {
      setenv(name_, old_->c_str(), 1);
    } else {
      unsetenv(name_);
    }
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> old_;
};

template <class Function>
Function* find(void* handle, const char* name) {
  return reinterpret_cast<Function*>(dlsym(handle, name));
}

void require_memory(int threads, int buffers) {
  if (can_map(needed_blocks(buffers))) return;
  Diagnostic d;
  d.problem = fmt::format("out of memory: matrix products on {} need {} of addresses for OpenBLAS",
                          counted(threads, "thread"), needed_text(buffers));
  if (const auto left = address_space_left()) {
    d.problem += fmt::format(", the limit (ulimit -v) leaves {}", human_bytes(*left));
    d.notes.push_back("raise the limit, or lift it: ulimit -v unlimited");
  }
  if (threads > 1) d.notes.push_back("--threads 1 needs " + needed_text(1));
  throw Error(Exit::kResource, {std::move(d)});
}

void* open_first(const std::vector<std::string>& files) {
  // Products are cut among threads by gemm: the library needs none of its own, and no buffers.
  const Variable serial("OPENBLAS_NUM_THREADS", "1"), serial_openmp("OMP_NUM_THREADS", "1");
  std::string reasons;
  for (const std::string& file : files) {
    if (void* handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)) return handle;
    const char* reason = dlerror();
    reasons += (reasons.empty() ? "" : "; ") + std::string(reason ? reason : file);
  }
  fail(Exit::kResource, "", "the library for matrix products cannot be loaded: {}", reasons);
}

std::string core_of(void* handle) {
  const auto name = find<char*()>(handle, "openblas_get_corename");
  return name == nullptr ? "" : name();
}

std::string file_of(const void* symbol) {
  Dl_info info;
  if (symbol == nullptr || dladdr(symbol, &info) == 0) return "";
  char path[PATH_MAX];
  const std::string whole = realpath(info.dli_fname, path) ? path : info.dli_fname;
  return whole.substr(whole.rfind('/') + 1);
}

// Takes the buffers at once, so that no later product can be short of them.
void make_buffers(void* handle, int count) {
  const auto take = find<void*(int)>(handle, "blas_memory_alloc");
  const auto give_back = find<void(void*)>(handle, "blas_memory_free");
  if (take == nullptr || give_back == nullptr) return;
  std::vector<void*> buffers;
  for (int i = 0; i < count; ++i) buffers.push_back(take(0));
  for (void* buffer : buffers) give_back(buffer);
}

// Says what is to be said of a core in the end; `asked`: the one that we asked for, or "".
void judge_core(const std::string& core, const std::string& users, std::string_view asked,
                std::string_view offered) {
  if (!users.empty() && is_beyond(core, offered)) {
    fail(Exit::kUsage, kCoreVariable, "'{}' is for processors with more than this one has ({})",
         users, offered);
  }
  const std::string_view better = better_core(core, offered);
  if (better.empty()) return;
  if (!users.empty()) {
    warn(
        "{}={}: matrix products use OpenBLAS's kernels for {}, below what this processor offers "
        "({}); unset it, or set {}={}",
        kCoreVariable, users, core, offered, kCoreVariable, better);
  } else {
    warn(
        "OpenBLAS's kernels for {} are below what this processor offers ({}), and it has none "
        "for {}: another build of it would be faster (libopenblas0-openmp, DYNAMIC_ARCH)",
        core, offered, asked);
  }
}

}  // namespace

GemmLibrary load_gemm_library(const std::vector<std::string>& files, std::string_view offered,
                              int threads) {
  const bool is_openblas = files.front().find("openblas") != std::string::npos;
  const int buffers = std::min(threads, kMostBuffers);
  if (is_openblas) require_memory(threads, buffers);
  const char* set = std::getenv(kCoreVariable);
  const std::string users = set == nullptr ? "" : set;
  void* handle = open_first(files);
  std::string core = core_of(handle);
  std::string_view asked;
  if (users.empty()) asked = better_core(core, offered);
  if (!asked.empty()) {
    dlclose(handle);
    const Variable choice(kCoreVariable, std::string(asked));
    handle = open_first(files);
    detail_note("OpenBLAS took its kernels for {}; asked for those for {} ({})", core, asked,
                offered);
    core = core_of(handle);
  }
  judge_core(core, users, asked, offered);
  void* sgemm = dlsym(handle, "cblas_sgemm");
  if (sgemm == nullptr) {
    fail(Exit::kResource, files.front(), "is no library for matrix products: it has no sgemm");
  }
  make_buffers(handle, buffers);
  const GemmLibrary library = {file_of(sgemm), core, sgemm};
  detail_note("matrix products: {}", library.name());
  return library;
}

const GemmLibrary& gemm_library() {
#ifdef CNN_REFERENCE_BLAS
  static const GemmLibrary library = {"built in", "", nullptr};
#else
  static const GemmLibrary library = load_gemm_library(
      {CNN_BLAS_FOLDER "/" CNN_BLAS_NAME, CNN_BLAS_NAME}, offered_instruction_set(), threads());
#endif
  return library;
}

}  // namespace cnn
