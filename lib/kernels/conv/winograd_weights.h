// Gradients of weights by Winograd: dw = G^T [ sum over tiles of (B^T x B) . (A dy A^T) ] G.
#pragma once

#include <cstdint>

#include "kernels/conv/conv.h"
#include "kernels/conv/winograd_product.h"
#include "kernels/conv/winograd_tiles.h"

namespace cnn {

class WinogradWeights {
 public:
  WinogradWeights(const WinogradTransform& transform, const WinogradImage& input,
                  const WinogradImage& output, const Extents& pad, int64_t groups);

  const WinogradTransform& transform() const { return transform_; }
  ConvScratch scratch() const;
  void run(int64_t batch, const float* x, const float* dy, bool add, float* dw,
           const ConvMemory& memory) const;

 private:
  // One group's channels, and of its output channels those that are summed together.
  struct Job {
    const float* x;
    const float* dy;
    bool add;
    float* dw;
    int64_t channels;
    bool first;  // of its group
  };
  // Tiles that are transformed together, and the memory for them.
  struct Room {
    int64_t tiles = 0;
    float* inputs = nullptr;
    float* outputs = nullptr;
  };

  int64_t group_in() const { return tiles_.input().channels / groups_; }
  int64_t group_out() const { return tiles_.output().channels / groups_; }
  static int64_t position_floats(int64_t panels, int64_t tiles);
  int64_t input_floats(int64_t tiles) const;
  int64_t output_floats(int64_t tiles) const;
  int64_t sum_floats() const;  // of one partial sum
  Room lend(int64_t tiles, float* memory) const;

  void gather_inputs(const Job& job, const Room& room, int64_t first, int64_t begin,
                     int64_t end) const;
  void gather_outputs(const Job& job, const Room& room, int64_t first, int64_t begin,
                      int64_t end) const;
  void multiply(const Job& job, const Room& room, int64_t count, int64_t position, int64_t begin,
                int64_t end, bool add, float* sums) const;
  void run_parts(const Job& job, int64_t tiles, const ConvMemory& memory) const;
  void run_together(const Job& job, int64_t tiles, float* memory) const;
  void scatter(const Job& job, const float* sums) const;

  const WinogradTransform& transform_;
  WinogradTiles tiles_;
  int64_t groups_;
  int64_t panels_ = 1;        // of output channels that are summed together
  int64_t parts_ = 0;         // partial sums; 0: the threads share one
  int64_t shared_tiles_ = 0;  // of a block of all threads
};

}  // namespace cnn
