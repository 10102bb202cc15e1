// Metrics of masks: the class of every pixel against the true one.
#include <algorithm>
#include <numeric>

#include "metrics/metric_checks.h"

namespace cnn {
namespace {

// What they share: classes of pixels, one score alone being of two classes.
class MaskMetric : public Metric {
 public:
  void options(Options& o) override {
    o("threshold", threshold_, "from where on one score alone means class 1; 0.5: probabilities");
  }
  void setup(const MetricInputs& inputs) override {
    require_positions(inputs);
    scores_ = inputs.output.channels();
    classes_ = std::max<int64_t>(2, scores_);
    require_countable(classes_);
    ignore_ = inputs.ignore;
    prepare(inputs.output);
    reset();
  }

 protected:
  virtual void prepare(const Shape&) {}

  int64_t predicted(const float* row) const {
    return scores_ == 1 ? static_cast<int64_t>(row[0] > threshold_) : arg_max(row, scores_);
  }

  int64_t scores_ = 0, classes_ = 0;
  std::optional<int64_t> ignore_;
  float threshold_ = 0;
};

// What follows from counts of (true, predicted) pairs.
class CountedMask : public MaskMetric {
 public:
  void reset() override { matrix_ = ConfusionMatrix(classes_); }
  void keep(MetricTally& tally) override { tally(matrix_.counts()); }
  void add(const ConstView& output, const ConstView& target, std::span<const ConstView>) override {
    for (int64_t row = 0; row < output.rows(); ++row) {
      const auto truth = class_of(target.data[row], classes_, ignore_);
      if (truth) matrix_.add(*truth, predicted(output.data + row * scores_));
    }
  }

 protected:
  ConfusionMatrix matrix_;
};

class PixelAccuracy final : public CountedMask {
 public:
  bool is_share_of_right() const override { return true; }
  std::vector<std::string> names() const override { return {"pixel_accuracy"}; }
  Scores result() const override { return {{"pixel_accuracy", matrix_.accuracy()}}; }
};

// Overlap of predicted and true regions. Classes that no pixel has leave the mean alone, predicted
// or not; by themselves those that are not predicted either are 1.
class Overlap final : public CountedMask {
 public:
  // shared_share: of the intersection, 1 for |A or B| and 2 for |A| + |B| below.
  Overlap(const char* name, bool is_dice) : name_(name), is_dice_(is_dice) {}

  void options(Options& o) override {
    o.choice("show", per_class_, {{"mean", false}, {"per_class", true}},
             "the mean over classes, or every class beside it")
        .primary();
    CountedMask::options(o);
  }
  std::vector<std::string> names() const override {
    std::vector<std::string> names = {name_};
    for (int64_t c = 0; per_class_ && c < classes_; ++c)
      names.push_back(fmt::format("{}_{}", name_, c));
    return names;
  }
  Scores result() const override {
    const std::vector<std::string> keys = names();
    Scores scores = {{name_, 0}};
    double sum = 0;
    int64_t present = 0;
    for (int64_t c = 0; c < classes_; ++c) {
      const std::optional<double> overlap = overlap_of(c);
      if (is_there(c)) {
        sum += overlap.value_or(0);
        ++present;
      }
      if (per_class_) scores.emplace_back(keys[static_cast<size_t>(c) + 1], overlap.value_or(1));
    }
    scores.front().second = present > 0 ? sum / static_cast<double>(present) : 0;
    return scores;
  }

 private:
  bool is_there(int64_t c) const {
    for (int64_t found = 0; found < classes_; ++found) {
      if (matrix_.at(c, found) > 0) return true;
    }
    return false;
  }

  std::optional<double> overlap_of(int64_t c) const {
    int64_t truths = 0, predictions = 0;
    for (int64_t other = 0; other < classes_; ++other) {
      truths += matrix_.at(c, other);
      predictions += matrix_.at(other, c);
    }
    const int64_t both = matrix_.at(c, c), all = truths + predictions;
    if (all == 0) return std::nullopt;
    return static_cast<double>(is_dice_ ? 2 * both : both) /
           static_cast<double>(is_dice_ ? all : all - both);
  }

  std::string name_;
  bool is_dice_;
  bool per_class_ = false;
};

// Metrics of the shapes that one class draws in an image [C,H,W].
class MembraneMetric : public MaskMetric {
 public:
  void options(Options& o) override {
    o("membrane", membrane_, "class number of what parts the cells").at_least(0);
    MaskMetric::options(o);
  }
  void add(const ConstView& output, const ConstView& target, std::span<const ConstView>) override {
    const int64_t pixels = height_ * width_;
    for (int64_t n = 0; n < output.batch; ++n) {
      for (int64_t i = 0; i < pixels; ++i) {
        const int64_t row = n * pixels + i;
        const auto at = static_cast<size_t>(i);
        const auto truth = class_of(target.data[row], classes_, ignore_);
        known_[at] = truth.has_value();
        truth_[at] = truth && *truth == membrane_;
        found_[at] = predicted(output.data + row * scores_) == membrane_;
      }
      add_image();
    }
  }

