#include "base/files.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <functional>
#include <vector>

#include "base/error.h"
#include "support/catch.h"
#include "support/files.h"
#include "support/text.h"

using namespace cnn;
namespace fs = std::filesystem;

namespace {

// The error of a call: its code and text; kOk if there was none.
struct Outcome {
  Exit code = Exit::kOk;
  std::string text;
};

Outcome outcome(const std::function<void()>& call) {
  try {
    call();
    return {};
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
}

// Sets a test hook while it lives.
struct WithFaults {
  explicit WithFaults(FileFaults hook) { set_file_faults(std::move(hook)); }
  ~WithFaults() { set_file_faults({}); }
};

// Lets the n-th call of `name` (of any call if empty) fail, from 0.
FileFaults nth_fails(int n, int code, std::string name = "") {
  return [n, code, name, seen = 0](std::string_view call) mutable {
    if (!name.empty() && call != name) return 0;
    return seen++ == n ? code : 0;
  };
}

std::vector<std::string> files_in(const TemporaryFolder& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    names.push_back(entry.path().filename().string());
  }
  return names;
}

}  // namespace

TEST_CASE("a file is read whole, up to the limit") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a", std::string("x\0y", 3));
  CHECK(read_file(path, 3) == std::string("x\0y", 3));
  const Outcome result = outcome([&] { read_file(path, 2); });
  CHECK(result.code == Exit::kInput);
  CHECK(contains(result.text, path));
}

TEST_CASE("what is no readable file is refused without waiting") {
  const TemporaryFolder folder;
  const std::string pipe = folder.str("pipe"), link = folder.str("link");
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  fs::create_symlink(folder.str("nowhere"), link);
  struct Case {
    std::string name, path, expected;
  };
  const std::vector<Case> cases = {
      {"row 1: missing file", folder.str("missing"), "No such file"},
      {"row 1: directory", folder.str(), "a directory"},
      {"row 1: FIFO", pipe, "a pipe"},
      {"row 1: /dev/zero", "/dev/zero", "a device"},
      {"row 43: broken link", link, "broken symbolic link"},
  };
  for (const Case& c : cases) {
    SECTION(c.name) {
      const Outcome result = outcome([&] { read_file(c.path, 100); });
      CHECK(result.code == Exit::kInput);
      CHECK(contains(result.text, c.expected));
      CHECK(contains(result.text, c.path));
    }
  }
}

TEST_CASE("row 46: a file that shrinks while it is open is an error, not a signal") {
  const TemporaryFolder folder;
  const InputFile file(folder.file("a", "0123456789"));
  char buffer[10];
  file.read_at(0, buffer, 10);
  REQUIRE(truncate(file.path().c_str(), 4) == 0);
  const Outcome result = outcome([&] { file.read_at(2, buffer, 8); });
  CHECK(result.code == Exit::kResource);
  CHECK(contains(result.text, "ends at byte 4"));
}

TEST_CASE("an atomic file appears whole at commit and not before") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a", "old");
  {
    AtomicFile file(path);
    file.write("nEw");
    file.write_at(1, "e", 1);
    file.write(" text");
    CHECK(read_text(path) == "old");
    file.commit();
    CHECK(read_text(path) == "new text");
  }
  { AtomicFile(path).write("abandoned"); }
  CHECK(read_text(path) == "new text");
  CHECK(files_in(folder) == std::vector<std::string>{"a"});
}

TEST_CASE("leftovers of a killed process are removed, those of a living one are not") {
  const TemporaryFolder folder;
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);  // its number now belongs to nobody
  folder.file(".a." + std::to_string(child) + "-0.tmp", "stale");
  const std::string alive = ".a." + std::to_string(getppid()) + "-0.tmp";
  folder.file(alive, "busy");
  write_file_atomically(folder.str("a"), "new");
  CHECK(fs::exists(folder.str(alive)));
  CHECK(files_in(folder).size() == 2);
}

TEST_CASE("row 60: an output that is a link, a folder or a device is refused") {
  const TemporaryFolder folder;
  const std::string target = folder.file("target", "mine"), link = folder.str("link");
  fs::create_symlink(target, link);
  for (const std::string& path : {link, folder.str(), std::string("/dev/full")}) {
    const Outcome result = outcome([&] { write_file_atomically(path, "x"); });
    INFO(path);
    CHECK(result.code == Exit::kResource);
  }
  CHECK(outcome([&] { AppendFile file(link); }).code == Exit::kResource);
  CHECK(read_text(target) == "mine");
  CHECK(fs::is_symlink(link));
}

TEST_CASE("row 61: a full disk at any call keeps the old file and leaves no other") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a", "old");
  int failures = 0;
  for (int n = 0; n < 200; ++n) {
    const Outcome result = outcome([&] {
      const WithFaults faults(nth_fails(n, ENOSPC));
      AtomicFile file(path);
      for (int i = 0; i < 20; ++i) file.write("piece");
      file.commit();
    });
    if (result.code == Exit::kOk) break;
    ++failures;
    CHECK(result.code == Exit::kResource);
    CHECK(contains(result.text, "No space left"));
    CHECK(contains(result.text, "free some space"));
    CHECK(files_in(folder) == std::vector<std::string>{"a"});
    // Only the fsync of the folder comes after the rename.
    const std::string content = read_text(path);
    const bool old_or_whole = content == "old" || content.size() == 100;
    CHECK(old_or_whole);
    write_file_atomically(path, "old");
  }
  CHECK(failures ==
        1 + 20 + 5);  // open; writes; fsync, close, rename, open and fsync of the folder
}

