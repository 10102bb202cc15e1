#include "data/border_weights.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "base/error.h"
#include "data/dataset.h"

namespace cnn {

std::string OptionType<BorderWeights>::name() { return "map of w0, sigma, background, balance"; }
OptionSchema OptionType<BorderWeights>::schema() { return OptionSchema::any(); }
bool OptionType<BorderWeights>::read(const Node& node, BorderWeights& out, Diagnostics& d) {
  constexpr double kSmallest = 0.1, kLargest = 100;
  out = {};
  Options o;
  o("w0", out.w0, "largest additional weight between two objects").at_least(0);
  o("sigma", out.sigma, "how far it reaches, in pixels").between(kSmallest, kLargest);
  o("background", out.background, "the class that lies between the objects").at_least(0);
  o("balance", out.balance, "give rare classes more weight");
  if (!node.is_map()) {
    d.report(node.mark(), "expected a map ({w0: 10, sigma: 5}), found " + node.describe());
    return false;
  }
  return o.read_map(node, "'border_weights'", d);
}
Node OptionType<BorderWeights>::write(const BorderWeights& value) {
  Node map = Node::map({});
  map.set("w0", OptionType<double>::write(value.w0));
  map.set("sigma", OptionType<double>::write(value.sigma));
  map.set("background", OptionType<int64_t>::write(value.background));
  map.set("balance", OptionType<bool>::write(value.balance));
  return map;
}

namespace {

constexpr float kFar = 1e12f;  // a squared distance beyond all others, finite

// A rectangle of pixels, ends excluded.
struct Box {
  int64_t top, left, bottom, right;
};

// Squared distances along one line: out[i] = min over j of (i - j)^2 + in[j], by the lower envelope
// of parabolas (Felzenszwalb & Huttenlocher 2012, "Distance transforms of sampled functions").
class LineTransform {
 public:
  explicit LineTransform(int64_t longest)
      : vertices_(static_cast<size_t>(longest)), bounds_(static_cast<size_t>(longest) + 1) {}

  void run(const std::vector<float>& in, int64_t n, std::vector<float>& out) {
    const auto crossing = [&](int64_t q, int64_t v) {
      const auto height = [&](int64_t i) {
        return static_cast<double>(in[static_cast<size_t>(i)]) + static_cast<double>(i * i);
      };
      return (height(q) - height(v)) / static_cast<double>(2 * (q - v));
    };
    int64_t last = 0;
    vertices_[0] = 0;
    bounds_[0] = -std::numeric_limits<double>::infinity();
    for (int64_t q = 1; q < n; ++q) {
      double at = crossing(q, vertices_[static_cast<size_t>(last)]);
      while (at <= bounds_[static_cast<size_t>(last)]) {
        at = crossing(q, vertices_[static_cast<size_t>(--last)]);
      }
      vertices_[static_cast<size_t>(++last)] = q;
      bounds_[static_cast<size_t>(last)] = at;
    }
    const int64_t count = last + 1;
    int64_t k = 0;
    for (int64_t i = 0; i < n; ++i) {
      while (k + 1 < count && bounds_[static_cast<size_t>(k + 1)] < static_cast<double>(i)) ++k;
      const int64_t v = vertices_[static_cast<size_t>(k)];
      out[static_cast<size_t>(i)] =
          in[static_cast<size_t>(v)] + static_cast<float>((i - v) * (i - v));
    }
  }

 private:
  std::vector<int64_t> vertices_;
  std::vector<double> bounds_;
};

// Regions of equal class that edges join, numbered from 0; -1: background or ignored.
class Objects {
 public:
  Objects(std::span<const float> mask, int64_t height, int64_t width, int64_t background,
          std::optional<int64_t> ignore)
      : numbers(mask.size(), -1), height_(height), width_(width) {
    for (size_t p = 0; p < mask.size(); ++p) {
      const auto value = static_cast<int64_t>(mask[p]);
      if (numbers[p] < 0 && value != background && value != ignore) fill(mask, p);
    }
  }

  std::vector<int> numbers;
  std::vector<Box> boxes;  // by object

