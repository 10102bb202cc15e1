#include "data/running_text.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/error.h"
#include "base/rng.h"
#include "base/text.h"

namespace cnn {
namespace {

class RunningText final : public Dataset {
 public:
  RunningText(std::shared_ptr<const EncodedText> text, int64_t first, int64_t end, int64_t length,
              const DataOptions& options)
      : text_(std::move(text)), first_(first), end_(end), length_(length) {
    const bool is_named = !options.input_name.empty();
    add_field(is_named ? options.input_name : "text");
    add_field(options.target_name.empty() ? "next" : options.target_name);
  }

  int64_t size() const override { return (end_ - first_ - 1) / length_; }
  std::string origin(int) const override { return text_->origin; }
  std::shared_ptr<const TextVocabulary> vocabulary(int) const override { return text_->vocabulary; }
  uint64_t memory_bytes() const override { return text_->numbers.size() * sizeof(int32_t); }
  std::string fingerprint() const override {
    const TextVocabulary& v = *text_->vocabulary;
    return fmt::format("text {:016x} {}{} {} {}..{} by {}", text_->hash, unit_name(v.unit()),
                       v.lowers() ? " lower" : "", v.size(), first_, end_, length_);
  }

  void read(int64_t index, std::span<float* const> out) const override { write(index, 0, out); }
  void read_drawn(int64_t index, const Draw& draw, std::span<float* const> out) const override {
    const auto length = static_cast<uint64_t>(length_);
    const uint64_t offset =
        draw.is_stream ? 0 : Rng(draw.seed, "data/windows", draw.epoch).below(0, length);
    write(index, static_cast<int64_t>(offset), out);
  }
  bool draws(int) const override { return true; }

 private:
  void add_field(std::string name) {
    Field field{std::move(name), {1}, FieldKind::kClass, text_->vocabulary->size()};
    field.items = Items::list(length_);
    fields_.push_back(std::move(field));
  }

  void write(int64_t index, int64_t offset, std::span<float* const> out) const {
    CNN_ASSERT(index >= 0 && index < size() && out.size() == fields_.size());
    const int64_t begin = std::min(first_ + offset + index * length_, end_ - 1 - length_);
    for (int64_t f = 0; f < 2; ++f) {  // the second field is one symbol later
      float* const to = out[static_cast<size_t>(f)];
      if (to == nullptr) continue;
      std::transform(text_->numbers.begin() + begin + f,
                     text_->numbers.begin() + begin + f + length_, to,
                     [](int32_t number) { return static_cast<float>(number); });
    }
  }

  std::shared_ptr<const EncodedText> text_;
  int64_t first_, end_, length_;
};

// Where the first unit lies that a vocabulary of characters does not have.
[[noreturn]] void fail_unknown(const std::string& text, const std::string& origin,
                               const TextVocabulary& vocabulary) {
  size_t at = 0;
  for (const std::string_view character : units_of(text, TextUnit::kCharacter)) {
    UnknownUnits unknown;
    vocabulary.encode(character, &unknown);
    if (!unknown.any()) {
      at += character.size();
      continue;
    }
    throw Error(Exit::kInput,
                {{origin,
                  fmt::format("at byte {}: '{}' is none of the {} characters of the training text",
                              at, escaped(character), vocabulary.size()),
                  {},
                  {"'symbols: N' in the data map keeps the N - 2 most frequent characters, and all "
                   "others are <unk>; 'unit: byte' knows every text"}}});
  }
  bug("a character is unknown", __FILE__, __LINE__);
}

}  // namespace

std::shared_ptr<const EncodedText> encode_text(const std::string& text, std::string origin,
                                               std::shared_ptr<const TextVocabulary> vocabulary) {
  auto result = std::make_shared<EncodedText>();
  UnknownUnits unknown;
  const std::vector<int64_t> numbers = vocabulary->encode(text, &unknown);
  if (unknown.any() && !vocabulary->has_edge()) fail_unknown(text, origin, *vocabulary);
  result->numbers.reserve(numbers.size());
  for (const int64_t number : numbers) result->numbers.push_back(static_cast<int32_t>(number));
  result->vocabulary = std::move(vocabulary);
  result->origin = std::move(origin);
  result->hash = hash_name(text);
  return result;
}

std::shared_ptr<const Dataset> running_text(std::shared_ptr<const EncodedText> text, int64_t first,
                                            int64_t end, int64_t length,
                                            const DataOptions& options) {
  CNN_ASSERT(first >= 0 && first <= end && end <= std::ssize(text->numbers) && length > 0);
  if (end - first <= length) {
    const bool is_whole = end - first == std::ssize(text->numbers);
    throw Error(
        Exit::kInput,
        {{text->origin,
          fmt::format("{} {}; a window and what comes next need {} ('length' is {})",
                      is_whole ? "has" : "this part of it has",
                      counted_units(end - first, text->vocabulary->unit()), with_commas(length + 1),
                      with_commas(length)),
          {},
          {is_whole ? "a shorter 'length' of the data map and of the model's 'steps' reads it"
                    : "another 'val' of the data map parts the text elsewhere"}}});
  }
  return std::make_shared<RunningText>(std::move(text), first, end, length, options);
}

}  // namespace cnn
