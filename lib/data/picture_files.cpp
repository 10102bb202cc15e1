#include "data/picture_files.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/rng.h"
#include "data/image_fit.h"

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

constexpr int64_t kMostMaskValue = 65535;

// "255" or "1-375".
std::optional<std::pair<int64_t, int64_t>> range_of(const std::string& text) {
  const size_t dash = text.find('-', 1);
  const std::optional<int64_t> low = Node::scalar(text.substr(0, dash)).as_int();
  const std::optional<int64_t> high =
      dash == std::string::npos ? low : Node::scalar(text.substr(dash + 1)).as_int();
  if (!low || !high || *low < 0 || *high < *low || *high > kMostMaskValue) return std::nullopt;
  return std::pair(*low, *high);
}

constexpr float kDeepPerByte = 257.0f;  // a byte b is 257 b in 16 bits

}  // namespace

std::vector<std::string> files_under(const std::string& folder) {
  std::vector<std::string> files;
  add_files_under(folder, files);
  return files;
}

std::vector<std::string> images_under(const std::string& folder) {
  std::vector<std::string> files = files_under(folder);
  std::erase_if(files, [](const std::string& path) { return !is_image_file(path); });
  return files;
}

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

FileList::FileList(std::string root, std::vector<std::string> paths) : root_(std::move(root)) {
  for (std::string& path : paths) {
    files_.push_back({std::move(path)});
    files_.back().bytes = size_of(this->path(size() - 1));
  }
}

uint64_t FileList::stamp() const {
  uint64_t hash = 0;
  for (const File& f : files_) hash = hash_name(fmt::format("{:x} {} {}", hash, f.path, f.bytes));
  return hash;
}

void FileList::keep(const std::vector<char>& wanted) {
  std::vector<File> kept;
  for (size_t i = 0; i < files_.size(); ++i) {
    if (wanted[i] != 0) kept.push_back(std::move(files_[i]));
  }
  files_ = std::move(kept);
}

void FileList::guard(int64_t index,
                     const std::function<void(const std::string& path)>& read) const {
  const std::string file = path(index);
  try {
    read(file);
  } catch (const Error&) {
    const int64_t listed = files_[static_cast<size_t>(index)].bytes;
    if (listed >= 0 && size_of(file) != listed) {
      fail(Exit::kResource, file, "has gone or changed since it was listed");
    }
    throw;
  }
}

void PictureSettings::declare(Options& o) {
  constexpr double kMostCache = 1 << 20;
  o("size", size,
    "images are scaled to cover this and their middle is taken; by default that of the first");
  o.choice("channels", channels, {{"1", 1}, {"3", 3}, {"4", 4}},
           "grey, RGB or RGB and transparency");
  o("cache", cache_mib,
    "keep decoded images in memory where a split needs no more than this, in MiB")
      .between(0, kMostCache);
  o("skip_bad", skip_bad,
    "leave out images that cannot be read, as long as they are at most 1 in 100");
}

PictureFiles::PictureFiles(FileList files, const PictureSettings& settings)
    : files_(std::move(files)), size_(settings.size), channels_(settings.channels) {}

void PictureFiles::check(int64_t index) const {
  files_.guard(index, [&](const std::string& path) { read_image(path, channels_); });
}

void PictureFiles::prepare(const Normalization& normalization, Colour background, bool cached) {
  CNN_ASSERT(files_.size() > 0);
  ImageInfo first;
  files_.guard(0, [&](const std::string& path) { first = read_image_info(path); });
  if (!size_.is_set()) size_ = {first.height, first.width};
  is_deep_ = first.bits == 16;
  normalization_ = normalization;
  background_ = background;
  sizes_ = std::vector<std::atomic<uint64_t>>(static_cast<size_t>(files_.size()));
  table_ = normalization.byte_table(channels_);
  if (!cached) return;
  is_deep_ ? words_.reserve(files_.size(), shape().count())
           : bytes_.reserve(files_.size(), shape().count());
}

