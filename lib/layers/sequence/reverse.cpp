// reverse: the items of a list in the opposite order.
//   y[t] = x[T - 1 - t],  dx[t] = dy[T - 1 - t]
#include <algorithm>

#include "base/parallel.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

// visit(item, item at the other end) for all items of all samples.
template <class Visit>
void for_each_pair(const ConstView& list, int64_t batch, int64_t count, Visit visit) {
  parallel_for(batch, grain_for(batch, count), [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      const int64_t first = list.first_item(n), items = list.items_of(n);
      for (int64_t t = 0; t < items; ++t) visit(first + t, first + items - 1 - t);
    }
  });
}

class Reverse final : public Layer {
 public:
  void setup(Setup& s) override {
    s.require(s.form().items.is_list, "reverse: {} is no list of items", s.describe(0));
    OutputPlan& out = s.list_output(s.input(), 0);
    out.kind = s.form().kind;
    out.classes = s.form().classes;
    s.plan().backward_reads_input = false;
    s.plan().backward_reads_output = false;
  }

  void forward(const ForwardCall& call) const override {
    const int64_t count = call.out.shape.count();
    for_each_pair(call.input(), call.batch, count, [&](int64_t from, int64_t to) {
      std::copy_n(call.input().data + from * count, count, call.out.data + to * count);
    });
  }

  void backward(const BackwardCall& call) const override {
    const View& gradient = call.grad_input();
    if (!gradient) return;
    const int64_t count = gradient.shape.count();
    for_each_pair(call.grad_out, call.batch, count, [&](int64_t from, int64_t to) {
      const float* item = call.grad_out.data + from * count;
      float* sum = gradient.data + to * count;
      if (!call.adds()) {
        std::copy_n(item, count, sum);
      } else {
        for (int64_t i = 0; i < count; ++i) sum[i] += item[i];
      }
    });
  }
};

}  // namespace

extern const LayerType reverse_layer = {.name = "reverse",
                                        .family = LayerType::Family::kList,
                                        .mixes_items = true,
                                        .reads_classes = true,
                                        .summary = "the items of a list from the last to the first",
                                        .example = "- {reverse, from: source}",
                                        .details =
                                            "A list of any items, class numbers too; each sample's "
                                            "own items, however many there are. A "
                                            "plain value stays as it is.",
                                        .other_names = {"flip_sequence", "go_backwards"},
                                        .make = make_layer<Reverse>};

}  // namespace cnn
