#include "layers/layer.h"

#include <algorithm>
#include <limits>

namespace cnn {
namespace {

// A stored layout names every axis once.
bool is_permutation_of_axes(const std::vector<int>& layout, int rank) {
  if (layout.size() != static_cast<size_t>(rank)) return false;
  for (int axis = 0; axis < rank; ++axis) {
    if (std::count(layout.begin(), layout.end(), axis) != 1) return false;
  }
  return true;
}

}  // namespace

Setup::Setup(std::span<const Form> inputs, Phase phase, std::span<const std::string> names,
             const NamedLayer* named)
    : inputs_(inputs.begin(), inputs.end()),
      names_(names.begin(), names.end()),
      phase_(phase),
      named_(named) {
  CNN_ASSERT(names.empty() || names.size() == inputs.size());
  plan_.fields.resize(inputs.size());
}

const Form& Setup::form(int i) const {
  CNN_ASSERT(i >= 0 && i < inputs());
  return inputs_[static_cast<size_t>(i)];
}

std::string Setup::describe(int i) const {
  const std::string shape = cnn::describe(input(i), form(i).items);
  return names_.empty() ? shape : fmt::format("'{}' {}", names_[static_cast<size_t>(i)], shape);
}

OutputPlan& Setup::output(const Shape& shape, std::string name) {
  CNN_ASSERT(shape.rank() >= 1 && (!name.empty() || plan_.outputs.empty()));
  OutputPlan plan;
  plan.name = std::move(name);
  plan.shape = shape;
  plan_.outputs.push_back(std::move(plan));
  return plan_.outputs.back();
}

OutputPlan& Setup::list_output(const Shape& shape, int like, std::string name) {
  OutputPlan& plan = output(shape, std::move(name));
  plan.items = form(like).items;
  plan.length_of = like;
  return plan;
}

int Setup::parameter(ParameterRequest request) {
  CNN_ASSERT(!request.name.empty() && request.shape.rank() >= 1);
  CNN_ASSERT(request.layout.empty() ||
             is_permutation_of_axes(request.layout, request.shape.rank()));
  for (const ParameterRequest& other : plan_.parameters) CNN_ASSERT(other.name != request.name);
  plan_.parameters.push_back(std::move(request));
  return static_cast<int>(plan_.parameters.size()) - 1;
}

int Setup::tie(int parameter) {
  CNN_ASSERT(named_ != nullptr);
  ParameterRequest request = named_->plan.parameters.at(static_cast<size_t>(parameter));
  request.tied = parameter;
  return this->parameter(std::move(request));
}

int Setup::memory(MemoryRequest::Use use, Per per, int64_t count) {
  CNN_ASSERT(count >= 0);
  plan_.memory.push_back({use, per, count, -1});
  return static_cast<int>(plan_.memory.size()) - 1;
}

int Setup::saved(Per per, int64_t count) { return memory(MemoryRequest::Use::kSaved, per, count); }

int Setup::borrow(int saved) {
  CNN_ASSERT(named_ != nullptr);
  MemoryRequest request = named_->plan.memory.at(static_cast<size_t>(saved));
  CNN_ASSERT(request.use == MemoryRequest::Use::kSaved);
  request.borrowed = saved;
  plan_.memory.push_back(request);
  return static_cast<int>(plan_.memory.size()) - 1;
}

int Setup::scratch_forward(Per per, int64_t count) {
  return memory(MemoryRequest::Use::kForward, per, count);
}

int Setup::scratch_backward(Per per, int64_t count) {
  return memory(MemoryRequest::Use::kBackward, per, count);
}

int Setup::carried(int64_t count_per_sample) {
  return memory(MemoryRequest::Use::kCarried, Per::kSample, count_per_sample);
}

int Setup::derived(int64_t count) {
  CNN_ASSERT(phase_ == Phase::kTest);
  return memory(MemoryRequest::Use::kDerived, Per::kOnce, count);
}

int Setup::scratch_prepare(Per per, int64_t count) {
  return memory(MemoryRequest::Use::kPrepare, per, count);
}

Field& Setup::target(int i, const Shape& shape, FieldKind kind, int64_t classes) {
  CNN_ASSERT(i >= 0 && i < inputs() && shape.rank() >= 1);
  Field& field = plan_.fields[static_cast<size_t>(i)];
  field.shape = shape;
  field.kind = kind;
  field.classes = classes;
  return field;
}

LayerPlan set_up(Layer& layer, std::span<const Form> inputs, Phase phase,
                 std::span<const std::string> names, const NamedLayer* named) {
  Setup setup(inputs, phase, names, named);
  layer.setup(setup);
  CNN_ASSERT(!setup.plan_.outputs.empty());
  for (const MemoryRequest& request : setup.plan_.memory) {
    // What lives from forward to backward cannot belong to a thread: it may be another one then.
    CNN_ASSERT(request.use != MemoryRequest::Use::kSaved || request.per != Per::kThread);
  }
  return std::move(setup.plan_);
}

}  // namespace cnn
