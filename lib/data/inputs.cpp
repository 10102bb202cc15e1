#include "data/inputs.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "data/input_parts.h"
#include "data/picture_files.h"
#include "data/standard_input.h"
#include "data/text_files.h"
#include "io/csv.h"
#include "io/file_kind.h"
#include "io/image.h"

namespace cnn {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kIdxMagic{"\0\0", 2};  // texts have no such bytes
constexpr std::string_view kGzipMagic{"\x1f\x8b", 2};
constexpr size_t kHead = 512;                      // bytes that tell what a file is
constexpr uint64_t kMostText = uint64_t{1} << 30;  // bytes of a file of lines

// The images in a folder, at any depth; what is none is left out.
std::vector<std::string> pictures_in(const std::string& folder) {
  const std::vector<std::string> files = images_under(folder);
  const size_t all = files_under(folder).size();
  if (files.empty()) fail(Exit::kInput, folder, "has no JPEG or PNG images");
  if (files.size() < all) {
    warn("{}: {} of {} files are no JPEG or PNG images and are left out", folder,
         all - files.size(), all);
  }
  return files;
}

std::vector<std::string> lines_of(const NamedFile& file) {
  std::vector<std::string> lines = read_text_lines(file.path);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (!units_of(lines[i], TextUnit::kWord).empty()) continue;
    fail(Exit::kInput, fmt::format("{}:{}", file.name, i + 1),
         "is empty; a text a line is expected");
  }
  return lines;
}

// Below the list's own folder, else from the working directory.
std::string path_in(const std::string& list, const std::string& name) {
  const size_t slash = list.rfind('/');
  if (slash == std::string::npos || name.starts_with('/')) return name;
  const std::string beside = list.substr(0, slash + 1) + name;
  return fs::exists(beside) ? beside : name;
}

// What a list names, and where.
struct Listed {
  std::string path;
  std::string place;  // FILE:LINE
};

std::vector<Listed> listed_by_line(const std::string& text, const std::string& name) {
  std::vector<Listed> listed;
  int line = 0;
  for (const std::string& path : text_lines(text)) {
    ++line;
    if (!path.empty()) listed.push_back({path_in(name, path), fmt::format("{}:{}", name, line)});
  }
  if (listed.empty()) fail(Exit::kInput, name, "is empty; a path a line is expected");
  return listed;
}

// Of the first column that names files; empty if none does.
std::vector<Listed> listed_in_column(const std::string& text, const std::string& name) {
  const CsvTable table = CsvTable::parse(text, name);
  std::vector<Listed> listed;
  if (table.rows() == 0) return listed;
  for (int c = 0; c < static_cast<int>(table.columns().size()); ++c) {
    if (table.text(0, c).empty() || !fs::exists(path_in(name, table.text(0, c)))) continue;
    for (size_t row = 0; row < table.rows(); ++row) {
      listed.push_back({path_in(name, table.text(row, c)), table.place(row, c)});
    }
    return listed;
  }
  return listed;
}

std::vector<Listed> listed_in(const NamedFile& list) {
  const std::string text = read_file(list.path, kMostText);
  std::vector<Listed> lines = listed_by_line(text, list.name);
  if (fs::exists(lines[0].path)) return lines;
  // A line of column names; the name of one column alone is no path that is not there.
  const std::string first = text.substr(0, text.find('\n'));
  const bool is_table = first.find(',') != std::string::npos;
  if (!is_table && first.find_first_of("./\\") != std::string::npos) return lines;
  std::vector<Listed> rows = listed_in_column(text, list.name);
  if (rows.empty() && is_table) {
    fail(Exit::kInput, list.name,
         "is a table, and no column of it names files; the model takes pictures");
  }
  return rows.empty() ? lines : rows;
}

// Arguments by what they are; pictures and texts gather until something else comes.
class Opener {
 public:
  explicit Opener(const InputReading& reading) : reading_(reading) {}

