#include "data/byte_dataset.h"

#include <utility>

#include "base/error.h"

namespace cnn {
namespace {

int64_t samples_of(const ByteDataset::Part& part) {
  return static_cast<int64_t>(part.bytes.size()) / part.shape.count();
}

}  // namespace

Field class_field(const Shape& shape, const DataOptions& options) {
  const std::string usual = shape.count() == 1 ? "label" : "mask";
  Field field{options.target_name.empty() ? usual : options.target_name, shape, FieldKind::kClass,
              options.classes.count};
  field.class_names = options.titles.of(options.classes);
  return field;
}

ByteDataset::ByteDataset(Part inputs, Part targets, const DataOptions& options,
                         std::string fingerprint)
    : inputs_(std::move(inputs)),
      targets_(std::move(targets)),
      fingerprint_(std::move(fingerprint)),
      size_(samples_of(inputs_)) {
  fields_ = {{options.input_name, inputs_.shape, FieldKind::kValues, 0}};
  ignored_class_ = options.ignore;
  const int64_t channels = inputs_.shape.channels();
  normalization_ = options.normalization(channels);
  table_ = normalization_.byte_table(channels);
  if (targets_.bytes.empty()) return;
  fields_.push_back(class_field(targets_.shape, options));
  if (samples_of(targets_) != size_) {
    fail(Exit::kInput, targets_.origin, "{} targets, but {} has {} samples", samples_of(targets_),
         inputs_.origin, size_);
  }
}

void ByteDataset::read(int64_t index, std::span<float* const> out) const {
  CNN_ASSERT(index >= 0 && index < size_ && out.size() == fields_.size());
  if (out[0] != nullptr) read_input(index, out[0]);
  if (out.size() < 2 || out[1] == nullptr) return;
  const int64_t count = targets_.shape.count();
  const uint8_t* bytes = targets_.bytes.data() + index * count;
  for (int64_t i = 0; i < count; ++i) out[1][i] = bytes[i];
}

void ByteDataset::read_input(int64_t index, float* out) const {
  const int64_t channels = inputs_.shape.channels(), positions = inputs_.shape.positions();
  const uint8_t* bytes = inputs_.bytes.data() + index * inputs_.shape.count();
  for (int64_t c = 0; c < channels; ++c, bytes += positions) {
    const float* table = table_.data() + 256 * c;
    for (int64_t p = 0; p < positions; ++p) out[p * channels + c] = table[bytes[p]];
  }
}

}  // namespace cnn
