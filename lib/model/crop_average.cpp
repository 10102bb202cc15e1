#include "model/crop_average.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "data/ten_crops.h"
#include "graph/main_output.h"
#include "metrics/softmax.h"

namespace cnn {
namespace {

// out += softmax(scores).
void add_softmax(const float* scores, std::vector<double>& out) {
  const std::vector<double> shares = softmax({scores, out.size()});
  for (size_t c = 0; c < out.size(); ++c) out[c] += shares[c];
}

}  // namespace

CropAverage::CropAverage(const Graph& graph) : graph_(graph) {
  const std::optional<MainOutput> output = main_output(graph);
  const auto shape = [&](int id) { return graph.value(id).shape; };
  const bool is_list = output && graph.value(output->value).length >= 0;
  if (!output || !output->is_classes() || is_list || shape(output->target).count() != 1) {
    fail(Exit::kUsage, "",
         "ten crops are for networks that give every picture one class; '{}' does not", graph.name);
  }
  scores_ = shape(output->value);
  is_softmax_ = output->link == Link::kSoftmax;
}

bool CropAverage::is_field(int id) const { return graph_.value(id).producer < 0; }

ConstView CropAverage::value(int id, const ConstView& crops) {
  CNN_ASSERT(crops.batch % kTenCrops == 0);
  const int64_t pictures = crops.batch / kTenCrops, count = crops.shape.count();
  const bool averages_softmax = is_softmax_ && crops.shape == scores_;
  std::vector<float>& out = values_[id];
  out.resize(static_cast<size_t>(pictures * count));
  std::vector<double> sums(static_cast<size_t>(count));
  for (int64_t n = 0; n < pictures; ++n) {
    float* to = out.data() + n * count;
    if (is_field(id)) {
      std::copy_n(crops.sample(n * kTenCrops), count, to);
      continue;
    }
    std::fill(sums.begin(), sums.end(), 0.0);
    for (int64_t i = 0; i < kTenCrops; ++i) {
      const float* from = crops.sample(n * kTenCrops + i);
      if (averages_softmax) {
        add_softmax(from, sums);
      } else {
        for (size_t c = 0; c < sums.size(); ++c) sums[c] += static_cast<double>(from[c]);
      }
    }
    for (size_t c = 0; c < sums.size(); ++c) {
      const double mean = sums[c] / static_cast<double>(kTenCrops);
      to[c] = static_cast<float>(averages_softmax ? std::log(std::max(mean, 1e-30)) : mean);
    }
  }
  return {out.data(), pictures, crops.shape};
}

}  // namespace cnn
