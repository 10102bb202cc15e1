// digits: generated on the spot (data/digits.h). The seed is the data set's own, so that every run
// sees the same digits, whatever its seed.
//
//   format: digits
//   train: 10000
//   test: 2000

#include <array>
#include <utility>

#include "base/error.h"
#include "base/parallel.h"
#include "data/byte_dataset.h"
#include "data/digits.h"
#include "data/format.h"

namespace cnn {
namespace {

constexpr int64_t kMostInMemory = 70'000;  // 55 MB
Shape image_shape() { return {1, kDigitSide, kDigitSide}; }

// For numbers that memory does not hold: draws each digit when it is read.
class DrawnDigits final : public Dataset {
 public:
  DrawnDigits(int64_t size, uint64_t seed, std::string stream, const DataOptions& options,
              std::string fingerprint)
      : size_(size), seed_(seed), stream_(std::move(stream)), fingerprint_(std::move(fingerprint)) {
    fields_ = {{options.input_name, image_shape(), FieldKind::kValues, 0},
               class_field({1}, options)};
    normalization_ = options.normalization(1);
    table_ = normalization_.byte_table(1);
  }

  int64_t size() const override { return size_; }
  std::string origin(int) const override { return "digits"; }
  std::string fingerprint() const override { return fingerprint_; }

  void read(int64_t index, std::span<float* const> out) const override {
    CNN_ASSERT(index >= 0 && index < size_ && out.size() == fields_.size());
    if (out[1] != nullptr) out[1][0] = static_cast<float>(digit_class(seed_, stream_, index));
    if (out[0] == nullptr) return;
    std::array<uint8_t, kDigitPixels> pixels;
    draw_digit(seed_, stream_, index, pixels);
    for (size_t i = 0; i < pixels.size(); ++i) out[0][i] = table_[pixels[i]];
  }

 private:
  int64_t size_;
  uint64_t seed_;
  std::string stream_;
  std::string fingerprint_;
  std::vector<float> table_;
};

class DigitsFormat final : public DataFormat {
 public:
  DigitsFormat() {
    common.scale = 1.0 / 255;
    common.classes = {10, {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}};
  }

  void declare(Options& o) override {
    constexpr double kMost = 10'000'000;  // a list of more takes too long to shuffle
    o("train", train_, "how many digits to train on").between(1, kMost);
    o("test", test_, "how many digits to test on").between(1, kMost);
    o("seed", seed_, "another number gives other digits").at_least(0);
  }

  bool has_test() const override { return true; }

  std::shared_ptr<const Dataset> open(Split split) const override {
    const bool test = split == Split::kTest;
    const int64_t size = test ? test_ : train_;
    const auto seed = static_cast<uint64_t>(seed_);
    const std::string stream = test ? "digits/test" : "digits/train";
    const std::string fingerprint = fmt::format("{} {} {}", stream, seed, size);
    if (size > kMostInMemory) {
      return std::make_shared<DrawnDigits>(size, seed, stream, common, fingerprint);
    }
    ByteDataset::Part images{"digits", image_shape(), {}};
    ByteDataset::Part labels{"digits", {1}, {}};
    images.bytes.resize(static_cast<size_t>(size * kDigitPixels));
    labels.bytes.resize(static_cast<size_t>(size));
    constexpr int64_t kGrain = 100;
    parallel_for(size, kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        uint8_t* pixels = images.bytes.data() + i * kDigitPixels;
        const int digit =
            draw_digit(seed, stream, i, std::span<uint8_t, kDigitPixels>(pixels, kDigitPixels));
        labels.bytes[static_cast<size_t>(i)] = static_cast<uint8_t>(digit);
      }
    });
    return std::make_shared<ByteDataset>(std::move(images), std::move(labels), common, fingerprint);
  }

 private:
  int64_t train_ = 10'000;
  int64_t test_ = 2'000;
  int64_t seed_ = 1;
};

}  // namespace

extern const DataFormatType digits_format = {
    "digits", "generated handwritten-looking digits; needs no files",
    [] { return std::unique_ptr<DataFormat>(new DigitsFormat()); }};

}  // namespace cnn
