#include "support/models.h"

#include "layers/catalog.h"
#include "layers/initializer.h"
#include "support/files.h"

namespace cnn {

ModelSpec spec_of(const std::string& yaml, const std::vector<std::string>& overrides) {
  const TemporaryFolder folder;
  const Vocabulary vocabulary = {layer_names(),
                                 Initializer::names(),
                                 {"sgd", "adam", "adamw"},
                                 {"constant", "step", "cosine"}};
  return load_model(folder.file("model.yaml", yaml), overrides, vocabulary);
}

}  // namespace cnn
