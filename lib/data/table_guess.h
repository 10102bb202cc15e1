// Table guess: what the columns of a table probably are.
#pragma once

#include <string>
#include <vector>

#include "data/standardise.h"
#include "spec/node.h"
#include "tensor/field.h"

namespace cnn {

struct TableGuess {
  Node columns;      // for a csv data map
  std::string text;  // "150 rows: 4 numbers to 3 classes of 'species'"
  bool has_pictures = false;
  std::vector<std::string> classes = {};  // where their numbers do not count from 0
};

// What a model is to tell from a row.
enum class TableTarget { kAny, kClass, kNumber };

// What the weights of a network know of the table that it was trained on.
struct TableKnowledge {
  std::vector<std::string> inputs = {};  // columns; empty: nothing is known of them
  std::vector<CategoryColumn> categories = {};
  std::vector<std::string> targets = {};  // of numbers
  Standards standards = {};

  std::string text() const;  // one that changes with all of it
};

// The target is the column that is called so (label, class, target ...), else the last. It is a
// label if it holds words or a few whole numbers from 0 on, else a number to predict; numbers are
// what a model wants them to be, whole ones from 1 on classes too. A column of
// paths that are there makes pictures the input, else all other columns of numbers are, and those
// of words that come again: as categories. Columns that are `known` stay what they were.
// Exit::kInput if nothing is left to read.
TableGuess guess_columns(const std::string& path, TableTarget wanted = TableTarget::kAny,
                         const TableKnowledge& known = {});

}  // namespace cnn
