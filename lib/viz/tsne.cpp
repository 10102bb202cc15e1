#include "viz/tsne.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/parallel.h"
#include "kernels/gemm.h"
#include "kernels/simd.h"

namespace cnn {
namespace {

constexpr int64_t kRows = 64;  // of a block

// P, symmetric and sparse: row i holds entries begin[i] .. begin[i+1]-1.
struct Attractions {
  std::vector<int64_t> begin;
  std::vector<int32_t> column;
  std::vector<float> value;
};

// The probabilities of one point's neighbours: exp(-beta d) with the beta whose entropy is
// log(perplexity), by bisection.
void fill_probabilities(const float* squares, int64_t k, double perplexity, double* p) {
  double beta = 1, low = 0, high = INFINITY;
  const double wanted = std::log(perplexity), nearest = static_cast<double>(squares[0]);
  for (int round = 0; round < 100; ++round) {
    double sum = 0, weighted = 0;
    for (int64_t j = 0; j < k; ++j) {
      const double distance = static_cast<double>(squares[j]) - nearest;
      p[j] = std::exp(-beta * distance);
      sum += p[j];
      weighted += p[j] * distance;
    }
    for (int64_t j = 0; j < k; ++j) p[j] /= sum;
    const double surplus = std::log(sum) + beta * weighted / sum - wanted;
    if (std::abs(surplus) < 1e-5) return;
    (surplus > 0 ? low : high) = beta;
    beta = std::isinf(high) ? 2 * beta : (low + high) / 2;
  }
}

Attractions attractions_of(const Neighbours& near, int64_t n, double perplexity) {
  const int64_t k = near.k;
  std::vector<double> p(static_cast<size_t>(n * k));
  parallel_for(n, kRows, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      fill_probabilities(near.squares.data() + i * k, k, perplexity, p.data() + i * k);
    }
  });
  // Both (i, j) and (j, i) of every entry; what stands twice is added up.
  std::vector<std::vector<std::pair<int32_t, double>>> rows(static_cast<size_t>(n));
  const double scale = 0.5 / static_cast<double>(n);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = i * k; j < (i + 1) * k; ++j) {
      const int32_t other = near.indices[static_cast<size_t>(j)];
      const double share = p[static_cast<size_t>(j)] * scale;
      rows[static_cast<size_t>(i)].emplace_back(other, share);
      rows[static_cast<size_t>(other)].emplace_back(static_cast<int32_t>(i), share);
    }
  }
  Attractions result;
  for (auto& row : rows) {
    std::sort(row.begin(), row.end());
    result.begin.push_back(static_cast<int64_t>(result.column.size()));
    for (const auto& [column, share] : row) {
      const bool again = static_cast<int64_t>(result.column.size()) > result.begin.back() &&
                         result.column.back() == column;
      if (again) {
        result.value.back() += static_cast<float>(share);
      } else {
        result.column.push_back(column);
        result.value.push_back(static_cast<float>(share));
      }
    }
  }
  result.begin.push_back(static_cast<int64_t>(result.column.size()));
  return result;
}

double lane_sum(WideVector v) {
  double sum = 0;
  for (int lane = 0; lane < kLanes<WideVector>; ++lane) sum += static_cast<double>(v[lane]);
  return sum;
}

class Layout {
 public:
  Layout(Attractions attractions, int64_t n, const std::vector<float>& start)
      : attractions_(std::move(attractions)), n_(n) {
    for (auto* v : {&x_, &y_, &force_x_, &force_y_}) v->assign(static_cast<size_t>(n), 0.0f);
    for (auto* v : {&speed_x_, &speed_y_}) v->assign(static_cast<size_t>(n), 0.0f);
    for (auto* v : {&gain_x_, &gain_y_}) v->assign(static_cast<size_t>(n), 1.0f);
    row_sums_.assign(static_cast<size_t>(n), 0.0);
    for (int64_t i = 0; i < n; ++i) {
      x_[static_cast<size_t>(i)] = start[static_cast<size_t>(2 * i)];
      y_[static_cast<size_t>(i)] = start[static_cast<size_t>(2 * i + 1)];
    }
    shrink();
  }

