// Ops: the words that may stand as an op in this model file: layer types, the file's own blocks,
// and the structures `seq` and `side`.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "layers/layer_type.h"
#include "spec/node.h"

namespace cnn::build {

// One entry of `blocks:` (rule 5).
struct Block {
  std::string name;
  Mark mark;
  std::vector<Entry> arguments;  // in order; null: required. The first is the primary one.
  Node layers;
  bool splice = false;
  bool is_broken = false;  // has errors, already reported: calls are skipped silently

  const Entry* argument(std::string_view name) const;
  std::vector<std::string> argument_names() const;
};

struct Op {
  enum class Kind { kLayer, kBlock, kSeq, kSide };
  Kind kind = Kind::kLayer;
  std::string name;
  const LayerType* layer = nullptr;
  const Block* block = nullptr;
  std::vector<std::string> options;  // or arguments of the block
  std::string primary;               // the option that the op's own value stands for, or empty

  bool has_option(std::string_view key) const;
  bool is_loss() const { return layer && layer->role == LayerType::Role::kLoss; }
  // Takes its inputs as its value: {add: [a, b]}.
  bool names_inputs() const { return layer && layer->inputs != LayerType::Inputs::kPrevious; }
  bool splices() const { return block && block->splice; }
  std::string describe() const;  // "layer 'conv'"
};

class Ops {
 public:
  // `blocks` is the section of that name, or null.
  Ops(const Node* blocks, Diagnostics& diagnostics);
  Ops(const Ops&) = delete;
  Ops& operator=(const Ops&) = delete;

  const Op* find(std::string_view name) const;
  std::vector<std::string> names() const;
  // Reports a word that is no op; `losses` tells which kind is due there.
  void report_unknown(const Mark& mark, const std::string& word, bool losses,
                      Diagnostics& diagnostics) const;
  // True if `word` is another tool's name of one of our layers, or near to one of ours.
  bool resembles(const std::string& word) const;
  // True if any layer or block knows this key.
  bool is_any_option(std::string_view key) const;

 private:
  void add_layer(const LayerType& type);
  void add_block(const Entry& entry, Diagnostics& diagnostics);
  const Op* other_tools_name(const std::string& word) const;

  std::deque<Block> blocks_;
  std::deque<Op> ops_;
  std::unordered_map<std::string, const Op*> by_name_;
};

// Keys that every item of `layers` understands (graph/language.h).
std::vector<std::string> common_key_names();
bool is_common_key(std::string_view key);
// Reports a key that is neither an option of the op nor one of `also_allowed`. `options` are a
// layer's, null for other ops.
void report_unknown_key(const Entry& entry, const Op& op, const Options* options,
                        const std::vector<std::string>& also_allowed, Diagnostics& diagnostics);

// [A-Za-z_][A-Za-z0-9_-]*, and neither `in` nor `prev`; reports otherwise.
bool check_name(const std::string& name, const Mark& mark, std::string_view what,
                Diagnostics& diagnostics);

}  // namespace cnn::build
