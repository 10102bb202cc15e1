#include "base/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace cnn {
namespace {

FileFaults faults;

std::string errno_text(int code) { return std::generic_category().message(code); }

[[noreturn]] void fail_writing(const std::string& path, std::string_view action, int code) {
  std::vector<std::string> notes;
  if (code == ENOSPC || code == EDQUOT) {
    notes.push_back("free some space, or write elsewhere with --out");
  } else if (code == EACCES || code == EROFS || code == EPERM) {
    notes.push_back("choose a folder that you may write to with --out");
  } else if (code == EFBIG) {
    notes.push_back("the limit on file sizes is too low: see 'ulimit -f'");
  }
  throw Error(Exit::kResource,
              {{path, fmt::format("cannot {}: {}", action, errno_text(code)), {}, notes}});
}

[[noreturn]] void fail_reading(const std::string& path, int code) {
  struct stat info {};
  const bool broken_link =
      code == ENOENT && lstat(path.c_str(), &info) == 0 && S_ISLNK(info.st_mode);
  fail(Exit::kInput, path, "cannot read: {}",
       broken_link ? "broken symbolic link" : errno_text(code));
}

// Asks the test hook; true: the call shall fail with errno set.
bool injected(std::string_view call, size_t* size = nullptr) {
  const int code = faults ? faults(call) : 0;
  if (code == kShortWrite && size != nullptr) {
    *size = std::max<size_t>(*size / 2, 1);
    return false;
  }
  if (code > 0) errno = code;
  return code > 0;
}

// Repeats `call` while signals interrupt it.
template <class Call>
auto uninterrupted(Call&& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

int open_for_writing(const std::string& path, int flags) {
  constexpr mode_t kMode = 0666;  // less the umask
  return uninterrupted([&] {
    return injected("open") ? -1 : open(path.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, kMode);
  });
}

// 0, or the errno of the failure. `offset` < 0 writes at the file's own position.
int write_whole(int descriptor, const void* data, size_t size, off_t offset = -1) {
  const char* next = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t written = uninterrupted([&]() -> ssize_t {
      size_t part = size;
      if (injected("write", &part)) return -1;
      return offset < 0 ? write(descriptor, next, part) : pwrite(descriptor, next, part, offset);
    });
    if (written < 0) return errno;
    if (written == 0) return EIO;
    next += written;
    size -= static_cast<size_t>(written);
    if (offset >= 0) offset += written;
  }
  return 0;
}

// As many of `size` bytes from `offset` as there are; where they end.
uint64_t read_whole(int descriptor, const std::string& path, uint64_t offset, void* data,
                    size_t size) {
  char* next = static_cast<char*>(data);
  while (size > 0) {
    const ssize_t got =
        uninterrupted([&] { return pread(descriptor, next, size, static_cast<off_t>(offset)); });
    if (got < 0) fail(Exit::kResource, path, "cannot read: {}", errno_text(errno));
    if (got == 0) break;
    next += got;
    size -= static_cast<size_t>(got);
    offset += static_cast<uint64_t>(got);
  }
  return offset;
}

// After a failed fsync the kernel may have dropped the pages, so it is never tried again.
int sync_descriptor(int descriptor) {
  const int result = uninterrupted([&] { return injected("fsync") ? -1 : fsync(descriptor); });
  const bool cannot_sync = result < 0 && (errno == EINVAL || errno == ENOTSUP);  // devices
  return result == 0 || cannot_sync ? 0 : errno;
}

// Linux frees the descriptor even when close fails, so it is never tried again either.
int close_descriptor(int descriptor) {
  if (injected("close")) {
    const int code = errno;
    close(descriptor);
    return code;
  }
  return close(descriptor) == 0 || errno == EINTR ? 0 : errno;
}

std::pair<std::string, std::string> split_path(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

std::string kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

// An open regular file and its size. Not blocking, because a pipe would wait for its writer.
std::pair<int, uint64_t> open_regular(const std::string& path) {
  const int descriptor = uninterrupted(
      [&] { return open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); });
  if (descriptor < 0) fail_reading(path, errno);
  struct stat info {};
  const int code = fstat(descriptor, &info) == 0 ? 0 : errno;
  if (code == 0 && S_ISREG(info.st_mode)) {
    return {descriptor, static_cast<uint64_t>(info.st_size)};
  }
  close(descriptor);
  if (code != 0) fail_reading(path, code);
  fail(Exit::kInput, path, "is {}, expected a file", kind_of(info.st_mode));
}

// Removes what killed processes have left of earlier attempts: PREFIX<pid>-<n>.tmp.
void remove_stale(const std::string& folder, const std::string& prefix) {
  DIR* directory = opendir(folder.c_str());
  if (directory == nullptr) return;
  std::vector<std::string> stale;
  while (const dirent* entry = readdir(directory)) {
    const std::string_view name = entry->d_name;
    if (!name.starts_with(prefix) || !name.ends_with(".tmp")) continue;
    pid_t pid = 0;
    const char* digits = name.data() + prefix.size();
    const auto parsed = std::from_chars(digits, name.data() + name.size(), pid);
    if (parsed.ec != std::errc() || pid <= 0 || *parsed.ptr != '-') continue;
    if (kill(pid, 0) != 0 && errno == ESRCH) stale.push_back(folder + "/" + std::string(name));
  }
  closedir(directory);
  for (const std::string& path : stale) unlink(path.c_str());
}

}  // namespace

