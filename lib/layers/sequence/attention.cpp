// attention: every query takes the mean of the items of a list, weighted by how well they match.
//   y[i] = sum over j of p[i,j] x[j],  p[i] = softmax over j of s[i,j]
//   additive: s = w tanh(W_q q + W_k x), Bahdanau, Cho & Bengio 2015, "Neural machine translation
//   by
//     jointly learning to align and translate": query.weight, key.weight, score.weight [1,width]
//   dot: s = q x;  general: s = (W_q q) x: Luong, Pham & Manning 2015, "Effective approaches to
//     attention-based neural machine translation"
//   scaled: s = q x / sqrt(numbers of an item), Vaswani et al. 2017
#include <algorithm>
#include <climits>
#include <cmath>
#include <optional>

#include "base/parallel.h"
#include "kernels/gemm.h"
#include "kernels/reduce.h"
#include "kernels/vector_math.h"
#include "layers/elementwise.h"
#include "layers/image/window.h"
#include "layers/layer_type.h"
#include "layers/sequence/attend.h"

namespace cnn {
namespace {

enum class ScoreKind { kAdditive, kDot, kScaled, kGeneral };

// w tanh(q + k).
class AdditiveScores final : public Scores {
 public:
  AdditiveScores(int64_t width, const ConstRows& q, const ConstRows& k, const float* weight,
                 const Rows& dq = {}, const Rows& dk = {}, float* dweight = nullptr)
      : width_(width), q_(q), k_(k), weight_(weight), dq_(dq), dk_(dk), dweight_(dweight) {}

  void write(int64_t first, int64_t queries, int64_t keys, const Rows& out) const override {
    const float* w = weight_;
    for (int64_t r = 0; r < queries; ++r) {
      const float* q = q_.row(first + r);
      for (int64_t j = 0; j < keys; ++j) {
        const float* k = k_.row(j);
        out.row(r)[j] = row_sum(width_, [=](int64_t d) { return w[d] * fast_tanh(q[d] + k[d]); });
      }
    }
  }

  void add_gradients(int64_t first, int64_t queries, int64_t keys,
                     const ConstRows& gradient) const override {
    for (int64_t r = 0; r < queries; ++r) {
      std::fill_n(dq_.row(first + r), width_, 0.0f);
      for (int64_t j = 0; j < keys; ++j) {
        add_pair(gradient.row(r)[j], q_.row(first + r), k_.row(j), dq_.row(first + r), dk_.row(j));
      }
    }
  }

 private:
  void add_pair(float g, const float* q, const float* k, float* dq, float* dk) const {
    const float* w = weight_;
    float* dw = dweight_;
#pragma GCC ivdep
    for (int64_t d = 0; d < width_; ++d) {
      const float t = fast_tanh(q[d] + k[d]), slope = g * w[d] * (1.0f - t * t);
      dw[d] += g * t;
      dq[d] += slope;
      dk[d] += slope;
    }
  }

  int64_t width_;
  ConstRows q_, k_;
  const float* weight_;
  Rows dq_, dk_;
  float* dweight_;
};

class Attention final : public Layer {
 public:
  void options(Options& o) override {
    o.choice("score", score_,
             {{"additive", ScoreKind::kAdditive},
              {"dot", ScoreKind::kDot},
              {"scaled", ScoreKind::kScaled},
              {"general", ScoreKind::kGeneral}},
             "how a query and an item are compared")
        .aliases({"method", "kind"});
    o("width", given_width_, "of additive: how many numbers are compared; by default the query's")
        .at_least(1)
        .aliases({"units", "hidden", "attention_dim"});
  }

  void setup(Setup& s) override {
    check(s);
    query_ = s.input(0)[0];
    items_ = s.input(1)[0];
    is_additive_ = score_ == ScoreKind::kAdditive;
    const int64_t width = is_additive_ ? given_width_.value_or(query_) : items_;
    s.require(!given_width_ || is_additive_, "attention: 'width' is for score: additive");
    s.require(
        is_additive_ || score_ == ScoreKind::kGeneral || query_ == items_,
        "attention: score '{}' compares {} with {}, which are not equally wide; 'general' and "
        "'additive' may",
        score_ == ScoreKind::kDot ? "dot" : "scaled", s.describe(0), s.describe(1));
    s.require(std::max({query_, items_, width}) <= INT_MAX, "attention: sizes end at {}", INT_MAX);
    width_ = width;
    queries_most_ = s.form(0).items.most;
    keys_most_ = s.form(1).items.most;
    declare(s);
    s.plan().backward_reads_output = false;
    const bool is_list = s.form(0).items.is_list;
    if (is_list) {
      s.list_output({items_}, 0);
    } else {
      s.output({items_});
    }
    OutputPlan& weights =
        is_list ? s.list_output({keys_most_}, 0, "weights") : s.output({keys_most_}, "weights");
    weights.passes_gradients = false;
    weights.only_if_read = true;
    s.plan().macs = capped_macs(queries_most_, keys_most_ * (width_ + items_));
    if (query_weight_ >= 0) s.plan().macs += capped_macs(queries_most_, query_ * width_);
    if (is_additive_) s.plan().macs += capped_macs(keys_most_, items_ * width_);
  }

