// npy: arrays of NumPy.
//
//   format: npy
//   inputs: x.npy        # [N,...] float32, float64, uint8, int32, int64 or bool
//   targets: y.npy       # whole numbers [N]: labels, [N,H,W]: masks; else [N,...]: any numbers
//   test_inputs: ...     # and test_targets
//
// Samples are read from the files when they are wanted, so that data sets may be larger than
// memory.

#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "data/byte_dataset.h"
#include "data/format.h"
#include "data/paths.h"
#include "io/npy.h"
#include "tensor/tensor.h"

namespace cnn {
namespace {

// [N,...] -> the shape of one sample; [N] is [1].
Shape sample_shape(const NpyReader& array, bool is_class) {
  const std::vector<int64_t>& sizes = array.shape();
  if (sizes.empty()) fail(Exit::kInput, array.path(), "is a single number, expected [N,...]");
  if (array.count() == 0) {
    fail(Exit::kInput, array.path(), "has no samples or an empty dimension");
  }
  std::vector<int64_t> sample(sizes.begin() + 1, sizes.end());
  if (sample.empty() || (is_class && sample.size() == 2)) sample.insert(sample.begin(), 1);
  constexpr size_t kMostAxes = 4;
  if (sample.size() > kMostAxes) {
    fail(Exit::kInput, array.path(), "has {} dimensions, at most {} are read", sizes.size(),
         kMostAxes + 1);
  }
  return Shape(sample);
}

class NpyDataset final : public Dataset {
 public:
  NpyDataset(const std::string& inputs, const std::string& targets, const DataOptions& options)
      : inputs_(inputs), fingerprint_(file_stamp(inputs)) {
    const Shape shape = sample_shape(inputs_, false);
    fields_ = {{options.input_name, shape, FieldKind::kValues, 0}};
    class_names_ = options.classes.names;
    normalization_ = options.normalization(shape.channels());
    ignored_class_ = options.ignore;
    if (!targets.empty()) add_targets(targets, options);
  }

  int64_t size() const override { return inputs_.shape()[0]; }
  std::string origin(int field) const override {
    return field == 0 ? inputs_.path() : targets_->path();
  }
  std::string fingerprint() const override { return fingerprint_; }

  void read(int64_t index, std::span<float* const> out) const override {
    CNN_ASSERT(index >= 0 && index < size() && out.size() == fields_.size());
    if (out[0] != nullptr) {
      const Shape& shape = fields_[0].shape;
      read_values(inputs_, index, shape, out[0]);
      normalization_.apply(out[0], shape.positions(), shape.channels());
    }
    if (out.size() < 2 || out[1] == nullptr) return;
    if (fields_[1].kind == FieldKind::kClass) {
      read_classes(index, out[1]);
    } else {
      read_values(*targets_, index, fields_[1].shape, out[1]);
    }
  }

 private:
  void add_targets(const std::string& path, const DataOptions& options) {
    targets_.emplace(path);
    fingerprint_ += " " + file_stamp(path);
    const size_t rank = targets_->shape().size();
    const bool is_class = targets_->is_integer() && (rank == 1 || rank == 3);
    const Shape shape = sample_shape(*targets_, is_class);
    if (is_class) {
      fields_.push_back(class_field(shape, options));
    } else {
      const std::string name = options.target_name.empty() ? "target" : options.target_name;
      fields_.push_back({name, shape, FieldKind::kValues, 0});
    }
    if (targets_->shape()[0] != size()) {
      fail(Exit::kInput, path, "{} targets, but {} has {} samples", targets_->shape()[0],
           inputs_.path(), size());
    }
  }

  // Through scratch memory of the thread where channels must be moved.
  static void read_values(const NpyReader& array, int64_t index, const Shape& shape, float* out) {
    const int64_t count = shape.count();
    const bool in_order = shape.rank() <= 2 || shape.channels() == 1 || shape.positions() == 1;
    if (in_order) {
      array.read(index * count, std::span<float>(out, static_cast<size_t>(count)));
      return;
    }
    thread_local std::vector<float> channels_first;
    channels_first.resize(static_cast<size_t>(count));
    array.read(index * count, channels_first);
    to_channels_last(channels_first.data(), out, 1, shape);
  }

  // Masks are checked here, because they are too many to check before training.
  void read_classes(int64_t index, float* out) const {
    thread_local std::vector<int64_t> numbers;
    numbers.resize(static_cast<size_t>(fields_[1].shape.count()));
    targets_->read(index * fields_[1].shape.count(), numbers);
    constexpr int64_t kMostClasses = 1 << 24;  // floats hold these exactly
    const int64_t classes = fields_[1].classes > 0 ? fields_[1].classes : kMostClasses;
    for (size_t i = 0; i < numbers.size(); ++i) {
      const int64_t number = numbers[i];
      if (number != ignored_class_ && (number < 0 || number >= classes)) {
        fail(Exit::kInput, fmt::format("{}: sample {}", targets_->path(), index),
             "{} {}: class numbers are 0 to {}", fields_[1].name, number, classes - 1);
      }
      out[i] = static_cast<float>(number);
    }
  }

  NpyReader inputs_;
  std::optional<NpyReader> targets_;
  std::string fingerprint_;
};

class NpyFormat final : public DataFormat {
 public:
  void declare(Options& o) override {
    o("inputs", inputs_, "the training inputs").required();
    o("targets", targets_, "the training targets");
    o("test_inputs", test_inputs_, "the test inputs");
    o("test_targets", test_targets_, "the test targets");
  }

  bool has_test() const override { return !test_inputs_.empty(); }

  std::shared_ptr<const Dataset> open(Split split) const override {
    const bool test = split == Split::kTest;
    const DataPath& targets = test ? test_targets_ : targets_;
    auto dataset = std::make_shared<NpyDataset>(
        find_data_path(test ? test_inputs_ : inputs_, common),
        targets.empty() ? "" : find_data_path(targets, common), common);
    if (!test) warn_of_places(*dataset);
    return dataset;
  }

 private:
  // Several numbers of a picture that is moved are perhaps places in it.
  void warn_of_places(const Dataset& dataset) const {
    const std::vector<Field>& fields = dataset.fields();
    const bool moves = common.augment.geometry.is_set() || common.patches.is_set();
    if (!moves || fields.size() < 2 || fields[0].shape.rank() != 3) return;
    const Shape &picture = fields[0].shape, &target = fields[1].shape;
    const bool is_cut = target.rank() == 3 && target.height() == picture.height() &&
                        target.width() == picture.width();
    if (is_cut || fields[1].kind == FieldKind::kClass || target.count() < 2) return;
    warn(
        "{}: the numbers of '{}' stay as they are when their pictures are moved; places in "
        "pictures are 'points' and 'boxes' of the format 'csv'",
        dataset.origin(1), fields[1].name);
  }

  DataPath inputs_, targets_, test_inputs_, test_targets_;
};

}  // namespace

extern const DataFormatType npy_format = {
    "npy", "arrays of NumPy: inputs [N,...], targets [N], [N,H,W] or [N,...]",
    [] { return std::unique_ptr<DataFormat>(new NpyFormat()); }};

}  // namespace cnn
