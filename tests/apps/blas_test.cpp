// What the commands do about BLAS: its memory, and its kernels.

#include "apps/support.h"
#include "support/catch.h"

using namespace cnn;
namespace fs = std::filesystem;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kLimitsWork = false;  // sanitizers map terabytes
#else
constexpr bool kLimitsWork = true;
#endif

ProcessSettings limited_to(long kib) {
  ProcessSettings settings;
  settings.address_limit = kib * 1024;
  return settings;
}

Process::Result run_briefly(const std::vector<std::string>& words,
                            const ProcessSettings& settings) {
  return Process(cnn_words(words), settings).wait(20);
}

ProcessSettings with_core(const std::string& core) {
  ProcessSettings settings;
  settings.environment = {{"OPENBLAS_CORETYPE", core}};
  return settings;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("commands that compute nothing run where BLAS has no room") {
  if (!kLimitsWork) return;
  const TemporaryFolder folder;
  const std::string model = folder.file("m.yaml", small_model());
  for (const std::vector<std::string>& words : {std::vector<std::string>{"help"},
                                                {"help", "layer", "conv"},
                                                {"spec", "render", model},
                                                {"summary", model},
                                                {"runs", "list", folder.str("")}}) {
    const auto result = run_briefly(words, limited_to(100'000));
    INFO(words[0] << ": " << result.err);
    CHECK(result.exit == 0);
  }
}

TEST_CASE("where BLAS has no room, commands that compute end with a sentence and leave nothing") {
  if (!kLimitsWork) return;
  const TemporaryFolder folder;
  const std::string model = folder.file("m.yaml", small_model());
  REQUIRE(run_cnn({"train", model, "--max-steps", "2", "--out", folder.str("runs")}).exit == 0);
  for (const long kib : {100'000L, 300'000L}) {
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"train", model, "--out", folder.str("no")},
          {"time", model, "--seconds", "0"}}) {
      const auto result = run_briefly(words, limited_to(kib));
      INFO(words[0] << ": " << result.err);
      CHECK(result.exit == 6);
      CHECK(contains(result.err, "error: out of memory: matrix products on"));
      CHECK(contains(result.err, "ulimit -v"));
    }
    // May do without: it multiplies little.
    const auto result = run_briefly({"test", folder.str("runs/small")}, limited_to(kib));
    INFO(result.err);
    CHECK((result.exit == 0 || result.exit == 6));
  }
  CHECK_FALSE(fs::exists(folder.path() / "no"));
}

TEST_CASE("whatever room there is, training runs or ends with a sentence") {
  if (!kLimitsWork) return;
  const TemporaryFolder folder;
  const std::string model = folder.file("m.yaml", small_model());
  for (const long kib : {400'000L, 450'000L, 500'000L, 600'000L, 700'000L}) {
    const auto result = run_briefly(
        {"train", model, "--max-steps", "2", "--out", folder.str("runs")}, limited_to(kib));
    INFO(kib << " KiB: " << result.err);
    CHECK((result.exit == 0 || (result.exit == 6 && contains(result.err, "error: "))));
  }
}

#if defined(__x86_64__)
TEST_CASE("a wrong core of the user's is a warning with the remedy, and recorded") {
  if (!__builtin_cpu_supports("avx2")) {
    WARN("skipped: no core is wrong on this processor");
    return;
  }
  const TemporaryFolder folder;
  const std::string model = folder.file("m.yaml", small_model());
  // The executable itself, as a script may start it.
  const std::vector<std::string> words = {std::string(CNN_BINARY_DIR) + "/bin/cnn-train",
                                          model,
                                          "--max-steps",
                                          "2",
                                          "--out",
                                          folder.str("runs")};
  const auto plain = Process(words).wait();
  REQUIRE(plain.exit == 0);
  CHECK_FALSE(contains(plain.err, "warning"));
  const Json own = Json::parse(read_text(folder.str("runs/small/run.json")));
  if (own["blas_core"] == "") return;  // another library than OpenBLAS, or none
  const auto wrong = Process(words, with_core("Prescott")).wait();
  INFO(wrong.err);
  REQUIRE(wrong.exit == 0);
  CHECK(contains(wrong.err, "warning: OPENBLAS_CORETYPE=Prescott: matrix products use"));
  CHECK(contains(wrong.err, "unset it, or set OPENBLAS_CORETYPE="));
  const Json record = Json::parse(read_text(folder.str("runs/small-2/run.json")));
  CHECK(record["blas_core"] == "Prescott");
  CHECK(own["blas_core"] != "Prescott");
  const auto timed =
      run_cnn({"time", model, "--seconds", "0", "--total", "-v"}, with_core("Prescott"));
  INFO(timed.err);
  CHECK(contains(timed.out, "(Prescott)"));
  CHECK(contains(timed.err, "matrix products: "));
}
#endif
