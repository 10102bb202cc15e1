// npy: arrays of NumPy.
//
//   format: npy
//   inputs: x.npy        # [N,...] float32, float64, uint8, int32, int64 or bool
//   targets: y.npy       # whole numbers [N]: labels, [N,H,W]: masks; else [N,...]: any numbers
//   test_inputs: ...     # and test_targets
//   lists: inputs        # or targets, or both: [N,T,...] are lists of T items; whole numbers [N,T]
//                        # are class numbers then
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

// Which arrays have a second axis of items.
enum class Lists { kNone, kInputs, kTargets, kBoth };

// [N,...], or of lists [N,T,...], -> the field: [N] is [1].
Field field_of(const NpyReader& array, std::string name, bool is_list, bool is_class) {
  const std::vector<int64_t>& sizes = array.shape();
  const size_t before = is_list ? 2 : 1;
  if (sizes.size() < before) {
    fail(Exit::kInput, array.path(), "is {}, expected [N,{}...]",
         sizes.empty() ? "a single number" : "of one dimension", is_list ? "T," : "");
  }
  if (array.count() == 0) {
    fail(Exit::kInput, array.path(), "has no samples or an empty dimension");
  }
  std::vector<int64_t> shape(sizes.begin() + static_cast<int64_t>(before), sizes.end());
  if (shape.empty() || (is_class && shape.size() == 2)) shape.insert(shape.begin(), 1);
  constexpr size_t kMostAxes = 4;
  if (shape.size() > kMostAxes) {
    fail(Exit::kInput, array.path(), "has {} dimensions, at most {} are read", sizes.size(),
         kMostAxes + before);
  }
  Field field{std::move(name), Shape(shape), is_class ? FieldKind::kClass : FieldKind::kValues, 0};
  if (is_list) field.items = Items::list(sizes[1]);
  return field;
}

class NpyDataset final : public Dataset {
 public:
  NpyDataset(const std::string& inputs, const std::string& targets, Lists lists,
             const DataOptions& options)
      : inputs_(inputs), fingerprint_(file_stamp(inputs)) {
    const bool is_list = lists == Lists::kInputs || lists == Lists::kBoth;
    const bool is_class = is_list && inputs_.is_integer() && inputs_.shape().size() == 2;
    fields_ = {field_of(inputs_, options.input_name, is_list, is_class)};
    normalization_ = options.normalization(fields_[0].shape.channels());
    ignored_class_ = options.ignore;
    const bool has_lists = lists == Lists::kTargets || lists == Lists::kBoth;
    if (!targets.empty()) add_targets(targets, has_lists, options);
  }

  int64_t size() const override { return inputs_.shape()[0]; }
  std::string origin(int field) const override {
    return field == 0 ? inputs_.path() : targets_->path();
  }
  std::string fingerprint() const override { return fingerprint_; }

  void read(int64_t index, std::span<float* const> out) const override {
    CNN_ASSERT(index >= 0 && index < size() && out.size() == fields_.size());
    if (out[0] != nullptr) read_field(inputs_, fields_[0], index, out[0]);
    if (out.size() > 1 && out[1] != nullptr) read_field(*targets_, fields_[1], index, out[1]);
  }
  void read_exact(int64_t index, int field, std::span<double> out) const override {
    // In a file the channels of pictures stand first, of all else last, as here.
    const bool is_moved = fields_.at(static_cast<size_t>(field)).shape.rank() > 2;
    if (is_moved || (field == 0 && !normalization_.is_identity())) {
      return Dataset::read_exact(index, field, out);
    }
    (field == 0 ? inputs_ : *targets_).read(index * std::ssize(out), out);
  }

 private:
  void add_targets(const std::string& path, bool is_list, const DataOptions& options) {
    targets_.emplace(path);
    fingerprint_ += " " + file_stamp(path);
    const size_t rank = targets_->shape().size(), plain = is_list ? rank - 1 : rank;
    const bool is_class = targets_->is_integer() && rank > 0 && (plain == 1 || plain == 3);
    Field field = field_of(*targets_, options.target_name, is_list, is_class);
    if (is_class) {
      const Items items = field.items;
      field = class_field(field.shape, options);
      field.items = items;
    } else if (field.name.empty()) {
      field.name = "target";
    }
    fields_.push_back(std::move(field));
    if (targets_->shape()[0] != size()) {
      fail(Exit::kInput, path, "{} targets, but {} has {} samples", targets_->shape()[0],
           inputs_.path(), size());
    }
  }

  void read_field(const NpyReader& array, const Field& field, int64_t index, float* out) const {
    if (field.kind == FieldKind::kClass) return read_classes(array, field, index, out);
    read_values(array, field, index, out);
    if (&field != &fields_[0]) return;
    normalization_.apply(out, field.items.most * field.shape.positions(), field.shape.channels());
  }

  // Through scratch memory of the thread where channels must be moved.
  static void read_values(const NpyReader& array, const Field& field, int64_t index, float* out) {
    const Shape& shape = field.shape;
    const int64_t count = field.items.most * shape.count();
    const bool in_order = shape.rank() <= 2 || shape.channels() == 1 || shape.positions() == 1;
    if (in_order) {
      array.read(index * count, std::span<float>(out, static_cast<size_t>(count)));
      return;
    }
    thread_local std::vector<float> channels_first;
    channels_first.resize(static_cast<size_t>(count));
    array.read(index * count, channels_first);
    to_channels_last(channels_first.data(), out, field.items.most, shape);
  }

  // Masks and lists are checked here, because they are too many to check before training.
  void read_classes(const NpyReader& array, const Field& field, int64_t index, float* out) const {
    const int64_t count = field.items.most * field.shape.count();
    thread_local std::vector<int64_t> numbers;
    numbers.resize(static_cast<size_t>(count));
    array.read(index * count, numbers);
    constexpr int64_t kMostClasses = 1 << 24;  // floats hold these exactly
    const int64_t classes = field.classes > 0 ? field.classes : kMostClasses;
    for (size_t i = 0; i < numbers.size(); ++i) {
      const int64_t number = numbers[i];
      if (number != ignored_class_ && (number < 0 || number >= classes)) {
        fail(Exit::kInput, fmt::format("{}: sample {}", array.path(), index),
             "{} {}: class numbers are 0 to {}", field.name, number, classes - 1);
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
    o.choice("lists", lists_,
             {{"none", Lists::kNone},
              {"inputs", Lists::kInputs},
              {"targets", Lists::kTargets},
              {"both", Lists::kBoth}},
             "which arrays are lists of items along their second axis");
  }

  bool has_test() const override { return !test_inputs_.empty(); }

  std::shared_ptr<const Dataset> open(Split split) const override {
    const bool test = split == Split::kTest;
    const DataPath& targets = test ? test_targets_ : targets_;
    auto dataset = std::make_shared<NpyDataset>(
        find_data_path(test ? test_inputs_ : inputs_, common),
        targets.empty() ? "" : find_data_path(targets, common), lists_, common);
    if (!test) warn_of_places(*dataset);
    return dataset;
  }

 private:
  // Several numbers of a picture that is moved are perhaps places in it.
  void warn_of_places(const Dataset& dataset) const {
    const std::vector<Field>& fields = dataset.fields();
    const bool moves = common.augment.moves() || common.patches.is_set();
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
  Lists lists_ = Lists::kNone;
};

}  // namespace

extern const DataFormatType npy_format = {
    "npy", "arrays of NumPy: inputs [N,...], targets [N], [N,H,W] or [N,...]",
    [] { return std::unique_ptr<DataFormat>(new NpyFormat()); }};

}  // namespace cnn
