#include "model/schedule.h"

#include <cmath>
#include <memory>

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

// The rate at `step` of a run of 10 epochs of 20 steps, base rate 0.4.
double rate(const std::string& text, int64_t step) {
  Diagnostics diagnostics;
  const std::unique_ptr<Schedule> schedule = read_schedule(yaml(text), diagnostics);
  diagnostics.throw_if_any();
  return schedule->rate(0.4, step, 20, 200);
}

TEST_CASE("schedules give the rates of their formulas") {
  struct Case {
    const char* text;
    int64_t step;
    double expected;
  };
  const Case cases[] = {
      {"constant", 0, 0.4},
      {"constant", 199, 0.4},
      {"{step: 3, gamma: 0.5}", 59, 0.4},
      {"{step: 3, gamma: 0.5}", 60, 0.2},
      {"{step: 3, gamma: 0.5}", 179, 0.1},
      {"{step: 3, gamma: 0.5}", 180, 0.05},
      {"{step: 50, unit: steps}", 49, 0.4},
      {"{step: 50, unit: steps}", 50, 0.04},
      {"{multistep: [2, 5]}", 39, 0.4},
      {"{multistep: [2, 5]}", 40, 0.04},
      {"{multistep: [5, 2]}", 100, 0.004},
      {"{exponential: 0.5}", 0, 0.4},
      {"{exponential: 0.5}", 20, 0.2},
      {"{exponential: 0.5}", 30, 0.4 * std::pow(0.5, 1.5)},
      {"{polynomial: 1}", 100, 0.2},
      {"{polynomial: 2, end: 0.1}", 100, 0.1 + 0.3 * 0.25},
      {"{polynomial: 2, end: 0.1}", 200, 0.1},
      {"{cosine: 0}", 0, 0.4},
      {"{cosine: 0}", 100, 0.2},
      {"{cosine: 0}", 50, 0.2 * (1 + std::cos(std::acos(-1.0) / 4))},
      {"{cosine: 0.1}", 200, 0.1},
      {"cosine", 200, 0.0},
      {"{one_cycle: 0.3}", 0, 0.4 / 25},
      {"{one_cycle: 0.3}", 60, 0.4},
      {"{one_cycle: 0.3}", 30, (0.4 + 0.4 / 25) / 2},
      {"{one_cycle: 0.5, div: 10, final_div: 100}", 200, 0.4 / 1000},
      {"{one_cycle: 1, div: 10}", 200, 0.4},
      // Warm-up: over the first epochs the value rises from its share to the whole.
      {"{constant: ~, warmup: 2, warmup_from: 0}", 0, 0.0},
      {"{constant: ~, warmup: 2, warmup_from: 0}", 10, 0.1},
      {"{constant: ~, warmup: 2, warmup_from: 0}", 40, 0.4},
      {"{constant: ~, warmup: 10, unit: steps}", 0, 0.004},
      {"{constant: ~, warmup: 10, unit: steps}", 5, 0.4 * 0.505},
      {"{constant: ~, warmup: 10, unit: steps}", 10, 0.4},
      {"{cosine: 0, warmup: 5, warmup_from: 0}", 50,
       0.5 * 0.2 * (1 + std::cos(std::acos(-1.0) / 4))},
  };
  for (const Case& c : cases) {
    INFO(c.text << " at step " << c.step);
    CHECK(rate(c.text, c.step) == Approx(c.expected).epsilon(1e-12).margin(1e-12));
  }
}

TEST_CASE("mistakes in a schedule are reported") {
  const auto problem = [](const std::string& text) {
    Diagnostics diagnostics;
    CHECK(read_schedule(yaml(text), diagnostics) == nullptr);
    try {
      diagnostics.throw_if_any();
    } catch (const Error& error) {
      return render(error.diagnostics().front());
    }
    return std::string();
  };
  CHECK(problem("cosin").find("cosine") != std::string::npos);
  CHECK(problem("{cosine: 0, warm_up: 3}").find("warmup") != std::string::npos);
  CHECK(problem("{step: 0}").find("above 0") != std::string::npos);
  CHECK(problem("step").find("every") != std::string::npos);
  CHECK(problem("{constant: 0.1}").find("no value") != std::string::npos);
  CHECK(problem("{cosine: 0, unit: days}").find("epochs") != std::string::npos);
}

}  // namespace
}  // namespace cnn
