// digits: generated on the spot (data/digits.h). The seed is the data set's own, so that every run
// sees the same digits, whatever its seed.
//
//   format: digits
//   train: 10000
//   test: 2000
//   size: 224        # scaled from 28x28
//   channels: 3      # grey, repeated
//   masks: true      # a second target: ground 0, stroke 1

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/parallel.h"
#include "data/byte_dataset.h"
#include "data/digits.h"
#include "data/format.h"
#include "data/image_fit.h"

namespace cnn {
namespace {

constexpr int64_t kMostInMemory = 70'000;  // 55 MB
constexpr uint8_t kStroke = 128;           // as light as this is ink

struct DigitsOptions {
  int64_t train = 10'000;
  int64_t test = 2'000;
  int64_t seed = 1;
  PictureSize size{kDigitSide, kDigitSide};
  int64_t channels = 1;
  bool masks = false;

  bool is_plain() const {
    return size.height == kDigitSide && size.width == kDigitSide && channels == 1 && !masks;
  }
};

class Digits final : public Dataset {
 public:
  Digits(const DigitsOptions& digits, bool is_test, const DataOptions& options)
      : size_(is_test ? digits.test : digits.train),
        seed_(static_cast<uint64_t>(digits.seed)),
        stream_(is_test ? "digits/test" : "digits/train"),
        picture_(digits.size),
        channels_(digits.channels) {
    fingerprint_ = fmt::format("{} {} {}", stream_, seed_, size_);
    if (!digits.is_plain()) {
      fingerprint_ += fmt::format(" {}x{}x{} {}", channels_, picture_.height, picture_.width,
                                  digits.masks ? "masks" : "");
    }
    const Shape shape = {channels_, picture_.height, picture_.width};
    fields_ = {{options.input_name, shape, FieldKind::kValues, 0}, class_field({1}, options)};
    if (digits.masks) {
      Field mask{"mask", {1, shape.height(), shape.width()}, FieldKind::kClass, 2};
      mask.class_names = {"ground", "stroke"};
      fields_.push_back(std::move(mask));
    }
    ignored_class_ = options.ignore;
    normalization_ = options.normalization(channels_);
    table_ = normalization_.byte_table(channels_);
    if (size_ <= kMostInMemory) draw_all();
  }

  int64_t size() const override { return size_; }
  std::string origin(int) const override { return "digits"; }
  std::string fingerprint() const override { return fingerprint_; }

  void read(int64_t index, std::span<float* const> out) const override {
    CNN_ASSERT(index >= 0 && index < size_ && out.size() == fields_.size());
    if (out[1] != nullptr) out[1][0] = static_cast<float>(digit_class(seed_, stream_, index));
    float* mask = out.size() > 2 ? out[2] : nullptr;
    if (out[0] == nullptr && mask == nullptr) return;
    std::array<uint8_t, kDigitPixels> drawn;
    const uint8_t* pixels = drawn.data();
    if (drawn_.empty()) {
      draw_digit(seed_, stream_, index, drawn);
    } else {
      pixels = drawn_.data() + index * kDigitPixels;
    }
    if (picture_.height == kDigitSide && picture_.width == kDigitSide) {
      return write({pixels, kDigitPixels}, out[0], mask);
    }
    write(scaled(pixels), out[0], mask);
  }

 private:
  void draw_all() {
    drawn_.resize(static_cast<size_t>(size_ * kDigitPixels));
    constexpr int64_t kGrain = 100;
    parallel_for(size_, kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        uint8_t* pixels = drawn_.data() + i * kDigitPixels;
        draw_digit(seed_, stream_, i, std::span<uint8_t, kDigitPixels>(pixels, kDigitPixels));
      }
    });
  }

  // The whole digit, as large as fits in, on black.
  std::vector<uint8_t> scaled(const uint8_t* pixels) const {
    const auto [height, width] = picture_;
    const int64_t side = std::min(height, width);
    const int64_t top = (height - side) / 2, left = (width - side) / 2;
    const Image digit =
        fit_image(Image{kDigitSide, kDigitSide, 1, {pixels, pixels + kDigitPixels}}, side, side);
    std::vector<uint8_t> picture(static_cast<size_t>(height * width), 0);
    for (int64_t y = 0; y < side; ++y) {
      std::copy_n(digit.row(y), side, picture.begin() + (top + y) * width + left);
    }
    return picture;
  }

