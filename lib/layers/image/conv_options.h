// What conv and upconv have in common: options, their limits, the names of what serves them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernels/conv/conv.h"
#include "layers/axis_numbers.h"
#include "layers/layer.h"

namespace cnn {

struct ConvOptions {
  int64_t out = 0;
  PictureNumbers kernel, stride, dilation;  // or a volume's
  Padding pad;                              // only a conv's has sides
  Window window;                            // of these, once the input is known
  int64_t groups = 1;
  bool has_bias = true;
  bool exact = false;
  std::string tie;

  // What an option means to the one and to the other.
  struct Words {
    const char* kernel;
    const char* stride;
    std::vector<std::string> stride_aliases;
    const char* pad;
    const char* tie;
  };
  enum class Takes { kPictures, kVolumesToo };
  void declare_window(Options& o, const Words& words, Takes takes);  // out ... bias
  void declare_product(Options& o, const Words& words);              // exact, tie

  // Checks the input, of which `layer` is the type that complains, and sets the window.
  void settle(const Setup& s, std::string_view layer, Takes takes);
  // `channels`: the most that one product reads under the kernel.
  void check_kernel(const Setup& s, const ConvShape& shape, int64_t channels) const;
  // Names the algorithms of the layer's three products in its plan; in testing the first alone.
  void name_kernels(Setup& s, const ConvShape& shape, const ConvAlgorithm& forward,
                    const ConvAlgorithm& data, const ConvBackwardWeights& weights) const;
};

}  // namespace cnn