  void add(const std::string& argument) {
    const NamedFile file{argument == "-" ? standard_input_file() : argument, argument};
    if (reading_.skip_bad && !is_directory(file.path) && !reading_.vocabulary) {
      unless_bad([&] { add_argument(file); });
    } else {
      add_argument(file);
    }
  }

  std::vector<Inputs::Part> done() {
    close_row();
    if (parts_.empty()) fail(Exit::kInput, "", "none of the inputs can be read");
    return std::move(parts_);
  }

 private:
  void add_argument(const NamedFile& file) {
    const std::string& path = file.path;
    if (is_directory(path)) {
      add_folder(path);
    } else if (reading_.vocabulary && !file_exists(path)) {
      if (path.find('/') != std::string::npos || path.ends_with(".txt")) {
        warn("there is no file '{}', so it is read as a text", path);
      }
      gather(texts_, {path});
    } else if (is_image_file(path)) {
      add_picture(file);
    } else {
      add_by_content(file, head_of_file(path, kHead));
    }
  }

  void add_by_content(const NamedFile& file, std::string_view head) {
    if (head.starts_with("\x93NUMPY")) {
      add_array(npy_part, file);
    } else if (reading_.vocabulary && !head.starts_with(kIdxMagic)) {
      gather(texts_, lines_of(file));
    } else if (head.starts_with(kIdxMagic) || head.starts_with(kGzipMagic)) {
      if (reading_.field.kind == FieldKind::kValues) warn_of_guess();
      add_array(idx_part, file);
    } else if (kind_of_content(head) != "text") {
      fail_unreadable(file.path);
    } else if (reading_.field.kind == FieldKind::kValues && reading_.field.shape.rank() == 1) {
      add_array(table_part, file);
    } else {
      add_named_in(file);
    }
  }

  void unless_bad(const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      if (error.code() != Exit::kInput) throw;
      const Diagnostic& d = error.diagnostics()[0];
      warn("left out: {}: {}", shown_place(d.place), d.problem);
    }
  }

  void add_folder(const std::string& folder) {
    for (const std::string& path : pictures_in(folder)) add_picture({path, path});
  }

  void add_picture(const NamedFile& file) {
    if (pictures_.empty()) close_row();
    pictures_.push_back(file);
  }

  // A text file names pictures and folders of them, one a line or in a column of a table.
  void add_named_in(const NamedFile& list) {
    for (const Listed& listed : listed_in(list)) {
      if (reading_.skip_bad) {
        unless_bad([&] { add_listed(listed); });
      } else {
        add_listed(listed);
      }
    }
  }

  void add_listed(const Listed& listed) {
    const std::string& path = listed.path;
    if (is_directory(path)) {
      add_folder(path);
    } else if (!fs::exists(path)) {
      fail(Exit::kInput, listed.place,
           "names '{}', which is not there; a text file is a list of pictures, a path a line",
           escaped(path));
    } else if (!is_image_file(path)) {
      fail(Exit::kInput, listed.place, "names '{}', which is no JPEG or PNG image", escaped(path));
    } else {
      add_picture({path, path});
    }
  }

  void gather(std::vector<std::string>& row, const std::vector<std::string>& more) {
    if (row.empty()) close_row();
    row.insert(row.end(), more.begin(), more.end());
  }
  void warn_of_guess() {
    if (!reading_.is_guess || has_warned_) return;
    has_warned_ = true;
    warn(
        "neither the weights nor the model say how pixels were normalised; they are scaled to 0 .. "
        "1 (data.mean=, data.std= and data.scale= say otherwise)");
  }
  void add_array(std::unique_ptr<InputPart> (*open)(const NamedFile&, const InputReading&),
                 const NamedFile& file) {
    require_pictures(file.name);
    close_row();
    push(open(file, reading_));
  }
  void require_pictures(const std::string& argument) const {
    if (!reading_.spare) return;
    fail(Exit::kUsage, argument, "is no picture; ten crops are of JPEG and PNG images");
  }
  void close_row() {
    if (!pictures_.empty()) {
      warn_of_guess();
      if (auto part = picture_part(std::exchange(pictures_, {}), reading_)) push(std::move(part));
    }
    if (texts_.empty()) return;
    require_pictures(texts_.front());
    push(text_part(std::exchange(texts_, {}), reading_));
  }
  void push(std::unique_ptr<InputPart> samples) {
    const int64_t first = parts_.empty() ? 0 : parts_.back().first + parts_.back().samples->size();
    parts_.push_back({first, std::move(samples)});
  }

  const InputReading& reading_;
  bool has_warned_ = false;
  std::vector<NamedFile> pictures_;
  std::vector<std::string> texts_;
  std::vector<Inputs::Part> parts_;
};

}  // namespace

