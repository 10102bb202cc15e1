// ModelSpec: a model file after `include`, `extends` and the command line's overrides; `edit` and
// everything that needs layers (blocks, repeat, if, expressions in layers) is the builder's.
// Syntax only: no layers, no memory.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "spec/expression.h"
#include "spec/node.h"

namespace cnn {

// One entry of `input:`. A list gives sizes: {image: [1, 28, 28]}; a map says more:
//   {text: {steps: 100, classes: 65}}                    100 class numbers
//   {frames: {steps: {most: 16}, shape: [3, 64, 64]}}    up to 16 pictures
struct ModelInput {
  std::string name;
  std::vector<int64_t> sizes;  // of one item
  int64_t steps = 0;           // items; 0: no list
  bool varies = false;         // `steps` is the most that there can be
  int64_t classes = 0;         // the numbers are classes below this; 0: any numbers
  Mark mark;
};

struct ModelSpec {
  std::string path;  // as given
  std::string name;  // `name:`, or the file's stem
  Node root;         // the merged map; unknown top-level keys are already reported
  Node vars;         // evaluated: a map of plain values

  const Node* section(std::string_view key) const { return root.find(key); }
  std::string directory() const;   // of the file; "." for the current one
  std::vector<ModelInput> inputs;  // in order
};

// The op names that stand in maps ({sgd: 0.1, momentum: 0.9}); the caller fills it, because this
// folder knows no layers. They decide whether a merge patches an op or replaces it.
struct Vocabulary {
  std::vector<std::string> layers;  // losses too
  std::vector<std::string> initialisers;
  std::vector<std::string> optimizers;
  std::vector<std::string> schedules;
};

// The value of variables alone, for sections outside `layers` (train, data, loss).
class VariableScope : public Scope {
 public:
  explicit VariableScope(const Node& vars) : vars_(vars) {}
  const Node* value(std::string_view name) const override { return vars_.find(name); }
  std::optional<int64_t> axis(std::string_view, char) const override { return std::nullopt; }
  std::vector<std::string> names() const override;

 private:
  const Node& vars_;
};

// Reads a model file. `overrides` are "key.path=value" as on the command line, value a YAML value;
// list elements are reached by number. Shorter paths are applied first. The same key twice is
// Exit::kUsage. Throws Error.
//
// `data: NAME` is left as it is here, but an override below `data.` first replaces the name by the
// file's map, as load_data_section does.
ModelSpec load_model(const std::string& path, const std::vector<std::string>& overrides,
                     const Vocabulary& vocabulary);

// What a user's word for a model stands for: a file, else models/WORD.yaml here, else the one that
// came with the commands; the word itself if there is none.
std::string find_model_file(const std::string& word);
// Likewise, but a bare word that stands for nothing is Exit::kInput, with the nearest name.
std::string require_model_file(const std::string& word);

// The file of a data set's bare name: beside the model file, in its ../data, in the installed share
// (CNN_SHARE or ../share/cnn relative to the executable). Empty if there is none.
std::string find_data_file(const std::string& name, const std::string& model_directory);

// The data section as a map: a bare name gives the map of its file, with `root` (an absolute
// folder) added; variables are evaluated. Null if there is none. Throws for an unknown name, and
// lists the data sets that there are.
Node load_data_section(const ModelSpec& spec);

// Merge rules of the language, shared by `extends`, overrides and `edit`: maps merge deeply, lists
// and scalars are replaced, `~` deletes (but below `edit` and a block's `args` it is a value).
// Under the keys `loss`, `optimizer`, `schedule`, `init` and `act`, a map that names another op
// than the old one replaces it whole. A `data` map with another `format` drops the old one's keys
// but `val shuffle limit input_name target_name`.
void merge(Node& target, const Node& patch, const Vocabulary& vocabulary);

}  // namespace cnn
