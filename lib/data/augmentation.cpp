#include "data/augmentation.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/rng.h"
#include "data/colour.h"
#include "data/geometry.h"
#include "data/rand_augment.h"
#include "data/windows.h"

namespace cnn {
namespace {

int64_t windows_of(int64_t size, int64_t window) { return (size + window - 1) / window; }

class AugmentedDataset final : public Dataset, public PictureWindows {
 public:
  AugmentedDataset(std::shared_ptr<const Dataset> dataset, const DataOptions& options)
      : whole_(std::move(dataset)),
        options_(options.augment),
        has_patches_(options.patches.is_set()),
        target_(options.target_crop) {
    normalization_ = whole_->normalization();
    ignored_class_ = whole_->ignored_class();
    const Shape& picture = whole_->fields()[0].shape;
    if (picture.rank() != 3) {
      fail(Exit::kSpec, "", "data: '{}' is for pictures [C,H,W], the inputs are {}",
           has_patches_ ? "patches" : "augment", picture.str());
    }
    settle_window(picture, options.patches);
    for (const Field& field : whole_->fields()) {
      add_field(field);
      check_can_move(field);
    }
    const bool is_coloured = picture.channels() <= 4;
    if (options_.random.is_set() && !is_coloured) {
      fail(Exit::kSpec, "",
           "data: 'augment.rand_augment' is for 1 to 4 channels, the inputs have {}",
           picture.channels());
    }
    if (options_.colour.components > 0 && !is_coloured) {
      fail(Exit::kSpec, "", "data: 'augment.colour' is for 1 to 4 channels, the inputs have {}",
           picture.channels());
    }
  }

  int64_t size() const override { return whole_->size() * grid_rows_ * grid_columns_; }
  std::string origin(int field) const override { return whole_->origin(field); }
  std::string file(int64_t index) const override {
    return whole_->file(index / (grid_rows_ * grid_columns_));
  }
  std::string fingerprint() const override {
    const Node changes = OptionType<AugmentOptions>::write(options_);
    std::string text = fmt::format("{} window {}x{} of {}", whole_->fingerprint(), window_.height,
                                   window_.width, grid_rows_ * grid_columns_);
    for (const Entry& e : changes.entries()) text += describe(e);
    if (target_.is_set()) text += fmt::format(" target {}x{}", target_.height, target_.width);
    return text;
  }
  uint64_t memory_bytes() const override { return whole_->memory_bytes(); }
  std::shared_ptr<const TextVocabulary> vocabulary(int field) const override {
    return whole_->vocabulary(field);
  }
  std::vector<std::string> references(int64_t index) const override {
    return whole_->references(index / (grid_rows_ * grid_columns_));
  }

  void read(int64_t index, std::span<float* const> out) const override {
    read_plain(index, out, {});
  }
  void read_drawn(int64_t index, const Draw& draw, std::span<float* const> out) const override {
    read_changed(index, draw, out, {});
  }
  void read_items(int64_t index, const Draw* draw, std::span<float* const> out,
                  std::span<int64_t> items) const override {
    draw != nullptr ? read_changed(index, *draw, out, items) : read_plain(index, out, items);
  }

  // Pictures, and what moves with them.
  bool draws(int field) const override {
    const auto f = static_cast<size_t>(field);
    const bool moves = !fills_[f].empty() || fields_[f].coordinates != Coordinates::kNone;
    return options_.is_set() && moves;
  }
  int64_t source(int64_t index, int field) const override {
    return has_patches_ ? index : whole_->source(index, field);
  }

  const PictureWindows* windows() const override {
    return has_patches_ || !options_.geometry.crop.is_set() ? nullptr : this;
  }
  PictureSize spare() const override { return {spare_rows_, spare_columns_}; }
  void read_window(int64_t index, const WindowPlace& place,
                   std::span<float* const> out) const override {
    read_at(index, Geometry(picture_, window_, {place.top - pad(), place.left - pad()}), out, {});
  }

 private:
  // `items` empty: nobody asks how many there are.
  void read_plain(int64_t index, std::span<float* const> out, std::span<int64_t> items) const {
    const int64_t patches = grid_rows_ * grid_columns_, patch = index % patches;
    WindowPlace place{spare_rows_ / 2 - pad(), spare_columns_ / 2 - pad()};
    if (has_patches_) {
      place.top =
          std::min(patch / grid_columns_ * window_.height, picture_.height - window_.height);
      place.left = std::min(patch % grid_columns_ * window_.width, picture_.width - window_.width);
    }
    read_at(index / patches, Geometry(picture_, window_, place), out, items);
  }

