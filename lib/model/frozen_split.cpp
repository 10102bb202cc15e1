#include "model/frozen_split.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "graph/cut.h"

namespace cnn {
namespace {

// The value of that name in another graph; -1 if there is none.
int same_value(const Graph& from, int id, const Graph& to) {
  for (size_t i = 0; i < to.values.size(); ++i) {
    if (to.values[i].name == from.value(id).name) return static_cast<int>(i);
  }
  return -1;
}

// Both graphs are fed alike.
bool have_same_inputs(const Graph& a, const Graph& b) {
  const auto inputs = [](const Graph& graph) {
    std::vector<std::string> names;
    for (const GraphField& field : graph.fields) {
      if (field.is_input) names.push_back(field.field.name);
    }
    return names;
  };
  return inputs(a) == inputs(b);
}

std::vector<char> drawn_fields(const Graph& graph, const FrozenSplit::Side& side) {
  std::vector<char> drawn;
  for (const GraphField& field : graph.fields) {
    const int number = side.view.dataset->field(field.field.name);
    drawn.push_back(side.mixes || number < 0 || side.view.dataset->draws(number));
  }
  return drawn;
}

}  // namespace

FrozenSplit::FrozenSplit(const Network& network, const Side& training, const Side& validation) {
  const Graph &train = network.train_graph(), &test = network.test_graph();
  const ParameterStore& store = network.store();
  std::vector<char> constant;
  if (have_same_inputs(train, test)) {
    constant = constant_nodes(train, store, drawn_fields(train, training), &test);
    FrozenBeginning found = frozen_beginning(train, store, constant, training.keep);
    if (!found.is_empty()) add(training_, 0, train, std::move(found), training, test);
  }
  if (validation.view.empty()) return;
  constant =
      training_ ? nodes_of_names(train, constant, test) : constant_nodes(test, store, {}, nullptr);
  FrozenBeginning found = frozen_beginning(test, store, constant, validation.keep);
  if (!found.is_empty()) add(validation_, 1, test, std::move(found), validation, test);
}

void FrozenSplit::add(std::optional<Part>& part, int use, const Graph& graph,
                      FrozenBeginning beginning, const Side& side, const Graph& testing) {
  std::vector<int> known_as;
  for (const int v : beginning.values) known_as.push_back(same_value(graph, v, testing));
  CNN_ASSERT(std::count(known_as.begin(), known_as.end(), -1) == 0);
  SampleKeys keys(side.view, read_fields(graph, beginning, *side.view.dataset), samples_);
  samples_ = keys.end();
  part.emplace(Part{use, std::move(beginning), std::move(known_as), side.keep, std::move(keys)});
}

Graph FrozenSplit::validated(const Graph& testing) const {
  Graph graph = testing.clone();
  if (validation_) {
    replace_by_fields(graph, validation_->beginning.nodes, validation_->beginning.values);
  }
  return graph;
}

// The data set's fields that the beginning reads.
std::vector<int> FrozenSplit::read_fields(const Graph& graph, const FrozenBeginning& part,
                                          const Dataset& dataset) const {
  std::vector<int> fields;
  for (const GraphField& field : graph.fields) {
    const std::vector<int>& consumers = graph.value(field.value).consumers;
    const bool reads = std::any_of(consumers.begin(), consumers.end(), [&](int node) {
      return part.nodes[static_cast<size_t>(node)] != 0;
    });
    if (reads) fields.push_back(dataset.field(field.field.name));
  }
  return fields;
}

std::vector<const FrozenSplit::Part*> FrozenSplit::parts() const {
  std::vector<const Part*> all;
  if (training_) all.push_back(&*training_);
  if (validation_) all.push_back(&*validation_);
  return all;
}

void FrozenSplit::cut(std::vector<Network::Use>& uses) const {
  if (is_empty()) return;
  Network::Use own;
  own.pass = Pass::predicting();
  own.pass.by_sample = true;
  own.whole = false;
  for (const Part* part : parts()) {
    Network::Use& use = uses[static_cast<size_t>(part->use)];
    use.gone = part->beginning.nodes;
    use.given = part->beginning.values;
    own.batch = std::max(own.batch, use.batch);
    own.keep.insert(own.keep.end(), part->known_as.begin(), part->known_as.end());
  }
  std::sort(own.keep.begin(), own.keep.end());
  own.keep.erase(std::unique(own.keep.begin(), own.keep.end()), own.keep.end());
  uses.push_back(std::move(own));
}

FrozenValues::Job FrozenSplit::job(const Part& part, const Network& network) const {
  const Graph& rest = network.run_graph(part.use);
  const size_t first = rest.fields.size() - part.known_as.size();
  std::vector<FrozenValues::Link> links;
  for (size_t i = 0; i < part.known_as.size(); ++i) {
    links.push_back({part.known_as[i], static_cast<int>(first + i)});
  }
  return {network.run_graph(last_use(network)), rest, std::move(links), part.keep,
          network.memory_plan(part.use).batch};
}

uint64_t FrozenSplit::bytes(const Network& network) const {
  uint64_t sum = 0;
  for (const Part* part : parts()) sum += job(*part, network).bytes();
  return sum;
}

uint64_t FrozenSplit::wanted_bytes(const Network& network) const {
  int64_t floats = 0, before = 0;
  for (const Part* part : parts()) {
    floats += (part->keys.end() - before) * job(*part, network).floats();
    before = part->keys.end();
  }
  return static_cast<uint64_t>(floats) * sizeof(float);
}

void FrozenSplit::open(Network& network, Feed& training, Feed* validation, uint64_t memory) {
  CNN_ASSERT(!store_);
  if (is_empty()) return;
  store_ = std::make_unique<SampleStore>(samples_, memory);
  for (const Part* part : parts()) {
    values_.push_back(std::make_unique<FrozenValues>(
        job(*part, network), network.executor(last_use(network)), *store_, part->keys));
    Feed* const feed = part->use == 0 ? &training : validation;
    CNN_ASSERT(feed != nullptr);
    feed->take(*values_.back());
  }
}

void FrozenSplit::spill_to(const std::string& folder) {
  if (store_) store_->spill_to(folder, free_space(folder) / 2);
}

std::string FrozenSplit::text(const Network& network, bool keeps, uint64_t memory) const {
  const Part& part = *parts().front();
  std::vector<std::string> outputs;
  const FrozenValues::Job own = job(part, network);
  for (const FrozenValues::Link& link : own.links) {
    const Field& field = own.rest.fields[static_cast<size_t>(link.field)].field;
    outputs.push_back(describe(field.shape, field.items));
  }
  constexpr size_t kMostNamed = 3;
  if (outputs.size() > kMostNamed) {
    const size_t others = outputs.size() - kMostNamed;
    outputs.resize(kMostNamed);
    outputs.push_back(fmt::format("{} more", others));
  }
  const int64_t layers = part.beginning.layers;
  std::string text = layers == 1
                         ? "the first layer is frozen"
                         : fmt::format("the first {} layers are frozen", with_commas(layers));
  const char* const whose = training_ ? "" : " in validation";
  if (!keeps) {
    return text + fmt::format("; what they make of a sample{} is computed in every epoch", whose);
  }
  const uint64_t wanted = wanted_bytes(network);
  text += fmt::format(": their outputs{} ({} of {}, {}) are computed once", whose,
                      join(outputs, ", "), counted(samples_, "sample"), human_bytes(wanted));
  if (!training_) text += "; those in training change from epoch to epoch";
  if (wanted > memory) {
    text += fmt::format("; {} find room in memory, others in a file as far as the disk goes",
                        human_bytes(memory));
  }
  return text;
}

}  // namespace cnn
