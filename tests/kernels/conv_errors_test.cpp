// Every convolution algorithm over hundreds of random shapes: its errors against the naive version
// in double, beside those of im2col on the same numbers, within the bound of its kind. Prints them
// as a table (lib/kernels/README.md quotes it).

#include "kernels/conv/algorithms.h"
#include "kernels/conv/direct_pixels.h"
#include "kernels/conv/winograd.h"
#include "kernels/conv_check.h"
#include "kernels/simd.h"

namespace cnn {
namespace {

constexpr int kCases = 200;      // of every direction
constexpr int kAttempts = 2500;  // shapes that are not accepted included

struct Draw {
  RandomSequence random;
  int64_t below(uint64_t n) { return static_cast<int64_t>(random.below(n)); }
  int64_t one_of(const std::vector<int64_t>& values) {
    return values[static_cast<size_t>(random.below(values.size()))];
  }
};

// Odd sizes: strides that do not fit, one channel, kernels as large as the image, padding beyond
// the kernel, windows that hang over the edge, batch 1.
ConvCase sized(Draw& draw, ConvCase c, int64_t room) {
  ConvShape& s = c.shape;
  const auto side = [&](int64_t kernel, int64_t dilation, int64_t pad) {
    return std::max<int64_t>(1, (kernel - 1) * dilation + 1 - 2 * pad) +
           draw.below(static_cast<uint64_t>(room));
  };
  s.in.h = side(s.kernel.h, s.dilation.h, s.pad.h);
  s.in.w = side(s.kernel.w, s.dilation.w, s.pad.w);
  c.batch = 1 + draw.below(3);
  return finished(c, {0, draw.below(2), draw.below(2)});
}

ConvCase draw_any(Draw& draw) {
  ConvCase c;
  ConvShape& s = c.shape;
  s.groups = draw.below(3) == 0 ? 1 + draw.below(4) : 1;
  s.in_channels = s.groups * draw.one_of({1, 2, 3, 5, 8, 17});
  s.out_channels = s.groups * draw.one_of({1, 2, 3, 5, 8, 17});
  s.kernel = {1, 1 + draw.below(5), 1 + draw.below(5)};
  s.stride = {1, 1 + draw.below(3), 1 + draw.below(3)};
  s.dilation = {1, 1 + draw.below(2), 1 + draw.below(2)};
  s.pad = {0, draw.below(4), draw.below(4)};
  return sized(draw, c, 8);
}

ConvCase draw_pointwise(Draw& draw) {
  ConvCase c;
  c.shape.in_channels = 1 + draw.below(70);
  c.shape.out_channels = 1 + draw.below(70);
  c = sized(draw, c, 14);
  return finished(c);
}

ConvCase draw_depthwise(Draw& draw) {
  ConvCase c = draw_any(draw);
  c.shape.groups = c.shape.out_channels = c.shape.in_channels = 2 + draw.below(40);
  return c;
}

ConvCase draw_one_channel(Draw& draw) {
  ConvCase c;
  ConvShape& s = c.shape;
  s.out_channels = 1 + draw.below(8);
  s.kernel = {1, 1 + draw.below(7), 1 + draw.below(7)};
  s.stride.h = 1 + draw.below(3);
  s.dilation.h = 1 + draw.below(2);
  s.pad = {0, draw.below(4), draw.below(4)};
  return sized(draw, c, 45);
}

ConvCase draw_winograd(Draw& draw, int64_t taps) {
  ConvCase c;
  ConvShape& s = c.shape;
  s.groups = draw.below(4) == 0 ? 2 : 1;
  s.in_channels = s.groups * draw.one_of({1, 2, 5, 16, 19, 32, 37});
  s.out_channels = s.groups * draw.one_of({1, 2, 5, 16, 19, 32, 37});
  s.kernel = {1, taps, taps};
  s.pad = {0, draw.below(static_cast<uint64_t>(taps + 1)),
           draw.below(static_cast<uint64_t>(taps + 1))};
  return sized(draw, c, 9);
}

// Kernels of three or four strides, with and without a stride.
ConvCase draw_folded(Draw& draw) {
  ConvCase c;
  ConvShape& s = c.shape;
  s.in_channels = draw.one_of({1, 2, 3, 4, 5, 19});
  s.out_channels = draw.one_of({1, 5, 16, 19, 37});
  s.stride = {1, 1 + draw.below(4), 1 + draw.below(4)};
  const int64_t taps = 3 + draw.below(2);
  s.kernel = {1, taps * s.stride.h - draw.below(static_cast<uint64_t>(s.stride.h)),
              taps * s.stride.w - draw.below(static_cast<uint64_t>(s.stride.w))};
  s.pad = {0, draw.below(static_cast<uint64_t>(s.kernel.h + 1)),
           draw.below(static_cast<uint64_t>(s.kernel.w + 1))};
  return sized(draw, c, 24);
}

struct Algorithms {
  std::unique_ptr<ConvForward> forward;
  std::unique_ptr<ConvBackwardData> data;
  std::unique_ptr<ConvBackwardWeights> weights;
};

struct Kind {
  std::string name;
  ConvCase (*draw)(Draw&);
  Algorithms (*make)(const ConvShape&);
  double bound;  // of an error relative to the largest number
  bool has_data = true, has_weights = true;
};

template <const WinogradTransform& kTransform>
Algorithms make_winograd(const ConvShape& s) {
  return {make_winograd_forward(kTransform, s), make_winograd_backward_data(kTransform, s),
          make_winograd_backward_weights(kTransform, s)};
}

std::vector<Kind> all_kinds() {
  std::vector<Kind> kinds = {
      {"im2col", draw_any,
       [](const ConvShape& s) -> Algorithms {
         return {make_im2col_forward(s), make_im2col_backward_data(s),
                 make_im2col_backward_weights(s)};
       },
       1e-6},
      {"pointwise", draw_pointwise,
       [](const ConvShape& s) -> Algorithms {
         return {make_pointwise_forward(s), make_pointwise_backward_data(s),
                 make_pointwise_backward_weights(s)};
       },
       1e-6},
      {"depthwise", draw_depthwise,
       [](const ConvShape& s) -> Algorithms {
         return {make_depthwise_forward(s), make_depthwise_backward_data(s),
                 make_depthwise_backward_weights(s)};
       },
       1e-6},
      {"direct", draw_any,
       [](const ConvShape& s) -> Algorithms {
         return {make_direct_forward(s), make_direct_backward_data(s),
                 make_direct_backward_weights(s)};
       },
       1e-6},
      {"winograd 4x4 of 3x3", [](Draw& draw) { return draw_winograd(draw, 3); },
       make_winograd<kWinograd4x4>, 5e-6},
      {"winograd 2x2 of 3x3", [](Draw& draw) { return draw_winograd(draw, 3); },
       make_winograd<kWinograd2x2>, 3e-6},
      {"winograd 2x2 of 5x5", [](Draw& draw) { return draw_winograd(draw, 5); },
       make_winograd<kWinograd2x2of5>, 5e-6},
      {"winograd 4x4 of 5x5", [](Draw& draw) { return draw_winograd(draw, 5); },
       make_winograd<kWinograd4x4of5>, 2e-5},
      {"winograd 3x3 of 4x4", [](Draw& draw) { return draw_winograd(draw, 4); },
       make_winograd<kWinograd3x3of4>, 5e-6},
      {"winograd, strided", draw_folded,
       [](const ConvShape& s) -> Algorithms {
         return {make_folded_winograd_forward(s), nullptr,
                 make_folded_winograd_backward_weights(s)};
       },
       5e-6, false},
  };
  if (kLanes<WideVector> >= 8) {
    kinds.push_back({"direct over pixels", draw_one_channel,
                     [](const ConvShape& s) -> Algorithms {
                       return {make_direct_pixels_forward(s), nullptr, nullptr};
                     },
                     1e-6, false, false});
  }
  return kinds;
}

// The worst errors of an algorithm and of im2col, over so many cases.
struct Worst {
  int cases = 0;
  double own = 0, plain = 0;

