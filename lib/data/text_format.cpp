// text: one long text, read in windows; what is to be told is the symbol that comes next.
//
//   format: text
//   train: shakespeare/input.txt   # plain or gzipped
//   val: 0.1                       # the end of it; or a number of windows, or a file
//   test: other.txt
//   unit: character                # or byte, word, pairs
//   length: 100                    # of a window; by default the model's

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/error.h"
#include "data/format.h"
#include "data/paths.h"
#include "data/running_text.h"
#include "data/text_files.h"
#include "data/text_options.h"
#include "data/vocabulary_learning.h"

namespace cnn {
namespace {

class TextFormat final : public DataFormat {
 public:
  TextFormat() { common.input_name = ""; }

  void declare(Options& o) override {
    constexpr double kMostLength = 1'000'000;
    o("train", train_, "the text to train on, plain or gzipped").required();
    o("test", test_, "a text to test on");
    o("length", length_, "symbols of a window; by default as many as the model reads, or 100")
        .between(1, kMostLength);
    declare_unit(o, unit_, TextUnit::kCharacter);
    o("symbols", symbols_,
      "the most frequent words, characters or pairs are kept, with <s> and <unk> so many")
        .at_least(3);
    o("lower", lower_, "all in small letters");
  }

  bool has_test() const override { return !test_.empty(); }
  bool holds_out_itself() const override { return true; }
  bool read_validation(Diagnostics&) override { return common.val.files.is_null(); }

  std::vector<Entry> follows(std::span<const Field> wanted) const override {
    if (wanted.empty() || !wanted[0].items.is_list || length_) return {};
    return {{"length", {}, Node::scalar(std::to_string(wanted[0].items.most))}};
  }

  std::shared_ptr<const Dataset> open(Split split) const override {
    check();
    const std::shared_ptr<const EncodedText> training = training_text();
    const auto whole = static_cast<int64_t>(training->numbers.size());
    const bool is_share = common.val.is_number();
    const bool is_own = split == Split::kTest || (split == Split::kValidation && !is_share);
    if (is_own) {
      const std::string file =
          find_data_path(split == Split::kTest ? test_ : common.val.folder, common);
      const auto text = encode_text(read(file), file, training->vocabulary);
      return running_text(text, 0, std::ssize(text->numbers), length(), common);
    }
    const int64_t begin = whole - (is_share ? held_out(whole) : 0);
    return split == Split::kTrain ? running_text(training, 0, begin, length(), common)
                                  : running_text(training, begin, whole, length(), common);
  }

 private:
  int64_t length() const { return length_.value_or(kUsualLength); }
  std::string read(const std::string& file) const {
    return read_text_file(file, unit_ == TextUnit::kByte);
  }

  void check() const {
    if (!common.normalization(1).is_identity()) {
      fail(Exit::kSpec, "", "data: 'scale', 'mean' and 'std' are for numbers; texts have none");
    }
    if (unit_ == TextUnit::kByte && symbols_) {
      fail(Exit::kSpec, "", "data: 'symbols' is for words, characters and pairs; bytes are 256");
    }
  }

  // A fraction of the symbols, or so many windows and the symbol behind them.
  int64_t held_out(int64_t whole) const {
    const double value = common.val.value;
    const int64_t wanted =
        value < 1 ? common.val.of(whole)
                  : std::min(static_cast<int64_t>(value), whole / length()) * length() + 1;
    return std::min(wanted, whole);
  }

  // Read once; train and val are parts of it. Characters are those of the whole file, all else is
  // learned from the part that is trained on.
  std::shared_ptr<const EncodedText> training_text() const {
    const std::lock_guard lock(mutex_);
    if (training_ != nullptr) return training_;
    const std::string file = find_data_path(train_, common);
    const std::string content = read(file);
    const bool knows_all = unit_ == TextUnit::kCharacter && !symbols_;
    std::string seen = content;
    if (!knows_all && common.val.is_number() && common.val.value < 1) {
      size_t end = content.size() - static_cast<size_t>(common.val.of(std::ssize(content)));
      while (end < content.size() && (content[end] & 0xC0) == 0x80) ++end;  // a whole character
      seen.resize(end);
    }
    const VocabularyWishes wishes{unit_, lower_, symbols_, true, true};
    training_ = encode_text(
        content, file,
        std::make_shared<const TextVocabulary>(learn_vocabulary(std::span(&seen, 1), wishes)));
    return training_;
  }

  static constexpr int64_t kUsualLength = 100;

  DataPath train_, test_;
  std::optional<int64_t> length_, symbols_;
  TextUnit unit_ = TextUnit::kCharacter;
  bool lower_ = false;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const EncodedText> training_;
};

}  // namespace

extern const DataFormatType text_format = {
    "text", "one long text in windows; what comes next is to be told",
    [] { return std::unique_ptr<DataFormat>(new TextFormat()); }};

}  // namespace cnn
