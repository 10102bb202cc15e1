// Runs the built commands as a user's shell would.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "support/files.h"

namespace cnn {

struct ProcessSettings {
  std::string folder;          // working directory; empty: this one
  std::string stdout_to;       // a file instead of capturing ("/dev/full")
  bool broken_stdout = false;  // a pipe whose reader has gone
  long file_size_limit = -1;   // RLIMIT_FSIZE in bytes
  long address_limit = -1;     // RLIMIT_AS in bytes
  std::vector<std::pair<std::string, std::string>> environment = {};
};

// A running command; killed if it is still there at the end.
class Process {
 public:
  explicit Process(const std::vector<std::string>& words, const ProcessSettings& settings = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  struct Result {
    int exit = -1;  // -1: died from a signal
    int signal = 0;
    std::string out;
    std::string err;
  };
  void send(int signal_number) const;
  bool running();
  // Waits, at most `seconds` (then kills it).
  Result wait(double seconds = 120);
  std::string err_so_far() const { return read_text(err_path_); }

 private:
  TemporaryFolder folder_;
  std::string out_path_, err_path_;
  pid_t pid_ = -1;
  bool ended_ = false;
  int status_ = 0;
};

// `cnn WORDS...` of this build, from start to end.
Process::Result run_cnn(const std::vector<std::string>& words,
                        const ProcessSettings& settings = {});
std::vector<std::string> cnn_words(std::vector<std::string> words);

// Waits until `condition` holds, at most `seconds`.
template <class Condition>
bool wait_until(double seconds, Condition condition);

}  // namespace cnn

#include <chrono>
#include <thread>

template <class Condition>
bool cnn::wait_until(double seconds, Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return condition();
}
