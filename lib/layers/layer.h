// Layer: one operation of a network. A layer is three things: a table of options, a `setup` that
// turns input shapes into an output shape and books memory, and `forward`/`backward` over views.
// After setup it is immutable, owns no buffers, and may be run by several executors at once.
//
// All values are float32, batch first, channels-last (tensor/shape.h). Losses are layers whose
// output is [2] per sample: numerator and denominator; the loss of a batch is sum / sum, each
// added in sample order in double.
//
// Lists (tensor/items.h). A layer that looks at every item by itself knows nothing of them: its
// shapes are those of an item, and a batch is the items of all samples, packed. A layer type that
// mixes items says so (LayerType::mixes_items): its calls count samples, and its views have starts.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/rng.h"
#include "kernels/epilogue.h"
#include "layers/initializer.h"
#include "spec/options.h"
#include "tensor/field.h"
#include "tensor/items.h"
#include "tensor/shape.h"
#include "tensor/view.h"

namespace cnn {

enum class Phase { kTrain, kTest };

// What a run of a graph computes; an argument of plan, executor and backward.
struct Pass {
  enum class Gradients { kNone, kInput, kParameters };  // kInput: down to the graph's inputs
  enum class Rule { kGradient, kGuided, kDeconvnet };   // how rectifiers pass gradients back

  Phase phase = Phase::kTrain;
  Gradients gradients = Gradients::kNone;
  Rule rule = Rule::kGradient;
  bool losses = true;     // false: losses are left out, so that their targets need not be bound
  bool recompute = true;  // false: blocks keep what they would compute anew (`recompute: true`)
  // Each sample runs through all layers by itself, so that its numbers are the same in any batch;
  // for passes in testing without losses.
  bool by_sample = false;

  static Pass training() { return {Phase::kTrain, Gradients::kParameters, Rule::kGradient, true}; }
  static Pass testing() { return {Phase::kTest, Gradients::kNone, Rule::kGradient, true}; }
  static Pass predicting() { return {Phase::kTest, Gradients::kNone, Rule::kGradient, false}; }
  bool operator==(const Pass&) const = default;
};

// Booked memory is counted in floats: per sample of the batch, per thread, or once.
// kSample: of a layer that looks at items by themselves, each item.
enum class Per { kSample, kThread, kOnce };

// A parameter (learned) or state (running statistics) as a layer asks for it.
struct ParameterRequest {
  std::string name;              // "weight", "bias", "running_mean"
  Shape shape;                   // as in files: [out, in, kh, kw]
  std::vector<int> layout = {};  // stored axis i = file axis layout[i]; empty: as in files
  Initializer init = {};         // the layer's default; `init:` in the model file replaces it
  int64_t fan_in = 1;
  int64_t fan_out = 1;
  bool learned = true;     // false: a statistic, written by training's forward, never by SGD
  bool decays = true;      // false: weight decay leaves it alone unless `decay_mult` is given
  bool unit_rows = false;  // every row, along the first axis, has length 1 after each update
  int tied = -1;           // id of the named layer's parameter that this one is; -1: its own
};

struct MemoryRequest {
  // kForward, kBackward and kPrepare are lent (not null) in that call alone and hold garbage
  // before; kSaved lives from forward to its backward, and is lent for forward even if no backward
  // follows. kDerived is written by prepare() and lent to forward too: it lives as long as the
  // parameters that it was computed from stay as they are. kCarried lives from batch to batch: a
  // sample goes on where the one at its place in the batch before has ended; 0 at first.
  enum class Use { kSaved, kForward, kBackward, kDerived, kPrepare, kCarried };
  Use use = Use::kForward;
  Per per = Per::kOnce;
  int64_t count = 0;
  int borrowed = -1;  // id of the named layer's saved memory that this one is; -1: its own
};

// The spatial window of a layer, for receptive fields and for notes on tiling.
struct Window {
  Extents kernel = Extents::all(1), stride = Extents::all(1), dilation = Extents::all(1);
  Extents pad = Extents::all(0), pad_end = Extents::all(0);  // before; behind, below, to the right
};

// One input as a layer is set up with it.
struct Form {
  Shape shape;       // of an item; rank 0: a data field, of which target() says what it must be
  Items items = {};  // as the layer sees it: one that does not mix items sees no lists
  int length = -1;   // lists with the same number here have equally many items in every sample
  FieldKind kind = FieldKind::kValues;
  int64_t classes = 0;  // kClass: how many, 0 if not known

