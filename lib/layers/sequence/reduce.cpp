// reduce: one value of a list: the mean, sum or maximum over its items, or the first or last one.
//   mean: dx[t] = dy / T; max: the gradient goes to the first of the largest
// A list without items gives 0.
#include <algorithm>

#include "base/parallel.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

enum class ReduceBy { kMean, kMax, kSum, kFirst, kLast };

class Reduce final : public Layer {
 public:
  void options(Options& o) override {
    o.choice("by", by_,
             {{"mean", ReduceBy::kMean},
              {"max", ReduceBy::kMax},
              {"sum", ReduceBy::kSum},
              {"first", ReduceBy::kFirst},
              {"last", ReduceBy::kLast}},
             "what is made of the items")
        .primary()
        .aliases({"mode", "op", "reduction"});
  }

  void setup(Setup& s) override {
    const Form& form = s.form();
    s.require(form.items.is_list, "reduce: {} is no list of items{}", s.describe(0),
              form.shape.rank() > 2 ? "; 'gap' is the mean of a picture" : "");
    const bool picks = by_ == ReduceBy::kFirst || by_ == ReduceBy::kLast;
    s.require(picks || form.kind == FieldKind::kValues,
              "reduce: {} holds class numbers, which are no amounts; first and last pick one",
              s.describe(0));
    OutputPlan& out = s.output(form.shape);
    out.kind = form.kind;
    out.classes = form.classes;
    count_ = form.shape.count();
    if (by_ == ReduceBy::kMax) places_ = s.saved(Per::kSample, count_);
    s.plan().backward_reads_input = false;
    s.plan().backward_reads_output = false;
  }

  void forward(const ForwardCall& call) const override {
    const ConstView& list = call.input();
    parallel_for(call.batch,
                 grain_for(call.batch, std::max<int64_t>(list.batch / call.batch, 1) * count_),
                 [&](int64_t begin, int64_t end) {
                   for (int64_t n = begin; n < end; ++n) {
                     const float* items = list.data + list.first_item(n) * count_;
                     forward_sample(call, n, items, list.items_of(n));
                   }
                 });
  }

  void backward(const BackwardCall& call) const override {
    const View& gradient = call.grad_input();
    if (!gradient) return;
    parallel_for(call.batch,
                 grain_for(call.batch, std::max<int64_t>(gradient.batch / call.batch, 1) * count_),
                 [&](int64_t begin, int64_t end) {
                   for (int64_t n = begin; n < end; ++n) {
                     float* items = gradient.data + gradient.first_item(n) * count_;
                     backward_sample(call, n, items, gradient.items_of(n));
                   }
                 });
  }

 private:
  void forward_sample(const ForwardCall& call, int64_t n, const float* items, int64_t size) const {
    float* out = call.out.sample(n);
    std::fill_n(out, count_, 0.0f);
    if (by_ == ReduceBy::kMax) return forward_max(call, n, items, size);
    const bool picks = by_ == ReduceBy::kFirst || by_ == ReduceBy::kLast;
    if (picks && size > 0) {
      std::copy_n(items + (by_ == ReduceBy::kFirst ? 0 : size - 1) * count_, count_, out);
    }
    if (picks) return;
    for (int64_t t = 0; t < size; ++t) {
      for (int64_t i = 0; i < count_; ++i) out[i] += items[t * count_ + i];
    }
    if (by_ == ReduceBy::kMean && size > 0) {
      for (int64_t i = 0; i < count_; ++i) out[i] /= static_cast<float>(size);
    }
  }

  // A NaN is the largest, so that it is seen.
  void forward_max(const ForwardCall& call, int64_t n, const float* items, int64_t size) const {
    float* out = call.out.sample(n);
    float* places = call.scratch(places_) + n * count_;
    std::fill_n(places, count_, 0.0f);
    if (size > 0) std::copy_n(items, count_, out);
    for (int64_t t = 1; t < size; ++t) {
      for (int64_t i = 0; i < count_; ++i) {
        const float x = items[t * count_ + i];
        if (x <= out[i] || out[i] != out[i]) continue;
        out[i] = x;
        places[i] = static_cast<float>(t);
      }
    }
  }

  void backward_sample(const BackwardCall& call, int64_t n, float* items, int64_t size) const {
    const float* out = call.grad_out.sample(n);
    const float* places = by_ == ReduceBy::kMax ? call.scratch(places_) + n * count_ : nullptr;
    const float share = by_ == ReduceBy::kMean ? 1.0f / static_cast<float>(size) : 1.0f;
    for (int64_t t = 0; t < size; ++t) {
      float* item = items + t * count_;
      if (!call.adds()) std::fill_n(item, count_, 0.0f);
      if (by_ == ReduceBy::kFirst && t > 0) continue;
      if (by_ == ReduceBy::kLast && t + 1 < size) continue;
      for (int64_t i = 0; i < count_; ++i) {
        if (places == nullptr || places[i] == static_cast<float>(t)) item[i] += share * out[i];
      }
    }
  }

  ReduceBy by_ = ReduceBy::kMean;
  int64_t count_ = 1;  // of an item
  int places_ = -1;
};

}  // namespace

extern const LayerType reduce_layer = {
    .name = "reduce",
    .family = LayerType::Family::kList,
    .mixes_items = true,
    .reads_classes = true,
    .summary = "one value of a list: mean, max, sum, first or last of its items",
    .example = "- {reduce: mean}\n- {reduce: last, from: words}",
    .details =
        "A list of items of any shape becomes one value of that shape. Only the items that a "
        "sample "
        "has count; a list without items gives 0. The gradient of max goes to the first of equal "
        "values, and a NaN gives NaN.",
    .other_names = {"GlobalAveragePooling1D", "pool_sequence"},
    .make = make_layer<Reduce>};

}  // namespace cnn