  void read_changed(int64_t index, const Draw& draw, std::span<float* const> out,
                    std::span<int64_t> items) const {
    if (!options_.is_set()) return read_plain(index, out, items);
    RandomSequence random(Rng(draw.seed, "augment", draw.epoch, static_cast<uint64_t>(index)));
    const auto below = [&](int64_t n) {
      return static_cast<int64_t>(random.below(static_cast<uint64_t>(n)));
    };
    WindowPlace place;
    place.top = below(spare_rows_ + 1) - pad();
    place.left = below(spare_columns_ + 1) - pad();
    Geometry geometry(picture_, window_, place);
    std::optional<RandAugmentDraw> drawn;
    if (options_.random.is_set()) drawn.emplace(options_.random, random);
    geometry.draw(options_.geometry, random, drawn ? drawn->warp(window_) : Warp());
    read_at(index / (grid_rows_ * grid_columns_), geometry, out, items);
    if (out[0] == nullptr) return;
    if (drawn) drawn->change(normalization_, fields_[0].shape, out[0]);
    if (!options_.colour.is_set()) return;
    change_colours(options_.colour, normalization_, components(), fields_[0].shape, random, out[0]);
  }

  static std::string describe(const Entry& entry) {
    std::string text = " " + entry.key + " " + entry.value.text();
    for (const Node& item : entry.value.items()) text += " " + item.text();
    for (const Entry& inner : entry.value.entries()) text += describe(inner);
    return text;
  }

  int64_t pad() const { return options_.geometry.pad; }

  void settle_window(const Shape& picture, const PictureSize& patches) {
    picture_ = {picture.height(), picture.width()};
    const PictureSize& crop = options_.geometry.crop;
    if (has_patches_ && crop.is_set()) {
      fail(Exit::kSpec, "", "data: 'patches' and 'augment.crop' exclude each other");
    }
    window_ = has_patches_ ? patches : crop.is_set() ? crop : picture_;
    const int64_t rows = picture_.height + 2 * pad(), columns = picture_.width + 2 * pad();
    const bool fits = has_patches_
                          ? window_.height <= picture_.height && window_.width <= picture_.width
                          : window_.height <= rows && window_.width <= columns;
    if (!fits) {
      fail(Exit::kSpec, "", "data: a {} of {} x {} is larger than the pictures, {} x {}{}",
           has_patches_ ? "patch" : "crop", window_.height, window_.width,
           has_patches_ ? picture_.height : rows, has_patches_ ? picture_.width : columns,
           has_patches_ ? "" : " with their pad");
    }
    if (target_.height > window_.height || target_.width > window_.width) {
      fail(Exit::kSpec, "", "data: a 'target_crop' of {} x {} is larger than the pictures, {} x {}",
           target_.height, target_.width, window_.height, window_.width);
    }
    spare_rows_ = rows - window_.height;
    spare_columns_ = columns - window_.width;
    if (!has_patches_) return;
    grid_rows_ = windows_of(picture_.height, window_.height);
    grid_columns_ = windows_of(picture_.width, window_.width);
  }

  // A field as large as the picture is cut like it; others stay. Around it lies what zero becomes,
  // or the class number that marks what has no class.
  void add_field(const Field& field) {
    const Shape& shape = field.shape;
    const bool is_cut =
        shape.rank() == 3 && shape.height() == picture_.height && shape.width() == picture_.width;
    fields_.push_back(field);
    std::vector<float> fill;
    if (is_cut) {
      const bool is_target = fields_.size() > 1 && target_.is_set();
      const PictureSize& size = is_target ? target_ : window_;
      fields_.back().shape = {shape.channels(), size.height, size.width};
      fill.assign(static_cast<size_t>(shape.channels()), 0);
      if (fields_.size() == 1) {
        // Black, as the network sees it: of negatives what was white.
        if (normalization_.scale < 0)
          fill.assign(fill.size(), static_cast<float>(-1 / normalization_.scale));
        normalization_.apply(fill.data(), 1, shape.channels());
      }
      if (field.kind == FieldKind::kClass) {
        if (!reflects() && options_.leaves_picture() && !ignored_class_) {
          fail(Exit::kSpec, "",
               "data: 'augment.{}' needs 'ignore', to fill '{}' with around the picture, or "
               "'border: reflect'",
               pad() > 0                   ? "pad"
               : options_.geometry.warps() ? "border"
                                           : "rand_augment",
               field.name);
        }
        fill[0] = static_cast<float>(ignored_class_.value_or(0));
      }
    }
    fills_.push_back(std::move(fill));
  }

