// Metrics: what is measured beside the loss. Each consumes (output, target) of one batch after
// another and adds up in whole numbers or in sample order, so that results do not depend on threads
// or on how the data are cut into batches.
//
//   metrics: [accuracy, {topk: 3}, {iou: per_class}, {accuracy: ~, of: aux, name: aux_accuracy}]
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
#include "metrics/confusion.h"
#include "spec/model_spec.h"
#include "spec/options.h"
#include "tensor/view.h"

namespace cnn {

// Named numbers in order: {"accuracy", 0.98}.
using Scores = std::vector<std::pair<std::string, double>>;
const double* find_score(const Scores& scores, std::string_view name);

// What a metric has added up so far, as numbers one after another: written down by one of these,
// taken back by another. Counts are exact below 2^53.
class MetricTally {
 public:
  MetricTally() = default;  // writes down
  explicit MetricTally(std::vector<double> numbers) : numbers_(std::move(numbers)), reads_(true) {}

  void operator()(double& number);
  void operator()(int64_t& number);
  void operator()(std::vector<double>& numbers);
  void operator()(std::vector<int64_t>& numbers);
  const std::vector<double>& numbers() const { return numbers_; }
  // Taking back: as many numbers as asked for, no fewer, no more.
  bool fits() const { return !reads_ || next_ == numbers_.size(); }

 private:
  std::vector<double> numbers_;
  bool reads_ = false;
  size_t next_ = 0;
};

// What a metric is about to see; throws nothing.
struct MetricInputs {
  Shape output;
  Shape target = {};                   // rank 0 for a metric without target
  std::optional<int64_t> ignore = {};  // the class number that the loss leaves out, if any
  bool is_score = false;               // its sigmoid is meant (MainOutput::is_before_sigmoid)
  Link makes = Link::kNone;            // what the output's layer has made of scores, if it has
  float middle = 0;                    // from where on one score alone means class 1
  std::vector<Shape> more = {};        // of reads()
  bool draws = false;                  // a sample is drawn from the values of reads()
};

class TextMetric;
struct Writing;
class TextSource;

class Metric {
 public:
  virtual ~Metric() = default;
  virtual void options(Options&) {}
  // False: it looks at the output alone.
  virtual bool needs_target() const { return true; }
  // True: it is the share of right ones, which papers turn round to an error rate.
  virtual bool is_share_of_right() const { return false; }
  // True: differences are all it looks at, so that where numbers begin does not matter.
  virtual bool compares_differences() const { return false; }
  // False: it means something over a whole evaluation alone, or costs too much.
  virtual bool measures_training() const { return true; }
  // False: what it reads need not be lists of equally many items.
  virtual bool compares_items() const { return true; }
  // The value that its options name as the one it reads first; empty: `of`, or the first loss's.
  virtual std::string output_name() const { return ""; }
  // Names of further values, from its options.
  virtual std::vector<std::string> reads() const { return {}; }
  // Checks shapes; throws Exit::kSpec without a place.
  virtual void setup(const MetricInputs& inputs) = 0;
  virtual void reset() = 0;
  // All that add() changes and result() reads, through `tally`, always in the same order.
  virtual void keep(MetricTally& tally) = 0;
  // `more`: the values of reads().
  virtual void add(const ConstView& output, const ConstView& target,
                   std::span<const ConstView> more) = 0;
  void add(const ConstView& output, const ConstView& target) { add(output, target, {}); }
  // Names that result() gives, known after setup.
  virtual std::vector<std::string> names() const = 0;
  virtual Scores result() const = 0;
};

struct MetricType {
  const char* name;
  const char* summary;
  const char* example;
  std::unique_ptr<Metric> (*make)();
  std::vector<std::string> other_names = {};  // suggested, never accepted
};
std::span<const MetricType> metric_types();
std::vector<std::string> metric_names();
// One of them, with the defaults of its options.
std::unique_ptr<Metric> make_metric(std::string_view name);

// The metrics of a model file, bound to the values of one graph.
class MetricSet {
 public:
  // `graph` is the test graph. Throws Error with located problems.
  MetricSet(const ModelSpec& spec, const Graph& graph);
  // Those that measure training and that the training graph has the values for.
  static MetricSet in_training(const ModelSpec& spec, const Graph& graph);

  // Fields of the data set: of targets that it has standardised, metrics see numbers as they were,
  // and what is compared with them is brought back likewise.
  void take_standards(std::span<const Field> fields);
  // The values that must stay readable after forward, for plan_memory.
  std::vector<int> values() const;
  void reset();
  // Whether there are metrics of what the network writes (text_metric.h).
  bool wants_texts() const;
  // How these ask it to write, each way once.
  std::vector<Writing> writings() const;
  // Exit::kSpec, with their places, if there are: nobody writes.
  void refuse_texts() const;
  // For the batch that was run last, of samples that the data set numbers so. Exit::kInput if one
  // of them has no reference.
  void add_texts(TextSource& source, std::span<const int64_t> samples);
  // What has been added up, and taken back (false: it is of other metrics; then all begin anew).
  std::vector<double> tally() const;
  bool restore(std::vector<double> numbers);
  // `value(id)` gives the view of a value of the graph, a bound field too.
  template <class Value>
  void add(Value&& value) {
    for (Bound& b : bound_) {
      if (b.text != nullptr) continue;
      for (size_t i = 0; i < b.more.size(); ++i) b.views[i] = value(b.more[i]);
      const ConstView output = value(b.output);
      const ConstView target = b.target < 0 ? ConstView{} : value(b.target);
      if (b.standard.is_set()) {
        b.metric->add(undone(b, output, b.outputs), undone(b, target, b.targets), b.views);
      } else {
        b.metric->add(output, target, b.views);
      }
    }
  }
  std::vector<std::string> names() const;
  Scores result() const;
  // 1 minus each share of right ones: {"top5_error", 0.07}; accuracy gives "error".
  Scores errors() const;

 private:
  MetricSet() = default;
  struct Bound {
    std::unique_ptr<Metric> metric;
    TextMetric* text = nullptr;  // the same, if it is one
    Mark mark;
    std::string name;  // `name:`, or empty: the metric's own names
    int output = -1;
    int target = -1;  // -1: it has none
    std::vector<int> more;
    std::vector<ConstView> views;         // of `more`, in the current batch
    std::string field;                    // that the target is; empty: it is none
    int64_t channels = 0;                 // of output and target; 0: they differ
    Standard standard;                    // what has been done to the target's numbers
    std::vector<float> outputs, targets;  // both without it
  };
  static ConstView undone(const Bound& bound, const ConstView& view, std::vector<float>& memory);
  static bool check_lengths(const Bound& bound, const OpChoice& op, const Graph& graph,
                            Diagnostics& diagnostics);
  bool bind(Bound& bound, const Node& item, const OpChoice& op, const Graph& graph,
            Diagnostics& diagnostics);
  void read(const Node& item, const Graph& graph, Diagnostics& diagnostics);
  std::vector<std::string> names_of(const Bound& bound) const;
  std::vector<Bound> bound_;
};

}  // namespace cnn
