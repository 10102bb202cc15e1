// The part that forward and backward to the data share: inputs to positions, products, positions to
// outputs.
#pragma once

#include <cstdint>

#include "kernels/conv/conv.h"
#include "kernels/conv/winograd_product.h"
#include "kernels/conv/winograd_tiles.h"

namespace cnn {

class WinogradCorrelation {
 public:
  WinogradCorrelation(const WinogradTransform& transform, const WinogradImage& input,
                      const WinogradImage& output, const Extents& pad, int64_t groups);

  const WinogradTransform& transform() const { return transform_; }
  ConvScratch scratch() const;
  // Transformed weights: [group, position, panel of output channels, input channel, kPanel].
  int64_t weight_floats() const { return groups_ * group_weight_floats(); }
  // From w [taps, taps, input channels of a group, output channels].
  void transform_weights(const float* w, float* to) const;
  // From w [taps, taps, output channels of a group, input channels], turned by 180 degrees: the
  // weights of the adjoint.
  void transform_adjoint_weights(const float* w, float* to) const;

  // epilogue.residual may be y.
  void run(int64_t batch, const float* x, const float* weights, const Epilogue& epilogue, float* y,
           const ConvMemory& memory) const;

 private:
  // Tiles that are transformed together, and the memory for them.
  struct Room {
    int64_t tiles = 0;
    int64_t panels = 0;  // of output channels between product and output
    float* inputs = nullptr;
    float* products = nullptr;
  };
  // What one group of channels computes.
  struct Job {
    const float* x;
    const float* weights;
    Epilogue epilogue;
    float* y;
  };

  int64_t group_in() const { return tiles_.input().channels / groups_; }
  int64_t group_out() const { return tiles_.output().channels / groups_; }
  int64_t group_weight_floats() const {
    return transform_.positions() * panel_count(group_out()) * group_in() * kPanel;
  }
  static int64_t position_floats(int64_t panels, int64_t tiles);
  int64_t input_floats(const Room& room) const;
  int64_t product_floats(const Room& room) const;
  Room lend(Room room, float* memory) const;

  void gather(const Job& job, const Room& room, int64_t first, int64_t begin, int64_t end) const;
  void multiply(const Job& job, const Room& room, int64_t count, int64_t position,
                int64_t first_panel, int64_t begin, int64_t end) const;
  void scatter(const Job& job, const Room& room, int64_t first, int64_t first_panel, int64_t panels,
               int64_t begin, int64_t end) const;
  void run_block(const Job& job, const Room& room, int64_t first, int64_t count, int64_t end) const;
  void run_together(const Job& job, const Room& room, int64_t tiles) const;

  const WinogradTransform& transform_;
  WinogradTiles tiles_;
  int64_t groups_;
  Room block_;     // of one thread
  Room together_;  // of all threads
};

}  // namespace cnn
