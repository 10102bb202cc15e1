#include "model/fit.h"

#include "base/log.h"
#include "base/text.h"
#include "model/feed.h"

namespace cnn {

std::vector<int> fitted_nodes(const Graph& graph) {
  std::vector<int> nodes;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!graph.nodes[i].shares && graph.nodes[i].layer->fitter() != nullptr)
      nodes.push_back(static_cast<int>(i));
  }
  return nodes;
}

std::vector<Network::Use> fitting_uses(const Graph& test_graph, int64_t batch) {
  std::vector<Network::Use> uses;
  for (const int node : fitted_nodes(test_graph)) {
    Network::Use use;
    use.pass = Pass::predicting();
    use.batch = batch;
    use.keep = {test_graph.node(node).inputs.front()};
    use.whole = false;
    uses.push_back(std::move(use));
  }
  return uses;
}

bool fit_layers(Network& network, int first_use, const DataView& view, const LoaderSettings& loader,
                const std::function<bool(const GraphNode&)>& wanted,
                const std::function<bool()>& goes_on) {
  const Graph& graph = network.test_graph();
  for (const int id : fitted_nodes(graph)) {
    const int use = first_use++;
    const GraphNode& node = graph.node(id);
    if (!wanted(node)) continue;
    const std::unique_ptr<Fitter> fitter = node.layer->fitter();
    Executor& executor = network.executor(use);
    Feed feed(network.run_graph(use), view, loader, Feed::Reads::kInputs);
    note("fitting '{}' to {}", node.name, counted(feed.samples(), "sample"));
    do {
      feed.start_epoch(0);
      while (const int64_t n = feed.next(executor)) {
        if (!goes_on()) return false;
        executor.forward(n, loader.seed, 0);
        fitter->add(executor.value(node.inputs.front()));
      }
    } while (fitter->end_pass());
    std::vector<float*> parameters;
    for (const int p : node.parameters) parameters.push_back(network.store().value(p));
    fitter->write(parameters);
    network.store().touch();
  }
  return true;
}

}  // namespace cnn
