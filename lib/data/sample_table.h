// SampleTable: what tables and lists of samples (csv, list) have in common: class names, and paths
// that stay inside their folder.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/data_options.h"

namespace cnn {

// Classes that stand in a column as texts. If `options` has their names, these; else, if all are
// whole numbers, 0 to the largest (or as many as `options` says); else the sorted texts.
ClassList classes_of(const std::vector<std::string>& texts, const DataOptions& options);

// The number of the class that `text` names; `place` ("FILE:LINE:COL") for the message if there is
// none (Exit::kInput).
float class_number(const std::string& text, const ClassList& classes, const DataOptions& options,
                   const std::string& place);

// A file's path in a list must stay below the folder: `..` and absolute ones are Exit::kInput
// unless `outside` is allowed.
void check_listed_path(const std::string& path, bool outside, const std::string& place);

}  // namespace cnn
