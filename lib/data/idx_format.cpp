// idx: the files of MNIST and its relatives.
//
//   format: idx
//   train: {images: train-images-idx3-ubyte.gz, labels: train-labels-idx1-ubyte.gz}
//   test: {images: t10k-images-idx3-ubyte.gz, labels: t10k-labels-idx1-ubyte.gz}
//
// Images [N,H,W] are fields [1,H,W]; [N,F] and [N,C,H,W] are taken as they are. Labels [N] are
// class numbers; [N,H,W] are masks; without labels the images are all there is.

#include <utility>

#include "base/error.h"
#include "data/byte_dataset.h"
#include "data/format.h"
#include "data/paths.h"
#include "io/idx.h"

namespace cnn {

struct IdxFiles {
  DataPath images;
  DataPath labels;
};
CNN_OPTION_TYPE(IdxFiles);

std::string OptionType<IdxFiles>::name() { return "map of 'images' and 'labels'"; }
OptionSchema OptionType<IdxFiles>::schema() { return OptionSchema::any(); }
bool OptionType<IdxFiles>::read(const Node& node, IdxFiles& out, Diagnostics& d) {
  Options o;
  o("images", out.images, "the file of images").required();
  o("labels", out.labels, "the file of class numbers");
  if (!node.is_map()) {
    d.report(node.mark(), "expected a map of 'images' and 'labels', found " + node.describe());
    return false;
  }
  return o.read_map(node, "a data split", d);
}
Node OptionType<IdxFiles>::write(const IdxFiles& value) {
  if (value.images.empty()) return Node();
  Node map = Node::map({});
  map.set("images", Node::scalar(value.images.text));
  if (!value.labels.empty()) map.set("labels", Node::scalar(value.labels.text));
  return map;
}

namespace {

class IdxFormat final : public DataFormat {
 public:
  IdxFormat() { common.scale = 1.0 / 255; }

  void declare(Options& o) override {
    o("train", train_, "the training files").required();
    o("test", test_, "the test files");
  }

  bool has_test() const override { return !test_.images.empty(); }

  std::shared_ptr<const Dataset> open(Split split) const override {
    const bool test = split == Split::kTest;
    const IdxFiles& files = test ? test_ : train_;
    std::string stamps;
    ByteDataset::Part images = load(files.images, false, stamps);
    ByteDataset::Part labels;
    if (!files.labels.empty()) labels = load(files.labels, true, stamps);
    return std::make_shared<ByteDataset>(std::move(images), std::move(labels), common, stamps);
  }

 private:
  ByteDataset::Part load(const DataPath& file, bool is_target, std::string& stamps) const {
    const std::string path = find_data_path(file, common);
    stamps += file_stamp(path) + " ";
    IdxArray array = read_idx(path);
    if (array.bytes.empty()) fail(Exit::kInput, path, "has no samples or an empty dimension");
    const size_t rank = array.shape.size();
    if (is_target && rank != 1 && rank != 3) {
      fail(Exit::kInput, path, "has {} dimensions; labels are [N], masks [N,H,W]", rank);
    }
    std::vector<int64_t> sample(array.shape.begin() + 1, array.shape.end());
    if (rank == 1 || rank == 3) sample.insert(sample.begin(), 1);  // [] is [1], [H,W] is [1,H,W]
    return {path, Shape(sample), std::move(array.bytes)};
  }

  IdxFiles train_;
  IdxFiles test_;
};

}  // namespace

extern const DataFormatType idx_format = {
    "idx", "bytes in the file format of MNIST, plain or gzipped",
    [] { return std::unique_ptr<DataFormat>(new IdxFormat()); }};

}  // namespace cnn
