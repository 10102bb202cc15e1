// Recurrent layers in double, one step and one unit at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "support/check_layer.h"

namespace cnn::reference {

struct RecurrentOptions {
  enum class Cell { kTanh, kRelu, kLstm, kGru };
  Cell cell = Cell::kTanh;
  int64_t hidden = 1, layers = 1, directions = 1;
  bool bias = true;
  double dropout = 0;
  int start = 0, start_cell = 0;  // number of the input; 0: none
};

class Recurrent {
 public:
  explicit Recurrent(const RecurrentOptions& options) : o_(options) {}

  // The list, then h and (lstm) c behind the last items.
  Numbers operator()(const ReferenceCall& call) const {
    const std::vector<int64_t>& starts = call.starts[0];
    Numbers x = call.inputs[0], last, cell;
    for (int64_t l = 0; l < o_.layers; ++l) {
      if (l > 0 && o_.dropout > 0 && call.phase == Phase::kTrain) drop(call, l, x);
      Numbers y(size(starts.back() * width()));
      last.assign(size(call.batch * width()), 0);
      cell = last;
      for (int64_t n = 0; n < call.batch; ++n) {
        for (int64_t d = 0; d < o_.directions; ++d) run(call, l, d, n, x, y, last, cell);
      }
      x = y;
    }
    x.insert(x.end(), last.begin(), last.end());
    if (o_.cell == RecurrentOptions::Cell::kLstm) x.insert(x.end(), cell.begin(), cell.end());
    return x;
  }

 private:
  static size_t size(int64_t n) { return static_cast<size_t>(n); }
  static double logistic(double a) { return 1 / (1 + std::exp(-a)); }
  int64_t width() const { return o_.directions * o_.hidden; }

  void drop(const ReferenceCall& call, int64_t layer, Numbers& x) const {
    const std::vector<int64_t>& starts = call.starts[0];
    const int64_t most = most_items;
    const int64_t origin = (layer - 1) * ((most * width() + 3) / 4 * 4);
    for (int64_t n = 0; n < call.batch; ++n) {
      for (int64_t i = 0; i < (starts[size(n + 1)] - starts[size(n)]) * width(); ++i) {
        const auto bits = static_cast<double>(call.rng(n).bits(static_cast<uint64_t>(origin + i)));
        double& value = x[size(starts[size(n)] * width() + i)];
        value = bits >= std::ldexp(o_.dropout, 32) ? value / (1 - o_.dropout) : 0;
      }
    }
  }

  Numbers start(const ReferenceCall& call, int input, int64_t layer, int64_t d, int64_t n) const {
    Numbers h(size(o_.hidden), 0);
    if (input == 0) return h;
    const int64_t count = call.shapes[size(input)].count();
    const int64_t place = (count == width() ? 0 : layer * width()) + d * o_.hidden;
    for (int64_t i = 0; i < o_.hidden; ++i) {
      h[size(i)] = call.inputs[size(input)][size(n * count + place + i)];
    }
    return h;
  }

  void run(const ReferenceCall& call, int64_t layer, int64_t d, int64_t n, const Numbers& x,
           Numbers& y, Numbers& last, Numbers& cell) const {
    using Cell = RecurrentOptions::Cell;
    const int64_t hidden = o_.hidden, in = layer == 0 ? call.shapes[0].count() : width();
    const int64_t gates = o_.cell == Cell::kLstm ? 4 : o_.cell == Cell::kGru ? 3 : 1;
    const size_t first = size((layer * o_.directions + d) * (o_.bias ? 4 : 2));
    const Numbers &w = call.parameters[first], &u = call.parameters[first + 1];
    const int64_t begin = call.starts[0][size(n)], end = call.starts[0][size(n + 1)];
    Numbers h = start(call, o_.start, layer, d, n), c = start(call, o_.start_cell, layer, d, n);
    for (int64_t s = 0; s < end - begin; ++s) {
      const int64_t row = d == 1 ? end - 1 - s : begin + s;
      Numbers a(size(gates * hidden)), b(size(gates * hidden));
      for (int64_t g = 0; g < gates * hidden; ++g) {
        if (o_.bias) {
          a[size(g)] = call.parameters[first + 2][size(g)];
          b[size(g)] = call.parameters[first + 3][size(g)];
        }
        for (int64_t i = 0; i < in; ++i) a[size(g)] += w[size(g * in + i)] * x[size(row * in + i)];
        for (int64_t i = 0; i < hidden; ++i) b[size(g)] += u[size(g * hidden + i)] * h[size(i)];
      }
      for (int64_t j = 0; j < hidden; ++j) {
        const auto at = [=](int64_t gate) { return size(gate * hidden + j); };
        if (o_.cell == Cell::kTanh) h[size(j)] = std::tanh(a[at(0)] + b[at(0)]);
        if (o_.cell == Cell::kRelu) h[size(j)] = std::max(a[at(0)] + b[at(0)], 0.0);
        if (o_.cell == Cell::kLstm) {
          c[size(j)] = logistic(a[at(1)] + b[at(1)]) * c[size(j)] +
                       logistic(a[at(0)] + b[at(0)]) * std::tanh(a[at(2)] + b[at(2)]);
          h[size(j)] = logistic(a[at(3)] + b[at(3)]) * std::tanh(c[size(j)]);
        }
        if (o_.cell == Cell::kGru) {
          const double z = logistic(a[at(1)] + b[at(1)]);
          const double fresh = std::tanh(a[at(2)] + logistic(a[at(0)] + b[at(0)]) * b[at(2)]);
          h[size(j)] = (1 - z) * fresh + z * h[size(j)];
        }
      }
      for (int64_t j = 0; j < hidden; ++j) y[size(row * width() + d * hidden + j)] = h[size(j)];
    }
    for (int64_t j = 0; j < hidden; ++j) {
      last[size(n * width() + d * hidden + j)] = h[size(j)];
      cell[size(n * width() + d * hidden + j)] = c[size(j)];
    }
  }

  RecurrentOptions o_;

 public:
  int64_t most_items = 1;  // of the list, for the places of random numbers
};

}  // namespace cnn::reference
