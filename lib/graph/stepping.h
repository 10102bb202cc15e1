// stepping: a network that writes a list one item at a time, each call going on where the one
// before has ended, as a text is generated or translated.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace cnn {

// Which list a network writes, and what it says of the next item.
struct WrittenList {
  int field = -1;   // in Graph::fields: what has been written so far
  int scores = -1;  // value: a list as long, of the classes' scores
  // The field is the first loss's target, and a shift keeps the network from seeing the item that
  // it shall tell (a decoder); else the scores of an item are those of the one behind it.
  bool is_target = false;
};

// What the graph of testing writes; field -1 if it does not write.
WrittenList written_list(const Graph& graph);

struct SteppingGraphs {
  Graph before;             // what does not follow from the list: run once a sample; may be empty
  Graph step;               // field 0 is the newest item, the others are `passed`
  std::vector<int> passed;  // values of `before` (or its fields) that `step` reads
  bool is_stepwise = true;  // else `step` wants the whole list so far, its most last items
  bool is_bounded = false;  // stepwise, but for no more items than the list can have
};

// Values keep their ids. Exit::kSpec if a layer reads the list's own items where it is the target,
// and so sees what it shall tell. Where every layer can go on item by item, `step` takes lists of
// one; else lists of any length up to their most.
SteppingGraphs make_stepping(const Graph& graph, const WrittenList& list);

}  // namespace cnn