void PictureFiles::read(int64_t index, float* out) const {
  is_deep_ ? read_words(index, out) : read_bytes(index, out);
}

PictureSize PictureFiles::size_in_file(int64_t index) const {
  const auto& size = sizes_[static_cast<size_t>(index)];
  if (size.load(std::memory_order_relaxed) == 0) {
    files_.guard(index, [&](const std::string& path) {
      const ImageInfo info = read_image_info(path);
      note_size(index, info.height, info.width);
    });
  }
  const uint64_t sides = size.load(std::memory_order_relaxed);
  return {static_cast<int64_t>(sides >> 32), static_cast<int64_t>(sides & 0xffffffff)};
}

void PictureFiles::note_size(int64_t index, int64_t height, int64_t width) const {
  const uint64_t sides = static_cast<uint64_t>(height) << 32 | static_cast<uint64_t>(width);
  sizes_[static_cast<size_t>(index)].store(sides, std::memory_order_relaxed);
}

void PictureFiles::read_bytes(int64_t index, float* out) const {
  const int64_t count = shape().count(), channels = channels_;
  const auto normalize = [&](const uint8_t* bytes) {
    for (int64_t i = 0; i < count; i += channels) {
      for (int64_t c = 0; c < channels; ++c) out[i + c] = table_[256 * c + bytes[i + c]];
    }
  };
  if (const uint8_t* bytes = bytes_.find(index)) return normalize(bytes);
  Image image;
  files_.guard(index,
               [&](const std::string& path) { image = read_image(path, channels, background_); });
  note_size(index, image.height, image.width);
  image = fit_image(std::move(image), size_.height, size_.width);
  bytes_.keep(index, image.values);
  normalize(image.values.data());
}

void PictureFiles::read_words(int64_t index, float* out) const {
  const int64_t count = shape().count();
  const auto normalize = [&](const uint16_t* words) {
    for (int64_t i = 0; i < count; ++i) out[i] = static_cast<float>(words[i]) / kDeepPerByte;
    normalization_.apply(out, shape().positions(), channels_);
  };
  if (const uint16_t* words = words_.find(index)) return normalize(words);
  FloatImage image;
  files_.guard(index, [&](const std::string& path) {
    image = read_float_image(path, channels_, background_);
  });
  note_size(index, image.height, image.width);
  image = fit_image(std::move(image), size_.height, size_.width);
  std::vector<uint16_t> words;
  words.reserve(image.values.size());
  for (const float v : image.values) {
    words.push_back(static_cast<uint16_t>(std::floor(v * kDeepPerByte + 0.5f)));
  }
  words_.keep(index, words);
  normalize(words.data());
}

std::string OptionType<MaskValues>::name() { return "map of values to class numbers"; }
OptionSchema OptionType<MaskValues>::schema() { return OptionSchema::any(); }
bool OptionType<MaskValues>::read(const Node& node, MaskValues& out, Diagnostics& d) {
  if (!node.is_map()) {
    d.report(node.mark(), "expected a map of values to class numbers ({0: 0, 255: 1}), found " +
                              node.describe());
    return false;
  }
  bool ok = true;
  std::vector<char> taken(kMostMaskValue + 1, 0);
  for (const Entry& entry : node.entries()) {
    const std::optional<int64_t> number = entry.value.read_int(d);
    if (number && (*number < 0 || *number > kMostMaskValue)) {
      d.report(entry.value.mark(), fmt::format("class numbers are 0 to {}", kMostMaskValue));
    }
    ok = ok && number && *number >= 0 && *number <= kMostMaskValue;
    if (entry.key == "rest") {
      out.rest = number;
      continue;
    }
    const auto range = range_of(entry.key);
    if (!range) {
      d.report(entry.mark,
               fmt::format("expected a pixel's value, 0 to {}, a range of them (1-375), "
                           "or 'rest', found '{}'",
                           kMostMaskValue, entry.key));
      ok = false;
      continue;
    }
    const auto begin = taken.begin() + range->first, end = taken.begin() + range->second + 1;
    if (std::find(begin, end, 1) != end) {
      d.report(entry.mark, fmt::format("'{}' has values that stand before it", entry.key));
      ok = false;
    }
    std::fill(begin, end, 1);
    out.ranges.push_back({range->first, range->second, number.value_or(0)});
  }
  return ok;
}
Node OptionType<MaskValues>::write(const MaskValues& value) {
  if (value.empty()) return Node();
  Node map = Node::map({});
  for (const MaskValues::Range& range : value.ranges) {
    const std::string key = range.low == range.high ? std::to_string(range.low)
                                                    : fmt::format("{}-{}", range.low, range.high);
    map.set(key, Node::scalar(std::to_string(range.number)));
  }
  if (value.rest) map.set("rest", Node::scalar(std::to_string(*value.rest)));
  return map;
}