  void step(float exaggeration, float momentum, float rate) {
    // Repulsion first: the sum over all pairs scales it.
    parallel_for(n_, kRows, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) repel(i);
    });
    sum_ = std::accumulate(row_sums_.begin(), row_sums_.end(), 0.0);
    const auto scale = static_cast<float>(1 / std::max(sum_, 1e-300));
    parallel_for(n_, kRows, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) attract(i, exaggeration, scale);
    });
    for (size_t i = 0; i < static_cast<size_t>(n_); ++i) {
      move(x_[i], speed_x_[i], gain_x_[i], force_x_[i], momentum, rate);
      move(y_[i], speed_y_[i], gain_y_[i], force_y_[i], momentum, rate);
    }
    centre(x_);
    centre(y_);
  }

  TsneResult result() const {
    TsneResult result;
    for (size_t i = 0; i < static_cast<size_t>(n_); ++i) {
      result.places.push_back(x_[i]);
      result.places.push_back(y_[i]);
      for (int64_t e = attractions_.begin[i]; e < attractions_.begin[i + 1]; ++e) {
        const auto j = static_cast<size_t>(attractions_.column[static_cast<size_t>(e)]);
        const double dx = static_cast<double>(x_[i] - x_[j]);
        const double dy = static_cast<double>(y_[i] - y_[j]);
        const auto p = static_cast<double>(attractions_.value[static_cast<size_t>(e)]);
        const double q = 1 / (1 + dx * dx + dy * dy) / sum_;
        if (p > 0) result.divergence += p * std::log(p / std::max(q, 1e-300));
      }
    }
    return result;
  }

 private:
  // A small start lets points pass one another.
  void shrink() {
    for (auto* v : {&x_, &y_}) {
      double squares = 0;
      for (const float value : *v)
        squares += static_cast<double>(value) * static_cast<double>(value);
      const double deviation = std::sqrt(squares / static_cast<double>(n_));
      const auto scale = static_cast<float>(deviation > 0 ? 1e-4 / deviation : 0);
      for (float& value : *v) value *= scale;
    }
  }

  // Sums over all j of q^2 (y_i - y_j) and of q, with q = 1 / (1 + |y_i - y_j|^2).
  void repel(int64_t i) {
    constexpr int64_t kWide = kLanes<WideVector>;
    const auto at = static_cast<size_t>(i);
    const auto xi = broadcast<WideVector>(x_[at]), yi = broadcast<WideVector>(y_[at]);
    const auto one = broadcast<WideVector>(1);
    WideVector fx{}, fy{}, sum{};
    int64_t j = 0;
    for (; j + kWide <= n_; j += kWide) {
      const WideVector dx = xi - load<WideVector>(x_.data() + j);
      const WideVector dy = yi - load<WideVector>(y_.data() + j);
      const WideVector q = one / (one + dx * dx + dy * dy);
      sum += q;
      fx += q * q * dx;
      fy += q * q * dy;
    }
    double total = lane_sum(sum), force_x = lane_sum(fx), force_y = lane_sum(fy);
    for (; j < n_; ++j) {
      const double dx = static_cast<double>(x_[at] - x_[static_cast<size_t>(j)]);
      const double dy = static_cast<double>(y_[at] - y_[static_cast<size_t>(j)]);
      const double q = 1 / (1 + dx * dx + dy * dy);
      total += q;
      force_x += q * q * dx;
      force_y += q * q * dy;
    }
    row_sums_[at] = total - 1;  // itself
    force_x_[at] = static_cast<float>(force_x);
    force_y_[at] = static_cast<float>(force_y);
  }

  // The whole gradient, in place of the repulsion alone.
  void attract(int64_t i, float exaggeration, float scale) {
    const auto at = static_cast<size_t>(i);
    float fx = 0, fy = 0;
    for (int64_t e = attractions_.begin[at]; e < attractions_.begin[at + 1]; ++e) {
      const auto entry = static_cast<size_t>(e);
      const auto j = static_cast<size_t>(attractions_.column[entry]);
      const float dx = x_[at] - x_[j], dy = y_[at] - y_[j];
      const float pull = attractions_.value[entry] / (1 + dx * dx + dy * dy);
      fx += pull * dx;
      fy += pull * dy;
    }
    force_x_[at] = 4 * (exaggeration * fx - scale * force_x_[at]);
    force_y_[at] = 4 * (exaggeration * fy - scale * force_y_[at]);
  }

  // Gradient descent with momentum and a rate of its own for each number (Jacobs 1988).
  static void move(float& place, float& speed, float& gain, float force, float momentum,
                   float rate) {
    const bool agrees = (force > 0) != (speed > 0);
    gain = std::max(agrees ? gain + 0.2f : gain * 0.8f, 0.01f);
    speed = momentum * speed - rate * gain * force;
    place += speed;
  }

  static void centre(std::vector<float>& v) {
    double sum = 0;
    for (const float value : v) sum += static_cast<double>(value);
    const auto mean = static_cast<float>(sum / static_cast<double>(v.size()));
    for (float& value : v) value -= mean;
  }

  Attractions attractions_;
  int64_t n_;
  std::vector<float> x_, y_, force_x_, force_y_, speed_x_, speed_y_, gain_x_, gain_y_;
  std::vector<double> row_sums_;
  double sum_ = 1;
};

