// multihead_attention: every query looks at all keys, in several ways at once.
//   q = x_q W_q^T + b_q,  k = x_k W_k^T + b_k,  v = x_v W_v^T + b_v
//   y = (heads side by side: softmax(q_h k_h^T / sqrt(E / heads)) v_h) W_o^T + b_o
// in_proj_weight [3E,E] holds W_q, W_k, W_v; where the inputs are not equally wide there are three:
// q_proj_weight [E,E], k_proj_weight [E,..], v_proj_weight [E,..]. out_proj.weight [E,E].
//
// What is projected lies as the matrix product writes it, the three beside one another; a head is
// some of its columns.
//
// Vaswani et al. 2017, "Attention is all you need".
#include <algorithm>
#include <array>
#include <climits>
#include <cmath>
#include <optional>
#include <vector>

#include "base/parallel.h"
#include "kernels/gemm.h"
#include "kernels/reduce.h"
#include "layers/elementwise.h"
#include "layers/image/window.h"
#include "layers/layer_type.h"
#include "layers/sequence/attend.h"

namespace cnn {
namespace {

class MultiheadAttention final : public Layer {
 public:
  void options(Options& o) override {
    o("heads", heads_, "how many ways to look, each with an equal part of the width")
        .required()
        .at_least(1)
        .aliases({"num_heads", "n_head", "nhead"});
    o("causal", causal_, "an item sees itself and those before it, not those behind it")
        .aliases({"is_causal", "use_causal_mask"});
    o("dropout", dropout_, "probability of a weight to be dropped in training").between(0, 1);
    o("bias", has_bias_, "add learned offsets to queries, keys, values and the output")
        .aliases({"use_bias"});
  }

  void setup(Setup& s) override {
    check(s);
    const int key_input = std::min(1, s.inputs() - 1), value_input = s.inputs() - 1;
    queries_most_ = s.form(0).items.most;
    if (!grows_) keys_most_ = s.form(key_input).items.most;  // else those that it was set up for
    head_width_ = width_ / heads_;
    declare_parameters(s, key_input, value_input);
    declare_memory(s);
    const bool is_list = s.form(0).items.is_list;
    if (is_list) {
      s.list_output({width_}, 0);
    } else {
      s.output({width_});
    }
    OutputPlan& weights =
        is_list ? s.list_output({keys_most_}, 0, "weights") : s.output({keys_most_}, "weights");
    weights.passes_gradients = false;
    weights.only_if_read = true;
    const int64_t rows_of[] = {queries_most_, keys_most_};
    s.plan().macs = capped_macs(queries_most_, width_ * width_) +
                    capped_macs(queries_most_, (causal_ ? 1 : 2) * keys_most_ * width_);
    for (const Projection& p : projections_) {
      s.plan().macs += capped_macs(rows_of[p.of_queries ? 0 : 1], p.features * p.in);
    }
    s.plan().backward_reads_output = false;
    s.plan().kernel = "gemm, heads in tiles";
    s.plan().draws = dropout_ > 0 && s.phase() == Phase::kTrain;
  }

  void forward(const ForwardCall& call) const override {
    for (const Projection& p : projections_) {
      Epilogue epilogue;
      if (has_bias_) epilogue.bias = call.parameter(in_bias_) + p.bias;
      const Memory& memory = p.of_queries ? q_ : kv_;
      gemm(Op::kNone, Op::kTranspose, call.input(p.input).rows(), p.features, p.in,
           call.input(p.input).data, p.in, call.parameter(p.weight) + p.first, p.in, epilogue,
           call.scratch(memory.saved) + p.column, memory.columns);
    }
    if (grows_) take_items(call);
    const bool writes = call.outs.size() > 1 && call.output(1);
    if (writes) std::fill_n(call.output(1).data, call.output(1).count(), 0.0f);
    over_heads(call, writes, [&](int64_t n, int64_t h, int worker) {
      forward_head(call, n, h, call.scratch(forward_scratch_) + worker * scratch_count());
    });
    Epilogue epilogue;
    if (has_bias_) epilogue.bias = call.parameter(out_bias_);
    gemm(Op::kNone, Op::kTranspose, call.out.rows(), width_, width_, call.scratch(context_), width_,
         call.parameter(out_weight_), width_, epilogue, call.out.data, width_);
  }

