#include "kernels/pool.h"

#include "kernels/numbers.h"
#include "reference/pool.h"
#include "support/catch.h"

namespace cnn {
namespace {

struct Case {
  AveragePoolShape shape;
  int64_t batch;
};

// Odd sizes: strides that do not fit, windows that hang over, one channel, one pixel.
std::vector<Case> random_cases(int count) {
  RandomSequence random(Rng(3, "pools"));
  const int64_t channels[] = {1, 2, 6, 16, 17, 37};
  std::vector<Case> cases;
  while (static_cast<int>(cases.size()) < count) {
    Case c;
    AveragePoolShape& s = c.shape;
    s.channels = channels[random.below(6)];
    // Of three one is over pictures, one over volumes, one over volumes slice by slice.
    const uint64_t kind = random.below(3);
    const auto below = [&](uint64_t n) { return static_cast<int64_t>(random.below(n)); };
    s.kernel = {kind == 1 ? 1 + below(3) : 1, 1 + below(4), 1 + below(4)};
    s.stride = {kind == 1 ? 1 + below(3) : 1, 1 + below(4), 1 + below(4)};
    s.pad = {below(static_cast<uint64_t>(s.kernel.d)), below(static_cast<uint64_t>(s.kernel.h)),
             below(static_cast<uint64_t>(s.kernel.w))};
    s.pad_end = s.pad;
    s.in = {s.kernel.d + (kind == 0 ? 0 : below(5)), s.kernel.h + below(7), s.kernel.w + below(7)};
    const auto windows = [&](int64_t Extents::*axis) {
      const int64_t size = s.in.*axis, stride = s.stride.*axis, pad = s.pad.*axis;
      const int64_t room = size + 2 * pad - s.kernel.*axis, floor = room / stride + 1;
      const bool one_more = random.below(2) && room % stride && floor * stride < size + pad;
      return floor + (one_more ? 1 : 0);
    };
    s.out = {windows(&Extents::d), windows(&Extents::h), windows(&Extents::w)};
    s.count_pad = random.below(2) != 0;
    c.batch = 1 + static_cast<int64_t>(random.below(3));
    cases.push_back(c);
  }
  return cases;
}

Shape in_shape(const PoolShape& s) { return {s.channels, s.in.d, s.in.h, s.in.w}; }
Shape out_shape(const PoolShape& s) { return {s.channels, s.out.d, s.out.h, s.out.w}; }

struct Results {
  Floats max, max_gradient, mean, mean_gradient;
};

Results run(const Case& c, const Floats& x, const Floats& dy, bool add) {
  const PoolShape& s = c.shape;
  Results r{poisoned(c.batch * out_shape(s).count()),
            add ? x : poisoned(c.batch * in_shape(s).count()),
            {},
            {}};
  r.mean = r.max;
  r.mean_gradient = r.max_gradient;
  Floats places = poisoned(c.batch * max_pool_places(s));
  max_pool(s, c.batch, x.data(), r.max.data(), places.data());
  max_pool_backward(s, c.batch, dy.data(), places.data(), add, r.max_gradient.data());
  average_pool(c.shape, c.batch, x.data(), r.mean.data());
  average_pool_backward(c.shape, c.batch, dy.data(), add, r.mean_gradient.data());
  return r;
}

}  // namespace

TEST_CASE("pools over odd shapes match the reference") {
  for (const Case& c : random_cases(180)) {
    const AveragePoolShape& s = c.shape;
    INFO(in_shape(s).str() << " to " << out_shape(s).str() << ", kernel " << s.kernel.str(true)
                           << ", stride " << s.stride.str(true) << ", pad " << s.pad.str(true));
    const Floats x = random_floats(c.batch * in_shape(s).count(), "x");
    const Floats dy = random_floats(c.batch * out_shape(s).count(), "dy");
    const Doubles files_x = as_in_files(x, in_shape(s)), files_dy = as_in_files(dy, out_shape(s));
    for (const bool add : {false, true}) {
      const Results found = run(c, x, dy, add);
      const auto gradient_error = [&](const Floats& gradient, Doubles expected) {
        for (size_t i = 0; i < expected.size() && add; ++i) expected[i] += files_x[i];
        return relative_error(as_in_files(gradient, in_shape(s)), expected);
      };
      CHECK(as_in_files(found.max, out_shape(s)) == reference::max_pool(s, c.batch, files_x));
      CHECK(gradient_error(found.max_gradient,
                           reference::max_pool_backward(s, c.batch, files_x, files_dy)) < 1e-6);
      CHECK(relative_error(as_in_files(found.mean, out_shape(s)),
                           reference::average_pool(s, c.batch, files_x)) < 1e-6);
      CHECK(gradient_error(found.mean_gradient,
                           reference::average_pool_backward(s, c.batch, files_dy)) < 1e-6);
    }
    Floats untold = poisoned(c.batch * out_shape(s).count());
    max_pool(s, c.batch, x.data(), untold.data(), nullptr);
    CHECK(same_bits(untold, run(c, x, dy, false).max));
  }
}

TEST_CASE("pools have the same bits on any number of threads") {
  for (const Case& c : random_cases(24)) {
    const Floats x = random_floats(c.batch * in_shape(c.shape).count(), "x");
    const Floats dy = random_floats(c.batch * out_shape(c.shape).count(), "dy");
    std::vector<Results> results;
    for (const Threading& threading : kThreadings) {
      const WithThreads with(threading);
      results.push_back(run(c, x, dy, false));
    }
    for (size_t i = 1; i < results.size(); ++i) {
      CHECK(same_bits(results[0].max, results[i].max));
      CHECK(same_bits(results[0].max_gradient, results[i].max_gradient));
      CHECK(same_bits(results[0].mean, results[i].mean));
      CHECK(same_bits(results[0].mean_gradient, results[i].mean_gradient));
    }
  }
}

TEST_CASE("windows of more than 256 pixels remember their places too") {
  const auto check = [](const Extents& kernel, const Extents& in, const Extents& out) {
    Case c;
    c.shape.channels = 19;
    c.shape.kernel = c.shape.stride = kernel;
    c.shape.in = in;
    c.shape.out = out;
    c.batch = 2;
    const Floats x = random_floats(c.batch * in_shape(c.shape).count(), "x");
    const Floats dy = random_floats(c.batch * out_shape(c.shape).count(), "dy");
    CHECK(as_in_files(run(c, x, dy, false).max_gradient, in_shape(c.shape)) ==
          reference::max_pool_backward(c.shape, c.batch, as_in_files(x, in_shape(c.shape)),
                                       as_in_files(dy, out_shape(c.shape))));
  };
  check({1, 20, 30}, {1, 40, 61}, {1, 2, 2});
  check({7, 6, 7}, {15, 13, 7}, {2, 2, 1});
}

TEST_CASE("values at the places of maxima are the transpose of a pool's gradient") {
  for (const Case& c : random_cases(60)) {
    const PoolShape& s = c.shape;
    const Shape in = in_shape(s), out = out_shape(s);
    INFO(in.str() << " to " << out.str() << ", kernel " << s.kernel.str(true));
    const Floats x = random_floats(c.batch * in.count(), "x");
    const Floats values = random_floats(c.batch * in.count(), "values");
    Floats places = poisoned(c.batch * max_pool_places(s));
    Floats y = poisoned(c.batch * out.count()), found = poisoned(c.batch * out.count());
    max_pool(s, c.batch, x.data(), y.data(), places.data());
    max_pool_at(s, c.batch, values.data(), places.data(), false, found.data());
    const Doubles in_order = as_in_files(values, in);
    Doubles expected;
    for (const size_t at : reference::max_pool_indices(s, c.batch, as_in_files(x, in))) {
      expected.push_back(in_order[at]);
    }
    CHECK(as_in_files(found, out) == expected);
  }
}

}  // namespace cnn
