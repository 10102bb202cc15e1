// What comes with the commands: models, data descriptions, scripts. It stands in $CNN_SHARE, in
// share/cnn beside the commands' folder, or, in a build folder, in the sources.
#pragma once

#include <string>
#include <vector>

namespace cnn {

// These folders, best first.
std::vector<std::string> shared_folders();
// "models/lenet5.yaml" there; empty if there is none.
std::string find_shared(const std::string& path);

}  // namespace cnn
