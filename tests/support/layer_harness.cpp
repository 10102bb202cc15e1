#include "support/layer_harness.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/parallel.h"
#include "layers/catalog.h"
#include "spec/yaml.h"
#include "support/allocations.h"
#include "tensor/tensor.h"

namespace cnn {
namespace {

constexpr uint32_t kPoison = 0x7fc0dead;  // a NaN that no arithmetic gives

bool is_poison(float x) { return std::bit_cast<uint32_t>(x) == kPoison; }

// Aligned memory full of poison, with guards on both sides.
class GuardedBuffer {
 public:
  explicit GuardedBuffer(int64_t count)
      : count_(count), buffer_(static_cast<size_t>(count + 2 * kGuard)) {
    std::fill(buffer_.data(), buffer_.data() + buffer_.size(), std::bit_cast<float>(kPoison));
  }
  float* data() { return buffer_.data() + kGuard; }
  const float* data() const { return buffer_.data() + kGuard; }

  // True if nothing from `used` on, nor before the start, has been written.
  bool is_sound(int64_t used) const {
    const float* begin = buffer_.data();
    return std::all_of(begin, begin + kGuard, is_poison) &&
           std::all_of(data() + used, begin + buffer_.size(), is_poison);
  }
  bool is_sound() const { return is_sound(count_); }

