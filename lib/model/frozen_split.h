// FrozenSplit: training and validation cut in two where the frozen beginning of the network ends,
// so that this part is computed once for each sample (frozen_values.h).
//
//   FrozenSplit split(network, train, data);      // which layers
//   split.cut(uses);                              // what Network::plan shall make of them
//   split.open(network, feeds, memory);           // behind Network::allocate
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/frozen.h"
#include "model/feed.h"
#include "model/frozen_values.h"
#include "model/network.h"

namespace cnn {

class FrozenSplit {
 public:
  // A pass over samples, as Network::plan and the loops know it.
  struct Side {
    DataView view;          // empty: there is no such pass
    std::vector<int> keep;  // values that are read from outside
    bool mixes = false;     // samples come mixed in pairs
  };
  // Nothing is split.
  FrozenSplit() = default;
  // Training's samples are not the same in every epoch where the data map draws or they are mixed;
  // then validation alone is split.
  FrozenSplit(const Network& network, const Side& training, const Side& validation);

  bool is_empty() const { return !training_ && !validation_; }
  // `uses`: training and, if there is any, validation. The use of the beginning is put behind them
  // all.
  void cut(std::vector<Network::Use>& uses) const;

  // The graph of testing as validation runs it: what the beginning gives are fields.
  Graph validated(const Graph& testing) const;

  // All below: of a network that has planned these uses.
  // Memory beside what is kept; what would be kept if there were room.
  uint64_t bytes(const Network& network) const;
  uint64_t wanted_bytes(const Network& network) const;
  // From here on the feeds give the values; `memory`: what may be kept there. The network is
  // allocated; `validation` may be null.
  void open(Network& network, Feed& training, Feed* validation, uint64_t memory);
  // What memory has no room for goes to a file in this folder, of at most half of the space there.
  void spill_to(const std::string& folder);
  const SampleStore* store() const { return store_.get(); }

  // "the first 214 layers are frozen: their outputs ([1280] of 300 samples, 1.5 MiB) are computed
  // once"
  std::string text(const Network& network, bool keeps, uint64_t memory) const;

 private:
  struct Part {
    int use = 0;  // of the rest
    FrozenBeginning beginning;
    std::vector<int> known_as;  // its values, in the graph of the beginning
    std::vector<int> keep;
    SampleKeys keys;
  };
  std::vector<int> read_fields(const Graph& graph, const FrozenBeginning& part,
                               const Dataset& dataset) const;
  void add(std::optional<Part>& part, int use, const Graph& graph, FrozenBeginning beginning,
           const Side& side, const Graph& testing);
  std::vector<const Part*> parts() const;
  FrozenValues::Job job(const Part& part, const Network& network) const;
  int last_use(const Network& network) const { return network.uses() - 1; }

  std::optional<Part> training_, validation_;
  int64_t samples_ = 0;  // numbers of samples in the store
  std::unique_ptr<SampleStore> store_;
  std::vector<std::unique_ptr<FrozenValues>> values_;
};

}  // namespace cnn
