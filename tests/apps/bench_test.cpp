// scripts/bench.sh on small cases, alone and beside a peer that is a script of our own.
#include <filesystem>
#include <fstream>

#include "apps/support.h"
#include "support/catch.h"

namespace cnn {
namespace {

Process::Result bench(std::vector<std::string> words) {
  words.insert(words.begin(), {"/bin/bash", CNN_SOURCE_DIR "/scripts/bench.sh", "--seconds", "0.01",
                               "--threads", "1"});
  ProcessSettings settings;
  settings.environment = {{"CNN", cnn_words({}).front()}};
  return Process(words, settings).wait();
}

TEST_CASE("bench.sh prints a table of speed, and of batches") {
  const Process::Result table = bench({"lenet5:infer:2", "lenet5:train:2"});
  INFO(table.err);
  CHECK(table.exit == 0);
  CHECK(table.out.find("| lenet5:infer:2 | ") != std::string::npos);
  CHECK(table.out.find("| lenet5:train:2 | ") != std::string::npos);
  const Process::Result batches = bench({"--batches", "lenet5"});
  CHECK(batches.exit == 0);
  CHECK(batches.out.find("| 64 | ") != std::string::npos);
  CHECK(bench({"--scaling", "lenet5:infer:1"}).out.find("| lenet5:infer:1 | ") !=
        std::string::npos);
}

TEST_CASE("bench.sh quotes the fastest peer and the leanest") {
  const TemporaryFolder folder;
  // A script for sh, so that the test needs no Python.
  std::ofstream(folder.str("torch_bench.py")) << R"(case "$*" in
  *--channels-last*) echo '{"engine": "fast", "samples_per_s": 1e30, "peak_mib": 900}' ;;
  *) echo '{"engine": "slow", "samples_per_s": 1.5, "peak_mib": 100}' ;;
esac
)";
  const Process::Result result =
      bench({"--peers", folder.str(), "--python", "/bin/sh", "--rounds", "2", "lenet5:infer:1"});
  INFO(result.err);
  CHECK(result.exit == 0);
  CHECK(result.out.find("(fast) | 0.00x |") != std::string::npos);
  CHECK(result.out.find("| 100 |") != std::string::npos);
}

TEST_CASE("bench.sh refuses what it does not know") {
  CHECK(bench({"lenet5"}).exit == 2);
  CHECK(bench({"--fast"}).exit == 2);
  CHECK(bench({"--peers", "/nowhere"}).exit == 2);
}

}  // namespace
}  // namespace cnn
