// split: the parts of a value along one axis. It is no layer of a graph: the builder makes one
// slice a part out of it, so that parts have names and only those are made that somebody reads.
#pragma once

#include <string>
#include <vector>

#include "layers/layer_type.h"

namespace cnn {

// A number of equal parts, their sizes, or names with sizes.
struct SplitSizes {
  int64_t equal = 0;  // 0: see `sizes`
  std::vector<int64_t> sizes;
  std::vector<std::string> names;  // as many, or none
};

CNN_OPTION_TYPE(SplitSizes);

extern const LayerType split_layer, slice_layer;

class Split final : public Layer {
 public:
  struct Part {
    std::string name;  // may be empty
    int64_t begin = 0, end = 0;
  };

  void options(Options& o) override;
  // Throws Exit::kSpec if they do not add up to the axis of `in`, which messages call `label`.
  std::vector<Part> parts(const Shape& in, const std::string& label) const;
  // The slice's option.
  const std::string& axis() const { return axis_; }

  void setup(Setup&) override;
  void forward(const ForwardCall&) const override;
  void backward(const BackwardCall&) const override;

 private:
  SplitSizes sizes_;
  std::string axis_ = "channels";
};

}  // namespace cnn