  void forward(const ForwardCall& call) const override {
    if (query_weight_ >= 0) project(call, 0, query_weight_, query_, projected_queries_);
    if (is_additive_) project(call, 1, key_weight_, items_, projected_keys_);
    const bool writes = call.outs.size() > 1 && call.output(1);
    if (writes) std::fill_n(call.output(1).data, call.output(1).count(), 0.0f);
    over_samples(call, [&](int64_t n, int worker) {
      float* scratch = call.scratch(forward_scratch_) + worker * scratch_count();
      const AttentionHead head = head_of(call, n, scratch);
      const Rows out = rows(call.out.data, items_, call.input(0), n);
      const Rows weights =
          writes ? rows(call.output(1).data, keys_most_, call.input(0), n) : Rows{};
      const auto run = [&](const Scores& scores) {
        AttentionHead own = head;
        own.scores = &scores;
        own.forward(out, log_sums(call, n), weights, 1);
      };
      if (is_additive_) {
        run(AdditiveScores(width_, queries(call, n), keys(call, n), call.parameter(score_weight_)));
      } else {
        run(DotScores(width_, queries(call, n), keys(call, n), head.keys, scratch));
      }
    });
  }

  void backward(const BackwardCall& call) const override {
    if (!call.grad_out) return clear_gradients(call);
    if (!wants_any(call)) return;
    over_samples(call, [&](int64_t n, int worker) { backward_sample(call, n, worker); });
    float* partials = call.scratch(partials_);
    if (query_weight_ >= 0) add_weight_gradient(call, 0, query_weight_, query_, dqueries_);
    if (is_additive_) {
      add_weight_gradient(call, 1, key_weight_, items_, dkeys_);
      if (float* gradient = call.gradient(score_weight_)) {
        column_sums(call.scratch(dweights_), call.batch, width_, call.adds_parameter(score_weight_),
                    gradient, partials);
      }
    }
    if (const View& gradient = call.grad_input(0)) {
      const int64_t count = gradient.rows();
      if (query_weight_ < 0) {
        copy_elements(call.scratch(dqueries_), gradient.data, count * width_, call.adds(0));
      } else {
        gemm(Op::kNone, Op::kNone, count, query_, width_, 1, call.scratch(dqueries_), width_,
             call.parameter(query_weight_), query_, call.adds(0) ? 1 : 0, gradient.data, query_);
      }
    }
    if (const View& gradient = call.grad_input(1)) {
      const int64_t count = gradient.rows();
      copy_elements(call.scratch(ditems_), gradient.data, count * items_, call.adds(1));
      if (is_additive_) {
        gemm(Op::kNone, Op::kNone, count, items_, width_, 1, call.scratch(dkeys_), width_,
             call.parameter(key_weight_), items_, 1, gradient.data, items_);
      }
    }
  }

  // A query looks at all keys by itself.
  Growth grow_stepwise(std::span<const char> grow, bool early) override {
    const bool keys_stay = std::count(grow.begin() + 1, grow.end(), 1) == 0;
    return keys_stay && !early ? Growth::kEndless : Growth::kWhole;
  }

 private:
  static void check(const Setup& s) {
    for (int i = 0; i < 2; ++i) {
      s.require(
          s.input(i).rank() == 1,
          "attention: {} holds no items [F]; 'tokens' makes them of the positions of a picture",
          s.describe(i));
    }
    s.require(s.form(1).items.is_list, "attention: {} is no list", s.describe(1));
  }

