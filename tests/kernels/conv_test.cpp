#include "kernels/conv/conv.h"

#include "kernels/conv/algorithms.h"
#include "kernels/conv/direct_pixels.h"
#include "kernels/conv/slices.h"
#include "kernels/conv_check.h"
#include "kernels/simd.h"

namespace cnn {
namespace {

// Odd sizes: strides that do not fit, one channel, kernels as large as the image, groups.
std::vector<ConvCase> random_cases(int count) {
  RandomSequence random(Rng(5, "convolutions"));
  const auto below = [&](uint64_t n) { return static_cast<int64_t>(random.below(n)); };
  const int64_t per_group[] = {1, 2, 3, 5, 8, 17};
  std::vector<ConvCase> cases;
  while (static_cast<int>(cases.size()) < count) {
    ConvCase c;
    ConvShape& s = c.shape;
    s.groups = below(3) == 0 ? 1 + below(4) : 1;
    s.in_channels = s.groups * per_group[below(6)];
    s.out_channels = s.groups * per_group[below(6)];
    s.kernel = {1, 1 + below(5), 1 + below(5)};
    s.stride = {1, 1 + below(3), 1 + below(3)};
    s.dilation = {1, 1 + below(2), 1 + below(2)};
    s.pad = {0, below(4), below(4)};
    s.in.h = (s.kernel.h - 1) * s.dilation.h + 1 + below(8);
    s.in.w = (s.kernel.w - 1) * s.dilation.w + 1 + below(8);
    c.batch = 1 + below(3);
    cases.push_back(finished(c, {0, below(2), below(2)}));
  }
  return cases;
}

// Volumes of the same kind: one slice, kernels of one slice, windows that hang over.
std::vector<ConvCase> random_volumes(int count) {
  RandomSequence random(Rng(6, "convolutions of volumes"));
  const auto below = [&](uint64_t n) { return static_cast<int64_t>(random.below(n)); };
  const int64_t per_group[] = {1, 2, 3, 8, 17};
  std::vector<ConvCase> cases;
  while (static_cast<int>(cases.size()) < count) {
    ConvCase c;
    ConvShape& s = c.shape;
    s.groups = below(3) == 0 ? 1 + below(3) : 1;
    s.in_channels = s.groups * per_group[below(5)];
    s.out_channels = s.groups * per_group[below(5)];
    s.kernel = {1 + below(4), 1 + below(3), 1 + below(3)};
    s.stride = {1 + below(3), 1 + below(3), 1 + below(3)};
    s.dilation = {1 + below(2), 1 + below(2), 1 + below(2)};
    s.pad = {below(3), below(3), below(3)};
    const auto size = [&](int64_t kernel, int64_t dilation, int64_t pad) {
      return std::max<int64_t>(1, (kernel - 1) * dilation + 1 - 2 * pad) + below(4);
    };
    s.in = {size(s.kernel.d, s.dilation.d, s.pad.d), size(s.kernel.h, s.dilation.h, s.pad.h),
            size(s.kernel.w, s.dilation.w, s.pad.w)};
    c.batch = 1 + below(3);
    cases.push_back(finished(c, {below(2), below(2), below(2)}));
  }
  return cases;
}

// Of a cube.
ConvShape volume_of(int64_t in, int64_t out, int64_t side, const Extents& kernel,
                    const Extents& pad, const Extents& stride = Extents::all(1)) {
  ConvShape s;
  s.in_channels = in;
  s.out_channels = out;
  s.in = Extents::all(side);
  s.kernel = kernel;
  s.pad = pad;
  s.stride = stride;
  return s;
}

std::vector<ConvCase> named_volumes() {
  const Extents one = Extents::all(1), three = Extents::all(3);
  std::vector<ConvCase> cases = {
      finished({volume_of(1, 8, 12, three, one), 2}),
      finished({volume_of(16, 32, 6, three, one, Extents::all(2)), 2}),
      finished({volume_of(70, 40, 4, three, one), 2}),  // a weight too large for partial sums
      finished({volume_of(16, 17, 9, {1, 3, 3}, {0, 1, 1}), 2}),  // slice by slice
      finished({volume_of(3, 8, 9, {1, 5, 5}, {0, 2, 2}, {1, 2, 2}), 2}),
      finished({volume_of(16, 16, 7, {3, 1, 1}, {1, 0, 0}), 2}),
      finished({volume_of(20, 30, 5, one, Extents::all(0)), 2}),  // pointwise
      finished({volume_of(20, 30, 5, one, Extents::all(0), Extents::all(2)), 2}),
      finished({volume_of(2, 3, 1, three, one), 1}),  // all but one tap in the padding
      finished({volume_of(2, 3, 1, one, {1, 0, 0}, {3, 1, 1}), 1}),  // padding alone
  };
  ConvCase depthwise{volume_of(19, 19, 6, three, one), 2};
  depthwise.shape.groups = 19;
  cases.push_back(finished(depthwise));
  depthwise.shape.kernel = {1, 3, 3};
  depthwise.shape.pad = {0, 1, 1};
  cases.push_back(finished(depthwise));
  return cases;
}

// Shapes of real networks, and ones that cross the limits of blocks, parts and slices.
std::vector<ConvCase> named_cases() {
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

std::vector<ConvCase> all_cases() {
  std::vector<ConvCase> cases = named_cases();
  for (const ConvCase& c : random_cases(60)) cases.push_back(c);
  return cases;
}

}  // namespace

TEST_CASE("whatever algorithm accepts a named shape matches the reference") {
  int checked = 0;
  for (const ConvCase& c : named_cases()) {
    CHECK(check(c, make_im2col_forward(c.shape), make_im2col_backward_data(c.shape),
                make_im2col_backward_weights(c.shape)) == 3);
    checked += check(c, make_pointwise_forward(c.shape), make_pointwise_backward_data(c.shape),
                     make_pointwise_backward_weights(c.shape));
    checked += check(c, make_direct_forward(c.shape), make_direct_backward_data(c.shape),
                     make_direct_backward_weights(c.shape));
  }
  CHECK(checked >= 15);
}

TEST_CASE(
    "gradients of many weights, summed in fewer parts and cut by channels, match the reference") {
  if (kLanes<WideVector> < 8) return;  // im2col serves them
  for (const ConvShape& shape :
       {shape_of(64, 128, 9, 3, 1, 2), shape_of(256, 500, 5, 1, 0), shape_of(512, 560, 5, 1, 0)}) {
    const ConvCase c = finished({shape, 3});
    CHECK(check(c, nullptr, nullptr, make_direct_backward_weights(c.shape)) == 1);
  }
}

TEST_CASE("depthwise convolution of wide images matches the reference") {
  for (const int64_t kernel : {2, 3, 5}) {
    for (const int64_t stride : {1, 2}) {
      ConvCase c{shape_of(37, 37, 13, kernel, kernel / 2, stride), 2};
      c.shape.groups = 37;
      c = finished(c);
      CHECK(check(c, make_depthwise_forward(c.shape), make_depthwise_backward_data(c.shape),
                  make_depthwise_backward_weights(c.shape)) == 3);
    }
  }
}

TEST_CASE("some algorithm accepts every convolution") {
  for (const ConvCase& c : all_cases()) {
    CHECK(check(c, pick_conv_forward(c.shape), pick_conv_backward_data(c.shape),
                pick_conv_backward_weights(c.shape)) == 3);
  }
}

TEST_CASE("some algorithm accepts every convolution of volumes, and im2col does") {
  std::vector<ConvCase> cases = named_volumes();
  for (const ConvCase& c : random_volumes(80)) cases.push_back(c);
  for (const ConvCase& c : cases) {
    CHECK(check(c, pick_conv_forward(c.shape), pick_conv_backward_data(c.shape),
                pick_conv_backward_weights(c.shape)) == 3);
    CHECK(check(c, make_im2col_forward(c.shape), make_im2col_backward_data(c.shape),
                make_im2col_backward_weights(c.shape)) == 3);
  }
}

TEST_CASE("what is for pictures refuses volumes") {
  std::vector<ConvCase> cases = named_volumes();
  for (const ConvCase& c : random_volumes(80)) cases.push_back(c);
  for (const ConvCase& c : cases) {
    const ConvShape& s = c.shape;
    if (s.is_picture()) continue;
    INFO(describe(c));
    CHECK_FALSE(make_direct_forward(s));
    CHECK_FALSE(make_direct_backward_data(s));
    CHECK_FALSE(make_direct_backward_weights(s));
    CHECK_FALSE(make_direct_pixels_forward(s));
    CHECK_FALSE(make_depthwise_forward(s));
    CHECK_FALSE(make_depthwise_backward_data(s));
    CHECK_FALSE(make_depthwise_backward_weights(s));
    CHECK_FALSE(make_winograd_forward(s));
    CHECK_FALSE(make_winograd_backward_data(s));
    CHECK_FALSE(make_winograd_backward_weights(s));
    CHECK_FALSE(make_winograd_strided_forward(s));
    CHECK_FALSE(make_winograd_strided_backward_weights(s));
    CHECK(bool(make_slices_forward(s, false)) == s.has_lone_slices());
  }
}

TEST_CASE("a volume whose slices stand alone is so many pictures") {
  const auto of = [](const ConvShape& s, bool exact = false) {
    const auto forward = pick_conv_forward(finished({s}).shape, exact);
    return forward->name() + (": " + forward->why());
  };
  const Extents flat{1, 3, 3}, sides{0, 1, 1};
  CHECK(of(volume_of(64, 64, 16, flat, sides)) ==
        "winograd 4x4: 4.0x fewer products, slice by slice");
  CHECK(of(volume_of(16, 16, 16, flat, sides), true) ==
        "direct: only 2,304 weights, slice by slice");
  CHECK(of(volume_of(256, 64, 4, Extents::all(1), Extents::all(0))) ==
        "pointwise: 1x1: one matrix product, slice by slice");
  CHECK(of(volume_of(16, 8, 7, {3, 1, 1}, {1, 0, 0}, {2, 1, 1})) ==
        "im2col: none faster for 3x1x1, stride 2x1x1, 16x7x7x7 to 8x4x7x7");
}

TEST_CASE("an algorithm is chosen by shape and says why") {
  struct Row {
    ConvShape shape;
    std::string name, why;  // of forward; with vectors of 8 floats and more
  };
  ConvShape depthwise = finished({shape_of(32, 32, 14, 3, 1)}).shape;
  depthwise.groups = 32;
  // In a portable build the library has longer vectors than its tests.
  const bool wide =
      make_direct_pixels_forward(finished({shape_of(1, 6, 28, 5, 2)}).shape) != nullptr;
  for (const Row& row : std::vector<Row>{
           {depthwise, "depthwise", "every channel a group of its own"},
           {finished({shape_of(64, 64, 56, 3, 1)}).shape, "winograd 4x4", "4.0x fewer products"},
           {finished({shape_of(64, 64, 14, 3, 1)}).shape, "winograd 4x4", "3.1x fewer products"},
           {finished({shape_of(64, 64, 2, 3, 1)}).shape, "winograd 2x2", "2.2x fewer products"},
           {finished({shape_of(3, 16, 32, 3, 1)}).shape, "direct", "few channels: 3 to 16"},
           {finished({shape_of(3, 64, 224, 11, 2, 4)}).shape, "winograd 4x4",
            "stride folded into 48 channels, 3.2x fewer products"},
           {finished({shape_of(3, 64, 224, 7, 3, 2)}).shape, "winograd 3x3",
            "stride folded into 12 channels, 3.0x fewer products"},
           {finished({shape_of(256, 64, 4, 1, 0)}).shape, "pointwise", "1x1: one matrix product"},
           {finished({shape_of(256, 256, 7, 3, 1, 2)}).shape, "im2col",
            "none faster for 3x3, stride 2, 256x7x7 to 256x4x4"}}) {
    const auto forward = pick_conv_forward(row.shape);
    CHECK(forward->name() == row.name);
    CHECK(forward->why() == row.why);
    CHECK_FALSE(pick_conv_backward_data(row.shape)->why().empty());
    CHECK_FALSE(pick_conv_backward_weights(row.shape)->why().empty());
  }
  const auto rows = pick_conv_forward(finished({shape_of(64, 128, 56, 3, 1, 2)}).shape);
  CHECK(rows->name() == std::string(wide ? "direct" : "im2col"));
  if (wide) CHECK(rows->why() == "rows of 28 pixels reuse the weights");
  // Four grids: 1, 2, 2 and 4 of the nine taps.
  const auto strided = pick_conv_backward_data(finished({shape_of(16, 32, 32, 3, 1, 2)}).shape);
  CHECK(strided->why() == "only 4,608 weights");
  const auto pixels = pick_conv_forward(finished({shape_of(1, 6, 28, 5, 2)}).shape);
  CHECK(pixels->name() == std::string(wide ? "direct over pixels" : "direct"));
  CHECK(pixels->why() == (wide ? "1 channel into 6" : "few channels: 1 to 6"));
}

TEST_CASE("working memory for gradients of large weights is bounded") {
  const ConvCase c = finished({shape_of(512, 512, 7, 3, 1), 1});
  const ConvScratch gathered = make_im2col_backward_weights(c.shape)->scratch();
  CHECK(gathered.once < c.shape.weight_count());
  CHECK(gathered.per_thread < c.shape.weight_count() / 4);
  const ConvScratch picked = pick_conv_backward_weights(c.shape)->scratch();
  CHECK(picked.once + 4 * picked.per_thread < 8 << 20);
}

}  // namespace cnn
