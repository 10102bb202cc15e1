// The whole of a model file as one map: with its name, and its data set's file in place of the
// data set's name.
#pragma once

#include "spec/model_spec.h"

namespace cnn {

// What a run keeps as spec.yaml. A data set whose file is not here stays a name.
Node resolved_spec(const ModelSpec& spec);
// The same where the data map has been loaded (load_data).
Node resolved_spec(const ModelSpec& spec, const Node& data);

}  // namespace cnn
