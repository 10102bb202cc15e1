// slice: a range of channels, rows or columns.
//
// In memory (channels last) a range of any axis is, for every index of the axes outside, one run of
// floats.
#include <algorithm>

#include "base/parallel.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

enum class Axis { kChannels, kRows, kColumns };

class Slice final : public Layer {
 public:
  void options(Options& o) override {
    o("range", range_,
      "first index, and the one behind the last; negative ones from the end; "
      "[first]: all from there on")
        .primary()
        .required()
        .aliases({"indices", "begin", "start", "slice_point"});
    o.choice(
         "axis", axis_,
         {{"channels", Axis::kChannels}, {"rows", Axis::kRows}, {"columns", Axis::kColumns}},
         "what is cut: channels (of a vector or a sequence: its features), rows (of a sequence: "
         "its positions) or columns")
        .aliases({"dim", "dimension"});
  }

  void setup(Setup& s) override {
    const Shape& in = s.input();
    const int axis = file_axis(s);
    s.require(range_.size() == 1 || range_.size() == 2,
              "slice: expected [first, behind the last], found {} numbers", range_.size());
    const int64_t size = in[axis];
    const auto index = [&](int64_t i) { return i < 0 ? i + size : i; };
    const int64_t begin = index(range_[0]), end = range_.size() == 2 ? index(range_[1]) : size;
    s.require(begin >= 0 && begin < end && end <= size,
              "slice: [{}, {}] is no range of the {} {} of {}", range_[0],
              range_.size() == 2 ? range_[1] : size, size, word(), s.describe(0));
    std::vector<int64_t> sizes;
    for (int k = 0; k < in.rank(); ++k) sizes.push_back(k == axis ? end - begin : in[k]);
    s.output(Shape(sizes));
    const int64_t inner = floats_inside(in);
    outer_ = in.count() / (size * inner);
    step_ = size * inner;
    first_ = begin * inner;
    count_ = (end - begin) * inner;
    s.plan().backward_reads_input = false;
    s.plan().backward_reads_output = false;
  }

  void forward(const ForwardCall& call) const override {
    for_each_piece(call.batch, [&](int64_t whole, int64_t part, int64_t n) {
      std::copy_n(call.input().data + whole, n, call.out.data + part);
    });
  }

  void backward(const BackwardCall& call) const override {
    float* to = call.grad_input().data;
    if (to == nullptr) return;
    if (call.adds()) {
      for_each_piece(call.batch, [&](int64_t whole, int64_t part, int64_t n) {
        for (int64_t i = 0; i < n; ++i) to[whole + i] += call.grad_out.data[part + i];
      });
      return;
    }
    parallel_for(call.grad_input().count(), grain_for(call.grad_input().count(), 1),
                 [&](int64_t begin, int64_t end) { std::fill(to + begin, to + end, 0.0f); });
    for_each_piece(call.batch, [&](int64_t whole, int64_t part, int64_t n) {
      std::copy_n(call.grad_out.data + part, n, to + whole);
    });
  }

 private:
  const char* word() const {
    return axis_ == Axis::kChannels ? "channels" : axis_ == Axis::kRows ? "rows" : "columns";
  }

  // The cut axis in the order of files.
  int file_axis(const Setup& s) const {
    const int rank = s.input().rank();
    const bool fits = axis_ == Axis::kChannels || rank >= 3 || (axis_ == Axis::kRows && rank == 2);
    s.require(fits, "slice: {} has no {}", s.describe(0), word());
    switch (axis_) {
      case Axis::kRows:
        return rank == 2 ? 0 : rank - 2;
      case Axis::kColumns:
        return rank - 1;
      case Axis::kChannels:
        break;
    }
    return rank == 2 ? 1 : 0;
  }

  // Between one index of the cut axis and the next in memory.
  int64_t floats_inside(const Shape& in) const {
    if (axis_ == Axis::kChannels) return 1;
    return axis_ == Axis::kRows && in.rank() > 2 ? in.width() * in.channels() : in.channels();
  }

  // visit(place in the whole, place in the part, count) for runs that cover the part.
  template <class Visit>
  void for_each_piece(int64_t batch, Visit visit) const {
    constexpr int64_t kMost = 1 << 14;
    const int64_t pieces = chunk_count(count_, kMost), all = batch * outer_ * pieces;
    parallel_for(all, grain_for(all, std::min(count_, kMost)), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t run = i / pieces, at = i % pieces * kMost;
        visit(run * step_ + first_ + at, run * count_ + at, std::min(kMost, count_ - at));
      }
    });
  }

  std::vector<int64_t> range_;
  Axis axis_ = Axis::kChannels;
  int64_t outer_ = 1;              // runs in a sample
  int64_t step_ = 1;               // from one to the next in the input
  int64_t first_ = 0, count_ = 1;  // of a run
};

}  // namespace

extern const LayerType slice_layer = {
    .name = "slice",
    .family = LayerType::Family::kCut,
    .summary = "a range of channels, rows or columns",
    .example =
        "- {slice: [0, 16]}                 # channels 0 to 15\n"
        "- {slice: [-8], axis: rows}        # the last 8 rows\n"
        "- {slice: [4, -4], axis: columns}",
    .details =
        "[C,H,W] -> [end - first,H,W], or the same for rows or columns. Of [C] and of a sequence "
        "[T,F] channels are the features, rows the positions T. 'split' makes several parts at "
        "once; for the middle of an image there is 'crop'.",
    .other_names = {"Slice", "narrow", "select"},
    .make = make_layer<Slice>,
};

}  // namespace cnn
