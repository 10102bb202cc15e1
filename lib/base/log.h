// Notes and warnings for the person at the terminal, on stderr; results never go through here.
#pragma once

#include <fmt/core.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace cnn {

enum class LogLevel { kQuiet, kNormal, kVerbose };

void set_log_level(LogLevel level);
LogLevel log_level();

// Where lines go (one without '\n' at a time); stderr unless set. The progress bar and the run's
// log.txt hook in here.
using LogSink = std::function<void(std::string_view line)>;
void set_log_sink(LogSink sink);

void log_line(LogLevel at_least, std::string_view line);

// True the first time that it is asked of a line: for what would else be said as often as a command
// opens its data.
bool is_news(const std::string& line);

// "warning: ..." (also when quiet), plain notes, and details for -v.
template <class... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  log_line(LogLevel::kQuiet, "warning: " + fmt::vformat(format, fmt::make_format_args(args...)));
}
template <class... Args>
void note(fmt::format_string<Args...> format, Args&&... args) {
  log_line(LogLevel::kNormal, fmt::vformat(format, fmt::make_format_args(args...)));
}
template <class... Args>
void detail_note(fmt::format_string<Args...> format, Args&&... args) {
  log_line(LogLevel::kVerbose, fmt::vformat(format, fmt::make_format_args(args...)));
}

}  // namespace cnn
