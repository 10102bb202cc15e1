// folder: images in one folder a class.
//
//   format: folder
//   train: flowers/train     # flowers/train/daisy/1.jpg, flowers/train/rose/x/2.png ...
//   val: flowers/val         # or a number of samples, or a fraction, of the training images
//   test: flowers/test
//   size: 224
//   channels: 3
//
// The names of the folders, sorted by their bytes, are the classes; other roots are matched by
// name. Files and folders that begin with a dot are left out.

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "data/byte_dataset.h"
#include "data/format.h"
#include "data/paths.h"
#include "data/picture_set.h"

namespace cnn {
namespace {

class FolderFormat final : public DataFormat {
 public:
  FolderFormat() { common.scale = 1.0 / 255; }

  void declare(Options& o) override {
    o("train", train_, "the folder of the training images").required();
    o("test", test_, "the folder of the test images");
    settings_.declare(o);
  }

  bool has_test() const override { return !test_.empty(); }
  bool read_validation(Diagnostics&) override { return common.val.files.is_null(); }

  std::shared_ptr<const Dataset> open(Split split) const override {
    const DataPath& path = split == Split::kTrain  ? train_
                           : split == Split::kTest ? test_
                                                   : common.val.folder;
    const std::string root = find_data_folder(path, common);
    DataOptions options = common;
    if (options.classes.names.empty()) {
      const std::vector<std::string> names = class_folders(training_root(root));
      const auto count = static_cast<int64_t>(names.size());
      if (options.classes.count != 0 && options.classes.count != count) {
        fail(Exit::kInput, root, "has {} class folders, 'classes' says {}", count,
             options.classes.count);
      }
      options.classes = {count, names};
    }
    return open_picture_set(list(root, options), settings_, options);
  }

 private:
  // By class number, then by path.
  static PictureSetParts list(const std::string& root, const DataOptions& options) {
    const std::vector<std::string>& classes = options.classes.names;
    std::vector<std::pair<int64_t, std::string>> samples;
    for (const std::string& name : class_folders(root)) {
      const auto found = std::find(classes.begin(), classes.end(), name);
      if (found == classes.end()) {
        fail(Exit::kInput, root + "/" + name, "is no class; the classes are {}",
             join(classes, ", "));
      }
      for (const std::string& path : files_under(root + "/" + name)) {
        samples.emplace_back(found - classes.begin(), path.substr(root.size() + 1));
      }
    }
    if (samples.empty()) fail(Exit::kInput, root, "has no images in its class folders");
    std::stable_sort(samples.begin(), samples.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<std::string> paths;
    FieldNumbers labels{class_field({1}, options), {}};
    for (auto& [label, path] : samples) {
      paths.push_back(std::move(path));
      labels.values.push_back(static_cast<double>(label));
    }
    PictureSetParts parts;
    parts.targets.push_back(std::move(labels));
    parts.pictures = FileList(root, std::move(paths));
    return parts;
  }

  // Class numbers are those of the training images; where these are not there, of `otherwise`.
  std::string training_root(const std::string& otherwise) const {
    try {
      return find_data_folder(train_, common);
    } catch (const Error&) {
      return otherwise;
    }
  }

  DataPath train_;
  DataPath test_;
  PictureSettings settings_;
};

}  // namespace

extern const DataFormatType folder_format = {
    "folder", "JPEG and PNG images in one folder a class",
    [] { return std::unique_ptr<DataFormat>(new FolderFormat()); }};

}  // namespace cnn
