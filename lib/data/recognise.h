// Recognise: from a folder or a table that nobody has described to a data map: which format it has,
// and what is measured in it: sizes, channels, classes of masks, means and deviations.
#pragma once

#include <string>

#include "spec/node.h"
#include "tensor/shape.h"

namespace cnn {

// `path`: a folder, or a CSV table. `input`: what a model reads; pictures are brought to its size.
// Empty (rank 0): that of most of the pictures. Class folders, pictures with masks, and tables are
// known, below train/, val/ and test/ or without; without val/ a fifth is held out. Says in a note
// what was found. Exit::kInput, with what was looked for, if it is none of them.
Node recognise_data(const std::string& path, const Shape& input);

}  // namespace cnn
