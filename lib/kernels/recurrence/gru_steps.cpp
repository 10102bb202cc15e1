// r, z = s(a_r), s(a_z), m = W_hn h' + b_hn, n = tanh(a_n + r m), h = (1 - z) n + z h'; the gates
// are kept as r z n, and m beside them.
//   da_z = dh (h' - n) z (1 - z),  da_n = dh (1 - z) (1 - n^2),  dm = da_n r
//   da_r = da_n m r (1 - r);  the carry is dh z
#include "kernels/recurrence/steps.h"
#include "kernels/vector_math.h"

namespace cnn {
namespace {

struct Gru {
  static constexpr int kGates = 3;
  static constexpr bool kKeeps = true, kHasNew = true;

  static void begin(const Recurrence& r, const ForwardRow& row, int64_t unit, int64_t count,
                    PanelSums& sums) {
    const auto put = [&](int g, const float* from) {
      store(sums.lanes[g], load<WideVector>(load_array(from, count).at));
    };
    put(0, row.gates + unit);
    put(1, row.gates + r.hidden + unit);
    put(2, r.new_bias == nullptr ? nullptr : r.new_bias + unit);
  }

  static void finish(const Recurrence& r, const ForwardRow& row, int64_t unit, int64_t count,
                     const PanelSums& sums) {
    float* gates = row.gates + unit;
    const LaneArray before = load_array(row.before == nullptr ? nullptr : row.before + unit, count),
                    added = load_array(gates + 2 * r.hidden, count);
    LaneArray reset, z, m, n, h;
    for (int64_t l = 0; l < kPanelLanes; ++l) {
      reset[l] = fast_sigmoid(sums.lanes[0][l]);
      z[l] = fast_sigmoid(sums.lanes[1][l]);
      m[l] = sums.lanes[2][l];
      n[l] = fast_tanh(added[l] + reset[l] * m[l]);
      h[l] = n[l] + z[l] * (before[l] - n[l]);
    }
    store_array(reset, count, gates);
    store_array(z, count, gates + r.hidden);
    store_array(n, count, gates + 2 * r.hidden);
    store_array(m, count, row.kept + unit);
    store_array(h, count, row.out + unit);
  }

  static void backward(int64_t hidden, const BackwardRow& row, int64_t unit, int64_t count,
                       LaneArray& sum) {
    const auto at = [=](const float* p) { return p == nullptr ? nullptr : p + unit; };
    const float* gates = row.gates + unit;
    const LaneArray reset = load_array(gates, count), z = load_array(gates + hidden, count),
                    n = load_array(gates + 2 * hidden, count),
                    m = load_array(row.kept + unit, count),
                    before = load_array(at(row.before), count),
                    grad_out = load_array(at(row.grad_out), count),
                    carried = load_array(row.is_last ? at(row.grad_last) : row.carry + unit, count);
    LaneArray dr, dz, dn, dm, carry;
    for (int64_t l = 0; l < kPanelLanes; ++l) {
      const float dh = sum[l] + grad_out[l] + carried[l];
      dz[l] = dh * (before[l] - n[l]) * z[l] * (1 - z[l]);
      dn[l] = dh * (1 - z[l]) * (1 - n[l] * n[l]);
      dm[l] = dn[l] * reset[l];
      dr[l] = dn[l] * m[l] * reset[l] * (1 - reset[l]);
      carry[l] = dh * z[l];
    }
    float* to = row.grad_gates + unit;
    store_array(dr, count, to);
    store_array(dz, count, to + hidden);
    store_array(dn, count, to + 2 * hidden);
    store_array(dm, count, row.grad_new + unit);
    store_array(carry, count, row.carry + unit);
  }

  static LaneArray start_gradient(const BackwardRow& row, int64_t unit, int64_t count,
                                  LaneArray& sum) {
    const float* carry = row.is_last ? row.grad_last : row.carry;
    const LaneArray more = load_array(carry == nullptr ? nullptr : carry + unit, count);
    for (int64_t l = 0; l < kPanelLanes; ++l) sum[l] += more[l];
    return {};
  }
};

}  // namespace

const CellSteps kGruSteps = kCellSteps<Gru>;

}  // namespace cnn