 protected:
  using Mask = std::vector<char>;

  void prepare(const Shape& output) override {
    if (output.rank() != 3) {
      fail(Exit::kSpec, "", "is for images [C,H,W], found {}", output.str());
    }
    if (membrane_ >= classes_) {
      fail(Exit::kSpec, "", "has membrane class {} of only {} classes", membrane_, classes_);
    }
    height_ = output.height();
    width_ = output.width();
    const auto pixels = static_cast<size_t>(height_ * width_);
    known_.assign(pixels, 0);
    truth_ = found_ = known_;
  }
  virtual void add_image() = 0;

  int64_t membrane_ = 0, height_ = 0, width_ = 0;
  Mask known_, truth_, found_;  // of one image: a target is there; true and predicted membrane
};

// The adapted Rand error, 1 - F of the Rand index, of the cells: 4-connected regions that are no
// membrane. Only pixels of true cells count; a predicted membrane pixel is a region of its own.
// Arganda-Carreras et al. 2015, "Crowdsourcing the creation of image segmentation algorithms for
// connectomics"; as in the SNEMI3D challenge.
class RandError final : public MembraneMetric {
 public:
  void reset() override {
    sum_ = 0;
    images_ = 0;
  }
  void keep(MetricTally& tally) override {
    tally(sum_);
    tally(images_);
  }
  std::vector<std::string> names() const override { return {"rand_error"}; }
  Scores result() const override {
    return {{"rand_error", images_ > 0 ? sum_ / static_cast<double>(images_) : 0}};
  }

 protected:
  void add_image() override {
    const std::vector<int64_t> truth = regions(truth_), found = regions(found_);
    std::vector<std::pair<int64_t, int64_t>> pairs;
    for (size_t i = 0; i < truth.size(); ++i) {
      if (known_[i] && truth[i] > 0) pairs.emplace_back(truth[i], found[i]);
    }
    sum_ += error_of(std::move(pairs));
    ++images_;
  }

 private:
  // Regions of what is no membrane, numbered from 1; 0 is membrane.
  std::vector<int64_t> regions(const Mask& membrane) const {
    std::vector<int64_t> labels(membrane.size(), 0);
    std::vector<int64_t> stack;
    int64_t label = 0;
    const int64_t pixels = height_ * width_;
    for (int64_t start = 0; start < pixels; ++start) {
      if (!joins(start, membrane, labels)) continue;
      labels[static_cast<size_t>(start)] = ++label;
      stack.assign(1, start);
      while (!stack.empty()) {
        const int64_t i = stack.back(), x = i % width_;
        stack.pop_back();
        for (const int64_t j : {x > 0 ? i - 1 : -1, x + 1 < width_ ? i + 1 : -1, i - width_,
                                i + width_ < pixels ? i + width_ : -1}) {
          if (j < 0 || !joins(j, membrane, labels)) continue;
          labels[static_cast<size_t>(j)] = label;
          stack.push_back(j);
        }
      }
    }
    return labels;
  }

  static bool joins(int64_t i, const Mask& membrane, const std::vector<int64_t>& labels) {
    return !membrane[static_cast<size_t>(i)] && labels[static_cast<size_t>(i)] == 0;
  }

  // Sum over the groups of equal keys of (size of the group)^2.
  template <class Key>
  static double squares(std::vector<Key>& keys) {
    std::sort(keys.begin(), keys.end());
    double sum = 0;
    for (size_t first = 0, i = 0; i < keys.size(); first = i) {
      while (i < keys.size() && keys[i] == keys[first]) ++i;
      const auto size = static_cast<double>(i - first);
      sum += size * size;
    }
    return sum;
  }

  static double error_of(std::vector<std::pair<int64_t, int64_t>> pairs) {
    if (pairs.empty()) return 0;
    std::vector<int64_t> truths, predictions;
    double singles = 0;  // predicted membrane: regions of one pixel
    for (const auto& [truth, found] : pairs) truths.push_back(truth);
    const double true_pairs = squares(truths);
    std::erase_if(pairs, [&](const auto& pair) {
      singles += pair.second == 0;
      return pair.second == 0;
    });
    for (const auto& [truth, found] : pairs) predictions.push_back(found);
    const double found_pairs = squares(predictions) + singles;
    const double right_pairs = squares(pairs) + singles;
    const double precision = right_pairs / found_pairs, recall = right_pairs / true_pairs;
    return 1 - 2 * precision * recall / (precision + recall);
  }

