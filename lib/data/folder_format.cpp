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
#include "data/format.h"
#include "data/image_folder.h"
#include "data/paths.h"

namespace cnn {
namespace {

class FolderFormat final : public DataFormat {
 public:
  FolderFormat() { common.scale = 1.0 / 255; }

  void declare(Options& o) override {
    constexpr double kMostCache = 1 << 20;
    o("train", train_, "the folder of the training images").required();
    o("test", test_, "the folder of the test images");
    o("size", settings_.size,
      "images are scaled to cover this and their middle is taken; by default that of the first");
    o.choice("channels", settings_.channels, {{"1", 1}, {"3", 3}, {"4", 4}},
             "grey, RGB or RGB and transparency");
    o("cache", settings_.cache_mib,
      "keep decoded images in memory where a split needs no more than this, in MiB")
        .between(0, kMostCache);
    o("skip_bad", settings_.skip_bad,
      "leave out images that cannot be read, as long as they are at most 1 in 100");
  }

  bool has_test() const override { return !test_.empty(); }
  bool has_validation() const override { return !common.val.folder.empty(); }

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
    return open_image_folder(root, settings_, options);
  }

 private:
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
  ImageFolderSettings settings_;
};

}  // namespace

std::unique_ptr<DataFormat> make_folder_format() { return std::make_unique<FolderFormat>(); }

}  // namespace cnn
