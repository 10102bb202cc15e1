#include "data/data_options.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace cnn {

int64_t HeldOut::of(int64_t count) const {
  const double samples = value < 1 ? std::floor(value * static_cast<double>(count) + 0.5) : value;
  return static_cast<int64_t>(samples);
}

std::string OptionType<DataPath>::name() { return "path"; }
OptionSchema OptionType<DataPath>::schema() { return OptionSchema::text(); }
bool OptionType<DataPath>::read(const Node& node, DataPath& out, Diagnostics& d) {
  const std::optional<std::string> text = node.read_string(d);
  if (!text) return false;
  if (text->empty()) {
    d.report(node.mark(), "expected a path, found an empty text");
    return false;
  }
  out.text = *text;
  if (const auto& source = node.mark().source) {
    out.directory = source->directory;
    out.from_command_line = source->is_command_line;
  }
  return true;
}
Node OptionType<DataPath>::write(const DataPath& value) {
  return value.empty() ? Node() : Node::scalar(value.text);
}

std::string OptionType<Colour>::name() { return "0 to 255, or three of them"; }
OptionSchema OptionType<Colour>::schema() { return OptionSchema::any(); }
bool OptionType<Colour>::read(const Node& node, Colour& out, Diagnostics& d) {
  const std::vector<Node> parts = node.is_list() ? node.items() : std::vector<Node>(3, node);
  uint8_t* const colours[] = {&out.red, &out.green, &out.blue};
  for (size_t i = 0; i < 3; ++i) {
    const std::optional<int64_t> value = parts.size() == 3 ? parts[i].as_int() : std::nullopt;
    if (!value || *value < 0 || *value > 255) {
      d.report(node.mark(),
               "expected a grey value (0 is black, 255 white) or [red, green, blue], found " +
                   node.describe());
      return false;
    }
    *colours[i] = static_cast<uint8_t>(*value);
  }
  return true;
}
Node OptionType<Colour>::write(const Colour& value) {
  if (value.red == value.green && value.green == value.blue) {
    return OptionType<int64_t>::write(value.red);
  }
  return OptionType<std::vector<int64_t>>::write({value.red, value.green, value.blue});
}

std::string OptionType<ChannelNumbers>::name() { return "number or list of one a channel"; }
OptionSchema OptionType<ChannelNumbers>::schema() {
  return OptionSchema::one_of(
      {OptionSchema::number(), OptionSchema::list_of(OptionSchema::number())});
}
bool OptionType<ChannelNumbers>::read(const Node& node, ChannelNumbers& out, Diagnostics& d) {
  if (node.is_list() && !node.items().empty()) {
    return OptionType<std::vector<double>>::read(node, out.values, d);
  }
  const std::optional<double> value = node.read_double(d);
  if (value) out.values = {*value};
  return value.has_value();
}
Node OptionType<ChannelNumbers>::write(const ChannelNumbers& value) {
  return value.values.size() == 1 ? OptionType<double>::write(value.values[0])
                                  : OptionType<std::vector<double>>::write(value.values);
}

std::string OptionType<HeldOut>::name() { return "number of samples, fraction below 1, or folder"; }
OptionSchema OptionType<HeldOut>::schema() { return OptionSchema::any(); }
bool OptionType<HeldOut>::read(const Node& node, HeldOut& out, Diagnostics& d) {
  const std::optional<double> value = node.as_double();
  const bool is_count = value && *value >= 0 && *value == std::floor(*value) && *value < 1e15;
  const bool is_fraction = value && *value > 0 && *value < 1;
  if (node.is_scalar() && !value && !node.text().empty()) {
    return OptionType<DataPath>::read(node, out.folder, d);
  }
  if (node.is_map()) {
    out.files = node;
    return true;
  }
  if (!is_count && !is_fraction) {
    d.report(node.mark(),
             "expected a number of samples (5000) or a fraction (0.1), found " + node.describe());
    return false;
  }
  out.value = *value;
  return true;
}
Node OptionType<HeldOut>::write(const HeldOut& value) {
  if (!value.files.is_null()) return value.files;
  return value.folder.empty() ? OptionType<double>::write(value.value)
                              : OptionType<DataPath>::write(value.folder);
}

std::string OptionType<ClassList>::name() { return "number of classes, or list of their names"; }
OptionSchema OptionType<ClassList>::schema() {
  return OptionSchema::one_of(
      {OptionSchema::integer(), OptionSchema::list_of(OptionSchema::text())});
}
bool OptionType<ClassList>::read(const Node& node, ClassList& out, Diagnostics& d) {
  constexpr int64_t kMostClasses = 1 << 24;  // class numbers travel as floats
  if (const std::optional<int64_t> count = node.as_int()) {
    if (*count >= 1 && *count <= kMostClasses) {
      out = {*count, {}};
      return true;
    }
  } else if (node.is_list() && !node.items().empty()) {
    std::vector<std::string> names;
    if (!OptionType<std::vector<std::string>>::read(node, names, d)) return false;
    std::set<std::string> seen;
    for (size_t i = 0; i < names.size(); ++i) {
      if (!seen.insert(names[i]).second) {
        d.report(node.items()[i].mark(), "class '" + names[i] + "' is there twice");
        return false;
      }
    }
    out = {static_cast<int64_t>(names.size()), std::move(names)};
    return true;
  }
  d.report(node.mark(),
           "expected a number of classes (10) or a list of their names, found " + node.describe());
  return false;
}
Node OptionType<ClassList>::write(const ClassList& value) {
  if (value.count == 0) return Node();
  return value.names.empty() ? OptionType<int64_t>::write(value.count)
                             : OptionType<std::vector<std::string>>::write(value.names);
}

