// embed: a learned vector for every class.
//   y = W[class],  dW[c] = sum of dy over the positions of class c
// weight [classes, width].
//
// Bengio et al. 2003, "A neural probabilistic language model".
#include <algorithm>

#include "base/parallel.h"
#include "layers/class_numbers.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

class Embed final : public Layer {
 public:
  void options(Options& o) override {
    o("width", width_, "numbers of a vector")
        .primary()
        .required()
        .at_least(1)
        .aliases({"embedding_dim", "output_dim", "out", "dim", "size"});
    o("classes", classes_, "how many classes there are; by default what the input says")
        .at_least(1)
        .aliases({"num_embeddings", "input_dim", "vocab_size", "symbols"});
  }

  void setup(Setup& s) override {
    known_classes_ = classes_of_input(s, classes_, "embed");
    s.output(with_channels(s.input(), width_));
    weight_ = s.parameter({.name = "weight",
                           .shape = {known_classes_, width_},
                           .init = {Initializer::Kind::kNormal, 1, 0, Initializer::Fan::kIn},
                           .fan_in = width_,
                           .fan_out = width_});
    s.plan().backward_reads_output = false;
  }

  void forward(const ForwardCall& call) const override {
    const float* weight = call.parameter(weight_);
    const int64_t rows = call.input().rows();
    parallel_for(rows, grain_for(rows, width_), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const int64_t c = class_of(call.input().data[r], known_classes_, "embed", false);
        std::copy_n(weight + c * width_, width_, call.out.data + r * width_);
      }
    });
  }

  // Columns are cut among threads, so that each number is summed in the order of the rows.
  void backward(const BackwardCall& call) const override {
    float* gradient = call.gradient(weight_);
    if (gradient == nullptr) return;
    const int64_t rows = call.input().rows();
    const bool add = call.adds_parameter(weight_);
    constexpr int64_t kColumns = 16;  // a cache line
    const int64_t pieces = chunk_count(width_, kColumns);
    parallel_for(pieces, grain_for(pieces, (rows + known_classes_) * kColumns),
                 [&](int64_t begin, int64_t end) {
                   const int64_t first = begin * kColumns;
                   const int64_t count = std::min(end * kColumns, width_) - first;
                   for (int64_t c = 0; !add && c < known_classes_; ++c) {
                     std::fill_n(gradient + c * width_ + first, count, 0.0f);
                   }
                   for (int64_t r = 0; r < rows; ++r) {
                     const auto c = static_cast<int64_t>(call.input().data[r]);
                     float* sum = gradient + c * width_ + first;
                     const float* row = call.grad_out.data + r * width_ + first;
                     for (int64_t i = 0; i < count; ++i) sum[i] += row[i];
                   }
                 });
  }

 private:
  int64_t width_ = 0;
  std::optional<int64_t> classes_;
  int64_t known_classes_ = 0;
  int weight_ = -1;
};

}  // namespace

extern const LayerType embed_layer = {
    .name = "embed",
    .family = LayerType::Family::kDense,
    .reads_classes = true,
    .summary = "a learned vector for every class number",
    .example =
        "input: {text: {steps: {most: 40}, classes: 8000}}\n"
        "layers:\n"
        "  - {embed: 256}        # of every word",
    .details =
        "The input holds class numbers, one a position: [1] becomes [width], [1,H,W] becomes "
        "[width,H,W]; in a list so does every item.\n"
        "Weights: weight [classes, width], at first normal numbers.\n"
        "Bengio et al. 2003, \"A neural probabilistic language model\".",
    .other_names = {"Embedding", "embedding", "lookup"},
    .make = make_layer<Embed>};

}  // namespace cnn