  void backward(const BackwardCall& call) const override {
    if (!call.grad_out) return clear_gradients(call);
    const int64_t rows = call.grad_out.rows();
    const float* grad_out = call.grad_out.data;
    float* partials = call.scratch(partials_);
    if (float* gradient = call.gradient(out_weight_)) {
      gemm(Op::kTranspose, Op::kNone, width_, width_, rows, 1, grad_out, width_,
           call.scratch(context_), width_, call.adds_parameter(out_weight_) ? 1 : 0, gradient,
           width_, partials);
    }
    if (float* gradient = has_bias_ ? call.gradient(out_bias_) : nullptr) {
      column_sums(grad_out, rows, width_, call.adds_parameter(out_bias_), gradient, partials);
    }
    if (!wants_more(call)) return;
    gemm(Op::kNone, Op::kNone, rows, width_, width_, 1, grad_out, width_,
         call.parameter(out_weight_), width_, 0, call.scratch(grad_context_), width_);
    over_heads(call, false, [&](int64_t n, int64_t h, int worker) {
      backward_head(call, n, h, call.scratch(backward_scratch_) + worker * scratch_count());
    });
    add_bias_gradient(call);
    std::array<bool, 3> has_been = {};  // by input
    for (const Projection& p : projections_) {
      add_weight_gradient(call, p);
      add_input_gradient(call, p, has_been[static_cast<size_t>(p.input)]);
      has_been[static_cast<size_t>(p.input)] = true;
    }
  }

  // Keys and values of the items before are carried; those of another list stay as they are.
  Growth grow_stepwise(std::span<const char> grow, bool early) override {
    const bool keys_stay = std::count(grow.begin() + 1, grow.end(), 1) == 0;
    if (early || !keys_stay) return Growth::kWhole;
    if (grow.size() > 1) return Growth::kEndless;
    if (!causal_) return Growth::kWhole;
    grows_ = true;
    return Growth::kBounded;
  }

 private:
  // features = x[input] W^T, W the rows of a parameter from number `first` on.
  struct Projection {
    int input, weight;
    int64_t first, bias;  // where its numbers begin in weight and bias
    int64_t features, in;
    bool of_queries;
    int64_t column;  // where the features stand in q_ or kv_
  };
  // What is projected of the queries (or of both, if they are the same), of keys and values.
  struct Memory {
    int saved = -1, gradient = -1;
    int64_t columns = 0;
  };

  void check(Setup& s) {
    const int last = s.inputs() - 1;
    for (int i = 0; i <= last; ++i) {
      s.require(s.input(i).rank() == 1,
                "multihead_attention: {} holds no items [F]; 'tokens' makes them of the positions "
                "of a picture",
                s.describe(i));
      s.require(s.form(i).items.is_list || (i == 0 && last > 0),
                "multihead_attention: {} is no list", s.describe(i));
    }
    if (last == 2) {
      s.require(s.form(1).length == s.form(2).length,
                "multihead_attention: keys {} and values {} are not equally long in every sample",
                s.describe(1), s.describe(2));
    }
    s.require(!causal_ || last == 0,
              "multihead_attention: 'causal' is for a list that looks at itself");
    width_ = s.input(0)[0];
    s.require(width_ % heads_ == 0,
              "multihead_attention: the {} numbers of {} do not make {} heads", width_,
              s.describe(0), heads_);
    s.require(3 * width_ <= INT_MAX, "multihead_attention: {} numbers are beyond BLAS", width_);
  }