Inputs::Inputs(std::vector<Part> parts, const InputReading& reading) : parts_(std::move(parts)) {
  CNN_ASSERT(!parts_.empty());
  fields_ = {reading.field};
  normalization_ = reading.normalization;
  has_spare_ = reading.spare;
}

PictureSize Inputs::spare() const {
  const Shape &shape = fields_[0].shape, larger = with_spare(shape);
  return {larger.height() - shape.height(), larger.width() - shape.width()};
}

const Inputs::Part& Inputs::part_of(int64_t index) const {
  CNN_ASSERT(index >= 0 && index < size());
  const auto behind = std::upper_bound(parts_.begin(), parts_.end(), index,
                                       [](int64_t i, const Part& part) { return i < part.first; });
  return *(behind - 1);
}

int64_t Inputs::size() const { return parts_.back().first + parts_.back().samples->size(); }

void Inputs::read(int64_t index, std::span<float* const> out) const {
  int64_t items = 0;
  read_items(index, nullptr, out, {&items, 1});
}

void Inputs::read_items(int64_t index, const Draw*, std::span<float* const> out,
                        std::span<int64_t> items) const {
  CNN_ASSERT(out.size() == 1 && items.size() == 1);
  items[0] = 1;
  if (out[0] == nullptr) return;
  if (has_spare_) {
    read_window(index, {spare().height / 2, spare().width / 2}, out);
    return;
  }
  const Part& part = part_of(index);
  items[0] = part.samples->read(index - part.first, out[0]);
}

void Inputs::read_window(int64_t index, const WindowPlace& place,
                         std::span<float* const> out) const {
  CNN_ASSERT(has_spare_ && out.size() == 1);
  if (out[0] == nullptr) return;
  const Shape &shape = fields_[0].shape, larger = with_spare(shape);
  thread_local std::vector<float> whole;
  whole.resize(static_cast<size_t>(larger.count()));
  const Part& part = part_of(index);
  part.samples->read(index - part.first, whole.data());
  const int64_t row = shape.width() * shape[0];
  for (int64_t y = 0; y < shape.height(); ++y) {
    const int64_t at = ((place.top + y) * larger.width() + place.left) * shape[0];
    std::copy_n(whole.data() + at, row, out[0] + y * row);
  }
}

std::string Inputs::file(int64_t index) const {
  const Part& part = part_of(index);
  return part.samples->path(index - part.first);
}

std::string Inputs::fingerprint() const {
  std::string text;
  for (const Part& part : parts_) text += part.samples->fingerprint() + "\n";
  return text;
}

std::shared_ptr<const Inputs> open_inputs(const std::vector<std::string>& arguments,
                                          const InputReading& reading) {
  try {
    Opener opener(reading);
    for (const std::string& argument : arguments) opener.add(argument);
    return std::make_shared<const Inputs>(opener.done(), reading);
  } catch (const Error& error) {
    throw with_shown_places(error);
  }
}

DataView view_of(std::shared_ptr<const Inputs> inputs, int64_t first, int64_t samples) {
  if (samples < 0) samples = inputs->size() - first;
  DataView view{std::move(inputs), std::vector<int64_t>(static_cast<size_t>(samples))};
  std::iota(view.indices.begin(), view.indices.end(), first);
  return view;
}

}  // namespace cnn
