#include "support/layer_harness.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "layers/catalog.h"
#include "spec/yaml.h"
#include "support/allocations.h"
#include "support/guarded_buffer.h"
#include "support/write_watch.h"

namespace cnn {
namespace {

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
        watches_(settings.threading.threads > 1 &&
                 settings.threading.order == ChunkOrder::kReversed),
        threads_(settings.threading, watches_ ? &watch_ : nullptr),
        out_(booked * plan_.output.count()),
        grad_out_(booked * plan_.output.count()) {
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
                            : request.per == Per::kThread ? settings.threading.threads
                                                          : 1;
      memory_.emplace_back(request.count * units);
    }
    if (!harness.is_loss()) {
      to_channels_last(to_floats(grad_out).data(), grad_out_.data(), batch, plan_.output);
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
    GuardedBuffer out(booked_ * named.plan().output.count());
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
    call.out = {out.data(), batch_, named.plan().output};
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

  void watch(const std::string& name, GuardedBuffer& buffer, bool per_worker = false) {
    if (watches_) watch_.add(name, buffer.data(), buffer.count(), per_worker);
  }

  // The memory that is lent to every call; what else a call may write is added to it.
  void watch_lent() {
    watch_.forget();
    for (size_t i = 0; i < memory_.size(); ++i) {
      watch(fmt::format("memory {}", i), memory_[i], plan_.memory[i].per == Per::kThread);
    }
    for (size_t i = 0; i < parameters_.size(); ++i) {
      watch(fmt::format("'{}'", plan_.parameters[i].name), parameters_[i]);
    }
  }

  template <class AnyCall>
  void call_layer(const char* what, void (Layer::*method)(const AnyCall&) const,
                  const AnyCall& call) {
    if (watches_) watch_.add_stack(__builtin_frame_address(0));
    const int64_t before = allocation_count();
    (layer_.*method)(call);
    const int64_t allocations = allocation_count() - before;
    for (const std::string& finding : watch_.take_findings()) {
      expect(false, fmt::format("{}: {}", what, finding));
    }
    expect(settings_.threading.threads > 1 || allocations == 0,
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
    watch_lent();
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
    call.out = {out.data(), batch_, plan_.output};
    watch_lent();
    watch("its output", out);
    call_layer("forward", &Layer::forward, call);

    expect(out.is_sound(batch_ * plan_.output.count()), "forward wrote beyond its output");
    for (size_t i = 0; i < inputs_.size(); ++i) {
      expect((in_place && i == 0) ||
                 is_equal_memory(inputs_[i].data(), originals_[i].data(), count_of(i)),
             fmt::format("forward changed input {}", i));
    }
    result_.out = in_file_order(out.data(), batch_, plan_.output);
    if (in_place) std::copy(out.data(), out.data() + batch_ * plan_.output.count(), out_.data());
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
    std::vector<GuardedBuffer> others, grad_in, gradients;
    std::vector<ConstView> in;
    std::vector<View> grad_views;
    std::vector<float*> gradient_pointers;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const Shape& shape = harness_.shapes()[i];
      others.emplace_back(booked_ * shape.count());
      in.push_back({backward_input(i, others[i]).data(), batch_, shape});
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
    GuardedBuffer other_output(booked_ * plan_.output.count());

    BackwardCall call;
    fill(call);
    call.in = in;
    call.memory = memory;
    call.out = {backward_output(other_output).data(), batch_, plan_.output};
    if (!harness_.is_loss()) call.grad_out = {grad_out_.data(), batch_, plan_.output};
    call.grad_in = grad_views;
    call.add = add;
    call.gradients = gradient_pointers;
    call.add_parameters = add_parameters;
    call.scale = settings_.scale;
    const GuardedBuffer grad_out_before = grad_out_copy();
    watch_gradients(grad_in, gradients);
    call_layer("backward", &Layer::backward, call);

    expect(in_place || is_equal_memory(grad_out_.data(), grad_out_before.data(),
                                       batch_ * plan_.output.count()),
           "backward changed the output's gradient");
    keep_gradients(grad_views, grad_in, gradients);
  }

  // What backward finds in the place of input i: poison, as `other` holds it, unless it has asked.
  const GuardedBuffer& backward_input(size_t i, GuardedBuffer& other) const {
    const bool asks =
        plan_.backward_reads_input && static_cast<int>(i) != plan_.backward_spares_input;
    if (!asks) return other;
    if (settings_.backward_inputs.empty()) return originals_[i];
    other = batch_buffer(harness_.shapes()[i], settings_.backward_inputs[i]);
    return other;
  }

  const GuardedBuffer& backward_output(GuardedBuffer& other) const {
    if (!plan_.backward_reads_output) return other;
    if (settings_.backward_output.empty()) return out_;
    other = batch_buffer(plan_.output, settings_.backward_output);
    return other;
  }

  void watch_gradients(std::vector<GuardedBuffer>& grad_in, std::vector<GuardedBuffer>& gradients) {
    watch_lent();
    watch("the gradient of its output", grad_out_);  // or of its input, in place
    for (size_t i = 0; i < grad_in.size(); ++i) {
      watch(fmt::format("the gradient of input {}", i), grad_in[i]);
    }
    for (size_t i = 0; i < gradients.size(); ++i) {
      watch(fmt::format("the gradient of '{}'", plan_.parameters[i].name), gradients[i]);
    }
  }

  void keep_gradients(const std::vector<View>& grad_views,
                      const std::vector<GuardedBuffer>& grad_in,
                      const std::vector<GuardedBuffer>& gradients) {
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const View& view = grad_views[i];
      const bool own = view && view.data != grad_out_.data();
      expect(!own || grad_in[i].is_sound(count_of(i)),
             fmt::format("backward wrote beyond the gradient of input {}", i));
      result_.grad_in.push_back(view ? in_file_order(view.data, batch_, harness_.shapes()[i])
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
    GuardedBuffer copy(booked_ * plan_.output.count());
    std::copy(grad_out_.data(), grad_out_.data() + batch_ * plan_.output.count(), copy.data());
    return copy;
  }

  const LayerHarness& harness_;
  const LayerPlan& plan_;
  const Layer& layer_;
  const RunSettings& settings_;
  const int64_t batch_, booked_;
  const bool watches_;
  WriteWatch watch_;
  const WithThreads threads_;
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
    other = {"other",           "other",      named_->plan().output, named_->type().name,
             named->activation, named->input, named_->plan()};
  }
  plan_ = cnn::set_up(*layer_, shapes_, phase, {}, named != nullptr ? &other : nullptr);
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
