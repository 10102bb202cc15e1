// Metrics: what is measured beside the loss. Each consumes (output, target) of one batch after
// another and adds up in whole numbers or in sample order, so that results do not depend on threads
// or on how the data are cut into batches.
//
//   metrics: [accuracy, {topk: 3}, {accuracy: ~, of: aux, name: aux_accuracy}]
//
// A metric reads the first loss's input and target unless `of:` and `target:` say otherwise.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "spec/model_spec.h"
#include "spec/options.h"
#include "tensor/view.h"
#include "train/confusion.h"

namespace cnn {

// Named numbers in order: {"accuracy", 0.98}.
using Scores = std::vector<std::pair<std::string, double>>;
const double* find_score(const Scores& scores, std::string_view name);

class Metric {
 public:
  virtual ~Metric() = default;
  virtual void options(Options&) {}
  // Checks shapes; throws Exit::kSpec without a place. `ignore`: the class number that the loss
  // leaves out, if any.
  virtual void setup(const Shape& output, const Shape& target, std::optional<int64_t> ignore) = 0;
  virtual void reset() = 0;
  virtual void add(const ConstView& output, const ConstView& target) = 0;
  // Names that result() gives, known before any data.
  virtual std::vector<std::string> names() const = 0;
  virtual Scores result() const = 0;
};

struct MetricType {
  const char* name;
  const char* summary;
  const char* example;
  std::unique_ptr<Metric> (*make)();
};
std::span<const MetricType> metric_types();
std::vector<std::string> metric_names();

// What the first loss compares, for metrics and test reports.
struct LossBinding {
  int output = -1;  // value
  int target = -1;  // value
  FieldKind kind = FieldKind::kValues;
  std::optional<int64_t> ignore;
};
// Nothing if the graph has no loss with a target.
std::optional<LossBinding> first_loss_binding(const Graph& graph);

// The metrics of a model file, bound to the values of one graph.
class MetricSet {
 public:
  // `graph` is the test graph. Throws Error with located problems.
  MetricSet(const ModelSpec& spec, const Graph& graph);

  // The values that must stay readable after forward, for plan_memory.
  std::vector<int> values() const;
  void reset();
  // `value(id)` gives the view of a value of the graph, a bound field too.
  template <class Value>
  void add(Value&& value) {
    for (Bound& b : bound_) b.metric->add(value(b.output), value(b.target));
  }
  std::vector<std::string> names() const;
  Scores result() const;

 private:
  struct Bound {
    std::unique_ptr<Metric> metric;
    std::string name;  // `name:`, or empty: the metric's own names
    int output = -1;
    int target = -1;
  };
  void read(const Node& item, const Graph& graph, Diagnostics& diagnostics);
  std::vector<std::string> names_of(const Bound& bound) const;
  std::vector<Bound> bound_;
};

}  // namespace cnn
