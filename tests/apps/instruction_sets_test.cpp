// A portable build takes the best code that the machine knows when it starts.

#include <filesystem>

#include "apps/support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

// `hidden`: features of the CPU that the dynamic loader shall not see.
std::string chosen(const std::string& hidden) {
  ProcessSettings settings;
  if (!hidden.empty()) settings.environment = {{"GLIBC_TUNABLES", "glibc.cpu.hwcaps=" + hidden}};
  const auto result = run_cnn({"time", std::string(CNN_SOURCE_DIR) + "/models/lenet5.yaml",
                               "--batch-size", "1", "--seconds", "0", "--total", "--json"},
                              settings);
  INFO(result.err);
  REQUIRE(result.exit == 0);
  return last_json(result.out)["instruction_set"].get<std::string>();
}

}  // namespace

TEST_CASE("a command says which instruction set its code is for") {
#if defined(__x86_64__)
  CHECK(chosen("").starts_with("x86-64"));
#elif defined(__aarch64__)
  CHECK(chosen("") == "aarch64");
#endif
}

#if defined(__x86_64__) && defined(__GLIBC__)
TEST_CASE("a portable build takes the highest level that the machine knows") {
  namespace fs = std::filesystem;
  bool is_portable = false;
  for (const char* folder : {"lib", "lib64", "lib/x86_64-linux-gnu"}) {
    is_portable = is_portable || fs::exists(fs::path(CNN_BINARY_DIR) / folder / "cnn/glibc-hwcaps");
  }
  if (!is_portable) {
    WARN("skipped: this build is for one machine (CNN_NATIVE)");
    return;
  }
  const bool v4 = __builtin_cpu_supports("x86-64-v4"), v3 = __builtin_cpu_supports("x86-64-v3");
  CHECK(chosen("") == (v4 ? "x86-64-v4" : v3 ? "x86-64-v3" : "x86-64"));
  CHECK(chosen("-AVX512F") == (v3 ? "x86-64-v3" : "x86-64"));
  CHECK(chosen("-AVX512F,-AVX2") == "x86-64");
}
#endif
