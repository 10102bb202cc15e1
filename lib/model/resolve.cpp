#include "model/resolve.h"

#include "data/catalogue.h"

namespace cnn {

Node resolved_spec(const ModelSpec& spec) {
  Node root = spec.root;
  if (!root.find("name")) {
    root.entries().insert(root.entries().begin(), {"name", {}, Node::scalar(spec.name, {}, true)});
  }
  if (!spec.section("data")) return root;
  try {
    root.set("data", portable_data(load_data(spec)));
  } catch (const Error&) {
    // To train with it is an error, to look at the file is not.
  }
  return root;
}

}  // namespace cnn
