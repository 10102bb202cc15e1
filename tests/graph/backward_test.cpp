// Backward from named values, and by the rules that pictures of features use.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/parallel.h"
#include "builder_support.h"
#include "graph/executor.h"
#include "reference/conv.h"
#include "support/catch.h"

namespace cnn {
namespace {

constexpr int64_t kBatch = 3;

Pass down_to_input(Pass::Rule rule = Pass::Rule::kGradient, bool losses = false) {
  return {Phase::kTest, Pass::Gradients::kInput, rule, losses};
}

// A network with random weights and one batch of random images.
class Rig {
 public:
  explicit Rig(const std::string& yaml) : built_(yaml, Phase::kTest) {
    built_.store.allocate(false);
    built_.store.initialize(4);
    for (const GraphField& field : built_.graph.fields) {
      fields_.emplace_back(field.field.shape, kBatch);
      const Rng rng(2, field.field.name);
      float* data = fields_.back().data();
      for (int64_t i = 0; i < fields_.back().view().count(); ++i) {
        const auto u = static_cast<uint64_t>(i);
        data[i] = field.field.kind == FieldKind::kClass ? static_cast<float>(rng.below(u, 3))
                                                        : rng.normal(u);
      }
    }
  }

  Graph& graph() { return built_.graph; }
  ParameterStore& store() { return built_.store; }
  Tensor& image() { return fields_[0]; }
  int id(const std::string& name) const {
    const int value = built_.graph.find_value(name);
    REQUIRE(value >= 0);
    return value;
  }

  // Forward; then the gradients that `seeds` name, and backward. After that value() and gradient().
  using Seeds = std::vector<std::pair<std::string, std::vector<float>>>;
  void run(const Pass& pass, const Seeds& seeds, const std::vector<std::string>& keep = {}) {
    std::vector<int> starts, kept;
    for (const auto& [name, values] : seeds) starts.push_back(id(name));
    for (const std::string& name : keep) kept.push_back(id(name));
    plan_ = plan_memory(built_.graph, pass, built_.store, kBatch, threads(), kept, starts);
    arena_ = std::make_unique<Arena>(plan_.floats);
    std::fill_n(arena_->data(), arena_->floats(), std::numeric_limits<float>::quiet_NaN());
    executor_ = std::make_unique<Executor>(built_.graph, built_.store, plan_, *arena_);
    for (size_t i = 0; i < fields_.size(); ++i) {
      executor_->bind(static_cast<int>(i), fields_[i].data());
    }
    executor_->forward(kBatch, 5, 6);
    for (size_t i = 0; i < seeds.size(); ++i) {
      const View seed = executor_->gradient(starts[i]);
      REQUIRE(seed.count() == static_cast<int64_t>(seeds[i].second.size()));
      std::copy(seeds[i].second.begin(), seeds[i].second.end(), seed.data);
    }
    executor_->backward();
  }

  // In the executor's order, channels-last.
  std::vector<float> value(const std::string& name) const {
    const ConstView view = executor_->value(id(name));
    return {view.data, view.data + view.count()};
  }
  std::vector<float> gradient(const std::string& name) const {
    const View view = executor_->gradient(id(name));
    REQUIRE(view);
    return {view.data, view.data + view.count()};
  }

