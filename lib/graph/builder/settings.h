// Settings: the common keys that concern parameters: `init`, `lr_mult`, `decay_mult`, `freeze`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graph/parameter_store.h"
#include "spec/node.h"
#include "spec/options.h"

namespace cnn {

// `freeze`: what stays as it is. Of true the statistics of batch norm too.
enum class Freeze { kNothing, kWeights, kAll };
CNN_OPTION_TYPE(Freeze);
inline bool freezes(Freeze freeze, const ParameterRequest& request) {
  return freeze == Freeze::kAll || (freeze == Freeze::kWeights && request.learned);
}

}  // namespace cnn

namespace cnn::build {

// One factor for all parameters of a layer, or some by name: {weight: 1, bias: 2}.
struct Multiplier {
  std::optional<double> all;
  struct Named {
    std::string parameter;
    Mark mark;
    double factor = 1;
  };
  std::vector<Named> by_name;

  bool is_given() const { return all || !by_name.empty(); }
  std::optional<double> of(const std::string& parameter) const;
};

struct Settings {
  std::optional<Node> init;  // an op, or a map by parameter name
  Multiplier lr_mult;
  Multiplier decay_mult;
  std::optional<Freeze> freeze;

  // What is not set here, from `weaker`.
  Settings over(const Settings& weaker) const;
};

bool is_setting(std::string_view key);
// Reads one of the four keys; its value is evaluated. False after a report.
bool read_setting(Settings& settings, const Entry& entry, Diagnostics& diagnostics);

// Reports names in the item's own multipliers that no parameter of the layer has.
bool check_multipliers(const Settings& own, const std::vector<ParameterRequest>& parameters,
                       Diagnostics& diagnostics);

// Who says what a layer's parameters start as, strongest first.
struct InitChain {
  const Node* own = nullptr;        // the item's
  const Node* inherited = nullptr;  // a block's, seq's or branch's around it
  const Node* fallback = nullptr;   // `defaults`
};

// Replaces the initialisers of a layer's parameters. An op concerns the weights proper (rank 2 and
// more), not biases; for a layer that has none (batch norm) its `weight`, unless inherited. A map
// names the parameters. False after a report.
bool apply_init(const InitChain& chain, std::vector<ParameterRequest>& parameters,
                Diagnostics& diagnostics);

}  // namespace cnn::build
