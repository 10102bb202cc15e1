// Fitting layers: what some layers learn from data before training (layers/layer.h, Fitter). From
// the input on: a fitted layer sees what fitted layers before it give.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "data/loader.h"
#include "model/network.h"

namespace cnn {

// The training graph's layers that are fitted, in order.
std::vector<int> fitted_nodes(const Graph& graph);
// What Network::plan needs to run the network up to the input of each of them.
std::vector<Network::Use> fitting_uses(const Graph& test_graph, int64_t batch);

// Runs the passes; `first_use` is the first of fitting_uses() among the network's. The samples come
// as `view` has them, without augmentation. `progress`: the layer, samples done and all.
using FitProgress = std::function<void(const std::string& layer, int64_t done, int64_t total)>;
void fit_layers(Network& network, int first_use, const DataView& view, LoaderSettings settings,
                const FitProgress& progress = {});

}  // namespace cnn
