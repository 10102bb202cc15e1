// h = tanh(a): da = dh (1 - h^2); or h = max(a, 0).
#include "kernels/recurrence/steps.h"
#include "kernels/vector_math.h"

namespace cnn {
namespace {

template <bool kIsRelu>
struct Plain {
  static constexpr int kGates = 1;
  static constexpr bool kKeeps = false, kHasNew = false;

  static int64_t lanes_at(int v, int64_t count) {
    return std::clamp<int64_t>(count - v * kPanelLanes, 0, kPanelLanes);
  }

  static void begin(const Recurrence&, const ForwardRow& row, int64_t unit, int64_t count,
                    PanelSums& sums) {
    for (int v = 0; v < kPanelVectors; ++v) {
      const int64_t lanes = lanes_at(v, count);
      const float* from = lanes > 0 ? row.gates + unit + v * kPanelLanes : nullptr;
      store(sums.lanes[v], load<WideVector>(load_array(from, lanes).at));
    }
  }

  static void finish(const Recurrence&, const ForwardRow& row, int64_t unit, int64_t count,
                     const PanelSums& sums) {
    for (int v = 0; v < kPanelVectors && lanes_at(v, count) > 0; ++v) {
      LaneArray h;
      for (int64_t l = 0; l < kPanelLanes; ++l) {
        const float a = sums.lanes[v][l];
        h[l] = kIsRelu ? (a < 0 ? 0.0f : a) : fast_tanh(a);  // a NaN stays
      }
      store_array(h, lanes_at(v, count), row.out + unit + v * kPanelLanes);
    }
  }

  static void backward(int64_t, const BackwardRow& row, int64_t unit, int64_t count,
                       LaneArray& sum) {
    const auto at = [=](const float* p) { return p == nullptr ? nullptr : p + unit; };
    const LaneArray h = load_array(row.out + unit, count),
                    grad_out = load_array(at(row.grad_out), count),
                    last = load_array(at(row.grad_last), count);
    LaneArray da;
    for (int64_t l = 0; l < kPanelLanes; ++l) {
      const float dh = sum[l] + grad_out[l] + last[l];
      da[l] = kIsRelu ? (h[l] > 0 ? dh : 0.0f) : dh * (1 - h[l] * h[l]);
    }
    store_array(da, count, row.grad_gates + unit);
  }

  static LaneArray start_gradient(const BackwardRow& row, int64_t unit, int64_t count,
                                  LaneArray& sum) {
    if (row.is_last)
      sum = load_array(row.grad_last == nullptr ? nullptr : row.grad_last + unit, count);
    return {};
  }
};

}  // namespace

const CellSteps kTanhSteps = kCellSteps<Plain<false>>;
const CellSteps kReluSteps = kCellSteps<Plain<true>>;

}  // namespace cnn
