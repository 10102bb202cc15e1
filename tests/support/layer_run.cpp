#include "support/layer_run.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <deque>

#include "kernels/gemm_library.h"
#include "support/allocations.h"
#include "support/file_numbers.h"
#include "support/guarded_buffer.h"
#include "support/write_watch.h"

namespace cnn {
namespace {

// One run of one layer: all memory that it is lent.
class LayerRun {
 public:
  LayerRun(const LayerHarness& harness, const Layer& layer, const RunSettings& settings,
           int64_t batch, int64_t booked, const std::vector<Numbers>& inputs,
           const std::vector<Numbers>& parameters, const Numbers& grad_out)
      : harness_(harness),
        plan_(harness.plan()),
        layer_(layer),
        settings_(settings),
        batch_(batch),
        booked_(booked),
        watches_(settings.threading.threads > 1 &&
                 settings.threading.order == ChunkOrder::kReversed),
        threads_(settings.threading, watches_ ? &watch_ : nullptr),
        samples_(harness.batch_of({}, batch)) {
    for (const OutputPlan& output : plan_.outputs) {
      outs_.emplace_back(booked * output.items.most * output.shape.count());
      grad_outs_.emplace_back(booked * output.items.most * output.shape.count());
    }
    for (size_t i = 0; i < harness.forms().size(); ++i) {
      originals_.push_back(batch_buffer(harness.forms()[i], inputs[i]));
      inputs_.push_back(batch_buffer(harness.forms()[i], inputs[i]));
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
      // As in the first batch of a stream: nothing is carried yet.
      GuardedBuffer& memory = memory_.back();
      if (request.use == MemoryRequest::Use::kCarried)
        std::fill_n(memory.data(), memory.count(), 0);
    }
    if (!harness.is_loss()) fill_grad_outs(to_floats(grad_out));
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
    const GuardedBuffer input = batch_buffer(named.forms()[0], settings_.named_input);
    GuardedBuffer out(booked_ * named.plan().output().count());
    std::vector<float*> memory;
    for (const MemoryRequest& request : named.plan().memory) {
      lent_.emplace_back(request.count * (request.per == Per::kSample ? booked_ : 1));
    }
    for (GuardedBuffer& buffer : lent_) memory.push_back(buffer.data());
    const std::vector<ConstView> in = {{input.data(), batch_, named.forms()[0].shape}};
    ForwardCall call;
    call.pass = settings_.pass;
    call.batch = batch_;
    call.lends = true;
    call.in = in;
    call.memory = memory;
    call.out = {out.data(), batch_, named.plan().output()};
    named.layer().forward(call);
  }

  GuardedBuffer batch_buffer(const Form& form, const Numbers& numbers) const {
    GuardedBuffer buffer(booked_ * form.items.most * form.shape.count());
    to_channels_last(to_floats(numbers).data(), buffer.data(), rows(form.items), form.shape);
    return buffer;
  }

  // Items of a batch; without lists, samples.
  int64_t rows(const Items& items) const { return harness_.batch_of(items, batch_).back(); }

  // As the layer sees it: a layer that mixes items is told where each sample's begin.
  template <class T>
  BasicView<T> view_of(T* data, const Shape& shape, const Items& items) const {
    BasicView<T> view{data, rows(items), shape};
    if (harness_.type().mixes_items) view.starts = starts_of(items);
    return view;
  }

  const int64_t* starts_of(const Items& items) const {
    if (!items.is_list) return samples_.data();
    starts_.push_back(harness_.batch_of(items, batch_));
    return starts_.back().data();
  }

  int64_t count_of_output(size_t k) const {
    return rows(plan_.outputs[k].items) * plan_.outputs[k].shape.count();
  }

  // All outputs' numbers one after the other, in the order of files.
  void fill_grad_outs(const std::vector<float>& numbers) {
    const float* next = numbers.data();
    for (size_t k = 0; k < plan_.outputs.size(); ++k) {
      const OutputPlan& output = plan_.outputs[k];
      to_channels_last(next, grad_outs_[k].data(), rows(output.items), output.shape);
      next += count_of_output(k);
    }
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
      const bool is_kept = booked == Use::kSaved || booked == Use::kCarried;
      const bool lent = booked == use || (is_kept && use != Use::kPrepare) ||
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
    call.step = LayerHarness::kStep + settings_.later;
    call.shares = settings_.shares;
    call.parameters = parameter_pointers_;
  }

