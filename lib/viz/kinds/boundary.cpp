// boundary: of samples that are two numbers each, what class the network gives every place of the
// plane, and how surely.

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "graph/main_output.h"
#include "viz/drawing/plot.h"
#include "viz/explained.h"

namespace cnn {
namespace {

// One axis of the plane: in the data's own numbers, and as the network reads them.
struct PlaneAxis {
  double low = 0, high = 1;
  double mean = 0, std = 1, scale = 1;

  double shown(float value) const { return (static_cast<double>(value) * std + mean) / scale; }
  float read(double value) const { return static_cast<float>((value * scale - mean) / std); }
  // The middle of cell i of n.
  double middle(int64_t i, int64_t n) const {
    return low + (high - low) * (static_cast<double>(i) + 0.5) / static_cast<double>(n);
  }
};

struct Verdict {
  int64_t number = 0;
  double probability = 0;
};

class Boundary final : public VizKind {
 public:
  Boundary() { samples_.samples = 1000; }

  void options(Options& o) override {
    samples_.options(o);
    o("cells", cells_, "of the plane, along each axis").between(8, 1000);
  }

  VizResult run(const VizRequest& request) override {
    Explained network(request, "boundary");
    require_plane(network.graph());
    output_ = *main_output(network.graph());
    classes_ = class_count(network.value(output_.value).shape);
    network.prepare({{.pass = Pass::predicting(), .batch = kBatch, .keep = {output_.value}}},
                    samples_);
    require_classes(network);
    ScatterPlot plot;
    const double right = add_samples(network, plot);
    VizResult result;
    plot.background = plane(network, result.numbers);
    plot.title = fmt::format("{}: decision boundaries", network.name());
    plot.subtitle = "colour: the class that the network says, paler where it is less sure";
    if (right >= 0) {
      plot.subtitle +=
          fmt::format("; {} of the split '{}', {:.1f}% on their own colour",
                      counted(network.source().size(), "sample"), samples_.split, 100 * right);
      result.numbers["accuracy"] = right;
      result.text = fmt::format("{:.1f}% of the samples lie on their own colour\n", 100 * right);
    }
    for (const auto& [axis, of] : {std::pair(&plot.x, &x_), {&plot.y, &y_}}) {
      axis->low = of->low;
      axis->high = of->high;
    }
    plot.x.label = "first number";
    plot.y.label = "second number";
    plot.has_names_at_centres = false;
    for (int64_t c = 0; c < classes_; ++c) plot.names.push_back(network.class_name(c));
    result.numbers["samples"] = network.source().size();
    result.figures.push_back({"boundary", draw(plot)});
    return result;
  }

 private:
  static constexpr int64_t kBatch = 256;

  static void require_plane(const Graph& graph) {
    const Field& input = picture_input(graph, "boundary").field;
    if (input.shape.count() != 2) {
      fail(Exit::kUsage, "", "'boundary' takes networks that read two numbers; '{}' reads {}",
           graph.name, input.shape.str());
    }
    const std::optional<MainOutput> output = main_output(graph);
    const Shape shape = output ? graph.value(output->value).shape : Shape();
    if (output && shape.rank() == 1 && (output->is_classes() || shape.count() == 1)) return;
    refuse(graph);
  }

  // One number alone may be any: it tells two classes apart by its loss, or where data have labels.
  void require_classes(Explained& network) const {
    if (network.value(output_.value).shape.count() > 1) return;
    const SampleSource& source = network.source();
    const bool is_score = output_.is_classes() || output_.link == Link::kSigmoid;
    if (is_score || (source.size() > 0 && source.label(0) >= 0)) return;
    refuse(network.graph());
  }

  [[noreturn]] static void refuse(const Graph& graph) {
    fail(Exit::kUsage, "", "'boundary' takes networks that tell classes apart; '{}' does not",
         graph.name);
  }

  Verdict verdict_of(const ConstView& scores, int64_t n) const {
    if (scores.shape.count() > 1) {
      const ClassScore best = ranked_classes(scores, n)[0];
      return {best.number, best.probability};
    }
    const double x = static_cast<double>(scores.data[n]);
    const bool is_score = output_.is_classes() || output_.link == Link::kSigmoid;
    const double p = is_score ? 1 / (1 + std::exp(-x)) : std::clamp(x, 0.0, 1.0);
    return p > 0.5 ? Verdict{1, p} : Verdict{0, 1 - p};
  }