 private:
  void fill(std::span<const float> mask, size_t first) {
    const int number = static_cast<int>(boxes.size());
    boxes.push_back({height_, width_, 0, 0});
    Box& box = boxes.back();
    open_.assign(1, static_cast<int64_t>(first));
    numbers[first] = number;
    while (!open_.empty()) {
      const int64_t p = open_.back(), y = p / width_, x = p % width_;
      open_.pop_back();
      box = {std::min(box.top, y), std::min(box.left, x), std::max(box.bottom, y + 1),
             std::max(box.right, x + 1)};
      const auto visit = [&](bool is_inside, int64_t q) {
        const auto i = static_cast<size_t>(q);
        if (!is_inside || numbers[i] >= 0 || mask[i] != mask[first]) return;
        numbers[i] = number;
        open_.push_back(q);
      };
      visit(x > 0, p - 1);
      visit(x + 1 < width_, p + 1);
      visit(y > 0, p - width_);
      visit(y + 1 < height_, p + width_);
    }
  }

  int64_t height_, width_;
  std::vector<int64_t> open_;
};

// The squared distances to the nearest two objects, up to `reach` away.
struct NearestTwo {
  std::vector<float> first, second;

  NearestTwo(const Objects& objects, int64_t height, int64_t width, int64_t reach)
      : first(objects.numbers.size(), kFar), second(first) {
    LineTransform line(std::max(height, width));
    std::vector<float> in(static_cast<size_t>(std::max(height, width))), out(in);
    for (size_t object = 0; object < objects.boxes.size(); ++object) {
      const Box& b = objects.boxes[object];
      const Box box = {std::max<int64_t>(b.top - reach, 0), std::max<int64_t>(b.left - reach, 0),
                       std::min(b.bottom + reach, height), std::min(b.right + reach, width)};
      const int64_t rows = box.bottom - box.top, columns = box.right - box.left;
      std::vector<float> squares(static_cast<size_t>(rows * columns));
      for (int64_t x = 0; x < columns; ++x) {
        for (int64_t y = 0; y < rows; ++y) {
          const auto p = static_cast<size_t>((box.top + y) * width + box.left + x);
          in[static_cast<size_t>(y)] = objects.numbers[p] == static_cast<int>(object) ? 0 : kFar;
        }
        line.run(in, rows, out);
        for (int64_t y = 0; y < rows; ++y) {
          squares[static_cast<size_t>(y * columns + x)] = out[static_cast<size_t>(y)];
        }
      }
      for (int64_t y = 0; y < rows; ++y) {
        std::copy_n(squares.begin() + y * columns, columns, in.begin());
        line.run(in, columns, out);
        for (int64_t x = 0; x < columns; ++x) {
          add(static_cast<size_t>((box.top + y) * width + box.left + x),
              out[static_cast<size_t>(x)]);
        }
      }
    }
  }

