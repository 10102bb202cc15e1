// alignment: ranks the samples of a batch, each a list of regions v of a picture and a list of
// words s of a sentence. With the score of picture k and sentence l
//   S_kl = sum over words t of l of max over regions i of k of v_i . s_t
// a sample costs
//   sum over l != k of max(0, S_kl - S_kk + margin) + max(0, S_lk - S_kk + margin)
// so that a picture's own sentence shall lie above the other sentences, and the sentence's own
// picture above the other pictures.
//
// Products are made picture by picture, [words of the batch, regions of k], forward and once more
// in backward: what is kept for all pairs would grow with the square of the batch.
//
// Karpathy & Fei-Fei 2015, "Deep visual-semantic alignments for generating image descriptions",
// equations 7 to 9.
#include <algorithm>

#include "kernels/gemm.h"
#include "layers/layer_type.h"
#include "layers/loss/alignment_scores.h"
#include "layers/loss/loss.h"

namespace cnn {
namespace {

class Alignment final : public Layer {
 public:
  void options(Options& o) override {
    o("margin", margin_, "by how much the own sentence and picture shall lie above the others")
        .at_least(0)
        .aliases({"delta", "gap"});
    declare_alignment_score(o, score_);
    declare_reduction(o, reduction_);
  }

  void setup(Setup& s) override {
    for (int i = 0; i < 2; ++i) {
      s.require(s.input(i).rank() == 1 && s.form(i).kind == FieldKind::kValues,
                "alignment: {} is no vector, and no list of such", s.describe(i));
    }
    s.require(s.input(0) == s.input(1), "alignment: {} and {} are not vectors of one length",
              s.describe(0), s.describe(1));
    width_ = s.input().count();
    pairs_ = s.form(0).items.most * s.form(1).items.most;
    s.output({2});
    plan_denominator(s, reduction_, 0);
    s.plan().macs = pairs_ * width_;
    own_ = s.saved(Per::kSample, 1);
    counts_ = s.saved(Per::kSample, 1);
    costs_ = s.scratch_forward(Per::kSample, 1);
    row_forward_ = s.scratch_forward(Per::kSample, 1);
    row_backward_ = s.scratch_backward(Per::kSample, 1);
    products_forward_ = s.scratch_forward(Per::kSample, pairs_);
    best_ = s.scratch_backward(Per::kSample, s.form(1).items.most);
    products_backward_ = s.scratch_backward(Per::kSample, pairs_);
  }

  void forward(const ForwardCall& call) const override {
    const int64_t batch = call.batch;
    float* own = call.scratch(own_);
    float* counts = call.scratch(counts_);
    float* costs = call.scratch(costs_);
    find_own(call, call.scratch(products_forward_), own);
    std::fill_n(counts, batch, 0.0f);
    std::fill_n(costs, batch, 0.0f);
    const float* row = call.scratch(row_forward_);
    int64_t pairs = 0;
    for (int64_t k = 0; k < batch; ++k) {
      if (!is_whole(call, k)) continue;
      ++pairs;
      multiply(call, k, call.scratch(products_forward_));
      add_scores(call, k, call.scratch(products_forward_), call.scratch(row_forward_));
      double cost = 0;
      for (int64_t l = 0; l < batch; ++l) {
        if (l == k || !is_whole(call, l)) continue;
        const double above_picture = excess(row[l], own[k]),
                     above_sentence = excess(row[l], own[l]);
        if (above_picture > 0) counts[k] += 1;
        if (above_sentence > 0) counts[l] += 1;
        cost += std::max(0.0, above_picture);
        costs[l] += static_cast<float>(std::max(0.0, above_sentence));
      }
      costs[k] += static_cast<float>(cost);
    }
    for (int64_t n = 0; n < batch; ++n) {
      const int64_t others = is_whole(call, n) ? 2 * (pairs - 1) : 0;
      write_loss(call.out.sample(n), static_cast<double>(costs[n]), reduction_,
                 static_cast<double>(others));
    }
  }

