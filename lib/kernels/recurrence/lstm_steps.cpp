// i, f, o = s(a_i), s(a_f), s(a_o), g = tanh(a_g), c = f c' + i g, h = o tanh(c); the gates are
// kept as i f g o.
//   dc = dc_behind f_behind + dh o (1 - tanh(c)^2),  da_i = dc g i (1 - i),  da_f = dc c' f (1 - f)
//   da_g = dc i (1 - g^2),  da_o = dh tanh(c) o (1 - o);  the carry is dc f
#include "kernels/recurrence/steps.h"
#include "kernels/vector_math.h"

namespace cnn {
namespace {

struct Lstm {
  static constexpr int kGates = 4;
  static constexpr bool kKeeps = true, kHasNew = false;

  static void begin(const Recurrence& r, const ForwardRow& row, int64_t unit, int64_t count,
                    PanelSums& sums) {
    for (int g = 0; g < kGates; ++g) {
      store(sums.lanes[g], load<WideVector>(load_array(row.gates + g * r.hidden + unit, count).at));
    }
  }

  static void finish(const Recurrence& r, const ForwardRow& row, int64_t unit, int64_t count,
                     const PanelSums& sums) {
    const LaneArray before =
        load_array(row.kept_before == nullptr ? nullptr : row.kept_before + unit, count);
    LaneArray i, f, g, o, c, h;
    for (int64_t l = 0; l < kPanelLanes; ++l) {
      i[l] = fast_sigmoid(sums.lanes[0][l]);
      f[l] = fast_sigmoid(sums.lanes[1][l]);
      g[l] = fast_tanh(sums.lanes[2][l]);
      o[l] = fast_sigmoid(sums.lanes[3][l]);
      c[l] = f[l] * before[l] + i[l] * g[l];
      h[l] = o[l] * fast_tanh(c[l]);
    }
    float* gates = row.gates + unit;
    store_array(i, count, gates);
    store_array(f, count, gates + r.hidden);
    store_array(g, count, gates + 2 * r.hidden);
    store_array(o, count, gates + 3 * r.hidden);
    store_array(c, count, row.kept + unit);
    store_array(h, count, row.out + unit);
  }

  static void backward(int64_t hidden, const BackwardRow& row, int64_t unit, int64_t count,
                       LaneArray& sum) {
    const auto at = [=](const float* p) { return p == nullptr ? nullptr : p + unit; };
    const float* gates = row.gates + unit;
    const LaneArray i = load_array(gates, count), f = load_array(gates + hidden, count),
                    g = load_array(gates + 2 * hidden, count),
                    o = load_array(gates + 3 * hidden, count),
                    c = load_array(row.kept + unit, count),
                    before = load_array(at(row.kept_before), count),
                    grad_out = load_array(at(row.grad_out), count),
                    last = load_array(at(row.grad_last), count),
                    carried =
                        load_array(row.is_last ? at(row.grad_last_cell) : row.carry + unit, count);
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
    float* to = row.grad_gates + unit;
    store_array(di, count, to);
    store_array(df, count, to + hidden);
    store_array(dg, count, to + 2 * hidden);
    store_array(d_o, count, to + 3 * hidden);
    store_array(carry, count, row.carry + unit);
  }

  // Of h it is the sum; of an empty sequence what came from behind it.
  static LaneArray start_gradient(const BackwardRow& row, int64_t unit, int64_t count,
                                  LaneArray& sum) {
    if (!row.is_last) return load_array(row.carry + unit, count);
    sum = load_array(row.grad_last == nullptr ? nullptr : row.grad_last + unit, count);
    return load_array(row.grad_last_cell == nullptr ? nullptr : row.grad_last_cell + unit, count);
  }
};

}  // namespace

const CellSteps kLstmSteps = kCellSteps<Lstm>;

}  // namespace cnn
