// Files: bounded reads, atomic writes, locks. Every system call that writes goes through a hook, so
// that tests can let the n-th one fail (FileFaults). Interrupted and short calls go on; a failed
// fsync or close is final.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace cnn {

// The whole of a regular file; Exit::kInput if it is missing, no regular file (directory, FIFO,
// device), unreadable, or larger than `limit` bytes.
std::string read_file(const std::string& path, uint64_t limit);

// Positional reads of a regular file; safe from several threads. Errors as read_file's.
class InputFile {
 public:
  explicit InputFile(std::string path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::string& path() const { return path_; }
  uint64_t size() const { return size_; }  // when it was opened
  // Exactly `size` bytes from `offset`; Exit::kResource if the file has shrunk or the disk fails.
  void read_at(uint64_t offset, void* data, size_t size) const;

 private:
  std::string path_;
  int descriptor_ = -1;
  uint64_t size_ = 0;
};

bool file_exists(const std::string& path);
bool is_directory(const std::string& path);

// Writes to a temporary name in the target's folder, fsyncs, renames, fsyncs the folder. Until
// commit() returns, the old file stands; without commit() the temporary is removed. All failures
// are Exit::kResource; a target that is a symbolic link, a device or a folder is refused. What a
// killed process left behind (".NAME.PID-N.tmp") is removed by the next write of NAME.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, size_t size);
  void write(std::string_view text) { write(text.data(), text.size()); }
  // Overwrites what was written before, for headers that are known last.
  void write_at(uint64_t offset, const void* data, size_t size);
  void commit();

 private:
  std::string path_;
  std::string temporary_;
  int descriptor_ = -1;
};

void write_file_atomically(const std::string& path, std::string_view content);

// Appends whole records to a growing file (CSV, log, events). size() is what a checkpoint notes;
// cut_to() takes back what was written after it (a file that is shorter stays as it is). Throws
// Exit::kResource on any failed write, and takes the half record back. Not through symbolic links.
class AppendFile {
 public:
  explicit AppendFile(std::string path);
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  void append(std::string_view record);
  uint64_t size() const { return size_; }
  void cut_to(uint64_t size);
  void sync();

 private:
  std::string path_;
  int descriptor_ = -1;
  uint64_t size_ = 0;
};

// Memory on disk: a file without a name in `folder`, which is gone when the process is, however
// that ends. All failures are Exit::kResource. Of one thread at a time.
class ScratchFile {
 public:
  explicit ScratchFile(const std::string& folder);
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  void write_at(uint64_t offset, const void* data, size_t size);
  void read_at(uint64_t offset, void* data, size_t size) const;

 private:
  std::string folder_;
  int descriptor_ = -1;
};

// Bytes that may still be written in the folder's file system; 0 if it does not say.
uint64_t free_space(const std::string& folder);

// Creates `path` and its parents; Exit::kResource if that fails or it is not writable.
void make_directories(const std::string& path);

// An advisory lock (flock) on PATH, held until destruction. Exit::kResource if another process
// holds it; `what` names the thing for the message ("runs/lenet5").
class FileLock {
 public:
  FileLock(const std::string& path, std::string_view what);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  // Whether somebody holds it now, this process included; a file that is not there nobody holds.
  static bool is_held(const std::string& path);

 private:
  int descriptor_ = -1;
};

// Test hook: called before each writing system call ("open", "write", "fsync", "close", "rename",
// "truncate", "mkdir"); a non-zero errno makes that call fail with it; for "write", kShortWrite
// halves the size instead.
inline constexpr int kShortWrite = -1;
using FileFaults = std::function<int(std::string_view call)>;
void set_file_faults(FileFaults hook);  // empty: none

}  // namespace cnn
