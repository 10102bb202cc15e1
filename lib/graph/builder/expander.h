// Expander: walks the lists of items in order and builds their layers one by one, so that an
// expression may ask for the volume of anything before it (rules 1 to 11).
//
// After an error the item's value is unknown; what depends on it is checked for its own mistakes
// and otherwise passed over in silence.
#pragma once

#include <string>
#include <vector>

#include "graph/builder/edits.h"
#include "graph/builder/layer_maker.h"

namespace cnn::build {

// Everything that the parts of the builder share.
struct Context {
  Phase phase;
  const Ops& ops;
  const Defaults& defaults;
  const Evaluator& evaluate;
  Names& names;
  Edits& edits;
  GraphWriter& writer;
  LayerMaker& maker;
  Diagnostics& diagnostics;
};

class Expander {
 public:
  explicit Expander(const Context& context) : c_(context) {}

  void expand(List& list);

 private:
  // expander.cpp: items, names and numbers, dropping, repeating.
  void expand_item(const Node& written, List& list);
  void expand_named(Node map, const Mark& mark, List& list);
  std::string read_name(const Node& map, List& list);
  struct Place {
    std::string name;  // empty: unnamed
    std::string path;
    std::string edited_path;  // under which `edit` was asked
    Edits::Effect edit = Edits::Effect::kNone;
    Mark mark;             // of the name, or of the item
    bool is_bound = true;  // false: an unnamed call that is spliced in has no path
  };
  Place place(Node& map, const Mark& mark, List& list);
  struct Presence {
    enum class Kind { kThere, kDroppedByIf, kDroppedByPhase, kUnclear };
    Kind kind = Kind::kThere;
    int repeat = -1;  // -1: not repeated

    bool is_dropped() const { return kind == Kind::kDroppedByIf || kind == Kind::kDroppedByPhase; }
  };
  bool begin_share(const Item& item, const Place& here, List& list);
  bool may_share(const Item& item, const Entry& share, const Place& here);
  void drop(const Item& item, const Place& here, const Presence& there, List& list);
  Presence presence(const Item& item, bool is_deleted, const List& list);
  bool read_phase(const Item& item, const List& list, Presence& presence);
  bool read_repeat(const Item& item, const List& list, Presence& presence);
  int stand_in(const Item& item, const List& list);
  int expand_repeated(const Node& map, const Item& item, int count, const std::string& path,
                      List& list);
  std::optional<Item> first_copy(const Node& map, const Item& item, const List& list);
  int expand_copy(const Item& item, const std::string& path, List& list);
  bool recomputes(const Item& item, const List& list);
  int expand_activation(const Item& item, const std::string& path, int value, const List& list);
  std::optional<Item> read_activation(const Node& value, const Mark& mark);
  void count_item(const Mark& mark);

  // structures.cpp: what an item consists of.
  int expand_layer(const Item& item, const std::string& path, const List& list);
  bool name_outputs(const Item& item, const std::string& path, int value, const List& list);
  int expand_seq(const Item& item, const std::string& path, const List& list);
  Input input_of(const Item& item, const List& list);
  std::vector<Input> inputs_of(const Item& item, const std::string& path, const List& list);
  std::vector<Input> names_of(const Node& value, const List& list, std::string_view where);
  Input named_input(const Node& name, const List& list, std::string_view where);
  std::vector<Input> branches_of(const Item& item, const std::string& path, const List& list);
  bool report_bare_item(const Node& set);
  Input unnamed_branch(const Node& items, const std::string& path, size_t number, const Item& item,
                       const Input& start, const List& list);
  Input named_branch(const Entry& entry, const std::string& path, const Item& item,
                     const Input& start, const List& list);
  List branch_list(std::span<const Node> items, const std::string& path, const Item& item,
                   const Input& start, const List& list);
  void inherit(List& inner, const Item& item, const List& list);

  // calls.cpp: blocks.
  int call_block(const Item& item, const std::string& path, List& list);
  bool calls_itself(const Item& item);
  bool bind_arguments(const Item& item, Body& body, const List& inside, const List& list);
  std::optional<std::vector<Entry>> given_arguments(const Item& item);
  bool bind_argument(const Entry& declared, const Entry* given, const Item& item, Body& body,
                     const List& inside, const List& list);

  // Ten times the largest published networks; a mistaken `repeat` ends within a second.
  static constexpr int64_t kMaxItems = 20'000;
  static constexpr int kMaxDepth = 200;  // of lists in lists, through all calls

  Context c_;
  int64_t items_ = 0;
  int depth_ = 0;
  std::vector<const Block*> calls_;  // the blocks that are being expanded
};

}  // namespace cnn::build