  Form() = default;
  Form(const Shape& of_item) : shape(of_item) {}  // NOLINT: a plain value is its shape
};

// One output.
struct OutputPlan {
  std::string name;  // it is reached as LAYER.NAME; empty: the first, which has the layer's name
  bool stands_alone = false;  // the model file's own name: of an item without one it is all of it
  Shape shape;                // of an item
  Items items = {};           // of layers that mix items; for others the graph knows
  int length_of = -1;         // a list: the input that has as many items; -1: forward says how many
  bool passes_gradients = true;
  bool may_be_unread = false;  // nobody is told if only other outputs are read
  // Only computed where somebody wants it: its view is null where nobody reads it.
  bool only_if_read = false;
  FieldKind kind = FieldKind::kValues;
  int64_t classes = 0;
};

// What makes probabilities of the scores that a loss reads.
enum class Link { kNone, kSoftmax, kSigmoid };

// What a layer says of itself in setup; the graph keeps it.
struct LayerPlan {
  std::deque<OutputPlan> outputs;            // at least one; those that come later move none
  int goes_on = 0;                           // the one that the item's name and the next item mean
  std::vector<ParameterRequest> parameters;  // learned ones and statistics, in order of request
  std::vector<MemoryRequest> memory;
  std::vector<Field> fields;             // by input: what a target must be (name empty: no field)
  std::optional<int64_t> ignored_class;  // of a loss: targets of this class count nowhere
  // Of a loss: its mean is over samples, however many items or positions they have; else over what
  // the denominators count, which is this many for each sample (or item), 0: see denominator().
  bool averages_samples = false;
  bool mixes_targets = false;  // of a loss of classes: it reads Call::shares
  double counted = 0;
  Link link = Link::kNone;  // of a loss that takes scores (graph/main_output.h)
  int64_t macs = 0;         // multiply-adds of one item's forward, bias ignored; of a sample's if
                            // the layer mixes items
  Window window;
  // The output may take the place of one input (unless a backward that reads the inputs follows),
  // and the gradient of that input the place of the output's gradient.
  bool in_place = false;
  int in_place_input = 0;
  // Backward changes the gradient of its output (BackwardCall::masked).
  bool backward_masks_grad_out = false;
  bool backward_reads_input = true;  // any input
  int backward_spares_input = -1;    // but not this one
  int blind_input = -1;              // nothing flows back to this one: it is only looked at
  bool backward_reads_output = true;
  bool identity_in_test = false;  // dropout: in testing the output is the (first) input
  bool lends = false;             // set by the graph: another layer borrows what this one saves
  bool draws = false;             // random numbers, in the phase that it is set up for
  std::string kernel;             // the algorithm that serves it, for `cnn time`
  std::string kernel_why;         // the same and what speaks for it, for -v

  const Shape& output() const { return outputs.front().shape; }
};

// The layer that an option names (Option::names_layer).
struct NamedLayer {
  std::string name;        // as written
  std::string node;        // in the graph
  Shape output;            // of its value, behind a folded activation
  std::string type;        // "maxpool"; empty: an input of the network
  std::string activation;  // "relu": of the activation folded into it; empty: none
  Shape input;             // its first
  LayerPlan plan;
};

// Handed to Layer::setup. Errors thrown by require() are Exit::kSpec; the builder adds the place.
class Setup {
 public:
  Setup(std::span<const Form> inputs, Phase phase, std::span<const std::string> names = {},
        const NamedLayer* named = nullptr);

  int inputs() const { return static_cast<int>(inputs_.size()); }
  const Form& form(int i = 0) const;
  const Shape& input(int i = 0) const { return form(i).shape; }
  // For messages: "'enc3' [256,64,64]", or the shape alone if the caller gave no names.
  std::string describe(int i) const;
  Phase phase() const { return phase_; }
  // Null if no option names a layer.
  const NamedLayer* named() const { return named_; }

  // Must be called, once; then perhaps for further outputs, each with a name. What is not said by
  // the arguments can be changed in the plan that is returned.
  OutputPlan& output(const Shape& shape, std::string name = "");
  // Of a layer that mixes items: a list with as many items as input `like` has.
  OutputPlan& list_output(const Shape& shape, int like, std::string name = "");
  // The id used by `Call::parameter`, `gradient`.
  int parameter(ParameterRequest request);
  // The same for a parameter of the named layer: one for both, whose gradients are added.
  int tie(int parameter);
  // The id used by `Call::memory`.
  int saved(Per per, int64_t count);
  // The named layer's saved memory, lent to this one too: to forward and backward, to be read.
  int borrow(int saved);
  int scratch_forward(Per per, int64_t count);
  int scratch_backward(Per per, int64_t count);
  // In training and testing alike; see MemoryRequest. A forward that comes `again` must not move
  // it.
  int carried(int64_t count_per_sample);
  // What prepare() computes from parameters, and its working memory. In testing alone: parameters
  // change with every step of training, and what lives through one forward is scratch.
  int derived(int64_t count);
  int scratch_prepare(Per per, int64_t count);
  // Input `i` is a target: what a data field bound to it must be. A layer's value bound to it must
  // have the same shape.
  Field& target(int i, const Shape& shape, FieldKind kind, int64_t classes = 0);