void set_file_faults(FileFaults hook) { faults = std::move(hook); }

std::string read_file(const std::string& path, uint64_t limit) {
  const InputFile file(path);
  if (file.size() > limit) {
    fail(Exit::kInput, path, "has {}, at most {} are allowed", human_bytes(file.size()),
         human_bytes(limit));
  }
  std::string content(file.size(), '\0');
  file.read_at(0, content.data(), content.size());
  return content;
}

bool file_exists(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && !S_ISDIR(info.st_mode);
}

bool is_directory(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

InputFile::InputFile(std::string path) : path_(std::move(path)) {
  std::tie(descriptor_, size_) = open_regular(path_);
}

InputFile::~InputFile() { close(descriptor_); }

void InputFile::read_at(uint64_t offset, void* data, size_t size) const {
  const uint64_t end = read_whole(descriptor_, path_, offset, data, size);
  if (end < offset + size) {
    fail(Exit::kResource, path_, "ends at byte {}: it had {} bytes when it was opened", end, size_);
  }
}

ScratchFile::ScratchFile(const std::string& folder) : folder_(folder) {
  std::string name = folder + "/.scratch-XXXXXX";
  descriptor_ =
      uninterrupted([&] { return injected("open") ? -1 : mkostemp(name.data(), O_CLOEXEC); });
  if (descriptor_ < 0) fail_writing(folder, "make a file", errno);
  unlink(name.c_str());
}

ScratchFile::~ScratchFile() { close(descriptor_); }

void ScratchFile::write_at(uint64_t offset, const void* data, size_t size) {
  const int code = write_whole(descriptor_, data, size, static_cast<off_t>(offset));
  if (code != 0) fail_writing(folder_, "write", code);
}

void ScratchFile::read_at(uint64_t offset, void* data, size_t size) const {
  const uint64_t end = read_whole(descriptor_, folder_, offset, data, size);
  CNN_ASSERT(end == offset + size);
}

uint64_t free_space(const std::string& folder) {
  struct statvfs info {};
  if (statvfs(folder.c_str(), &info) != 0) return 0;
  return static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
}

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {
  struct stat info {};
  if (lstat(path_.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    fail(Exit::kResource, path_, "is {}: only a regular file is replaced",
         S_ISLNK(info.st_mode) ? "a symbolic link" : kind_of(info.st_mode));
  }
  const auto [folder, name] = split_path(path_);
  const std::string prefix = "." + name + ".";
  remove_stale(folder, prefix);
  static std::atomic<unsigned> counter{0};
  do {
    temporary_ = fmt::format("{}/{}{}-{}.tmp", folder, prefix, getpid(), counter++);
    descriptor_ = open_for_writing(temporary_, O_WRONLY | O_CREAT | O_EXCL);
  } while (descriptor_ < 0 && errno == EEXIST);
  if (descriptor_ < 0) fail_writing(path_, "create", errno);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) close(descriptor_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

void AtomicFile::write(const void* data, size_t size) {
  CNN_ASSERT(descriptor_ >= 0);
  if (const int code = write_whole(descriptor_, data, size)) fail_writing(path_, "write", code);
}

void AtomicFile::write_at(uint64_t offset, const void* data, size_t size) {
  CNN_ASSERT(descriptor_ >= 0);
  const int code = write_whole(descriptor_, data, size, static_cast<off_t>(offset));
  if (code != 0) fail_writing(path_, "write", code);
}

void AtomicFile::commit() {
  CNN_ASSERT(descriptor_ >= 0);
  if (const int code = sync_descriptor(descriptor_)) fail_writing(path_, "write to disk", code);
  if (const int code = close_descriptor(std::exchange(descriptor_, -1))) {
    fail_writing(path_, "close", code);
  }
  const int renamed = uninterrupted(
      [&] { return injected("rename") ? -1 : rename(temporary_.c_str(), path_.c_str()); });
  if (renamed != 0) fail_writing(path_, "rename its temporary file", errno);
  temporary_.clear();
  const std::string folder = split_path(path_).first;
  const int directory = open_for_writing(folder, O_RDONLY | O_DIRECTORY);
  if (directory < 0) fail_writing(folder, "open", errno);
  const int code = sync_descriptor(directory);
  close(directory);
  if (code != 0) fail_writing(folder, "write to disk", code);
}

void write_file_atomically(const std::string& path, std::string_view content) {
  AtomicFile file(path);
  file.write(content);
  file.commit();
}

AppendFile::AppendFile(std::string path) : path_(std::move(path)) {
  descriptor_ = open_for_writing(path_, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY);
  if (descriptor_ < 0) {
    if (errno == ELOOP) fail(Exit::kResource, path_, "is a symbolic link: not written through");
    fail_writing(path_, "open for writing", errno);
  }
  struct stat info {};
  if (fstat(descriptor_, &info) == 0) size_ = static_cast<uint64_t>(info.st_size);
}

AppendFile::~AppendFile() { close(descriptor_); }

void AppendFile::append(std::string_view record) {
  if (const int code = write_whole(descriptor_, record.data(), record.size())) {
    // No half record stays behind; if even that fails, cut_to() at the next start does it.
    [[maybe_unused]] const int ignored = ftruncate(descriptor_, static_cast<off_t>(size_));
    fail_writing(path_, "write", code);
  }
  size_ += record.size();
}

void AppendFile::cut_to(uint64_t size) {
  if (size >= size_) return;
  const int result = uninterrupted(
      [&] { return injected("truncate") ? -1 : ftruncate(descriptor_, static_cast<off_t>(size)); });
  if (result != 0) fail_writing(path_, "shorten", errno);
  size_ = size;
}

void AppendFile::sync() {
  if (const int code = sync_descriptor(descriptor_)) fail_writing(path_, "write to disk", code);
}

void make_directories(const std::string& path) {
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (!is_directory(part)) {
      const bool made = !injected("mkdir") && mkdir(part.c_str(), 0777) == 0;
      const int code = errno;
      if (!made && !(code == EEXIST && is_directory(part))) {
        fail_writing(part, "create the folder", code);
      }
    }
    if (end == std::string::npos) break;
  }
  if (access(path.c_str(), W_OK | X_OK) != 0) fail_writing(path, "write in the folder", errno);
}

FileLock::FileLock(const std::string& path, std::string_view what) {
  descriptor_ = open_for_writing(path, O_RDWR | O_CREAT);
  if (descriptor_ < 0) fail_writing(path, "open", errno);
  // is_held() has it for a moment, too.
  for (int tries = 0;; ++tries) {
    if (uninterrupted([&] { return flock(descriptor_, LOCK_EX | LOCK_NB); }) == 0) return;
    if (errno != EWOULDBLOCK || tries == 2) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  const int code = errno;
  close(descriptor_);
  if (code == EWOULDBLOCK) {
    fail(Exit::kResource, std::string(what), "is in use by another process");
  }
  fail_writing(path, "lock", code);
}

FileLock::~FileLock() { close(descriptor_); }

bool FileLock::is_held(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const int result = uninterrupted([&] { return flock(descriptor, LOCK_SH | LOCK_NB); });
  const bool held = result != 0 && errno == EWOULDBLOCK;
  close(descriptor);
  return held;
}

}  // namespace cnn
