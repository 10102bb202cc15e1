#include "data/sentence_files.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/text.h"
#include "data/byte_dataset.h"
#include "data/number_lists.h"
#include "data/paths.h"
#include "data/sample_table.h"
#include "data/text_files.h"
#include "data/vocabulary_learning.h"

namespace cnn {
namespace {

bool is_blank(std::string_view text) { return units_of(text, TextUnit::kWord).empty(); }

std::string text_name(const SentenceLines& lines, const DataOptions& common) {
  if (!common.input_name.empty()) return common.input_name;
  return lines.kind == SentenceAnswer::kText ? "source" : "text";
}

std::string answer_name(const DataOptions& common) {
  return common.target_name.empty() ? "target" : common.target_name;
}

void read_table(const std::string& file, SentenceLines& lines) {
  int64_t number = 0;
  for (const std::string& line : read_text_lines(file)) {
    ++number;
    const size_t tab = line.find('\t');
    const bool is_row = tab != std::string::npos && line.find('\t', tab + 1) == std::string::npos;
    if (!is_row && !is_blank(line)) {
      fail(Exit::kInput, fmt::format("{}:{}", file, number),
           "has {}; two columns with a tab between them are expected",
           tab == std::string::npos ? "no tab" : "more than one tab");
    }
    lines.texts.push_back(is_row ? line.substr(0, tab) : "");
    lines.answers.push_back(is_row ? line.substr(tab + 1) : "");
  }
  lines.text_file = lines.answer_file = file;
}

void check_empty(const SentenceOptions& options, SentenceLines& lines) {
  size_t kept = 0;
  for (size_t i = 0; i < lines.texts.size(); ++i) {
    const bool has_text = !is_blank(lines.texts[i]), has_answer = !is_blank(lines.answers[i]);
    if (!options.skips_empty && !(has_text && has_answer)) {
      throw Error(Exit::kInput,
                  {{lines.place(i, has_text),
                    "is empty; a sentence is expected",
                    {},
                    {"'skip_empty: true' in the data map leaves such lines out, with what stands "
                     "beside them"}}});
    }
    if (!has_text || !has_answer) continue;
    std::swap(lines.texts[kept], lines.texts[i]);
    std::swap(lines.answers[kept], lines.answers[i]);
    lines.numbers[kept] = lines.numbers[i];
    ++kept;
  }
  const size_t left_out = lines.texts.size() - kept;
  lines.texts.resize(kept);
  lines.answers.resize(kept);
  lines.numbers.resize(kept);
  if (kept == 0) fail(Exit::kInput, lines.text_file, "has no sentences");
  if (left_out == 0) return;
  const std::string text = fmt::format("{}: {} left out", lines.text_file,
                                       counted(static_cast<int64_t>(left_out), "empty line"));
  if (is_news(text)) note("{}", text);
}

int64_t longest(const std::vector<std::string>& texts, const TextVocabulary& vocabulary) {
  size_t most = 0;
  for (const std::string& text : texts) most = std::max(most, vocabulary.encode(text).size());
  return static_cast<int64_t>(most);
}

class Sentences final : public Dataset {
 public:
  Sentences(SentenceLines lines, const SentenceKnowledge& known, const SentenceOptions& options,
            const DataOptions& common)
      : lines_(std::move(lines)), known_(known) {
    ignored_class_ = common.ignore;
    add_list(text_name(lines_, common), known.most_in_texts, *known.texts);
    texts_ = encoded(options, false);
    if (known.answers) {
      add_list(answer_name(common), known.most_in_answers, *known.answers);
      answers_ = encoded(options, true);
    } else {
      DataOptions named = common;
      named.classes = known.classes;
      fields_.push_back(class_field({1}, named));
      for (size_t i = 0; i < lines_.answers.size(); ++i) {
        labels_.push_back(
            class_number(lines_.answers[i], known.classes, common, lines_.place(i, true)));
      }
    }
    if (known.answers) {
      for (std::string& line : lines_.answers) {
        if (options.lower) line = lowered(line);
      }
    }
    hash_ = texts_.hash() + 31 * answers_.hash();
    for (const auto& v : {known.texts, known.answers}) {
      if (v) hash_ = 31 * hash_ + hash_name(join(v->symbols(), "\n"));
    }
    for (const float label : labels_) hash_ = 31 * hash_ + static_cast<uint64_t>(label + 1);
  }