MaskFiles::MaskFiles(FileList files, const MaskValues& values, const DataOptions& options)
    : files_(std::move(files)), classes_(options.classes.count), ignore_(options.ignore) {
  const auto check = [&](const std::string& value, int64_t number) {
    if (classes_ == 0 || number < classes_ || number == ignore_) return;
    fail(Exit::kSpec, "", "data: 'mask_values' maps {} to class {}, there are classes 0 to {}",
         value, number, classes_ - 1);
  };
  if (values.empty()) return;
  numbers_.assign(kMostMaskValue + 1, static_cast<int32_t>(values.rest.value_or(-1)));
  if (values.rest) check("the rest", *values.rest);
  for (const MaskValues::Range& range : values.ranges) {
    check(std::to_string(range.low), range.number);
    std::fill(numbers_.begin() + range.low, numbers_.begin() + range.high + 1,
              static_cast<int32_t>(range.number));
  }
}

void MaskFiles::check(int64_t index) const {
  files_.guard(index, [&](const std::string& path) { read_number_image(path); });
}

void MaskFiles::prepare(PictureSize size, bool cached) {
  size_ = size;
  if (cached) cache_.reserve(files_.size(), size.height * size.width);
}

void MaskFiles::read(int64_t index, const std::string& picture, float* out) const {
  const auto count = static_cast<size_t>(size_.height * size_.width);
  if (const uint16_t* numbers = cache_.find(index)) {
    std::copy_n(numbers, count, out);
    return;
  }
  const NumberImage mask = load(index, picture);
  cache_.keep(index, mask.values);
  std::copy_n(mask.values.data(), count, out);
}

NumberImage MaskFiles::load(int64_t index, const std::string& picture) const {
  NumberImage mask;
  files_.guard(index, [&](const std::string& path) { mask = read_number_image(path); });
  const std::string path = files_.path(index);
  const ImageInfo shown = read_image_info(picture);
  if (shown.height != mask.height || shown.width != mask.width) {
    fail(Exit::kInput, path, "is {} x {} pixels, its picture '{}' {} x {}", mask.width, mask.height,
         picture, shown.width, shown.height);
  }
  const auto width = static_cast<size_t>(mask.width);
  for (size_t p = 0; p < mask.values.size(); ++p) {
    const int64_t value = mask.values[p];
    const int64_t number = numbers_.empty() ? value : numbers_[mask.values[p]];
    if (number < 0) {
      fail(Exit::kInput, path, "pixel ({}, {}) has the value {}, which 'mask_values' does not map",
           p % width, p / width, value);
    }
    if (classes_ > 0 && number >= classes_ && number != ignore_) {
      throw Error(Exit::kInput,
                  {{path,
                    fmt::format("pixel ({}, {}) has the value {}; classes are 0 to {}", p % width,
                                p / width, value, classes_ - 1),
                    {},
                    {"'mask_values: {0: 0, 255: 1}' says which class a value means; 'ignore: 255' "
                     "marks what has no class"}}});
    }
    mask.values[p] = static_cast<uint16_t>(number);
  }
  return fit_numbers(std::move(mask), size_.height, size_.width);
}

}  // namespace cnn
