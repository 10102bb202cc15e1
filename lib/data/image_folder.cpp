#include "data/image_folder.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "base/text.h"
#include "data/byte_dataset.h"
#include "data/image_fit.h"
#include "io/image.h"

namespace cnn {
namespace {

namespace fs = std::filesystem;

// What is in a folder, hidden things left out, sorted by name.
std::vector<fs::directory_entry> entries_of(const std::string& folder) {
  std::vector<fs::directory_entry> found;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (!it->path().filename().string().starts_with('.')) found.push_back(*it);
  }
  if (error) fail(Exit::kInput, folder, "cannot list the folder: {}", error.message());
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.path().native() < b.path().native(); });
  return found;
}

// Links to folders are not followed, so that none is its own parent.
void add_files_under(const std::string& folder, std::vector<std::string>& files) {
  for (const fs::directory_entry& entry : entries_of(folder)) {
    std::error_code ignored;
    if (!entry.is_directory(ignored)) {
      files.push_back(entry.path());  // a broken link too: reading it says so
    } else if (!entry.is_symlink(ignored)) {
      add_files_under(entry.path(), files);
    }
  }
}

// Bytes of a file; -1 where it cannot be asked (a broken link).
int64_t size_of(const std::string& path) {
  std::error_code error;
  const uintmax_t size = fs::file_size(path, error);
  return error ? -1 : static_cast<int64_t>(size);
}

struct Sample {
  std::string path;  // below the root
  int64_t label = 0;
  int64_t bytes = 0;
};

// Decoded images by number: room for all of them or for none. Filled by whichever thread has
// decoded an image first.
class ImageCache {
 public:
  void reserve(int64_t images, int64_t image_bytes) {
    image_bytes_ = static_cast<size_t>(image_bytes);
    // Not written to yet, so that it takes memory only as it fills.
    bytes_.reset(new uint8_t[static_cast<size_t>(images) * image_bytes_]);
    states_ = std::vector<std::atomic<State>>(static_cast<size_t>(images));
  }
  // Null if it is not there (yet).
  const uint8_t* find(int64_t index) const {
    if (states_.empty() || state(index).load(std::memory_order_acquire) != State::kFull) {
      return nullptr;
    }
    return at(index);
  }
  void keep(int64_t index, const Image& image) const {
    State empty = State::kEmpty;
    if (states_.empty() || !state(index).compare_exchange_strong(empty, State::kFilling)) return;
    std::memcpy(at(index), image.values.data(), image_bytes_);
    state(index).store(State::kFull, std::memory_order_release);
  }

 private:
  enum class State : uint8_t { kEmpty, kFilling, kFull };
  std::atomic<State>& state(int64_t index) const { return states_[static_cast<size_t>(index)]; }
  uint8_t* at(int64_t index) const {
    return bytes_.get() + static_cast<size_t>(index) * image_bytes_;
  }

  size_t image_bytes_ = 0;
  std::unique_ptr<uint8_t[]> bytes_;
  mutable std::vector<std::atomic<State>> states_;
};

class ImageFolder final : public Dataset {
 public:
  ImageFolder(std::string root, const ImageFolderSettings& settings, const DataOptions& options)
      : root_(std::move(root)), settings_(settings) {
    list(options.classes.names);
    if (settings_.skip_bad) leave_out_bad();
    if (samples_.empty()) fail(Exit::kInput, root_, "has no images in its class folders");
    if (!settings_.size.is_set()) {
      const ImageInfo first = read_image_info(path_of(samples_[0]));
      settings_.size = {first.height, first.width};
    }
    const Shape shape{settings_.channels, settings_.size.height, settings_.size.width};
    fields_ = {{options.input_name, shape, FieldKind::kValues, 0}, class_field({1}, options)};
    class_names_ = options.classes.names;
    ignored_class_ = options.ignore;
    normalization_ = options.normalization(settings_.channels);
    table_ = normalization_.byte_table(settings_.channels);
    if (size() <= settings_.cache_mib * (int64_t{1} << 20) / shape.count()) {
      cache_.reserve(size(), shape.count());
    }
  }

  int64_t size() const override { return static_cast<int64_t>(samples_.size()); }
  std::string origin(int) const override { return root_; }
  std::string fingerprint() const override { return fingerprint_; }

  void read(int64_t index, std::span<float* const> out) const override {
    CNN_ASSERT(index >= 0 && index < size() && out.size() == fields_.size());
    const Sample& sample = samples_[static_cast<size_t>(index)];
    if (out[1] != nullptr) out[1][0] = static_cast<float>(sample.label);
    if (out[0] == nullptr) return;
    if (const uint8_t* bytes = cache_.find(index)) {
      normalize(bytes, out[0]);
      return;
    }
    const Image image = fit_image(load(sample), settings_.size.height, settings_.size.width);
    cache_.keep(index, image);
    normalize(image.values.data(), out[0]);
  }

