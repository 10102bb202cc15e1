// Convolution algorithms against the naive version in double: all three products, over NaN-poisoned
// results and scratch, the same bits on 1 to 4 threads.
#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <vector>

#include "kernels/conv/conv.h"
#include "kernels/numbers.h"
#include "reference/conv.h"
#include "support/catch.h"

namespace cnn {

struct ConvCase {
  ConvShape shape;
  int64_t batch = 1;
};

inline std::string describe(const ConvCase& c) {
  const ConvShape& s = c.shape;
  const auto text = [](const Extents& e) { return e.str(true); };
  return fmt::format(
      "batch {} {} of {} -> {} of {}, kernel {} stride {} pad {} dilation {} groups {}", c.batch,
      s.in_channels, text(s.in), s.out_channels, text(s.out), text(s.kernel), text(s.stride),
      text(s.pad), text(s.dilation), s.groups);
}

// Sets the output's size; `extra` more windows hang over the edges behind.
inline ConvCase finished(ConvCase c, const Extents& extra = Extents::all(0)) {
  ConvShape& s = c.shape;
  const auto windows = [&](int64_t Extents::*axis) {
    return (s.in.*axis + 2 * s.pad.*axis - (s.kernel.*axis - 1) * s.dilation.*axis - 1) /
               s.stride.*axis +
           1 + extra.*axis;
  };
  s.out = {windows(&Extents::d), windows(&Extents::h), windows(&Extents::w)};
  return c;
}

inline ConvShape shape_of(int64_t in, int64_t out, int64_t side, int64_t kernel, int64_t pad,
                          int64_t stride = 1) {
  ConvShape s;
  s.in_channels = in;
  s.out_channels = out;
  s.in = Extents::picture(side, side);
  s.kernel = Extents::picture(kernel, kernel);
  s.pad = Extents::picture_pad(pad, pad);
  s.stride = Extents::picture(stride, stride);
  return s;
}

// Random operands of a case and the exact products of them.
class ConvChecker {
 public:
  explicit ConvChecker(const ConvCase& c)
      : shape_(c.shape),
        batch_(c.batch),
        x_(random_floats(c.batch * c.shape.in_count(), "x")),
        w_(random_floats(c.shape.weight_count(), "w")),
        bias_(random_floats(c.shape.out_channels, "bias")),
        dy_(random_floats(c.batch * c.shape.out_count(), "dy")) {}

  // The largest error of any result, relative to its largest number, which shall be the same on up
  // to `most` threads.
  double forward(const ConvForward& algorithm, int most = 4) {
    if (sums_.empty()) {
      sums_ = reference::conv(shape_, batch_, as_in_files(x_, in()), in_files(w_), {});
    }
    Floats derived = poisoned(algorithm.derived());
    algorithm.derive(w_.data(), derived.data());
    const float* w = algorithm.derived() > 0 ? nullptr : w_.data();
    double worst = 0;
    for (const Ending& ending : endings(largest(sums_))) {
      const Doubles expected = with_ending(sums_, ending);
      const auto run = [&](Floats& y, ConvMemory memory) {
        memory.derived = derived.data();
        const float* residual = ending.in_place ? y.data() : dy_.data();
        algorithm.run(batch_, x_.data(), w,
                      {ending.bias ? bias_.data() : nullptr, ending.residual ? residual : nullptr,
                       ending.rectifier},
                      y.data(), memory);
      };
      const Floats before = ending.in_place ? dy_ : poisoned(batch_ * shape_.out_count());
      worst = std::max(
          worst,
          relative_error(as_in_files(on_threads(algorithm, before, most, run), out()), expected));
      most = 1;  // the endings make no difference to how work is cut
    }
    return worst;
  }

  double backward_data(const ConvBackwardData& algorithm, int most = 4) {
    if (dx_.empty()) {
      dx_ = reference::conv_backward_data(shape_, batch_, as_in_files(dy_, out()), in_files(w_));
    }
    double worst = 0;
    for (const bool add : {true, false}) {
      const auto run = [&](Floats& y, const ConvMemory& memory) {
        algorithm.run(batch_, dy_.data(), w_.data(), add, y.data(), memory);
      };
      const Floats before = add ? x_ : poisoned(batch_ * shape_.in_count());
      const Doubles found = as_in_files(on_threads(algorithm, before, add ? most : 1, run), in());
      worst = std::max(worst, relative_error(found, add ? sum(dx_, as_in_files(x_, in())) : dx_));
    }
    return worst;
  }