// Less the mean: products of numbers far from zero would leave nothing of small distances.
std::vector<float> centred(const std::vector<float>& points, int64_t n) {
  const int64_t d = static_cast<int64_t>(points.size()) / n;
  std::vector<double> mean(static_cast<size_t>(d), 0.0);
  for (size_t i = 0; i < points.size(); ++i) {
    mean[i % static_cast<size_t>(d)] += static_cast<double>(points[i]) / static_cast<double>(n);
  }
  std::vector<float> out(points.size());
  for (size_t i = 0; i < points.size(); ++i) {
    out[i] = static_cast<float>(static_cast<double>(points[i]) - mean[i % static_cast<size_t>(d)]);
  }
  return out;
}

}  // namespace

Neighbours nearest_neighbours(const std::vector<float>& points, int64_t n, int64_t k) {
  CNN_ASSERT(n > 1 && k >= 1 && k < n && static_cast<int64_t>(points.size()) % n == 0);
  constexpr int64_t kBlock = 256;
  const int64_t d = static_cast<int64_t>(points.size()) / n;
  const std::vector<float> x = centred(points, n);
  std::vector<float> norms(static_cast<size_t>(n), 0.0f);
  for (int64_t i = 0; i < n; ++i) {
    double sum = 0;
    for (int64_t c = i * d; c < (i + 1) * d; ++c) {
      sum += static_cast<double>(x[static_cast<size_t>(c)]) *
             static_cast<double>(x[static_cast<size_t>(c)]);
    }
    norms[static_cast<size_t>(i)] = static_cast<float>(sum);
  }
  Neighbours result{k, std::vector<int32_t>(static_cast<size_t>(n * k)),
                    std::vector<float>(static_cast<size_t>(n * k))};
  std::vector<float> products(static_cast<size_t>(kBlock * n));
  for (int64_t first = 0; first < n; first += kBlock) {
    const int64_t rows = std::min(kBlock, n - first);
    gemm(Op::kNone, Op::kTranspose, rows, n, d, -2, x.data() + first * d, d, x.data(), d, 0,
         products.data(), n);
    parallel_for(rows, 8, [&](int64_t begin, int64_t end) {
      std::vector<std::pair<float, int32_t>> others;
      for (int64_t r = begin; r < end; ++r) {
        const int64_t i = first + r;
        others.clear();
        for (int64_t j = 0; j < n; ++j) {
          if (j == i) continue;
          const float square = norms[static_cast<size_t>(i)] + norms[static_cast<size_t>(j)] +
                               products[static_cast<size_t>(r * n + j)];
          others.emplace_back(std::max(square, 0.0f), static_cast<int32_t>(j));
        }
        std::partial_sort(others.begin(), others.begin() + k, others.end());
        for (int64_t j = 0; j < k; ++j) {
          const auto& [square, index] = others[static_cast<size_t>(j)];
          result.indices[static_cast<size_t>(i * k + j)] = index;
          result.squares[static_cast<size_t>(i * k + j)] = square;
        }
      }
    });
  }
  return result;
}

TsneResult tsne(const std::vector<float>& points, int64_t n, const std::vector<float>& start,
                const TsneSettings& settings) {
  CNN_ASSERT(n > 3 && static_cast<int64_t>(start.size()) == 2 * n);
  const double perplexity = std::min(settings.perplexity, static_cast<double>(n - 1) / 3);
  const int64_t k = std::min(n - 1, static_cast<int64_t>(std::ceil(3 * perplexity)));
  Layout layout(attractions_of(nearest_neighbours(points, n, k), n, perplexity), n, start);
  constexpr float kExaggeration = 12;
  // Belkina et al. 2019: the rate grows with the number of points.
  const float rate = std::max(static_cast<float>(n) / kExaggeration, 50.0f);
  const int64_t early = settings.steps / 4;
  for (int64_t step = 0; step < settings.steps; ++step) {
    const bool is_early = step < early;
    layout.step(is_early ? kExaggeration : 1, is_early ? 0.5f : 0.8f, rate);
    if (settings.progress) settings.progress(step + 1, settings.steps);
  }
  return layout.result();
}

double neighbour_accuracy(const std::vector<float>& points, const std::vector<int64_t>& classes,
                          int64_t k) {
  const auto n = static_cast<int64_t>(classes.size());
  const Neighbours near = nearest_neighbours(points, n, std::min(k, n - 1));
  int64_t right = 0;
  for (int64_t i = 0; i < n; ++i) {
    int64_t best = -1, most = 0;
    for (int64_t j = 0; j < near.k; ++j) {
      const int64_t candidate =
          classes[static_cast<size_t>(near.indices[static_cast<size_t>(i * near.k + j)])];
      int64_t votes = 0;
      for (int64_t m = 0; m < near.k; ++m) {
        const auto other = static_cast<size_t>(near.indices[static_cast<size_t>(i * near.k + m)]);
        votes += classes[other] == candidate ? 1 : 0;
      }
      if (votes > most) {
        most = votes;
        best = candidate;
      }
    }
    right += best == classes[static_cast<size_t>(i)] ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(n);
}

}  // namespace cnn
