#include "data/made_sentences.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/error.h"
#include "data/byte_dataset.h"
#include "data/phrases.h"
#include "data/running_text.h"
#include "data/vocabulary.h"

namespace cnn {
namespace {

// What both tasks share: their texts, the vocabulary.
class SpokenSentences : public Dataset {
 public:
  SpokenSentences(int64_t size, TextVocabulary vocabulary, std::string fingerprint)
      : size_(size),
        vocabulary_(std::make_shared<const TextVocabulary>(std::move(vocabulary))),
        fingerprint_(std::move(fingerprint)) {}

  int64_t size() const override { return size_; }
  std::string origin(int) const override { return "sentences"; }
  std::string fingerprint() const override { return fingerprint_; }
  std::shared_ptr<const TextVocabulary> vocabulary(int field) const override {
    return fields_.at(static_cast<size_t>(field)).items.is_list ? vocabulary_ : nullptr;
  }

  // Lists are filled up with symbol 0.
  void read(int64_t index, std::span<float* const> out) const override {
    std::vector<int64_t> items(fields_.size(), 0);
    read_items(index, nullptr, out, items);
    for (size_t i = 0; i < fields_.size(); ++i) {
      if (out[i] == nullptr) continue;
      std::fill(out[i] + items[i], out[i] + fields_[i].items.most,
                static_cast<float>(TextVocabulary::kEdge));
    }
  }

 protected:
  void add_text(std::string name, int64_t most) {
    Field field{std::move(name), {1}, FieldKind::kClass, vocabulary_->size()};
    field.items = Items::up_to(most);
    fields_.push_back(std::move(field));
  }
  int64_t write_text(const std::string& text, bool ends, float* out) const {
    std::vector<int64_t> numbers = vocabulary_->encode(text);
    if (ends) numbers.push_back(TextVocabulary::kEdge);
    if (out != nullptr) {
      std::transform(numbers.begin(), numbers.end(), out,
                     [](int64_t number) { return static_cast<float>(number); });
    }
    return static_cast<int64_t>(numbers.size());
  }
  void check(int64_t index, std::span<float* const> out) const {
    CNN_ASSERT(index >= 0 && index < size_ && out.size() == fields_.size());
  }

 private:
  int64_t size_;
  std::shared_ptr<const TextVocabulary> vocabulary_;
  std::string fingerprint_;
};

class TopicSentences final : public SpokenSentences {
 public:
  TopicSentences(int64_t size, uint64_t seed, std::string stream, TextVocabulary vocabulary,
                 int64_t most, const DataOptions& options, const std::string& fingerprint)
      : SpokenSentences(size, std::move(vocabulary), fingerprint),
        seed_(seed),
        stream_(std::move(stream)) {
    add_text(options.input_name.empty() ? "text" : options.input_name, most);
    fields_.push_back(class_field({1}, options));
    ignored_class_ = options.ignore;
  }

  void read(int64_t index, std::span<float* const> out) const override {
    if (out[0] != nullptr) return SpokenSentences::read(index, out);
    read_label(index, out);  // all labels are looked at before training
  }
  void read_items(int64_t index, const Draw*, std::span<float* const> out,
                  std::span<int64_t> items) const override {
    read_label(index, out);
    items[0] = write_text(topic_sentence(seed_, stream_, index), false, out[0]);
    items[1] = 1;
  }

 private:
  void read_label(int64_t index, std::span<float* const> out) const {
    check(index, out);
    if (out[1] != nullptr) *out[1] = static_cast<float>(topic_of(seed_, stream_, index));
  }

  uint64_t seed_;
  std::string stream_;
};

class SumSentences final : public SpokenSentences {
 public:
  using Say = std::function<SpokenSum(int64_t index)>;
  SumSentences(int64_t size, Say say, TextVocabulary vocabulary, int64_t most,
               const DataOptions& options, const std::string& fingerprint)
      : SpokenSentences(size, std::move(vocabulary), fingerprint), say_(std::move(say)) {
    add_text(options.input_name.empty() ? "source" : options.input_name, most);
    add_text(options.target_name.empty() ? "target" : options.target_name, most);
  }

  void read_items(int64_t index, const Draw*, std::span<float* const> out,
                  std::span<int64_t> items) const override {
    check(index, out);
    const SpokenSum sum = say_(index);
    items[0] = write_text(sum.source, false, out[0]);
    items[1] = write_text(sum.target, true, out[1]);
  }
  std::vector<std::string> references(int64_t index) const override { return {say_(index).target}; }

 private:
  Say say_;
};

// A sentence a line.
std::shared_ptr<const Dataset> made_text(const MadeSentences& made, int64_t length,
                                         const DataOptions& options) {
  std::string text;
  for (int64_t i = 0; i < made.size; ++i) {
    text += topic_sentence(made.seed, made.stream, i) + "\n";
  }
  return running_text(
      encode_text(text, "sentences", std::make_shared<const TextVocabulary>(made_vocabulary(made))),
      0, std::ssize(text), length, options);
}

}  // namespace

TextVocabulary made_vocabulary(const MadeSentences& made) {
  switch (made.task) {
    case SentenceTask::kTopic:
      return TextVocabulary::of_words(topic_words(), made.unit);
    case SentenceTask::kSum:
      return TextVocabulary::of_words(sum_words(), made.unit);
    case SentenceTask::kDigits:
      return {digit_signs(), TextUnit::kCharacter};
    default:
      break;
  }
  const TextVocabulary sentences = TextVocabulary::of_words(topic_words(), TextUnit::kCharacter);
  std::vector<std::string> characters = {"\n"};
  characters.insert(characters.end(), sentences.symbols().begin() + 2, sentences.symbols().end());
  return TextVocabulary::plain(characters, TextUnit::kCharacter);
}

int64_t longest_made(const MadeSentences& made) {
  switch (made.task) {
    case SentenceTask::kTopic:
      return longest_topic_sentence(made.unit);
    case SentenceTask::kSum:
      return longest_sum(made.unit);
    default:
      return 2 * made.digits + 1;  // of a target with its end digits + 2, which is no more
  }
}

std::shared_ptr<const Dataset> open_made(const MadeSentences& made, int64_t room,
                                         const DataOptions& options) {
  const std::string fingerprint =
      fmt::format("{} {} {} {}{}", made.stream, unit_name(made.unit), made.seed, made.size,
                  made.task == SentenceTask::kDigits ? fmt::format(" {}", made.digits) : "");
  const auto sums = [&](SumSentences::Say say) {
    return std::make_shared<SumSentences>(made.size, std::move(say), made_vocabulary(made), room,
                                          options, fingerprint);
  };
  const bool is_test = made.is_test;
  const uint64_t seed = made.seed;
  const int64_t digits = made.digits;
  switch (made.task) {
    case SentenceTask::kTopic:
      return std::make_shared<TopicSentences>(made.size, seed, made.stream, made_vocabulary(made),
                                              room, options, fingerprint);
    case SentenceTask::kSum:
      return sums([=](int64_t index) { return spoken_sum(seed, is_test, index); });
    case SentenceTask::kDigits:
      return sums([=](int64_t index) { return digit_sum(seed, is_test, index, digits); });
    default:
      return made_text(made, room, options);
  }
}

}  // namespace cnn