  void add(double error, double of_plain) {
    ++cases;
    own = std::max(own, error);
    plain = std::max(plain, of_plain);
  }
  std::string str() const {
    return cases == 0 ? std::string(30, ' ')
                      : fmt::format("{:6d} {:10.1e} {:10.1e}  ", cases, own, plain);
  }
};

}  // namespace

TEST_CASE("every convolution algorithm keeps within its bound over hundreds of random shapes") {
  fmt::print("{:20}  {:29} {:29} {:29}\n{:20} {}\n", "", "forward", "backward to the data",
             "backward to the weights", "",
             fmt::format("{0}{0}{0}", " cases      worst     im2col  "));
  for (const Kind& kind : all_kinds()) {
    Draw draw{RandomSequence(Rng(5, kind.name))};
    Worst forward, data, weights;
    const auto is_done = [&] {
      return forward.cases >= kCases && (!kind.has_data || data.cases >= kCases) &&
             (!kind.has_weights || weights.cases >= kCases);
    };
    for (int i = 0; i < kAttempts && !is_done(); ++i) {
      const ConvCase c = kind.draw(draw);
      const Algorithms own = kind.make(c.shape);
      ConvChecker checker(c);
      INFO(kind.name << ": " << describe(c));
      const auto take = [&](Worst& worst, double error, double of_plain) {
        CHECK(error < kind.bound);
        worst.add(error, of_plain);
      };
      if (own.forward) {
        take(forward, checker.forward(*own.forward),
             checker.forward(*make_im2col_forward(c.shape), 1));
      }
      if (own.data) {
        take(data, checker.backward_data(*own.data),
             checker.backward_data(*make_im2col_backward_data(c.shape), 1));
      }
      if (own.weights) {
        take(weights, checker.backward_weights(*own.weights),
             checker.backward_weights(*make_im2col_backward_weights(c.shape), 1));
      }
    }
    fmt::print("{:20} {}{}{}\n", kind.name, forward.str(), data.str(), weights.str());
    CHECK(is_done());
  }
}

}  // namespace cnn
