// sentences: numbered words, characters, bytes or pairs, in files:
//
//   format: sentences
//   train: {source: train.de.gz, target: train.en.gz}   # or {text, label}, or FILE.tsv
//   unit: word
//   lower: true
//   symbols: 8000       # the most frequent; or {source: 8000, target: 6000}
//   most: 40            # longer ones are cut, or refused (long: refuse)
//
// Without files they are made up on the spot, of seeds that are the data set's own:
//
//   format: sentences
//   task: topic         # fields text, label; sum and digits: source, target; text: text, next
//   unit: word          # or character

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/error.h"
#include "data/format.h"
#include "data/made_sentences.h"
#include "data/phrases.h"
#include "data/sentence_files.h"

namespace cnn {
namespace {

class SentencesFormat final : public DataFormat {
 public:
  SentencesFormat() {
    common.classes = topic_classes();
    common.input_name = "";  // by task
    train_.count = 10'000;
  }

  void declare(Options& o) override {
    constexpr double kMostLength = 1'000'000;
    o("train", train_, "the sentences' files; or how many to make up");
    o("test", test_, "likewise to test on; of made up ones 2000");
    o.choice("task", task_,
             {{"topic", SentenceTask::kTopic},
              {"sum", SentenceTask::kSum},
              {"digits", SentenceTask::kDigits},
              {"text", SentenceTask::kText}},
             "of made up ones, what is asked: the topic, the sum of two numbers in words or in "
             "digits, or what comes next in a running text");
    declare_unit(o, options_.unit, TextUnit::kWord);
    o("lower", options_.lower, "of files: all in small letters");
    o("symbols", options_.symbols,
      "of files: the most frequent words, characters or pairs are kept, with <s> and <unk> so "
      "many; "
      "by field {source: 8000, target: 6000}");
    o("most", options_.most,
      "room for so many words or characters, the end of a target among them; by default the "
      "model's, or as many as occur; by field, too");
    o.choice("long", options_.cuts, {{"cut", true}, {"refuse", false}},
             "of files: what becomes of longer sentences");
    o("skip_empty", options_.skips_empty, "of files: leave out lines with nothing in them");
    o.choice("answer", options_.second_column,
             {{"label", SentenceAnswer::kLabel}, {"text", SentenceAnswer::kText}},
             "of a table FILE.tsv: what its second column has; by default as the model reads it");
    o("length", length_, "of task text: symbols of a window; by default the model's, or 100")
        .between(1, kMostLength);
    o("digits", digits_, "of task digits: how many each number has at most")
        .between(1, static_cast<double>(kMostDigits));
    o("seed", seed_, "of made up ones: another number gives other sentences").at_least(0);
  }

  bool has_test() const override { return !is_files() || test_.is_files() || test_.count; }
  bool holds_out_itself() const override { return is_made_text(); }
  bool read_validation(Diagnostics& diagnostics) override {
    const HeldOut& val = common.val;
    if (!is_files()) return false;
    if (val.files.is_null()) {
      validation_.table = val.folder;
      return true;
    }
    OptionType<SentenceSplit>::read(val.files, validation_, diagnostics);
    return true;
  }

  std::shared_ptr<const Dataset> open(Split split) const override {
    check();
    return is_files() ? open_files(split) : open_made_ones(split);
  }

  std::optional<std::vector<Entry>> keys_for(std::span<const Field> wanted) const override {
    if (is_files() || wanted.size() != 2) return std::nullopt;
    const Field &text = wanted[0], &answer = wanted[1];
    const bool is_text = text.kind == FieldKind::kClass && text.items.is_list &&
                         answer.kind == FieldKind::kClass && text.shape.count() == 1;
    if (!is_text) return std::nullopt;
    if (answer.is_label()) return keys_for_topics(text, answer);
    if (!answer.items.is_list || task_ != SentenceTask::kTopic) return std::nullopt;
    if (!text.items.varies) return keys_for_text(text, answer);
    MadeSentences sums{SentenceTask::kSum}, digits{SentenceTask::kDigits, TextUnit::kCharacter};
    for (const MadeSentences& made : {sums, digits}) {
      if (!holds(text, made) || !holds(answer, made)) continue;
      std::vector<Entry> keys = names(text, "source", answer, "target");
      const bool is_sum = made.task == SentenceTask::kSum;
      keys.insert(keys.begin(), {"task", {}, Node::scalar(is_sum ? "sum" : "digits")});
      if (!is_sum) keys.push_back({"unit", {}, Node::scalar("character")});
      return keys;
    }
    return std::nullopt;
  }

