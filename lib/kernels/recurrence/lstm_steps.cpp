// i, f, o = s(a_i), s(a_f), s(a_o), g = tanh(a_g), c = f c' + i g, h = o tanh(c).
//   dc = dc_behind f_behind + dh o (1 - tanh(c)^2),  da_i = dc g i (1 - i),  da_f = dc c' f (1 - f)
//   da_g = dc i (1 - g^2),  da_o = dh tanh(c) o (1 - o);  the carry is dc f
#include "kernels/recurrence/steps.h"
#include "kernels/vector_math.h"

namespace cnn {
namespace {

struct Lstm {
  static constexpr bool kKeeps = true;
  static constexpr int kInputs = 4, kHidden = 4, kFirstHidden = 0, kUnits = 1;

  static void finish(const ForwardRow& row, int64_t unit, int64_t count, const PanelSums& sums,
                     int) {
    const LaneArray before = load_array(at(row.kept_before, unit), count);
    LaneArray i, f, g, o, c, h;
    for (int64_t l = 0; l < kPanelLanes; ++l) {
      i[l] = fast_sigmoid(sums.lanes[0][l]);
      f[l] = fast_sigmoid(sums.lanes[1][l]);
      g[l] = fast_tanh(sums.lanes[2][l]);
      o[l] = fast_sigmoid(sums.lanes[3][l]);
      c[l] = f[l] * before[l] + i[l] * g[l];
      h[l] = o[l] * fast_tanh(c[l]);
    }
    store_array(c, count, row.kept + unit);
    store_array(h, count, row.out + unit);
    if (row.gates == nullptr) return;
    store_slot(i, row.gates, 0);
    store_slot(f, row.gates, 1);
    store_slot(g, row.gates, 2);
    store_slot(o, row.gates, 3);
  }

  static void backward(const BackwardRow& row, int64_t unit, int64_t count, const LaneArray& sum) {
    const LaneArray i = load_slot(row.gates, 0), f = load_slot(row.gates, 1),
                    g = load_slot(row.gates, 2), o = load_slot(row.gates, 3),
                    c = load_array(row.kept + unit, count),
                    before = load_array(at(row.kept_before, unit), count),
                    grad_out = load_array(at(row.grad_out, unit), count),
                    last = load_array(at(row.grad_last, unit), count),
                    carried = load_array(
                        row.is_last ? at(row.grad_last_cell, unit) : row.carry + unit, count);
    LaneArray di, df, dg, d_o, carry;
    for (int64_t l = 0; l < kPanelLanes; ++l) {
      const float dh = sum[l] + grad_out[l] + last[l], t = fast_tanh(c[l]);
      const float dc = carried[l] + dh * o[l] * (1 - t * t);
      di[l] = dc * g[l] * i[l] * (1 - i[l]);
      df[l] = dc * before[l] * f[l] * (1 - f[l]);
      dg[l] = dc * i[l] * (1 - g[l] * g[l]);
      d_o[l] = dh * t * o[l] * (1 - o[l]);
      carry[l] = dc * f[l];
    }
    store_slot(di, row.grad_gates, 0);
    store_slot(df, row.grad_gates, 1);
    store_slot(dg, row.grad_gates, 2);
    store_slot(d_o, row.grad_gates, 3);
    store_array(carry, count, row.carry + unit);
  }

  // Of an empty sequence, what came from behind it.
  static LaneArray start(const BackwardRow& row, int64_t unit, int64_t count, LaneArray& sum) {
    if (!row.is_last) return load_array(row.carry + unit, count);
    sum = load_array(at(row.grad_last, unit), count);
    return load_array(at(row.grad_last_cell, unit), count);
  }
};

}  // namespace

const CellSteps kLstmSteps = kCellSteps<Lstm>;

}  // namespace cnn
