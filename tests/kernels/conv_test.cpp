#include "kernels/conv/conv.h"

#include <fmt/format.h>

#include "kernels/conv/algorithms.h"
#include "kernels/numbers.h"
#include "reference/conv.h"
#include "support/catch.h"

namespace cnn {
namespace {

struct Case {
  ConvShape shape;
  int64_t batch = 1;
};

std::string describe(const Case& c) {
  const ConvShape& s = c.shape;
  return fmt::format(
      "batch {} [{},{},{}] -> [{},{},{}] kernel {}x{} stride {}x{} pad {}x{} dilation {}x{} groups "
      "{}",
      c.batch, s.in_channels, s.in_height, s.in_width, s.out_channels, s.out_height, s.out_width,
      s.kernel.h, s.kernel.w, s.stride.h, s.stride.w, s.pad.h, s.pad.w, s.dilation.h, s.dilation.w,
      s.groups);
}

// Sets the output's size; `extra` more windows hang over the lower and right edges.
Case finished(Case c, Pair extra = {0, 0}) {
  ConvShape& s = c.shape;
  s.out_height =
      (s.in_height + 2 * s.pad.h - (s.kernel.h - 1) * s.dilation.h - 1) / s.stride.h + 1 + extra.h;
  s.out_width =
      (s.in_width + 2 * s.pad.w - (s.kernel.w - 1) * s.dilation.w - 1) / s.stride.w + 1 + extra.w;
  return c;
}

// Odd sizes: strides that do not fit, one channel, kernels as large as the image, groups.
std::vector<Case> random_cases(int count) {
  RandomSequence random(Rng(5, "convolutions"));
  const auto below = [&](uint64_t n) { return static_cast<int64_t>(random.below(n)); };
  const int64_t per_group[] = {1, 2, 3, 5, 8, 17};
  std::vector<Case> cases;
  while (static_cast<int>(cases.size()) < count) {
    Case c;
    ConvShape& s = c.shape;
    s.groups = below(3) == 0 ? 1 + below(4) : 1;
    s.in_channels = s.groups * per_group[below(6)];
    s.out_channels = s.groups * per_group[below(6)];
    s.kernel = {1 + below(5), 1 + below(5)};
    s.stride = {1 + below(3), 1 + below(3)};
    s.dilation = {1 + below(2), 1 + below(2)};
    s.pad = {below(4), below(4)};
    s.in_height = (s.kernel.h - 1) * s.dilation.h + 1 + below(8);
    s.in_width = (s.kernel.w - 1) * s.dilation.w + 1 + below(8);
    c.batch = 1 + below(3);
    cases.push_back(finished(c, {below(2), below(2)}));
  }
  return cases;
}

ConvShape shape_of(int64_t in, int64_t out, int64_t side, int64_t kernel, int64_t pad,
                   int64_t stride = 1) {
  ConvShape s;
  s.in_channels = in;
  s.out_channels = out;
  s.in_height = s.in_width = side;
  s.kernel = {kernel, kernel};
  s.pad = {pad, pad};
  s.stride = {stride, stride};
  return s;
}

// Shapes of real networks, and ones that cross the limits of blocks, parts and slices.
std::vector<Case> named_cases() {
  return {
      finished({shape_of(1, 6, 28, 5, 2), 3}),      // LeNet-5
      finished({shape_of(6, 16, 14, 5, 0), 3}),     //
      finished({shape_of(3, 20, 37, 7, 3, 2), 1}),  // a stem
      finished({shape_of(20, 30, 9, 1, 0), 2}),     // pointwise
      finished({shape_of(20, 30, 9, 1, 0, 2), 2}),
      finished({shape_of(3, 48, 12, 4, 0, 4), 2}),  // patches
      finished({shape_of(70, 130, 5, 3, 1), 2}),    // a weight too large for partial sums
      finished({shape_of(300, 4, 6, 3, 1), 1}),
      finished({shape_of(2, 40, 50, 3, 1), 1}),  // several blocks of rows
      finished({shape_of(1, 1, 3, 1, 0, 3), 1}),
  };
}

template <class Algorithm>
struct Memory {
  explicit Memory(const Algorithm& algorithm)
      : threads(poisoned(cnn::threads() * algorithm.scratch().per_thread)),
        once(poisoned(algorithm.scratch().once)) {}
  ConvMemory lend() { return {threads.data(), once.data(), derived.data()}; }
  Floats threads, once, derived;
};

Shape in_shape(const ConvShape& s) { return {s.in_channels, s.in_height, s.in_width}; }
Shape out_shape(const ConvShape& s) { return {s.out_channels, s.out_height, s.out_width}; }

struct Values {
  Floats x, w, bias, dy;
  explicit Values(const Case& c)
      : x(random_floats(c.batch * c.shape.in_count(), "x")),
        w(random_floats(c.shape.weight_count(), "w")),
        bias(random_floats(c.shape.out_channels, "bias")),
        dy(random_floats(c.batch * c.shape.out_count(), "dy")) {}
};

// Stored [kh, kw, in / groups, out] to the file's [out, in / groups, kh, kw].
Doubles weights_as_in_files(const ConvShape& s, const Floats& stored) {
  Doubles out(stored.size());
  for (int64_t tap = 0; tap < s.taps(); ++tap) {
    for (int64_t i = 0; i < s.group_in(); ++i) {
      for (int64_t o = 0; o < s.out_channels; ++o) {
        out[static_cast<size_t>((o * s.group_in() + i) * s.taps() + tap)] =
            stored[static_cast<size_t>((tap * s.group_in() + i) * s.out_channels + o)];
      }
    }
  }
  return out;
}

double largest_error(const Doubles& found, const Doubles& expected) {
  double error = found.size() == expected.size() ? 0 : INFINITY;
  for (size_t i = 0; i < found.size(); ++i) {
    const double apart = std::abs(found[i] - expected[i]);
    error = apart < INFINITY ? std::max(error, apart) : INFINITY;
  }
  return error;
}

// What may follow the sums, alone and together.
struct Ending {
  bool bias, residual, in_place;
  Rectifier rectifier;
};

// The results, and the largest of the sums that they are made of.
struct Expected {
  Doubles y;
  double largest = 1e-3;
};

Expected with_ending(const Case& c, const Values& v, const Ending& ending) {
  Doubles y =
      reference::conv(c.shape, c.batch, as_in_files(v.x, in_shape(c.shape)),
                      weights_as_in_files(c.shape, v.w), ending.bias ? doubles(v.bias) : Doubles{});
  const Doubles residual = as_in_files(v.dy, out_shape(c.shape));
  double largest = 1e-3;
  for (const double sum : y) largest = std::max(largest, std::abs(sum));
  for (size_t i = 0; i < y.size(); ++i) {
    if (ending.residual) y[i] += residual[i];
    const auto slope = static_cast<double>(ending.rectifier.slope);
    y[i] = y[i] <= 0 ? slope * y[i] : std::min(y[i], static_cast<double>(ending.rectifier.cap));
  }
  return {y, largest};
}

void check_forward(const Case& c, const ConvForward& algorithm) {
  const Values v(c);
  for (const Ending& ending :
       {Ending{true, false, false, {}}, Ending{false, false, false, {}},
        Ending{true, true, false, Rectifier::relu(0.5f)}, Ending{false, true, true, {0.25f}},
        Ending{true, true, true, Rectifier::relu()}}) {
    const Expected expected = with_ending(c, v, ending);
    Floats first;
    for (const int count : {1, 2, 3}) {
      const WithThreads with(count);
      Memory memory(algorithm);
      memory.derived = poisoned(algorithm.derived());
      algorithm.derive(v.w.data(), memory.derived.data());
      Floats y = ending.in_place ? v.dy : poisoned(c.batch * c.shape.out_count());
      const Epilogue epilogue{ending.bias ? v.bias.data() : nullptr,
                              ending.in_place   ? y.data()
                              : ending.residual ? v.dy.data()
                                                : nullptr,
                              ending.rectifier};
      const float* w = algorithm.derived() > 0 ? nullptr : v.w.data();
      algorithm.run(c.batch, v.x.data(), w, epilogue, y.data(), memory.lend());
      if (first.empty()) first = y;
      CHECK(largest_error(as_in_files(y, out_shape(c.shape)), expected.y) <
            3e-6 * expected.largest);
      CHECK(same_bits(first, y));
    }
  }
}

void check_backward_data(const Case& c, const ConvBackwardData& algorithm) {
  const Values v(c);
  for (const bool add : {true, false}) {
    Doubles expected = reference::conv_backward_data(
        c.shape, c.batch, as_in_files(v.dy, out_shape(c.shape)), weights_as_in_files(c.shape, v.w));
    const Doubles before = as_in_files(v.x, in_shape(c.shape));
    for (size_t i = 0; i < expected.size() && add; ++i) expected[i] += before[i];
    Floats first;
    for (const int count : {1, 2, 3}) {
      const WithThreads with(count);
      Memory memory(algorithm);
      Floats dx = add ? v.x : poisoned(c.batch * c.shape.in_count());
      algorithm.run(c.batch, v.dy.data(), v.w.data(), add, dx.data(), memory.lend());
      if (first.empty()) first = dx;
      CHECK(relative_error(as_in_files(dx, in_shape(c.shape)), expected) < 3e-6);
      CHECK(same_bits(first, dx));
    }
  }
}

void check_backward_weights(const Case& c, const ConvBackwardWeights& algorithm) {
  const Values v(c);
  for (const bool add : {true, false}) {
    Doubles expected =
        reference::conv_backward_weights(c.shape, c.batch, as_in_files(v.x, in_shape(c.shape)),
                                         as_in_files(v.dy, out_shape(c.shape)));
    const Doubles before = weights_as_in_files(c.shape, v.w);
    for (size_t i = 0; i < expected.size() && add; ++i) expected[i] += before[i];
    Floats first;
    for (const int count : {1, 2, 3}) {
      const WithThreads with(count);
      Memory memory(algorithm);
      Floats dw = add ? v.w : poisoned(c.shape.weight_count());
      algorithm.run(c.batch, v.x.data(), v.dy.data(), add, dw.data(), memory.lend());
      if (first.empty()) first = dw;
      CHECK(relative_error(weights_as_in_files(c.shape, dw), expected) < 3e-6);
      CHECK(same_bits(first, dw));
    }
  }
}

// Runs all three products of the algorithms that accept the case; the number of those that did.
int check(const Case& c, std::unique_ptr<ConvForward> forward,
          std::unique_ptr<ConvBackwardData> data, std::unique_ptr<ConvBackwardWeights> weights) {
  INFO(describe(c));
  if (forward) check_forward(c, *forward);
  if (data) check_backward_data(c, *data);
  if (weights) check_backward_weights(c, *weights);
  return (forward ? 1 : 0) + (data ? 1 : 0) + (weights ? 1 : 0);
}

std::vector<Case> all_cases() {
  std::vector<Case> cases = named_cases();
  for (const Case& c : random_cases(60)) cases.push_back(c);
  return cases;
}

}  // namespace

TEST_CASE("convolution by gathered blocks matches the reference") {
  for (const Case& c : all_cases()) {
    CHECK(check(c, make_im2col_forward(c.shape), make_im2col_backward_data(c.shape),
                make_im2col_backward_weights(c.shape)) == 3);
  }
}

TEST_CASE("pointwise convolution matches the reference") {
  int checked = 0;
  for (const Case& c : all_cases()) {
    checked += check(c, make_pointwise_forward(c.shape), make_pointwise_backward_data(c.shape),
                     make_pointwise_backward_weights(c.shape));
  }
  CHECK(checked >= 3);
}

TEST_CASE("depthwise convolution matches the reference") {
  int checked = 0;
  for (Case c : all_cases()) {
    if (c.shape.in_channels == 1) continue;
    c.shape.groups = c.shape.out_channels = c.shape.in_channels;
    checked += check(c, make_depthwise_forward(c.shape), make_depthwise_backward_data(c.shape),
                     make_depthwise_backward_weights(c.shape));
  }
  CHECK(checked >= 120);
}

TEST_CASE("direct convolution matches the reference") {
  int checked = 0;
  for (const Case& c : all_cases()) {
    checked += check(c, make_direct_forward(c.shape), make_direct_backward_data(c.shape),
                     make_direct_backward_weights(c.shape));
  }
  CHECK(checked >= 60);
}

TEST_CASE("some algorithm accepts every convolution") {
  for (const Case& c : all_cases()) {
    CHECK(check(c, pick_conv_forward(c.shape), pick_conv_backward_data(c.shape),
                pick_conv_backward_weights(c.shape)) == 3);
  }
}

TEST_CASE("working memory for gradients of large weights stays below the weight itself") {
  const Case c = finished({shape_of(512, 512, 7, 3, 1), 1});
  const auto weights = pick_conv_backward_weights(c.shape);
  CHECK(weights->scratch().once < c.shape.weight_count());
  CHECK(weights->scratch().per_thread < c.shape.weight_count() / 4);
}

}  // namespace cnn