TEST_CASE("row 62: EIO at fsync or close is final") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a", "old");
  for (const std::string call : {"fsync", "close"}) {
    SECTION(call) {
      int calls = 0;
      const WithFaults faults(
          [&](std::string_view name) { return name == call && ++calls ? EIO : 0; });
      CHECK(outcome([&] { write_file_atomically(path, "new"); }).code == Exit::kResource);
      CHECK(calls == 1);
      CHECK(read_text(path) == "old");
      CHECK(files_in(folder).size() == 1);
    }
  }
}

TEST_CASE("row 63: interrupted and short writes succeed") {
  const TemporaryFolder folder;
  const std::string path = folder.str("a"), content(1000, 'x');
  for (const int fault : {EINTR, kShortWrite}) {
    int calls = 0;
    const WithFaults faults(
        [&](std::string_view call) { return call != "close" && ++calls % 2 == 1 ? fault : 0; });
    write_file_atomically(path, content);
    CHECK(read_text(path) == content);
    AppendFile file(folder.str("b" + std::to_string(fault)));
    file.append(content);
    CHECK(file.size() == content.size());
  }
}

TEST_CASE("row 64: a failed rename keeps the old file and leaves no other") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a", "old");
  const WithFaults faults(nth_fails(0, EACCES, "rename"));
  const Outcome result = outcome([&] { write_file_atomically(path, "new"); });
  CHECK(result.code == Exit::kResource);
  CHECK(contains(result.text, "rename"));
  CHECK(read_text(path) == "old");
  CHECK(files_in(folder).size() == 1);
}

TEST_CASE("row 65: the limit on file sizes is an error where SIGXFSZ is ignored") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a", "old");
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {1000, 1000};
    setrlimit(RLIMIT_FSIZE, &limit);
    const Outcome result = outcome([&] { write_file_atomically(path, std::string(5000, 'x')); });
    _exit(contains(result.text, "ulimit") ? static_cast<int>(result.code) : 99);
  }
  int status = 0;
  waitpid(child, &status, 0);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 6);
  CHECK(read_text(path) == "old");
  CHECK(files_in(folder).size() == 1);
}

TEST_CASE("row 66: a process killed while it writes leaves the old file or the new one") {
  const TemporaryFolder folder;
  const std::string path = folder.str("a");
  const std::string contents[] = {std::string(300'000, 'a'), std::string(300'000, 'b')};
  write_file_atomically(path, contents[0]);
  for (int delay = 0; delay < 10; ++delay) {
    const pid_t child = fork();
    if (child == 0) {
      for (int i = 0;; ++i) write_file_atomically(path, contents[i % 2]);
    }
    usleep(static_cast<useconds_t>(500 + 700 * delay));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    const std::string found = read_text(path);
    const bool whole = found == contents[0] || found == contents[1];
    CHECK(whole);
  }
  write_file_atomically(path, "");
  CHECK(files_in(folder) == std::vector<std::string>{"a"});
}

TEST_CASE("row 71: a full device is reported when a log or a table is written to it") {
  AppendFile file("/dev/full");
  const Outcome result = outcome([&] { file.append("line\n"); });
  CHECK(result.code == Exit::kResource);
  CHECK(contains(result.text, "No space left"));
}

TEST_CASE("row 72: a run folder that cannot be made or written is an error") {
  const TemporaryFolder folder;
  const std::string file = folder.file("file", "");
  CHECK(outcome([&] { make_directories(file + "/run"); }).code == Exit::kResource);
  CHECK(outcome([&] { make_directories(file); }).code == Exit::kResource);
  make_directories(folder.str("a/b//c/"));
  CHECK(is_directory(folder.str("a/b/c")));
  make_directories(folder.str("a/b"));
  const WithFaults faults(nth_fails(0, EROFS, "mkdir"));
  const Outcome result = outcome([&] { make_directories(folder.str("d")); });
  CHECK(result.code == Exit::kResource);
  CHECK(contains(result.text, "--out"));
}

TEST_CASE("row 73: a lock is held by one at a time") {
  const TemporaryFolder folder;
  const std::string path = folder.str("lock");
  {
    const FileLock first(path, "runs/x");
    const Outcome result = outcome([&] { FileLock second(path, "runs/x"); });
    CHECK(result.code == Exit::kResource);
    CHECK(contains(result.text, "runs/x: error: is in use"));
  }
  CHECK(outcome([&] { FileLock again(path, "runs/x"); }).code == Exit::kOk);
}

TEST_CASE("an appended file is cut back, and a failed record leaves nothing behind") {
  const TemporaryFolder folder;
  const std::string path = folder.file("log", "one\n");
  AppendFile file(path);
  CHECK(file.size() == 4);
  file.append("two\n");
  const uint64_t mark = file.size();
  file.append("three\n");
  file.cut_to(mark);
  file.cut_to(mark + 100);
  file.sync();
  CHECK(read_text(path) == "one\ntwo\n");
  {
    // Half of the record is written before the disk is full.
    int calls = 0;
    const WithFaults faults([&](std::string_view call) {
      return call != "write" ? 0 : calls++ == 0 ? kShortWrite : ENOSPC;
    });
    CHECK(outcome([&] { file.append("lost record\n"); }).code == Exit::kResource);
  }
  CHECK(read_text(path) == "one\ntwo\n");
  file.append("four\n");
  CHECK(read_text(path) == "one\ntwo\nfour\n");
}
