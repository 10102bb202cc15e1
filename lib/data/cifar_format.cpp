// cifar: the binary files of CIFAR-10 and CIFAR-100 (Krizhevsky 2009; cs.toronto.edu/~kriz). A
// sample is one label byte, in CIFAR-100 a coarse and a fine one, then 3 planes of 32 x 32 bytes.
//
//   format: cifar
//   train: [data_batch_1.bin, data_batch_2.bin]
//   test: [test_batch.bin]
//   labels: single        # CIFAR-100: fine or coarse

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "data/byte_dataset.h"
#include "data/format.h"
#include "data/paths.h"

namespace cnn {
namespace {

constexpr int64_t kPixels = 3 * 32 * 32;

enum class Labels { kSingle, kFine, kCoarse };

class CifarFormat final : public DataFormat {
 public:
  CifarFormat() { common.scale = 1.0 / 255; }

  void declare(Options& o) override {
    o("train", train_, "the training files").required();
    o("test", test_, "the test files");
    o.choice("labels", labels_,
             {{"single", Labels::kSingle}, {"fine", Labels::kFine}, {"coarse", Labels::kCoarse}},
             "one label a sample (CIFAR-10), or which of two (CIFAR-100)");
  }

  bool has_test() const override { return !test_.empty(); }

  std::shared_ptr<const Dataset> open(Split split) const override {
    const std::vector<DataPath>& files = split == Split::kTest ? test_ : train_;
    if (files.empty()) fail(Exit::kSpec, "", "data: 'train' names no files");
    DataOptions options = common;
    if (options.classes.count == 0) options.classes.count = usual_classes();
    ByteDataset::Part images{"", {3, 32, 32}, {}}, labels{"", {1}, {}};
    std::string stamps;
    for (const DataPath& file : files) {
      const std::string path = find_data_path(file, common);
      if (images.origin.empty()) images.origin = labels.origin = path;
      stamps += file_stamp(path) + " ";
      load(path, options.classes.count, images.bytes, labels.bytes);
    }
    return std::make_shared<ByteDataset>(std::move(images), std::move(labels), options, stamps);
  }

 private:
  int64_t usual_classes() const {
    switch (labels_) {
      case Labels::kFine:
        return 100;
      case Labels::kCoarse:
        return 20;
      default:
        return 10;
    }
  }

  // Appends a file's samples. Labels are checked here, where their file is known.
  void load(const std::string& path, int64_t classes, std::vector<uint8_t>& images,
            std::vector<uint8_t>& labels) const {
    const int64_t label_bytes = labels_ == Labels::kSingle ? 1 : 2;
    const int64_t label_at = labels_ == Labels::kFine ? 1 : 0;
    const int64_t record = label_bytes + kPixels;
    const InputFile file(path);
    const auto size = static_cast<int64_t>(file.size());
    if (size == 0 || size % record != 0) {
      fail(Exit::kInput, path, "has {} bytes; samples take {} bytes each{}", size, record,
           size % (kPixels + 3 - label_bytes) == 0 && size > 0
               ? "; 'labels: single' is for CIFAR-10, fine or coarse for CIFAR-100"
               : ", so it is cut off or no CIFAR file");
    }
    std::vector<uint8_t> bytes(static_cast<size_t>(size));
    file.read_at(0, bytes.data(), bytes.size());
    images.reserve(images.size() + bytes.size());
    for (int64_t i = 0; i < size / record; ++i) {
      const auto begin = bytes.begin() + i * record;
      const uint8_t label = *(begin + label_at);
      if (label >= classes && label != common.ignore) {
        fail(Exit::kInput, fmt::format("{}: sample {}", path, i),
             "label {}: the data set has classes 0 to {}", label, classes - 1);
      }
      labels.push_back(label);
      images.insert(images.end(), begin + label_bytes, begin + record);
    }
  }

  std::vector<DataPath> train_;
  std::vector<DataPath> test_;
  Labels labels_ = Labels::kSingle;
};

}  // namespace

extern const DataFormatType cifar_format = {
    "cifar", "the binary files of CIFAR-10 and CIFAR-100",
    [] { return std::unique_ptr<DataFormat>(new CifarFormat()); }};

}  // namespace cnn
