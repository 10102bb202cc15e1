// captions: pictures and sentences that say what is in them.
//
//   format: captions
//   train: flickr1k/train.tsv      # FILE <tab> SENTENCE; a picture may have several lines
//   val: flickr1k/val.tsv          # or a number of pictures, or a fraction of them
//   test: flickr1k/test.tsv
//   images: flickr1k/images        # the pictures' folder
//
// Fields image and text. In training a sample is a sentence with its picture; in validation and
// testing it is a picture with its first sentence, and all of them are references.

#include <algorithm>
#include <map>
#include <mutex>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/text.h"
#include "data/format.h"
#include "data/number_lists.h"
#include "data/paths.h"
#include "data/picture_set.h"
#include "data/sample_table.h"
#include "data/text_files.h"
#include "data/text_options.h"
#include "data/vocabulary_learning.h"

namespace cnn {
namespace {

struct CaptionedPicture {
  std::string path;   // below the folder
  std::string place;  // FILE:LINE of its first sentence
  std::vector<std::string> captions;
};

// In the order of their first lines.
std::vector<CaptionedPicture> read_captions(const std::string& file, bool outside) {
  std::vector<CaptionedPicture> pictures;
  std::map<std::string, size_t> known;
  int64_t number = 0;
  for (const std::string& line : read_text_lines(file)) {
    ++number;
    const std::string place = fmt::format("{}:{}", file, number);
    const size_t tab = line.find('\t');
    if (tab == std::string::npos) {
      fail(Exit::kInput, place, "{}; FILE <tab> SENTENCE is expected",
           line.empty() ? "is empty" : "has no tab");
    }
    const std::string path = line.substr(0, tab), caption = line.substr(tab + 1);
    check_listed_path(path, outside, place);
    if (units_of(caption, TextUnit::kWord).empty()) {
      fail(Exit::kInput, place, "says nothing of '{}'; a sentence is expected behind the tab",
           escaped(path));
    }
    const auto [found, is_new] = known.emplace(path, pictures.size());
    if (is_new) pictures.push_back({path, place, {}});
    pictures[found->second].captions.push_back(caption);
  }
  return pictures;
}

struct CaptionRules {
  std::shared_ptr<const TextVocabulary> vocabulary;
  int64_t most = 0;  // room, the end among it
  bool cuts = true;
  bool by_picture = false;  // a sample is a picture, not a sentence
};

class Captions final : public Dataset {
 public:
  // `pictures` has those of `captioned`, but perhaps not all.
  Captions(std::shared_ptr<const Dataset> pictures, std::vector<CaptionedPicture> captioned,
           std::string file, const CaptionRules& rules, const DataOptions& options)
      : pictures_(std::move(pictures)), file_(std::move(file)), rules_(rules) {
    normalization_ = pictures_->normalization();
    fields_ = {pictures_->fields()[0]};
    const TextVocabulary& vocabulary = *rules_.vocabulary;
    Field text{options.target_name.empty() ? "text" : options.target_name,
               {1},
               FieldKind::kClass,
               vocabulary.size()};
    text.items = Items::up_to(rules_.most);
    fields_.push_back(std::move(text));
    int64_t longer = 0;
    for (int64_t p = 0; p < std::ssize(captioned); ++p) {
      CaptionedPicture& picture = captioned[static_cast<size_t>(p)];
      for (std::string& caption : picture.captions) {
        if (vocabulary.lowers()) caption = lowered(caption);
        if (rules_.by_picture && &caption != &picture.captions[0]) continue;
        add(p, picture, caption, longer);
      }
      references_.push_back(std::move(picture.captions));
    }
    if (longer > 0) tell(longer);
    hash_ = texts_.hash() + 31 * hash_name(join(vocabulary.symbols(), "\n"));
  }

  int64_t size() const override { return std::ssize(samples_); }
  std::string origin(int field) const override { return field == 0 ? pictures_->origin(0) : file_; }
  std::string file(int64_t index) const override { return pictures_->file(picture_of(index)); }
  std::string fingerprint() const override {
    return fmt::format("{} captions {:016x} {} {}", pictures_->fingerprint(), hash_, size(),
                       rules_.most);
  }
  uint64_t memory_bytes() const override { return pictures_->memory_bytes() + texts_.bytes(); }
  std::shared_ptr<const TextVocabulary> vocabulary(int field) const override {
    return field == 1 ? rules_.vocabulary : nullptr;
  }
  std::vector<std::string> references(int64_t index) const override {
    return references_[static_cast<size_t>(picture_of(index))];
  }
  int64_t source(int64_t index, int field) const override {
    return field == 0 ? pictures_->source(picture_of(index), 0) : index;
  }

