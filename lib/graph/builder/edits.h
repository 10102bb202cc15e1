// Edits: the section `edit:`, patches of items by dotted path (rule 10). A patch meets its item
// when the item is expanded, inside its block and before its own `repeat`.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "graph/builder/item.h"
#include "graph/builder/names.h"

namespace cnn::build {

class Edits {
 public:
  enum class Effect { kNone, kPatched, kDeleted };

  // {a: {b: {...}}} is read as {a.b: {...}} where `b` is no key of an item, because the command
  // line's `edit.a.b.kernel=5` comes in that form.
  Edits(const Node* section, const Ops& ops, Diagnostics& diagnostics);

  // Patches the item's map; each patch is used once.
  Effect apply(const std::string& path, Node& map);
  // The item that had this number is dropped, so the number belongs to the next one.
  void give_back(const std::string& path);

  // Reports the patches that met no item, unless that is because of another error or the phase.
  void report_unmatched(const Names& names, Diagnostics& diagnostics) const;

 private:
  struct Patch {
    std::string path;
    Mark mark;
    Node value;
    bool is_used = false;
  };
  void add(const std::string& path, const Entry& entry, Diagnostics& diagnostics);
  bool is_path(const Entry& entry) const;
  void replace_or_overlay(Node& map, const Node& patch) const;

  const Ops& ops_;
  std::vector<Patch> patches_;
  std::unordered_map<std::string, std::vector<size_t>> by_path_;
};

}  // namespace cnn::build
