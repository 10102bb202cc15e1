#include "kernels/conv/conv.h"

#include "kernels/conv/algorithms.h"
#include "kernels/conv/direct_pixels.h"
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

TEST_CASE("convolution by gathered blocks matches the reference") {
  for (const ConvCase& c : all_cases()) {
    CHECK(check(c, make_im2col_forward(c.shape), make_im2col_backward_data(c.shape),
                make_im2col_backward_weights(c.shape)) == 3);
  }
}

TEST_CASE("pointwise convolution matches the reference") {
  int checked = 0;
  for (const ConvCase& c : all_cases()) {
    checked += check(c, make_pointwise_forward(c.shape), make_pointwise_backward_data(c.shape),
                     make_pointwise_backward_weights(c.shape));
  }
  CHECK(checked >= 3);
}

TEST_CASE("depthwise convolution matches the reference") {
  int checked = 0;
  for (ConvCase c : all_cases()) {
    if (c.shape.in_channels == 1) continue;
    c.shape.groups = c.shape.out_channels = c.shape.in_channels;
    checked += check(c, make_depthwise_forward(c.shape), make_depthwise_backward_data(c.shape),
                     make_depthwise_backward_weights(c.shape));
  }
  CHECK(checked >= 120);
}

TEST_CASE("direct convolution matches the reference") {
  int checked = 0;
  for (const ConvCase& c : all_cases()) {
    checked += check(c, make_direct_forward(c.shape), make_direct_backward_data(c.shape),
                     make_direct_backward_weights(c.shape));
  }
  CHECK(checked >= 60);
}

TEST_CASE("direct convolution of one channel over pixels matches the reference") {
  int checked = 0;
  for (const int64_t out : {1, 2, 3, 5, 6, 8, 9}) {
    for (const int64_t width : {5, 12, 17, 32, 37, 50}) {
      ConvCase c{shape_of(1, out, width, 1 + width % 5, width % 4), 2};
      c.shape.in_height = 11;
      c.shape.stride.h = 1 + out % 2;
      c.shape.dilation.h = 1 + width % 2;
      checked +=
          check(finished(c), make_direct_pixels_forward(finished(c).shape), nullptr, nullptr);
    }
  }
  CHECK(checked >= (kLanes<WideVector> >= 8 ? 24 : 0));
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

TEST_CASE("working memory for gradients of large weights is bounded") {
  const ConvCase c = finished({shape_of(512, 512, 7, 3, 1), 1});
  const ConvScratch gathered = make_im2col_backward_weights(c.shape)->scratch();
  CHECK(gathered.once < c.shape.weight_count());
  CHECK(gathered.per_thread < c.shape.weight_count() / 4);
  const ConvScratch picked = pick_conv_backward_weights(c.shape)->scratch();
  CHECK(picked.once + 4 * picked.per_thread < 8 << 20);
}

}  // namespace cnn