  std::vector<Entry> follows(std::span<const Field> wanted) const override {
    if (wanted.empty() || !wanted[0].items.is_list) return {};
    if (is_made_text()) return {{"length", {}, Node::scalar(std::to_string(wanted[0].items.most))}};
    if (!is_files()) return {};
    NumbersByField most;
    bool wants_text = false;
    for (const Field& field : wanted) {
      if (!field.items.is_list) continue;
      most.by_field.emplace_back(field.name, field.items.most);
      wants_text = wants_text || &field != &wanted[0];
    }
    std::vector<Entry> keys = {{"most", {}, OptionType<NumbersByField>::write(most)}};
    if (!train_.table.empty() && wanted.size() > 1) {
      keys.push_back({"answer", {}, Node::scalar(wants_text ? "text" : "label")});
    }
    return keys;
  }

 private:
  static ClassList topic_classes() {
    const std::span<const std::string> topics = topic_names();
    return {static_cast<int64_t>(topics.size()), {topics.begin(), topics.end()}};
  }
  bool is_files() const { return train_.is_files(); }
  bool is_made_text() const { return !is_files() && task_ == SentenceTask::kText; }

  MadeSentences made(Split split) const {
    constexpr int64_t kTests = 2'000, kFewest = 1;
    const bool is_test = split == Split::kTest;
    MadeSentences made{task_, options_.unit, static_cast<uint64_t>(seed_)};
    made.is_test = is_test;
    made.digits = digits_;
    made.size = is_test ? test_.count.value_or(kTests) : *train_.count;
    const bool is_own_validation = split == Split::kValidation && is_made_text();
    if (is_own_validation) made.size = std::max(kFewest, common.val.of(made.size));
    const char* kind = task_ == SentenceTask::kSum      ? "sums"
                       : task_ == SentenceTask::kDigits ? "digit-sums"
                                                        : "sentences";
    made.stream = fmt::format("{}/{}", kind,
                              is_test             ? "test"
                              : is_own_validation ? "val"
                                                  : "train");
    return made;
  }

  std::shared_ptr<const Dataset> open_made_ones(Split split) const {
    constexpr int64_t kUsualLength = 100;
    const MadeSentences wanted = made(split);
    const int64_t room = is_made_text() ? length_.value_or(kUsualLength) : room_for(wanted);
    return open_made(wanted, room, common);
  }

  // What the training files teach is the same for all splits.
  std::shared_ptr<const Dataset> open_files(Split split) const {
    DataOptions own = common;
    if (own.classes.names == topic_classes().names) own.classes = {};
    const std::lock_guard lock(mutex_);
    std::optional<SentenceLines> training;
    if (!known_ || split == Split::kTrain) {
      training = read_sentences(train_, options_, own);
      if (!known_) known_ = learn_sentences(*training, options_, own);
    }
    if (split == Split::kTrain) return open_sentences(std::move(*training), *known_, options_, own);
    return open_sentences(
        read_sentences(split == Split::kTest ? test_ : validation_, options_, own), *known_,
        options_, own);
  }

  static bool holds(const Field& field, const MadeSentences& made) {
    return field.items.varies && field.items.most >= longest_made(made) &&
           (field.classes == 0 || field.classes >= made_vocabulary(made).size());
  }