 private:
  static constexpr int64_t kGuard = static_cast<int64_t>(kAlignment / sizeof(float));
  int64_t count_;
  Buffer buffer_;
};

std::vector<float> to_floats(const Numbers& numbers) { return {numbers.begin(), numbers.end()}; }

// stored[i] = file[order[i]].
std::vector<size_t> stored_order(const ParameterRequest& request) {
  const Shape& shape = request.shape;
  const auto rank = static_cast<size_t>(shape.rank());
  std::vector<int> layout = request.layout;
  if (layout.empty()) {
    for (int axis = 0; axis < shape.rank(); ++axis) layout.push_back(axis);
  }
  std::vector<size_t> strides(rank, 1);
  for (size_t axis = rank - 1; axis-- > 0;) {
    strides[axis] = strides[axis + 1] * static_cast<size_t>(shape[static_cast<int>(axis) + 1]);
  }
  std::vector<size_t> order{0};
  for (const int axis : layout) {
    std::vector<size_t> longer;
    for (const size_t base : order) {
      for (size_t i = 0; i < static_cast<size_t>(shape[axis]); ++i) {
        longer.push_back(base + i * strides[static_cast<size_t>(axis)]);
      }
    }
    order = std::move(longer);
  }
  return order;
}

void store(const ParameterRequest& request, const std::vector<float>& file, float* stored) {
  const std::vector<size_t> order = stored_order(request);
  for (size_t i = 0; i < order.size(); ++i) stored[i] = file[order[i]];
}

std::vector<float> load(const ParameterRequest& request, const float* stored) {
  const std::vector<size_t> order = stored_order(request);
  std::vector<float> file(order.size());
  for (size_t i = 0; i < order.size(); ++i) file[order[i]] = stored[i];
  return file;
}

std::vector<float> in_file_order(const float* data, int64_t batch, const Shape& shape) {
  std::vector<float> file(static_cast<size_t>(batch * shape.count()));
  to_channels_first(data, file.data(), batch, shape);
  return file;
}

bool is_equal_memory(const float* a, const float* b, int64_t count) {
  return std::equal(a, a + count, b, [](float x, float y) {
    return std::bit_cast<uint32_t>(x) == std::bit_cast<uint32_t>(y);
  });
}

// Number of threads for one scope.
class Threads {
 public:
  explicit Threads(int count) : before_(threads()) { set_threads(count); }
  ~Threads() { set_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

// One run of one layer: all memory that it is lent.
class Run {
 public:
  Run(const LayerHarness& harness, const Layer& layer, const RunSettings& settings, int64_t batch,
      int64_t booked, const std::vector<Numbers>& inputs, const std::vector<Numbers>& parameters,
      const Numbers& grad_out)
      : harness_(harness),
        plan_(harness.plan()),
        layer_(layer),
        settings_(settings),
        batch_(batch),
        booked_(booked),
        threads_(settings.threads),
        out_(booked * plan_.output().count()),
        grad_out_(booked * plan_.output().count()) {
    for (size_t i = 0; i < harness.shapes().size(); ++i) {
      originals_.push_back(batch_buffer(harness.shapes()[i], inputs[i]));
      inputs_.push_back(batch_buffer(harness.shapes()[i], inputs[i]));
    }
    for (size_t i = 0; i < plan_.parameters.size(); ++i) {
      parameters_.emplace_back(plan_.parameters[i].shape.count());
      store(plan_.parameters[i], to_floats(parameters[i]), parameters_.back().data());
      parameter_pointers_.push_back(parameters_.back().data());
    }
    run_named();
    for (const MemoryRequest& request : plan_.memory) {
      if (request.borrowed >= 0) {
        memory_.push_back(std::move(lent_[static_cast<size_t>(request.borrowed)]));
        continue;
      }
      const int64_t units = request.per == Per::kSample   ? booked
                            : request.per == Per::kThread ? settings.threads
                                                          : 1;
      memory_.emplace_back(request.count * units);
    }
    if (!harness.is_loss()) {
      to_channels_last(to_floats(grad_out).data(), grad_out_.data(), batch, plan_.output());
    }
  }

  RunResult run() {
    forward();
    if (settings_.pass.gradients != Pass::Gradients::kNone) backward();
    return std::move(result_);
  }

 private:
  // Forward of the named layer, for the memory that it lends. It has no parameters.
  void run_named() {
    const bool borrows =
        std::any_of(plan_.memory.begin(), plan_.memory.end(),
                    [](const MemoryRequest& request) { return request.borrowed >= 0; });
    if (!borrows) return;
    const LayerHarness& named = *harness_.named();
    const GuardedBuffer input = batch_buffer(named.shapes()[0], settings_.named_input);
    GuardedBuffer out(booked_ * named.plan().output().count());
    std::vector<float*> memory;
    for (const MemoryRequest& request : named.plan().memory) {
      lent_.emplace_back(request.count * (request.per == Per::kSample ? booked_ : 1));
    }
    for (GuardedBuffer& buffer : lent_) memory.push_back(buffer.data());
    const std::vector<ConstView> in = {{input.data(), batch_, named.shapes()[0]}};
    ForwardCall call;
    call.pass = settings_.pass;
    call.batch = batch_;
    call.lends = true;
    call.in = in;
    call.memory = memory;
    call.out = {out.data(), batch_, named.plan().output()};
    named.layer().forward(call);
  }

  GuardedBuffer batch_buffer(const Shape& shape, const Numbers& numbers) const {
    GuardedBuffer buffer(booked_ * shape.count());
    to_channels_last(to_floats(numbers).data(), buffer.data(), batch_, shape);
    return buffer;
  }

  void expect(bool kept, const std::string& promise) {
    if (!kept) result_.faults.push_back(promise);
  }

  // Sample memory of forward's or backward's own lives through that call alone.
  std::vector<float*> memory_for(MemoryRequest::Use use) {
    std::vector<float*> pointers;
    for (size_t i = 0; i < memory_.size(); ++i) {
      using Use = MemoryRequest::Use;
      const Use booked = plan_.memory[i].use;
      const bool lent = booked == use || (booked == Use::kSaved && use != Use::kPrepare) ||
                        (booked == Use::kDerived && use == Use::kForward);
      pointers.push_back(lent ? memory_[i].data() : nullptr);
    }
    return pointers;
  }

  void fill(Call& call) const {
    call.pass = settings_.pass;
    call.batch = batch_;
    call.seed = LayerHarness::kSeed;
    call.name = LayerHarness::kName;
    call.step = LayerHarness::kStep;
    call.parameters = parameter_pointers_;
  }

  int64_t count_of(size_t input) const { return batch_ * harness_.shapes()[input].count(); }

  template <class AnyCall>
  void call_layer(const char* what, void (Layer::*method)(const AnyCall&) const,
                  const AnyCall& call) {
    const int64_t before = allocation_count();
    (layer_.*method)(call);
    const int64_t allocations = allocation_count() - before;
    expect(settings_.threads > 1 || allocations == 0,
           fmt::format("{} allocated memory {} times", what, allocations));
    for (size_t i = 0; i < memory_.size(); ++i) {
      expect(memory_[i].is_sound(), fmt::format("{} wrote beyond memory {}", what, i));
    }
  }

  void prepare() {
    bool derives = false;
    std::vector<float*> memory = memory_for(MemoryRequest::Use::kPrepare);
    for (size_t i = 0; i < memory_.size(); ++i) {
      if (plan_.memory[i].use != MemoryRequest::Use::kDerived) continue;
      memory[i] = memory_[i].data();
      derives = derives || plan_.memory[i].count > 0;
    }
    if (!derives) return;
    PrepareCall call;
    call.parameters = parameter_pointers_;
    call.memory = memory;
    call_layer("prepare", &Layer::prepare, call);
  }

  void forward() {
    prepare();
    const bool in_place = settings_.in_place && plan_.in_place;
    std::vector<ConstView> in;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      in.push_back({inputs_[i].data(), batch_, harness_.shapes()[i]});
    }
    const std::vector<float*> memory = memory_for(MemoryRequest::Use::kForward);
    ForwardCall call;
    fill(call);
    call.in = in;
    call.memory = memory;
    GuardedBuffer& out = in_place ? inputs_[0] : out_;
    call.out = {out.data(), batch_, plan_.output()};
    call_layer("forward", &Layer::forward, call);

    expect(out.is_sound(batch_ * plan_.output().count()), "forward wrote beyond its output");
    for (size_t i = 0; i < inputs_.size(); ++i) {
      expect((in_place && i == 0) ||
                 is_equal_memory(inputs_[i].data(), originals_[i].data(), count_of(i)),
             fmt::format("forward changed input {}", i));
    }
    result_.out = in_file_order(out.data(), batch_, plan_.output());
    if (in_place) std::copy(out.data(), out.data() + batch_ * plan_.output().count(), out_.data());
    for (size_t i = 0; i < parameters_.size(); ++i) {
      result_.parameters.push_back(load(plan_.parameters[i], parameters_[i].data()));
    }
  }

  bool wants_input(size_t i) const {
    if (plan_.fields[i].kind == FieldKind::kClass) return false;
    return settings_.wants_inputs.empty() || settings_.wants_inputs[i] != 0;
  }

  bool wants_parameter(size_t i) const {
    return plan_.parameters[i].learned &&
           settings_.pass.gradients == Pass::Gradients::kParameters &&
           (settings_.wants_parameters.empty() || settings_.wants_parameters[i] != 0);
  }

  GuardedBuffer gradient_buffer(int64_t booked, int64_t used, bool add) const {
    GuardedBuffer buffer(booked);
    if (add) std::fill(buffer.data(), buffer.data() + used, settings_.before);
    return buffer;
  }

  void backward() {
    const bool in_place = settings_.in_place && plan_.in_place && !settings_.add_inputs &&
                          !inputs_.empty() && wants_input(0) && !harness_.is_loss();
    std::vector<GuardedBuffer> grad_in, poisoned, gradients;
    std::vector<ConstView> in;
    std::vector<View> grad_views;
    std::vector<float*> gradient_pointers;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const Shape& shape = harness_.shapes()[i];
      poisoned.emplace_back(booked_ * shape.count());
      const GuardedBuffer& values = plan_.backward_reads_input ? originals_[i] : poisoned[i];
      in.push_back({values.data(), batch_, shape});
      grad_in.push_back(
          gradient_buffer(booked_ * shape.count(), count_of(i), settings_.add_inputs));
    }
    for (size_t i = 0; i < inputs_.size(); ++i) {
      float* data = in_place && i == 0 ? grad_out_.data() : grad_in[i].data();
      grad_views.push_back(wants_input(i) ? View{data, batch_, harness_.shapes()[i]} : View{});
    }
    for (size_t i = 0; i < parameters_.size(); ++i) {
      const int64_t count = plan_.parameters[i].shape.count();
      gradients.push_back(gradient_buffer(count, count, settings_.add_parameters));
      gradient_pointers.push_back(wants_parameter(i) ? gradients[i].data() : nullptr);
    }
    const std::vector<char> add(inputs_.size(), settings_.add_inputs);
    const std::vector<char> add_parameters(parameters_.size(), settings_.add_parameters);
    const std::vector<float*> memory = memory_for(MemoryRequest::Use::kBackward);
    const GuardedBuffer no_output(booked_ * plan_.output().count());

    BackwardCall call;
    fill(call);
    call.in = in;
    call.memory = memory;
    call.out = {plan_.backward_reads_output ? out_.data() : no_output.data(), batch_,
                plan_.output()};
    if (!harness_.is_loss()) call.grad_out = {grad_out_.data(), batch_, plan_.output()};
    call.grad_in = grad_views;
    call.add = add;
    call.gradients = gradient_pointers;
    call.add_parameters = add_parameters;
    call.scale = settings_.scale;
    const GuardedBuffer grad_out_before = grad_out_copy();
    call_layer("backward", &Layer::backward, call);

    expect(in_place || is_equal_memory(grad_out_.data(), grad_out_before.data(),
                                       batch_ * plan_.output().count()),
           "backward changed the output's gradient");
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const bool wanted = static_cast<bool>(grad_views[i]);
      const bool own = wanted && !(in_place && i == 0);
      expect(!own || grad_in[i].is_sound(count_of(i)),
             fmt::format("backward wrote beyond the gradient of input {}", i));
      result_.grad_in.push_back(
          wanted ? in_file_order(grad_views[i].data, batch_, harness_.shapes()[i])
                 : std::vector<float>{});
    }
    for (size_t i = 0; i < gradients.size(); ++i) {
      expect(gradients[i].is_sound(),
             fmt::format("backward wrote beyond the gradient of '{}'", plan_.parameters[i].name));
      result_.gradients.push_back(wants_parameter(i)
                                      ? load(plan_.parameters[i], gradients[i].data())
                                      : std::vector<float>{});
    }
  }

