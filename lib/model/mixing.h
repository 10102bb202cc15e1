// Mixer: pairs of training samples become mixtures of both, in their inputs and in what the losses
// want of them (`train.mixup`, `train.cutmix`).
//
//   mixup:  x = s x1 + (1 - s) x2
//   cutmix: x1 with a box of x2 in it
//
// Zhang et al. 2018, "mixup: beyond empirical risk minimization"; Yun et al. 2019, "CutMix:
// regularization strategy to train strong classifiers with localizable features".
//
// s is drawn from Beta(a, a), for cutmix as the share of the picture that is outside the box. Where
// both are asked for each pair gets one of them. Sample i of a batch is mixed with the one as far
// from its end, so that no other sample is read and every sample comes as often as ever; the first
// named is the one with the larger share, so that accuracy has a meaning. Targets that are numbers
// are mixed as well; class numbers stay, and losses read both with their shares (Call::shares).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/rng.h"
#include "data/loader.h"
#include "graph/graph.h"

namespace cnn {

struct MixRule {
  double mixup = 0;   // the Beta distribution's parameter; 0: off
  double cutmix = 0;  // likewise
  bool is_active() const { return mixup > 0 || cutmix > 0; }
};

// What in this network cannot be mixed, as the end of a sentence; nothing if all can.
std::optional<std::string> mixing_problem(const Graph& graph, const MixRule& rule);

class Mixer {
 public:
  // For a graph without a mixing_problem; fields are bound in its order.
  Mixer(const Graph& graph, const MixRule& rule, uint64_t seed);

  // Changes the batch where it lies. What is drawn depends on (seed, epoch, place in the epoch).
  void mix(const Batch& batch, int64_t epoch, int64_t batch_size);
  // Of the last batch, by sample.
  std::span<const float> shares() const { return shares_; }

 private:
  struct Box {
    int64_t top = 0, bottom = 0, left = 0, right = 0;
  };
  struct Mixed {
    float share = 1;
    std::optional<Box> box;  // cutmix: what lies in it changes places, or what lies outside
    bool swaps_outside = false;
  };
  Mixed draw(RandomSequence random) const;
  void mix_pair(const Mixed& mixed, const Batch& batch, int64_t a, int64_t b) const;

  const Graph& graph_;
  MixRule rule_;
  uint64_t seed_;
  int64_t height_ = 0, width_ = 0;  // of the pictures that are cut
  std::vector<float> shares_;
};

// A number of Beta(a, a), a > 0.
double draw_beta(double a, RandomSequence& random);

}  // namespace cnn