  static std::vector<Entry> names(const Field& text, const char* usual_text, const Field& answer,
                                  const char* usual_answer) {
    std::vector<Entry> keys;
    if (text.name != usual_text) keys.push_back({"input_name", {}, Node::scalar(text.name)});
    if (answer.name != usual_answer) keys.push_back({"target_name", {}, Node::scalar(answer.name)});
    return keys;
  }

  std::optional<std::vector<Entry>> keys_for_topics(const Field& text, const Field& topic) const {
    const bool is_known = topic.classes == 0 || topic.classes >= common.classes.count;
    MadeSentences topics{SentenceTask::kTopic, options_.unit};
    if (task_ != SentenceTask::kTopic || !holds(text, topics) || !is_known) return std::nullopt;
    return names(text, "text", topic, "label");
  }

  std::optional<std::vector<Entry>> keys_for_text(const Field& text, const Field& next) const {
    const int64_t symbols = made_vocabulary({SentenceTask::kText, TextUnit::kCharacter}).size();
    for (const Field* field : {&text, &next}) {
      if (field->classes != 0 && field->classes < symbols) return std::nullopt;
    }
    if (next.items != text.items) return std::nullopt;
    std::vector<Entry> keys = names(text, "text", next, "next");
    keys.insert(keys.begin(), {{"task", {}, Node::scalar("text")},
                               {"unit", {}, Node::scalar("character")},
                               {"length", {}, Node::scalar(std::to_string(text.items.most))}});
    return keys;
  }

  void check() const {
    if (!common.normalization(1).is_identity()) {
      fail(Exit::kSpec, "", "data: 'scale', 'mean' and 'std' are for numbers; {} have none",
           options_.unit == TextUnit::kWord ? "words" : "characters");
    }
    if (is_files()) {
      if (test_.count) {
        fail(Exit::kSpec, "",
             "data: 'test' is a number, and 'train' names files; sentences are made up where both "
             "are numbers");
      }
      if (options_.unit == TextUnit::kByte && options_.symbols.is_set()) {
        fail(Exit::kSpec, "", "data: 'symbols' is for words, characters and pairs; bytes are 256");
      }
      return;
    }
    const bool is_of_files = options_.lower || options_.symbols.is_set();
    if (test_.is_files() || is_of_files) {
      fail(Exit::kSpec, "",
           "data: '{}' is for sentences in files, and 'train' names none: they are made up",
           test_.is_files() ? "test"
           : options_.lower ? "lower"
                            : "symbols");
    }
    const bool needs_characters = task_ == SentenceTask::kDigits || task_ == SentenceTask::kText;
    const bool fits = options_.unit == TextUnit::kCharacter ||
                      (options_.unit == TextUnit::kWord && !needs_characters);
    if (!fits) {
      fail(Exit::kSpec, "", "data: made up sentences of this task are lists of {}; say 'unit: {}'",
           needs_characters ? "characters" : "words or characters",
           needs_characters ? "character" : "word");
    }
  }

  // The sentences are whole: what they mean may lie in their last word.
  int64_t room_for(const MadeSentences& wanted) const {
    const int64_t longest = longest_made(wanted);
    const int64_t most =
        options_.most.of(common.input_name).value_or(options_.most.all.value_or(longest));
    if (most >= longest) return most;
    fail(Exit::kSpec, "", "data: 'most' is {}, but sentences have up to {} {}; give it {} or more",
         most, longest, options_.unit == TextUnit::kWord ? "words" : "characters", longest);
  }

  SentenceSplit train_, test_, validation_;
  SentenceTask task_ = SentenceTask::kTopic;
  SentenceOptions options_;
  std::optional<int64_t> length_;
  int64_t digits_ = 3;
  int64_t seed_ = 1;
  mutable std::mutex mutex_;
  mutable std::optional<SentenceKnowledge> known_;
};

}  // namespace

extern const DataFormatType sentences_format = {
    "sentences", "sentences in files, or made up without any",
    [] { return std::unique_ptr<DataFormat>(new SentencesFormat()); }};

}  // namespace cnn
