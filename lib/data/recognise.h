// Recognise: from a folder or a table that nobody has described to a data map: which format it has,
// and what is measured in it: sizes, channels, classes of masks, means and deviations.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/table_guess.h"
#include "spec/node.h"
#include "tensor/shape.h"

namespace cnn {

// What is known of the data before they are looked at.
struct DataWishes {
  Shape input = {};                 // of the model; rank 0: the size of most of the pictures
  std::string input_name = {};      // empty: image
  bool reads_symbols = false;       // of the model: its input is a list of class numbers
  std::vector<Field> targets = {};  // of the model; empty: not known
  std::optional<Normalization> normalization = {};  // of weights; else it is measured
  TableKnowledge known = {};                        // of weights, too
  bool tells_any_number = false;                    // the model's output: nothing bounds it
  Node said = {};  // a map of keys that go before what is found, or null
};

// `path`: a folder, a CSV table, or for models that read lists of class numbers a running text
// (.txt) or a table of sentences (.tsv), packed or not. Class folders, pictures with masks, and
// tables are known, below train/, val/ and test/ or without; without val/ a fifth is held out. Says
// in a note what was found. Exit::kInput, with what was looked for, if it is none of them.
Node recognise_data(const std::string& path, const DataWishes& wishes);

// The part of it that knows texts: nothing if `path` is none; what it is, in `text`.
std::optional<Node> recognise_texts(const std::string& path, const DataWishes& wishes,
                                    std::string& text);

}  // namespace cnn