  void declare(Setup& s) {
    const auto weight = [&](const char* name, int64_t in, int64_t out) {
      const double bound = 1 / std::sqrt(static_cast<double>(in));
      return s.parameter({.name = name,
                          .shape = {out, in},
                          .layout = {},
                          .init = {Initializer::Kind::kUniform, bound, 0, Initializer::Fan::kIn},
                          .fan_in = in,
                          .fan_out = out});
    };
    int64_t partials = column_sum_partials(width_);
    if (is_additive_ || score_ == ScoreKind::kGeneral) {
      query_weight_ = weight("query.weight", query_, width_);
      projected_queries_ = s.saved(Per::kSample, queries_most_ * width_);
      partials = std::max(partials, gemm_partials(width_, query_));
    }
    if (is_additive_) {
      key_weight_ = weight("key.weight", items_, width_);
      score_weight_ = weight("score.weight", width_, 1);
      projected_keys_ = s.saved(Per::kSample, keys_most_ * width_);
      dkeys_ = s.scratch_backward(Per::kSample, keys_most_ * width_);
      dweights_ = s.scratch_backward(Per::kSample, width_);
      partials = std::max(partials, gemm_partials(width_, items_));
    }
    dqueries_ = s.scratch_backward(Per::kSample, queries_most_ * width_);
    ditems_ = s.scratch_backward(Per::kSample, keys_most_ * items_);
    log_sums_ = s.saved(Per::kSample, queries_most_);
    forward_scratch_ = s.scratch_forward(Per::kThread, scratch_count());
    backward_scratch_ = s.scratch_backward(Per::kThread, scratch_count());
    partials_ = s.scratch_backward(Per::kOnce, partials);
  }

  int64_t scratch_count() const {
    return (is_additive_ ? 0 : width_ * padded(keys_most_)) + attention_scratch(keys_most_, items_);
  }

  void project(const ForwardCall& call, int input, int weight, int64_t in, int memory) const {
    gemm(Op::kNone, Op::kTranspose, call.input(input).rows(), width_, in, 1, call.input(input).data,
         in, call.parameter(weight), in, 0, call.scratch(memory), width_);
  }

  template <class Body>
  void over_samples(const Call& call, Body body) const {
    const int64_t cost = queries_most_ * keys_most_ * (is_additive_ ? 16 : 2) * (width_ + items_);
    parallel_for(call.batch, grain_for(call.batch, cost),
                 [&](int64_t begin, int64_t end, int worker) {
                   for (int64_t n = begin; n < end; ++n) body(n, worker);
                 });
  }

  static Rows rows(float* memory, int64_t width, const ConstView& list, int64_t n) {
    return {memory + list.first_item(n) * width, width};
  }
  static ConstRows rows(const float* memory, int64_t width, const ConstView& list, int64_t n) {
    return {memory + list.first_item(n) * width, width};
  }
  ConstRows queries(const Call& call, int64_t n) const {
    const ConstView& in = call.input(0);
    if (query_weight_ < 0) return rows(in.data, width_, in, n);
    return rows(call.scratch(projected_queries_), width_, in, n);
  }
  ConstRows keys(const Call& call, int64_t n) const {
    const ConstView& in = call.input(1);
    if (!is_additive_) return rows(in.data, width_, in, n);
    return rows(call.scratch(projected_keys_), width_, in, n);
  }
  float* log_sums(const Call& call, int64_t n) const {
    return call.scratch(log_sums_) + call.input(0).first_item(n);
  }

  AttentionHead head_of(const Call& call, int64_t n, float* scratch) const {
    AttentionHead head;
    head.queries = call.input(0).items_of(n);
    head.keys = call.input(1).items_of(n);
    head.value_width = items_;
    if (score_ == ScoreKind::kScaled) head.scale = 1 / std::sqrt(static_cast<float>(width_));
    head.values = rows(call.input(1).data, items_, call.input(1), n);
    head.scratch = scratch + (is_additive_ ? 0 : width_ * padded(head.keys));
    return head;
  }

  void backward_sample(const BackwardCall& call, int64_t n, int worker) const {
    float* scratch = call.scratch(backward_scratch_) + worker * scratch_count();
    AttentionHead head = head_of(call, n, scratch);
    const Rows dq = rows(call.scratch(dqueries_), width_, call.input(0), n);
    const Rows ditems = rows(call.scratch(ditems_), items_, call.input(1), n);
    std::fill_n(ditems.data, head.keys * items_, 0.0f);
    const auto run = [&](const Scores& scores) {
      head.scores = &scores;
      head.backward(log_sums(call, n), rows(call.grad_out.data, items_, call.input(0), n), ditems);
    };
    if (!is_additive_) {  // keys and values are the same
      run(DotScores(width_, queries(call, n), keys(call, n), head.keys, scratch, dq, ditems));
      return;
    }
    const Rows dk = rows(call.scratch(dkeys_), width_, call.input(1), n);
    float* dweight = call.scratch(dweights_) + n * width_;
    std::fill_n(dk.data, head.keys * width_, 0.0f);
    std::fill_n(dweight, width_, 0.0f);
    run(AdditiveScores(width_, queries(call, n), keys(call, n), call.parameter(score_weight_), dq,
                       dk, dweight));
  }