  double sum_ = 0;
  int64_t images_ = 0;
};

// Outlines: pixels of the class with a 4-neighbour that is not. Those within `tolerance` pixels
// (rows and columns) of one of the other's are right. Counts are of all images together.
// Csurka et al. 2013, "What is a good evaluation measure for semantic segmentation?"
class BoundaryF1 final : public MembraneMetric {
 public:
  void options(Options& o) override {
    o("tolerance", tolerance_, "distance in pixels that still is right").primary().between(0, 100);
    MembraneMetric::options(o);
  }
  void reset() override { found_right_ = found_all_ = truth_right_ = truth_all_ = 0; }
  void keep(MetricTally& tally) override {
    for (int64_t* n : {&found_right_, &found_all_, &truth_right_, &truth_all_}) tally(*n);
  }
  std::vector<std::string> names() const override { return {"boundary_f1"}; }
  Scores result() const override {
    const auto ratio = [](int64_t a, int64_t b) {
      return b > 0 ? static_cast<double>(a) / static_cast<double>(b) : 0.0;
    };
    const double precision = ratio(found_right_, found_all_);
    const double recall = ratio(truth_right_, truth_all_);
    const double sum = precision + recall;
    return {{"boundary_f1", sum > 0 ? 2 * precision * recall / sum : 0}};
  }

 protected:
  void add_image() override {
    const Mask truth = outline(truth_), found = outline(found_);
    const Mask near_truth = widened(truth), near_found = widened(found);
    for (size_t i = 0; i < truth.size(); ++i) {
      truth_all_ += truth[i];
      truth_right_ += truth[i] && near_found[i];
      found_all_ += found[i];
      found_right_ += found[i] && near_truth[i];
    }
  }

 private:
  Mask outline(const Mask& mask) const {
    Mask edge(mask.size(), 0);
    const auto at = [&](int64_t y, int64_t x) { return static_cast<size_t>(y * width_ + x); };
    for (int64_t y = 0; y < height_; ++y) {
      for (int64_t x = 0; x < width_; ++x) {
        if (!known_[at(y, x)] || !mask[at(y, x)]) continue;
        edge[at(y, x)] = (y > 0 && !mask[at(y - 1, x)]) ||
                         (y + 1 < height_ && !mask[at(y + 1, x)]) ||
                         (x > 0 && !mask[at(y, x - 1)]) || (x + 1 < width_ && !mask[at(y, x + 1)]);
      }
    }
    return edge;
  }

  Mask widened(const Mask& mask) const {
    return widened(widened(mask, height_, width_, width_, 1), width_, height_, 1, width_);
  }

  // Along one axis: `lines` lines of `length` pixels.
  Mask widened(const Mask& mask, int64_t lines, int64_t length, int64_t line_step,
               int64_t step) const {
    Mask wide(mask.size(), 0);
    for (int64_t line = 0; line < lines; ++line) {
      for (int64_t i = 0; i < length; ++i) {
        if (!mask[static_cast<size_t>(line * line_step + i * step)]) continue;
        const int64_t last = std::min(length - 1, i + tolerance_);
        for (int64_t k = std::max<int64_t>(0, i - tolerance_); k <= last; ++k) {
          wide[static_cast<size_t>(line * line_step + k * step)] = 1;
        }
      }
    }
    return wide;
  }

  int64_t tolerance_ = 2;
  int64_t found_right_ = 0, found_all_ = 0, truth_right_ = 0, truth_all_ = 0;
};

}  // namespace

extern const MetricType pixel_accuracy_metric = {
    "pixel_accuracy", "share of right pixels; one score alone is of two classes", "pixel_accuracy",
    []() -> std::unique_ptr<Metric> { return std::make_unique<PixelAccuracy>(); }};
extern const MetricType iou_metric = {
    "iou", "intersection over union of predicted and true masks: the mean over classes", "iou",
    []() -> std::unique_ptr<Metric> { return std::make_unique<Overlap>("iou", false); }};
extern const MetricType dice_metric = {
    "dice", "the same with 2 |A and B| / (|A| + |B|)", "{dice: per_class}",
    []() -> std::unique_ptr<Metric> { return std::make_unique<Overlap>("dice", true); }};
extern const MetricType rand_error_metric = {
    "rand_error",
    "how wrongly cells are merged or split: adapted Rand error of what membranes part",
    "{rand_error: ~, membrane: 0}",
    []() -> std::unique_ptr<Metric> { return std::make_unique<RandError>(); }};
extern const MetricType boundary_f1_metric = {
    "boundary_f1", "F1 of the outlines of a class, within some pixels", "{boundary_f1: 2}",
    []() -> std::unique_ptr<Metric> { return std::make_unique<BoundaryF1>(); }};

}  // namespace cnn
