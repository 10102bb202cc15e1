// Table guess: what the columns of a table probably are.
#pragma once

#include <string>

#include "spec/node.h"

namespace cnn {

struct TableGuess {
  Node columns;      // for a csv data map
  std::string text;  // "150 rows: 4 numbers to 3 classes of 'species'"
  bool has_pictures = false;
};

// The target is the column that is called so (label, class, target ...), else the last. It is a
// label if it holds words or a few whole numbers from 0 on, else a number to predict. A column of
// paths that are there makes pictures the input, else all other columns of numbers are.
// Exit::kInput if nothing is left to read.
TableGuess guess_columns(const std::string& path);

}  // namespace cnn
