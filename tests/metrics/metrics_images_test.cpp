#include <cmath>

#include "base/parallel.h"
#include "graph/builder.h"
#include "graph/executor.h"
#include "metrics/metrics.h"
#include "support/catch.h"
#include "support/training.h"

namespace cnn {
namespace {

using namespace cnn::test;

Scores result_of(Metric& m, const MetricInputs& inputs, const std::vector<float>& output,
                 const std::vector<float>& target) {
  m.setup(inputs);
  const auto samples = static_cast<int64_t>(output.size()) / inputs.output.count();
  m.add({output.data(), samples, inputs.output}, {target.data(), samples, inputs.target});
  return m.result();
}

}  // namespace

TEST_CASE("reconstruction error and PSNR are means over samples") {
  const MetricInputs pixels{{2}, {1, 1, 2}};
  const std::vector<float> output = {0, 1, 0.5f, 0.5f}, target = {0.1f, 1, 0.5f, 0};
  CHECK(result_of(*make_metric("reconstruction_error"), pixels, output, target).front().second ==
        Approx((0.005 + 0.125) / 2));
  CHECK(result_of(*make_metric("psnr"), pixels, output, target).front().second ==
        Approx((-10 * std::log10(0.005) - 10 * std::log10(0.125)) / 2));
  // Without any error: 100 dB.
  CHECK(result_of(*make_metric("psnr"), pixels, output, output).front().second == Approx(100));
}

TEST_CASE("of scores the picture is their sigmoid") {
  MetricInputs scores{{2}, {2}};
  scores.is_score = true;
  CHECK(
      result_of(*make_metric("reconstruction_error"), scores, {0, 50}, {0.5f, 0}).front().second ==
      Approx(0.5));
}

TEST_CASE("activation, nonzeros and mean_square look at one layer alone") {
  CHECK_FALSE(make_metric("nonzeros")->needs_target());
  const std::vector<float> code = {0, 2, -1, 0, 0, 1};
  const auto result = [&](const std::string& name) {
    const std::unique_ptr<Metric> m = make_metric(name);
    m->setup({{3}});
    m->add({code.data(), 2, {3}}, {});
    return m->result();
  };
  CHECK(result("nonzeros") == Scores{{"nonzeros", 1.5}});
  CHECK(result("mean_square") == Scores{{"mean_square", 1}});
  CHECK(result("activation").front().second == Approx(2.0 / 6));
}

// A variational autoencoder in little; the metrics of a model file.
Scores elbo_of(const std::string& metrics, const std::vector<float>& image,
               const std::string& testing = "true") {
  const TemporaryFolder folder;
  const ModelSpec spec = load(folder.file("m.yaml", R"(
input: {image: [2]}
layers:
  - {linear: 1, name: mu, init: {constant: 0.5}}
  - {linear: 1, from: image, name: logvar, init: {constant: 0.25}}
  - {gaussian: [mu, logvar], testing: )" + testing + R"(, name: code}
  - {linear: 2, name: recon, init: {constant: 1}}
loss:
  - {bce_logits: recon, target: image, reduction: sum}
  - {kl_normal: [mu, logvar]}
metrics: )" + metrics + "\n"));
  ParameterStore store;
  const Graph graph = build_graph(spec, Phase::kTest, store);
  MetricSet set(spec, graph);
  store.allocate(false);
  store.initialize(1);
  const MemoryPlan plan = plan_memory(graph, Pass::testing(), store, 1, threads(), set.values());
  Arena arena(plan.floats);
  Executor executor(graph, store, plan, arena);
  executor.bind(0, image.data());
  executor.forward(1, 1, 0, 7);
  set.add([&](int id) { return executor.value(id); });
  Scores scores = set.result();
  scores.emplace_back("loss", executor.total_loss());
  return scores;
}

TEST_CASE("the evidence lower bound and its parts are the losses of the autoencoder") {
  const Scores scores = elbo_of("[{elbo: [mu, logvar]}, psnr]", {1, 0.5f});
  const double mu = 0.75, v = 0.375;  // biases start at 0
  const double kl = (mu * mu + std::exp(v) - 1 - v) / 2;
  const double z = mu + std::exp(v / 2) * static_cast<double>(Rng(1, "code", 0, 7).normal(0));
  const double p = 1 / (1 + std::exp(-z));
  const double likelihood = std::log(p) + 0.5 * std::log(p) + 0.5 * std::log(1 - p);
  CHECK(std::abs(z - mu) > 0.1);
  CHECK(*find_score(scores, "elbo_kl") == Approx(kl));
  CHECK(*find_score(scores, "elbo_reconstruction") == Approx(likelihood));
  CHECK(*find_score(scores, "elbo") == Approx(likelihood - kl));
  CHECK(*find_score(scores, "loss") == Approx(kl - likelihood));
  // The first loss takes the sigmoid of its input, so that is the picture.
  CHECK(*find_score(scores, "psnr") ==
        Approx(-10 * std::log10(((p - 1) * (p - 1) + (p - 0.5) * (p - 0.5)) / 2)));
}

TEST_CASE("at the code's mean there is no bound, and nothing is called so") {
  const Scores scores = elbo_of("[{elbo: [mu, logvar]}]", {1, 0.5f}, "false");
  const double p = 1 / (1 + std::exp(-0.75));
  const double likelihood = 1.5 * std::log(p) + 0.5 * std::log(1 - p);
  CHECK(find_score(scores, "elbo") == nullptr);
  CHECK(find_score(scores, "elbo_reconstruction") == nullptr);
  CHECK(*find_score(scores, "at_mean_reconstruction") == Approx(likelihood));
  CHECK(*find_score(scores, "at_mean") == Approx(likelihood - *find_score(scores, "at_mean_kl")));
}

TEST_CASE("a normal likelihood has variance 1") {
  const Scores scores = elbo_of("[{elbo: [mu, logvar], likelihood: normal}]", {1, 0.5f}, "false");
  const double square = (0.75 - 1) * (0.75 - 1) + (0.75 - 0.5) * (0.75 - 0.5);
  CHECK(*find_score(scores, "at_mean_reconstruction") == Approx(-square / 2 - std::log(2 * M_PI)));
}

TEST_CASE("metrics say what they lack") {
  const auto message = [](const std::string& metrics) {
    return error_of(Exit::kSpec, [&] { elbo_of(metrics, {1, 0}); });
  };
  CHECK(contains(message("[elbo]"), "code"));
  CHECK(contains(message("[{elbo: [mu]}]"), "two layers"));
  CHECK(contains(message("[{elbo: [mu, logvr]}]"), "logvar"));
  CHECK(contains(message("[{psnr: 1, of: mu}]"), "one shape"));
}

TEST_CASE("a metric without target needs no loss, but a layer") {
  const TemporaryFolder folder;
  const auto set_of = [&](const std::string& metrics) {
    const ModelSpec spec = load(folder.file("m.yaml", R"(
input: {image: [2]}
layers:
  - {linear: 3, name: code}
metrics: )" + metrics + "\n"));
    ParameterStore store;
    const Graph graph = build_graph(spec, Phase::kTest, store);
    return MetricSet(spec, graph).names();
  };
  CHECK(set_of("[{nonzeros: ~, of: code}]") == std::vector<std::string>{"nonzeros"});
  CHECK(contains(error_of(Exit::kSpec, [&] { set_of("[nonzeros]"); }), "'of'"));
}

}  // namespace cnn