  void declare_parameters(Setup& s, int key_input, int value_input) {
    const int64_t e = width_, k = s.input(key_input)[0], v = s.input(value_input)[0];
    const auto parameter = [&](const char* name, Shape shape, int64_t in, int64_t out,
                               const Initializer& init) {
      return s.parameter(
          {.name = name, .shape = shape, .layout = {}, .init = init, .fan_in = in, .fan_out = out});
    };
    const Initializer xavier{Initializer::Kind::kXavierUniform, 0, 0, Initializer::Fan::kAverage};
    const bool is_self = s.inputs() == 1;
    q_.columns = is_self ? 3 * e : e;
    kv_.columns = is_self ? 3 * e : 2 * e;
    projections_.clear();
    if (k == e && v == e) {
      const int weight = parameter("in_proj_weight", {3 * e, e}, e, 3 * e, xavier);
      if (is_self) {
        projections_.push_back({0, weight, 0, 0, 3 * e, e, true, 0});
      } else {
        projections_.push_back({0, weight, 0, 0, e, e, true, 0});
      }
      if (!is_self && key_input == value_input) {
        projections_.push_back({1, weight, e * e, e, 2 * e, e, false, 0});
      } else if (!is_self) {
        projections_.push_back({1, weight, e * e, e, e, e, false, 0});
        projections_.push_back({2, weight, 2 * e * e, 2 * e, e, e, false, e});
      }
    } else {
      const int of_q = parameter("q_proj_weight", {e, e}, e, e, xavier);
      const int of_k = parameter("k_proj_weight", {e, k}, k, e, xavier);
      const int of_v = parameter("v_proj_weight", {e, v}, v, e, xavier);
      projections_.push_back({0, of_q, 0, 0, e, e, true, 0});
      projections_.push_back({key_input, of_k, 0, e, e, k, false, 0});
      projections_.push_back({value_input, of_v, 0, 2 * e, e, v, false, e});
    }
    if (has_bias_) in_bias_ = parameter("in_proj_bias", {3 * e}, e, e, Initializer::constant(0));
    const double bound = 1 / std::sqrt(static_cast<double>(e));
    out_weight_ = parameter("out_proj.weight", {e, e}, e, e,
                            {Initializer::Kind::kUniform, bound, 0, Initializer::Fan::kIn});
    if (has_bias_) out_bias_ = parameter("out_proj.bias", {e}, e, e, Initializer::constant(0));
    int64_t partials = std::max(gemm_partials(e, e), column_sum_partials(3 * e));
    for (const Projection& p : projections_) {
      partials = std::max(partials, gemm_partials(p.features, p.in));
    }
    partials_ = s.scratch_backward(Per::kOnce, partials);
  }

  void declare_memory(Setup& s) {
    is_self_ = s.inputs() == 1;
    key_input_ = std::min(1, s.inputs() - 1);
    q_.saved = s.saved(Per::kSample, queries_most_ * q_.columns);
    q_.gradient = s.scratch_backward(Per::kSample, queries_most_ * q_.columns);
    if (grows_) carried_ = s.carried(carried_count());
    if (is_self_) {
      kv_ = q_;
    } else {
      kv_.saved = s.saved(Per::kSample, keys_most_ * kv_.columns);
      kv_.gradient = s.scratch_backward(Per::kSample, keys_most_ * kv_.columns);
    }
    context_ = s.saved(Per::kSample, queries_most_ * width_);
    grad_context_ = s.scratch_backward(Per::kSample, queries_most_ * width_);
    log_sums_ = s.saved(Per::kSample, queries_most_ * heads_);
    forward_scratch_ = s.scratch_forward(Per::kThread, scratch_count());
    backward_scratch_ = s.scratch_backward(Per::kThread, scratch_count());
  }

  // Of a sample: keys and values [most, 2 E], and how many there are.
  int64_t carried_count() const { return keys_most_ * 2 * width_ + 1; }
  float* carried(const Call& call, int64_t n) const {
    return call.scratch(carried_) + n * carried_count();
  }
  int64_t carried_items(const Call& call, int64_t n) const {
    return static_cast<int64_t>(carried(call, n)[carried_count() - 1]);
  }
  void take_items(const ForwardCall& call) const {
    if (call.again) return;
    for (int64_t n = 0; n < call.batch; ++n) {
      const int64_t items = carried_items(call, n);
      CNN_ASSERT(items < keys_most_);
      std::copy_n(call.scratch(q_.saved) + n * q_.columns + width_, 2 * width_,
                  carried(call, n) + items * 2 * width_);
      carried(call, n)[carried_count() - 1] = static_cast<float>(items + 1);
    }
  }

  int64_t scratch_count() const {
    return head_width_ * padded(keys_most_) + attention_scratch(keys_most_, head_width_);
  }

  // body(sample, head, worker); `whole`: all heads of a sample in order, on one thread.
  template <class Body>
  void over_heads(const Call& call, bool whole, Body body) const {
    const int64_t together = whole ? heads_ : 1, units = call.batch * heads_ / together;
    const int64_t cost = 2 * together * queries_most_ * keys_most_ * (head_width_ + 8);
    parallel_for(units, grain_for(units, cost), [&](int64_t begin, int64_t end, int worker) {
      for (int64_t unit = begin * together; unit < end * together; ++unit) {
        body(unit / heads_, unit % heads_, worker);
      }
    });
  }