  // The text is filled up with symbol 0.
  void read(int64_t index, std::span<float* const> out) const override {
    std::vector<int64_t> items(2, 0);
    read_items(index, nullptr, out, items);
    if (out[1] != nullptr) std::fill(out[1] + items[1], out[1] + rules_.most, 0.0f);
  }
  void read_items(int64_t index, const Draw*, std::span<float* const> out,
                  std::span<int64_t> items) const override {
    CNN_ASSERT(index >= 0 && index < size() && out.size() == 2 && items.size() == 2);
    items[0] = 1;
    items[1] = texts_.read(index, out[1]);
    if (out[0] != nullptr) pictures_->read(picture_of(index), out.first(1));
  }

 private:
  int64_t picture_of(int64_t index) const { return samples_[static_cast<size_t>(index)]; }

  void add(int64_t number, const CaptionedPicture& picture, const std::string& caption,
           int64_t& longer) {
    std::vector<int64_t> numbers = rules_.vocabulary->encode(caption);
    const int64_t room = rules_.most - 1;
    if (std::ssize(numbers) > room) {
      const TextUnit unit = rules_.vocabulary->unit();
      if (!rules_.cuts) {
        fail(Exit::kInput, picture.place,
             "'{}' has a caption of {}; there is room for {} ('long: cut' cuts it, a larger 'most' "
             "has room for it)",
             escaped(picture.path), counted_units(std::ssize(numbers), unit), room);
      }
      numbers.resize(static_cast<size_t>(room));
      ++longer;
    }
    numbers.push_back(TextVocabulary::kEdge);
    texts_.add(numbers);
    samples_.push_back(number);
  }

  void tell(int64_t longer) const {
    const std::string text = fmt::format(
        "{}: {} of {} {} more than {} and {} cut", file_, with_commas(longer),
        counted(size(), "caption"), longer == 1 ? "has" : "have",
        counted_units(rules_.most - 1, rules_.vocabulary->unit()), longer == 1 ? "is" : "are");
    if (is_news(text)) note("{}", text);
  }

  std::shared_ptr<const Dataset> pictures_;
  std::string file_;
  CaptionRules rules_;
  std::vector<int64_t> samples_;  // the picture of each
  NumberLists texts_;
  std::vector<std::vector<std::string>> references_;  // by picture
  uint64_t hash_ = 0;
};

class CaptionsFormat final : public DataFormat {
 public:
  CaptionsFormat() {
    common.scale = 1.0 / 255;
    common.stand_in = "";
  }

  void declare(Options& o) override {
    constexpr double kMostLength = 100'000;
    o("train", train_, "the table of the training pictures, FILE <tab> SENTENCE").required();
    o("test", test_, "the table of the test pictures");
    o("images", images_, "the folder of the pictures; by default that of the table");
    o("outside", outside_, "allow absolute paths, and '..' in paths");
    declare_unit(o, unit_, TextUnit::kWord);
    o("lower", lower_, "all in small letters");
    o("symbols", symbols_,
      "the most frequent words, characters or pairs are kept, with <s> and <unk> so many")
        .at_least(3);
    o("most", most_,
      "room for so many words or characters and the end; by default the model's, or as many as "
      "occur")
        .between(2, kMostLength);
    o.choice("long", cuts_, {{"cut", true}, {"refuse", false}}, "what becomes of longer sentences");
    settings_.declare(o);
  }

  bool has_test() const override { return !test_.empty(); }
  bool holds_out_itself() const override { return true; }
  bool read_validation(Diagnostics&) override { return common.val.files.is_null(); }

  // The size of pictures, unless windows are cut out of them, and the room for sentences.
  std::vector<Entry> follows(std::span<const Field> wanted) const override {
    std::vector<Entry> keys;
    const bool is_cut = common.augment.geometry.crop.is_set() || common.patches.is_set();
    for (const Field& field : wanted) {
      const Shape& shape = field.shape;
      const auto number = [](int64_t n) { return Node::scalar(std::to_string(n)); };
      if (field.items.is_list) keys.push_back({"most", {}, number(field.items.most)});
      if (field.items.is_list || shape.rank() != 3) continue;
      keys.push_back({"channels", {}, number(shape[0])});
      if (is_cut) continue;
      keys.push_back({"size", {}, Node::list({number(shape.height()), number(shape.width())})});
    }
    return keys;
  }

