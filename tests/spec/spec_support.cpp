#include "spec_support.h"

#include "spec/yaml.h"

namespace cnn {

Node parse_text(const std::string& text) {
  return parse_yaml(std::make_shared<Source>(Source{"test.yaml", text, ".", false}));
}

Error error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& e) {
    return e;
  }
  return Error(Exit::kOk, {});
}

bool same_tree(const Node& a, const Node& b) {
  if (a.kind() != b.kind() || a.text() != b.text() || a.quoted() != b.quoted()) return false;
  if (a.items().size() != b.items().size() || a.entries().size() != b.entries().size()) {
    return false;
  }
  for (size_t i = 0; i < a.items().size(); ++i) {
    if (!same_tree(a.items()[i], b.items()[i])) return false;
  }
  for (size_t i = 0; i < a.entries().size(); ++i) {
    if (a.entries()[i].key != b.entries()[i].key) return false;
    if (!same_tree(a.entries()[i].value, b.entries()[i].value)) return false;
  }
  return true;
}

Vocabulary test_vocabulary() {
  return {{"conv", "linear", "relu", "leaky_relu", "elu", "cross_entropy", "mse"},
          {"he_normal", "normal", "constant"},
          {"sgd", "adam"},
          {"constant", "cosine", "step"}};
}

}  // namespace cnn
