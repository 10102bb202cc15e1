#include "predict/predict_inputs.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/parallel.h"
#include "base/text.h"
#include "data/image_fit.h"
#include "data/picture_files.h"
#include "data/ten_crops.h"
#include "io/idx.h"
#include "io/image.h"
#include "io/npy.h"
#include "tensor/tensor.h"

namespace cnn {
namespace {

bool is_npy(const std::string& path) {
  constexpr std::string_view kMagic = "\x93NUMPY";
  const InputFile file(path);
  char head[kMagic.size()] = {};
  if (file.size() < kMagic.size()) return false;
  file.read_at(0, head, sizeof(head));
  return std::string_view(head, sizeof(head)) == kMagic;
}

// The shape of a file must be [N] and then the model's; a channel axis of 1 may be left out.
void check_shape(const std::string& path, const std::vector<int64_t>& found, const Shape& wanted) {
  std::vector<int64_t> sizes;
  for (int axis = 0; axis < wanted.rank(); ++axis) sizes.push_back(wanted[axis]);
  const std::vector<int64_t> rest(found.begin() + (found.empty() ? 0 : 1), found.end());
  const bool without_channel = !sizes.empty() && sizes[0] == 1 &&
                               std::vector<int64_t>(sizes.begin() + 1, sizes.end()) == rest;
  if (!found.empty() && (rest == sizes || without_channel)) return;
  std::vector<std::string> words;
  for (const int64_t n : found) words.push_back(std::to_string(n));
  std::string expected = wanted.str();
  expected.insert(1, "N,");
  fail(Exit::kInput, path, "shape [{}]; the model takes {}", join(words, ","), expected);
}

PredictInput open_npy(const std::string& path, const Shape& shape) {
  auto reader = std::make_shared<NpyReader>(path);
  check_shape(path, reader->shape(), shape);
  const int64_t size = shape.count();
  return {path,
          reader->shape()[0],
          [reader, size](int64_t first, std::span<float> out) { reader->read(first * size, out); },
          {},
          {}};
}

PredictInput open_idx(const std::string& path, const Shape& shape, const WeightsInfo& weights) {
  auto array = std::make_shared<IdxArray>(read_idx(path));
  check_shape(path, array->shape, shape);
  const int64_t size = shape.count();
  return {path,
          array->shape[0],
          [array, size](int64_t first, std::span<float> out) {
            const uint8_t* bytes = array->bytes.data() + first * size;
            for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(bytes[i]);
          },
          byte_normalization(weights),
          {}};
}

std::vector<float> fitted(const std::string& path, const Shape& shape) {
  const Image image = fit_image(read_image(path, shape[0]), shape.height(), shape.width());
  return {image.values.begin(), image.values.end()};
}

// What ten crops of `shape` are cut from.
Shape larger_than(const Shape& shape) {
  return {shape[0], shape.height() + (shape.height() + 3) / 7,
          shape.width() + (shape.width() + 3) / 7};
}

// Crop `number` of a picture of shape larger_than(shape).
std::vector<float> cropped(const std::vector<float>& picture, const Shape& shape, int64_t number) {
  const Shape larger = larger_than(shape);
  const Crop crop =
      crop_of(number, larger.height() - shape.height(), larger.width() - shape.width());
  std::vector<float> window(static_cast<size_t>(shape.count()));
  const int64_t row = shape.width() * shape[0];
  for (int64_t y = 0; y < shape.height(); ++y) {
    const int64_t at = ((crop.place.top + y) * larger.width() + crop.place.left) * shape[0];
    std::copy_n(picture.data() + at, row, window.data() + y * row);
  }
  if (crop.is_mirrored) mirror(window.data(), shape.height(), shape.width(), shape[0]);
  return window;
}

// Pictures are read when they are wanted; together they are one input.
PredictInput open_pictures(std::vector<std::string> paths, const Shape& shape,
                           const WeightsInfo& weights, bool crops) {
  const bool is_picture = shape.rank() == 3 && (shape[0] == 1 || shape[0] == 3 || shape[0] == 4);
  if (!is_picture) {
    fail(Exit::kInput, paths[0], "is a picture; the model takes {}", shape.str());
  }
  auto pictures = std::make_shared<const std::vector<std::string>>(paths);
  const int64_t samples_each = crops ? kTenCrops : 1;
  const auto read = [pictures, shape, samples_each](int64_t first, std::span<float> out) {
    const int64_t count = shape.count(), end = first + std::ssize(out) / count;
    const int64_t first_picture = first / samples_each;
    parallel_for(chunk_count(end, samples_each) - first_picture, 1, [&](int64_t chunk, int64_t) {
      const int64_t picture = first_picture + chunk, begin = picture * samples_each;
      const std::string& path = (*pictures)[static_cast<size_t>(picture)];
      const bool crops = samples_each > 1;
      const std::vector<float> whole = fitted(path, crops ? larger_than(shape) : shape);
      for (int64_t i = std::max(first, begin); i < std::min(end, begin + samples_each); ++i) {
        const std::vector<float>& values = crops ? cropped(whole, shape, i - begin) : whole;
        to_channels_first(values.data(), out.data() + (i - first) * count, 1, shape);
      }
    });
  };
  const auto samples = static_cast<int64_t>(paths.size()) * samples_each;
  return {"images", samples, read, byte_normalization(weights), std::move(paths)};
}

// The images in a folder, at any depth; what is none is left out.
std::vector<std::string> pictures_in(const std::string& folder) {
  std::vector<std::string> files = files_under(folder);
  const size_t all = files.size();
  std::erase_if(files, [](const std::string& path) { return !is_image_file(path); });
  if (files.empty()) fail(Exit::kInput, folder, "has no JPEG or PNG images");
  if (files.size() < all) {
    warn("{}: {} of {} files are no JPEG or PNG images and are left out", folder,
         all - files.size(), all);
  }
  return files;
}

}  // namespace

void require_plain(const Field& field) {
  if (!field.items.is_list && field.kind == FieldKind::kValues) return;
  fail(Exit::kUsage, "", "the network reads '{}' as {}{}; pictures and arrays hold no such thing",
       field.name, describe(field.shape, field.items),
       field.kind == FieldKind::kClass ? " class numbers" : "");
}

Normalization byte_normalization(const WeightsInfo& weights) {
  Normalization normalization = weights.normalization;
  if (normalization.is_identity()) normalization.scale = 1.0 / 255.0;
  return normalization;
}

std::vector<PredictInput> open_predict_inputs(const std::vector<std::string>& paths,
                                              const Shape& shape, const WeightsInfo& weights,
                                              bool crops) {
  std::vector<PredictInput> inputs;
  std::vector<std::string> pictures;  // in a row
  const auto close_row = [&] {
    if (!pictures.empty()) {
      inputs.push_back(open_pictures(std::exchange(pictures, {}), shape, weights, crops));
    }
  };
  for (const std::string& path : paths) {
    if (is_directory(path)) {
      const std::vector<std::string> found = pictures_in(path);
      pictures.insert(pictures.end(), found.begin(), found.end());
    } else if (is_image_file(path)) {
      pictures.push_back(path);
    } else {
      if (crops) fail(Exit::kUsage, path, "is no picture; ten crops are of JPEG and PNG images");
      close_row();
      inputs.push_back(is_npy(path) ? open_npy(path, shape) : open_idx(path, shape, weights));
    }
  }
  close_row();
  return inputs;
}

}  // namespace cnn