  // Points and axes; gives the share of samples that are told right, -1 without labels.
  double add_samples(Explained& network, ScatterPlot& plot) {
    const SampleSource& source = network.source();
    x_ = axis_of(network.normalization(), 0);
    y_ = axis_of(network.normalization(), 1);
    int64_t right = 0;
    bool has_labels = true;
    for (int64_t first = 0; first < source.size(); first += kBatch) {
      const int64_t n = std::min(kBatch, source.size() - first);
      const ConstView scores = network.run(0, first, n).value(output_.value);
      for (int64_t i = 0; i < n; ++i) {
        const float* numbers = network.shown(i);
        plot.points.push_back({x_.shown(numbers[0]), y_.shown(numbers[1])});
        const int64_t label = source.label(first + i);
        has_labels = has_labels && label >= 0;
        plot.classes.push_back(std::max<int64_t>(label, 0));
        right += verdict_of(scores, i).number == label ? 1 : 0;
      }
    }
    for (const auto& [axis, of] : {std::pair(&x_, &Point::x), {&y_, &Point::y}}) {
      const auto [low, high] =
          std::minmax_element(plot.points.begin(), plot.points.end(),
                              [of = of](const Point& a, const Point& b) { return a.*of < b.*of; });
      const double room = std::max(0.08 * ((*high).*of - (*low).*of), 1e-6);
      axis->low = (*low).*of - room;
      axis->high = (*high).*of + room;
    }
    if (!has_labels) plot.classes.clear();
    return has_labels ? static_cast<double>(right) / static_cast<double>(source.size()) : -1;
  }

  static PlaneAxis axis_of(const Normalization& normalization, size_t i) {
    const auto of = [&](const std::vector<double>& numbers) {
      return numbers.size() == 1 ? numbers[0] : numbers.at(i);
    };
    PlaneAxis axis;
    axis.mean = of(normalization.mean);
    axis.std = of(normalization.std);
    axis.scale = normalization.scale;
    return axis;
  }

  // What the network says of every cell: its picture, and how much of it each class has.
  Image plane(Explained& network, Json& numbers) const {
    Image image{cells_, cells_, 3, {}};
    std::vector<float> points;
    std::vector<int64_t> counts(static_cast<size_t>(classes_), 0);
    for (int64_t row = cells_; row-- > 0;) {  // pictures begin above
      for (int64_t column = 0; column < cells_; ++column) {
        points.push_back(x_.read(x_.middle(column, cells_)));
        points.push_back(y_.read(y_.middle(row, cells_)));
      }
    }
    const int64_t all = cells_ * cells_;
    for (int64_t first = 0; first < all; first += kBatch) {
      const int64_t n = std::min(kBatch, all - first);
      const ConstView scores = network.run(0, n, points.data() + 2 * first).value(output_.value);
      for (int64_t i = 0; i < n; ++i) {
        const Verdict verdict = verdict_of(scores, i);
        ++counts[static_cast<size_t>(verdict.number)];
        const Colour colour = shade(verdict);
        image.values.insert(image.values.end(), {colour.red, colour.green, colour.blue});
      }
      network.request().report("places", first + n, all);
    }
    numbers["areas"] = Json::array();
    for (const int64_t count : counts) {
      numbers["areas"].push_back(static_cast<double>(count) / static_cast<double>(all));
    }
    numbers["x"] = {x_.low, x_.high};
    numbers["y"] = {y_.low, y_.high};
    return image;
  }

  // Of the class's colour on white: a little where it is a toss-up, half of it where it is sure.
  Colour shade(const Verdict& verdict) const {
    const double least = 1.0 / static_cast<double>(classes_);
    const double sure = std::clamp((verdict.probability - least) / (1 - least), 0.0, 1.0);
    const double part = 0.12 + 0.38 * sure;
    const Colour full = Paint::series(static_cast<int>(verdict.number % Paint::kSeries)).on_white();
    const auto mixed = [part](uint8_t channel) {
      return static_cast<uint8_t>(std::lround(255 - part * (255 - static_cast<double>(channel))));
    };
    return {mixed(full.red), mixed(full.green), mixed(full.blue)};
  }

  SampleOptions samples_;
  int64_t cells_ = 160;
  MainOutput output_;
  int64_t classes_ = 2;
  PlaneAxis x_, y_;
};

}  // namespace

extern const VizKindType boundary_kind = {
    .name = "boundary",
    .summary = "decision boundaries of a network that reads two numbers",
    .example =
        "  cnn viz boundary runs/moons                      the test split over the plane\n"
        "  cnn viz boundary runs/moons --split train --samples 5000\n"
        "  cnn viz boundary moons.yaml --weights w.safetensors --cells 400 --format svg",
    .details =
        "The plane is a little larger than the samples, and its numbers are the data's own, before "
        "they are normalised. One output alone is of two classes, told apart at a probability of a "
        "half.",
    .make = make_kind<Boundary>};

}  // namespace cnn
