// RunningText: one long text as a data set: windows of it, each with the symbols that come next.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/data_options.h"
#include "data/dataset.h"
#include "data/vocabulary.h"

namespace cnn {

struct EncodedText {
  std::vector<int32_t> numbers;
  std::shared_ptr<const TextVocabulary> vocabulary;
  std::string origin;  // for messages
  uint64_t hash = 0;   // of the text
};

// A vocabulary without <unk> must have all of it: Exit::kInput, "ORIGIN: at byte N: 'x' is not in
// the vocabulary ...".
std::shared_ptr<const EncodedText> encode_text(const std::string& text, std::string origin,
                                               std::shared_ptr<const TextVocabulary> vocabulary);

// Symbols first .. end of a text, at most `length` + 1 of which are one sample: the fields, lists
// of `length` class numbers, are called by `options`, else "text" and "next". Sample i begins at
// symbol i * length; what does not fill the last window is left out. In training (Dataset::Draw)
// all windows of an epoch begin so many symbols later, drawn from 0 to length - 1 by (seed, epoch),
// and the last one ends with the text, so that what stands at their borders changes; streams, whose
// windows go on where the ones before end, do not. Exit::kInput if there is not one whole window.
std::shared_ptr<const Dataset> running_text(std::shared_ptr<const EncodedText> text, int64_t first,
                                            int64_t end, int64_t length,
                                            const DataOptions& options);

}  // namespace cnn
