// The op names of the language: layers, initialisers, optimizers and schedules.
#pragma once

#include "spec/model_spec.h"

namespace cnn {

// What load_model() needs to know which maps are ops.
Vocabulary vocabulary();

}  // namespace cnn
