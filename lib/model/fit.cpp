#include "model/fit.h"

#include "model/feed.h"

namespace cnn {

std::vector<int> fitted_nodes(const Graph& graph) {
  std::vector<int> nodes;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (graph.nodes[i].layer->fitter() != nullptr) nodes.push_back(static_cast<int>(i));
  }
  return nodes;
}

std::vector<Network::Use> fitting_uses(const Graph& test_graph, int64_t batch) {
  std::vector<Network::Use> uses;
  for (const int node : fitted_nodes(test_graph)) {
    Network::Use use;
    use.pass = Pass::predicting();
    use.batch = batch;
    use.keep = {test_graph.nodes[static_cast<size_t>(node)].inputs.front()};
    use.whole = false;
    uses.push_back(std::move(use));
  }
  return uses;
}

void fit_layers(Network& network, int first_use, const DataView& view, LoaderSettings settings,
                const FitProgress& progress) {
  settings.shuffle = false;
  settings.augment = false;
  const Graph& graph = network.test_graph();
  for (const int id : fitted_nodes(graph)) {
    const GraphNode& node = graph.nodes[static_cast<size_t>(id)];
    const std::unique_ptr<Fitter> fitter = node.layer->fitter();
    Executor& executor = network.executor(first_use);
    Feed feed(network.run_graph(first_use), view, settings);
    do {
      feed.start_epoch(0);
      for (int64_t done = 0; const int64_t n = feed.next(executor); done += n) {
        executor.forward(n, settings.seed, 0);
        fitter->add(executor.value(node.inputs.front()));
        if (progress) progress(node.name, done + n, feed.samples());
      }
    } while (fitter->end_pass());
    std::vector<float*> parameters;
    for (const int p : node.parameters) parameters.push_back(network.store().value(p));
    fitter->write(parameters);
    network.store().touch();
    ++first_use;
  }
}

}  // namespace cnn
