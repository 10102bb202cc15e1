// h = tanh(a): da = dh (1 - h^2); or h = max(a, 0). The gates are h itself, and not kept.
#include "kernels/recurrence/steps.h"
#include "kernels/vector_math.h"

namespace cnn {
namespace {

template <bool kIsRelu>
struct Plain {
  static constexpr bool kKeeps = false;
  static constexpr int kInputs = 4, kHidden = 4, kFirstHidden = 0, kUnits = kPanelVectors;

  static void finish(const ForwardRow& row, int64_t unit, int64_t count, const PanelSums& sums,
                     int v) {
    LaneArray h;
    for (int64_t l = 0; l < kPanelLanes; ++l) {
      const float a = sums.lanes[v][l];
      h[l] = kIsRelu ? (a < 0 ? 0.0f : a) : fast_tanh(a);  // a NaN stays
    }
    store_array(h, count, row.out + unit);
  }

  static void backward(const BackwardRow& row, int64_t unit, int64_t count, const LaneArray& sum) {
    const LaneArray h = load_array(row.out + unit, count),
                    grad_out = load_array(at(row.grad_out, unit), count),
                    last = load_array(at(row.grad_last, unit), count);
    LaneArray da;
    for (int64_t l = 0; l < kPanelLanes; ++l) {
      const float dh = sum[l] + grad_out[l] + last[l];
      da[l] = kIsRelu ? (h[l] > 0 ? dh : 0.0f) : dh * (1 - h[l] * h[l]);
    }
    store_slot(da, row.grad_gates, 0);
  }

  static LaneArray start(const BackwardRow& row, int64_t unit, int64_t count, LaneArray& sum) {
    if (row.is_last) sum = load_array(at(row.grad_last, unit), count);
    return {};
  }
};

}  // namespace

const CellSteps kTanhSteps = kCellSteps<Plain<false>>;
const CellSteps kReluSteps = kCellSteps<Plain<true>>;

}  // namespace cnn
