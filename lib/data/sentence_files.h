// Sentences in files: a line each, or two columns of a table; numbered by vocabularies that are
// learned from those to train on.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "data/data_options.h"
#include "data/dataset.h"
#include "data/text_options.h"
#include "data/vocabulary.h"

namespace cnn {

enum class SentenceAnswer { kLabel, kText };

// What `train`, `val` and `test` of a map may be: a number of sentences that are made up, a table
// FILE.tsv, or {source: FILE, target: FILE}, {text: FILE, label: FILE}.
struct SentenceSplit {
  std::optional<int64_t> count;
  DataPath table;
  DataPath texts, answers;
  SentenceAnswer kind = SentenceAnswer::kLabel;  // of `answers`

  bool is_files() const { return !table.empty() || !texts.empty(); }
};
CNN_OPTION_TYPE(SentenceSplit);

struct SentenceOptions {
  TextUnit unit = TextUnit::kWord;
  bool lower = false;
  NumbersByField symbols, most;
  bool cuts = true;          // sentences longer than `most`; else they are errors
  bool skips_empty = false;  // lines; else they are errors
  std::optional<SentenceAnswer> second_column = {};  // of tables
};

// The lines of a split: sentence i of `texts` is answered by that of `answers`.
struct SentenceLines {
  std::vector<std::string> texts, answers;
  std::vector<int64_t> numbers;  // of the lines, from 1
  std::string text_file, answer_file;
  SentenceAnswer kind = SentenceAnswer::kLabel;

  std::string place(size_t i, bool of_answer) const;  // "FILE:LINE"
};

// Exit::kInput with file and line for what is empty, has no two columns or is no UTF-8; with both
// counts where two files have not equally many lines.
SentenceLines read_sentences(const SentenceSplit& split, const SentenceOptions& options,
                             const DataOptions& common);

// What is learned from the training lines.
struct SentenceKnowledge {
  std::shared_ptr<const TextVocabulary> texts, answers;  // no answers: labels
  ClassList classes;
  int64_t most_in_texts = 0, most_in_answers = 0;  // room of the lists
};
SentenceKnowledge learn_sentences(const SentenceLines& lines, const SentenceOptions& options,
                                  const DataOptions& common);

// Fields "source" and "target", or "text" and "label", or as the options call them. Targets end
// with "<s>". Longer sentences than there is room for are cut, which a note counts, or
// Exit::kInput.
std::shared_ptr<const Dataset> open_sentences(SentenceLines lines, const SentenceKnowledge& known,
                                              const SentenceOptions& options,
                                              const DataOptions& common);

}  // namespace cnn