 private:
  std::string path_of(const Sample& sample) const { return root_ + "/" + sample.path; }

  void list(const std::vector<std::string>& classes) {
    for (const std::string& name : class_folders(root_)) {
      const auto found = std::find(classes.begin(), classes.end(), name);
      if (found == classes.end()) {
        fail(Exit::kInput, root_ + "/" + name, "is no class; the classes are {}",
             join(classes, ", "));
      }
      for (std::string& path : files_under(root_ + "/" + name)) {
        const int64_t bytes = size_of(path);
        samples_.push_back({path.substr(root_.size() + 1), found - classes.begin(), bytes});
      }
    }
    // By class number, then by path.
    std::stable_sort(samples_.begin(), samples_.end(),
                     [](const Sample& a, const Sample& b) { return a.label < b.label; });
    stamp();
  }

  void stamp() {
    uint64_t hash = 0;
    for (const Sample& s : samples_) {
      hash = hash_name(fmt::format("{:x} {} {} {}", hash, s.path, s.label, s.bytes));
    }
    fingerprint_ = fmt::format("{:016x} {}x{}x{}", hash, settings_.channels, settings_.size.height,
                               settings_.size.width);
  }

  // Decodes every image once: which ones are left out must not depend on who reads them when.
  void leave_out_bad() {
    std::vector<std::string> problems(samples_.size());
    constexpr int64_t kGrain = 16;
    parallel_for(size(), kGrain, [&](int64_t begin, int64_t end) {
      for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
        try {
          load(samples_[i]);
        } catch (const Error& error) {
          if (error.code() != Exit::kInput) throw;
          const Diagnostic& d = error.diagnostics()[0];
          problems[i] = d.place + ": " + d.problem;
        }
      }
    });
    std::vector<Sample> good;
    std::vector<std::string> bad;
    for (size_t i = 0; i < samples_.size(); ++i) {
      if (problems[i].empty()) {
        good.push_back(std::move(samples_[i]));
      } else {
        bad.push_back(std::move(problems[i]));
      }
    }
    samples_ = std::move(good);
    if (!bad.empty()) report_bad(bad);
    stamp();
  }

  void report_bad(std::vector<std::string> bad) const {
    constexpr size_t kMostListed = 10, kOneIn = 100;
    const size_t count = bad.size(), all = samples_.size() + count;
    if (count > kMostListed) {
      bad.resize(kMostListed);
      bad.push_back(fmt::format("and {} more", count - kMostListed));
    }
    if (count * kOneIn > all) {
      throw Error(Exit::kInput,
                  {{root_,
                    fmt::format("{} of {} images cannot be read; 'skip_bad' leaves out 1 in {}",
                                count, all, kOneIn),
                    "", bad}});
    }
    warn("{}: {} of {} images cannot be read and are left out", root_, count, all);
    for (const std::string& problem : bad) warn("{}", problem);
  }

  Image load(const Sample& sample) const {
    const std::string path = path_of(sample);
    try {
      return read_image(path, settings_.channels);
    } catch (const Error& error) {
      if (sample.bytes >= 0 && size_of(path) != sample.bytes) {
        fail(Exit::kResource, path, "has gone or changed since it was listed");
      }
      Diagnostic d = error.diagnostics()[0];
      if (!settings_.skip_bad) {
        d.notes.push_back("--skip-bad leaves out images that cannot be read, up to 1 in 100");
      }
      throw Error(error.code(), {d});
    }
  }

  void normalize(const uint8_t* bytes, float* out) const {
    const int64_t channels = settings_.channels;
    const int64_t count = settings_.size.height * settings_.size.width * channels;
    for (int64_t i = 0; i < count; i += channels) {
      for (int64_t c = 0; c < channels; ++c) out[i + c] = table_[256 * c + bytes[i + c]];
    }
  }

  std::string root_;
  ImageFolderSettings settings_;
  std::vector<Sample> samples_;
  std::vector<float> table_;  // 256 values a channel
  std::string fingerprint_;
  ImageCache cache_;
};

}  // namespace

std::vector<std::string> class_folders(const std::string& root) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : entries_of(root)) {
    std::error_code ignored;
    if (entry.is_directory(ignored)) names.push_back(entry.path().filename());
  }
  if (names.empty()) {
    fail(Exit::kInput, root, "has no class folders; images are expected as CLASS/IMAGE.jpg");
  }
  return names;
}

std::vector<std::string> files_under(const std::string& folder) {
  std::vector<std::string> files;
  add_files_under(folder, files);
  return files;
}

std::shared_ptr<const Dataset> open_image_folder(const std::string& root,
                                                 const ImageFolderSettings& settings,
                                                 const DataOptions& options) {
  return std::make_shared<ImageFolder>(root, settings, options);
}

}  // namespace cnn
