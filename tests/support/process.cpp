#include "support/process.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace cnn {
namespace fs = std::filesystem;

namespace {

void limit_to(int resource, long bytes) {
  if (bytes < 0) return;
  const auto limit = static_cast<rlim_t>(bytes);
  const rlimit both{limit, limit};
  setrlimit(static_cast<decltype(RLIMIT_AS)>(resource), &both);
}

}  // namespace

Process::Process(const std::vector<std::string>& words, const ProcessSettings& settings)
    : out_path_(settings.stdout_to.empty() ? folder_.str("out") : settings.stdout_to),
      err_path_(folder_.str("err")) {
  std::vector<std::string> copy = words;
  std::vector<char*> argv;
  for (std::string& word : copy) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ != 0) return;
  if (!settings.folder.empty() && chdir(settings.folder.c_str()) != 0) _exit(126);
  int out = open(out_path_.c_str(), O_WRONLY | O_CREAT, 0600);
  if (settings.broken_stdout) {
    int ends[2];
    if (pipe(ends) != 0) _exit(126);
    close(ends[0]);
    out = ends[1];
  }
  const int err = open(err_path_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  const int in = open("/dev/null", O_RDONLY);
  dup2(in, 0);
  dup2(out, 1);
  dup2(err, 2);
  limit_to(RLIMIT_FSIZE, settings.file_size_limit);
  limit_to(RLIMIT_AS, settings.address_limit);
  for (const auto& [name, value] : settings.environment) setenv(name.c_str(), value.c_str(), 1);
  execv(argv[0], argv.data());
  _exit(127);
}

Process::~Process() {
  if (ended_) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void Process::send(int signal_number) const { kill(pid_, signal_number); }

bool Process::running() {
  if (!ended_ && waitpid(pid_, &status_, WNOHANG) == pid_) ended_ = true;
  return !ended_;
}

Process::Result Process::wait(double seconds) {
  if (!wait_until(seconds, [&] { return !running(); })) {
    kill(pid_, SIGKILL);
    waitpid(pid_, &status_, 0);
    ended_ = true;
  }
  Result result;
  if (WIFEXITED(status_)) result.exit = WEXITSTATUS(status_);
  if (WIFSIGNALED(status_)) result.signal = WTERMSIG(status_);
  if (fs::is_regular_file(out_path_)) result.out = read_text(out_path_);
  result.err = read_text(err_path_);
  return result;
}

std::vector<std::string> cnn_words(std::vector<std::string> words) {
  words.insert(words.begin(), std::string(CNN_BINARY_DIR) + "/bin/cnn");
  return words;
}

Process::Result run_cnn(const std::vector<std::string>& words, const ProcessSettings& settings) {
  return Process(cnn_words(words), settings).wait();
}

}  // namespace cnn
