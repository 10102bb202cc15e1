// Sentences that are made up when they are read (data/phrases.h), as data sets.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "data/data_options.h"
#include "data/dataset.h"
#include "data/vocabulary.h"

namespace cnn {

enum class SentenceTask {
  kTopic,   // fields text and label
  kSum,     // source "three plus fourteen", target "seventeen"
  kDigits,  // source "3+14", target "17"
  kText,    // all of them as one running text
};

struct MadeSentences {
  SentenceTask task = SentenceTask::kTopic;
  TextUnit unit = TextUnit::kWord;  // kDigits and kText: characters
  uint64_t seed = 1;
  std::string stream = {};  // of topics and texts
  bool is_test = false;     // of sums: pairs of numbers that training does not have
  int64_t size = 0;         // sentences
  int64_t digits = 3;       // kDigits: of each number, at most
};

TextVocabulary made_vocabulary(const MadeSentences& made);
// Symbols of the longest sentence that there can be, not of kText.
int64_t longest_made(const MadeSentences& made);
// `room` of the lists: not below the longest; of kText the length of a window.
std::shared_ptr<const Dataset> open_made(const MadeSentences& made, int64_t room,
                                         const DataOptions& options);

}  // namespace cnn
