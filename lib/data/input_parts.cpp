#include "data/input_parts.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/parallel.h"
#include "base/text.h"
#include "data/number_lists.h"
#include "data/picture_files.h"
#include "data/standard_input.h"
#include "data/table_rows.h"
#include "data/text_files.h"
#include "io/csv.h"
#include "io/idx.h"
#include "io/npy.h"
#include "tensor/tensor.h"

namespace cnn {
namespace {

// "[N,3,32,32]", "[N,up to 40]".
std::string array_text(const Field& field) {
  std::string text = field.shape.str();
  if (field.items.is_list) {
    const std::string items =
        (field.items.varies ? "up to " : "") + std::to_string(field.items.most);
    const bool is_number = field.shape.count() == 1;
    text = is_number ? "[" + items + "]" : "[" + items + "," + text.substr(1);
  }
  return "[N," + text.substr(1);
}

// The numbers of an array file [N,...] of which every sample is one input, or a list of them.
class ArrayPart : public InputPart {
 public:
  int64_t size() const final { return samples_; }
  std::string origin() const final { return path_; }
  std::string fingerprint() const final { return path_; }

  int64_t read(int64_t i, float* out) const final {
    const int64_t count = field_.shape.count();
    thread_local std::vector<float> ordered;
    ordered.resize(static_cast<size_t>(items_ * count));
    read_numbers(i * items_ * count, ordered);
    if (field_.kind == FieldKind::kClass) check_classes(i, ordered);
    to_channels_last(ordered.data(), out, items_, field_.shape);
    settle(out);
    return items_;
  }

 protected:
  ArrayPart(std::string path, const std::vector<int64_t>& sizes, const Field& field)
      : path_(std::move(path)), field_(field) {
    samples_ = sizes.empty() ? 0 : sizes[0];
    if (!fits(sizes)) {
      std::vector<std::string> words;
      for (const int64_t n : sizes) words.push_back(std::to_string(n));
      fail(Exit::kInput, path_, "shape [{}]; the model takes {}{}", join(words, ","),
           array_text(field_), field_.kind == FieldKind::kClass ? " class numbers" : "");
    }
  }

  virtual void read_numbers(int64_t first, std::span<float> out) const = 0;
  virtual void settle(float* /*sample*/) const {}  // the last touch, channels-last

 private:
  // [N], perhaps [T], and the shape of an item, of which a first axis of 1 may be left out.
  bool fits(const std::vector<int64_t>& sizes) {
    const size_t before = field_.items.is_list ? 2 : 1;
    if (sizes.size() < before) return false;
    if (field_.items.is_list) {
      items_ = sizes[1];
      const int64_t most = field_.items.most;
      if (field_.items.varies ? items_ > most : items_ != most) return false;
    }
    std::vector<int64_t> wanted;
    for (int axis = 0; axis < field_.shape.rank(); ++axis) wanted.push_back(field_.shape[axis]);
    const std::vector<int64_t> found(sizes.begin() + static_cast<int64_t>(before), sizes.end());
    if (found == wanted) return true;
    if (!wanted.empty() && wanted[0] == 1) wanted.erase(wanted.begin());
    return found == wanted;
  }

  void check_classes(int64_t i, std::span<const float> numbers) const {
    constexpr int64_t kMostClasses = 1 << 24;  // floats hold these exactly
    const int64_t classes = field_.classes > 0 ? field_.classes : kMostClasses;
    for (const float number : numbers) {
      if (number >= 0 && number < static_cast<float>(classes) && number == std::floor(number)) {
        continue;
      }
      fail(Exit::kInput, fmt::format("{}: sample {}", path_, i),
           "'{}' has {:g}; the model takes class numbers from 0 to {}", field_.name, number,
           classes - 1);
    }
  }