  bool wants_any(const BackwardCall& call) const {
    const auto wants = [](const auto& pointer) { return static_cast<bool>(pointer); };
    return std::any_of(call.grad_in.begin(), call.grad_in.end(), wants) ||
           std::any_of(call.gradients.begin(), call.gradients.end(), wants);
  }

  void add_weight_gradient(const BackwardCall& call, int input, int weight, int64_t in,
                           int dmemory) const {
    float* gradient = call.gradient(weight);
    if (gradient == nullptr) return;
    gemm(Op::kTranspose, Op::kNone, width_, in, call.input(input).rows(), 1, call.scratch(dmemory),
         width_, call.input(input).data, in, call.adds_parameter(weight) ? 1 : 0, gradient, in,
         call.scratch(partials_));
  }

  // Nobody reads the context.
  void clear_gradients(const BackwardCall& call) const {
    for (int i = 0; i < 2; ++i) zero_gradient(call, i);
    const auto clear = [&](int parameter, int64_t count) {
      float* gradient = parameter >= 0 ? call.gradient(parameter) : nullptr;
      if (gradient == nullptr || call.adds_parameter(parameter)) return;
      std::fill_n(gradient, count, 0.0f);
    };
    clear(query_weight_, width_ * query_);
    clear(key_weight_, width_ * items_);
    clear(score_weight_, width_);
  }

  ScoreKind score_ = ScoreKind::kAdditive;
  std::optional<int64_t> given_width_;
  bool is_additive_ = true;
  int64_t query_ = 1, items_ = 1, width_ = 1;  // numbers of a query, of an item, compared ones
  int64_t queries_most_ = 1, keys_most_ = 1;
  int query_weight_ = -1, key_weight_ = -1, score_weight_ = -1;
  int projected_queries_ = -1, projected_keys_ = -1, log_sums_ = -1;
  int dqueries_ = -1, dkeys_ = -1, ditems_ = -1, dweights_ = -1, partials_ = -1;
  int forward_scratch_ = -1, backward_scratch_ = -1;
};

}  // namespace

extern const LayerType attention_layer = {
    .name = "attention",
    .family = LayerType::Family::kDense,
    .inputs = LayerType::Inputs::kNames,
    .mixes_items = true,
    .min_inputs = 2,
    .max_inputs = 2,
    .makes_features = true,
    .summary = "the mean of a list's items, weighted by how well they match a query",
    .example =
        "- {attention: [decoder, encoder], score: additive, name: context}\n"
        "- {attention: [question, pixels], score: scaled}\n"
        "- {concat: [decoder, context]}           # what is usually done with it",
    .details =
        "The first input asks: a list of queries, or a plain value; the second is looked at. For "
        "every query [items' width] comes out: the sum of the items x_j with weights p_j = softmax "
        "over j of the scores. Lists may vary: only the items that a sample has take part, and a "
        "list without items gives 0.\n"
        "Scores of a query q and an item x: additive w tanh(W_q q + W_k x); dot q x; scaled q x / "
        "sqrt(width); general (W_q q) x.\n"
        "NAME.weights is who looked where, for every query [items at most], 0 where there are no "
        "more items. It passes no gradient, and is computed only where it is read.\n"
        "Weights: of additive query.weight [width, of a query], key.weight [width, of an item], "
        "score.weight [1, width]; of general query.weight [of an item, of a query].\n"
        "Bahdanau, Cho & Bengio 2015, \"Neural machine translation by jointly learning to align "
        "and "
        "translate\"; Luong, Pham & Manning 2015, \"Effective approaches to attention-based neural "
        "machine translation\" (dot, general); Vaswani et al. 2017, \"Attention is all you need\" "
        "(scaled).",
    .other_names = {"Attention", "AdditiveAttention", "bahdanau", "luong"},
    .make = make_layer<Attention>};

}  // namespace cnn
