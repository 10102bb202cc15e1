// Session: a training run made ready: everything that is checked and allocated before step 0.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "metrics/metrics.h"
#include "model/feed.h"
#include "model/frozen_split.h"
#include "model/network.h"
#include "model/settings.h"
#include "model/weight_average.h"
#include "model/weights.h"
#include "predict/network_texts.h"
#include "spec/model_spec.h"

namespace cnn {

class Session {
 public:
  // Reads the spec, opens the data, plans and allocates; weights are initialised. Throws Error.
  Session(const ModelSpec& spec, uint64_t memory_limit);

  const TrainSettings& settings() const { return settings_; }
  Network& network() { return network_; }
  Optimizer& optimizer() { return *settings_.optimizer; }
  WeightAverage& average() { return average_; }
  MetricSet& metrics() { return metrics_; }
  // Of the training batches as they are learned from: with their augmentation and dropout.
  MetricSet& train_metrics() { return train_metrics_; }
  // The weights that training begins with: of a file, or as they are initialised ("" for
  // `weights`); what the file does not have of fitted layers is fitted for as long as `goes_on`,
  // else Exit::kInterrupted.
  void begin(const std::string& weights, const LoadWeightsOptions& options,
             const std::function<bool()>& goes_on);
  Feed& train_feed() { return *train_feed_; }
  Feed* validation_feed() { return validation_feed_.get(); }  // null: nothing is held out
  Executor& train_executor() { return network_.executor(0); }
  Executor& validation_executor() { return network_.executor(1); }

  NetworkTexts* texts() { return texts_.get(); }  // null: no metric compares texts

  const BestRule& best() const { return best_; }
  // Names of an epoch's scores in order: train/loss, train/accuracy, val/loss, val/accuracy ...
  std::vector<std::string> score_names() const;
  const WeightsInfo& weights_info() const { return weights_info_; }
  const std::string& data_hash() const { return data_hash_; }
  // The model file as a run keeps it: merged, with data that are found from anywhere.
  const Node& resolved_spec() const { return resolved_spec_; }
  // The layers' algorithms: "conv: im2col, linear: gemm".
  std::string kernels() const;
  uint64_t planned_bytes() const { return planned_bytes(network_) + loading_bytes() + kept_bytes_; }

  // What frozen layers make of samples and memory has no room for may go to a file there.
  void spill_to(const std::string& folder);

  int64_t batches() const { return train_feed_->batches(); }
  int64_t steps_per_epoch() const {
    return (batches() + settings_.accumulate - 1) / settings_.accumulate;
  }
  int64_t total_steps() const { return settings_.epochs * steps_per_epoch(); }

 private:
  bool fit(const std::function<bool(int parameter)>& is_wanted,
           const std::function<bool()>& goes_on);
  void require_all_fitted() const;
  void check_mixing(const ModelSpec& spec) const;
  void check_sizes(const ModelSpec& spec, int64_t samples) const;
  void choose_best(const ModelSpec& spec, bool validates);
  // What is planned for batches of this size; validation comes second, if there is any.
  std::vector<Network::Use> uses(const Network& network, int64_t batch) const;
  int64_t validation_batch(int64_t batch) const;
  void keep_frozen(uint64_t memory_limit);
  void open_feeds(DataView train, DataView validation, bool shuffle);
  void note_classes(const DataView& train) const;
  std::vector<int64_t> sampled_classes(const ModelSpec& spec, const DataView& train,
                                       bool shuffle) const;
  void check_memory_for(const ModelSpec& spec, uint64_t limit) const;
  uint64_t planned_bytes(const Network& network) const;
  uint64_t loading_bytes() const;
  std::string smaller_batch(const ModelSpec& spec, uint64_t allowed) const;

  TrainSettings settings_;
  Network network_;
  WeightAverage average_;
  MetricSet metrics_;
  MetricSet train_metrics_;
  BestRule best_;
  WeightsInfo weights_info_;
  std::string data_hash_;
  uint64_t data_bytes_ = 0;  // that the data sets may come to keep
  Node resolved_spec_;
  int64_t validation_samples_ = 0;
  std::vector<int64_t> classes_;  // of the training samples, for `sampler: balanced`
  DataView fitting_view_;         // the training data, where layers are fitted
  FrozenSplit frozen_;
  uint64_t kept_bytes_ = 0;  // in memory, of what frozen layers make of samples
  std::unique_ptr<Feed> train_feed_;
  std::unique_ptr<Feed> validation_feed_;
  std::unique_ptr<NetworkTexts> texts_;
};

// What weights files say of the data that a model was trained on.
WeightsInfo describe_weights(const ModelSpec& spec, const Graph& graph, const DataView& train,
                             const Node& map);

}  // namespace cnn