  GuardedBuffer grad_out_copy() const {
    GuardedBuffer copy(booked_ * plan_.output().count());
    std::copy(grad_out_.data(), grad_out_.data() + batch_ * plan_.output().count(), copy.data());
    return copy;
  }

  const LayerHarness& harness_;
  const LayerPlan& plan_;
  const Layer& layer_;
  const RunSettings& settings_;
  const int64_t batch_, booked_;
  const Threads threads_;
  GuardedBuffer out_, grad_out_;
  std::vector<GuardedBuffer> originals_, inputs_, parameters_, memory_;
  std::vector<GuardedBuffer> lent_;  // by the named layer
  std::vector<float*> parameter_pointers_;
  RunResult result_;
};

Node parse_item(const std::string& item) {
  return parse_yaml(std::make_shared<Source>(Source{"item", item, "", false}));
}

// The first key that is a layer: others may be both a layer and an option of it ({maxpool: 3, pad:
// 1}).
const LayerType& type_of(const std::string& item) {
  const Node node = parse_item(item);
  for (const Entry& e : node.entries()) {
    if (const LayerType* type = find_layer_type(e.key)) return *type;
  }
  Diagnostics diagnostics;
  const std::optional<OpChoice> op = op_of(node, layer_names(), "layer", diagnostics);
  diagnostics.throw_if_any();
  CNN_ASSERT(op);
  return *find_layer_type(op->name);
}

}  // namespace

