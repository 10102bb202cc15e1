// PyTorch's own files of a state dict: what torch.save(model.state_dict(), FILE) writes, in both
// of its formats.
//
//   since 1.6  a ZIP archive of members stored as they are: NAME/data.pkl, the pickle of the dict,
//              NAME/data/KEY, the numbers of a storage, NAME/byteorder
//   before     pickles of a magic number, of the version, of the machine's sizes, of the dict and
//   of
//              a list of keys; then for each key 8 bytes count and the numbers of its storage
//
// Nothing of the pickle is executed (io/pickle.h). Layout: torch/serialization.py.
#pragma once

#include <string>
#include <string_view>

#include "io/tensor_reader.h"

namespace cnn {

// Where the file holds a dict under 'state_dict', 'model_state_dict' or 'model' and no tensors
// beside it, the tensors of that; entries that are no tensors are left out. Tensors may share
// numbers, and may be transposed or parts of others. Exit::kInput, "FILE: at byte N: ...", also for
// an expanded tensor, which has more numbers than the file, and for a file that holds objects of
// other classes. An archive's checksums are checked: the pickle's
// here, the numbers' by verify(); the older format has none.
class TorchReader : public TensorReader {
 public:
  explicit TorchReader(const std::string& path);

 private:
  void read_archive();
  void read_stream();
};

// Whether a file that begins so is one of torch.save, or at least an archive or a pickle.
bool is_torch_file(std::string_view head);

}  // namespace cnn
