// A file of tensors of any format that is read: safetensors, and what torch.save writes.
#pragma once

#include <memory>
#include <string>

#include "io/tensor_reader.h"

namespace cnn {

// The reader for what the file is by its content, whatever its name says.
std::unique_ptr<TensorReader> open_tensors(const std::string& path);

}  // namespace cnn
