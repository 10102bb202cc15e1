// U-Net's weights of a mask's pixels (Ronneberger, Fischer & Brox 2015): larger in the gaps between
// objects that nearly touch, so that the network learns to keep them apart.
//
//   w(x) = w_c(x) + w0 exp(-(d1(x) + d2(x))^2 / (2 sigma^2))
//
// An object is a connected region (by edges) of one class that is not the background; d1 and d2 are
// the distances of x to the nearest and to the second nearest object, in pixels. The second term
// holds in the background alone. w_c balances the classes of a mask: total / (classes * count),
// 1 without `balance`. Pixels of the ignored class weigh 0.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "spec/options.h"

namespace cnn {

class Dataset;

inline constexpr const char* kBorderField = "border";

struct BorderWeights {
  double w0 = 10;
  double sigma = 5;
  int64_t background = 0;
  bool balance = true;
};
CNN_OPTION_TYPE(BorderWeights);

// Of a mask of class numbers, row by row.
void border_weights(std::span<const float> mask, int64_t height, int64_t width,
                    const BorderWeights& options, std::optional<int64_t> ignore,
                    std::span<float> out);

// The same samples with one more field, "border", of the shape of the first mask; computed when it
// is first read, then kept where all are at most 1 GiB. Exit::kSpec if there is no mask.
std::shared_ptr<const Dataset> with_border_weights(std::shared_ptr<const Dataset> dataset,
                                                   const BorderWeights& options);

}  // namespace cnn
