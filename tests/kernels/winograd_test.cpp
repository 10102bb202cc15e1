#include "kernels/conv/winograd.h"

#include "kernels/conv/algorithms.h"
#include "kernels/conv_check.h"

namespace cnn {
namespace {

int check_winograd(const WinogradTransform& transform, const ConvCase& c, double limit = 5e-6) {
  return check(c, make_winograd_forward(transform, c.shape),
               make_winograd_backward_data(transform, c.shape),
               make_winograd_backward_weights(transform, c.shape), limit);
}

const std::vector<const WinogradTransform*> kTransforms = {
    &kWinograd2x2, &kWinograd4x4, &kWinograd3x3of4, &kWinograd2x2of5, &kWinograd4x4of5};

}  // namespace

// Enough tiles that threads take blocks of them, and channels beyond the blocks.
TEST_CASE("winograd convolution in many blocks matches the reference") {
  ConvCase strip{shape_of(54, 290, 600, 3, 1)};
  strip.shape.in.h = 1;
  for (const ConvCase& c :
       {finished({shape_of(5, 20, 37, 3, 1), 3}), finished({shape_of(3, 290, 6, 3, 1), 2}),
        finished({shape_of(290, 3, 6, 3, 1), 2}), finished({shape_of(70, 150, 5, 3, 1), 2}),
        finished(strip)}) {
    CHECK(check_winograd(kWinograd4x4, c) == 3);
    CHECK(check_winograd(kWinograd2x2, c) == 3);
  }
  for (const ConvCase& c :
       {finished({shape_of(20, 37, 41, 5, 2), 2}), finished({shape_of(70, 150, 5, 5, 2), 2})}) {
    CHECK(check_winograd(kWinograd2x2of5, c) == 3);
    CHECK(check_winograd(kWinograd4x4of5, c, 2e-5) == 3);
  }
}

// Stated in lib/kernels/README.md.
TEST_CASE("winograd convolution over many channels rounds a few times more than im2col") {
  for (const WinogradTransform* transform : kTransforms) {
    const ConvCase c = finished({shape_of(256, 16, 8, transform->taps, 1)});
    ConvChecker checker(c);
    const double plain = checker.forward(*make_im2col_forward(c.shape));
    const double winograd = checker.forward(*make_winograd_forward(*transform, c.shape));
    INFO(transform->name << " " << transform->taps << ": " << winograd << ", im2col " << plain);
    CHECK(plain < 3e-6);
    CHECK(winograd < (transform->side() == 4 ? 2e-6 : transform->side() == 6 ? 5e-6 : 2.5e-5));
  }
}

TEST_CASE("winograd convolution accepts no stride, dilation or other kernel") {
  for (const WinogradTransform* transform : kTransforms) {
    ConvCase c = finished({shape_of(16, 16, 12, transform->taps, 1)});
    CHECK(winograd_accepts(*transform, c.shape));
    c.shape.stride.w = 2;
    CHECK_FALSE(winograd_accepts(*transform, c.shape));
    c.shape.stride.w = 1;
    c.shape.dilation.h = 2;
    CHECK_FALSE(winograd_accepts(*transform, c.shape));
    c.shape.dilation.h = 1;
    c.shape.kernel.h = transform->taps + 1;
    CHECK_FALSE(winograd_accepts(*transform, c.shape));
    CHECK_FALSE(make_winograd_forward(*transform, c.shape));
  }
}

}  // namespace cnn
