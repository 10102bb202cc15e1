#include "data/ten_crops.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/error.h"
#include "data/windows.h"

namespace cnn {
namespace {

class TenCrops final : public Dataset {
 public:
  explicit TenCrops(std::shared_ptr<const Dataset> whole) : whole_(std::move(whole)) {
    fields_ = whole_->fields();
    normalization_ = whole_->normalization();
    ignored_class_ = whole_->ignored_class();
  }

  int64_t size() const override { return whole_->size() * kTenCrops; }
  std::string origin(int field) const override { return whole_->origin(field); }
  std::string file(int64_t index) const override { return whole_->file(index / kTenCrops); }
  std::string fingerprint() const override { return whole_->fingerprint() + " ten crops"; }
  uint64_t memory_bytes() const override { return whole_->memory_bytes(); }

  void read(int64_t index, std::span<float* const> out) const override {
    const PictureWindows& windows = *whole_->windows();
    const PictureSize spare = windows.spare();
    const Crop crop = crop_of(index % kTenCrops, spare.height, spare.width);
    windows.read_window(index / kTenCrops, crop.place, out);
    const Shape& shape = fields_[0].shape;
    if (crop.is_mirrored && out[0] != nullptr) {
      mirror(out[0], shape.height(), shape.width(), shape.channels());
    }
    if (crop.is_mirrored) mirror_places(out);
  }

 private:
  void mirror_places(std::span<float* const> out) const {
    const PictureSize size{fields_[0].shape.height(), fields_[0].shape.width()};
    const PictureMap map{{1, 0, 0, -1}, 0, static_cast<double>(size.width)};
    for (size_t f = 0; f < fields_.size(); ++f) {
      if (out[f] == nullptr) continue;
      move_coordinates(fields_[f].coordinates, map, size,
                       {out[f], static_cast<size_t>(fields_[f].shape.count())});
    }
  }

  std::shared_ptr<const Dataset> whole_;
};

}  // namespace

Crop crop_of(int64_t number, int64_t spare_rows, int64_t spare_columns) {
  CNN_ASSERT(number >= 0 && number < kTenCrops);
  const int64_t corner = number % 5;
  const bool is_mirrored = number >= 5;
  if (corner == 4) return {{spare_rows / 2, spare_columns / 2}, is_mirrored};
  return {{corner < 2 ? 0 : spare_rows, corner % 2 == 0 ? 0 : spare_columns}, is_mirrored};
}

void mirror(float* picture, int64_t height, int64_t width, int64_t channels) {
  for (int64_t y = 0; y < height; ++y) {
    float* row = picture + y * width * channels;
    for (int64_t left = 0, right = width - 1; left < right; ++left, --right) {
      std::swap_ranges(row + left * channels, row + (left + 1) * channels, row + right * channels);
    }
  }
}

DataView ten_crops(const DataView& view) {
  if (view.dataset->windows() == nullptr) {
    fail(Exit::kUsage, "",
         "ten crops need pictures larger than the network's input; a data map with "
         "'augment: {{crop: SIDE}}' cuts them out");
  }
  DataView crops{std::make_shared<TenCrops>(view.dataset), {}};
  for (const int64_t index : view.indices) {
    for (int64_t i = 0; i < kTenCrops; ++i) crops.indices.push_back(index * kTenCrops + i);
  }
  return crops;
}

}  // namespace cnn
