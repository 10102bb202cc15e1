#include "support/models.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "layers/catalog.h"
#include "layers/initializer.h"

namespace cnn {

ModelSpec spec_of(const std::string& yaml, const std::vector<std::string>& overrides) {
  static int count = 0;
  namespace fs = std::filesystem;
  const fs::path folder = fs::temp_directory_path() /
                          ("cnn-model-" + std::to_string(getpid()) + "-" + std::to_string(count++));
  fs::create_directories(folder);
  const fs::path path = folder / "model.yaml";
  std::ofstream(path) << yaml;
  struct Remove {
    fs::path folder;
    ~Remove() { fs::remove_all(folder); }
  } const remove{folder};
  const Vocabulary vocabulary = {layer_names(),
                                 Initializer::names(),
                                 {"sgd", "adam", "adamw"},
                                 {"constant", "step", "cosine"}};
  return load_model(path.string(), overrides, vocabulary);
}

}  // namespace cnn
