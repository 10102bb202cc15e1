// onehot: class numbers as vectors, 1 at the class and 0 elsewhere.
#include <algorithm>

#include "base/parallel.h"
#include "layers/class_numbers.h"
#include "layers/elementwise.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

class OneHot final : public Layer {
 public:
  void options(Options& o) override {
    o("classes", classes_, "how many classes there are; by default what the input says")
        .primary()
        .at_least(1)
        .aliases({"num_classes", "depth"});
  }

  void setup(Setup& s) override {
    known_classes_ = classes_of_input(s, classes_, "onehot");
    s.output(with_channels(s.input(), known_classes_));
    s.plan().backward_reads_input = false;
    s.plan().backward_reads_output = false;
  }

  void forward(const ForwardCall& call) const override {
    const int64_t rows = call.input().rows();
    parallel_for(rows, grain_for(rows, known_classes_), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        float* row = call.out.data + r * known_classes_;
        std::fill_n(row, known_classes_, 0.0f);
        row[class_of(call.input().data[r], known_classes_, "onehot", false)] = 1;
      }
    });
  }

  void backward(const BackwardCall& call) const override { zero_gradient(call, 0); }

 private:
  std::optional<int64_t> classes_;
  int64_t known_classes_ = 0;
};

}  // namespace

extern const LayerType onehot_layer = {
    .name = "onehot",
    .family = LayerType::Family::kList,
    .reads_classes = true,
    .summary = "class numbers as vectors with a single 1",
    .example = "- onehot\n- {onehot: 65}",
    .details =
        "The input holds class numbers, one a position: [1] becomes [classes], [1,H,W] becomes "
        "[classes,H,W]; in a list so does every item.",
    .other_names = {"one_hot", "OneHot", "CategoryEncoding"},
    .make = make_layer<OneHot>};

}  // namespace cnn