  int64_t count_of(size_t input) const {
    const Form& form = harness_.forms()[input];
    return rows(form.items) * form.shape.count();
  }

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
    gemm_library();  // the first product would load it
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
      const Form& form = harness_.forms()[i];
      in.push_back(view_of<const float>(inputs_[i].data(), form.shape, form.items));
    }
    const std::vector<float*> memory = memory_for(MemoryRequest::Use::kForward);
    std::vector<View> outs;
    for (size_t k = 0; k < outs_.size(); ++k) {
      GuardedBuffer& out = in_place ? inputs_[0] : outs_[k];
      float* data = is_withheld(k) ? nullptr : out.data();
      outs.push_back(view_of(data, plan_.outputs[k].shape, plan_.outputs[k].items));
    }
    ForwardCall call;
    fill(call);
    call.in = in;
    call.memory = memory;
    call.out = outs.front();
    call.outs = outs;
    watch_lent();
    for (GuardedBuffer& out : outs_) watch("its output", in_place ? inputs_[0] : out);
    call_layer("forward", &Layer::forward, call);
    if (carries() && !in_place) check_again(call);

    for (size_t i = 0; i < inputs_.size(); ++i) {
      expect((in_place && i == 0) ||
                 is_equal_memory(inputs_[i].data(), originals_[i].data(), count_of(i)),
             fmt::format("forward changed input {}", i));
    }
    for (size_t k = 0; k < outs_.size(); ++k) {
      const OutputPlan& output = plan_.outputs[k];
      const GuardedBuffer& out = in_place ? inputs_[0] : outs_[k];
      expect(out.is_sound(count_of_output(k)), "forward wrote beyond its output");
      if (is_withheld(k)) std::fill_n(outs_[k].data(), count_of_output(k), 0.0f);
      const std::vector<float> numbers =
          in_file_order(out.data(), rows(output.items), output.shape);
      result_.out.insert(result_.out.end(), numbers.begin(), numbers.end());
      if (in_place) std::copy(out.data(), out.data() + count_of_output(k), outs_[k].data());
    }
    for (size_t i = 0; i < parameters_.size(); ++i) {
      result_.parameters.push_back(load(plan_.parameters[i], parameters_[i].data()));
    }
  }

  bool carries() const {
    return std::any_of(plan_.memory.begin(), plan_.memory.end(), [](const MemoryRequest& request) {
      return request.use == MemoryRequest::Use::kCarried && request.count > 0;
    });
  }

  // A forward that comes again gives the same, and leaves what is carried where it is.
  void check_again(ForwardCall call) {
    std::vector<std::vector<float>> carried, outs;
    const auto copy = [](const GuardedBuffer& buffer, int64_t count) {
      return std::vector<float>(buffer.data(), buffer.data() + count);
    };
    for (const GuardedBuffer& memory : memory_) carried.push_back(copy(memory, memory.count()));
    for (size_t k = 0; k < outs_.size(); ++k) outs.push_back(copy(outs_[k], count_of_output(k)));
    call.again = true;
    watch_lent();
    for (GuardedBuffer& out : outs_) watch("its output", out);
    call_layer("a forward that came again", &Layer::forward, call);
    for (size_t k = 0; k < outs_.size(); ++k) {
      expect(is_equal_memory(outs_[k].data(), outs[k].data(), count_of_output(k)),
             fmt::format("a forward that came again gave another output {}", k));
    }
    for (size_t i = 0; i < memory_.size(); ++i) {
      if (plan_.memory[i].use != MemoryRequest::Use::kCarried) continue;
      expect(is_equal_memory(memory_[i].data(), carried[i].data(), memory_[i].count()),
             "a forward that came again moved what is carried");
    }
  }

