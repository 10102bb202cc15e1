#include "layers/initializer.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/parallel.h"
#include "spec/yaml.h"
#include "support/catch.h"

namespace cnn {
namespace {

constexpr int64_t kCount = 100001;
constexpr int64_t kFanIn = 50, kFanOut = 200;

std::vector<float> filled(const Initializer& initializer, uint64_t seed = 1,
                          const std::string& name = "conv1.weight", int64_t count = kCount) {
  std::vector<float> values(static_cast<size_t>(count), NAN);
  initializer.fill(values, 0, {kFanIn, kFanOut}, seed, name);
  return values;
}

struct Moments {
  double mean = 0, deviation = 0, kurtosis = 0, largest = 0;
};

Moments moments(const std::vector<float>& values) {
  Moments m;
  const auto n = static_cast<double>(values.size());
  for (const float x : values) m.mean += static_cast<double>(x) / n;
  double fourth = 0;
  for (const float x : values) {
    const double d = static_cast<double>(x) - m.mean;
    m.deviation += d * d / n;
    fourth += d * d * d * d / n;
    m.largest = std::max(m.largest, std::abs(d));
  }
  m.kurtosis = fourth / (m.deviation * m.deviation);
  m.deviation = std::sqrt(m.deviation);
  return m;
}

// Reads an initialiser as a model file would; `errors` counts reports.
Initializer read(const std::string& yaml, size_t* errors = nullptr) {
  Initializer initializer;
  Diagnostics diagnostics;
  const Node node = parse_yaml(std::make_shared<Source>(Source{"test", yaml, "", false}));
  OptionType<Initializer>::read(node, initializer, diagnostics);
  if (errors != nullptr) {
    *errors = diagnostics.size();
  } else {
    diagnostics.throw_if_any();
  }
  return initializer;
}

}  // namespace

TEST_CASE("normal initialisers have the deviation of their formula") {
  const struct {
    const char* yaml;
    double mean, deviation;
  } rows[] = {
      {"{normal: 0.01}", 0, 0.01},
      {"{normal: 2, mean: 5}", 5, 2},
      {"he_normal", 0, std::sqrt(2.0 / 50)},
      {"{he_normal: fan_out}", 0, std::sqrt(2.0 / 200)},
      {"xavier_normal", 0, std::sqrt(2.0 / 250)},
      {"{xavier_normal: fan_in}", 0, std::sqrt(1.0 / 50)},
  };
  for (const auto& row : rows) {
    INFO(row.yaml);
    const Moments m = moments(filled(read(row.yaml)));
    CHECK(std::abs(m.mean - row.mean) < 5 * row.deviation / std::sqrt(kCount));
    CHECK(m.deviation == Approx(row.deviation).epsilon(0.01));
    CHECK(m.kurtosis == Approx(3).epsilon(0.05));
    CHECK(m.largest < 7 * row.deviation);
  }
}

TEST_CASE("uniform initialisers have the width of their formula") {
  const struct {
    const char* yaml;
    double mean, width;
  } rows[] = {
      {"{uniform: 0.1}", 0, 0.1},
      {"{uniform: 2, mean: -1}", -1, 2},
      {"he_uniform", 0, std::sqrt(6.0 / 50)},
      {"xavier_uniform", 0, std::sqrt(6.0 / 250)},
      {"{xavier_uniform: fan_out}", 0, std::sqrt(3.0 / 200)},
  };
  for (const auto& row : rows) {
    INFO(row.yaml);
    const Moments m = moments(filled(read(row.yaml)));
    CHECK(std::abs(m.mean - row.mean) < 5 * row.width / std::sqrt(kCount));
    CHECK(m.deviation == Approx(row.width / std::sqrt(3.0)).epsilon(0.01));
    CHECK(m.kurtosis == Approx(1.8).epsilon(0.05));
    CHECK(m.largest < row.width * 1.02);
  }
}

TEST_CASE("constant fills with its value") {
  for (const float x : filled(read("{constant: 0.5}"), 1, "bias", 7)) CHECK(x == 0.5f);
}

TEST_CASE("values by hand fill the parameter over and over, in pieces too") {
  const Initializer smooth = read("{values: [[1, 2, 1], [2, 4, 2]], scale: 0.5}");
  const std::vector<float> values = filled(smooth, 1, "w", 14);
  CHECK(values == std::vector<float>{0.5, 1, 0.5, 1, 2, 1, 0.5, 1, 0.5, 1, 2, 1, 0.5, 1});
  std::vector<float> piece(3);
  smooth.fill(piece, 8, {kFanIn, kFanOut}, 1, "w");
  CHECK(piece == std::vector<float>{0.5, 1, 2});
}

TEST_CASE("values fit a parameter, its last axes, or all of it in one list") {
  const Initializer grid = read("{values: [[1, 2, 1], [2, 4, 2]]}");
  CHECK(grid.misfit({2, 3}).empty());
  CHECK(grid.misfit({8, 1, 2, 3}).empty());
  CHECK(grid.misfit({8, 1, 3, 2}) == "'values' of [2,3] do not fit into [8,1,3,2]");
  CHECK_FALSE(grid.misfit({6}).empty());
  const Initializer list = read("{values: [1, 2, 3, 4, 5, 6]}");
  CHECK(list.misfit({3, 2}).empty());
  CHECK(list.misfit({4, 6}).empty());
  CHECK_FALSE(list.misfit({4, 3}).empty());
}

TEST_CASE("first values depend on seed, name and index alone") {
  const Initializer he = Initializer::he_normal();
  const std::vector<float> values = filled(he);
  CHECK(filled(he) == values);
  CHECK(filled(he, 2) != values);
  CHECK(filled(he, 1, "conv2.weight") != values);
  const std::vector<float> fewer = filled(he, 1, "conv1.weight", 33);
  CHECK(std::equal(fewer.begin(), fewer.end(), values.begin()));
  CHECK(std::set<float>(values.begin(), values.end()).size() > values.size() * 9 / 10);
  const int before = threads();
  for (const int count : {1, 2, 3}) {
    set_threads(count);
    CHECK(filled(he) == values);
  }
  set_threads(before);
}

TEST_CASE("initialisers are written as they are read") {
  for (const char* yaml :
       {"he_normal", "he_uniform", "xavier_normal", "xavier_uniform", "{he_normal: fan_out}",
        "{xavier_uniform: fan_in}", "{normal: 0.01}", "{normal: 0.01, mean: 1}", "{uniform: 0.1}",
        "{constant: 0.5}", "{values: [[1, 2], [3, 4]]}", "{values: [1, -2.5], scale: 0.25}"}) {
    const std::string written = to_yaml(OptionType<Initializer>::write(read(yaml)));
    CHECK(written.substr(0, written.find('\n')) == yaml);
  }
}

TEST_CASE("wrong initialisers are reported") {
  for (const char* yaml :
       {"he_norml", "{he_normal: fan_inn}", "normal", "{normal: -1}", "{normal: 0.1, man: 1}",
        "{constant: abc}", "[1, 2]", "{}", "{values: []}", "{values: 3}", "{values: [[1, 2], [3]]}",
        "{values: [[1, 2], 3]}", "{values: [1, x]}", "{values: [[]]}", "{values: [[[[[[1]]]]]]}"}) {
    INFO(yaml);
    size_t errors = 0;
    read(yaml, &errors);
    CHECK(errors == 1);
  }
}

TEST_CASE("layers may give the numbers themselves, or ask for signs") {
  CHECK(filled(Initializer::from({3, 1, 2}), 1, "w", 3) == std::vector<float>{3, 1, 2});
  const std::vector<float> signs = filled(Initializer::signs());
  const auto positive = std::count(signs.begin(), signs.end(), 1.0f);
  CHECK(positive + std::count(signs.begin(), signs.end(), -1.0f) == kCount);
  CHECK(std::abs(positive - kCount / 2) < 1000);
  CHECK(signs != filled(Initializer::signs(), 2));
}

}  // namespace cnn
