#include "kernels/resample.h"

#include <algorithm>

#include "base/error.h"
#include "base/parallel.h"

namespace cnn {
namespace {

constexpr int64_t kOutside = -1;

// to (+)= weight * from.
void accumulate(const float* from, float weight, int64_t count, bool add, float* to) {
  if (add) {
#pragma GCC ivdep
    for (int64_t i = 0; i < count; ++i) to[i] += weight * from[i];
  } else {
#pragma GCC ivdep
    for (int64_t i = 0; i < count; ++i) to[i] = weight * from[i];
  }
}

struct Images {
  const AxisMap& rows;
  const AxisMap& columns;
  int64_t channels;
  bool add;

  const float* pixel(const float* image, int64_t row, int64_t column) const {
    return image + (row * columns.in() + column) * channels;
  }
};

// The sum of the taps of one pixel, row by row.
void sum_taps(const Images& m, const float* image, int64_t y, int64_t x, float* to) {
  bool add = m.add;
  for (const AxisMap::Tap* r = m.rows.begin(y); r != m.rows.end(y); ++r) {
    for (const AxisMap::Tap* c = m.columns.begin(x); c != m.columns.end(x); ++c) {
      accumulate(m.pixel(image, r->from, c->from), r->weight * c->weight, m.channels, add, to);
      add = true;
    }
  }
  if (!add) std::fill_n(to, m.channels, 0.0f);
}

// One row of one output image.
void resample_row(const Images& m, const float* image, int64_t y, float* to) {
  const bool is_copy = m.rows.run(y) > 0;
  for (int64_t x = 0; x < m.columns.out();) {
    const int64_t run = is_copy ? m.columns.run(x) : 0, pixels = std::max<int64_t>(run, 1);
    if (run > 0 && !m.add) {
      std::copy_n(m.pixel(image, m.rows.begin(y)->from, m.columns.begin(x)->from), run * m.channels,
                  to);
    } else if (run > 0) {
      accumulate(m.pixel(image, m.rows.begin(y)->from, m.columns.begin(x)->from), 1,
                 run * m.channels, true, to);
    } else {
      sum_taps(m, image, y, x, to);
    }
    x += pixels;
    to += pixels * m.channels;
  }
}

}  // namespace

// Output i is input index(i), or 0 if that is kOutside.
template <class Index>
AxisMap AxisMap::by_index(int64_t in, int64_t out, Index index) {
  AxisMap map(in);
  for (int64_t i = 0; i < out; ++i) {
    const int64_t from = index(i);
    CNN_ASSERT(from >= kOutside && from < in);
    if (from != kOutside) map.add(from, 1);
    map.next();
  }
  map.find_runs();
  return map;
}

AxisMap AxisMap::shifted(int64_t in, int64_t out, int64_t before) {
  return by_index(in, out, [=](int64_t i) {
    return i - before >= 0 && i - before < in ? i - before : kOutside;
  });
}

AxisMap AxisMap::repeated(int64_t in, int64_t out, int64_t before) {
  return by_index(in, out, [=](int64_t i) { return std::clamp<int64_t>(i - before, 0, in - 1); });
}

AxisMap AxisMap::mirrored(int64_t in, int64_t out, int64_t before) {
  return by_index(in, out, [=](int64_t i) {
    const int64_t from = std::abs(i - before);
    return from < in ? from : 2 * (in - 1) - from;
  });
}

AxisMap AxisMap::nearest(int64_t in, int64_t out) {
  // In float, as other frameworks have it: at exact fractions their choice is this one.
  const float scale = static_cast<float>(in) / static_cast<float>(out);
  return by_index(in, out, [=](int64_t i) {
    return std::min(static_cast<int64_t>(static_cast<float>(i) * scale), in - 1);
  });
}

AxisMap AxisMap::linear(int64_t in, int64_t out, bool align_corners) {
  AxisMap map(in);
  double scale = static_cast<double>(in) / static_cast<double>(out);
  if (align_corners) {
    scale = out > 1 ? static_cast<double>(in - 1) / static_cast<double>(out - 1) : 0;
  }
  for (int64_t i = 0; i < out; ++i) {
    const double half = align_corners ? 0 : 0.5;
    const double at = std::max(0.0, (static_cast<double>(i) + half) * scale - half);
    const int64_t from = std::min(static_cast<int64_t>(at), in - 1);
    const double second = from + 1 < in ? at - static_cast<double>(from) : 0;
    map.add(from, static_cast<float>(1 - second));
    if (second > 0) map.add(from + 1, static_cast<float>(second));
    map.next();
  }
  map.find_runs();
  return map;
}

AxisMap AxisMap::transposed() const {
  AxisMap result(out());
  std::vector<std::vector<Tap>> by_input(static_cast<size_t>(in_));
  for (int64_t i = 0; i < out(); ++i) {
    for (const Tap* t = begin(i); t != end(i); ++t) {
      by_input[static_cast<size_t>(t->from)].push_back({i, t->weight});
    }
  }
  for (const std::vector<Tap>& taps : by_input) {
    for (const Tap& t : taps) result.add(t.from, t.weight);
    result.next();
  }
  result.find_runs();
  return result;
}

int64_t AxisMap::most_taps() const {
  int64_t most = 0;
  for (int64_t i = 0; i < out(); ++i) most = std::max<int64_t>(most, end(i) - begin(i));
  return most;
}

void AxisMap::find_runs() {
  runs_.assign(static_cast<size_t>(out()), 0);
  for (int64_t i = out(); i-- > 0;) {
    if (end(i) - begin(i) != 1 || begin(i)->weight != 1) continue;
    const bool goes_on =
        i + 1 < out() && run(i + 1) > 0 && begin(i + 1)->from == begin(i)->from + 1;
    runs_[static_cast<size_t>(i)] = goes_on ? run(i + 1) + 1 : 1;
  }
}

void resample(const AxisMap& rows, const AxisMap& columns, int64_t channels, int64_t batch,
              const float* in, bool add, float* out) {
  const Images images{rows, columns, channels, add};
  const int64_t row_floats = columns.out() * channels, all = batch * rows.out();
  const int64_t cost = row_floats * std::max<int64_t>(1, rows.most_taps() * columns.most_taps());
  parallel_for(all, grain_for(all, cost), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float* image = in + i / rows.out() * rows.in() * columns.in() * channels;
      resample_row(images, image, i % rows.out(), out + i * row_floats);
    }
  });
}

}  // namespace cnn
