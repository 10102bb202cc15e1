// receptive: what one unit in the middle of a layer sees of the picture. The
// theoretical field follows from kernels and strides; the measured one from how
// much the unit changes with each pixel, as a mean over samples: it is smaller,
// and strongest in its middle. (Luo et al. 2016, "Understanding the effective
// receptive field in deep convolutional neural networks".)
#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "base/error.h"
#include "graph/receptive_field.h"
#include "viz/drawing/sheet.h"
#include "viz/explained.h"
#include "viz/kind.h"

namespace cnn {
namespace {

// The smallest rectangle about the strongest pixels that together have `share`
// of the sum.
InputBox box_of_share(const FloatImage& map, double share) {
  std::vector<size_t> order(map.values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return map.values[a] > map.values[b]; });
  double total = 0;
  for (const float value : map.values) total += static_cast<double>(value);
  InputBox box{map.height, map.width, 0, 0};
  double sum = 0;
  for (const size_t i : order) {
    if (sum >= share * total && box.bottom > 0) break;
    sum += static_cast<double>(map.values[i]);
    const auto y = static_cast<int64_t>(i) / map.width, x = static_cast<int64_t>(i) % map.width;
    box = {std::min(box.top, y), std::min(box.left, x), std::max(box.bottom, y + 1),
           std::max(box.right, x + 1)};
  }
  return box;
}

class Receptive final : public VizKind {
 public:
  Receptive() { samples_.samples = 64; }

  void options(Options& o) override {
    o("layer", layers_, "layers with maps, * and ? allowed (default: at most eight of all)");
    o("position", position_, "row and column of the unit (default: the middle)");
    o("share", share_, "of the measured influence that the drawn rectangle holds").between(0.01, 1);
    samples_.options(o);
  }

  VizResult run(const VizRequest& request) override {
    Explained network(request, "receptive");
    network.require_image();
    const auto fits = [](const Value& value) {
      return value.shape.rank() == 3 && value.shape.positions() > 1;
    };
    values_ = network.layers(layers_, some_of(network.maps(std::mem_fn(&LayerType::shows_field))),
                             fits, "'receptive' takes layers with maps [C,H,W]");
    std::vector<Network::Use> uses;
    const int64_t batch = std::min<int64_t>(samples_.samples, 16);
    for (const int v : values_) {
      uses.push_back({.pass = backward_pass(),
                      .batch = batch,
                      .keep = {v, network.input()},
                      .starts = {v},
                      .whole = false});
    }
    network.prepare(uses, samples_);
    Sheet sheet;
    sheet.title = fmt::format("{}: receptive fields", network.name());
    sheet.subtitle = fmt::format(
        "of a unit of each layer: what it can see (orange, "
        "dashed), and the rectangle with {:.0f}% of "
        "what changes it (blue), measured over {} samples",
        100 * share_, network.source().size());
    sheet.columns = 4;
    sheet.gaps_before = {2};
    sheet.tile_size = 150;
    VizResult result;
    result.numbers["share"] = share_;
    result.numbers["layers"] = Json::array();
    for (size_t i = 0; i < values_.size(); ++i) {
      add(network, static_cast<int>(i), batch, sheet, result);
    }
    result.figures.push_back({"receptive", cnn::draw(sheet)});
    return result;
  }

 private:
  static std::vector<int> some_of(const std::vector<int>& all) {
    constexpr size_t kMost = 8;
    if (all.size() <= kMost) return all;
    std::vector<int> some;
    for (size_t i = 0; i < kMost; ++i) some.push_back(all[i * (all.size() - 1) / (kMost - 1)]);
    return some;
  }

  Extents place(const Explained& network, int v) const {
    const Shape& shape = network.value(v).shape;
    if (position_.empty()) return {0, shape.height() / 2, shape.width() / 2};
    const bool is_inside = position_.size() == 2 && position_[0] >= 0 && position_[1] >= 0 &&
                           position_[0] < shape.height() && position_[1] < shape.width();
    if (!is_inside) {
      fail(Exit::kUsage, "", "--position takes a row and a column of the maps of '{}': {} x {}",
           network.layer_name(v), shape.height(), shape.width());
    }
    return {0, position_[0], position_[1]};
  }