  // A bend has no inverse to move places by.
  void check_can_move(const Field& field) const {
    const Elastic& elastic = options_.geometry.elastic;
    if (field.coordinates == Coordinates::kNone || !elastic.is_set()) return;
    Diagnostics diagnostics;
    diagnostics.report(
        elastic.mark,
        fmt::format("data: 'augment.elastic' cannot move the {} of "
                    "'{}' with their pictures; all other changes can",
                    field.coordinates == Coordinates::kPoints ? "points" : "boxes", field.name));
    diagnostics.throw_if_any();
  }

  bool reflects() const { return options_.geometry.border == GeometryOptions::Border::kReflect; }

  void read_at(int64_t index, const Geometry& geometry, std::span<float* const> out,
               std::span<int64_t> items) const {
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
    items.empty() ? whole_->read(index, targets)
                  : whole_->read_items(index, nullptr, targets, items);
    for (size_t f = 0; f < fields_.size(); ++f) {
      if (targets[f] == out[f]) {
        move_places(fields_[f], geometry, out[f]);
        continue;
      }
      const bool is_class = fields_[f].kind == FieldKind::kClass;
      const auto sampling = is_class ? Geometry::Sampling::kNearest : Geometry::Sampling::kBilinear;
      const int64_t channels = fields_[f].shape.channels();
      const float* fill = reflects() ? nullptr : fills_[f].data();
      if (f == 0 || !target_.is_set()) {
        geometry.sample(targets[f], channels, sampling, fill, out[f]);
        continue;
      }
      thread_local std::vector<float> window;
      window.resize(static_cast<size_t>(window_.height * window_.width * channels));
      geometry.sample(targets[f], channels, sampling, fill, window.data());
      const WindowPlace middle{(window_.height - target_.height) / 2,
                               (window_.width - target_.width) / 2};
      Geometry(window_, target_, middle).sample(window.data(), channels, sampling, nullptr, out[f]);
    }
  }

  void move_places(const Field& field, const Geometry& geometry, float* values) const {
    if (values == nullptr || field.coordinates == Coordinates::kNone) return;
    move_coordinates(field.coordinates, geometry.to_window(), window_,
                     {values, static_cast<size_t>(field.shape.count() * field.items.most)});
  }

  size_t whole_floats(size_t field) const {
    return fills_[field].empty() ? 0 : static_cast<size_t>(whole_->fields()[field].shape.count());
  }

  // Of the pixels of up to 256 pictures, evenly spread; found when they are first wanted.
  const std::vector<float>& components() const {
    if (options_.colour.components == 0) return components_;
    std::call_once(components_found_, [this] {
      constexpr int64_t kMostPictures = 256;
      const Shape& shape = whole_->fields()[0].shape;
      const int64_t count = std::min(whole_->size(), kMostPictures);
      std::vector<float> values(static_cast<size_t>(count * shape.count()));
      std::vector<float*> out(whole_->fields().size(), nullptr);
      for (int64_t i = 0; i < count; ++i) {
        out[0] = values.data() + i * shape.count();
        whole_->read(i * whole_->size() / count, out);
      }
      components_ = principal_components(values, shape.channels());
    });
    return components_;
  }

  std::shared_ptr<const Dataset> whole_;
  AugmentOptions options_;
  bool has_patches_;
  PictureSize target_;  // of all fields but the first, if set
  PictureSize picture_, window_;
  int64_t grid_rows_ = 1, grid_columns_ = 1;  // of patches
  int64_t spare_rows_ = 0;                    // that a window leaves, padding included
  int64_t spare_columns_ = 0;
  std::vector<std::vector<float>> fills_;  // one value a channel; empty: the field is not cut
  mutable std::once_flag components_found_;
  mutable std::vector<float> components_;
};

}  // namespace

std::shared_ptr<const Dataset> augmented(std::shared_ptr<const Dataset> dataset,
                                         const DataOptions& options) {
  return std::make_shared<AugmentedDataset>(std::move(dataset), options);
}

int64_t patches_of(const Shape& picture, const PictureSize& size) {
  if (!size.is_set()) return 1;
  return windows_of(picture.height(), size.height) * windows_of(picture.width(), size.width);
}

}  // namespace cnn