  std::string path_;
  Field field_;
  int64_t samples_ = 0, items_ = 1;
};

class NpyPart final : public ArrayPart {
 public:
  NpyPart(const std::string& name, std::unique_ptr<NpyReader> reader, const Field& field,
          Standard standard)
      : ArrayPart(name, reader->shape(), field),
        reader_(std::move(reader)),
        standard_(std::move(standard)),
        channels_(field.shape.channels()) {}

 private:
  void read_numbers(int64_t first, std::span<float> out) const override {
    if (!standard_.is_set()) return reader_->read(first, out);
    thread_local std::vector<double> numbers;  // channels stand last: standards are of no pictures
    numbers.resize(out.size());
    reader_->read(first, numbers);
    for (int64_t i = 0; i < std::ssize(numbers); ++i) {
      const double number = numbers[static_cast<size_t>(i)];
      out[static_cast<size_t>(i)] = static_cast<float>(standard_.done(number, i % channels_));
    }
  }
  std::unique_ptr<NpyReader> reader_;
  Standard standard_;
  int64_t channels_;
};

class IdxPart final : public ArrayPart {
 public:
  IdxPart(const std::string& path, IdxArray array, const InputReading& reading)
      : ArrayPart(path, array.shape, reading.field),
        reading_(reading),
        bytes_(std::move(array.bytes)) {
    if (reading.field.kind == FieldKind::kClass) return;
    const int64_t channels = reading.field.shape.channels();
    table_ = reading.normalization.byte_table(channels);
    positions_ = reading.field.shape.positions();
  }
  bool has_bytes() const override { return !table_.empty(); }

 private:
  void read_numbers(int64_t first, std::span<float> out) const override {
    const uint8_t* bytes = bytes_.data() + first;
    for (size_t i = 0; i < out.size(); ++i) {
      if (table_.empty()) {
        out[i] = bytes[i];
        continue;
      }
      const size_t channels = table_.size() / 256;
      const size_t channel = i / static_cast<size_t>(positions_) % channels;
      out[i] = table_[256 * channel + bytes[i]];
    }
  }
  void settle(float* sample) const override {
    if (!is_picture(reading_.field)) return;
    settle_tone(reading_.look, reading_.normalization, positions_, reading_.field.shape.channels(),
                sample);
  }
  InputReading reading_;
  std::vector<uint8_t> bytes_;
  std::vector<float> table_;  // 256 values a channel; empty: numbers are as they are
  int64_t positions_ = 1;
};

class TablePart final : public InputPart {
 public:
  TablePart(std::string path, CsvTable table, const InputReading& reading)
      : path_(std::move(path)),
        table_(std::move(table)),
        rows_(table_, path_, names(reading), reading.categories),
        reading_(reading) {
    if (rows_.count() != reading.field.shape.count()) {
      fail(Exit::kInput, path_, "has {}; the model takes {}, and its weights do not say which",
           counted(rows_.count(), "column"), reading.field.shape.count());
    }
    if (table_.rows() == 0) fail(Exit::kInput, path_, "has no samples");
    std::vector<float> sample(static_cast<size_t>(rows_.count()));
    for (int64_t i = 0; i < size(); ++i) read(i, sample.data());  // all numbers are looked at
    rows_.warn_of_unknown();
  }

  int64_t size() const override { return static_cast<int64_t>(table_.rows()); }
  std::string origin() const override { return path_; }
  std::string fingerprint() const override { return path_; }
  int64_t read(int64_t i, float* out) const override {
    thread_local std::vector<double> numbers;
    numbers.resize(static_cast<size_t>(rows_.count()));
    rows_.read(static_cast<size_t>(i), numbers);
    for (size_t c = 0; c < numbers.size(); ++c) {
      const auto channel = static_cast<int64_t>(c);
      out[c] = static_cast<float>(reading_.standard.is_set()
                                      ? reading_.standard.done(numbers[c], channel)
                                      : reading_.numbers.done(numbers[c], channel));
    }
    return 1;
  }

