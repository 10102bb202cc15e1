#include "model/resolve.h"

#include "data/catalogue.h"

namespace cnn {

Node resolved_spec(const ModelSpec& spec, const Node& data) {
  Node root = spec.root;
  if (!root.find("name")) {
    root.entries().insert(root.entries().begin(), {"name", {}, Node::scalar(spec.name, {}, true)});
  }
  if (!data.is_null()) root.set("data", portable_data(data));
  return root;
}

Node resolved_spec(const ModelSpec& spec) {
  if (!spec.section("data")) return resolved_spec(spec, Node());
  Node data;
  try {
    data = load_data(spec);
  } catch (const Error&) {
    // To train with it is an error, to look at the file is not.
  }
  return resolved_spec(spec, data);
}

}  // namespace cnn
