// Errors: place, problem, remedy; and the exit codes of every command.
#pragma once

#include <fmt/core.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cnn {

// What a command returns to its shell.
enum class Exit : int {
  kOk = 0,
  kBug = 1,
  kUsage = 2,      // the command line
  kSpec = 3,       // the model file's content
  kInput = 4,      // an input file is missing, unreadable or bad
  kDiverged = 5,   // a loss or gradient is not finite
  kResource = 6,   // memory, disk or output
  kThreshold = 7,  // a stated threshold is not met
  kInterrupted = 130,
  kTerminated = 143,
};

// One message to the user. `place` is "FILE:LINE:COL", "FILE: at byte N", "FILE: sample N" or
// empty.
struct Diagnostic {
  std::string place;
  std::string problem;
  std::string excerpt;             // source line and caret, or empty
  std::vector<std::string> notes;  // one per line, printed after "note: "
};

// "place: error: problem", the excerpt, the notes; each line ends with '\n'.
std::string render(const Diagnostic& d, std::string_view severity = "error");

// An error that the user can mend. Everything else that is thrown is a bug.
class Error : public std::runtime_error {
 public:
  Error(Exit code, std::vector<Diagnostic> diagnostics);
  Exit code() const { return code_; }
  const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }

 private:
  Exit code_;
  std::vector<Diagnostic> diagnostics_;
};

[[noreturn]] void fail_with(Exit code, std::string place, fmt::string_view format,
                            fmt::format_args args);

// Throws an Error of one diagnostic: fail(Exit::kInput, path, "at byte {}: ...", n).
// `place` may be empty. Control characters in both are escaped when rendered.
template <class... Args>
[[noreturn]] void fail(Exit code, std::string place, fmt::format_string<Args...> format,
                       Args&&... args) {
  fail_with(code, std::move(place), format, fmt::make_format_args(args...));
}

// A broken promise of our own code: throws std::logic_error with file and line.
[[noreturn]] void bug(const char* condition, const char* file, int line);

}  // namespace cnn

#define CNN_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::cnn::bug(#condition, __FILE__, __LINE__))
