#include "kernels/patches.h"

#include "kernels/numbers.h"
#include "reference/conv.h"
#include "support/catch.h"

namespace cnn {
namespace {

ConvShape shape_of(int64_t image_channels, int64_t channels, const Extents& grid,
                   const Extents& kernel) {
  ConvShape s;
  s.in_channels = image_channels;
  s.in = {grid.d * kernel.d, grid.h * kernel.h, grid.w * kernel.w};
  s.out_channels = channels;
  s.out = grid;
  s.kernel = s.stride = kernel;
  return s;
}

// Stored [kh, kw, in, out] to the file's [out, in, kh, kw].
Doubles weights_as_in_files(const ConvShape& s, const Floats& stored) {
  Doubles out;
  for (int64_t o = 0; o < s.out_channels; ++o) {
    for (int64_t i = 0; i < s.in_channels; ++i) {
      for (int64_t tap = 0; tap < s.taps(); ++tap) {
        out.push_back(stored[static_cast<size_t>((tap * s.in_channels + i) * s.out_channels + o)]);
      }
    }
  }
  return out;
}

Doubles sum(Doubles a, const Doubles& b) {
  for (size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}

// The three products on 1, 2 and 3 threads over poisoned memory.
class Check {
 public:
  Check(const ConvShape& shape, int64_t batch)
      : s_(shape),
        batch_(batch),
        patches_(shape),
        image_shape_{shape.in_channels, shape.in.h, shape.in.w},
        value_shape_{shape.out_channels, shape.out.h, shape.out.w},
        image_(random_floats(batch * shape.in_count(), "image")),
        values_(random_floats(batch * shape.out_count(), "values")),
        w_(random_floats(shape.weight_count(), "w")),
        bias_(random_floats(shape.in_channels, "bias")) {}

  void run() {
    const Doubles w = weights_as_in_files(s_, w_);
    const Doubles image = as_in_files(image_, image_shape_);
    const Doubles values = as_in_files(values_, value_shape_);
    const Doubles spread = reference::conv_backward_data(s_, batch_, values, w);
    compare("spread", poisoned(batch_ * s_.in_count()), image_shape_, spread,
            [&](Floats& out, ConvMemory memory) {
              patches_.spread(batch_, values_.data(), w_.data(), nullptr, out.data(), memory);
            });
    Doubles biased = spread;
    for (size_t i = 0; i < biased.size(); ++i) {
      biased[i] += bias_[i / static_cast<size_t>(s_.in.h * s_.in.w) % bias_.size()];
    }
    compare("spread with bias", poisoned(batch_ * s_.in_count()), image_shape_, biased,
            [&](Floats& out, ConvMemory memory) {
              patches_.spread(batch_, values_.data(), w_.data(), bias_.data(), out.data(), memory);
            });
    const Doubles gathered = reference::conv(s_, batch_, image, w, {});
    const Doubles gradient = reference::conv_backward_weights(s_, batch_, image, values);
    for (const bool add : {false, true}) {
      INFO("adding: " << add);
      compare("gather", add ? values_ : poisoned(batch_ * s_.out_count()), value_shape_,
              add ? sum(gathered, values) : gathered, [&](Floats& out, ConvMemory memory) {
                patches_.gather(batch_, image_.data(), w_.data(), add, out.data(), memory);
              });
      check_weights(add, add ? sum(gradient, w) : gradient);
    }
  }

 private:
  template <class Run>
  void compare(const char* what, const Floats& before, const Shape& shape, const Doubles& expected,
               Run run) {
    INFO(what);
    Floats first;
    for (const Threading& threading : kThreadings) {
      const WithThreads with(threading);
      Floats scratch = poisoned(threading.threads * patches_.scratch().per_thread), out = before;
      run(out, {scratch.data(), nullptr});
      if (first.empty()) first = out;
      CHECK(relative_error(as_in_files(out, shape), expected) < 3e-6);
      CHECK(same_bits(first, out));
    }
  }

  void check_weights(bool add, const Doubles& expected) {
    Floats first;
    for (const Threading& threading : kThreadings) {
      const WithThreads with(threading);
      Floats scratch = poisoned(patches_.weights_scratch().once);
      Floats dw = add ? w_ : poisoned(s_.weight_count());
      patches_.weights(batch_, image_.data(), values_.data(), add, dw.data(),
                       {nullptr, scratch.data()});
      if (first.empty()) first = dw;
      CHECK(relative_error(weights_as_in_files(s_, dw), expected) < 3e-6);
      CHECK(same_bits(first, dw));
    }
  }

  ConvShape s_;
  int64_t batch_;
  Patches patches_;
  Shape image_shape_, value_shape_;
  Floats image_, values_, w_, bias_;
};

}  // namespace

TEST_CASE("patches match the reference") {
  Check(shape_of(16, 16, {1, 1, 1}, {1, 2, 2}), 1).run();
  Check(shape_of(17, 19, {1, 3, 5}, {1, 2, 2}), 3).run();
  Check(shape_of(16, 33, {1, 4, 3}, {1, 1, 3}), 2).run();
  Check(shape_of(18, 16, {1, 2, 3}, {1, 3, 2}), 2).run();
  Check(shape_of(137, 20, {1, 13, 11}, {1, 2, 2}), 2).run();  // more than one tile each way
  Check(shape_of(16, 530, {1, 5, 4}, {1, 2, 2}), 1).run();
  Check(shape_of(64, 16, {1, 65, 64}, {1, 2, 2}), 1).run();  // several products for the weights
}

TEST_CASE("patches are taken where they cover the image and channels are many") {
  ConvShape s = shape_of(64, 64, {1, 4, 4}, {1, 2, 2});
  CHECK(Patches::accepts(s));
  ConvShape left_over = s;
  left_over.in.h = 9;
  CHECK_FALSE(Patches::accepts(left_over));
  ConvShape overlapping = s;
  overlapping.kernel = {1, 3, 3};
  CHECK_FALSE(Patches::accepts(overlapping));
  ConvShape grouped = s;
  grouped.groups = 2;
  CHECK_FALSE(Patches::accepts(grouped));
  CHECK_FALSE(Patches::accepts(shape_of(64, 64, {4, 4, 4}, {2, 2, 2})));  // volumes
  CHECK_FALSE(Patches::accepts(shape_of(1, 64, {1, 4, 4}, {1, 2, 2})));
}

}  // namespace cnn
