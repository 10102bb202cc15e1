// What the pickle of a state dict says: which tensors there are, and in which storages their
// numbers are.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "io/pickle.h"
#include "io/tensor_reader.h"

namespace cnn::detail {

// A row of numbers of one type, which tensors look at; a file knows it by its key.
struct TorchStorage {
  std::string key;
  std::string type;           // "torch.FloatStorage"
  uint64_t number_bytes = 0;  // of one number
  uint64_t count = 0;         // of the whole row
  uint64_t first = 0;         // of the numbers that are meant, in the row
  uint64_t at = 0;            // the byte of the file that says so
};

// All that the pickle names. Exit::kInput at `path`.
std::vector<TorchStorage> torch_storages(const Pickle& pickle, const std::string& path);

// The byte of the file where the numbers of a storage begin; all of them are within the file.
using StorageBegin = std::function<uint64_t(const TorchStorage& storage)>;

// The tensors of the state dict that the pickle holds, in its order.
std::vector<SafeTensor> torch_tensors(const Pickle& pickle, const std::string& path,
                                      const StorageBegin& begin);

// For read_pickle: refuses names of Python's that no state dict needs.
CheckGlobal torch_globals(const std::string& path);

}  // namespace cnn::detail