  // The rows of a head: of queries, keys and values, or of their gradients.
  Rows q_rows(float* memory, const Call& call, int64_t n, int64_t h) const {
    return {memory + call.input(0).first_item(n) * q_.columns + h * head_width_, q_.columns};
  }
  Rows k_rows(float* memory, const Call& call, int64_t n, int64_t h) const {
    if (grows_) return {carried(call, n) + h * head_width_, 2 * width_};
    const int64_t first = call.input(key_input_).first_item(n) * kv_.columns;
    return {memory + first + (is_self_ ? width_ : 0) + h * head_width_, kv_.columns};
  }
  Rows v_rows(float* memory, const Call& call, int64_t n, int64_t h) const {
    const Rows keys = k_rows(memory, call, n, h);
    return {keys.data + width_, keys.stride};
  }
  Rows context_rows(float* memory, const Call& call, int64_t n, int64_t h) const {
    return {memory + call.input(0).first_item(n) * width_ + h * head_width_, width_};
  }
  // [heads, queries] of a sample.
  float* log_sums(const Call& call, int64_t n, int64_t h) const {
    const ConstView& queries = call.input(0);
    return call.scratch(log_sums_) + queries.first_item(n) * heads_ + h * queries.items_of(n);
  }

  AttentionHead head(const Call& call, int64_t n, int64_t h, float* scratch) const {
    AttentionHead head;
    head.queries = call.input(0).items_of(n);
    head.keys = grows_ ? carried_items(call, n) : call.input(key_input_).items_of(n);
    head.value_width = head_width_;
    head.scale = 1 / std::sqrt(static_cast<float>(head_width_));
    head.causal = causal_;
    head.values = v_rows(call.scratch(kv_.saved), call, n, h);
    head.scratch = scratch + head_width_ * padded(head.keys);
    return head;
  }

  std::optional<WeightDropout> dropout(const Call& call, int64_t n, int64_t h) const {
    if (dropout_ == 0 || call.pass.phase == Phase::kTest) return std::nullopt;
    const int64_t stride = padded(keys_most_);
    return WeightDropout{dropout_, call.rng(n), h * queries_most_ * stride, stride};
  }

  void forward_head(const ForwardCall& call, int64_t n, int64_t h, float* scratch) const {
    AttentionHead head = this->head(call, n, h, scratch);
    const DotScores scores(head_width_, q_rows(call.scratch(q_.saved), call, n, h),
                           k_rows(call.scratch(kv_.saved), call, n, h), head.keys, scratch);
    const std::optional<WeightDropout> drops = dropout(call, n, h);
    head.scores = &scores;
    head.dropout = drops ? &*drops : nullptr;
    Rows weights;
    if (call.outs.size() > 1 && call.output(1)) {
      weights = {call.output(1).data + call.input(0).first_item(n) * keys_most_, keys_most_};
    }
    head.forward(context_rows(call.scratch(context_), call, n, h), log_sums(call, n, h), weights,
                 1 / static_cast<float>(heads_));
  }

  void backward_head(const BackwardCall& call, int64_t n, int64_t h, float* scratch) const {
    AttentionHead head = this->head(call, n, h, scratch);
    const Rows dq = q_rows(call.scratch(q_.gradient), call, n, h);
    const Rows dk = k_rows(call.scratch(kv_.gradient), call, n, h);
    const Rows dv = v_rows(call.scratch(kv_.gradient), call, n, h);
    for (int64_t j = 0; j < head.keys; ++j) {
      std::fill_n(dk.row(j), head_width_, 0.0f);
      std::fill_n(dv.row(j), head_width_, 0.0f);
    }
    const DotScores scores(head_width_, q_rows(call.scratch(q_.saved), call, n, h),
                           k_rows(call.scratch(kv_.saved), call, n, h), head.keys, scratch, dq, dk);
    const std::optional<WeightDropout> drops = dropout(call, n, h);
    head.scores = &scores;
    head.dropout = drops ? &*drops : nullptr;
    head.backward(log_sums(call, n, h), context_rows(call.scratch(grad_context_), call, n, h), dv);
  }

  // Anything but the gradients of the output's own parameters.
  bool wants_more(const BackwardCall& call) const {
    bool wants = has_bias_ && call.gradient(in_bias_) != nullptr;
    for (const Projection& p : projections_) {
      wants = wants || call.gradient(p.weight) != nullptr || call.grad_input(p.input);
    }
    return wants;
  }

  void add_bias_gradient(const BackwardCall& call) const {
    float* gradient = has_bias_ ? call.gradient(in_bias_) : nullptr;
    if (gradient == nullptr) return;
    const bool add = call.adds_parameter(in_bias_);
    float* partials = call.scratch(partials_);
    column_sums(call.scratch(q_.gradient), call.input(0).rows(), q_.columns, add, gradient,
                partials);
    if (is_self_) return;
    column_sums(call.scratch(kv_.gradient), call.input(key_input_).rows(), kv_.columns, add,
                gradient + width_, partials);
  }

