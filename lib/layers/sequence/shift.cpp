// shift: the items of a list move by some places; the places that become free hold `fill`.
//   y[t] = x[t - by],  dx[t] = dy[t + by]
//
// With `carry` the free places at the front hold the last items of the sample that stood at the
// same place of the batch before. Carried memory has two halves a sample, [by, item] each: the
// items before this batch, and those before the next one.
#include <algorithm>
#include <cstdlib>

#include "base/parallel.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

class Shift final : public Layer {
 public:
  void options(Options& o) override {
    o("by", by_, "how many places later every item shall stand; negative: earlier")
        .primary()
        .between(-100000, 100000)
        .aliases({"steps", "lag", "offset"});
    o("fill", fill_, "what the free places hold: a number, or a class number");
    o("carry", carry_, "the free places hold the end of the batch before (`train.stream`)");
  }

  void setup(Setup& s) override {
    const Form& form = s.form();
    s.require(by_ != 0 || grows_, "shift: by 0 places changes nothing");
    s.require(!carry_ || by_ > 0, "shift: 'carry' is for shifts to later places");
    s.require(form.items.is_list, "shift: {} is no list", s.describe(0));
    const bool is_class = form.kind == FieldKind::kClass;
    s.require(
        !is_class || (fill_ >= 0 && fill_ == static_cast<double>(static_cast<int64_t>(fill_)) &&
                      (form.classes == 0 || fill_ < static_cast<double>(form.classes))),
        "shift: 'fill' {} is no class number of {}", fill_, s.describe(0));
    OutputPlan& out = s.list_output(form.shape, 0);
    out.kind = form.kind;
    out.classes = form.classes;
    count_ = form.shape.count();
    if (carry_) carried_ = s.carried(2 * by_ * count_);
    s.plan().backward_reads_input = false;
    s.plan().backward_reads_output = false;
  }

  void forward(const ForwardCall& call) const override {
    parallel_for(call.batch, grain_for(call.batch, count_), [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) {
        const float* before = carry_ ? carry_on(call, n) : nullptr;
        const int64_t items = call.out.items_of(n);
        for (int64_t t = 0; t < items; ++t) write_item(call, n, t, items, before);
      }
    });
  }

  void backward(const BackwardCall& call) const override {
    const View& gradient = call.grad_input();
    if (!gradient) return;
    parallel_for(call.batch, grain_for(call.batch, count_), [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) {
        const int64_t first = gradient.first_item(n), items = gradient.items_of(n);
        for (int64_t t = 0; t < items; ++t) {
          float* sum = gradient.data + (first + t) * count_;
          if (!call.adds()) std::fill_n(sum, count_, 0.0f);
          if (t + by_ < 0 || t + by_ >= items) continue;
          const float* item = call.grad_out.data + (first + t + by_) * count_;
          for (int64_t i = 0; i < count_; ++i) sum[i] += item[i];
        }
      }
    });
  }

  // Carried memory is 0 at first.
  Growth grow_stepwise(std::span<const char>, bool early) override {
    if (by_ < 1 || fill_ != 0) return Growth::kWhole;
    by_ -= early ? 1 : 0;
    grows_ = true;
    carry_ = by_ > 0;
    return Growth::kEndless;
  }

 private:
  void write_item(const ForwardCall& call, int64_t n, int64_t t, int64_t items,
                  const float* before) const {
    const int64_t first = call.out.first_item(n), from = t - by_;
    float* out = call.out.data + (first + t) * count_;
    if (from >= 0 && from < items) {
      std::copy_n(call.input().data + (first + from) * count_, count_, out);
    } else if (before != nullptr) {
      std::copy_n(before + t * count_, count_, out);
    } else {
      std::fill_n(out, count_, static_cast<float>(fill_));
    }
  }

  // The items before this batch's; the memory then holds those before the next.
  const float* carry_on(const ForwardCall& call, int64_t n) const {
    const int64_t half = by_ * count_;
    float* now = call.scratch(carried_) + n * 2 * half;
    float* next = now + half;
    if (call.again) return now;
    std::copy_n(next, half, now);
    const int64_t first = call.input().first_item(n), items = call.input().items_of(n);
    for (int64_t k = 0; k < by_; ++k) {  // the last `by` of [now, items]
      const int64_t at = items + k;
      const float* item =
          at < by_ ? now + at * count_ : call.input().data + (first + at - by_) * count_;
      std::copy_n(item, count_, next + k * count_);
    }
    return now;
  }

  int64_t by_ = 1;
  double fill_ = 0;
  bool carry_ = false;
  bool grows_ = false;  // the list comes item by item
  int64_t count_ = 1;   // of an item
  int carried_ = -1;
};

}  // namespace

extern const LayerType shift_layer = {
    .name = "shift",
    .family = LayerType::Family::kList,
    .mixes_items = true,
    .reads_classes = true,
    .summary = "the items of a list some places later or earlier",
    .example =
        "- {shift: 1, from: target}    # what has been said so far: begins with class 0\n"
        "- {shift: -1}                 # the next item; the last one is 0",
    .details =
        "Item t of the output is item t - by of the input, where there is one; the others hold "
        "`fill`. Lists keep their length. Class numbers may be shifted too: class 0 is the start "
        "symbol of the built-in vocabularies.\n"
        "With `carry` a text that is dealt in streams (`train.stream: true`) goes on: the first "
        "places hold the last items of the batch before.",
    .other_names = {"lag", "delay", "roll"},
    .make = make_layer<Shift>};

}  // namespace cnn