  std::shared_ptr<const Dataset> open(Split split) const override {
    const bool is_share = common.val.is_number();
    const bool is_of_training = split == Split::kTrain || (split == Split::kValidation && is_share);
    const std::string file = find_data_path(is_of_training          ? train_
                                            : split == Split::kTest ? test_
                                                                    : common.val.folder,
                                            common);
    std::vector<CaptionedPicture> captioned = read_captions(file, outside_);
    if (is_of_training) captioned = part(std::move(captioned), split == Split::kTrain);
    CaptionRules rules = learned();
    rules.by_picture = split != Split::kTrain;
    std::shared_ptr<const Dataset> pictures = open_pictures(file, captioned);
    return std::make_shared<Captions>(std::move(pictures), std::move(captioned), file, rules,
                                      common);
  }

 private:
  // Validation gets pictures that are evenly spread, with all that is said of them.
  std::vector<CaptionedPicture> part(std::vector<CaptionedPicture> all, bool is_training) const {
    const auto count = std::ssize(all);
    const int64_t wanted = common.val.is_number() ? common.val.of(count) : 0;
    if (wanted >= count) {
      fail(Exit::kSpec, "", "data: 'val' holds out {} of {} pictures; none are left to train on",
           wanted, count);
    }
    std::vector<CaptionedPicture> kept;
    for (int64_t i = 0; i < count; ++i) {
      const bool is_held_out = (i + 1) * wanted / count > i * wanted / count;
      if (is_held_out != is_training) kept.push_back(std::move(all[static_cast<size_t>(i)]));
    }
    return kept;
  }

  // Of the pictures that are trained on.
  CaptionRules learned() const {
    const std::lock_guard lock(mutex_);
    if (rules_.vocabulary != nullptr) return rules_;
    std::vector<std::string> texts;
    for (const CaptionedPicture& picture :
         part(read_captions(find_data_path(train_, common), outside_), true)) {
      texts.insert(texts.end(), picture.captions.begin(), picture.captions.end());
    }
    const VocabularyWishes wishes{unit_, lower_, symbols_};
    rules_.vocabulary = std::make_shared<const TextVocabulary>(learn_vocabulary(texts, wishes));
    rules_.cuts = cuts_;
    size_t longest = 0;
    for (const std::string& text : texts) {
      longest = std::max(longest, rules_.vocabulary->encode(text).size());
    }
    rules_.most = most_.value_or(static_cast<int64_t>(longest) + 1);
    return rules_;
  }

  // Those that can be read; with `skip_bad` the others are left out here, too.
  std::shared_ptr<const Dataset> open_pictures(const std::string& file,
                                               std::vector<CaptionedPicture>& captioned) const {
    const size_t slash = file.rfind('/');
    const std::string home = slash == std::string::npos ? "." : file.substr(0, slash);
    const std::string root = images_.empty() ? home : find_data_folder(images_, common);
    std::vector<std::string> paths;
    for (const CaptionedPicture& picture : captioned) {
      if (!file_exists(root + "/" + picture.path)) {
        fail(Exit::kInput, picture.place, "names '{}', which is not in {}", escaped(picture.path),
             root);
      }
      paths.push_back(picture.path);
    }
    PictureSetParts parts;
    parts.pictures = FileList(root, std::move(paths));
    std::shared_ptr<const Dataset> pictures = open_picture_set(std::move(parts), settings_, common);
    size_t kept = 0;
    for (CaptionedPicture& picture : captioned) {
      const bool is_there = static_cast<int64_t>(kept) < pictures->size() &&
                            pictures->file(static_cast<int64_t>(kept)) == root + "/" + picture.path;
      if (is_there) std::swap(captioned[kept++], picture);
    }
    captioned.resize(kept);
    return pictures;
  }

  DataPath train_, test_, images_;
  bool outside_ = false, lower_ = false, cuts_ = true;
  TextUnit unit_ = TextUnit::kWord;
  std::optional<int64_t> symbols_, most_;
  PictureSettings settings_;
  mutable std::mutex mutex_;
  mutable CaptionRules rules_;
};

}  // namespace

extern const DataFormatType captions_format = {
    "captions", "pictures and sentences that say what is in them",
    [] { return std::unique_ptr<DataFormat>(new CaptionsFormat()); }};

}  // namespace cnn
