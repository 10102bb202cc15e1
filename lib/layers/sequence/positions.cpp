// positions: adds to every item of a list a vector that tells where it stands.
//   y[t] = x[t] + w[t]
// learned: w is weight [most, width]; sine: w[t, 2i] = sin(t / 10000^(2i / width)), w[t, 2i + 1]
// the cosine of the same angle.
//
// Gehring et al. 2017, "Convolutional sequence to sequence learning" (learned); Vaswani et al.
// 2017, "Attention is all you need" (sine).
#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "base/parallel.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

enum class PositionKind { kLearned, kSine };

class Positions final : public Layer {
 public:
  void options(Options& o) override {
    o.choice("kind", kind_, {{"learned", PositionKind::kLearned}, {"sine", PositionKind::kSine}},
             "vectors that are learned, or sines and cosines of fixed wavelengths")
        .primary();
    o("most", most_, "learned: how many places have a vector; by default as many as the list")
        .at_least(1)
        .aliases({"max_len", "block_size", "num_embeddings"});
  }

  void setup(Setup& s) override {
    const Form& form = s.form();
    s.require(form.items.is_list, "positions: {} is no list of items", s.describe(0));
    s.require(form.shape.rank() == 1, "positions: {} holds no items [F]", s.describe(0));
    s.require(!most_ || kind_ == PositionKind::kLearned, "positions: 'most' is for learned ones");
    width_ = form.shape[0];
    const int64_t most = grows_ ? places_ : most_.value_or(form.items.most);
    s.require(form.items.most <= most,
              "positions: {} has up to {} items, but there are {} places; raise 'most'",
              s.describe(0), form.items.most, most);
    s.list_output(form.shape, 0);
    if (kind_ == PositionKind::kLearned) {
      // Numbers as small as those of an embedding.
      weight_ = s.parameter({.name = "weight",
                             .shape = {most, width_},
                             .layout = {},
                             .init = {Initializer::Kind::kNormal, 0.02, 0, Initializer::Fan::kIn},
                             .fan_in = width_,
                             .fan_out = width_});
    } else {
      write_waves(most);
    }
    places_ = most;
    if (grows_) carried_ = s.carried(1);
    s.plan().in_place = true;
    s.plan().backward_reads_input = false;
    s.plan().backward_reads_output = false;
  }

  void forward(const ForwardCall& call) const override {
    const float* weight = weight_ >= 0 ? call.parameter(weight_) : waves_.data();
    const ConstView& list = call.input();
    over_samples(call, list, [&](int64_t n) {
      const int64_t first = list.first_item(n) * width_, count = list.items_of(n) * width_;
      const float* x = list.data + first;
      const float* w = weight + items_before(call, n) * width_;
      float* y = call.out.data + first;
#pragma GCC ivdep
      for (int64_t i = 0; i < count; ++i) y[i] = x[i] + w[i];
    });
  }

  void backward(const BackwardCall& call) const override {
    if (float* gradient = weight_ >= 0 ? call.gradient(weight_) : nullptr) {
      add_weight_gradient(call, gradient);
    }
    const View& to = call.grad_input();
    if (!to || to.data == call.grad_out.data) return;
    const bool add = call.adds();
    over_samples(call, call.grad_out, [&](int64_t n) {
      const int64_t first = to.first_item(n) * width_, count = to.items_of(n) * width_;
      const float* from = call.grad_out.data + first;
      float* sum = to.data + first;
      if (!add) {
        std::copy_n(from, count, sum);
        return;
      }
#pragma GCC ivdep
      for (int64_t i = 0; i < count; ++i) sum[i] += from[i];
    });
  }

  Growth grow_stepwise(std::span<const char>, bool early) override {
    if (early) return Growth::kWhole;
    grows_ = true;
    return Growth::kBounded;
  }

 private:
  // Of a list that comes item by item; this one is counted.
  int64_t items_before(const ForwardCall& call, int64_t n) const {
    if (!grows_) return 0;
    float& items = call.scratch(carried_)[n];
    CNN_ASSERT(items < static_cast<float>(places_));
    return static_cast<int64_t>(call.again ? items - 1 : items++);
  }

  void write_waves(int64_t most) {
    waves_.resize(static_cast<size_t>(most * width_));
    for (int64_t t = 0; t < most; ++t) {
      for (int64_t i = 0; i < width_; ++i) {
        const double power = static_cast<double>(i / 2 * 2) / static_cast<double>(width_);
        const double angle = static_cast<double>(t) * std::pow(10000.0, -power);
        waves_[static_cast<size_t>(t * width_ + i)] =
            static_cast<float>(i % 2 == 0 ? std::sin(angle) : std::cos(angle));
      }
    }
  }

  template <class Body>
  void over_samples(const Call& call, const ConstView& list, Body body) const {
    const int64_t cost = std::max<int64_t>(list.batch / std::max<int64_t>(call.batch, 1), 1);
    parallel_for(call.batch, grain_for(call.batch, cost * width_), [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) body(n);
    });
  }

  // Places are cut among threads, so that each number is summed in the order of the samples.
  void add_weight_gradient(const BackwardCall& call, float* gradient) const {
    const ConstView& list = call.grad_out;
    const bool add = call.adds_parameter(weight_);
    parallel_for(places_, grain_for(places_, call.batch * width_), [&](int64_t begin, int64_t end) {
      if (!add) std::fill_n(gradient + begin * width_, (end - begin) * width_, 0.0f);
      for (int64_t n = 0; n < call.batch; ++n) {
        const int64_t last = std::min(end, list.items_of(n));
        const float* from = list.data + list.first_item(n) * width_;
#pragma GCC ivdep
        for (int64_t i = begin * width_; i < last * width_; ++i) gradient[i] += from[i];
      }
    });
  }

  PositionKind kind_ = PositionKind::kLearned;
  std::optional<int64_t> most_;
  int64_t width_ = 1, places_ = 1;
  std::vector<float> waves_;
  bool grows_ = false;  // the list comes item by item
  int weight_ = -1, carried_ = -1;
};

}  // namespace

extern const LayerType positions_layer = {
    .name = "positions",
    .family = LayerType::Family::kList,
    .mixes_items = true,
    .summary = "tells every item of a list where it stands",
    .example =
        "- positions                        # learned vectors, added to the items\n"
        "- {positions: sine}\n"
        "- {positions: learned, most: 512}  # room for longer lists than these",
    .details =
        "y[t] = x[t] + w[t], for lists of items [F]. Attention looks at a list as at a set: "
        "without "
        "positions it knows no order.\n"
        "learned: w is a parameter. sine: w[t, 2i] = sin(t / 10000^(2i/F)), w[t, 2i+1] the cosine "
        "of "
        "the same angle, which needs no training and has no end.\n"
        "Weights of learned ones: weight [most, F], at first normal numbers of deviation 0.02. A "
        "list that may be longer than `most` is refused.\n"
        "Gehring et al. 2017, \"Convolutional sequence to sequence learning\"; Vaswani et al. "
        "2017, "
        "\"Attention is all you need\".",
    .other_names = {"PositionalEncoding", "position_embedding", "positional_encoding"},
    .make = make_layer<Positions>};

}  // namespace cnn
