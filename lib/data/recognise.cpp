#include "data/recognise.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "data/dataset.h"
#include "data/picture_files.h"
#include "data/table_guess.h"
#include "io/image.h"

namespace cnn {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostMeasured = 256;  // samples, evenly spread

Node word(const std::string& text) { return Node::scalar(text, {}, true); }  // "no", "1.10"
Node number(const std::string& text) { return Node::scalar(text); }

bool is_table(const std::string& path) { return path.ends_with(".csv") && file_exists(path); }

// The first of these names that is a folder in `parent`; empty if none is.
std::string folder_of(const std::string& parent, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (is_directory(parent + "/" + name)) return parent + "/" + name;
  }
  return "";
}

struct Splits {
  std::string train, val, test;  // empty: none
};

Splits splits_of(const std::string& root) {
  const std::string train = folder_of(root, {"train", "training"});
  if (train.empty()) return {root, "", ""};
  return {train, folder_of(root, {"val", "valid", "validation"}),
          folder_of(root, {"test", "testing"})};
}

std::vector<std::string> pictures_under(const std::string& folder) {
  std::vector<std::string> files = files_under(folder);
  std::erase_if(files, [](const std::string& path) { return !is_image_file(path); });
  return files;
}

std::vector<std::string> evenly(const std::vector<std::string>& all) {
  const int64_t size = std::ssize(all), count = std::min(size, kMostMeasured);
  std::vector<std::string> some;
  for (int64_t i = 0; i < count; ++i) some.push_back(all[static_cast<size_t>(i * size / count)]);
  return some;
}