 private:
  // All columns, where nobody has said which.
  std::vector<std::string> names(const InputReading& reading) const {
    return reading.columns.empty() ? table_.columns() : reading.columns;
  }

  std::string path_;
  CsvTable table_;
  TableRows rows_;
  InputReading reading_;
};

class PicturePart final : public InputPart {
 public:
  PicturePart(std::vector<NamedFile> files, const InputReading& reading)
      : files_(std::move(files)),
        pictures_(FileList("", paths_of(files_)), settings_for(reading)),
        reading_(reading) {
    if (reading_.skip_bad) leave_out_bad();
    if (files_.empty()) return;
    pictures_.prepare(reading.normalization, reading.look.background, false);
  }

  int64_t size() const override { return pictures_.files().size(); }
  std::string origin() const override { return "images"; }
  bool has_names() const override { return true; }
  std::string name(int64_t i) const override { return files_[static_cast<size_t>(i)].name; }
  std::string path(int64_t i) const override { return files_[static_cast<size_t>(i)].path; }
  bool is_pictures() const override { return true; }
  std::string fingerprint() const override {
    return fmt::format("{:x}", pictures_.files().stamp());
  }
  int64_t read(int64_t i, float* out) const override {
    read_picture(i, out);
    const Shape shape = pictures_.shape();
    settle_tone(reading_.look, reading_.normalization, shape.positions(), shape.channels(), out);
    return 1;
  }

 private:
  static std::vector<std::string> paths_of(const std::vector<NamedFile>& files) {
    std::vector<std::string> paths;
    for (const NamedFile& file : files) paths.push_back(file.path);
    return paths;
  }

  void read_picture(int64_t i, float* out) const {
    try {
      pictures_.read(i, out);
    } catch (const Error& error) {
      if (error.code() != Exit::kInput || reading_.skip_bad) throw with_shown_places(error);
      Diagnostic d = error.diagnostics()[0];
      d.place = shown_place(d.place);
      d.notes.push_back("--skip-bad leaves out images that cannot be read");
      throw Error(error.code(), {d});
    }
  }

  // Decodes all of them once, so that the others have their numbers before the first is run.
  void leave_out_bad() {
    std::vector<std::string> problems(files_.size());
    parallel_for(std::ssize(files_), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        try {
          pictures_.check(i);
        } catch (const Error& error) {
          if (error.code() != Exit::kInput) throw;
          const Diagnostic& d = error.diagnostics()[0];
          problems[static_cast<size_t>(i)] = shown_place(d.place) + ": " + d.problem;
        }
      }
    });
    std::vector<char> good;
    std::vector<NamedFile> kept;
    for (size_t i = 0; i < files_.size(); ++i) {
      good.push_back(problems[i].empty());
      if (problems[i].empty()) {
        kept.push_back(files_[i]);
      } else {
        warn("left out: {}", problems[i]);
      }
    }
    files_ = std::move(kept);
    pictures_.keep(good);
  }

  static PictureSettings settings_for(const InputReading& reading) {
    const Shape& shape = reading.field.shape;
    const Shape read = reading.spare ? with_spare(shape) : shape;
    PictureSettings settings;
    settings.size = {read.height(), read.width()};
    settings.channels = read.channels();
    return settings;
  }

  std::vector<NamedFile> files_;
  PictureFiles pictures_;
  InputReading reading_;
};

class TextPart final : public InputPart {
 public:
  TextPart(std::vector<std::string> texts, const InputReading& reading)
      : texts_(std::move(texts)), reading_(reading) {
    UnknownUnits unknown;
    int64_t longer = 0;
    for (const std::string& text : texts_) longer += add(text, unknown);
    const TextUnit unit = vocabulary().unit();
    if (unknown.any()) note("{}", unknown.text(unit, "the model's"));
    if (longer > 0) {
      note("{} of {} {} more than {} and {} cut", with_commas(longer), counted(size(), "text"),
           longer == 1 ? "has" : "have", counted_units(reading_.field.items.most, unit),
           longer == 1 ? "is" : "are");
    }
  }

