#include "graph/builder/names.h"

#include "base/text.h"

namespace cnn::build {
namespace {

std::string_view first_component(std::string_view name) { return name.substr(0, name.find('.')); }

// The item further down in this list, or in one around it, that bears the name.
const Node* find_later(std::string_view name, const List& list) {
  for (const List* l = &list; l; l = l->outer) {
    for (size_t i = l->index + 1; i < l->items.size(); ++i) {
      const Node* later = l->items[i].find("name");
      if (later && later->is_scalar() && later->text() == first_component(name)) return later;
    }
  }
  return nullptr;
}

}  // namespace

std::string List::weights_path(std::string path) const {
  for (auto s = shared.rbegin(); s != shared.rend(); ++s) {
    const auto& [own, other] = *s;
    if (path == own || path.starts_with(own + ".")) path = other + path.substr(own.size());
  }
  return path;
}

bool Names::open(const std::string& path, const Mark& mark, Diagnostics& diagnostics) {
  const auto [slot, is_new] =
      slots_.try_emplace(path, Slot{{Binding::State::kOpen, kUnknown, mark}, paths_.size()});
  if (is_new) {
    paths_.push_back(path);
    return true;
  }
  if (slot->second.binding.is_dropped()) {
    slot->second.binding = {Binding::State::kOpen, kUnknown, mark};
    return true;
  }
  const std::string first = slot->second.binding.mark.place();
  diagnostics.report(mark, fmt::format("the name '{}' is used twice", path), "choose another name",
                     {first.empty() ? "it is also an input" : "first used at " + first});
  return false;
}

void Names::close(const std::string& path, int value) {
  Binding& binding = slots_.at(path).binding;
  binding.state = value == kUnknown ? Binding::State::kFailed : Binding::State::kPresent;
  binding.value = value;
}

void Names::drop(const std::string& path, const Mark& mark, Binding::State state, int value) {
  const auto [slot, is_new] = slots_.try_emplace(path, Slot{{state, value, mark}, paths_.size()});
  if (is_new) {
    paths_.push_back(path);
  } else if (slot->second.binding.is_dropped()) {
    slot->second.binding = {state, value, mark};
  }
}

const Names::Slot* Names::visible(const std::string& path, const List& list) const {
  const auto found = slots_.find(path);
  if (found == slots_.end() || found->second.number < list.body->first_binding) return nullptr;
  return &found->second;
}

std::optional<Names::Found> Names::find(std::string_view name, const List& list) const {
  if (name == "prev") return Found{{Binding::State::kPresent, list.previous, {}}};
  if (name == "in") return Found{{Binding::State::kPresent, list.body->input, {}}};
  std::optional<Found> open;
  for (const List* l = &list; l; l = l->outer) {
    const std::string path = l->prefix + std::string(name);
    if (const Slot* slot = visible(path, *l)) {
      if (slot->binding.state != Binding::State::kOpen) return Found{slot->binding};
      if (!open) open = Found{slot->binding};
      continue;
    }
    // Nothing is known of the inside of a failed item, and a dropped one has none.
    for (size_t dot = path.rfind('.'); dot != std::string::npos && dot > l->prefix.size();
         dot = dot == 0 ? std::string::npos : path.rfind('.', dot - 1)) {
      const Slot* slot = visible(path.substr(0, dot), *l);
      if (!slot) continue;
      if (slot->binding.state == Binding::State::kFailed) return Found{slot->binding};
      if (slot->binding.is_dropped()) return Found{slot->binding, true};
    }
  }
  return open;
}

std::optional<std::string> Names::path_of(std::string_view name, const List& list) const {
  if (name == "prev" || name == "in") return std::nullopt;
  for (const List* l = &list; l; l = l->outer) {
    std::string path = l->prefix + std::string(name);
    const Slot* slot = visible(path, *l);
    if (slot && slot->binding.state != Binding::State::kOpen) return path;
  }
  return std::nullopt;
}

std::optional<Names::Found> Names::resolve(const Node& name, const List& list,
                                           std::string_view where, Diagnostics& diagnostics) const {
  if (!name.is_scalar()) {
    diagnostics.report(name.mark(),
                       fmt::format("expected a name{}, found {}", where, name.describe()));
    return std::nullopt;
  }
  const std::optional<Found> found = find(name.text(), list);
  if (!found) {
    report_missing(name, list, where, diagnostics);
  } else if (found->binding.state == Binding::State::kOpen) {
    diagnostics.report(name.mark(), fmt::format("'{}' takes its input from itself", name.text()),
                       "a layer can only read earlier ones");
    return std::nullopt;
  }
  return found;
}

int Names::value_of(const Node& name, const List& list, std::string_view where,
                    Diagnostics& diagnostics) const {
  const std::optional<Found> found = resolve(name, list, where, diagnostics);
  if (!found) return kUnknown;
  if (found->is_inside_dropped) {
    const bool by_phase = found->binding.state == Binding::State::kDroppedByPhase;
    diagnostics.report(
        name.mark(), fmt::format("'{}'{} is inside an item that is dropped", name.text(), where),
        "", {fmt::format("by '{}' at {}", by_phase ? "phase" : "if", found->binding.mark.place())});
    return kUnknown;
  }
  return found->binding.value;
}

const Binding* Names::at(const std::string& path) const {
  const auto found = slots_.find(path);
  return found == slots_.end() ? nullptr : &found->second.binding;
}

const Binding* Names::around(std::string_view path) const {
  while (true) {
    if (const Binding* binding = at(std::string(path))) return binding;
    const size_t dot = path.rfind('.');
    if (dot == std::string_view::npos) return nullptr;
    path = path.substr(0, dot);
  }
}

std::vector<std::string> Names::visible_names(const List& list) const {
  std::vector<std::string> names;
  for (const List* l = &list; l; l = l->outer) {
    if (l->outer && l->outer->prefix == l->prefix) continue;
    for (const std::string& path : paths_) {
      if (!path.starts_with(l->prefix) || path.size() == l->prefix.size()) continue;
      const Slot* slot = visible(path, *l);
      if (!slot || slot->binding.state == Binding::State::kOpen) continue;
      const std::string name = path.substr(l->prefix.size());
      if (name[0] < '0' || name[0] > '9') names.push_back(name);
    }
  }
  names.emplace_back("in");
  names.emplace_back("prev");
  return names;
}

void Names::report_missing(const Node& name, const List& list, std::string_view where,
                           Diagnostics& diagnostics) const {
  const std::string& text = name.text();
  if (const Node* later = find_later(text, list)) {
    diagnostics.report(
        name.mark(), fmt::format("'{}'{} stands further down: a cycle", text, where),
        "a layer can only read earlier ones",
        {fmt::format("'{}' is named at {}", first_component(text), later->mark().place())});
    return;
  }
  const bool is_elsewhere = !list.body->block.empty() && at(text);
  if (is_elsewhere) {
    diagnostics.report(
        name.mark(), fmt::format("unknown name '{}'{}", text, where), "pass it as an argument",
        {fmt::format("block '{}' sees its own items and arguments only", list.body->block)});
    return;
  }
  diagnostics.report_unknown(name.mark(), "name", text, visible_names(list), where);
}

}  // namespace cnn::build
