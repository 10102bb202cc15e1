#include "graph/file_order.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/parallel.h"

namespace cnn {
namespace {

// Visits numbers begin .. end of the file's order as (index in the file, index in the store).
template <class Visit>
void visit_range(const ParameterRequest& request, int64_t begin, int64_t end, Visit visit) {
  const int rank = request.shape.rank();
  std::array<int64_t, Shape::kMaxRank> stored_stride{}, at{};
  int64_t stride = 1;
  for (int axis = rank - 1; axis >= 0; --axis) {
    const int source = request.layout[static_cast<size_t>(axis)];
    stored_stride[static_cast<size_t>(source)] = stride;
    stride *= request.shape[source];
  }
  int64_t stored = 0, rest = begin;
  for (int axis = rank - 1; axis >= 0; --axis) {
    const auto a = static_cast<size_t>(axis);
    at[a] = rest % request.shape[axis];
    rest /= request.shape[axis];
    stored += at[a] * stored_stride[a];
  }
  for (int64_t file = begin; file < end; ++file) {
    visit(file, stored);
    for (int axis = rank - 1; axis >= 0; --axis) {
      const auto a = static_cast<size_t>(axis);
      stored += stored_stride[a];
      if (++at[a] < request.shape[axis]) break;
      stored -= at[a] * stored_stride[a];
      at[a] = 0;
    }
  }
}

template <class Visit>
void visit_all(const ParameterRequest& request, int64_t first, int64_t count, Visit visit) {
  CNN_ASSERT(first >= 0 && first + count <= request.shape.count());
  parallel_for(count, grain_for(count, 4), [&](int64_t begin, int64_t end) {
    visit_range(request, first + begin, first + end, visit);
  });
}

}  // namespace

void to_file_order(const ParameterRequest& request, const float* stored, int64_t first,
                   std::span<float> out) {
  const auto count = static_cast<int64_t>(out.size());
  if (request.layout.empty()) {
    std::copy_n(stored + first, count, out.data());
    return;
  }
  float* to = out.data() - first;
  visit_all(request, first, count, [=](int64_t file, int64_t at) { to[file] = stored[at]; });
}

void from_file_order(const ParameterRequest& request, int64_t first, std::span<const float> values,
                     float* stored) {
  const auto count = static_cast<int64_t>(values.size());
  if (request.layout.empty()) {
    std::copy_n(values.data(), count, stored + first);
    return;
  }
  const float* from = values.data() - first;
  visit_all(request, first, count, [=](int64_t file, int64_t at) { stored[at] = from[file]; });
}

}  // namespace cnn