  bool wants_input(size_t i) const {
    if (plan_.fields[i].kind == FieldKind::kClass) return false;
    if (harness_.forms()[i].kind == FieldKind::kClass) return false;
    if (plan_.blind_input == static_cast<int>(i)) return false;
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
      const Form& form = harness_.forms()[i];
      const int64_t count = booked_ * form.items.most * form.shape.count();
      others.emplace_back(count);
      in.push_back(
          view_of<const float>(backward_input(i, others[i]).data(), form.shape, form.items));
      grad_in.push_back(gradient_buffer(count, count_of(i), settings_.add_inputs));
    }
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const Form& form = harness_.forms()[i];
      float* data = in_place && i == 0 ? grad_outs_[0].data() : grad_in[i].data();
      grad_views.push_back(wants_input(i) ? view_of(data, form.shape, form.items) : View{});
    }
    for (size_t i = 0; i < parameters_.size(); ++i) {
      const int64_t count = plan_.parameters[i].shape.count();
      gradients.push_back(gradient_buffer(count, count, settings_.add_parameters));
      gradient_pointers.push_back(wants_parameter(i) ? gradients[i].data() : nullptr);
    }
    const std::vector<char> add(inputs_.size(), settings_.add_inputs);
    const std::vector<char> add_parameters(parameters_.size(), settings_.add_parameters);
    const std::vector<float*> memory = memory_for(MemoryRequest::Use::kBackward);
    std::vector<GuardedBuffer> other_outputs, grad_outs_before;
    std::vector<ConstView> outs, grad_outs;
    for (size_t k = 0; k < outs_.size(); ++k) {
      const OutputPlan& output = plan_.outputs[k];
      const int64_t count = booked_ * output.items.most * output.shape.count();
      other_outputs.emplace_back(count);
      outs.push_back(view_of<const float>(backward_output(k, other_outputs[k]).data(), output.shape,
                                          output.items));
      grad_outs.push_back(view_of<const float>(grad_outs_[k].data(), output.shape, output.items));
      if (harness_.is_loss() || ignores_output(k)) grad_outs.back() = {};
      grad_outs_before.emplace_back(count);
      std::copy_n(grad_outs_[k].data(), count_of_output(k), grad_outs_before[k].data());
    }

    BackwardCall call;
    fill(call);
    call.in = in;
    call.memory = memory;
    call.out = outs.front();
    call.outs = outs;
    call.grad_out = grad_outs.front();
    call.grad_outs = grad_outs;
    call.grad_in = grad_views;
    call.add = add;
    call.gradients = gradient_pointers;
    call.add_parameters = add_parameters;
    call.scale = settings_.scale;
    watch_gradients(grad_in, gradients);
    call_layer("backward", &Layer::backward, call);

    for (size_t k = 0; k < outs_.size(); ++k) {
      expect(in_place || is_equal_memory(grad_outs_[k].data(), grad_outs_before[k].data(),
                                         count_of_output(k)),
             "backward changed the output's gradient");
    }
    keep_gradients(grad_views, grad_in, gradients);
  }

  // What backward finds in the place of input i: poison, as `other` holds it, unless it has asked.
  const GuardedBuffer& backward_input(size_t i, GuardedBuffer& other) const {
    const bool asks =
        plan_.backward_reads_input && static_cast<int>(i) != plan_.backward_spares_input;
    if (!asks) return other;
    if (settings_.backward_inputs.empty()) return originals_[i];
    other = batch_buffer(harness_.forms()[i], settings_.backward_inputs[i]);
    return other;
  }

  // Nobody reads that output, so its gradient is 0: one may be, of several.
  bool ignores_output(size_t k) const {
    return static_cast<int>(k) == settings_.unread_output && outs_.size() > 1;
  }

  // Then it is not computed either.
  bool is_withheld(size_t k) const { return plan_.outputs[k].only_if_read && ignores_output(k); }

  const GuardedBuffer& backward_output(size_t k, GuardedBuffer& other) const {
    if (!plan_.backward_reads_output) return other;
    if (settings_.backward_output.empty()) return outs_[k];
    const float* next = nullptr;
    const std::vector<float> numbers = to_floats(settings_.backward_output);
    next = numbers.data();
    for (size_t before = 0; before < k; ++before) next += count_of_output(before);
    const OutputPlan& output = plan_.outputs[k];
    to_channels_last(next, other.data(), rows(output.items), output.shape);
    return other;
  }

  void watch_gradients(std::vector<GuardedBuffer>& grad_in, std::vector<GuardedBuffer>& gradients) {
    watch_lent();
    for (GuardedBuffer& grad_out : grad_outs_) {
      watch("the gradient of its output", grad_out);  // or of its input, in place
    }
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
      const bool own = view && view.data != grad_outs_[0].data();
      expect(!own || grad_in[i].is_sound(count_of(i)),
             fmt::format("backward wrote beyond the gradient of input {}", i));
      result_.grad_in.push_back(view ? in_file_order(view.data, view.batch, view.shape)
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

  const LayerHarness& harness_;
  const LayerPlan& plan_;
  const Layer& layer_;
  const RunSettings& settings_;
  const int64_t batch_, booked_;
  const bool watches_;
  WriteWatch watch_;
  const WithThreads threads_;
  std::vector<int64_t> samples_;                     // 0, 1, 2 ...
  mutable std::deque<std::vector<int64_t>> starts_;  // lent to views
  std::vector<GuardedBuffer> outs_, grad_outs_;      // by output
  std::vector<GuardedBuffer> originals_, inputs_, parameters_, memory_;
  std::vector<GuardedBuffer> lent_;  // by the named layer
  std::vector<float*> parameter_pointers_;
  RunResult result_;
};

}  // namespace

RunResult run_layer(const LayerHarness& harness, const Layer& layer, const RunSettings& settings,
                    int64_t batch, int64_t booked, const std::vector<Numbers>& inputs,
                    const std::vector<Numbers>& parameters, const Numbers& grad_out) {
  return LayerRun(harness, layer, settings, batch, booked, inputs, parameters, grad_out).run();
}

}  // namespace cnn
