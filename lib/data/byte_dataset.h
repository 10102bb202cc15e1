// ByteDataset: samples held in memory as the bytes that files have; one input and perhaps one
// target of class numbers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/data_options.h"
#include "data/dataset.h"

namespace cnn {

class ByteDataset final : public Dataset {
 public:
  struct Part {
    std::string origin;
    Shape shape;                 // of one sample
    std::vector<uint8_t> bytes;  // sample after sample, channels first
  };
  // Names, classes and normalisation come from `options`. `targets` may have no bytes: none. Both
  // must have the same number of samples (Exit::kInput, both counts).
  ByteDataset(Part inputs, Part targets, const DataOptions& options, std::string fingerprint);

  int64_t size() const override { return size_; }
  void read(int64_t index, std::span<float* const> out) const override;
  std::string origin(int field) const override {
    return field == 0 ? inputs_.origin : targets_.origin;
  }
  std::string fingerprint() const override { return fingerprint_; }

 private:
  void read_input(int64_t index, float* out) const;

  Part inputs_;
  Part targets_;
  std::vector<float> table_;  // 256 values a channel
  std::string fingerprint_;
  int64_t size_ = 0;
};

// The field of class numbers of a shape: [1] is a label, [1,H,W] a mask.
Field class_field(const Shape& shape, const DataOptions& options);

}  // namespace cnn