LayerHarness::LayerHarness(const std::string& item, const std::vector<Shape>& inputs, Phase phase,
                           const NamedItem* named)
    : LayerHarness(type_of(item), item, inputs, phase, named) {}

LayerHarness::LayerHarness(const LayerType& type, const std::string& item,
                           const std::vector<Shape>& inputs, Phase phase, const NamedItem* named)
    : type_(&type), layer_(type.make()) {
  set_up_layer(item, inputs, phase, named);
}

void LayerHarness::set_up_layer(const std::string& item, const std::vector<Shape>& inputs,
                                Phase phase, const NamedItem* named) {
  Options options;
  layer_->options(options);
  Diagnostics diagnostics;
  const std::string what = std::string("layer '") + type_->name + "'";
  Node node = parse_item(item);
  if (type_->inputs == LayerType::Inputs::kPrevious) {
    options.read_op(node, type_->name, what, diagnostics);
  } else if (node.is_map()) {
    node.erase(type_->name);  // its value names the inputs
    options.read_map(node, what, diagnostics);
  }
  diagnostics.throw_if_any();

  shapes_ = inputs;
  for (const Option& option : options.table()) {
    // Of losses a data field, rank 0; what other layers refer to stands among `inputs`.
    const bool is_given = option.is_reference && !option.write().text().empty();
    if (is_given && is_loss()) shapes_.emplace_back();
  }
  NamedLayer other;
  if (named != nullptr) {
    named_ = std::make_unique<LayerHarness>(named->item, std::vector<Shape>{named->input}, phase);
    other = {"other",           "other",      named_->plan().output(), named_->type().name,
             named->activation, named->input, named_->plan()};
  }
  plan_ = cnn::set_up(*layer_, forms_of(shapes_), phase, {}, named != nullptr ? &other : nullptr);
  for (size_t i = inputs.size(); i < shapes_.size(); ++i) shapes_[i] = plan_.fields[i].shape;
}

RunResult LayerHarness::run(const RunSettings& settings, int64_t batch, int64_t booked,
                            const std::vector<Numbers>& inputs,
                            const std::vector<Numbers>& parameters, const Numbers& grad_out) const {
  CNN_ASSERT(batch <= booked && inputs.size() == shapes_.size() &&
             parameters.size() == plan_.parameters.size());
  return Run(*this, *layer_, settings, batch, booked, inputs, parameters, grad_out).run();
}

}  // namespace cnn
