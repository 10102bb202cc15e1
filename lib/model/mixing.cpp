#include "model/mixing.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/parallel.h"

namespace cnn {
namespace {

bool is_picture(const Field& field) {
  return field.kind == FieldKind::kValues && field.shape.rank() == 3;
}

bool is_as_large(const Field& a, const Field& b) {
  return is_picture(a) && is_picture(b) && a.shape.height() == b.shape.height() &&
         a.shape.width() == b.shape.width();
}

// Whether all that reads the class numbers `value` is losses that mix them.
bool losses_mix(const Graph& graph, int value) {
  return std::all_of(graph.nodes.begin(), graph.nodes.end(), [&](const GraphNode& node) {
    const bool reads = std::count(node.inputs.begin(), node.inputs.end(), value) > 0;
    return !reads || (node.is_loss() && node.plan.mixes_targets);
  });
}

// Marsaglia & Tsang 2000, "A simple method for generating gamma variables"; below 1 with their
// boost. The result is a logarithm, since a small `shape` gives numbers that no double is near to.
double draw_log_gamma(double shape, RandomSequence& random) {
  const auto uniform = [&] { return (static_cast<double>(random.uniform()) + 0x1p-25); };
  if (shape < 1) {
    const double boost = std::log(uniform()) / shape;
    return draw_log_gamma(shape + 1, random) + boost;
  }
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const auto x = static_cast<double>(random.normal());
    const double v = std::pow(1 + c * x, 3);
    if (v <= 0) continue;
    if (std::log(uniform()) < x * x / 2 + d - d * v + d * std::log(v)) return std::log(d * v);
  }
}

void swap_rows(float* a, float* b, int64_t width, int64_t channels, int64_t top, int64_t bottom,
               int64_t left, int64_t right) {
  for (int64_t y = top; y < bottom; ++y) {
    const int64_t first = (y * width + left) * channels, last = (y * width + right) * channels;
    std::swap_ranges(a + first, a + last, b + first);
  }
}

void blend(float* a, float* b, int64_t count, float share) {
  for (int64_t i = 0; i < count; ++i) {
    const float x = a[i], y = b[i];
    a[i] = share * x + (1 - share) * y;
    b[i] = share * y + (1 - share) * x;
  }
}

}  // namespace

double draw_beta(double a, RandomSequence& random) {
  const double x = draw_log_gamma(a, random), y = draw_log_gamma(a, random);
  return 1 / (1 + std::exp(y - x));
}

std::optional<std::string> mixing_problem(const Graph& graph, const MixRule& rule) {
  const Field* picture = nullptr;
  for (const GraphField& field : graph.fields) {
    const Field& f = field.field;
    if (f.items.is_list) return fmt::format("mixes samples of one size; '{}' is a list", f.name);
    if (f.kind == FieldKind::kClass) {
      if (!field.is_input && f.shape.count() == 1 && losses_mix(graph, field.value)) continue;
      return fmt::format(
          "mixes numbers, and the one class of a sample where losses of classes without 'weights' "
          "read it; '{}' is neither",
          f.name);
    }
    if (rule.cutmix == 0) continue;
    if (!field.is_input && f.shape.rank() > 1 && (!picture || !is_as_large(f, *picture))) {
      return fmt::format("cuts boxes out of pictures, not out of the target '{}' {}", f.name,
                         f.shape.str());
    }
    if (!field.is_input) continue;
    if (!is_picture(f)) return fmt::format("cuts boxes out of pictures; '{}' is none", f.name);
    if (picture && !is_as_large(f, *picture)) {
      return fmt::format("cuts one box out of pictures of one size; '{}' and '{}' differ",
                         picture->name, f.name);
    }
    picture = &f;
  }
  return std::nullopt;
}

Mixer::Mixer(const Graph& graph, const MixRule& rule, uint64_t seed)
    : graph_(graph), rule_(rule), seed_(seed) {
  CNN_ASSERT(rule.is_active() && !mixing_problem(graph, rule));
  for (const GraphField& field : graph.fields) {
    if (!field.is_input || !is_picture(field.field)) continue;
    height_ = field.field.shape.height();
    width_ = field.field.shape.width();
  }
}

void Mixer::mix(const Batch& batch, int64_t epoch, int64_t batch_size) {
  shares_.assign(static_cast<size_t>(batch.n), 1.0f);
  const int64_t first = batch.number * batch_size;
  parallel_for(batch.n / 2, 1, [&](int64_t begin, int64_t end) {
    for (int64_t a = begin; a < end; ++a) {
      const int64_t b = batch.n - 1 - a;
      const Mixed mixed = draw(RandomSequence(
          Rng(seed_, "mix", static_cast<uint64_t>(epoch), static_cast<uint64_t>(first + a))));
      shares_[static_cast<size_t>(a)] = shares_[static_cast<size_t>(b)] = mixed.share;
      mix_pair(mixed, batch, a, b);
    }
  });
}

Mixer::Mixed Mixer::draw(RandomSequence random) const {
  const bool cuts = rule_.cutmix > 0 && (rule_.mixup == 0 || random.uniform() < 0.5f);
  const double beta = draw_beta(cuts ? rule_.cutmix : rule_.mixup, random);
  if (!cuts) return {static_cast<float>(std::max(beta, 1 - beta)), std::nullopt, false};
  // A box of this part of the area around any pixel; what lies beyond the edges is cut off.
  const double side = std::sqrt(1 - beta);
  const auto placed = [&](int64_t size, int64_t& low, int64_t& high) {
    const auto length = static_cast<int64_t>(side * static_cast<double>(size));
    const auto middle = static_cast<int64_t>(random.below(static_cast<uint64_t>(size)));
    low = std::max<int64_t>(0, middle - length / 2);
    high = std::min(size, middle - length / 2 + length);
    high = std::max(low, high);
  };
  Box box;
  placed(height_, box.top, box.bottom);
  placed(width_, box.left, box.right);
  const auto area = static_cast<double>((box.bottom - box.top) * (box.right - box.left));
  const double outside = 1 - area / static_cast<double>(height_ * width_);
  return {static_cast<float>(std::max(outside, 1 - outside)), box, outside < 0.5};
}

void Mixer::mix_pair(const Mixed& mixed, const Batch& batch, int64_t a, int64_t b) const {
  for (size_t i = 0; i < graph_.fields.size(); ++i) {
    const Field& field = graph_.fields[i].field;
    if (field.kind == FieldKind::kClass) continue;
    const int64_t count = field.shape.count();
    float* of_a = batch.fields[i] + a * count;
    float* of_b = batch.fields[i] + b * count;
    const bool is_cut = mixed.box && is_picture(field) && field.shape.height() == height_ &&
                        field.shape.width() == width_;
    if (!is_cut) {
      blend(of_a, of_b, count, mixed.share);
      continue;
    }
    const Box& box = *mixed.box;
    swap_rows(of_a, of_b, width_, field.shape.channels(), box.top, box.bottom, box.left, box.right);
    if (mixed.swaps_outside) std::swap_ranges(of_a, of_a + count, of_b);
  }
}

}  // namespace cnn
