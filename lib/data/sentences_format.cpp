// sentences: numbered words or characters. Without files they are made up on the spot
// (data/phrases.h), of seeds that are the data set's own.
//
//   format: sentences
//   task: topic         # fields text, label; or sum: source, target
//   unit: word          # or character

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "data/byte_dataset.h"
#include "data/format.h"
#include "data/phrases.h"
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
  SumSentences(int64_t size, uint64_t seed, bool is_test, TextVocabulary vocabulary, int64_t most,
               const DataOptions& options, const std::string& fingerprint)
      : SpokenSentences(size, std::move(vocabulary), fingerprint), seed_(seed), is_test_(is_test) {
    add_text(options.input_name.empty() ? "source" : options.input_name, most);
    add_text(options.target_name.empty() ? "target" : options.target_name, most);
  }

  void read_items(int64_t index, const Draw*, std::span<float* const> out,
                  std::span<int64_t> items) const override {
    check(index, out);
    const SpokenSum sum = spoken_sum(seed_, is_test_, index);
    items[0] = write_text(sum.source, false, out[0]);
    items[1] = write_text(sum.target, true, out[1]);
  }

 private:
  uint64_t seed_;
  bool is_test_;
};

class SentencesFormat final : public DataFormat {
 public:
  SentencesFormat() {
    const std::span<const std::string> topics = topic_names();
    common.classes = {static_cast<int64_t>(topics.size()), {topics.begin(), topics.end()}};
    common.input_name = "";  // by task
  }

  void declare(Options& o) override {
    constexpr double kMost = 10'000'000;  // a list of more takes too long to shuffle
    o.choice("task", task_, {{"topic", Task::kTopic}, {"sum", Task::kSum}},
             "what is asked: the topic of a sentence, or the sum of two numbers in words");
    o.choice("unit", unit_, {{"word", TextUnit::kWord}, {"character", TextUnit::kCharacter}},
             "what a text is a list of");
    o("most", most_, "room for so many words or characters; by default as many as occur")
        .between(1, 100'000);
    o("train", train_, "how many sentences to train on").between(1, kMost);
    o("test", test_, "how many sentences to test on").between(1, kMost);
    o("seed", seed_, "another number gives other sentences").at_least(0);
  }

  bool has_test() const override { return true; }

  std::shared_ptr<const Dataset> open(Split split) const override {
    const bool is_topic = task_ == Task::kTopic, is_test = split == Split::kTest;
    const int64_t size = is_test ? test_ : train_;
    const int64_t most = room(is_topic ? longest_topic_sentence(unit_) : longest_sum(unit_));
    const auto seed = static_cast<uint64_t>(seed_);
    const std::string stream =
        fmt::format("{}/{}", is_topic ? "sentences" : "sums", is_test ? "test" : "train");
    const std::string fingerprint = fmt::format(
        "{} {} {} {}", stream, unit_ == TextUnit::kWord ? "word" : "character", seed, size);
    if (is_topic) {
      return std::make_shared<TopicSentences>(size, seed, stream, vocabulary(), most, common,
                                              fingerprint);
    }
    return std::make_shared<SumSentences>(size, seed, is_test, vocabulary(), most, common,
                                          fingerprint);
  }

  std::optional<std::vector<Entry>> keys_for(std::span<const Field> wanted) const override {
    if (wanted.size() != 2 || task_ != Task::kTopic) return std::nullopt;
    const Field &text = wanted[0], &topic = wanted[1];
    const auto holds = [](int64_t room, int64_t needed) { return room == 0 || room >= needed; };
    const bool is_text = text.kind == FieldKind::kClass && text.items.varies &&
                         text.items.most >= longest_topic_sentence(unit_) &&
                         holds(text.classes, vocabulary().size());
    if (!is_text || !topic.is_label() || !holds(topic.classes, common.classes.count)) {
      return std::nullopt;
    }
    std::vector<Entry> keys;
    if (text.name != "text") keys.push_back({"input_name", {}, Node::scalar(text.name)});
    if (topic.name != "label") keys.push_back({"target_name", {}, Node::scalar(topic.name)});
    return keys;
  }

 private:
  enum class Task { kTopic, kSum };

  TextVocabulary vocabulary() const {
    return TextVocabulary::of_words(task_ == Task::kTopic ? topic_words() : sum_words(), unit_);
  }

  // The sentences are whole: what they mean may lie in their last word.
  int64_t room(int64_t longest) const {
    const char* units = unit_ == TextUnit::kWord ? "words" : "characters";
    if (most_ && *most_ < longest) {
      fail(Exit::kSpec, "",
           "data: 'most' is {}, but sentences have up to {} {}; give it {} or more", *most_,
           longest, units, longest);
    }
    if (!common.normalization(1).is_identity()) {
      fail(Exit::kSpec, "", "data: 'scale', 'mean' and 'std' are for numbers; {} have none", units);
    }
    return most_.value_or(longest);
  }

  Task task_ = Task::kTopic;
  TextUnit unit_ = TextUnit::kWord;
  std::optional<int64_t> most_;
  int64_t train_ = 10'000;
  int64_t test_ = 2'000;
  int64_t seed_ = 1;
};

}  // namespace

extern const DataFormatType sentences_format = {
    "sentences", "generated sentences and spoken sums; needs no files",
    [] { return std::unique_ptr<DataFormat>(new SentencesFormat()); }};

}  // namespace cnn
