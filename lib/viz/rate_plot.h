// What a search for a learning rate found, as a curve, a table and a sentence.
#pragma once

#include "train/rate_search.h"
#include "viz/kind.h"

namespace cnn {

VizResult rate_search_result(const RateSearch& search);

}  // namespace cnn