  LayerPlan& plan() { return plan_; }  // macs, window, in_place, backward_reads_..., kernel

  template <class... Args>
  void require(bool condition, fmt::format_string<Args...> format, Args&&... args) const {
    if (!condition) fail(Exit::kSpec, "", format, std::forward<Args>(args)...);
  }

 private:
  int memory(MemoryRequest::Use use, Per per, int64_t count);
  std::vector<Form> inputs_;
  std::vector<std::string> names_;
  Phase phase_;
  const NamedLayer* named_;
  LayerPlan plan_;
  friend LayerPlan set_up(class Layer&, std::span<const Form>, Phase, std::span<const std::string>,
                          const NamedLayer*);
};

// The memory lent to one call of forward or backward. Unused slots are null. The executor (or a
// test) fills it.
struct Call {
  Pass pass;
  int64_t batch = 0;  // samples; of a layer that does not mix items, items
  int64_t first = 0;  // its first sample's number: in the batch, or what Executor::forward is told
  uint64_t seed = 0;
  std::string_view name;  // the layer's dotted path: its random stream
  uint64_t step = 0;
  bool lends = false;  // another layer reads what this one saves, even if no backward follows
  bool keeps_statistics = false;  // frozen: training neither moves them nor computes others
  // By sample, where samples are mixed in pairs (model/mixing.h): how much its own target counts;
  // the rest is that of its partner, the sample as far from the end of the batch as it is from the
  // beginning, which has the same share. Empty: nothing is mixed.
  std::span<const float> shares;
  std::span<const ConstView> in;
  std::span<float* const> parameters;  // by id: stored layout
  std::span<float* const> memory;      // by id; Per::kThread: threads() blocks of `count`

  const ConstView& input(int i = 0) const { return in[static_cast<size_t>(i)]; }
  float* parameter(int id) const { return parameters[static_cast<size_t>(id)]; }
  float* scratch(int id) const { return memory[static_cast<size_t>(id)]; }
  // The sample's own random numbers; `sample` counts within the call.
  Rng rng(int64_t sample) const {
    return Rng(seed, name, step, static_cast<uint64_t>(first + sample));
  }
};

struct ForwardCall : Call {
  View out;  // the first output; may be input(0)'s memory if the layer works in place
  // All of them; may be empty if there is one. Null: an output `only_if_read` that nobody reads.
  std::span<const View> outs;
  // By output: where forward writes the starts of a list whose length it decides, batch + 1 numbers
  // from 0 on; else null.
  std::span<int64_t* const> starts;
  // The same call has been there before, and its results were given up until backward: statistics
  // have moved already.
  bool again = false;

  const View& output(int k) const { return k == 0 ? out : outs[static_cast<size_t>(k)]; }
};

struct BackwardCall : Call {
  // `in` and `out` hold values only where the layer said that backward reads them.
  ConstView out;
  ConstView grad_out;  // null for losses
  // Of all outputs; may be empty if there is one. With several, any may be null: nobody reads that
  // output, so its gradient is 0.
  std::span<const ConstView> outs, grad_outs;
  // The memory of grad_out if the layer asked for it by `backward_masks_grad_out`; else null.
  // `masked`: a first part of this backward (gradients of parameters) has been there before.
  float* mutable_grad_out = nullptr;
  bool masked = false;
  // Where to put the gradient of input i; null view: nobody wants it. add[i]: add to what is there,
  // else overwrite (the memory then holds garbage). May be grad_out's memory if in place.
  std::span<const View> grad_in;
  std::span<const char> add;
  // The same for parameters, by id; null: frozen, nobody wants it.
  std::span<float* const> gradients;
  std::span<const char> add_parameters;
  float scale = 1;  // losses: multiply the gradient of (sum numerators / sum denominators) by this

  const View& grad_input(int i = 0) const { return grad_in[static_cast<size_t>(i)]; }
  const ConstView& grad_output(int k) const {
    return k == 0 ? grad_out : grad_outs[static_cast<size_t>(k)];
  }
  bool adds(int i = 0) const { return add[static_cast<size_t>(i)] != 0; }
  float* gradient(int id) const { return gradients[static_cast<size_t>(id)]; }
  bool adds_parameter(int id) const { return add_parameters[static_cast<size_t>(id)] != 0; }
};

// Lent to Layer::prepare.
struct PrepareCall {
  std::span<float* const> parameters;  // as in Call
  std::span<float* const> memory;

