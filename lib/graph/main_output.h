// What a network's main output means: the value that its first loss reads, as that loss takes it.
// Metrics, predictions, confusion matrices and drawings ask this, not which loss it is.
#pragma once

#include <cstdint>
#include <optional>

#include "graph/graph.h"

namespace cnn {

struct MainOutput {
  enum class Meaning {
    kClassScores,  // for each position one score a class; the target holds class numbers
    kNumbers,      // to come near to the target's, number by number
  };

  int value = -1;
  int target = -1;  // value
  Meaning meaning = Meaning::kNumbers;
  Link link = Link::kNone;         // what makes probabilities of it
  std::optional<int64_t> ignored;  // targets of this class, or number, count nowhere

  bool is_classes() const { return meaning == Meaning::kClassScores; }
  // Scores before the sigmoid, where probabilities shall come near to the target.
  bool is_before_sigmoid() const { return meaning == Meaning::kNumbers && link == Link::kSigmoid; }
};

// Nothing if the graph has no loss, or its first one no target.
std::optional<MainOutput> main_output(const Graph& graph);

// The main output if it is scores [C] of whole samples' classes; else -1.
int sample_scores(const Graph& graph);

}  // namespace cnn
