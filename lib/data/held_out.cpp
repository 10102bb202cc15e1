#include "data/held_out.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "base/rng.h"

namespace cnn {
namespace {

// The samples in the order of a lottery; the first ones are held out.
std::vector<int64_t> drawn_order(int64_t size, uint64_t seed) {
  std::vector<int64_t> order(static_cast<size_t>(size));
  std::iota(order.begin(), order.end(), 0);
  const Rng rng(seed, "split");
  for (uint64_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[rng.below(i, i)]);
  return order;
}

struct Stratum {
  int64_t size = 0, taken = 0;
  int64_t rest = 0;  // of its share, what is no whole sample; in parts of all samples
};

// How many each class gives: whole shares first, then those with the largest rest.
std::map<int64_t, Stratum> shares(std::span<const int64_t> labels, int64_t wanted) {
  std::map<int64_t, Stratum> strata;
  for (const int64_t label : labels) ++strata[label].size;
  const auto all = static_cast<int64_t>(labels.size());
  std::vector<Stratum*> order;
  int64_t missing = wanted;
  for (auto& [label, stratum] : strata) {
    stratum.taken = wanted * stratum.size / all;
    stratum.rest = wanted * stratum.size % all;
    missing -= stratum.taken;
    order.push_back(&stratum);
  }
  std::stable_sort(order.begin(), order.end(), [](const Stratum* a, const Stratum* b) {
    const bool a_last = a->taken + 1 >= a->size, b_last = b->taken + 1 >= b->size;
    return a_last != b_last ? b_last : a->rest > b->rest;
  });
  for (Stratum* stratum : order) {
    if (missing == 0) break;
    ++stratum->taken;
    --missing;
  }
  CNN_ASSERT(missing == 0);
  return strata;
}

}  // namespace

std::vector<int64_t> held_out(int64_t size, int64_t wanted, uint64_t seed,
                              std::span<const int64_t> labels) {
  std::vector<int64_t> order = drawn_order(size, seed);
  std::vector<int64_t> chosen;
  if (labels.empty()) {
    chosen.assign(order.begin(), order.begin() + wanted);
  } else {
    std::map<int64_t, Stratum> strata = shares(labels, wanted);
    for (const int64_t sample : order) {
      if (strata[labels[static_cast<size_t>(sample)]].taken-- > 0) chosen.push_back(sample);
    }
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace cnn
