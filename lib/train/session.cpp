#include "train/session.h"

#include <algorithm>
#include <set>

#include "base/log.h"
#include "base/text.h"
#include "data/catalogue.h"
#include "data/class_counts.h"
#include "data/description.h"
#include "data/standardise.h"
#include "graph/main_output.h"
#include "kernels/gemm_library.h"
#include "model/fit.h"
#include "model/inputs.h"
#include "model/loss_checks.h"
#include "model/resolve.h"

namespace cnn {
namespace {

// The place of train.KEY in the model file, or nowhere.
Mark mark_of(const ModelSpec& spec, std::string_view key) {
  const Node* train = spec.section("train");
  const Entry* entry = train ? train->entry(key) : nullptr;
  return entry ? entry->mark : Mark{};
}

bool uses_batch_statistics(const Graph& graph, const ParameterStore& store) {
  const auto moves = [&](int parameter) {
    return !store.at(parameter).request.learned && !store.at(parameter).frozen;
  };
  return std::any_of(graph.nodes.begin(), graph.nodes.end(), [&](const GraphNode& node) {
    return node.type->uses_batch_statistics &&
           std::any_of(node.parameters.begin(), node.parameters.end(), moves);
  });
}

}  // namespace

WeightsInfo describe_weights(const ModelSpec& spec, const Graph& graph, const DataView& train,
                             const Node& map) {
  const Dataset& data = *train.dataset;
  WeightsInfo info;
  info.model = spec.name;
  info.class_names = class_names_of(graph, data);
  info.value_names = value_names_of(graph, data);
  for (const Field& field : data.fields()) {
    if (field.standard.is_set()) info.standards[field.name] = field.standard;
  }
  info.vocabularies = vocabularies_of(data);
  for (const GraphField& field : graph.fields) {
    if (!field.is_input) continue;
    for (int axis = 0; axis < field.field.shape.rank(); ++axis) {
      info.input.push_back(field.field.shape[axis]);
    }
    const int source = data.field(field.field.name);
    if (source == 0) {
      info.normalization = data.normalization();
      info.look = describe_data(map, data.fields()[0].shape.channels()).look;
      info.look.tone = tone_of(train);
    }
    if (source >= 0) {
      const Field& known = data.fields()[static_cast<size_t>(source)];
      info.input_names = known.value_names;
      info.categories = known.categories;
    }
    if (source >= 0) info.vocabulary = data.vocabulary(source);
    break;
  }
  return info;
}

Session::Session(const ModelSpec& spec, uint64_t memory_limit)
    : settings_(read_train_settings(spec)),
      network_(spec, true),
      average_(settings_.ema),
      metrics_(spec, network_.test_graph()),
      train_metrics_(MetricSet::in_training(spec, network_.train_graph())) {
  require_loss(network_.train_graph(), spec.path);
  const DataReader reader = data_reader(network_.train_graph());
  DataSource source(load_data(spec, reader), static_cast<uint64_t>(settings_.seed), reader.fields);
  DataView train = source.open(Split::kTrain);
  DataView validation = source.open(Split::kValidation);
  check_mixing(spec);
  check_sizes(spec, train.size());
  check_class_counts(spec, network_.train_graph(), train);
  check_standards(network_.train_graph(), *train.dataset);
  metrics_.take_standards(train.dataset->fields());
  train_metrics_.take_standards(train.dataset->fields());
  warn_of_double_links(network_.train_graph());
  choose_best(spec, !validation.empty());
  note_classes(train);
  if (const std::string text = columns_text(*train.dataset); !text.empty())
    note("columns: {}", text);
  classes_ = sampled_classes(spec, train, source.shuffle());
  data_hash_ = train.hash() + validation.hash();
  data_bytes_ = train.dataset->memory_bytes();
  if (validation.dataset != train.dataset) data_bytes_ += validation.dataset->memory_bytes();
  weights_info_ = describe_weights(spec, network_.test_graph(), train, source.map());
  resolved_spec_ = cnn::resolved_spec(spec, source.map());

  validation_samples_ = validation.size();
  frozen_ = FrozenSplit(network_, {train, train_metrics_.values(), settings_.mixing.is_active()},
                        {validation, metrics_.values(), false});
  network_.plan(uses(network_, settings_.batch_size));
  network_.note_kernels(0);
  if (metrics_.wants_texts() && !validation.empty()) {
    texts_ = NetworkTexts::make(frozen_.validated(network_.test_graph()), network_.store(),
                                validation.dataset, validation_batch(settings_.batch_size),
                                metrics_.writings());
    if (texts_ == nullptr) metrics_.refuse_texts();
  }
  if (!frozen_.is_empty()) network_.note_kernels(network_.uses() - 1);
  check_memory_for(spec, memory_limit);  // before the loaders allocate
  gemm_library();
  if (!fitted_nodes(network_.test_graph()).empty()) fitting_view_ = train;
  require_all_fitted();
  open_feeds(std::move(train), std::move(validation), source.shuffle());
  check_memory_for(spec, memory_limit);
  network_.allocate();
  if (texts_ != nullptr) texts_->allocate(validation_executor());
  keep_frozen(memory_limit);
  optimizer().attach(network_.store());
  average_.attach(network_.store());
  network_.store().initialize(static_cast<uint64_t>(settings_.seed));
}

// Fitting runs the network as it is tested.
void Session::require_all_fitted() const {
  for (const GraphNode& node : network_.train_graph().nodes) {
    const bool is_tested = network_.test_graph().find_node(node.name) >= 0;
    if (is_tested || node.layer->fitter() == nullptr) continue;
    Diagnostics diagnostics;
    diagnostics.report(node.mark,
                       fmt::format("'{}' is fitted, so it cannot be of training alone", node.name));
    diagnostics.throw_if_any();
  }
}

void Session::check_mixing(const ModelSpec& spec) const {
  for (const auto& [key, rule] :
       {std::pair<const char*, MixRule>{"mixup", {settings_.mixing.mixup, 0}},
        {"cutmix", {0, settings_.mixing.cutmix}}}) {
    if (!rule.is_active()) continue;
    const std::optional<std::string> problem = mixing_problem(network_.train_graph(), rule);
    if (!problem) continue;
    Diagnostics diagnostics;
    diagnostics.report(mark_of(spec, key), fmt::format("'{}' {}", key, *problem));
    diagnostics.throw_if_any();
  }
}

void Session::check_sizes(const ModelSpec& spec, int64_t samples) const {
  if (settings_.batch_size > samples) {
    Diagnostics diagnostics;
    diagnostics.report(mark_of(spec, "batch_size"),
                       fmt::format("a batch of {} is larger than the training data: {}",
                                   settings_.batch_size, counted(samples, "sample")));
    diagnostics.throw_if_any();
  }
  if (settings_.batch_size == 1 &&
      uses_batch_statistics(network_.train_graph(), network_.store())) {
    warn("batch norm in batches of one sample: its statistics are those of that sample alone");
  }
  if (settings_.batch_size > 1) return;
  for (const LossTerm& loss : network_.train_graph().losses) {
    if (!network_.train_graph().node(loss.node).type->compares_samples) continue;
    warn(
        "'{}' ranks the samples of a batch against one another: alone in it, a sample costs "
        "nothing",
        loss.name);
  }
}

// Where they differ much: what accuracy means, and what helps, depends on it.
void Session::note_classes(const DataView& train) const {
  constexpr size_t kMostNamed = 10;
  const Graph& graph = network_.train_graph();
  const int field = target_field(graph, *train.dataset);
  if (field < 0) return;
  const Field& target = train.dataset->fields()[static_cast<size_t>(field)];
  if (!target.is_label() || target.classes == 0) return;
  const std::vector<int64_t> counts = class_counts(train, field, target.classes);
  if (!is_unbalanced(counts)) return;
  note("training samples by class: {}",
       counts_text(counts, train.dataset->class_names(field), kMostNamed));
}

std::vector<int64_t> Session::sampled_classes(const ModelSpec& spec, const DataView& train,
                                              bool shuffle) const {
  if (settings_.sampler != Sampler::kBalanced) return {};
  Diagnostics diagnostics;
  const auto refuse = [&](const char* problem) {
    diagnostics.report(mark_of(spec, "sampler"), fmt::format("'sampler: balanced' {}", problem));
    diagnostics.throw_if_any();
  };
  if (settings_.stream) refuse("draws samples, 'stream: true' takes them in their order");
  if (!shuffle) refuse("draws samples, the data map's 'shuffle: false' takes them in their order");
  const int target = target_field(network_.train_graph(), *train.dataset);
  if (target < 0 || !train.dataset->fields()[static_cast<size_t>(target)].is_label()) {
    refuse("needs a class for every sample, which the first loss compares with");
  }
  std::vector<int64_t> classes = labels_of(train, target);
  const std::optional<int64_t> ignored = main_output(network_.train_graph())->ignored;
  for (int64_t& c : classes) {
    if (c == ignored || c == train.dataset->ignored_class()) c = -1;
  }
  return classes;
}

void Session::choose_best(const ModelSpec& spec, bool validates) {
  best_ = settings_.best;
  if (best_.metric.empty()) best_.metric = validates ? "val/loss" : "train/loss";
  const std::vector<std::string> names = score_names();
  if (std::count(names.begin(), names.end(), best_.metric) == 0) {
    Diagnostics diagnostics;
    diagnostics.report_unknown(mark_of(spec, "best"), "result", best_.metric, names);
    diagnostics.throw_if_any();
  }
  if (!validates && best_.metric.starts_with("val/")) {
    note("no data are held out, so the best weights are those of the lowest train/loss");
    best_ = {"train/loss", false};
  }
}

int64_t Session::validation_batch(int64_t batch) const {
  const int64_t wanted = settings_.val_batch_size > 0 ? settings_.val_batch_size : batch;
  return std::min(wanted, validation_samples_);
}

std::vector<Network::Use> Session::uses(const Network& network, int64_t batch) const {
  std::vector<Network::Use> uses = {{Pass::training(), batch, train_metrics_.values()}};
  if (validation_samples_ > 0) {
    uses.push_back({Pass::testing(), validation_batch(batch), metrics_.values()});
  }
  for (Network::Use& use : fitting_uses(network.test_graph(), batch)) {
    uses.push_back(std::move(use));
  }
  frozen_.cut(uses);
  return uses;
}

// With a limit to its end; of what the machine has free, half stays for others.
void Session::keep_frozen(uint64_t memory_limit) {
  if (frozen_.is_empty()) return;
  uint64_t memory = 0;
  if (settings_.keep_frozen) {
    const uint64_t allowed = allowed_memory(memory_limit), planned = planned_bytes();
    const uint64_t wanted = frozen_.wanted_bytes(network_);
    const uint64_t left = allowed > planned ? allowed - planned : 0;
    memory = allowed == 0 ? wanted : std::min(wanted, allowed == memory_limit ? left : left / 2);
  }
  frozen_.open(network_, *train_feed_, validation_feed_.get(), memory);
  kept_bytes_ = memory;
  note("{}", frozen_.text(network_, settings_.keep_frozen, memory));
}

void Session::spill_to(const std::string& folder) {
  if (settings_.keep_frozen) frozen_.spill_to(folder);
}

void Session::begin(const std::string& weights, const LoadWeightsOptions& options,
                    const std::function<bool()>& goes_on) {
  std::set<int> missing;
  if (!weights.empty()) {
    const WeightsInfo info = load_weights(weights, network_.store(), options);
    // With --partial the words may be new: what stands for them begins anew, as a warning lists.
    if (!options.partial)
      check_vocabularies(info.vocabularies, weights_info_.vocabularies, weights);
    missing = {info.missing.begin(), info.missing.end()};
  }
  const auto is_wanted = [&](int parameter) {
    return weights.empty() || missing.count(parameter) > 0;
  };
  if (!fit(is_wanted, goes_on)) {
    fail(Exit::kInterrupted, "", "stopped before the first step; there is no run yet");
  }
  average_.begin();
}

// Those layers that have a parameter that `is_wanted`. False: `goes_on` has become false.
bool Session::fit(const std::function<bool(int parameter)>& is_wanted,
                  const std::function<bool()>& goes_on) {
  if (fitting_view_.empty()) return true;
  const auto wanted = [&](const GraphNode& node) {
    return std::any_of(node.parameters.begin(), node.parameters.end(), is_wanted);
  };
  return fit_layers(network_, validation_samples_ > 0 ? 2 : 1, fitting_view_,
                    settings_.loader(settings_.batch_size), wanted, goes_on);
}

void Session::open_feeds(DataView train, DataView validation, bool shuffle) {
  LoaderSettings training = settings_.loader(settings_.batch_size);
  training.shuffle = shuffle;
  training.augment = true;
  training.classes = classes_;
  training.stream = settings_.stream;
  train_feed_ = std::make_unique<Feed>(network_.train_graph(), std::move(train), training);
  if (settings_.mixing.is_active()) {
    train_feed_->mix(settings_.mixing, static_cast<uint64_t>(settings_.seed));
  }
  if (validation.empty()) return;
  LoaderSettings testing = settings_.loader(validation_batch(settings_.batch_size));
  testing.stream = settings_.stream;
  validation_feed_ = std::make_unique<Feed>(network_.test_graph(), std::move(validation), testing);
}

uint64_t Session::planned_bytes(const Network& network) const {
  return network.planned_bytes() + frozen_.bytes(network) +
         settings_.optimizer->state_bytes(network.store()) + average_.bytes(network.store()) +
         data_bytes_ + (texts_ ? texts_->bytes() : 0);
}

uint64_t Session::loading_bytes() const {
  return (train_feed_ ? train_feed_->bytes() : 0) +
         (validation_feed_ ? validation_feed_->bytes() : 0);
}

void Session::check_memory_for(const ModelSpec& spec, uint64_t limit) const {
  std::vector<MemoryPlan::Tenant> others;
  others.push_back({"the optimizer", settings_.optimizer->state_bytes(network_.store())});
  if (average_.is_active()) {
    others.push_back({"the mean of the weights (train.ema)", average_.bytes(network_.store())});
  }
  if (data_bytes_ > 0) others.push_back({"samples kept in memory (data.cache)", data_bytes_});
  if (texts_) others.push_back({"writing texts", texts_->bytes()});
  if (const uint64_t bytes = frozen_.bytes(network_); bytes > 0) {
    others.push_back({"what frozen layers make of a batch", bytes});
  }
  if (train_feed_) others.push_back({"loading training data", train_feed_->bytes()});
  if (validation_feed_) others.push_back({"loading validation data", validation_feed_->bytes()});
  check_memory(planned_bytes(), limit, largest_tenants(network_, std::move(others)),
               [&](uint64_t allowed) { return smaller_batch(spec, allowed); });
}

// The largest batch that fits, of those that accumulate makes the same updates of.
std::string Session::smaller_batch(const ModelSpec& spec, uint64_t allowed) const {
  const auto whole = static_cast<uint64_t>(settings_.batch_size);
  uint64_t smallest = planned_bytes();
  for (uint64_t parts = 2; parts <= whole; ++parts) {
    if (whole % parts != 0) continue;
    const auto batch = static_cast<int64_t>(whole / parts);
    Network trial(spec, true);
    trial.plan(uses(trial, batch));
    smallest = planned_bytes(trial) + (train_feed_ ? train_feed_->bytes() / parts : 0) +
               (validation_feed_ ? validation_feed_->bytes() : 0);
    if (smallest > allowed) continue;
    return fmt::format("--batch-size {} train.accumulate={} makes the same updates with {}", batch,
                       settings_.accumulate * static_cast<int64_t>(parts), human_bytes(smallest));
  }
  return fmt::format("a batch of one sample needs {}, too", human_bytes(smallest));
}

std::vector<std::string> Session::score_names() const {
  std::vector<std::string> names = {"train/loss"};
  for (const std::string& name : train_metrics_.names()) names.push_back("train/" + name);
  names.push_back("val/loss");
  for (const std::string& name : metrics_.names()) names.push_back("val/" + name);
  return names;
}

std::string Session::kernels() const {
  std::set<std::string> words;
  for (const GraphNode& node : network_.train_graph().nodes) {
    if (node.plan.kernel.empty()) continue;
    words.insert(fmt::format("{}: {}", node.type->name, node.plan.kernel));
  }
  return join(std::vector<std::string>(words.begin(), words.end()), ", ");
}

}  // namespace cnn
