// Feed: a split of the data joined to the fields that a graph reads.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/loader.h"
#include "graph/executor.h"
#include "graph/graph.h"
#include "model/frozen_values.h"
#include "model/mixing.h"

namespace cnn {

// What a graph reads, inputs first, for DataSource and bind_fields.
std::vector<Field> wanted_fields(const Graph& graph);
// The data set's field that is the main output's target (graph/main_output.h); -1 if there is none.
int target_field(const Graph& graph, const Dataset& dataset);
// Names of that field's classes, else of the first field that has such (an autoencoder is drawn
// by classes, too); empty where there are none.
std::vector<std::string> class_names_of(const Graph& graph, const Dataset& dataset);
// Names of the target's numbers; empty where there are none.
std::vector<std::string> value_names_of(const Graph& graph, const Dataset& dataset);

class Feed {
 public:
  enum class Reads {
    kAll,
    kInputs,  // no targets: for passes without losses
  };
  // Throws Exit::kSpec if the data set lacks a field of the graph, Exit::kInput for bad labels and
  // for numbers outside of a field's range in one of the first samples.
  Feed(const Graph& graph, DataView view, const LoaderSettings& settings,
       Reads reads = Reads::kAll);

  // From here on batches come mixed; the graph has no mixing_problem.
  void mix(const MixRule& rule, uint64_t seed) { mixer_.emplace(graph_, rule, seed); }

  // From here on batches come with what frozen layers make of their samples; what only these read
  // is not read of samples that they have seen. Borrowed; before the first start_epoch().
  void take(FrozenValues& frozen);

  void start_epoch(int64_t epoch, int64_t first_batch = 0) {
    epoch_ = epoch;
    loader_.start_epoch(epoch, first_batch);
  }
  // Binds the next batch to the executor of that graph (or of the rest of it behind the frozen
  // values, which has fields for these) and returns its size; 0 after the last.
  // Exit::kInput if a number is outside of its field's range.
  // Unless the data come as streams, nothing is carried from the batch before.
  int64_t next(Executor& executor);

  // The numbers in the data set of the samples of that batch; good until the next one.
  std::span<const int64_t> batch_samples() const { return samples_of_batch_; }

  // By loss term: what the denominators of the next `count` batches add up to, so that each of them
  // can be a part of one update; 0 where only the network can tell.
  std::vector<double> denominators(int64_t count);

  int64_t batches() const { return loader_.batches(); }
  int64_t samples() const { return loader_.samples(); }
  uint64_t bytes() const { return loader_.bytes(); }

 private:
  void check_lengths(const Batch& batch) const;
  std::optional<double> denominator(const GraphNode& loss, const Batch& batch) const;
  std::vector<char> fields_of_denominators() const;
  int64_t rows(int value, const Batch& batch) const;
  void check(size_t field, const float* values, const int64_t* starts,
             std::span<const int64_t> samples) const;
  void check_first_samples() const;

  const Graph& graph_;
  bool stream_ = false;
  std::vector<Field> wanted_;  // by field of the graph, of which inputs are the first
  std::vector<int> fields_;    // the data set's, likewise
  Loader loader_;
  int64_t batch_size_ = 0;
  int64_t epoch_ = 0;
  std::span<const int64_t> samples_of_batch_;
  std::optional<Mixer> mixer_;
  FrozenValues* frozen_ = nullptr;
};

}  // namespace cnn
