#include "graph/parameter_store.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "support/catch.h"

namespace cnn {
namespace {

ParameterRequest request(const Shape& shape, std::vector<int> layout = {}) {
  ParameterRequest r;
  r.name = "weight";
  r.shape = shape;
  r.layout = std::move(layout);
  r.init = Initializer::he_normal();
  r.fan_in = 9;
  r.fan_out = 4;
  return r;
}

std::vector<float> counting(int64_t count) {
  std::vector<float> values(static_cast<size_t>(count));
  std::iota(values.begin(), values.end(), 1.0f);
  return values;
}

}  // namespace

TEST_CASE("values come back from the store in the order of files, whatever the layout") {
  const std::vector<std::vector<int>> layouts = {{}, {0, 1, 2, 3}, {2, 3, 1, 0}, {0, 2, 3, 1}};
  for (const auto& layout : layouts) {
    ParameterStore store;
    const int id = store.add("c.weight", request({4, 3, 2, 5}, layout));
    store.allocate(true);
    const std::vector<float> values = counting(4 * 3 * 2 * 5);
    store.import_values(id, values);
    CHECK(store.export_values(id) == values);
  }
}

TEST_CASE("pieces of a parameter go in and out as the whole does") {
  ParameterStore whole, pieces;
  const ParameterRequest r = request({4, 3, 2, 5}, {2, 3, 1, 0});
  const int id = whole.add("c.weight", r);
  pieces.add("c.weight", r);
  whole.allocate(false);
  pieces.allocate(false);
  const std::vector<float> values = counting(4 * 3 * 2 * 5);
  whole.import_values(id, values);
  for (int64_t first = 0; first < 120; first += 17) {  // 17 fits no axis
    const auto count = static_cast<size_t>(std::min<int64_t>(17, 120 - first));
    pieces.import_values(id, first, std::span(values).subspan(static_cast<size_t>(first), count));
    std::vector<float> out(count);
    whole.export_values(id, first, out);
    CHECK(std::equal(out.begin(), out.end(), values.begin() + first));
  }
  CHECK(std::ranges::equal(whole.value_arena(), pieces.value_arena()));
}

TEST_CASE("large parameters are drawn piece by piece with the numbers of the whole") {
  ParameterStore store;
  ParameterRequest r = request({700, 800}, {1, 0});  // more than two pieces
  r.init = Initializer::he_normal();
  const int id = store.add("fc.weight", r);
  store.allocate(false);
  store.initialize(3);
  std::vector<float> whole(700 * 800);
  r.init.fill(whole, 0, {r.fan_in, r.fan_out}, 3, "fc.weight");
  CHECK(store.export_values(id) == whole);
}

TEST_CASE("a layout says which axis of the file each stored axis is") {
  ParameterStore store;
  const int id = store.add("c.weight", request({2, 3}, {1, 0}));  // stored transposed
  store.allocate(false);
  store.import_values(id, counting(6));
  const float* v = store.value(id);
  CHECK(std::vector<float>(v, v + 6) == std::vector<float>{1, 4, 2, 5, 3, 6});
}

TEST_CASE("initial values depend on seed and name, not on layout or order") {
  ParameterStore a, b;
  const int first = a.add("x.weight", request({8, 3, 3, 3}));
  b.add("other", request({5}));
  const int second = b.add("x.weight", request({8, 3, 3, 3}, {2, 3, 1, 0}));
  a.allocate(false);
  b.allocate(true);
  a.initialize(7);
  b.initialize(7);
  CHECK(a.export_values(first) == b.export_values(second));
  b.initialize(8);
  CHECK(a.export_values(first) != b.export_values(second));
}

TEST_CASE("a name that is known gives the known parameter") {
  ParameterStore store;
  const int id = store.add("x.weight", request({4}));
  CHECK(store.add("x.weight", request({4})) == id);
  CHECK(store.all().size() == 1);
  CHECK(store.find("x.weight") == id);
  CHECK(store.find("y.weight") == -1);
  CHECK_THROWS_AS(store.add("x.weight", request({5})), std::logic_error);
}

TEST_CASE("planned bytes are what is allocated, and every parameter starts on a cache line") {
  ParameterStore store;
  std::vector<int> ids;
  for (const int64_t n : {1, 15, 16, 17, 100}) {
    ids.push_back(store.add("p" + std::to_string(n), request({n})));
  }
  store.at(ids[1]).frozen = true;
  const uint64_t values = store.value_bytes(), gradients = store.gradient_bytes();
  store.allocate(true);
  CHECK(store.value_arena().size_bytes() == values);
  CHECK(store.gradient_arena().size_bytes() == gradients);
  CHECK(values - gradients == 64);  // the frozen one
  CHECK(store.gradient(ids[1]) == nullptr);
  std::set<const float*> starts;
  for (const int id : ids) {
    CHECK(reinterpret_cast<uintptr_t>(store.value(id)) % kAlignment == 0);
    starts.insert(store.value(id));
  }
  CHECK(starts.size() == ids.size());
}

TEST_CASE("counts leave statistics and frozen parameters out") {
  ParameterStore store;
  store.add("w", request({10}));
  store.at(store.add("frozen", request({5}))).frozen = true;
  ParameterRequest statistic = request({3});
  statistic.learned = false;
  store.add("mean", statistic);
  CHECK(store.parameter_count() == 15);
  CHECK(store.trainable_count() == 10);
  store.allocate(true);
  CHECK(store.gradient(store.find("mean")) == nullptr);
  CHECK(store.gradient(store.find("w")) != nullptr);
}

TEST_CASE("rows of unit length are so from the start, and again after updates") {
  ParameterStore store;
  ParameterRequest atoms = request({3, 2});
  atoms.unit_rows = true;
  const int id = store.add("atoms.weight", atoms);
  store.allocate(true);
  store.initialize(1);
  const auto length = [&](int row) {
    return std::hypot(store.value(id)[2 * row], store.value(id)[2 * row + 1]);
  };
  for (int row = 0; row < 3; ++row) CHECK(length(row) == Approx(1));
  const std::vector<float> before(store.value(id), store.value(id) + 6);
  store.apply_constraints();
  CHECK(std::vector<float>(store.value(id), store.value(id) + 6) == before);  // bit by bit
  store.import_values(id, std::vector<float>{3, 4, 0, 0, 1e-3f, 0});
  const uint64_t version = store.version();
  store.apply_constraints();
  CHECK(std::vector<float>(store.value(id), store.value(id) + 6) ==
        std::vector<float>{0.6f, 0.8f, 0, 0, 1, 0});
  CHECK(store.version() > version);
}

}  // namespace cnn
