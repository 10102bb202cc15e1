// Model files written in tests as text.
#pragma once

#include <string>
#include <vector>

#include "spec/model_spec.h"

namespace cnn {

// The spec of `yaml`, read from a temporary file that is gone afterwards.
ModelSpec spec_of(const std::string& yaml, const std::vector<std::string>& overrides = {});

}  // namespace cnn