 private:
  void add(size_t p, float square) {
    if (square < first[p]) {
      second[p] = std::exchange(first[p], square);
    } else if (square < second[p]) {
      second[p] = square;
    }
  }
};

// Weight of each class of the mask: total / (classes * count).
std::map<int64_t, double> class_weights(std::span<const float> mask,
                                        std::optional<int64_t> ignore) {
  std::map<int64_t, double> weights;
  double total = 0;
  for (const float value : mask) {
    const auto number = static_cast<int64_t>(value);
    if (number == ignore) continue;
    ++weights[number];
    ++total;
  }
  for (auto& [number, weight] : weights) {
    weight = total / (static_cast<double>(weights.size()) * weight);
  }
  return weights;
}

}  // namespace

void border_weights(std::span<const float> mask, int64_t height, int64_t width,
                    const BorderWeights& options, std::optional<int64_t> ignore,
                    std::span<float> out) {
  CNN_ASSERT(static_cast<int64_t>(mask.size()) == height * width && out.size() == mask.size());
  constexpr double kReach = 4;  // beyond it less than w0 / 2980 is left out
  const auto reach = static_cast<int64_t>(std::ceil(kReach * options.sigma));
  const Objects objects(mask, height, width, options.background, ignore);
  const NearestTwo nearest(objects, height, width, reach);
  const std::map<int64_t, double> balance = class_weights(mask, ignore);
  for (size_t p = 0; p < mask.size(); ++p) {
    const auto number = static_cast<int64_t>(mask[p]);
    double weight = number == ignore ? 0 : options.balance ? balance.at(number) : 1;
    if (number == options.background && number != ignore) {
      const double sum = std::sqrt(nearest.first[p]) + std::sqrt(nearest.second[p]);
      weight += options.w0 * std::exp(-sum * sum / (2 * options.sigma * options.sigma));
    }
    out[p] = static_cast<float>(weight);
  }
}

namespace {

class BorderDataset final : public Dataset {
 public:
  BorderDataset(std::shared_ptr<const Dataset> dataset, const BorderWeights& options)
      : whole_(std::move(dataset)), options_(options) {
    fields_ = whole_->fields();
    normalization_ = whole_->normalization();
    ignored_class_ = whole_->ignored_class();
    mask_ = fields_.size();
    for (size_t f = 0; f < fields_.size() && mask_ == fields_.size(); ++f) {
      const bool is_mask = fields_[f].kind == FieldKind::kClass && fields_[f].shape.rank() == 3;
      if (is_mask) mask_ = f;
    }
    if (mask_ == fields_.size()) {
      fail(Exit::kSpec, "", "data: 'border_weights' needs masks; the data set has none");
    }
    fields_.push_back({kBorderField, fields_[mask_].shape, FieldKind::kValues, 0});
    if (weight_bytes() <= kMostKept) kept_.resize(static_cast<size_t>(whole_->size()));
  }

  int64_t size() const override { return whole_->size(); }
  std::string origin(int field) const override {
    const bool is_ours = field + 1 == static_cast<int>(fields_.size());
    return whole_->origin(is_ours ? static_cast<int>(mask_) : field);
  }
  std::string file(int64_t index) const override { return whole_->file(index); }
  std::string fingerprint() const override {
    return fmt::format("{} border {} {} {} {}", whole_->fingerprint(), options_.w0, options_.sigma,
                       options_.background, options_.balance);
  }
  uint64_t memory_bytes() const override {
    return whole_->memory_bytes() + (kept_.empty() ? 0 : weight_bytes());
  }

  void read(int64_t index, std::span<float* const> out) const override {
    whole_->read(index, out.first(out.size() - 1));
    if (out.back() == nullptr) return;
    const auto count = static_cast<size_t>(fields_.back().shape.count());
    if (kept_.empty()) return compute(index, {out.back(), count});
    const std::vector<float>& weights = weights_of(index);
    std::copy(weights.begin(), weights.end(), out.back());
  }

 private:
  static constexpr uint64_t kMostKept = uint64_t{1} << 30;

  uint64_t weight_bytes() const {
    return static_cast<uint64_t>(size() * fields_.back().shape.count()) * sizeof(float);
  }

  void compute(int64_t index, std::span<float> weights) const {
    const Shape& shape = fields_[mask_].shape;
    std::vector<float> mask(weights.size());
    std::vector<float*> out(fields_.size() - 1, nullptr);
    out[mask_] = mask.data();
    whole_->read(index, out);
    border_weights(mask, shape.height(), shape.width(), options_, ignored_class_, weights);
  }

  const std::vector<float>& weights_of(int64_t index) const {
    const auto i = static_cast<size_t>(index);
    {
      const std::lock_guard lock(mutex_);
      if (!kept_[i].empty()) return kept_[i];
    }
    std::vector<float> weights(static_cast<size_t>(fields_.back().shape.count()));
    compute(index, weights);
    const std::lock_guard lock(mutex_);
    if (kept_[i].empty()) kept_[i] = std::move(weights);  // written once, then only read
    return kept_[i];
  }

  std::shared_ptr<const Dataset> whole_;
  BorderWeights options_;
  size_t mask_ = 0;
  mutable std::mutex mutex_;
  mutable std::vector<std::vector<float>> kept_;  // by sample; empty if they are too many to keep
};

}  // namespace

std::shared_ptr<const Dataset> with_border_weights(std::shared_ptr<const Dataset> dataset,
                                                   const BorderWeights& options) {
  return std::make_shared<BorderDataset>(std::move(dataset), options);
}

}  // namespace cnn
