// Fitting layers: what some layers learn from data before training (layers/layer.h, Fitter). From
// the input on: a fitted layer sees what fitted layers before it give.
#pragma once

#include <functional>
#include <vector>

#include "data/loader.h"
#include "model/network.h"

namespace cnn {

// The layers of a test graph that are fitted, in order; of those that share their parameters the
// first alone.
std::vector<int> fitted_nodes(const Graph& graph);
// What Network::plan needs to run the network up to the input of each of them.
std::vector<Network::Use> fitting_uses(const Graph& test_graph, int64_t batch);

// Runs the passes; `first_use` is the first of fitting_uses() among the network's. The samples come
// as `view` has them, without augmentation. `wanted`: which of the nodes are fitted; the others are
// left as they are. `goes_on` is asked at every batch: false ends it all, and is given back.
bool fit_layers(Network& network, int first_use, const DataView& view, const LoaderSettings& loader,
                const std::function<bool(const GraphNode&)>& wanted,
                const std::function<bool()>& goes_on);

}  // namespace cnn