  void backward(const BackwardCall& call) const override {
    const View &regions = call.grad_input(0), &words = call.grad_input(1);
    if (words && !call.adds(1)) std::fill_n(words.data, words.count(), 0.0f);
    if (regions && !call.adds(0)) std::fill_n(regions.data, regions.count(), 0.0f);
    if (!regions && !words) return;
    const float* own = call.scratch(own_);
    const float* counts = call.scratch(counts_);
    const auto factor = static_cast<float>(loss_gradient_factor(call));
    float* products = call.scratch(products_backward_);
    float* row = call.scratch(row_backward_);
    for (int64_t k = 0; k < call.batch; ++k) {
      if (!is_whole(call, k)) continue;
      multiply(call, k, products);
      add_scores(call, k, products, row);
      for (int64_t l = 0; l < call.batch; ++l) {
        if (l == k || !is_whole(call, l)) {
          row[l] = l == k ? -counts[k] * factor : 0.0f;
          continue;
        }
        const int above = (excess(row[l], own[k]) > 0) + (excess(row[l], own[l]) > 0);
        row[l] = static_cast<float>(above) * factor;
      }
      add_gradients(call, k, row, products);
    }
  }

 private:
  // Both are there. Others cost nothing, and no sample is ranked against them.
  static bool is_whole(const Call& call, int64_t n) {
    return call.input(0).items_of(n) > 0 && call.input(1).items_of(n) > 0;
  }

  const float* regions_of(const Call& call, int64_t n) const {
    return call.input(0).data + call.input(0).first_item(n) * width_;
  }

  double excess(float score, float own) const {
    return static_cast<double>(score) - static_cast<double>(own) + margin_;
  }

  // The scores of samples with themselves; each has its part of `products`.
  void find_own(const Call& call, float* products, float* own) const {
    const ConstView &regions = call.input(0), &words = call.input(1);
    parallel_for(call.batch, grain_for(call.batch, pairs_ * width_),
                 [&](int64_t begin, int64_t end) {
                   for (int64_t n = begin; n < end; ++n) {
                     own[n] = 0;
                     if (!is_whole(call, n)) continue;
                     float* of_sample = products + n * pairs_;
                     gemm_serial(Op::kNone, Op::kTranspose, words.items_of(n), regions.items_of(n),
                                 width_, 1.0f, words.data + words.first_item(n) * width_, width_,
                                 regions_of(call, n), width_, 0.0f, of_sample, regions.items_of(n));
                     own[n] = score(of_sample, words.items_of(n), regions.items_of(n));
                   }
                 });
  }

  // Of picture k with every word of the batch: [words, regions].
  void multiply(const Call& call, int64_t k, float* products) const {
    const ConstView& words = call.input(1);
    const int64_t regions = call.input(0).items_of(k);
    gemm(Op::kNone, Op::kTranspose, words.batch, regions, width_, 1.0f, words.data, width_,
         regions_of(call, k), width_, 0.0f, products, regions);
  }

  float score(const float* products, int64_t words, int64_t regions) const {
    return static_cast<float>(alignment_score(products, words, regions, score_));
  }

  // row[l]: of picture k with sentence l.
  void add_scores(const Call& call, int64_t k, const float* products, float* row) const {
    const ConstView& words = call.input(1);
    const int64_t regions = call.input(0).items_of(k);
    for_sentences(call, regions, [&](int64_t l) {
      row[l] = score(products + words.first_item(l) * regions, words.items_of(l), regions);
    });
  }

  // row[l]: what the loss changes by with the score of picture k and sentence l.
  void add_gradients(const BackwardCall& call, int64_t k, const float* row, float* products) const {
    if (score_ == AlignmentScore::kBest) {
      add_to_words(call, k, row, products, call.scratch(best_));
      add_to_regions(call, k, row, call.scratch(best_));
      return;
    }
    const ConstView& words = call.input(1);
    const int64_t regions = call.input(0).items_of(k), first = call.input(0).first_item(k);
    for_sentences(call, regions, [&](int64_t l) {
      float* of_sentence = products + words.first_item(l) * regions;
      for (int64_t i = 0; i < words.items_of(l) * regions; ++i) {
        of_sentence[i] = of_sentence[i] > 0 ? row[l] : 0.0f;
      }
    });
    if (const View& gradient = call.grad_input(0)) {
      gemm(Op::kTranspose, Op::kNone, regions, width_, words.batch, 1.0f, products, regions,
           words.data, width_, 1.0f, gradient.data + first * width_, width_);
    }
    if (const View& gradient = call.grad_input(1)) {
      gemm(Op::kNone, Op::kNone, words.batch, width_, regions, 1.0f, products, regions,
           regions_of(call, k), width_, 1.0f, gradient.data, width_);
    }
  }

