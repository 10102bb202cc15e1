#include "model/optimizer.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#include "base/parallel.h"
#include "base/rng.h"
#include "spec/yaml.h"
#include "support/catch.h"

namespace cnn {
namespace {

Node yaml(const std::string& text) {
  auto source = std::make_shared<Source>();
  source->name = "test";
  source->text = text;
  return parse_yaml(source);
}

std::unique_ptr<Optimizer> optimizer(const std::string& text) {
  Diagnostics diagnostics;
  std::unique_ptr<Optimizer> result = read_optimizer(yaml(text), diagnostics);
  diagnostics.throw_if_any();
  return result;
}

// Three parameters: a large one, one that decays not and learns twice as fast, and a frozen one.
void fill(ParameterStore& store) {
  ParameterRequest request;
  request.name = "weight";
  request.shape = Shape{7, 5000};
  request.init = Initializer::constant(0);
  store.add("a.weight", request);
  request.shape = Shape{13};
  request.decays = false;
  store.at(store.add("a.bias", request)).lr_mult = 2;
  store.at(store.add("b.weight", request)).frozen = true;
  store.allocate(true);
  for (int id = 0; id < 3; ++id) {
    const Rng rng(1, store.at(id).name);
    for (int64_t i = 0; i < store.at(id).count(); ++i) {
      store.value(id)[i] = rng.normal(static_cast<uint64_t>(i));
    }
  }
}

void set_gradients(ParameterStore& store, int step) {
  for (int id = 0; id < 2; ++id) {
    const Rng rng(2, store.at(id).name, static_cast<uint64_t>(step));
    for (int64_t i = 0; i < store.at(id).count(); ++i) {
      store.gradient(id)[i] = rng.normal(static_cast<uint64_t>(i));
    }
  }
}

std::vector<float> weights_after(const std::string& text, int steps, double lr,
                                 float gradient_scale = 1) {
  ParameterStore store;
  fill(store);
  const std::unique_ptr<Optimizer> o = optimizer(text);
  o->attach(store);
  for (int step = 0; step < steps; ++step) {
    set_gradients(store, step);
    CHECK_FALSE(o->update(lr, gradient_scale));
  }
  return {store.value_arena().begin(), store.value_arena().end()};
}

// The rules of PyTorch, in double, one weight at a time.
struct Rule {
  double momentum = 0, weight_decay = 0, beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  bool nesterov = false, adam = false, decoupled = false;
};

double reference(const Rule& rule, double w, const std::vector<double>& gradients, double lr,
                 double decay) {
  double velocity = 0, mean = 0, square = 0;
  for (size_t t = 0; t < gradients.size(); ++t) {
    double g = gradients[t];
    if (rule.decoupled) w *= 1 - lr * rule.weight_decay * decay;
    if (!rule.decoupled) g += rule.weight_decay * decay * w;
    if (rule.adam) {
      const auto step = static_cast<double>(t + 1);
      mean = rule.beta1 * mean + (1 - rule.beta1) * g;
      square = rule.beta2 * square + (1 - rule.beta2) * g * g;
      const double root = std::sqrt(square) / std::sqrt(1 - std::pow(rule.beta2, step));
      w -= lr / (1 - std::pow(rule.beta1, step)) * mean / (root + rule.eps);
    } else if (rule.momentum > 0) {
      velocity = t == 0 ? g : rule.momentum * velocity + g;
      w -= lr * (rule.nesterov ? g + rule.momentum * velocity : velocity);
    } else {
      w -= lr * g;
    }
  }
  return w;
}

void check_against(const std::string& text, const Rule& rule, float scale = 1) {
  constexpr int kSteps = 6;
  constexpr double kRate = 0.03;
  ParameterStore store;
  fill(store);
  const std::vector<float> got = weights_after(text, kSteps, kRate, scale);
  double worst = 0;
  for (int id = 0; id < 3; ++id) {
    const Parameter& p = store.at(id);
    for (int64_t i = 0; i < p.count(); ++i) {
      const double before = store.value(id)[i];
      double expected = before;
      if (!p.frozen) {
        std::vector<double> gradients;
        for (int step = 0; step < kSteps; ++step) {
          const Rng rng(2, p.name, static_cast<uint64_t>(step));
          gradients.push_back(scale * static_cast<double>(rng.normal(static_cast<uint64_t>(i))));
        }
        expected = reference(rule, before, gradients, kRate * p.lr_mult, p.decay());
      }
      const double found = got[p.offset + static_cast<size_t>(i)];
      worst = std::max(worst, std::abs(found - expected) / (1 + std::abs(expected)));
      if (p.frozen) REQUIRE(found == before);
    }
  }
  CHECK(worst < 3e-6);
}

TEST_CASE("optimizers follow PyTorch's rules over several steps") {
  Rule rule;
  SECTION("plain sgd") { check_against("{sgd: 0.1}", rule); }
  SECTION("sgd with weight decay") {
    rule.weight_decay = 0.1;
    check_against("{sgd: 0.1, weight_decay: 0.1}", rule);
  }
  SECTION("momentum and weight decay") {
    rule.weight_decay = 0.1;
    rule.momentum = 0.9;
    check_against("{sgd: 0.1, momentum: 0.9, weight_decay: 0.1}", rule);
  }
  SECTION("nesterov") {
    rule.momentum = 0.8;
    rule.nesterov = true;
    check_against("{sgd: 0.1, momentum: 0.8, nesterov: true}", rule);
  }
  SECTION("gradients scaled by the clip factor") {
    rule.momentum = 0.9;
    check_against("{sgd: 0.1, momentum: 0.9}", rule, 0.25f);
  }
  SECTION("adam") {
    rule.adam = true;
    check_against("adam", rule);
  }
  SECTION("adam with weight decay, betas and eps") {
    rule = {0, 0.1, 0.8, 0.95, 1e-3, false, true, false};
    check_against("{adam: 0.1, weight_decay: 0.1, beta1: 0.8, beta2: 0.95, eps: 1e-3}", rule);
  }
  SECTION("adamw") {
    rule.adam = rule.decoupled = true;
    rule.weight_decay = 0.1;
    check_against("{adamw: 0.1, weight_decay: 0.1}", rule);
  }
}

TEST_CASE("row 80: with a learning rate of 0 the weights keep their bits") {
  for (const char* text : {"{sgd: 0}", "{sgd: 0, momentum: 0.9, weight_decay: 0.1}",
                           "{adam: 0, weight_decay: 0.1}", "{adamw: 0, weight_decay: 0.1}"}) {
    ParameterStore store;
    fill(store);
    store.value(0)[0] = -0.0f;
    store.value(0)[1] = std::numeric_limits<float>::denorm_min();
    const std::vector<float> before(store.value_arena().begin(), store.value_arena().end());
    const std::unique_ptr<Optimizer> o = optimizer(text);
    o->attach(store);
    for (int step = 0; step < 3; ++step) {
      set_gradients(store, step);
      o->update(o->learning_rate());
    }
    INFO(text);
    CHECK(std::memcmp(before.data(), store.value_arena().data(), before.size() * 4) == 0);
  }
}

TEST_CASE("rows 75 and 76: a gradient that is not finite is found wherever it stands") {
  ParameterStore store;
  fill(store);
  const std::unique_ptr<Optimizer> o = optimizer("{sgd: 0.1, momentum: 0.9}");
  o->attach(store);
  const float bad[] = {std::numeric_limits<float>::quiet_NaN(),
                       std::numeric_limits<float>::infinity(),
                       -std::numeric_limits<float>::infinity()};
  for (const float value : bad) {
    for (const int64_t at : {int64_t{0}, int64_t{16383}, int64_t{16384}, int64_t{34999}}) {
      set_gradients(store, 0);
      store.gradient(0)[at] = value;
      // A factor of 0 must not hide it.
      CHECK(o->update(0.1, 0.0f) == 0);
      CHECK_FALSE(std::isfinite(o->gradient_norm()));
    }
    set_gradients(store, 0);
    store.gradient(1)[12] = value;
    CHECK(o->update(0.1) == 1);
  }
  set_gradients(store, 0);
  store.gradient(0)[0] = std::numeric_limits<float>::max();
  CHECK_FALSE(o->update(0.0));
}

TEST_CASE("the gradient norm is the norm over all trained parameters") {
  ParameterStore store;
  fill(store);
  const std::unique_ptr<Optimizer> o = optimizer("sgd");
  o->attach(store);
  set_gradients(store, 3);
  double sum = 0;
  for (int id = 0; id < 2; ++id) {
    for (int64_t i = 0; i < store.at(id).count(); ++i) {
      sum += static_cast<double>(store.gradient(id)[i]) * store.gradient(id)[i];
    }
  }
  CHECK(o->gradient_norm() == Approx(std::sqrt(sum)).epsilon(1e-12));
}

TEST_CASE("updates and norms have the same bits with 1 and 4 threads") {
  const int before = threads();
  for (const char* text : {"{sgd: 0.1, momentum: 0.9}", "adamw"}) {
    set_threads(1);
    const std::vector<float> one = weights_after(text, 3, 0.05);
    set_threads(4);
    const std::vector<float> four = weights_after(text, 3, 0.05);
    CHECK(std::memcmp(one.data(), four.data(), one.size() * 4) == 0);
  }
  ParameterStore store;
  fill(store);
  const std::unique_ptr<Optimizer> o = optimizer("sgd");
  o->attach(store);
  set_gradients(store, 1);
  const double four = o->gradient_norm();
  set_threads(1);
  CHECK(o->gradient_norm() == four);
  set_threads(before);
}

TEST_CASE("an optimizer's state goes on where it was exported, in the order of files") {
  ParameterStore first, second;
  ParameterRequest request;
  request.name = "weight";
  request.shape = Shape{2, 3, 4, 5};
  request.layout = {0, 2, 3, 1};
  first.add("c.weight", request);
  first.allocate(true);
  request.layout = {};  // stored as in files
  second.add("c.weight", request);
  second.allocate(true);
  const std::unique_ptr<Optimizer> a = optimizer("adam"), b = optimizer("adam");
  a->attach(first);
  b->attach(second);
  std::vector<float> file_order(120);
  for (size_t i = 0; i < 120; ++i) file_order[i] = static_cast<float>(i) + 0.5f;
  const std::vector<Optimizer::StateArray> arrays = a->state();
  REQUIRE(arrays.size() == 2);
  CHECK(arrays[0].slot == "mean");
  CHECK(arrays[1].slot == "square");
  a->import_state(arrays[0], 0, file_order);
  a->import_state(arrays[1], 0, file_order);
  a->set_steps(5);
  std::vector<float> back(120);
  a->export_state(arrays[0], 0, back);
  CHECK(back == file_order);
  b->import_state(arrays[0], 0, back);
  b->import_state(arrays[1], 0, back);
  b->set_steps(5);
  // The same gradient in both layouts must move the same weights.
  for (int64_t o = 0; o < 2; ++o) {
    for (int64_t c = 0; c < 3; ++c) {
      for (int64_t y = 0; y < 4; ++y) {
        for (int64_t x = 0; x < 5; ++x) {
          const auto value = static_cast<float>(o + 2 * c + 3 * y - x);
          first.gradient(0)[((o * 4 + y) * 5 + x) * 3 + c] = value;
          second.gradient(0)[((o * 3 + c) * 4 + y) * 5 + x] = value;
        }
      }
    }
  }
  a->update(0.1);
  b->update(0.1);
  CHECK(first.export_values(0) == second.export_values(0));
  CHECK(a->steps() == 6);
}

TEST_CASE("mistakes in an optimizer are reported") {
  const auto problem = [](const std::string& text) {
    Diagnostics diagnostics;
    CHECK(read_optimizer(yaml(text), diagnostics) == nullptr);
    CHECK(diagnostics.size() == 1);
    try {
      diagnostics.throw_if_any();
    } catch (const Error& error) {
      return render(error.diagnostics().front());
    }
    return std::string();
  };
  CHECK(problem("{sdg: 0.1}").find("sgd") != std::string::npos);
  CHECK(problem("{sgd: 0.1, momentom: 0.9}").find("momentum") != std::string::npos);
  CHECK(problem("{sgd: -1}").find("at least 0") != std::string::npos);
  CHECK(problem("{sgd: 0.1, nesterov: true}").find("momentum above 0") != std::string::npos);
  CHECK(problem("{adam: 0.1, beta1: 1}").find("below 1") != std::string::npos);
}

TEST_CASE("an optimizer's memory is known before it is taken") {
  ParameterStore store;
  fill(store);
  CHECK(optimizer("sgd")->state_bytes(store) == 0);
  CHECK(optimizer("{sgd: 1, momentum: 0.9}")->state_bytes(store) == store.gradient_bytes());
  CHECK(optimizer("adam")->state_bytes(store) == 2 * store.gradient_bytes());
}

}  // namespace
}  // namespace cnn
