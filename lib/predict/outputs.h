// OutputFiles: the named outputs of a network for all samples, as DIR/OUTPUT.npy.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "data/standardise.h"
#include "graph/graph.h"
#include "io/npy.h"
#include "tensor/view.h"

namespace cnn {

// The name of a file without its folder and ending; numbered from the second one of it on.
std::string unique_name(const std::string& path, std::map<std::string, int>& used);

// [N,...] in the order of files. A list is [N,most,...], filled up with 0; of one whose length
// varies OUTPUT_items.npy [N] says how many there are.
class OutputFiles {
 public:
  // Makes the folder. Outputs that are compared with fields of `standards` are brought back to what
  // these were.
  OutputFiles(const Graph& graph, const std::string& folder, int64_t samples,
              const Standards& standards = {});

  // A batch of n samples: `value` gives a value of it, with the starts of a list.
  void append(int64_t n, const std::function<ConstView(int value)>& value);
  // The files appear. Their paths.
  std::vector<std::string> commit();

 private:
  struct File {
    int value = -1;
    Shape shape;
    int64_t most = 1;
    bool varies = false;
    Standard standard = {};
    std::vector<std::unique_ptr<NpyWriter>> writers =
        {};  // the numbers, and the counts where it varies
  };
  std::vector<File> files_;
  std::vector<std::string> paths_;
};

}  // namespace cnn
