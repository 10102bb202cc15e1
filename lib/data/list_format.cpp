// list: images named in a text file, one a line, with their classes.
//
//   format: list
//   train: train.txt          # cats/1.jpg 0
//   val: val.txt              # or a number of samples, or a fraction
//   test: test.txt
//   images: photos            # folder of the paths; by default that of the list
//
// The class, a number or a name, stands behind the last space or tab of a line; none of the lines
// may have one. Empty lines and those that begin with # are passed over.

#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "data/byte_dataset.h"
#include "data/format.h"
#include "data/paths.h"
#include "data/picture_set.h"
#include "data/sample_table.h"

namespace cnn {
namespace {

struct ListedSample {
  std::string path;
  std::string label;
  std::string place;  // "FILE:LINE:COL" of the label
};

std::vector<ListedSample> read_list(const std::string& file, bool outside) {
  constexpr uint64_t kMostBytes = 1 << 30;
  std::vector<ListedSample> samples;
  int64_t number = 0;
  for (std::string& line : split(read_file(file, kMostBytes), '\n')) {
    ++number;
    while (!line.empty() && std::string_view(" \t\r").find(line.back()) != std::string::npos) {
      line.pop_back();
    }
    if (line.empty() || line.starts_with('#')) continue;
    const size_t gap = line.find_last_of(" \t");
    ListedSample sample;
    sample.path = line.substr(0, line.find_last_not_of(" \t", gap) + 1);
    if (gap == std::string::npos) sample.path = line;
    if (gap != std::string::npos) sample.label = line.substr(gap + 1);
    check_listed_path(sample.path, outside, fmt::format("{}:{}:1", file, number));
    sample.place = fmt::format("{}:{}:{}", file, number, gap == std::string::npos ? 1 : gap + 2);
    if (!samples.empty() && samples[0].label.empty() != sample.label.empty()) {
      fail(Exit::kInput, sample.place, "either all lines have a class or none");
    }
    samples.push_back(std::move(sample));
  }
  if (samples.empty()) fail(Exit::kInput, file, "lists no images");
  return samples;
}

class ListFormat final : public DataFormat {
 public:
  ListFormat() { common.scale = 1.0 / 255; }

  void declare(Options& o) override {
    o("train", train_, "the list of the training images").required();
    o("test", test_, "the list of the test images");
    o("images", images_, "the folder of the images; by default that of the list");
    o("outside", outside_, "allow absolute paths, and '..' in paths");
    settings_.declare(o);
  }

  bool has_test() const override { return !test_.empty(); }
  bool read_validation(Diagnostics&) override { return common.val.files.is_null(); }

  std::shared_ptr<const Dataset> open(Split split) const override {
    const DataPath& list = split == Split::kTrain  ? train_
                           : split == Split::kTest ? test_
                                                   : common.val.folder;
    const std::string file = find_data_path(list, common);
    const size_t slash = file.rfind('/');
    const std::string home = slash == std::string::npos ? "." : file.substr(0, slash);
    const std::string root = images_.empty() ? home : find_data_folder(images_, common);
    const std::vector<ListedSample> samples = read_list(file, outside_);
    DataOptions options = common;
    PictureSetParts parts;
    parts.origin = file;
    std::vector<std::string> paths;
    const bool has_classes = !samples[0].label.empty();
    FieldNumbers labels;
    if (has_classes) {
      options.classes = classes_of(training_labels(samples), common);
      labels.field = class_field({1}, options);
    }
    for (const ListedSample& s : samples) {
      paths.push_back(s.path);
      if (!has_classes) continue;
      labels.values.push_back(class_number(s.label, options.classes, common, s.place));
    }
    if (has_classes) parts.targets.push_back(std::move(labels));
    parts.pictures = FileList(root, std::move(paths));
    return open_picture_set(std::move(parts), settings_, options);
  }

 private:
  // Class numbers are those of the training list; where this is not there, of `otherwise`.
  std::vector<std::string> training_labels(const std::vector<ListedSample>& otherwise) const {
    std::vector<std::string> labels;
    const auto add = [&](const std::vector<ListedSample>& samples) {
      for (const ListedSample& s : samples) labels.push_back(s.label);
    };
    try {
      add(read_list(find_data_path(train_, common), outside_));
    } catch (const Error&) {
      add(otherwise);
    }
    return labels;
  }

  DataPath train_;
  DataPath test_;
  DataPath images_;
  bool outside_ = false;
  PictureSettings settings_;
};

}  // namespace

extern const DataFormatType list_format = {
    "list", "images named in a text file, one a line, with their classes",
    [] { return std::unique_ptr<DataFormat>(new ListFormat()); }};

}  // namespace cnn
