// merge(): how `extends`, the command line and `edit` put one map over another (rule 10).

#include <algorithm>
#include <array>
#include <unordered_map>

#include "spec/model_spec.h"

namespace cnn {
namespace {

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// The ops that a map under `key` may name; null where maps name none.
const std::vector<std::string>* ops_under(std::string_view key, const Vocabulary& vocabulary) {
  if (key == "loss" || key == "act") return &vocabulary.layers;
  if (key == "init") return &vocabulary.initialisers;
  if (key == "optimizer") return &vocabulary.optimizers;
  if (key == "schedule") return &vocabulary.schedules;
  return nullptr;
}

const Entry* op_entry(const Node& map, const std::vector<std::string>& ops) {
  for (const Entry& e : map.entries()) {
    if (contains(ops, e.key)) return &e;
  }
  return nullptr;
}

// The old format's own keys say nothing about files of another one.
void drop_format_keys(Node& data) {
  static constexpr std::array<std::string_view, 5> kShared = {"val", "shuffle", "limit",
                                                              "input_name", "target_name"};
  std::erase_if(data.entries(), [](const Entry& e) {
    return std::find(kShared.begin(), kShared.end(), e.key) == kShared.end();
  });
}

class Merger {
 public:
  explicit Merger(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {}

  // `keeps_nulls`: here `~` is a value of its own, to be read later.
  void merge_maps(Node& target, const Node& patch, bool keeps_nulls) {
    std::unordered_map<std::string, size_t> places;
    for (size_t i = 0; i < target.entries().size(); ++i) places[target.entries()[i].key] = i;
    std::vector<bool> deleted(target.entries().size(), false);
    for (const Entry& e : patch.entries()) {
      const bool deletes = e.value.is_null() && !keeps_nulls;
      const auto place = places.find(e.key);
      if (place == places.end()) {
        if (!deletes) target.entries().push_back(e);
      } else if (deletes) {
        deleted[place->second] = true;
      } else {
        Entry& old = target.entries()[place->second];
        old.mark = e.mark;
        put(old, e.value, keeps_nulls);
      }
    }
    size_t i = 0;
    std::erase_if(target.entries(),
                  [&](const Entry&) { return i < deleted.size() && deleted[i++]; });
  }

 private:
  void put(Entry& old, const Node& value, bool keeps_nulls) {
    if (!value.is_map()) {
      old.value = value;
      return;
    }
    const std::vector<std::string>* ops = ops_under(old.key, vocabulary_);
    // `optimizer: sgd` is short for {sgd: ~}.
    if (ops && old.value.is_scalar() && contains(*ops, old.value.text())) {
      old.value = Node::map({{old.value.text(), old.value.mark(), Node::null(old.value.mark())}},
                            old.value.mark());
    }
    const bool is_one_entry = old.key == "best";  // {val/accuracy: max}
    if (!old.value.is_map() || is_one_entry || (ops && replaces_op(old, value, *ops))) {
      old.value = value;
      return;
    }
    Node patch = value;
    if (ops) keep_bare_op(patch, *ops);
    if (old.key == "data") change_format(old.value, patch);
    if (old.key == "edit") {
      merge_edits(old.value, patch);
    } else {
      merge_maps(old.value, patch, keeps_nulls || old.key == "args");
    }
    old.value.set_mark(value.mark());
  }

  // True if the new map names another op. An `init` without an op gives one to each parameter.
  static bool replaces_op(const Entry& old, const Node& value,
                          const std::vector<std::string>& ops) {
    const Entry* after = op_entry(value, ops);
    if (after) return old.value.find(after->key) == nullptr;
    return old.key == "init" && op_entry(old.value, ops) != nullptr;
  }

  // {sgd: ~} names the op again; it does not delete it.
  static void keep_bare_op(Node& patch, const std::vector<std::string>& ops) {
    const Entry* op = op_entry(patch, ops);
    if (op && op->value.is_null()) patch.erase(std::string(op->key));
  }

  static void change_format(Node& data, const Node& patch) {
    const Node* before = data.find("format");
    const Node* after = patch.find("format");
    if (before && after && before->text() != after->text()) drop_format_keys(data);
  }

  // Patches of named items, which are applied later: `~` stays, and an item that gets another
  // layer forgets the patches of the old one, except for the keys that every layer has.
  void merge_edits(Node& edits, const Node& patch) {
    static constexpr std::array<std::string_view, 12> kCommon = {
        "name",   "from", "act",    "init",  "lr_mult", "decay_mult",
        "freeze", "if",   "repeat", "phase", "share",   "recompute"};
    for (const Entry& e : patch.entries()) {
      Node* old = edits.find(e.key);
      if (!old || !old->is_map() || !e.value.is_map()) continue;
      const Entry* after = op_entry(e.value, vocabulary_.layers);
      if (!after || old->find(after->key) || !op_entry(*old, vocabulary_.layers)) continue;
      std::erase_if(old->entries(), [](const Entry& option) {
        return std::find(kCommon.begin(), kCommon.end(), option.key) == kCommon.end();
      });
    }
    merge_maps(edits, patch, true);
  }

  const Vocabulary& vocabulary_;
};

}  // namespace

void merge(Node& target, const Node& patch, const Vocabulary& vocabulary) {
  CNN_ASSERT(patch.is_map());
  if (!target.is_map()) target = Node::map({}, patch.mark());
  Merger(vocabulary).merge_maps(target, patch, false);
}

}  // namespace cnn
