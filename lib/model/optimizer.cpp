#include "model/optimizer.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/parallel.h"
#include "graph/file_order.h"

namespace cnn {
namespace {

// Floats of one chunk, a thread's share of the work, and of the pieces in which it is done: a piece
// of the gradient is still in the first cache when it is used after the check.
constexpr int64_t kChunk = 16384;
constexpr int64_t kPiece = 1024;

// Looks at the exponent bits: no arithmetic can hide a NaN from it.
bool all_finite(const float* values, int64_t count) {
  constexpr uint32_t kExponent = 0x7f800000;
  uint32_t bad = 0;
  for (int64_t i = 0; i < count; ++i) {
    bad |= static_cast<uint32_t>((std::bit_cast<uint32_t>(values[i]) & kExponent) == kExponent);
  }
  return bad == 0;
}

// Eight running sums, so that the loop vectorises and the order is still fixed.
double sum_of_squares(const float* values, int64_t count) {
  constexpr int kLanes = 8;
  double sums[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) {
      const double v = values[i + lane];
      sums[lane] += v * v;
    }
  }
  double total = 0;
  for (const double s : sums) total += s;
  for (; i < count; ++i) total += static_cast<double>(values[i]) * values[i];
  return total;
}

}  // namespace

uint64_t Optimizer::state_bytes(const ParameterStore& store) const {
  return slots().size() * store.gradient_bytes();
}

void Optimizer::attach(ParameterStore& store) {
  store_ = &store;
  const size_t floats = store.gradient_arena().size();
  slots_.clear();
  for (size_t i = 0; i < slots().size(); ++i) {
    slots_.emplace_back(floats);
    std::fill_n(slots_.back().data(), floats, 0.0f);
  }
  chunks_.clear();
  for (size_t id = 0; id < store.all().size(); ++id) {
    const Parameter& parameter = store.all()[id];
    if (!parameter.trains()) continue;
    for (int64_t begin = 0; begin < parameter.count(); begin += kChunk) {
      chunks_.push_back({static_cast<int>(id), begin, std::min(kChunk, parameter.count() - begin)});
    }
  }
  bad_.assign(chunks_.size(), 0);
  square_sums_.assign(static_cast<size_t>(chunk_count(static_cast<int64_t>(floats), kChunk)), 0.0);
  steps_ = 0;
}

std::optional<int> Optimizer::update(double lr, float gradient_scale) {
  CNN_ASSERT(store_ != nullptr);
  ++steps_;
  parallel_for(static_cast<int64_t>(chunks_.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto at = static_cast<size_t>(i);
      bad_[at] = update_chunk(chunks_[at], lr, gradient_scale) ? 0 : 1;
    }
  });
  store_->apply_constraints();
  store_->touch();
  const auto first_bad = std::find(bad_.begin(), bad_.end(), 1);
  if (first_bad == bad_.end()) return std::nullopt;
  return chunks_[static_cast<size_t>(first_bad - bad_.begin())].parameter;
}

bool Optimizer::update_chunk(const Chunk& chunk, double lr, float gradient_scale) {
  const Parameter& parameter = store_->at(chunk.parameter);
  Piece piece;
  piece.gradient_scale = gradient_scale;
  piece.lr = lr * parameter.lr_mult;
  piece.decay = parameter.decay();
  piece.step = steps_;
  const float* gradient = store_->gradient(chunk.parameter);
  float* weight = store_->value(chunk.parameter);
  const int64_t end = chunk.begin + chunk.count;
  for (int64_t begin = chunk.begin; begin < end; begin += kPiece) {
    piece.count = std::min(kPiece, end - begin);
    piece.gradient = gradient + begin;
    if (!all_finite(piece.gradient, piece.count)) return false;
    piece.weight = weight + begin;
    for (size_t s = 0; s < slots_.size(); ++s) {
      piece.slot[s] = slots_[s].data() + parameter.gradient_offset + static_cast<size_t>(begin);
    }
    apply(piece);
  }
  return true;
}

double Optimizer::gradient_norm() {
  CNN_ASSERT(store_ != nullptr);
  const std::span<const float> gradients = store_->gradient_arena();
  const auto count = static_cast<int64_t>(gradients.size());
  parallel_for(count, kChunk, [&](int64_t begin, int64_t end) {
    square_sums_[static_cast<size_t>(begin / kChunk)] =
        sum_of_squares(gradients.data() + begin, end - begin);
  });
  double total = 0;
  for (const double s : square_sums_) total += s;
  return std::sqrt(total);
}

std::vector<Optimizer::StateArray> Optimizer::state() const {
  CNN_ASSERT(store_ != nullptr);
  std::vector<StateArray> arrays;
  for (const std::string& slot : slots()) {
    for (size_t id = 0; id < store_->all().size(); ++id) {
      if (store_->all()[id].trains()) arrays.push_back({slot, static_cast<int>(id)});
    }
  }
  return arrays;
}

size_t Optimizer::slot_index(const StateArray& array) const {
  const std::vector<std::string> names = slots();
  const auto slot = std::find(names.begin(), names.end(), array.slot);
  CNN_ASSERT(slot != names.end());
  return static_cast<size_t>(slot - names.begin());
}

void Optimizer::export_state(const StateArray& array, int64_t first, std::span<float> out) const {
  const Parameter& parameter = store_->at(array.parameter);
  to_file_order(parameter.request, slots_[slot_index(array)].data() + parameter.gradient_offset,
                first, out);
}

void Optimizer::import_state(const StateArray& array, int64_t first,
                             std::span<const float> values) {
  const Parameter& parameter = store_->at(array.parameter);
  from_file_order(parameter.request, first, values,
                  slots_[slot_index(array)].data() + parameter.gradient_offset);
}

std::vector<std::string> optimizer_names() {
  std::vector<std::string> names;
  for (const OptimizerType& type : optimizer_types()) names.push_back(type.name);
  return names;
}

std::unique_ptr<Optimizer> make_optimizer(std::string_view name) {
  for (const OptimizerType& type : optimizer_types()) {
    if (type.name == name) return type.make();
  }
  return nullptr;
}

std::unique_ptr<Optimizer> read_optimizer(const Node& node, Diagnostics& diagnostics) {
  const std::optional<OpChoice> op = op_of(node, optimizer_names(), "optimizer", diagnostics);
  if (!op) return nullptr;
  std::unique_ptr<Optimizer> optimizer = make_optimizer(op->name);
  Options options;
  optimizer->options(options);
  if (!options.read_op(node, op->name, "optimizer '" + op->name + "'", diagnostics)) return nullptr;
  if (const char* conflict = optimizer->conflict()) {
    diagnostics.report(op->mark, conflict);
    return nullptr;
  }
  return optimizer;
}

}  // namespace cnn