  int64_t size() const override { return std::ssize(lines_.texts); }
  std::string origin(int field) const override {
    return field == 0 ? lines_.text_file : lines_.answer_file;
  }
  std::string fingerprint() const override {
    return fmt::format("sentences {:016x} {} {}", hash_, fields_[0].items.most,
                       fields_[1].items.most);
  }
  std::shared_ptr<const TextVocabulary> vocabulary(int field) const override {
    return field == 0 ? known_.texts : known_.answers;
  }
  uint64_t memory_bytes() const override { return texts_.bytes() + answers_.bytes(); }
  std::vector<std::string> references(int64_t index) const override {
    if (!known_.answers) return {};
    return {lines_.answers[static_cast<size_t>(index)]};
  }

  // Lists are filled up with symbol 0.
  void read(int64_t index, std::span<float* const> out) const override {
    std::vector<int64_t> items(2, 0);
    read_items(index, nullptr, out, items);
    for (size_t f = 0; f < 2; ++f) {
      if (out[f] != nullptr && fields_[f].items.is_list) {
        std::fill(out[f] + items[f], out[f] + fields_[f].items.most, 0.0f);
      }
    }
  }
  void read_items(int64_t index, const Draw*, std::span<float* const> out,
                  std::span<int64_t> items) const override {
    CNN_ASSERT(index >= 0 && index < size() && out.size() == 2 && items.size() == 2);
    items[0] = texts_.read(index, out[0]);
    items[1] = 1;
    if (known_.answers) {
      items[1] = answers_.read(index, out[1]);
    } else if (out[1] != nullptr) {
      *out[1] = labels_[static_cast<size_t>(index)];
    }
  }

 private:
  void add_list(std::string name, int64_t most, const TextVocabulary& vocabulary) {
    Field field{std::move(name), {1}, FieldKind::kClass, vocabulary.size()};
    field.items = Items::up_to(most);
    fields_.push_back(std::move(field));
  }

  NumberLists encoded(const SentenceOptions& options, bool of_answers) const {
    const TextVocabulary& vocabulary = of_answers ? *known_.answers : *known_.texts;
    const std::vector<std::string>& texts = of_answers ? lines_.answers : lines_.texts;
    const int64_t most = fields_.back().items.most;
    const int64_t room = of_answers ? most - 1 : most;  // a target ends with "<s>"
    NumberLists lists;
    UnknownUnits unknown;
    int64_t longer = 0;
    for (size_t i = 0; i < texts.size(); ++i) {
      std::vector<int64_t> numbers = vocabulary.encode(texts[i], &unknown);
      if (std::ssize(numbers) > room) {
        if (!options.cuts) refuse(i, of_answers, std::ssize(numbers), room, vocabulary.unit());
        numbers.resize(static_cast<size_t>(room));
        ++longer;
      }
      if (of_answers) numbers.push_back(TextVocabulary::kEdge);
      lists.add(numbers);
    }
    tell(of_answers, longer, room, unknown, vocabulary.unit());
    return lists;
  }

  [[noreturn]] void refuse(size_t i, bool of_answer, int64_t length, int64_t room,
                           TextUnit unit) const {
    throw Error(Exit::kInput,
                {{lines_.place(i, of_answer),
                  fmt::format("is a sentence of {}; there is room for {}",
                              counted_units(length, unit), with_commas(room)),
                  {},
                  {"'long: cut' in the data map cuts such sentences; a larger 'most', there and in "
                   "the model, has room for them"}}});
  }

  void tell(bool of_answers, int64_t longer, int64_t room, const UnknownUnits& unknown,
            TextUnit unit) const {
    const std::string& file = of_answers ? lines_.answer_file : lines_.text_file;
    if (unknown.any()) {
      detail_note("{}: {}", file, unknown.text(unit, "the training text's"));
    }
    if (longer == 0) return;
    const bool is_one = longer == 1;
    const std::string text =
        fmt::format("{}: {} of {} {} more than {} and {} cut", file, with_commas(longer),
                    counted(size(), "sentence"), is_one ? "has" : "have", counted_units(room, unit),
                    is_one ? "is" : "are");
    if (is_news(text)) note("{}", text);
  }