  void add(Explained& network, int use, int64_t batch, Sheet& sheet, VizResult& result) const {
    const int v = values_[static_cast<size_t>(use)];
    const Extents at = place(network, v);
    const FloatImage influence = measured(network, use, batch, at);
    const InputBox seen = input_box(network.graph(), v, at.h, at.w, network.input());
    const InputBox found = box_of_share(influence, share_);
    std::vector<float> first(static_cast<size_t>(network.input_shape().count()));
    network.source().read(0, 1, first.data());
    const Image picture = network.source().picture(first.data());
    const std::string name = network.layer_name(v);
    Tile tile{picture, name, fmt::format("sees {} x {}", seen.width(), seen.height())};
    // The dashed one last: blue shows between its dashes where both are one.
    tile.marks = {rectangle(found, Paint::series(kBlue), false),
                  rectangle(inside(seen, picture), Paint::series(kOrange), true)};
    sheet.tiles.push_back(std::move(tile));
    FloatImage shown = influence;
    // The root shows weak influences too.
    for (float& value : shown.values) value = std::sqrt(value);
    stretch(shown, {0, range_of(shown).high});
    sheet.tiles.push_back(
        {ColourMap::heat().apply(shown), "measured",
         fmt::format("{:.0f}% in {} x {}", 100 * share_, found.width(), found.height())});
    const auto json = [](const InputBox& box) {
      return Json{box.left, box.top, box.width(), box.height()};
    };
    result.numbers["layers"].push_back({{"layer", name},
                                        {"position", {at.h, at.w}},
                                        {"theoretical", json(seen)},
                                        {"measured", json(found)},
                                        {"influence", json_of(influence)}});
  }

  // The mean amount of the gradient of all maps at that place, by pixel.
  FloatImage measured(Explained& network, int use, int64_t batch, const Extents& at) const {
    const int v = values_[static_cast<size_t>(use)];
    const Shape &shape = network.value(v).shape, &image = network.input_shape();
    std::vector<double> sums(static_cast<size_t>(image.positions()), 0.0);
    const int64_t all = network.source().size(), channels = image.channels();
    for (int64_t first = 0; first < all; first += batch) {
      const int64_t n = std::min(batch, all - first);
      Executor& executor = network.run(use, first, n);
      const View seed = executor.gradient(v);
      std::fill_n(seed.data, seed.count(), 0.0f);
      for (int64_t i = 0; i < n; ++i) {
        std::fill_n(seed.sample(i) + (at.h * shape.width() + at.w) * shape.channels(),
                    shape.channels(), 1.0f);
      }
      executor.backward();
      const View back = executor.gradient(network.input());
      for (int64_t i = 0; i < n; ++i) {
        for (int64_t k = 0; k < image.count(); ++k) {
          sums[static_cast<size_t>(k / channels)] +=
              std::abs(static_cast<double>(back.sample(i)[k]));
        }
      }
      network.request().report("measuring " + network.layer_name(v), first + n, all);
    }
    FloatImage map{image.height(), image.width(), 1, {}};
    for (const double sum : sums) {
      map.values.push_back(static_cast<float>(sum / static_cast<double>(all)));
    }
    return map;
  }

  static InputBox inside(const InputBox& box, const Image& picture) {
    return {std::max<int64_t>(box.top, 0), std::max<int64_t>(box.left, 0),
            std::min(box.bottom, picture.height), std::min(box.right, picture.width)};
  }

  static Drawing::Rectangle rectangle(const InputBox& box, const Paint& paint, bool dashed) {
    Drawing::Rectangle r;
    r.x = static_cast<double>(box.left);
    r.y = static_cast<double>(box.top);
    r.width = static_cast<double>(box.width());
    r.height = static_cast<double>(box.height());
    r.stroke = {paint, 2.5, dashed};
    return r;
  }

  static constexpr int kBlue = 0, kOrange = 4;  // of the series' colours

  SampleOptions samples_;
  std::vector<std::string> layers_;
  std::vector<int64_t> position_;
  double share_ = 0.9;
  std::vector<int> values_;
};

}  // namespace

extern const VizKindType receptive_kind = {
    .name = "receptive",
    .summary = "what a unit sees of the picture, in theory and measured",
    .example =
        "  cnn viz receptive runs/cifar-resnet20            units in the "
        "middle of eight layers\n"
        "  cnn viz receptive runs/resnet18 --layer 'layer?' --images cat.jpg\n"
        "  cnn viz receptive runs/lenet5 --layer c3 --position 0 0",
    .details =
        "The theoretical field follows from kernels and strides. What "
        "is measured is the mean "
        "amount of the gradient of the unit (all maps together) to each "
        "pixel: smaller, and "
        "strongest in the middle.\n\n"
        "Araujo, Norris & Sim 2019, \"Computing receptive fields of "
        "convolutional neural "
        "networks\"; Luo et al. 2016, \"Understanding the effective "
        "receptive field in deep "
        "convolutional neural networks\".",
    .make = make_kind<Receptive>};

}  // namespace cnn
