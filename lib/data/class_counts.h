// Class counts: how often each class stands in data, and what follows from it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace cnn {

// The first field of one class number a sample; -1 if there is none.
int label_field(const Dataset& dataset);

// The class numbers of a label field, by sample of the view.
std::vector<int64_t> labels_of(const DataView& view, int field);

// Of a label field, or of a mask's pixels: how often each of `classes` stands there; what has no
// class (ignored numbers) is not counted.
std::vector<int64_t> class_counts(const DataView& view, int field, int64_t classes);

// Weights by which every class counts the same in sum, and all of them as much as they did without:
// all / (classes that there are * those of the class). 1 for classes that there are none of.
std::vector<double> balanced_weights(const std::vector<int64_t>& counts);

// True where some class has over half as many again as another.
bool is_unbalanced(const std::vector<int64_t>& counts);

// "cat 96, dog 24"; of more than `most` classes the rarest and the most frequent alone: "100
// classes, from 7 (fern) to 500 (rose)".
std::string counts_text(const std::vector<int64_t>& counts, const std::vector<std::string>& names,
                        size_t most);

}  // namespace cnn
