#include "base/log.h"

#include <cstdio>
#include <mutex>
#include <set>

#include "base/text.h"

namespace cnn {
namespace {

// Process-wide on purpose: there is one terminal.
LogLevel level = LogLevel::kNormal;
LogSink sink;
std::mutex mutex;

}  // namespace

void set_log_level(LogLevel l) { level = l; }
LogLevel log_level() { return level; }

void set_log_sink(LogSink s) {
  const std::lock_guard lock(mutex);
  sink = std::move(s);
}

void log_line(LogLevel at_least, std::string_view line) {
  if (static_cast<int>(level) < static_cast<int>(at_least)) return;
  const std::lock_guard lock(mutex);
  const std::string text = escaped(line);
  if (sink) {
    sink(text);
  } else {
    std::fprintf(stderr, "%s\n", text.c_str());
  }
}

bool is_news(const std::string& line) {
  static std::set<std::string> told;
  const std::lock_guard lock(mutex);
  return told.insert(line).second;
}

}  // namespace cnn
