// ParameterRules: `train.params`, multipliers and freezing by glob over weight names; the last
// match of each key wins (rule 11).
#pragma once

#include "graph/parameter_store.h"
#include "spec/model_spec.h"

namespace cnn::build {

// Applies the rules to the store. A glob that matches nothing is reported if `must_match`.
void apply_parameter_rules(const ModelSpec& spec, bool must_match, ParameterStore& store,
                           Diagnostics& diagnostics);

}  // namespace cnn::build
