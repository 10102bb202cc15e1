// What the command tests share: a small model on the built-in digits.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "support/process.h"

namespace cnn {

// A model file that trains in about a second: 400 digits, batches of 20, three epochs.
std::string small_model();

// The numbers of a weights file by name: what must be the same bits.
std::map<std::string, std::string> tensors_of(const std::string& safetensors);

// The last line of `text` as JSON.
Json last_json(const std::string& text);

}  // namespace cnn
