#include "data/recognise.h"

#include <algorithm>
#include <array>
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
#include "data/data_options.h"
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

std::vector<std::string> evenly(const std::vector<std::string>& all) {
  const int64_t size = std::ssize(all), count = std::min(size, kMostMeasured);
  std::vector<std::string> some;
  for (int64_t i = 0; i < count; ++i) some.push_back(all[static_cast<size_t>(i * size / count)]);
  return some;
}

bool is_said(const DataWishes& wishes, std::string_view key) {
  return wishes.said.is_map() && wishes.said.find(key) != nullptr;
}

// Steps over files that cannot be read where `skip_bad` is said.
template <class Work>
void unless_skipped(const DataWishes& wishes, const Work& work) {
  const bool skips =
      is_said(wishes, "skip_bad") && wishes.said.find("skip_bad")->as_bool().value_or(false);
  try {
    work();
  } catch (const Error& error) {
    if (!skips || error.code() != Exit::kInput) throw;
  }
}

// The size and the channels of pictures: the model's, else those of most of them.
std::string add_sizes(const std::vector<std::string>& pictures, const DataWishes& wishes,
                      Node& map) {
  std::map<std::pair<int64_t, int64_t>, int64_t> sizes;
  bool is_colour = false;
  for (const std::string& path : evenly(pictures)) {
    unless_skipped(wishes, [&] {
      const ImageInfo info = read_image_info(path);
      ++sizes[{info.height, info.width}];
      is_colour = is_colour || info.channels >= 3;
    });
  }
  if (sizes.empty()) fail(Exit::kInput, "", "none of the pictures can be read");
  const auto most = std::max_element(
      sizes.begin(), sizes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  int64_t height = most->first.first, width = most->first.second, channels = is_colour ? 3 : 1;
  const Shape& input = wishes.input;
  if (input.rank() == 3 && (input[0] == 1 || input[0] == 3 || input[0] == 4)) {
    channels = input[0];
    height = input.height();
    width = input.width();
  }
  map.set("size", Node::list({number(std::to_string(height)), number(std::to_string(width))}));
  map.set("channels", number(std::to_string(channels)));
  const auto [h, w] = most->first;
  const bool are_alike = sizes.size() == 1;
  std::string text = fmt::format("{} of {} x {}{}", counted(std::ssize(pictures), "picture"), w, h,
                                 are_alike ? "" : " (most of them)");
  if (is_said(wishes, "size") || is_said(wishes, "channels")) return text;
  return text + fmt::format(", read as [{},{},{}]", channels, height, width);
}

std::string rounded(double value) { return fmt::format("{:.4g}", value); }

// The map as the user wants it, but for the numbers that are measured and for what comes after.
Node to_measure(const Node& found, const DataWishes& wishes) {
  constexpr std::array<std::string_view, 6> kLater = {"mean",    "std",         "augment",
                                                      "patches", "target_crop", "border_weights"};
  Node map = found;
  if (!wishes.said.is_map()) return map;
  for (const Entry& e : wishes.said.entries()) {
    if (std::find(kLater.begin(), kLater.end(), e.key) == kLater.end()) map.set(e.key, e.value);
  }
  return map;
}

Node numbers_node(const std::vector<double>& numbers) {
  std::vector<Node> items;
  for (const double n : numbers) items.push_back(number(fmt::format("{}", n)));
  return Node::list(std::move(items));
}

// As many numbers as the inputs have; 0 where categories are still to be counted.
size_t channels_of(const Node& map) {
  const Node* columns = map.find("columns");
  const Node* inputs = columns == nullptr ? nullptr : columns->find("inputs");
  if (inputs == nullptr) return static_cast<size_t>(*map.find("channels")->as_int());
  return columns->find("categories") == nullptr ? inputs->items().size() : 0;
}

// Those that the weights were trained with; false if there are none that fit.
bool add_known_normalization(const DataWishes& wishes, Node& map) {
  if (!wishes.normalization) return false;
  const Normalization& known = *wishes.normalization;
  const size_t channels = channels_of(map);
  for (const auto* numbers : {&known.mean, &known.std}) {
    if (numbers->size() != 1 && numbers->size() != channels) return false;
  }
  map.set("scale", number(fmt::format("{}", known.scale)));
  map.set("mean", numbers_node(known.mean));
  map.set("std", numbers_node(known.std));
  return true;
}

// Columns of numbers: measured when they are opened, or as the weights were trained.
bool add_standards(const DataWishes& wishes, Node& map) {
  const Node* columns = map.find("columns");
  const bool is_numbers = columns != nullptr && columns->find("inputs") != nullptr;
  if (!is_numbers || is_said(wishes, "standardise")) return is_numbers;
  if (is_said(wishes, "mean") || is_said(wishes, "std") || is_said(wishes, "scale")) return false;
  if (!wishes.known.standards.empty()) {
    map.set("standardise", OptionType<Standardise>::write({false, false, wishes.known.standards}));
    return true;
  }
  if (wishes.normalization && add_known_normalization(wishes, map)) return true;
  const bool has_numbers = columns->find("targets") != nullptr && wishes.tells_any_number;
  map.set("standardise", Node::scalar(has_numbers ? "true" : "inputs"));
  return true;
}

// The mean and the deviation of every channel, over training samples as the map gives them.
void add_normalization(const DataWishes& wishes, Node& map) {
  if (is_said(wishes, "mean") && is_said(wishes, "std")) return;
  if (add_standards(wishes, map)) return;
  if (add_known_normalization(wishes, map)) return;
  const DataView train = open_dataset(to_measure(map, wishes), Split::kTrain, 0);
  const Shape& shape = train.dataset->fields()[0].shape;
  const auto channels = static_cast<size_t>(shape.channels());
  std::vector<double> sums(channels, 0), squares(channels, 0);
  std::vector<float> sample(static_cast<size_t>(shape.count()));
  FieldReader reader(*train.dataset, 0);
  const int64_t count = std::min(train.size(), kMostMeasured);
  for (int64_t i = 0; i < count; ++i) {
    reader.read(train.indices[static_cast<size_t>(i * train.size() / count)], sample.data());
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

std::optional<Node> class_folders_in(const Splits& splits, const DataWishes& wishes,
                                     std::string& text) {
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
                     add_sizes(images_under(splits.train), wishes, map));
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
  if (images_under(found.images).empty() || images_under(found.masks).empty()) {
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
std::string add_mask_values(const std::string& masks, const DataWishes& wishes, Node& map) {
  constexpr size_t kMostClasses = 32;
  std::set<uint16_t> values;
  for (const std::string& path : evenly(images_under(masks))) {
    unless_skipped(wishes, [&] {
      const NumberImage mask = read_number_image(path);
      values.insert(mask.values.begin(), mask.values.end());
    });
  }
  if (values.empty()) fail(Exit::kInput, masks, "none of the masks can be read");
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

std::optional<Node> masks_in(const Splits& splits, const DataWishes& wishes, std::string& text) {
  const std::optional<PictureMaskFolders> train = pairs_in(splits.train);
  if (!train) return std::nullopt;
  Node map = new_map("pairs");
  map.set("train", node_of(*train));
  const auto val = pairs_in(splits.val), test = pairs_in(splits.test);
  if (test) map.set("test", node_of(*test));
  map.set("val", val ? node_of(*val) : Node::scalar("0.2"));
  text = add_sizes(images_under(train->images), wishes, map);
  text = fmt::format("pictures and masks by folders, {}, {}",
                     add_mask_values(train->masks, wishes, map), text);
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

Node table_map(const std::string& train, const DataWishes& wishes, std::string& text) {
  const bool knows = wishes.targets.size() == 1;
  const TableGuess guess = guess_columns(train,
                                         !knows                         ? TableTarget::kAny
                                         : wishes.targets[0].is_label() ? TableTarget::kClass
                                                                        : TableTarget::kNumber,
                                         wishes.known);
  Node map = new_map("csv");
  map.set("train", word(train));
  map.set("columns", guess.columns);
  if (!guess.classes.empty()) {
    std::vector<Node> classes;
    for (const std::string& name : guess.classes) classes.push_back(word(name));
    map.set("classes", Node::list(std::move(classes)));
  }
  const std::string folder = fs::path(train).parent_path();
  const bool has_splits = fs::path(train).filename() == "train.csv";
  if (has_splits && is_table(folder + "/test.csv")) map.set("test", word(folder + "/test.csv"));
  add_held_out(has_splits && is_table(folder + "/val.csv") ? folder + "/val.csv" : "", map);
  text = "a table of " + guess.text;
  if (guess.has_pictures) text += ", " + add_sizes(images_under(folder), wishes, map);
  return map;
}

// Fields are called as the model calls them.
void add_names(const DataWishes& wishes, Node& map) {
  const DataOptions usual;
  if (!wishes.input_name.empty() && wishes.input_name != usual.input_name) {
    map.set("input_name", word(wishes.input_name));
  }
  if (wishes.targets.size() != 1) return;
  const Node* columns = map.find("columns");
  const std::string name = map.find("format")->text() == "pairs"                     ? "mask"
                           : columns != nullptr && columns->find("label") == nullptr ? "target"
                                                                                     : "label";
  if (wishes.targets[0].name != name) map.set("target_name", word(wishes.targets[0].name));
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

Node recognise_data(const std::string& path, const DataWishes& wishes) {
  const std::string whole = fs::absolute(path).lexically_normal().string();
  const std::string root =
      whole.size() > 1 && whole.ends_with('/') ? whole.substr(0, whole.size() - 1) : whole;
  std::string text;
  std::optional<Node> map;
  map = recognise_texts(root, wishes, text);
  const bool is_text = map.has_value();
  if (is_text) {
    // It has its names, and no numbers.
  } else if (is_table(root)) {
    map = table_map(root, wishes, text);
  } else {
    const Splits splits = splits_of(root);
    map = masks_in(splits, wishes, text);
    if (!map) map = class_folders_in(splits, wishes, text);
    for (const std::string& folder : {splits.train, root}) {
      if (!map && !table_in(folder).empty()) map = table_map(table_in(folder), wishes, text);
    }
    if (!map) fail_unknown(root);
  }
  if (!is_text) {
    add_names(wishes, *map);
    add_normalization(wishes, *map);
  }
  const std::string line = fmt::format("{}: {}", escaped(path), text);
  if (is_news(line)) note("{}", line);
  if (wishes.said.is_map()) {
    for (const Entry& e : wishes.said.entries()) map->set(e.key, e.value);
  }
  return *map;
}

}  // namespace cnn
