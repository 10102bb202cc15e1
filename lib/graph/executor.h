// Executor: runs a graph over an arena by a plan. No YAML, no I/O, no allocation after
// construction; a smaller batch needs no new setup.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "graph/memory_plan.h"
#include "graph/parameter_store.h"
#include "tensor/tensor.h"

namespace cnn {

class Executor;
struct GradientFlow;

// One block of memory for several plans that do not run at the same time.
class Arena {
 public:
  explicit Arena(int64_t floats) : buffer_(static_cast<size_t>(floats)) {}
  float* data() { return buffer_.data(); }
  int64_t floats() const { return static_cast<int64_t>(buffer_.size()); }
  // Called at the start of a run. False: another executor has used the memory since.
  bool enter(const Executor* executor) { return std::exchange(user_, executor) == executor; }

 private:
  Buffer buffer_;
  const Executor* user_ = nullptr;
};

// Where a number first was not finite.
struct NonFinite {
  std::string layer;
  bool in_gradient = false;
};

class Executor {
 public:
  // Borrows all of them; they must outlive it, and the graph's layers with them.
  Executor(const Graph& graph, ParameterStore& store, const MemoryPlan& plan, Arena& arena);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // The memory that field `i` of the graph is read from: n samples, channels-last. Of a list whose
  // length varies, its items lie packed: those of sample k are starts[k] .. starts[k + 1]; without
  // `starts` every sample has all that there can be.
  void bind(int field, const float* data, const int64_t* starts = nullptr);

  // From here on samples come mixed in pairs (Call::shares), or with no shares as they are. The
  // memory is the caller's.
  void mix(std::span<const float> shares) { shares_ = shares; }

  // Runs forward on n <= plan.batch samples. (seed, step) and the samples' numbers, from `first`
  // on, key the layers' random numbers.
  void forward(int64_t n, uint64_t seed, uint64_t step, int64_t first = 0);

  // Gradients of `scale` times the weighted sum of losses, and of sum(gradient(v) * value(v)) over
  // the plan's starts v, whose gradients the caller writes anew before every call. Parameter
  // gradients are overwritten, or added to if `add` (accumulation). After forward() of the same
  // batch.
  //
  // `denominators`, by loss term: what the term's numerators are divided by, where the batch is a
  // part of a larger one: the denominators of all of that. Empty: the batch's own.
  void backward(float scale = 1.0f, bool add = false, std::span<const double> denominators = {});

  // Losses of the last forward: numerator and denominator sums, in sample order, in double.
  struct LossSum {
    double numerator = 0;
    double denominator = 0;
    double mean() const { return denominator > 0 ? numerator / denominator : 0; }
  };
  LossSum loss(int term) const;
  double total_loss() const;  // weighted sum of the terms' means

  // A value or its gradient after a run; only what the plan keeps is meaningful. No data: nobody
  // computes it.
  ConstView value(int id) const;
  View gradient(int id);

  // What layers carry from batch to batch: the sample at a place of the batch goes on where the one
  // at that place of the batch before has ended. reset_carried(): all begin anew.
  std::span<float> carried() { return carried_.span(); }
  void reset_carried();
  // Of a place of the batch, what was at place from[place]: a search goes on with what it chose.
  void move_carried(std::span<const int> from);

  // Repeats the last run with a check behind every layer. Statistics advance: for the way out only.
  std::optional<NonFinite> find_non_finite();

  const MemoryPlan& plan() const { return plan_; }

  // Called around each layer: `cnn time`. kForwardAgain: a second run for the sake of backward.
  // While one watches, layers that multiply matrices run backward in two parts. Where the plan cuts
  // the batch into slices, threads call at the same time, each as another `worker` < threads().
  struct Observer {
    enum class Part { kForward, kForwardAgain, kBackward, kBackwardData, kBackwardWeights };
    virtual ~Observer() = default;
    virtual void before(int node, Part part, int worker) = 0;
    virtual void after(int node, Part part, int worker) = 0;
  };
  void observe(Observer* observer) { observer_ = observer; }

 private:
  struct Slot;                      // the prepared views of one node
  using Slots = std::vector<Slot>;  // by node
  // Samples [first, first + count) of the batch, in a worker's lane.
  struct Slice {
    int worker = 0;
    int64_t first = 0;
    int64_t count = 0;
  };

  Slot make_slot(size_t node, const GradientFlow& flow, int worker);
  // Items (or samples) of a value in the batch; where those of each sample begin.
  int64_t rows(int id) const;
  const int64_t* starts(int length) const;
  void set_lengths();
  // Brings the views of a node up to the numbers of items in this batch.
  void measure(Slot& slot, size_t node) const;
  // Nothing to do: the node looks at items one by one, and the batch has none.
  bool is_idle(size_t node) const;
  void zero_gradients(const Slot& slot, size_t node);
  float loss_scale(const Slot& slot, size_t node, std::span<const double> denominators) const;
  Slice whole_batch() const { return {0, 0, batch_}; }
  float* place(const Placement& placement, int worker) const;
  ConstView value(int id, const Slice& slice) const;
  void set_batch(int64_t n);
  void aim(Slots& slots, const Slice& slice) const;
  template <class AnyCall>
  void fill(AnyCall& call, const Slot& slot, size_t node, const Slice& slice) const;
  void prepare();
  void run_forward(Slot& slot, size_t node, const Slice& slice, bool again = false) const;
  // The layers that the plan slices.
  std::optional<NonFinite> run_slice(const Slice& slice, bool check);
  // The others.
  std::optional<NonFinite> run_whole(bool check);
  std::optional<NonFinite> run_layers(Slots& slots, const Slice& slice, bool sliced,
                                      bool check) const;
  void run_backward(size_t node);
  void observe_backward(size_t node, BackwardCall& call);

  const Graph& graph_;
  ParameterStore& store_;
  const MemoryPlan& plan_;
  Arena& arena_;
  Observer* observer_ = nullptr;
  int64_t batch_ = 0;
  uint64_t seed_ = 0;
  uint64_t step_ = 0;
  int64_t first_ = 0;
  std::span<const float> shares_;
  float scale_ = 1;
  std::span<const double> denominators_;  // during backward()
  bool accumulate_ = false;
  bool ran_backward_ = false;
  bool derives_ = false;  // some layer has values computed from parameters
  bool writes_statistics_ = false;
  std::optional<uint64_t> prepared_;  // the store's version that they were computed from
  Slots slots_;
  std::vector<Slots> lanes_;  // by worker, of the layers that run in slices
  std::vector<const float*> bound_;
  std::vector<const int64_t*> bound_starts_;  // by field
  std::vector<std::vector<int64_t>> starts_;  // by length: batch + 1 numbers
  std::vector<int64_t> one_each_;             // of values that are no lists
  Buffer carried_;
  std::vector<char> all_add_;  // a 1 for each parameter of the layer that has most
};

}  // namespace cnn