  int64_t size() const override { return static_cast<int64_t>(texts_.size()); }
  std::string origin() const override { return "texts"; }
  bool has_names() const override { return true; }
  std::string name(int64_t i) const override { return texts_[static_cast<size_t>(i)]; }
  std::string fingerprint() const override { return join(texts_, "\n"); }
  int64_t read(int64_t i, float* out) const override { return numbers_.read(i, out); }

 private:
  const TextVocabulary& vocabulary() const { return *reading_.vocabulary; }

  // True if it is cut.
  bool add(const std::string& text, UnknownUnits& unknown) {
    constexpr size_t kShown = 40;
    const std::string shown = text.size() > kShown ? text.substr(0, kShown) + "..." : text;
    check_utf8(text, escaped(shown));
    std::vector<int64_t> numbers = vocabulary().encode(text, &unknown);
    if (numbers.empty()) {
      fail(Exit::kInput, escaped(shown), "{}; the model reads texts with something in them",
           unknown.any() ? "has nothing that the model knows" : "a text is empty");
    }
    const Items& items = reading_.field.items;
    const int64_t length = std::ssize(numbers);
    const bool fits = items.varies ? length <= items.most : length == items.most;
    if (!fits && (!items.varies || reading_.refuses_long)) {
      fail(Exit::kInput, escaped(shown), "is a text of {}; the model reads {}{}",
           counted_units(length, vocabulary().unit()), items.varies ? "up to " : "", items.most);
    }
    if (!fits) numbers.resize(static_cast<size_t>(items.most));
    numbers_.add(numbers);
    return !fits;
  }

  std::vector<std::string> texts_;
  InputReading reading_;
  NumberLists numbers_;
};

}  // namespace

std::unique_ptr<InputPart> npy_part(const NamedFile& file, const InputReading& reading) {
  auto reader = std::make_unique<NpyReader>(file.path);
  if (reading.field.kind == FieldKind::kClass && !reader->is_integer()) {
    fail(Exit::kInput, file.name, "the model reads '{}' as class numbers, which are saved as int64",
         reading.field.name);
  }
  return std::make_unique<NpyPart>(file.name, std::move(reader), reading.field, reading.standard);
}

std::unique_ptr<InputPart> idx_part(const NamedFile& file, const InputReading& reading) {
  return std::make_unique<IdxPart>(file.name, read_idx(file.path), reading);
}

std::unique_ptr<InputPart> picture_part(std::vector<NamedFile> files, const InputReading& reading) {
  const Field& field = reading.field;
  const Shape& shape = field.shape;
  const bool takes_pictures = shape.rank() == 3 && !field.items.is_list &&
                              field.kind == FieldKind::kValues &&
                              (shape[0] == 1 || shape[0] == 3 || shape[0] == 4);
  if (!takes_pictures) {
    fail(Exit::kInput, files[0].name, "is a picture; the model takes {}{}",
         describe(shape, field.items), field.kind == FieldKind::kClass ? " class numbers" : "");
  }
  auto part = std::make_unique<PicturePart>(std::move(files), reading);
  return part->size() > 0 ? std::move(part) : nullptr;
}

std::unique_ptr<InputPart> table_part(const NamedFile& file, const InputReading& reading) {
  constexpr uint64_t kMostBytes = uint64_t{1} << 30;
  CsvTable table = CsvTable::parse(read_file(file.path, kMostBytes), file.name);
  return std::make_unique<TablePart>(file.name, std::move(table), reading);
}

std::unique_ptr<InputPart> text_part(std::vector<std::string> texts, const InputReading& reading) {
  return std::make_unique<TextPart>(std::move(texts), reading);
}

Shape with_spare(const Shape& shape) {
  return {shape[0], shape.height() + (shape.height() + 3) / 7,
          shape.width() + (shape.width() + 3) / 7};
}

}  // namespace cnn