 private:
  Built built_;
  std::vector<Tensor> fields_;
  MemoryPlan plan_;
  std::unique_ptr<Arena> arena_;
  std::unique_ptr<Executor> executor_;
};

std::vector<float> random_values(size_t count) {
  std::vector<float> values(count);
  const Rng rng(8, "seeds");
  for (size_t i = 0; i < count; ++i) values[i] = rng.normal(i);
  return values;
}

// Skips, shared values, places to work in place, batch norm and an auxiliary head.
constexpr const char* kKnot = R"(
input: {image: [2, 8, 8]}
layers:
  - {conv: 6, kernel: 3, pad: 1, act: relu, name: stem}
  - {conv: 6, kernel: 3, pad: 1, name: a}
  - {bn, act: relu, name: b}
  - {add: [b, stem], act: {leaky_relu: 0.1}, name: sum}
  - side: [gap, {linear: 3, name: fc}]
    name: aux
  - {maxpool: 2, name: pool}
  - {concat: [[{conv: 4, kernel: 1, act: prelu}], []], name: both}
  - {dropout: 0.5}
  - gap
  - {linear: 3, name: out}
loss:
  - {cross_entropy: out, target: label}
  - {cross_entropy: aux, target: label, weight: 0.3}
)";

double dot(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

}  // namespace

TEST_CASE("backward from the scores with the loss's gradients is backward from the loss") {
  Rig rig(kKnot);
  rig.run(down_to_input(Pass::Rule::kGradient, true), {}, {"out", "aux"});
  const std::vector<float> whole = rig.gradient("image");
  const std::vector<float> out = rig.gradient("out"), aux = rig.gradient("aux");
  rig.run(down_to_input(), {{"out", out}, {"aux", aux}});
  CHECK(rig.gradient("image") == whole);
  CHECK(dot(whole, whole) > 0);
}

TEST_CASE("the gradient rule gives the gradient of any value") {
  for (const std::string name : {"stem", "b", "sum", "pool", "both", "out"}) {
    INFO(name);
    Rig rig(kKnot);
    rig.run(down_to_input(), {}, {name});
    const std::vector<float> seed = random_values(rig.value(name).size());
    rig.run(down_to_input(), {{name, seed}}, {name});
    const std::vector<float> gradient = rig.gradient("image");
    CHECK(rig.gradient(name) == seed);
    // Along it the weighted sum of the values must grow by |gradient|^2 per unit.
    const double squared = dot(gradient, gradient), step = 1e-3 / std::sqrt(squared);
    const std::vector<float> image(rig.image().data(),
                                   rig.image().data() + rig.image().view().count());
    const auto at = [&](double sign) {
      for (size_t i = 0; i < image.size(); ++i) {
        rig.image().data()[i] = static_cast<float>(image[i] + sign * step * gradient[i]);
      }
      rig.run(down_to_input(), {}, {name});
      return dot(rig.value(name), seed);
    };
    CHECK((at(1) - at(-1)) / (2 * step) == Approx(squared).epsilon(0.01));
  }
}

TEST_CASE("backward may start at several values, one behind the other") {
  Rig rig(kKnot);
  rig.run(down_to_input(), {}, {"stem", "out"});
  const std::vector<float> low = random_values(rig.value("stem").size());
  const std::vector<float> high = random_values(rig.value("out").size());
  rig.run(down_to_input(), {{"stem", low}});
  std::vector<float> sum = rig.gradient("image");
  rig.run(down_to_input(), {{"out", high}});
  const std::vector<float> second = rig.gradient("image");
  for (size_t i = 0; i < sum.size(); ++i) sum[i] += second[i];
  rig.run(down_to_input(), {{"stem", low}, {"out", high}});
  const std::vector<float> both = rig.gradient("image");
  for (size_t i = 0; i < sum.size(); ++i) CHECK(both[i] == Approx(sum[i]).margin(1e-5));
}

TEST_CASE("a start that is the input itself, and one that leads nowhere") {
  Rig rig(kKnot);
  const std::vector<float> seed = random_values(static_cast<size_t>(rig.image().view().count()));
  rig.run(down_to_input(), {{"image", seed}});
  CHECK(rig.gradient("image") == seed);
  // Without gradients nothing is booked for it.
  const MemoryPlan plan = plan_memory(rig.graph(), Pass::predicting(), rig.store(), kBatch,
                                      threads(), {}, {rig.id("pool")});
  CHECK(plan.gradients[static_cast<size_t>(rig.id("pool"))].offset == Placement::kNone);
}

TEST_CASE("a kept value and its gradient stay as they are, whatever works in place") {
  const std::vector<std::string> names = {"stem", "a", "b", "sum", "pool", "both", "out"};
  Rig rig(kKnot);
  rig.run(down_to_input(), {}, {"out"});
  const std::vector<float> seed = random_values(rig.value("out").size());
  rig.run(down_to_input(), {{"out", seed}}, names);
  std::vector<std::vector<float>> values, gradients;
  for (const std::string& name : names) {
    values.push_back(rig.value(name));
    gradients.push_back(rig.gradient(name));
  }
  for (size_t i = 0; i < names.size(); ++i) {
    INFO(names[i]);
    rig.run(down_to_input(), {{"out", seed}}, {names[i]});
    CHECK(rig.value(names[i]) == values[i]);
    CHECK(rig.gradient(names[i]) == gradients[i]);
    CHECK(dot(gradients[i], gradients[i]) > 0);
  }
}

TEST_CASE("through one convolution the projection is the transposed convolution") {
  Rig rig(R"(
input: {image: [3, 9, 7]}
layers:
  - {conv: 4, kernel: [3, 2], stride: 2, pad: 1, act: relu, name: c}
)");
  rig.run(down_to_input(), {}, {"c"});
  const std::vector<float> activation = rig.value("c");
  // Of map 2 the strongest activation of every sample, as the deconvolutional network starts.
  const Shape& out = rig.graph().value(rig.id("c")).shape;
  const auto of_sample = static_cast<size_t>(out.count());
  std::vector<float> seed(activation.size(), 0.0f);
  for (size_t n = 0; n < kBatch; ++n) {
    size_t best = n * of_sample + 2;
    for (size_t i = best; i < (n + 1) * of_sample; i += 4) {
      if (activation[i] > activation[best]) best = i;
    }
    seed[best] = activation[best];
    CHECK(seed[best] > 0);
  }
  rig.run(down_to_input(Pass::Rule::kDeconvnet), {{"c", seed}});

  ConvShape s;
  s.in_channels = 3;
  s.in = {1, 9, 7};
  s.out_channels = 4;
  s.out = out.extents();
  s.kernel = {1, 3, 2};
  s.stride = {1, 2, 2};
  s.pad = {0, 1, 1};
  std::vector<float> ordered(seed.size());
  to_channels_first(seed.data(), ordered.data(), kBatch, out);
  const std::vector<float> weights = rig.store().export_values(rig.store().find("c.weight"));
  const std::vector<double> expected = reference::conv_backward_data(
      s, kBatch, {ordered.begin(), ordered.end()}, {weights.begin(), weights.end()});
  std::vector<float> projection = rig.gradient("image"), found(projection.size());
  to_channels_first(projection.data(), found.data(), kBatch, {3, 9, 7});
  REQUIRE(found.size() == expected.size());
  for (size_t i = 0; i < found.size(); ++i) CHECK(found[i] == Approx(expected[i]).margin(1e-6));
}

TEST_CASE("a maxpool's switches put every maximum back where it was found") {
  for (const std::string pool : {"{maxpool: 2, name: p}", "{maxpool: 3, stride: 3, name: p}"}) {
    INFO(pool);
    Rig rig("input: {image: [2, 6, 6]}\nlayers: [" + pool + "]\n");
    rig.run(down_to_input(), {}, {"p"});
    const std::vector<float> maxima = rig.value("p");
    rig.run(down_to_input(Pass::Rule::kDeconvnet), {{"p", maxima}});
    const std::vector<float> back = rig.gradient("image");
    const float* image = rig.image().data();
    size_t found = 0;
    for (size_t i = 0; i < back.size(); ++i) {
      CHECK((back[i] == 0 || back[i] == image[i]));
      if (back[i] != 0) ++found;
    }
    CHECK(found == maxima.size());
  }
}

TEST_CASE("the rules are what their papers say, through two layers") {
  Rig rig(R"(
input: {x: [5]}
layers:
  - {linear: 8, act: relu, name: h}
  - {linear: 6, act: relu, name: y}
)");
  rig.run(down_to_input(), {}, {"h", "y"});
  const std::vector<float> h = rig.value("h"), y = rig.value("y");
  const std::vector<float> seed = random_values(y.size());
  const std::vector<float> w1 = rig.store().export_values(rig.store().find("h.weight"));
  const std::vector<float> w2 = rig.store().export_values(rig.store().find("y.weight"));
  const auto through = [](Pass::Rule rule, double g, double value) {
    const bool open = value > 0, positive = g > 0;
    if (rule == Pass::Rule::kGradient) return open ? g : 0;
    if (rule == Pass::Rule::kGuided) return open && positive ? g : 0;
    return positive ? g : 0;
  };
  const auto transposed = [](const std::vector<float>& w, size_t in, const std::vector<double>& g) {
    std::vector<double> sums(in, 0.0);
    for (size_t o = 0; o < g.size(); ++o) {
      for (size_t i = 0; i < in; ++i) sums[i] += static_cast<double>(w[o * in + i]) * g[o];
    }
    return sums;
  };
  for (const auto rule : {Pass::Rule::kGradient, Pass::Rule::kGuided, Pass::Rule::kDeconvnet}) {
    rig.run(down_to_input(rule), {{"y", seed}});
    const std::vector<float> found = rig.gradient("x");
    for (size_t n = 0; n < kBatch; ++n) {
      std::vector<double> gy(6);
      for (size_t i = 0; i < 6; ++i) gy[i] = through(rule, seed[n * 6 + i], y[n * 6 + i]);
      std::vector<double> gh = transposed(w2, 8, gy);
      for (size_t i = 0; i < 8; ++i) gh[i] = through(rule, gh[i], h[n * 8 + i]);
      const std::vector<double> gx = transposed(w1, 5, gh);
      for (size_t i = 0; i < 5; ++i) CHECK(found[n * 5 + i] == Approx(gx[i]).margin(1e-6));
    }
  }
}

}  // namespace cnn