  void write(std::span<const uint8_t> picture, float* image, float* mask) const {
    if (image != nullptr) {
      for (const uint8_t pixel : picture) {
        for (int64_t c = 0; c < channels_; ++c) {
          *image++ = table_[static_cast<size_t>(256 * c + pixel)];
        }
      }
    }
    if (mask == nullptr) return;
    for (const uint8_t pixel : picture) *mask++ = pixel >= kStroke ? 1.0f : 0.0f;
  }

  int64_t size_;
  uint64_t seed_;
  std::string stream_;
  PictureSize picture_;
  int64_t channels_;
  std::string fingerprint_;
  std::vector<float> table_;    // 256 values a channel
  std::vector<uint8_t> drawn_;  // 28x28 each; empty if they are drawn when they are read
};

Node yaml_number(int64_t number) { return Node::scalar(std::to_string(number)); }
Node yaml_size(const Shape& shape) {
  return Node::list({yaml_number(shape.height()), yaml_number(shape.width())});
}

class DigitsFormat final : public DataFormat {
 public:
  DigitsFormat() {
    common.scale = 1.0 / 255;
    common.classes = {10, {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}};
  }

  void declare(Options& o) override {
    constexpr double kMost = 10'000'000;  // a list of more takes too long to shuffle
    constexpr double kMostChannels = 1024;
    o("train", digits_.train, "how many digits to train on").between(1, kMost);
    o("test", digits_.test, "how many digits to test on").between(1, kMost);
    o("seed", digits_.seed, "another number gives other digits").at_least(0);
    o("size", digits_.size, "height and width; digits of 28x28 are scaled, black around them");
    o("channels", digits_.channels, "grey is repeated").between(1, kMostChannels);
    o("masks", digits_.masks, "a second target, 'mask': 1 where a pixel is ink, else 0");
  }

  bool has_test() const override { return true; }

  std::shared_ptr<const Dataset> open(Split split) const override {
    return std::make_shared<Digits>(digits_, split == Split::kTest, common);
  }

  std::optional<std::vector<Entry>> keys_for(std::span<const Field> wanted) const override {
    const Field& input = wanted.front();
    const bool is_picture =
        input.kind == FieldKind::kValues && input.shape.rank() == 3 && !input.items.is_list;
    if (!is_picture) return std::nullopt;
    std::vector<Entry> keys;
    const auto set = [&keys](const char* key, Node value) {
      keys.push_back({key, {}, std::move(value)});
    };
    if (input.name != common.input_name) set("input_name", Node::scalar(input.name));
    if (input.shape.height() != kDigitSide || input.shape.width() != kDigitSide) {
      set("size", yaml_size(input.shape));
    }
    if (input.shape.channels() != 1) set("channels", yaml_number(input.shape.channels()));
    if (input.range) {  // pixels in [0,1]
      set("mean", yaml_number(0));
      set("std", yaml_number(1));
    }
    for (const Field& target : wanted.subspan(1)) {
      if (!set_target(target, input.shape, set)) return std::nullopt;
    }
    return keys;
  }

 private:
  template <class Set>
  bool set_target(const Field& target, const Shape& picture, const Set& set) const {
    if (target.is_label() && (target.classes == 0 || target.classes >= common.classes.count)) {
      if (target.name != "label") set("target_name", Node::scalar(target.name));
      return true;
    }
    const bool is_plane = target.shape.rank() == 3 && target.shape.channels() == 1 &&
                          target.shape.height() <= picture.height() &&
                          target.shape.width() <= picture.width() && !target.items.is_list;
    const bool is_mask = target.name == "mask" && target.classes != 1;
    if (!is_plane || (!is_mask && target.name != kBorderField)) return false;
    if (!is_mask) {
      set("border_weights", Node::map({}));
      return true;
    }
    set("masks", Node::scalar("true"));
    if (target.shape.height() < picture.height() || target.shape.width() < picture.width()) {
      set("target_crop", yaml_size(target.shape));
    }
    return true;
  }

  DigitsOptions digits_;
};

}  // namespace

extern const DataFormatType digits_format = {
    "digits", "generated handwritten-looking digits; needs no files",
    [] { return std::unique_ptr<DataFormat>(new DigitsFormat()); }};

}  // namespace cnn
