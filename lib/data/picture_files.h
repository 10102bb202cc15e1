// Numbered image files brought to one size: pictures, and masks of class numbers. They are decoded
// when they are read, by whichever thread reads, and kept in memory where all of them fit.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/data_options.h"
#include "io/image.h"
#include "tensor/shape.h"

namespace cnn {

// The files under `folder`, at any depth, sorted by path; hidden ones are left out.
std::vector<std::string> files_under(const std::string& folder);
// Those that are images.
std::vector<std::string> images_under(const std::string& folder);

// The names of the folders in `root`, sorted. Exit::kInput if there are none.
std::vector<std::string> class_folders(const std::string& root);

// Files as they were listed, below a root; without one (empty) their names are whole paths.
class FileList {
 public:
  FileList() = default;
  FileList(std::string root, std::vector<std::string> paths);

  int64_t size() const { return static_cast<int64_t>(files_.size()); }
  const std::string& root() const { return root_; }
  const std::string& name(int64_t index) const { return files_[static_cast<size_t>(index)].path; }
  std::string path(int64_t index) const {
    return root_.empty() ? name(index) : root_ + "/" + name(index);
  }
  // Changes with names, sizes and order.
  uint64_t stamp() const;
  void keep(const std::vector<char>& wanted);
  // Runs `read` of a file; a file that has changed since it was listed is Exit::kResource.
  void guard(int64_t index, const std::function<void(const std::string& path)>& read) const;

 private:
  struct File {
    std::string path;
    int64_t bytes = 0;  // -1: cannot be asked
  };
  std::string root_;
  std::vector<File> files_;
};

// Decoded images by number: room for all of them or for none. Filled by whichever thread has
// decoded an image first.
template <class T>
class ImageCache {
 public:
  void reserve(int64_t images, int64_t values) {
    values_ = static_cast<size_t>(values);
    // Not written to yet, so that it takes memory only as it fills.
    memory_.reset(new T[static_cast<size_t>(images) * values_]);
    states_ = std::vector<std::atomic<State>>(static_cast<size_t>(images));
  }
  uint64_t bytes() const { return states_.size() * values_ * sizeof(T); }
  // Null if it is not there (yet).
  const T* find(int64_t index) const {
    if (states_.empty() || state(index).load(std::memory_order_acquire) != State::kFull) {
      return nullptr;
    }
    return at(index);
  }
  void keep(int64_t index, const std::vector<T>& values) const {
    State empty = State::kEmpty;
    if (states_.empty() || !state(index).compare_exchange_strong(empty, State::kFilling)) return;
    std::memcpy(at(index), values.data(), values_ * sizeof(T));
    state(index).store(State::kFull, std::memory_order_release);
  }

 private:
  enum class State : uint8_t { kEmpty, kFilling, kFull };
  std::atomic<State>& state(int64_t index) const { return states_[static_cast<size_t>(index)]; }
  T* at(int64_t index) const { return memory_.get() + static_cast<size_t>(index) * values_; }

  size_t values_ = 0;
  std::unique_ptr<T[]> memory_;
  mutable std::vector<std::atomic<State>> states_;
};

// Keys that all formats of image files share.
struct PictureSettings {
  PictureSize size;  // not set: of the first image
  int64_t channels = 3;
  int64_t cache_mib = 1024;
  bool skip_bad = false;
  void declare(Options& o);
};

// Pictures; those of 16 bits (the first one decides) keep their precision.
class PictureFiles {
 public:
  PictureFiles(FileList files, const PictureSettings& settings);

  const FileList& files() const { return files_; }
  void keep(const std::vector<char>& wanted) { files_.keep(wanted); }
  // Decodes a picture for nothing but its errors.
  void check(int64_t index) const;
  // After the last keep(): settles the size, and the memory if `cached`. At least one file.
  void prepare(const Normalization& normalization, Colour background, bool cached);
  Shape shape() const { return {channels_, size_.height, size_.width}; }
  int64_t image_bytes() const { return shape().count() * (is_deep_ ? 2 : 1); }
  uint64_t cache_bytes() const { return bytes_.bytes() + words_.bytes(); }
  // Channels-last, normalised.
  void read(int64_t index, float* out) const;
  // Of the picture as the file has it; the file is asked where it has not been decoded yet.
  PictureSize size_in_file(int64_t index) const;

 private:
  void read_bytes(int64_t index, float* out) const;
  void read_words(int64_t index, float* out) const;
  void note_size(int64_t index, int64_t height, int64_t width) const;

  FileList files_;
  PictureSize size_;
  mutable std::vector<std::atomic<uint64_t>> sizes_;  // height, width in the files; 0: not known
  int64_t channels_;
  bool is_deep_ = false;
  std::vector<float> table_;  // 256 values a channel
  Normalization normalization_;
  Colour background_;
  ImageCache<uint8_t> bytes_;
  ImageCache<uint16_t> words_;
};

// What the numbers of a mask's file mean: {0: 0, 255: 1}, {0: 0, 1-375: 1}, {0: 0, rest: 1}. Empty:
// they are the class numbers.
struct MaskValues {
  struct Range {
    int64_t low = 0, high = 0;  // both of it
    int64_t number = 0;
  };
  std::vector<Range> ranges;
  std::optional<int64_t> rest;  // of all values that no range has

  bool empty() const { return ranges.empty() && !rest; }
};
CNN_OPTION_TYPE(MaskValues);

class MaskFiles {
 public:
  MaskFiles(FileList files, const MaskValues& values, const DataOptions& options);

  const FileList& files() const { return files_; }
  void keep(const std::vector<char>& wanted) { files_.keep(wanted); }
  void check(int64_t index) const;
  void prepare(PictureSize size, bool cached);
  uint64_t cache_bytes() const { return cache_.bytes(); }
  // `picture`: its file, which must have the same size (Exit::kInput, both sizes).
  void read(int64_t index, const std::string& picture, float* out) const;

 private:
  // Class numbers; Exit::kInput with file, pixel and value for what is none.
  NumberImage load(int64_t index, const std::string& picture) const;

  FileList files_;
  std::vector<int32_t> numbers_;  // by value; -1: not mapped. Empty: values are class numbers
  PictureSize size_;
  int64_t classes_ = 0;  // 0: not known
  std::optional<int64_t> ignore_;
  ImageCache<uint16_t> cache_;
};

}  // namespace cnn