  const float* parameter(int id) const { return parameters[static_cast<size_t>(id)]; }
  float* scratch(int id) const { return memory[static_cast<size_t>(id)]; }
};

// What a layer does, where the layer before it may do that along with its own work and so spare a
// walk through memory (graph/passes/fusion.h).
struct Tail {
  enum class Kind {
    kNone,     // nothing that others could do
    kScale,    // y = scale[c] * x + offset[c], which Layer::scale() computes from parameters
    kAdd,      // y = x + the other of two inputs
    kRectify,  // y = rectified(x)
  };
  Kind kind = Kind::kNone;
  Rectifier rectifier = {};
};

// The layer behind, as it is offered to Layer::absorb.
struct Follower {
  const Layer* layer = nullptr;  // lives as long as the layer that absorbs it
  Tail tail;
  int first_parameter = 0;  // the id that its parameter 0 has in calls of the absorbing layer
  int other_input = -1;     // kAdd: the id that the other input has there
};

// Learns from the training data before the first step what a layer is not taught by gradients:
// means, a codebook. What it finds are parameters that do not learn, as statistics are.
class Fitter {
 public:
  virtual ~Fitter() = default;
  // The layer's first input of one batch after another, in the same order in every pass.
  virtual void add(const ConstView& input) = 0;
  // Behind a pass; true if it wants another one.
  virtual bool end_pass() { return false; }
  // Behind the last pass: the layer's parameters by id, as they are stored.
  virtual void write(std::span<float* const> parameters) const = 0;
};

// Whether a layer can go through a list that comes item by item: not at all, for ever, or for as
// many items as the list could have.
enum class Growth { kWhole, kEndless, kBounded };

class Layer {
 public:
  virtual ~Layer() = default;
  virtual void options(Options&) {}
  virtual void setup(Setup& setup) = 0;
  // Fills the memory booked by Setup::derived(). Called before the first forward and whenever a
  // parameter has changed since; if nothing was booked, never.
  virtual void prepare(const PrepareCall&) const {}
  virtual void forward(const ForwardCall& call) const = 0;
  virtual void backward(const BackwardCall& call) const = 0;

  // Of a loss whose plan does not tell by `counted`: the denominator of a batch, where its data
  // fields alone say it. Only these are there in `call.in`. Nothing: forward must be run.
  virtual std::optional<double> denominator(const Call&) const { return std::nullopt; }

  // How the output's sizes follow from the inputs', as one would reckon by hand: "(28 + 2*2 - 5)/1
  // + 1 = 28". Empty: they are the input's, or there is nothing to reckon. Of a layer as set up.
  virtual std::string size_arithmetic(std::span<const Form> /*inputs*/,
                                      const LayerPlan& /*plan*/) const {
    return "";
  }

  // Of a layer that mixes items, as set up for testing: from now on the lists at the inputs that
  // `grow` marks come one item at a time, and each call goes on where the one before has ended
  // (Setup::carried), until the memory is reset. The layer is then set up again. With `early`,
  // items of the first input come one place before their turn, so that a shift to later places has
  // one place less to move them.
  virtual Growth grow_stepwise(std::span<const char> /*grow*/, bool /*early*/) {
    return Growth::kWhole;
  }

  // Of a layer that is fitted before training, as set up; the others have none.
  virtual std::unique_ptr<Fitter> fitter() const { return nullptr; }

  // What this layer does, for the layer before it; as set up for its phase.
  virtual Tail tail() const { return {}; }
  // kScale: both [channels], from the layer's own parameters.
  virtual void scale(std::span<float* const> /*parameters*/, float* /*scale*/,
                     float* /*offset*/) const {}
  // True: this layer, already set up, does what the follower does as well from now on. It is then
  // set up once more, with all its inputs. Followers are offered in the order of the graph.
  virtual bool absorb(const Follower&) { return false; }
};

// Runs layer.setup and checks that it has kept its side (an output, sane requests). `names` are
// what the model file calls the inputs, for messages; empty: shapes alone.
//
// The inputs of a loss are its named inputs, then its references in the order of declaration. A
// reference bound to a data field has no shape yet: rank 0 stands in for it, and the loss says by
// target() what it must be.
LayerPlan set_up(Layer& layer, std::span<const Form> inputs, Phase phase,
                 std::span<const std::string> names = {}, const NamedLayer* named = nullptr);

}  // namespace cnn
