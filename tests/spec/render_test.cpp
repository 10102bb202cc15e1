#include "spec/render.h"

#include "spec/model_spec.h"
#include "spec/spec_support.h"
#include "spec/yaml.h"
#include "support/catch.h"

using namespace cnn;

namespace {

const char* const kBase = R"(name: base
vars: {classes: 10}
layers:
  - {conv: 6, kernel: 5, name: c1}
  - {linear: $classes, name: out}
train:
  epochs: 10
  optimizer: {sgd: 0.1, momentum: 0.9}
)";

// Without the temporary folder's name.
std::string shortened(std::string text, const std::string& folder) {
  for (size_t at; (at = text.find(folder)) != std::string::npos;) text.erase(at, folder.size());
  return text;
}

}  // namespace

TEST_CASE("each value is rendered with the line that it comes from") {
  const TemporaryFolder folder;
  folder.file("base.yaml", kBase);
  const std::string path = folder.file("own.yaml",
                                       "extends: base.yaml\n"
                                       "name: own\n"
                                       "input: {image: [3, 8, 8]}\n"
                                       "train:\n"
                                       "  optimizer: {momentum: 0}\n");
  const ModelSpec spec = load_model(path, {"train.epochs=3"}, test_vocabulary());
  CHECK(shortened(render_with_origins(spec.root), folder.str() + "/") ==
        "name: own                           # own.yaml:2\n"
        "vars: {classes: 10}                 # base.yaml:2\n"
        "layers:\n"
        "  - {conv: 6, kernel: 5, name: c1}  # base.yaml:4\n"
        "  - {linear: $classes, name: out}   # base.yaml:5\n"
        "train:\n"
        "  epochs: 3                         # command line: train.epochs=3\n"
        "  optimizer:\n"
        "    sgd: 0.1                        # base.yaml:8\n"
        "    momentum: 0                     # own.yaml:5\n"
        "input: {image: [3, 8, 8]}           # own.yaml:3\n");
}

TEST_CASE("a rendered file reads back as the same tree") {
  const std::vector<std::string> cases = {
      kBase, "a: [[1, 2], [3,\n 4]]\nb: [{c: 1,\n d: [5,\n 6]}, ~, []]\ne: {}\n",
      "'a b: c': \"quoted # text\"\nd: 'null'\n~x: \"line\\nbreak\"\n",
      "long: [" + std::string(40, 'x') + ", " + std::string(40, 'y') + ", " + std::string(40, 'z') +
          "]\n",
      "list:\n  -\n    - {a: 1,\n       b: 2}\n    - 3\n"};
  for (const std::string& text : cases) {
    const Node tree = parse_text(text);
    const std::string rendered = render_with_origins(tree);
    INFO(rendered);
    CHECK(same_tree(tree, parse_text(rendered)));
  }
}

TEST_CASE("values without a place have no comment") {
  CHECK(render_with_origins(Node::map({{"root", {}, Node::scalar("/data")}})) == "root: /data\n");
}
