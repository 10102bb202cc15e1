#include "graph/parameter_store.h"

#include <algorithm>
#include <cmath>

#include "graph/file_order.h"

namespace cnn {
namespace {

constexpr size_t kAlignedFloats = kAlignment / sizeof(float);
constexpr int64_t kPiece = int64_t{1} << 18;  // numbers at a time on their way into the store

size_t aligned(size_t floats) {
  return (floats + kAlignedFloats - 1) / kAlignedFloats * kAlignedFloats;
}

bool is_permutation(const ParameterRequest& request) {
  std::vector<int> sorted = request.layout;
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (sorted[i] != static_cast<int>(i)) return false;
  }
  return sorted.empty() || static_cast<int>(sorted.size()) == request.shape.rank();
}

}  // namespace

int ParameterStore::add(const std::string& name, const ParameterRequest& request) {
  CNN_ASSERT(is_permutation(request));
  if (const int known = find(name); known >= 0) {
    CNN_ASSERT(at(known).request.shape == request.shape);
    CNN_ASSERT(at(known).request.layout == request.layout);
    return known;
  }
  CNN_ASSERT(values_.size() == 0);
  Parameter parameter;
  parameter.name = name;
  parameter.request = request;
  parameters_.push_back(std::move(parameter));
  const int id = static_cast<int>(parameters_.size()) - 1;
  by_name_.emplace(name, id);
  return id;
}

int ParameterStore::find(std::string_view name) const {
  const auto it = by_name_.find(std::string(name));
  return it == by_name_.end() ? -1 : it->second;
}

uint64_t ParameterStore::value_bytes() const {
  uint64_t floats = 0;
  for (const Parameter& p : parameters_) floats += aligned(static_cast<size_t>(p.count()));
  return floats * sizeof(float);
}

uint64_t ParameterStore::gradient_bytes() const {
  uint64_t floats = 0;
  for (const Parameter& p : parameters_) {
    if (p.trains()) floats += aligned(static_cast<size_t>(p.count()));
  }
  return floats * sizeof(float);
}

void ParameterStore::allocate(bool with_gradients) {
  CNN_ASSERT(values_.size() == 0);
  size_t values = 0, gradients = 0;
  for (Parameter& p : parameters_) {
    const size_t floats = aligned(static_cast<size_t>(p.count()));
    p.offset = values;
    values += floats;
    if (with_gradients && p.trains()) {
      p.gradient_offset = gradients;
      gradients += floats;
    }
  }
  values_ = Buffer(values);
  gradients_ = Buffer(gradients);
  std::fill(values_.span().begin(), values_.span().end(), 0.0f);
  std::fill(gradients_.span().begin(), gradients_.span().end(), 0.0f);
}

float* ParameterStore::value(int id) { return values_.data() + at(id).offset; }
const float* ParameterStore::value(int id) const { return values_.data() + at(id).offset; }

float* ParameterStore::gradient(int id) {
  if (gradients_.size() == 0 || !at(id).trains()) return nullptr;
  return gradients_.data() + at(id).gradient_offset;
}

void ParameterStore::initialize(uint64_t seed) {
  std::vector<float> piece;
  for (Parameter& p : parameters_) {
    for (int64_t first = 0; first < p.count(); first += kPiece) {
      piece.resize(static_cast<size_t>(std::min(kPiece, p.count() - first)));
      p.request.init.fill(piece, first, {p.request.fan_in, p.request.fan_out}, seed, p.name);
      from_file_order(p.request, first, piece, values_.data() + p.offset);
    }
  }
  apply_constraints();
}

void ParameterStore::apply_constraints() {
  constexpr double kClose = 1e-6;  // of the square: such rows keep their bits
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const Parameter& p = parameters_[i];
    if (!p.request.unit_rows) continue;
    CNN_ASSERT(p.request.layout.empty());
    const int64_t rows = p.request.shape[0], width = p.count() / rows;
    for (int64_t r = 0; r < rows; ++r) {
      float* row = value(static_cast<int>(i)) + r * width;
      double square = 0;
      for (int64_t j = 0; j < width; ++j) square += static_cast<double>(row[j]) * row[j];
      if (square == 0 || std::abs(square - 1) < kClose) continue;
      const double scale = 1 / std::sqrt(square);
      for (int64_t j = 0; j < width; ++j) row[j] = static_cast<float>(row[j] * scale);
    }
  }
  touch();
}

void ParameterStore::export_values(int id, int64_t first, std::span<float> out) const {
  to_file_order(at(id).request, value(id), first, out);
}

std::vector<float> ParameterStore::export_values(int id) const {
  std::vector<float> values(static_cast<size_t>(at(id).count()));
  export_values(id, 0, values);
  return values;
}

void ParameterStore::import_values(int id, int64_t first, std::span<const float> values) {
  from_file_order(at(id).request, first, values, value(id));
  touch();
}

void ParameterStore::import_values(int id, std::span<const float> values) {
  CNN_ASSERT(static_cast<int64_t>(values.size()) == at(id).count());
  import_values(id, 0, values);
}

int64_t ParameterStore::parameter_count() const {
  int64_t count = 0;
  for (const Parameter& p : parameters_) count += p.request.learned ? p.count() : 0;
  return count;
}

int64_t ParameterStore::trainable_count() const {
  int64_t count = 0;
  for (const Parameter& p : parameters_) count += p.trains() ? p.count() : 0;
  return count;
}

}  // namespace cnn
