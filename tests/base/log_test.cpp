#include "base/log.h"

#include <string>
#include <vector>

#include "support/catch.h"

using namespace cnn;

namespace {

std::vector<std::string> lines_at(LogLevel level) {
  std::vector<std::string> lines;
  const LogLevel before = log_level();
  set_log_level(level);
  set_log_sink([&](std::string_view line) { lines.emplace_back(line); });
  warn("{} is odd", 3);
  note("epoch {}", 1);
  detail_note("kernel {}", "gemm");
  set_log_sink({});
  set_log_level(before);
  return lines;
}

}  // namespace

TEST_CASE("warnings are always shown, notes and details by level") {
  using Lines = std::vector<std::string>;
  CHECK(lines_at(LogLevel::kQuiet) == Lines{"warning: 3 is odd"});
  CHECK(lines_at(LogLevel::kNormal) == Lines{"warning: 3 is odd", "epoch 1"});
  CHECK(lines_at(LogLevel::kVerbose) == Lines{"warning: 3 is odd", "epoch 1", "kernel gemm"});
}

TEST_CASE("row 20: control characters do not reach the terminal") {
  std::string seen;
  set_log_sink([&](std::string_view line) { seen = line; });
  note("a{}b", "\x1b[31m");
  set_log_sink({});
  CHECK(seen == "a\\x1b[31mb");
}
