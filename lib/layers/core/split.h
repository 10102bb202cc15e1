// split: the parts of a value along one axis, each an output with a name.
#pragma once

#include <string>
#include <vector>

#include "layers/layer.h"

namespace cnn {

// A number of equal parts, their sizes, or names with sizes.
struct SplitSizes {
  int64_t equal = 0;  // 0: see `sizes`
  std::vector<int64_t> sizes;
  std::vector<std::string> names;  // as many, or none
};

CNN_OPTION_TYPE(SplitSizes);

class Split final : public Layer {
 public:
  struct Part {
    std::string name;  // may be empty
    int64_t begin = 0, end = 0;
  };

  void options(Options& o) override;
  // Throws Exit::kSpec if they do not add up to the axis of `in`, which messages call `label`:
  // "'x' [6,4,4]".
  std::vector<Part> parts(const Shape& in, const std::string& label) const;
  void setup(Setup&) override;
  void forward(const ForwardCall&) const override;
  void backward(const BackwardCall&) const override;

 private:
  SplitSizes sizes_;
  std::string axis_ = "channels";
  std::vector<Part> parts_;
  int64_t inner_ = 1, size_ = 1, runs_ = 1;
};

}  // namespace cnn
