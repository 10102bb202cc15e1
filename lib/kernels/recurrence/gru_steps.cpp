// r, z = s(a_r), s(a_z), m = W_hn h' + b_hn, n = tanh(a_n + r m), h = (1 - z) n + z h'; slots are
// n r z m.
//   da_z = dh (h' - n) z (1 - z),  da_n = dh (1 - z) (1 - n^2),  dm = da_n r
//   da_r = da_n m r (1 - r);  the carry is dh z
#include "kernels/recurrence/steps.h"
#include "kernels/vector_math.h"

namespace cnn {
namespace {

struct Gru {
  static constexpr bool kKeeps = false;
  static constexpr int kInputs = 3, kHidden = 3, kFirstHidden = 1, kUnits = 1;

  static void finish(const ForwardRow& row, int64_t unit, int64_t count, const PanelSums& sums,
                     int) {
    const LaneArray before = load_array(at(row.before, unit), count);
    LaneArray r, z, m, n, h;
    for (int64_t l = 0; l < kPanelLanes; ++l) {
      r[l] = fast_sigmoid(sums.lanes[1][l]);
      z[l] = fast_sigmoid(sums.lanes[2][l]);
      m[l] = sums.lanes[3][l];
      n[l] = fast_tanh(sums.lanes[0][l] + r[l] * m[l]);
      h[l] = n[l] + z[l] * (before[l] - n[l]);
    }
    store_array(h, count, row.out + unit);
    if (row.gates == nullptr) return;
    store_slot(n, row.gates, 0);
    store_slot(r, row.gates, 1);
    store_slot(z, row.gates, 2);
    store_slot(m, row.gates, 3);
  }

  static void backward(const BackwardRow& row, int64_t unit, int64_t count, const LaneArray& sum) {
    const LaneArray n = load_slot(row.gates, 0), r = load_slot(row.gates, 1),
                    z = load_slot(row.gates, 2), m = load_slot(row.gates, 3),
                    before = load_array(at(row.before, unit), count),
                    grad_out = load_array(at(row.grad_out, unit), count),
                    carried =
                        load_array(row.is_last ? at(row.grad_last, unit) : row.carry + unit, count);
    LaneArray dn, dr, dz, dm, carry;
    for (int64_t l = 0; l < kPanelLanes; ++l) {
      const float dh = sum[l] + grad_out[l] + carried[l];
      dz[l] = dh * (before[l] - n[l]) * z[l] * (1 - z[l]);
      dn[l] = dh * (1 - z[l]) * (1 - n[l] * n[l]);
      dm[l] = dn[l] * r[l];
      dr[l] = dn[l] * m[l] * r[l] * (1 - r[l]);
      carry[l] = dh * z[l];
    }
    store_slot(dn, row.grad_gates, 0);
    store_slot(dr, row.grad_gates, 1);
    store_slot(dz, row.grad_gates, 2);
    store_slot(dm, row.grad_gates, 3);
    store_array(carry, count, row.carry + unit);
  }

  static LaneArray start(const BackwardRow& row, int64_t unit, int64_t count, LaneArray& sum) {
    const LaneArray more = load_array(at(row.is_last ? row.grad_last : row.carry, unit), count);
    for (int64_t l = 0; l < kPanelLanes; ++l) sum[l] += more[l];
    return {};
  }
};

}  // namespace

const CellSteps kGruSteps = kCellSteps<Gru>;

}  // namespace cnn