  double backward_weights(const ConvBackwardWeights& algorithm, int most = 4) {
    if (dw_.empty()) {
      dw_ = reference::conv_backward_weights(shape_, batch_, as_in_files(x_, in()),
                                             as_in_files(dy_, out()));
    }
    double worst = 0;
    for (const bool add : {true, false}) {
      const auto run = [&](Floats& y, const ConvMemory& memory) {
        algorithm.run(batch_, x_.data(), dy_.data(), add, y.data(), memory);
      };
      const Floats before = add ? w_ : poisoned(shape_.weight_count());
      const Doubles found = in_files(on_threads(algorithm, before, add ? most : 1, run));
      worst = std::max(worst, relative_error(found, add ? sum(dw_, in_files(w_)) : dw_));
    }
    return worst;
  }

 private:
  // What may follow the sums, alone and together.
  struct Ending {
    bool bias, residual, in_place;
    Rectifier rectifier;
  };
  static std::vector<Ending> endings(float largest) {
    return {{true, false, false, {}},
            {false, false, false, {}},
            {true, true, false, Rectifier::relu(largest / 2)},
            {false, true, true, {0.25f}},
            {true, true, true, Rectifier::relu()}};
  }
  Doubles with_ending(Doubles y, const Ending& ending) const {
    const Doubles residual = as_in_files(dy_, out());
    const auto pixels = static_cast<size_t>(shape_.out_pixels());
    for (size_t i = 0; i < y.size(); ++i) {
      if (ending.bias) y[i] += static_cast<double>(bias_[i / pixels % bias_.size()]);
      if (ending.residual) y[i] += residual[i];
      const auto slope = static_cast<double>(ending.rectifier.slope);
      y[i] = y[i] <= 0 ? slope * y[i] : std::min(y[i], static_cast<double>(ending.rectifier.cap));
    }
    return y;
  }

  // What `run` makes of `before`; checks that the number of threads does not matter.
  template <class Algorithm, class Run>
  static Floats on_threads(const Algorithm& algorithm, const Floats& before, int most, Run run) {
    Floats first;
    for (const Threading& threading : kThreadings) {
      if (threading.threads > most) continue;
      const WithThreads with(threading);
      Floats threads = poisoned(threading.threads * algorithm.scratch().per_thread);
      Floats once = poisoned(algorithm.scratch().once);
      Floats result = before;
      run(result, ConvMemory{threads.data(), once.data()});
      if (first.empty()) first = result;
      CHECK(same_bits(first, result));
    }
    return first;
  }

  static float largest(const Doubles& values) {
    double most = 0;
    for (const double v : values) most = std::max(most, std::abs(v));
    return static_cast<float>(most);
  }
  static Doubles sum(Doubles a, const Doubles& b) {
    for (size_t i = 0; i < a.size(); ++i) a[i] += b[i];
    return a;
  }
  Shape in() const { return {shape_.in_channels, shape_.in.d, shape_.in.h, shape_.in.w}; }
  Shape out() const { return {shape_.out_channels, shape_.out.d, shape_.out.h, shape_.out.w}; }

  // Stored [taps, in / groups, out] to the file's [out, in / groups, taps].
  Doubles in_files(const Floats& stored) const {
    Doubles result(stored.size());
    for (int64_t tap = 0; tap < shape_.taps(); ++tap) {
      for (int64_t i = 0; i < shape_.group_in(); ++i) {
        for (int64_t o = 0; o < shape_.out_channels; ++o) {
          result[static_cast<size_t>((o * shape_.group_in() + i) * shape_.taps() + tap)] =
              static_cast<double>(stored[static_cast<size_t>(
                  (tap * shape_.group_in() + i) * shape_.out_channels + o)]);
        }
      }
    }
    return result;
  }

  ConvShape shape_;
  int64_t batch_;
  Floats x_, w_, bias_, dy_;
  Doubles sums_, dx_, dw_;  // exact, once they have been asked for
};

// Checks the products that there is an algorithm for; the number of them.
inline int check(const ConvCase& c, const std::unique_ptr<ConvForward>& forward,
                 const std::unique_ptr<ConvBackwardData>& data,
                 const std::unique_ptr<ConvBackwardWeights>& weights, double limit = 3e-6) {
  INFO(describe(c));
  ConvChecker checker(c);
  if (forward) CHECK(checker.forward(*forward) < limit);
  if (data) CHECK(checker.backward_data(*data) < limit);
  if (weights) CHECK(checker.backward_weights(*weights) < limit);
  return (forward ? 1 : 0) + (data ? 1 : 0) + (weights ? 1 : 0);
}

}  // namespace cnn
