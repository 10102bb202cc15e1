#include "data/augmentation.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/rng.h"

namespace cnn {
namespace {

// Where the window's first row and column are in the picture; negative ones lie in the padding.
struct Window {
  int64_t top = 0;
  int64_t left = 0;
  bool is_mirrored = false;
};

// Copies the window `to` (channels-last) out of `from`; `fill` is what the padding holds.
void copy_window(const float* from, const Shape& source, const Window& window,
                 const std::vector<float>& fill, float* to, const Shape& size) {
  const int64_t channels = size.channels();
  for (int64_t y = 0; y < size.height(); ++y) {
    const int64_t row = window.top + y;
    const bool is_inside = row >= 0 && row < source.height();
    for (int64_t x = 0; x < size.width(); ++x, to += channels) {
      const int64_t column = window.left + (window.is_mirrored ? size.width() - 1 - x : x);
      const float* pixel = is_inside && column >= 0 && column < source.width()
                               ? from + (row * source.width() + column) * channels
                               : fill.data();
      std::copy_n(pixel, channels, to);
    }
  }
}

class AugmentedDataset final : public Dataset {
 public:
  AugmentedDataset(std::shared_ptr<const Dataset> dataset, const AugmentOptions& options)
      : whole_(std::move(dataset)), options_(options) {
    class_names_ = whole_->class_names();
    normalization_ = whole_->normalization();
    ignored_class_ = whole_->ignored_class();
    const Shape& picture = whole_->fields()[0].shape;
    if (picture.rank() != 3) {
      fail(Exit::kSpec, "", "data: 'augment' is for pictures [C,H,W], the inputs are {}",
           picture.str());
    }
    const PictureSize own{picture.height(), picture.width()};
    size_ = options.crop.is_set() ? options.crop : own;
    spare_rows_ = own.height + 2 * options.pad - size_.height;
    spare_columns_ = own.width + 2 * options.pad - size_.width;
    const bool fits =
        size_.height <= own.height + 2 * options.pad && size_.width <= own.width + 2 * options.pad;
    if (!fits) {
      fail(Exit::kSpec, "",
           "data: a crop of {} x {} is larger than the pictures, {} x {} with their pad",
           size_.height, size_.width, own.height + 2 * options.pad, own.width + 2 * options.pad);
    }
    for (const Field& field : whole_->fields()) add_field(field, own);
  }

  int64_t size() const override { return whole_->size(); }
  std::string origin(int field) const override { return whole_->origin(field); }
  std::string fingerprint() const override {
    return fmt::format("{} crop {}x{} pad {} flip {}", whole_->fingerprint(), size_.height,
                       size_.width, options_.pad, options_.flip);
  }

  void read(int64_t index, std::span<float* const> out) const override {
    read_window(index, {spare_rows_ / 2 - options_.pad, spare_columns_ / 2 - options_.pad, false},
                out);
  }

  void read_drawn(int64_t index, const Draw& draw, std::span<float* const> out) const override {
    RandomSequence random(Rng(draw.seed, "augment", draw.epoch, static_cast<uint64_t>(index)));
    Window window;
    window.top = static_cast<int64_t>(random.below(static_cast<uint64_t>(spare_rows_) + 1));
    window.left = static_cast<int64_t>(random.below(static_cast<uint64_t>(spare_columns_) + 1));
    window.is_mirrored = random.below(2) == 1 && options_.flip;
    window.top -= options_.pad;
    window.left -= options_.pad;
    read_window(index, window, out);
  }

 private:
  // A field as large as the picture is cut like it; others stay. Padding holds what zero becomes,
  // or the class number that marks what has no class.
  void add_field(const Field& field, const PictureSize& own) {
    const Shape& shape = field.shape;
    const bool is_cut =
        shape.rank() == 3 && shape.height() == own.height && shape.width() == own.width;
    fields_.push_back(field);
    std::vector<float> fill;
    if (is_cut) {
      fields_.back().shape = {shape.channels(), size_.height, size_.width};
      fill.assign(static_cast<size_t>(shape.channels()), 0);
      if (fields_.size() == 1) normalization_.apply(fill.data(), 1, shape.channels());
      if (field.kind == FieldKind::kClass) {
        if (options_.pad > 0 && !ignored_class_) {
          fail(Exit::kSpec, "", "data: 'augment.pad' needs 'ignore', to fill '{}' with",
               field.name);
        }
        fill[0] = static_cast<float>(ignored_class_.value_or(0));
      }
    }
    fills_.push_back(std::move(fill));
  }

  void read_window(int64_t index, const Window& window, std::span<float* const> out) const {
    thread_local std::vector<float> memory;
    thread_local std::vector<float*> targets;
    size_t floats = 0;
    for (size_t f = 0; f < fields_.size(); ++f) floats += whole_floats(f);
    memory.resize(floats);
    targets.assign(out.begin(), out.end());
    float* next = memory.data();
    for (size_t f = 0; f < fields_.size(); ++f) {
      if (fills_[f].empty() || out[f] == nullptr) continue;
      targets[f] = next;
      next += whole_floats(f);
    }
    whole_->read(index, targets);
    for (size_t f = 0; f < fields_.size(); ++f) {
      if (targets[f] == out[f]) continue;
      copy_window(targets[f], whole_->fields()[f].shape, window, fills_[f], out[f],
                  fields_[f].shape);
    }
  }

  size_t whole_floats(size_t field) const {
    return fills_[field].empty() ? 0 : static_cast<size_t>(whole_->fields()[field].shape.count());
  }

  std::shared_ptr<const Dataset> whole_;
  AugmentOptions options_;
  PictureSize size_;
  int64_t spare_rows_ = 0;  // that a window leaves, padding included
  int64_t spare_columns_ = 0;
  std::vector<std::vector<float>> fills_;  // one value a channel; empty: the field is not cut
};

}  // namespace

std::shared_ptr<const Dataset> augmented(std::shared_ptr<const Dataset> dataset,
                                         const AugmentOptions& options) {
  return std::make_shared<AugmentedDataset>(std::move(dataset), options);
}

}  // namespace cnn
