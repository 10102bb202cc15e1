#include "io/open_tensors.h"

#include "io/file_kind.h"
#include "io/safetensors.h"
#include "io/torch_file.h"

namespace cnn {

std::unique_ptr<TensorReader> open_tensors(const std::string& path) {
  constexpr size_t kHead = 16;
  if (is_torch_file(head_of_file(path, kHead))) return std::make_unique<TorchReader>(path);
  return std::make_unique<SafetensorsReader>(path);
}

}  // namespace cnn
