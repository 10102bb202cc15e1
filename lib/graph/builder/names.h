// Names: what a name means where it is written (rules 2, 3 and 9).
//
// A name is a dotted path. Looked up in a list it is tried below the list's own path, then below
// the lists around it, up to the body of the block.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "graph/builder/settings.h"
#include "graph/graph.h"
#include "spec/node.h"

namespace cnn::build {

// The value of an item that has an error: what uses it is checked as far as possible, silently.
inline constexpr int kUnknown = -1;

struct List;

// An argument of a block call. A string in it that is used as a layer's name is looked up in
// `origin`, where it was written.
struct Argument {
  Node value;
  const List* origin = nullptr;
  bool is_known = true;  // false: its expression depends on an item that has an error
};

// A block's body, or the top level of the file.
struct Body {
  std::string block;  // empty: the top level
  std::map<std::string, Argument, std::less<>> arguments;
  int input = kUnknown;      // `in`
  size_t first_binding = 0;  // a spliced body does not see the names of the list that it is put in
};

// A list of items while it is expanded.
struct List {
  const Body* body = nullptr;
  const List* outer = nullptr;  // the list around it in the same body
  std::string prefix;           // "layer1.0.", the path of named items
  std::string number_prefix;    // of unnamed ones; differs in unnamed branches only
  int previous = kUnknown;      // `prev`
  int next_number = 0;
  std::span<const Node> items;
  size_t index = 0;  // of the item being expanded
  std::vector<std::string>
      levels;          // paths of the blocks, seqs and branches around, outermost first
  Settings inherited;  // from the items around
  // Paths of items around and of those whose weights they have (`share`), outermost first.
  std::vector<std::pair<std::string, std::string>> shared;
  bool in_side = false;
  std::string folded_into;  // the item whose activation is built; not for lists below
  std::string last;         // the name, or the op, of the last item

  List(const Body& of, std::span<const Node> with) : body(&of), items(with) {}
  // A list below `parent` that sees its names.
  List(const List& parent, std::span<const Node> with)
      : body(parent.body),
        outer(&parent),
        items(with),
        levels(parent.levels),
        inherited(parent.inherited),
        shared(parent.shared),
        in_side(parent.in_side) {}
  void set_path(const std::string& path) { prefix = number_prefix = path + "."; }
  // What the weights of the item at `path` are called: its own path, or that of its counterpart.
  std::string weights_path(std::string path) const;
};

struct Binding {
  // kOpen: being expanded; kFailed: has an error.
  enum class State { kOpen, kPresent, kDroppedByIf, kDroppedByPhase, kFailed };
  State state = State::kOpen;
  int value = kUnknown;  // of a dropped item: its input, which its name stands for
  Mark mark;

  bool is_dropped() const {
    return state == State::kDroppedByIf || state == State::kDroppedByPhase;
  }
};

class Names {
 public:
  // `in` and `prev` are resolved too.
  struct Found {
    Binding binding;
    bool is_inside_dropped = false;  // binding is that of the dropped item around
  };

  // A new path; false after a report if there is one already. Of alternatives with one name all but
  // one may be dropped.
  bool open(const std::string& path, const Mark& mark, Diagnostics& diagnostics);
  void close(const std::string& path, int value);
  void drop(const std::string& path, const Mark& mark, Binding::State state, int value);

  // Without reports: nothing if there is no such name.
  std::optional<Found> find(std::string_view name, const List& list) const;
  // The same with reports; `where` completes "unknown name 'x'": " in 'from'".
  std::optional<Found> resolve(const Node& name, const List& list, std::string_view where,
                               Diagnostics& diagnostics) const;
  // For readers of values: reports the inside of dropped items too. kUnknown: an error, reported
  // now or before.
  int value_of(const Node& name, const List& list, std::string_view where,
               Diagnostics& diagnostics) const;

  // The whole path of the item that `name` names; nothing for `in` and `prev`.
  std::optional<std::string> path_of(std::string_view name, const List& list) const;

  const Binding* at(const std::string& path) const;
  // The binding of `path` or of the nearest item around it.
  const Binding* around(std::string_view path) const;
  const std::vector<std::string>& paths() const { return paths_; }  // in order of opening
  size_t size() const { return paths_.size(); }

 private:
  struct Slot {
    Binding binding;
    size_t number;
  };
  const Slot* visible(const std::string& path, const List& list) const;
  std::vector<std::string> visible_names(const List& list) const;
  void report_missing(const Node& name, const List& list, std::string_view where,
                      Diagnostics& diagnostics) const;

  std::unordered_map<std::string, Slot> slots_;
  std::vector<std::string> paths_;
};

}  // namespace cnn::build