  const float* gradient_of(const BackwardCall& call, const Projection& p) const {
    return call.scratch(p.of_queries ? q_.gradient : kv_.gradient) + p.column;
  }

  void add_weight_gradient(const BackwardCall& call, const Projection& p) const {
    float* gradient = call.gradient(p.weight);
    if (gradient == nullptr) return;
    gemm(Op::kTranspose, Op::kNone, p.features, p.in, call.input(p.input).rows(), 1,
         gradient_of(call, p), p.of_queries ? q_.columns : kv_.columns, call.input(p.input).data,
         p.in, call.adds_parameter(p.weight) ? 1 : 0, gradient + p.first, p.in,
         call.scratch(partials_));
  }

  // `has_been`: a part of it has been written already.
  void add_input_gradient(const BackwardCall& call, const Projection& p, bool has_been) const {
    const View& gradient = call.grad_input(p.input);
    if (!gradient) return;
    gemm(Op::kNone, Op::kNone, gradient.rows(), p.in, p.features, 1, gradient_of(call, p),
         p.of_queries ? q_.columns : kv_.columns, call.parameter(p.weight) + p.first, p.in,
         has_been || call.adds(p.input) ? 1 : 0, gradient.data, p.in);
  }

  // Nobody reads the context.
  void clear_gradients(const BackwardCall& call) const {
    for (int i = 0; i < static_cast<int>(call.grad_in.size()); ++i) zero_gradient(call, i);
    const auto clear = [&](int parameter, int64_t first, int64_t count) {
      float* gradient = call.gradient(parameter);
      if (gradient == nullptr || call.adds_parameter(parameter)) return;
      std::fill_n(gradient + first, count, 0.0f);
    };
    for (const Projection& p : projections_) clear(p.weight, p.first, p.features * p.in);
    clear(out_weight_, 0, width_ * width_);
    if (!has_bias_) return;
    clear(in_bias_, 0, 3 * width_);
    clear(out_bias_, 0, width_);
  }

  int64_t heads_ = 1;
  bool causal_ = false, has_bias_ = true;
  bool grows_ = false;  // the list comes item by item
  double dropout_ = 0;
  bool is_self_ = true;
  int key_input_ = 0;
  int64_t width_ = 1, head_width_ = 1, queries_most_ = 1, keys_most_ = 1;
  std::vector<Projection> projections_;
  Memory q_, kv_;
  int in_bias_ = -1, out_weight_ = -1, out_bias_ = -1;
  int carried_ = -1, context_ = -1, grad_context_ = -1, log_sums_ = -1, partials_ = -1;
  int forward_scratch_ = -1, backward_scratch_ = -1;
};

}  // namespace

extern const LayerType multihead_attention_layer = {
    .name = "multihead_attention",
    .family = LayerType::Family::kDense,
    .inputs = LayerType::Inputs::kNames,
    .mixes_items = true,
    .min_inputs = 1,
    .max_inputs = 3,
    .makes_features = true,
    .summary = "every item of a list looks at all items, in several ways at once",
    .example =
        "- {multihead_attention, heads: 4, causal: true}               # of the previous item\n"
        "- {multihead_attention: words, heads: 8, dropout: 0.1}\n"
        "- {multihead_attention: [queries, memory], heads: 8}          # of one list over another",
    .details =
        "Queries, keys and values are linear functions of the inputs, each cut into heads of E / "
        "heads numbers; a head's output for a query is the mean of its values, weighted by the "
        "softmax of q k / sqrt(E / heads) over the keys; the heads side by side go through a last "
        "linear layer. E is the width of the queries [E].\n"
        "One input looks at itself; of two, the first asks and the second has keys and values; of "
        "three they are queries, keys, values. Lists may vary: only the items that a sample has "
        "take part, and over no keys the heads give 0. The queries may be a plain value.\n"
        "NAME.weights is who looked where, for every query [items of the keys at most]: the mean "
        "over the heads, 0 where there are no more keys. It passes no gradient, and is computed "
        "only where it is read.\n"
        "Weights, as in PyTorch: in_proj_weight [3E,E] and in_proj_bias [3E] of queries, keys and "
        "values, out_proj.weight [E,E], out_proj.bias [E]; where keys or values are not E wide, "
        "q_proj_weight, k_proj_weight and v_proj_weight in place of the first.\n"
        "Vaswani et al. 2017, \"Attention is all you need\".",
    .other_names = {"MultiheadAttention", "MultiHeadAttention", "self_attention", "mha"},
    .make = make_layer<MultiheadAttention>};

}  // namespace cnn