  SentenceLines lines_;
  SentenceKnowledge known_;
  NumberLists texts_, answers_;
  std::vector<float> labels_;
  uint64_t hash_ = 0;
};

// The files that a map names: {source, target} or {text, label}.
bool read_files(const Node& node, SentenceSplit& out, Diagnostics& d) {
  const auto path = [&](const char* key, DataPath& to) {
    const Node* file = node.find(key);
    return file != nullptr && OptionType<DataPath>::read(*file, to, d);
  };
  const bool is_pair = node.find("source") != nullptr && node.find("target") != nullptr;
  const bool is_labelled = node.find("text") != nullptr && node.find("label") != nullptr;
  if (node.entries().size() != 2 || is_pair == is_labelled) {
    d.report(node.mark(), "expected {source: FILE, target: FILE} or {text: FILE, label: FILE}");
    return false;
  }
  out.kind = is_pair ? SentenceAnswer::kText : SentenceAnswer::kLabel;
  return is_pair ? path("source", out.texts) && path("target", out.answers)
                 : path("text", out.texts) && path("label", out.answers);
}

}  // namespace

std::string OptionType<SentenceSplit>::name() {
  return "integer, FILE.tsv, or {source, target} or {text, label}";
}
OptionSchema OptionType<SentenceSplit>::schema() {
  return OptionSchema::one_of(
      {OptionSchema::integer(), OptionSchema::text(), OptionSchema::map_of(OptionSchema::text())});
}
bool OptionType<SentenceSplit>::read(const Node& node, SentenceSplit& out, Diagnostics& d) {
  constexpr int64_t kMost = 10'000'000;  // a list of more takes too long to shuffle
  out = {};
  if (node.is_map()) return read_files(node, out, d);
  if (!node.as_double()) return OptionType<DataPath>::read(node, out.table, d);
  out.count = node.as_int();
  if (out.count && *out.count >= 1 && *out.count <= kMost) return true;
  d.report(node.mark(), fmt::format("expected a number of sentences from 1 to {}, found {}",
                                    with_commas(kMost), node.describe()));
  return false;
}
Node OptionType<SentenceSplit>::write(const SentenceSplit& value) {
  if (value.count) return Node::scalar(std::to_string(*value.count));
  if (!value.table.empty()) return OptionType<DataPath>::write(value.table);
  if (value.texts.empty()) return Node();
  const bool is_pair = value.kind == SentenceAnswer::kText;
  Node map = Node::map({});
  map.set(is_pair ? "source" : "text", OptionType<DataPath>::write(value.texts));
  map.set(is_pair ? "target" : "label", OptionType<DataPath>::write(value.answers));
  return map;
}

std::string SentenceLines::place(size_t i, bool of_answer) const {
  return fmt::format("{}:{}", of_answer ? answer_file : text_file, numbers[i]);
}

SentenceLines read_sentences(const SentenceSplit& split, const SentenceOptions& options,
                             const DataOptions& common) {
  SentenceLines lines;
  lines.kind = split.kind;
  if (!split.table.empty()) {
    lines.kind = options.second_column.value_or(SentenceAnswer::kLabel);
    read_table(find_data_path(split.table, common), lines);
  } else {
    lines.text_file = find_data_path(split.texts, common);
    lines.answer_file = find_data_path(split.answers, common);
    lines.texts = read_text_lines(lines.text_file);
    lines.answers = read_text_lines(lines.answer_file);
    if (lines.texts.size() != lines.answers.size()) {
      fail(Exit::kInput, lines.answer_file,
           "has {}, but {} has {}; line by line they belong together",
           counted(std::ssize(lines.answers), "line"), lines.text_file,
           with_commas(std::ssize(lines.texts)));
    }
  }
  for (size_t i = 0; i < lines.texts.size(); ++i) {
    lines.numbers.push_back(static_cast<int64_t>(i) + 1);
  }
  check_empty(options, lines);
  return lines;
}

SentenceKnowledge learn_sentences(const SentenceLines& lines, const SentenceOptions& options,
                                  const DataOptions& common) {
  SentenceKnowledge known;
  const auto learned = [&](const std::vector<std::string>& texts, const std::string& field) {
    const VocabularyWishes wishes{options.unit, options.lower, options.symbols.of(field)};
    return std::make_shared<const TextVocabulary>(learn_vocabulary(texts, wishes));
  };
  const std::string name = text_name(lines, common);
  known.texts = learned(lines.texts, name);
  known.most_in_texts = options.most.of(name).value_or(longest(lines.texts, *known.texts));
  if (lines.kind == SentenceAnswer::kLabel) {
    known.classes = classes_of(lines.answers, common);
    return known;
  }
  const std::string target = answer_name(common);
  known.answers = learned(lines.answers, target);
  known.most_in_answers =
      options.most.of(target).value_or(longest(lines.answers, *known.answers) + 1);
  return known;
}

std::shared_ptr<const Dataset> open_sentences(SentenceLines lines, const SentenceKnowledge& known,
                                              const SentenceOptions& options,
                                              const DataOptions& common) {
  return std::make_shared<Sentences>(std::move(lines), known, options, common);
}

}  // namespace cnn