std::vector<std::string> ClassTitles::of(const ClassList& classes) const {
  std::vector<std::string> names = classes.names;
  if (names.empty() && by_name.empty()) return {};
  if (names.empty() && classes.count == 0) {
    for (const auto& [name, title] : by_name) names.push_back(name);
  }
  for (int64_t c = std::ssize(names); c < classes.count; ++c) names.push_back(std::to_string(c));
  for (std::string& name : names) {
    if (const auto found = by_name.find(name); found != by_name.end()) name = found->second;
  }
  return names;
}

std::string OptionType<ClassTitles>::name() { return "map of classes to what they are called"; }
OptionSchema OptionType<ClassTitles>::schema() { return OptionSchema::any(); }
bool OptionType<ClassTitles>::read(const Node& node, ClassTitles& out, Diagnostics& d) {
  out = {};
  if (node.is_null()) return true;
  if (!node.is_map()) {
    d.report(node.mark(), "expected a map of classes to titles, found " + node.describe(),
             "for example {n02124075: Egyptian cat}");
    return false;
  }
  std::set<std::string> seen;
  for (const Entry& entry : node.entries()) {
    const std::optional<std::string> title = entry.value.read_string(d);
    if (!title) return false;
    if (!seen.insert(*title).second) {
      d.report(entry.value.mark(), "two classes are called '" + *title + "'");
      return false;
    }
    out.by_name[entry.key] = *title;
  }
  return true;
}
Node OptionType<ClassTitles>::write(const ClassTitles& value) {
  if (value.by_name.empty()) return Node();
  Node map = Node::map({});
  for (const auto& [name, title] : value.by_name) map.set(name, Node::scalar(title));
  return map;
}

void DataOptions::declare(Options& o) {
  constexpr double kSmallest = 1e-12;
  o("name", name, "what 'cnn data get' calls it");
  o("about", about, "one sentence for people");
  o("root", root, "folder of relative paths, after $CNN_DATA");
  o("classes", classes, "the classes, in the order of their numbers").aliases({"class_names"});
  o("titles", titles,
    "what classes are called for people, by the names of their folders or their numbers");
  o("input_name", input_name, "name of the input field");
  o("target_name", target_name, "name of the target field; by default label, mask or target");
  o("scale", scale, "inputs are multiplied by this first");
  o("mean", mean, "then this is subtracted");
  o("std", std, "then they are divided by this").at_least(kSmallest);
  o("standardise", standardise,
    "numbers get mean 0 and deviation 1, those of the training samples: true, inputs or targets")
      .aliases({"standardize"});
  o.choice("invert", invert,
           {{"false", Invert::kNo}, {"true", Invert::kYes}, {"auto", Invert::kAuto}},
           "true: negatives (1 - x * scale) are read, always; auto: of a picture that predict is "
           "shown, where it is unlike the training data");
  o("background", background, "what lies under transparent pixels of images");
  o("ignore", ignore, "class number that marks what has no class");
  o("shuffle", shuffle, "another order in every epoch of training");
  o("val", val, "held out from the training set for validation").aliases({"validation", "valid"});
  o("stratify", stratify,
    "what `val` holds out has of every class the share that all samples have");
  o("limit", limit, "use no more samples than this of each split").at_least(1);
  o("augment", augment, "random changes of training samples: {pad: 4, crop: 32, flip: true}");
  o("patches", patches, "cut every picture into windows of this size, each a sample");
  o("target_crop", target_crop, "cut the middle of this size out of masks, not of their pictures");
  o("border_weights", border_weights,
    "offer a field 'border': U-Net's weights of a mask's pixels, {w0: 10, sigma: 5}");
  o("files", files, "what 'cnn data get' fetches: path and sha256 of the unpacked content");
  o("mirrors", mirrors, "where 'cnn data get' fetches from");
}

Normalization DataOptions::normalization(int64_t channels) const {
  for (const auto& [key, numbers] : {std::pair("mean", &mean.values), {"std", &std.values}}) {
    const auto size = static_cast<int64_t>(numbers->size());
    if (size != 1 && size != channels) {
      fail(Exit::kSpec, "", "data: '{}' has {} numbers, the inputs have {} channels", key, size,
           channels);
    }
  }
  const Normalization plain{scale, mean.values, std.values};
  return invert == Invert::kYes ? plain.of_negatives(1 / scale) : plain;
}

}  // namespace cnn
