#include "kernels/gemm_library.h"

#include <dlfcn.h>

#include <cstdlib>

#include "base/error.h"
#include "base/log.h"
#include "base/machine.h"
#include "kernels/gemm_core.h"
#include "support/catch.h"
#include "support/environment.h"

namespace cnn {
namespace {

constexpr const char* kCore = "OPENBLAS_CORETYPE";

// What the user has set, and what is said meanwhile. The old library is gone afterwards.
class Setting {
 public:
  explicit Setting(const char* core) : core_(kCore, core) {
    set_log_level(LogLevel::kVerbose);
    set_log_sink([this](std::string_view line) { said_ += std::string(line) + "\n"; });
  }
  ~Setting() {
    while (void* handle = dlopen(CNN_OLD_BLAS, RTLD_NOW | RTLD_NOLOAD)) {
      dlclose(handle);
      dlclose(handle);  // what the test has loaded: the next begins anew
    }
    set_log_sink(nullptr);
    set_log_level(LogLevel::kNormal);
  }
  bool said(std::string_view words) const { return said_.find(words) != std::string::npos; }
  const std::string& all() const { return said_; }

 private:
  const WithEnvironment core_;
  std::string said_;
};

GemmLibrary load_old(std::string_view offered) {
  return load_gemm_library({CNN_OLD_BLAS}, offered, 1);
}

TEST_CASE("cores that make less of a processor than it offers are replaced, others never") {
  struct Case {
    const char *core, *offered, *better;
  };
  const Case cases[] = {
      {"Prescott", "x86-64-v4", "SkylakeX"},  // a processor that is newer than the library
      {"Prescott", "x86-64-v3", "Haswell"},
      {"Barcelona", "x86-64-v3", "Haswell"},  // as new, of another maker
      {"Prescott", "x86-64", ""},
      {"Nehalem", "x86-64", ""},
      {"Zen", "x86-64-v3", ""},
      {"Excavator", "x86-64-v3", ""},
      {"Zen", "x86-64-v4", "SkylakeX"},
      {"Haswell", "x86-64-v4", "SkylakeX"},
      {"SapphireRapids", "x86-64-v4", ""},
      {"SkylakeX", "x86-64-v3", ""},
      {"SomethingNew", "x86-64-v4", ""},
      {"", "x86-64-v4", ""},
      {"armv8", "aarch64", ""},
      {"armv8", "aarch64-sve", "ARMV8SVE"},
      {"neoversen1", "aarch64-sve", ""},
      {"Prescott", "unknown", ""},
  };
  for (const Case& c : cases) {
    INFO(c.core << " on " << c.offered);
    CHECK(better_core(c.core, c.offered) == c.better);
    if (*c.better) CHECK(better_core(c.better, c.offered).empty());
  }
  CHECK(is_beyond("SkylakeX", "x86-64-v3"));
  CHECK(is_beyond("Haswell", "x86-64"));
  CHECK_FALSE(is_beyond("Zen", "x86-64-v3"));
  CHECK_FALSE(is_beyond("Prescott", "x86-64-v4"));
  CHECK_FALSE(is_beyond("SomethingNew", "x86-64"));
}

TEST_CASE("a library that does not know the processor is loaded for what that offers") {
  const Setting setting(nullptr);
  const GemmLibrary library = load_old("x86-64-v3");
  CHECK(library.core == "Haswell");
  CHECK(library.sgemm != nullptr);
  CHECK(library.name().find("(Haswell)") != std::string::npos);
  INFO(setting.all());
  CHECK(setting.said("took its kernels for Prescott"));
  CHECK_FALSE(setting.said("warning"));
  CHECK(std::getenv(kCore) == nullptr);  // what we start does not inherit it
}

TEST_CASE("a library that is left as it is keeps its core") {
  const Setting setting(nullptr);
  CHECK(load_old("x86-64").core == "Prescott");
  CHECK_FALSE(setting.said("warning"));
}

TEST_CASE("kernels below the processor that cannot be helped are a warning") {
  const Setting setting(nullptr);
  CHECK(load_old("x86-64-v4").core == "Prescott");
  INFO(setting.all());
  CHECK(setting.said("warning: OpenBLAS's kernels for Prescott are below"));
  CHECK(setting.said("SkylakeX"));
}

TEST_CASE("the user's core stays, with a warning and the remedy where it is a weak one") {
  const Setting setting("Prescott");
  CHECK(load_old("x86-64-v3").core == "Prescott");
  INFO(setting.all());
  CHECK(setting.said("warning: OPENBLAS_CORETYPE=Prescott"));
  CHECK(setting.said("unset it, or set OPENBLAS_CORETYPE=Haswell"));
}

TEST_CASE("the user's core that the processor cannot run is refused") {
  const Setting setting("Haswell");
  try {
    load_old("x86-64");
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == Exit::kUsage);
    CHECK(std::string(error.what()).find("OPENBLAS_CORETYPE") != std::string::npos);
  }
}

TEST_CASE("a library that is not there is an error that names it") {
  try {
    load_gemm_library({"libnot-there.so.9"}, "x86-64", 1);
    FAIL("loaded");
  } catch (const Error& error) {
    CHECK(error.code() == Exit::kResource);
    CHECK(std::string(error.what()).find("libnot-there.so.9") != std::string::npos);
  }
}

TEST_CASE("the library of this build makes use of this processor") {
  const GemmLibrary& library = gemm_library();
  CHECK(&library == &gemm_library());
  CHECK_FALSE(library.file.empty());
  if (std::getenv(kCore)) return;
  CHECK(better_core(library.core, offered_instruction_set()).empty());
}

}  // namespace
}  // namespace cnn
