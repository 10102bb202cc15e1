// scripts/bench.sh on small cases, alone and beside a peer that is a script of our own.
#include <filesystem>
#include <fstream>

#include "apps/support.h"
#include "support/catch.h"

namespace cnn {
namespace {

// `cnn`: the program that is timed.
Process::Result bench(std::vector<std::string> words, const std::string& cnn) {
  words.insert(words.begin(), {"/bin/bash", CNN_SOURCE_DIR "/scripts/bench.sh", "--seconds", "0.01",
                               "--threads", "1"});
  ProcessSettings settings;
  settings.environment = {{"CNN", cnn}};
  return Process(words, settings).wait();
}
Process::Result bench(std::vector<std::string> words) {
  return bench(std::move(words), cnn_words({}).front());
}

std::string program(const TemporaryFolder& folder, const std::string& name,
                    const std::string& text) {
  const std::string path = folder.file(name, text);
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  return path;
}

TEST_CASE("bench.sh prints a table of speed, and of batches") {
  const Process::Result table = bench({"lenet5:infer:2", "lenet5:train:2"});
  INFO(table.err);
  CHECK(table.exit == 0);
  CHECK(table.out.find("| lenet5:infer:2 | ") != std::string::npos);
  CHECK(table.out.find("| lenet5:train:2 | ") != std::string::npos);
  const Process::Result batches = bench({"--batches", "lenet5", "--rounds", "1"});
  CHECK(batches.exit == 0);
  CHECK(batches.out.find("| 64 | ") != std::string::npos);
  CHECK(bench({"--scaling", "lenet5:infer:1"}).out.find("| lenet5:infer:1 | ") !=
        std::string::npos);
  const Process::Result all = bench({"--all", "lenet5", "perceptron"});
  CHECK(all.exit == 0);
  CHECK(all.out.find("| lenet5 | ") != std::string::npos);
  CHECK(all.out.find("| perceptron | ") != std::string::npos);
}

TEST_CASE("bench.sh measures in rounds and quotes medians, whatever the order of keys") {
  const TemporaryFolder folder;
  // A program of which one call in three is disturbed. Layers have the names of totals, too.
  const std::string cnn = program(folder, "cnn", R"(#!/bin/sh
calls=$(($(cat "$0.calls" 2>/dev/null || echo 0) + 1))
echo $calls >"$0.calls"
speed=200
[ $calls != 2 ] || speed=2
echo '{"layers":[{"name":"a]}\"{","gflops":7,"peak_mib":8}], "machine":{"copy_gb_s":3, "gflops":50},' \
  '"peak_mib": 40,"gflops" :25,"planned_mib":30,"samples_per_s":'$speed'}'
)");
  const Process::Result table = bench({"lenet5:train:2"}, cnn);
  INFO(table.err);
  CHECK(table.out.find("| lenet5:train:2 | 200.0 | 25 | 0.50 | 40 | 30 |") != std::string::npos);
  CHECK(read_text(cnn + ".calls") == "3\n");
  bench({"--scaling", "--rounds", "2", "lenet5:train:2"}, cnn);
  CHECK(read_text(cnn + ".calls") == "7\n");
}

TEST_CASE("bench.sh takes smaller batches where memory asks for it") {
  const TemporaryFolder folder;
  const std::string cnn = program(folder, "cnn", R"(#!/bin/sh
case "$*" in
  *--mode\ train*) exit 6 ;;
  *--batch-size\ [84]*) exit 6 ;;
esac
echo '{"samples_per_s": 5, "peak_mib": 7}'
)");
  const Process::Result all = bench({"--all", "lenet5"}, cnn);
  INFO(all.err);
  CHECK(all.exit == 0);
  CHECK(all.out.find("| lenet5 | - | - | - | 5.0 | 2 | 7 |") != std::string::npos);
  CHECK(bench({"--all", "lenet5"}, program(folder, "bad", "#!/bin/sh\nexit 3\n")).exit == 1);
}

TEST_CASE("bench.sh stops where a peer fails, and writes nothing") {
  const std::string readme = CNN_SOURCE_DIR "/tests/bench/README.md";
  const std::string before = read_text(readme);
  const TemporaryFolder folder;
  for (const std::string script :
       {"exit 1", "true", "echo '{}'", "echo '{\"samples_per_s\": 0}'"}) {
    folder.file("torch_bench.py", script + "\n");
    const Process::Result result = bench({"--peers", folder.str(), "--python", "/bin/sh",
                                          "--rounds", "1", "--write", "lenet5:infer:1"});
    INFO(script << ": " << result.err);
    CHECK(result.exit == 1);
    CHECK(result.err.find("bench.sh: ") != std::string::npos);
    CHECK(result.out.find("| lenet5:infer:1 |") == std::string::npos);
  }
  CHECK(read_text(readme) == before);
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
  CHECK(bench({"--threads", "two"}).exit == 2);
  CHECK(bench({"--batches", "lenet5", "--batches", "vgg16"}).exit == 2);
  CHECK(bench({"--batches", "lenet5", "lenet5:train:8"}).exit == 2);
  CHECK(bench({"--all", "--scaling"}).exit == 2);
  for (const std::string flag : {"--seconds", "--threads", "--rounds", "--batches", "--peers"}) {
    const Process::Result result = bench({flag});
    INFO(flag << ": " << result.err);
    CHECK(result.exit == 2);
    CHECK(result.err.find("bench.sh: " + flag + " needs") != std::string::npos);
  }
}

}  // namespace
}  // namespace cnn
