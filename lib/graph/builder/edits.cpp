#include "graph/builder/edits.h"

#include <algorithm>

namespace cnn::build {
namespace {

bool is_number(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Edits::Edits(const Node* section, const Ops& ops, Diagnostics& diagnostics) : ops_(ops) {
  if (!section || section->is_null()) return;
  if (!section->is_map()) {
    diagnostics.report(section->mark(), "'edit' expects a map, found " + section->describe(),
                       "write {fc: {linear: 10}}");
    return;
  }
  for (const Entry& e : section->entries()) add(e.key, e, diagnostics);
}

// A key inside a patch that goes on with the path.
bool Edits::is_path(const Entry& entry) const {
  if (is_number(entry.key)) return true;
  if (ops_.find(entry.key) || is_common_key(entry.key) || ops_.is_any_option(entry.key)) {
    return false;
  }
  return entry.value.is_map() || entry.value.is_null() ||
         (entry.value.is_scalar() && ops_.find(entry.value.text()));
}

void Edits::add(const std::string& path, const Entry& entry, Diagnostics& diagnostics) {
  if (entry.value.is_list()) {
    diagnostics.report(entry.value.mark(), "a patch is a map, an op or '~', found a list",
                       "write {linear: 10}");
    return;
  }
  Node own = entry.value;
  if (own.is_map()) {
    std::vector<Entry> kept;
    for (const Entry& e : entry.value.entries()) {
      if (is_path(e)) {
        add(path + "." + e.key, e, diagnostics);
      } else {
        kept.push_back(e);
      }
    }
    if (kept.empty()) return;
    own = Node::map(std::move(kept), entry.value.mark());
  } else if (own.is_scalar()) {
    own = Node::map({{own.text(), own.mark(), Node::null(own.mark())}}, own.mark());
  }
  by_path_[path].push_back(patches_.size());
  patches_.push_back({path, entry.mark, std::move(own)});
}

Edits::Effect Edits::apply(const std::string& path, Node& map) {
  const auto found = by_path_.find(path);
  if (found == by_path_.end()) return Effect::kNone;
  Effect effect = Effect::kNone;
  for (const size_t i : found->second) {
    Patch& patch = patches_[i];
    if (patch.is_used) continue;
    patch.is_used = true;
    if (patch.value.is_null()) {
      effect = Effect::kDeleted;
    } else {
      replace_or_overlay(map, patch.value);
      if (effect == Effect::kNone) effect = Effect::kPatched;
    }
  }
  return effect;
}

// Another op replaces all but the common keys.
void Edits::replace_or_overlay(Node& map, const Node& patch) const {
  const Entry* old_op = find_op_entry(map, ops_);
  const Op* old = old_op ? ops_.find(old_op->key) : nullptr;
  const bool names_other_op =
      std::any_of(patch.entries().begin(), patch.entries().end(), [&](const Entry& e) {
        if (is_common_key(e.key) || (old && (e.key == old->name || old->has_option(e.key)))) {
          return false;
        }
        return ops_.find(e.key) != nullptr;
      });
  if (!names_other_op) {
    overlay(map, patch, ops_);
    return;
  }
  std::erase_if(map.entries(), [](const Entry& e) { return !is_common_key(e.key); });
  for (const Entry& e : patch.entries()) {
    if (Entry* same = const_cast<Entry*>(map.entry(e.key))) {
      same->value = e.value;
    } else {
      map.entries().push_back(e);
    }
  }
}

void Edits::give_back(const std::string& path) {
  const auto found = by_path_.find(path);
  if (found == by_path_.end()) return;
  for (const size_t i : found->second) patches_[i].is_used = false;
}

void Edits::report_unmatched(const Names& names, Diagnostics& diagnostics) const {
  for (const Patch& patch : patches_) {
    if (patch.is_used) continue;
    const Binding* around = names.around(patch.path);
    if (around && (around->state == Binding::State::kFailed ||
                   around->state == Binding::State::kDroppedByPhase)) {
      continue;
    }
    if (around && around == names.at(patch.path)) continue;  // the patched item itself is dropped
    if (around && around->is_dropped()) {
      diagnostics.report(
          patch.mark, fmt::format("'{}' in 'edit' is inside an item that is dropped", patch.path),
          "", {"by 'if' at " + around->mark.place()});
      continue;
    }
    diagnostics.report_unknown(patch.mark, "item", patch.path, names.paths(), " in 'edit'");
  }
}

}  // namespace cnn::build