// The size and the channels of pictures: the model's, else those of most of them.
std::string add_sizes(const std::vector<std::string>& pictures, const Shape& input, Node& map) {
  std::map<std::pair<int64_t, int64_t>, int64_t> sizes;
  bool is_colour = false;
  for (const std::string& path : evenly(pictures)) {
    const ImageInfo info = read_image_info(path);
    ++sizes[{info.height, info.width}];
    is_colour = is_colour || info.channels >= 3;
  }
  const auto most = std::max_element(
      sizes.begin(), sizes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  int64_t height = most->first.first, width = most->first.second, channels = is_colour ? 3 : 1;
  if (input.rank() == 3 && (input[0] == 1 || input[0] == 3 || input[0] == 4)) {
    channels = input[0];
    height = input.height();
    width = input.width();
  }
  map.set("size", Node::list({number(std::to_string(height)), number(std::to_string(width))}));
  map.set("channels", number(std::to_string(channels)));
  const auto [h, w] = most->first;
  const bool are_alike = sizes.size() == 1;
  return fmt::format("{} of {} x {}{}, read as [{},{},{}]",
                     counted(std::ssize(pictures), "picture"), w, h,
                     are_alike ? "" : " (most of them)", channels, height, width);
}

std::string rounded(double value) { return fmt::format("{:.4g}", value); }

// The mean and the deviation of every channel, over training samples as the map gives them.
void add_normalization(Node& map) {
  const DataView train = open_dataset(map, Split::kTrain, 0);
  const Shape& shape = train.dataset->fields()[0].shape;
  const auto channels = static_cast<size_t>(shape.channels());
  std::vector<double> sums(channels, 0), squares(channels, 0);
  std::vector<float> sample(static_cast<size_t>(shape.count()));
  std::vector<float*> out(train.dataset->fields().size(), nullptr);
  out[0] = sample.data();
  const int64_t count = std::min(train.size(), kMostMeasured);
  for (int64_t i = 0; i < count; ++i) {
    train.dataset->read(train.indices[static_cast<size_t>(i * train.size() / count)], out);
    for (size_t k = 0; k < sample.size(); ++k) {
      const auto value = static_cast<double>(sample[k]);
      sums[k % channels] += value;
      squares[k % channels] += value * value;
    }
  }
  const auto all = static_cast<double>(count * shape.positions());
  std::vector<Node> means, deviations;
  for (size_t c = 0; c < channels; ++c) {
    const double mean = sums[c] / all;
    const double deviation = std::sqrt(std::max(0.0, squares[c] / all - mean * mean));
    means.push_back(number(rounded(mean)));
    deviations.push_back(number(deviation > 1e-6 ? rounded(deviation) : "1"));
  }
  map.set("mean", Node::list(std::move(means)));
  map.set("std", Node::list(std::move(deviations)));
}

Node new_map(const char* format) {
  Node map = Node::map({});
  map.set("format", Node::scalar(format));
  return map;
}

void add_held_out(const std::string& val, Node& map) {
  map.set("val", val.empty() ? Node::scalar("0.2") : word(val));
}

// Folders in which pictures lie, two or more.
std::vector<std::string> classes_in(const std::string& root) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(root, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename();
    if (name.starts_with('.') || !it->is_directory(error)) continue;
    const std::vector<std::string> files = files_under(it->path());
    if (std::any_of(files.begin(), files.end(), is_image_file)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names.size() >= 2 ? names : std::vector<std::string>();
}

std::optional<Node> class_folders_in(const Splits& splits, const Shape& input, std::string& text) {
  const std::vector<std::string> names = classes_in(splits.train);
  if (names.empty()) return std::nullopt;
  Node map = new_map("folder");
  map.set("train", word(splits.train));
  if (!splits.test.empty()) map.set("test", word(splits.test));
  add_held_out(splits.val, map);
  constexpr size_t kMostNamed = 10;
  const std::string list =
      names.size() <= kMostNamed ? " (" + escaped(join(names, ", ")) + ")" : "";
  text = fmt::format("{} classes by folders{}, {}", names.size(), list,
                     add_sizes(pictures_under(splits.train), input, map));
  std::vector<Node> classes;
  for (const std::string& name : names) classes.push_back(word(name));
  map.set("classes", Node::list(std::move(classes)));
  return map;
}

struct PictureMaskFolders {
  std::string images, masks;
};

std::optional<PictureMaskFolders> pairs_in(const std::string& folder) {
  if (folder.empty()) return std::nullopt;
  const PictureMaskFolders found{folder_of(folder, {"images", "image", "imgs", "pictures"}),
                                 folder_of(folder, {"masks", "mask", "labels", "annotations"})};
  if (found.images.empty() || found.masks.empty()) return std::nullopt;
  if (pictures_under(found.images).empty() || pictures_under(found.masks).empty()) {
    return std::nullopt;
  }
  return found;
}

Node node_of(const PictureMaskFolders& folders) {
  Node map = Node::map({});
  map.set("images", word(folders.images));
  map.set("masks", word(folders.masks));
  return map;
}

// What the masks' values mean: class numbers as they are, or values to be numbered, or, where there
// are very many, the numbers of objects on a ground of 0.
std::string add_mask_values(const std::string& masks, Node& map) {
  constexpr size_t kMostClasses = 32;
  std::set<uint16_t> values;
  for (const std::string& path : evenly(pictures_under(masks))) {
    const NumberImage mask = read_number_image(path);
    values.insert(mask.values.begin(), mask.values.end());
  }
  if (values.size() > kMostClasses) {
    map.set("classes", Node::scalar("2"));
    Node meaning = Node::map({});
    meaning.set("0", Node::scalar("0"));
    meaning.set("rest", Node::scalar("1"));
    map.set("mask_values", meaning);
    return fmt::format("{} values in the masks, read as ground (0) and objects (all others)",
                       values.size());
  }
  map.set("classes", Node::scalar(std::to_string(std::max<size_t>(values.size(), 2))));
  if (*values.rbegin() < std::max<size_t>(values.size(), 2)) {
    return fmt::format("{} classes in the masks", values.size());
  }
  Node meaning = Node::map({});
  std::vector<std::string> words;
  for (const uint16_t value : values) {
    words.push_back(std::to_string(value));
    meaning.set(words.back(), Node::scalar(std::to_string(words.size() - 1)));
  }
  map.set("mask_values", meaning);
  return fmt::format("{} classes in the masks, of the values {}", values.size(), join(words, ", "));
}

std::optional<Node> masks_in(const Splits& splits, const Shape& input, std::string& text) {
  const std::optional<PictureMaskFolders> train = pairs_in(splits.train);
  if (!train) return std::nullopt;
  Node map = new_map("pairs");
  map.set("train", node_of(*train));
  const auto val = pairs_in(splits.val), test = pairs_in(splits.test);
  if (test) map.set("test", node_of(*test));
  map.set("val", val ? node_of(*val) : Node::scalar("0.2"));
  text = add_sizes(pictures_under(train->images), input, map);
  text = fmt::format("pictures and masks by folders, {}, {}", add_mask_values(train->masks, map),
                     text);
  return map;
}

// train.csv, else the only table.
std::string table_in(const std::string& folder) {
  if (is_table(folder + "/train.csv")) return folder + "/train.csv";
  std::vector<std::string> tables;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (is_table(it->path())) tables.push_back(it->path());
  }
  return tables.size() == 1 ? tables[0] : "";
}

Node table_map(const std::string& train, const Shape& input, std::string& text) {
  const TableGuess guess = guess_columns(train);
  Node map = new_map("csv");
  map.set("train", word(train));
  map.set("columns", guess.columns);
  const std::string folder = fs::path(train).parent_path();
  const bool has_splits = fs::path(train).filename() == "train.csv";
  if (has_splits && is_table(folder + "/test.csv")) map.set("test", word(folder + "/test.csv"));
  add_held_out(has_splits && is_table(folder + "/val.csv") ? folder + "/val.csv" : "", map);
  text = "a table of " + guess.text;
  if (guess.has_pictures) text += ", " + add_sizes(pictures_under(folder), input, map);
  return map;
}

[[noreturn]] void fail_unknown(const std::string& folder) {
  constexpr size_t kMostNamed = 8;
  std::vector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename();
    found.push_back(it->is_directory(error) ? name + "/" : name);
  }
  std::sort(found.begin(), found.end());
  const size_t count = found.size();
  if (count > kMostNamed) {
    found.resize(kMostNamed);
    found.push_back(fmt::format("and {} more", count - kMostNamed));
  }
  throw Error(
      Exit::kInput,
      {{folder,
        "is no data set that can be recognised",
        {},
        {"class folders were looked for: CLASS/PICTURE.jpg of two or more classes, there or "
         "below train/",
         "pictures with masks: images/ and masks/ (or labels/), there or below train/",
         "a table: train.csv, or one .csv alone",
         count == 0 ? "the folder is empty" : "found: " + escaped(join(found, ", ")),
         "a data file says what else it is: lib/data/README.md, 'Data maps'"}}});
}

}  // namespace

Node recognise_data(const std::string& path, const Shape& input) {
  const std::string whole = fs::absolute(path).lexically_normal().string();
  const std::string root =
      whole.size() > 1 && whole.ends_with('/') ? whole.substr(0, whole.size() - 1) : whole;
  std::string text;
  std::optional<Node> map;
  if (is_table(root)) {
    map = table_map(root, input, text);
  } else {
    const Splits splits = splits_of(root);
    map = masks_in(splits, input, text);
    if (!map) map = class_folders_in(splits, input, text);
    for (const std::string& folder : {splits.train, root}) {
      if (!map && !table_in(folder).empty()) map = table_map(table_in(folder), input, text);
    }
    if (!map) fail_unknown(root);
  }
  add_normalization(*map);
  note("{}: {}", escaped(path), text);
  return *map;
}

}  // namespace cnn