  // Every word pulls the region that it takes. Leaves each word's region in `best`.
  void add_to_words(const BackwardCall& call, int64_t k, const float* row, const float* products,
                    float* best) const {
    const ConstView& words = call.input(1);
    const View& gradient = call.grad_input(1);
    const int64_t regions = call.input(0).items_of(k);
    for_sentences(call, regions + width_, [&](int64_t l) {
      const int64_t begin = words.first_item(l), end = begin + words.items_of(l);
      for (int64_t t = begin; row[l] != 0 && t < end; ++t) {
        const int64_t region = best_region(products + t * regions, regions);
        best[t] = static_cast<float>(region);
        if (gradient)
          add_scaled(regions_of(call, k) + region * width_, row[l], width_,
                     gradient.data + t * width_);
      }
    });
  }

  // Cut by numbers of the vectors, so that sums are in the order of words.
  void add_to_regions(const BackwardCall& call, int64_t k, const float* row,
                      const float* best) const {
    const View& gradient = call.grad_input(0);
    if (!gradient) return;
    const ConstView& words = call.input(1);
    float* of_picture = gradient.data + call.input(0).first_item(k) * width_;
    parallel_for(width_, grain_for(width_, words.batch, 4), [&](int64_t begin, int64_t end) {
      for (int64_t l = 0; l < call.batch; ++l) {
        const int64_t first = words.first_item(l), last = first + words.items_of(l);
        for (int64_t t = first; row[l] != 0 && t < last; ++t) {
          add_scaled(words.data + t * width_ + begin, row[l], end - begin,
                     of_picture + static_cast<int64_t>(best[t]) * width_ + begin);
        }
      }
    });
  }

  static void add_scaled(const float* from, float factor, int64_t count, float* to) {
#pragma GCC ivdep
    for (int64_t i = 0; i < count; ++i) to[i] += factor * from[i];
  }

  // body(l) for each sentence; `cost` of a word.
  template <class Body>
  static void for_sentences(const Call& call, int64_t cost, Body body) {
    const int64_t words = call.input(1).batch / call.batch + 1;
    parallel_for(call.batch, grain_for(call.batch, words * cost), [&](int64_t begin, int64_t end) {
      for (int64_t l = begin; l < end; ++l) body(l);
    });
  }

  double margin_ = 1;
  AlignmentScore score_ = AlignmentScore::kBest;
  Reduction reduction_ = Reduction::kSum;
  int64_t width_ = 0;
  int64_t pairs_ = 0;  // of a region and a word of one sample, at most
  int own_ = -1, counts_ = -1, costs_ = -1, row_forward_ = -1, row_backward_ = -1;
  int products_forward_ = -1, products_backward_ = -1, best_ = -1;
};

}  // namespace

extern const LayerType alignment_layer = {
    .name = "alignment",
    .role = LayerType::Role::kLoss,
    .inputs = LayerType::Inputs::kNames,
    .mixes_items = true,
    .min_inputs = 2,
    .max_inputs = 2,
    .compares_samples = true,
    .summary = "ranks the samples of a batch: pictures' regions and the words that belong to them",
    .example =
        "loss: {alignment: [regions, words]}\n"
        "loss: {alignment: [regions, words], margin: 0.2, score: positive}",
    .details =
        "Of every sample the first input has the vectors v of its regions, a list of [D], the "
        "second those of its words, s, a list of [D]; either may be a single [D]. The score of "
        "picture k and sentence l is the sum over the words t of l of the largest v_i . s_t over "
        "the regions i of k: every word takes the region that goes with it best. With `score: "
        "positive` it is the sum of all v_i . s_t that are above 0.\n"
        "A sample costs the sum over the other samples l of the batch of max(0, S_kl - S_kk + "
        "margin) + max(0, S_lk - S_kk + margin). The loss of a batch is the mean over its samples "
        "of these sums; with `reduction: mean` it is the mean of all the terms.\n"
        "It couples the samples of a batch, so its value depends on the batch size, and a sample "
        "that is alone in its batch costs nothing. One without regions or without words costs "
        "nothing either, and no other is ranked against it. Two samples of the same picture are "
        "ranked against one another like any others. Over several batches the report is the mean "
        "over all samples. The metric `retrieval` uses the same score over a whole data set.\n"
        "Karpathy & Fei-Fei 2015, \"Deep visual-semantic alignments for generating image "
        "descriptions\", equations 7 to 9.",
    .other_names = {"ranking_loss", "max_margin", "MarginRankingLoss", "contrastive", "vse"},
    .make = make_layer<Alignment>,
};

}  // namespace cnn
