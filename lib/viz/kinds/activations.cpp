// activations: the maps that layers make of a picture, strongest first.
#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "predict/maps.h"
#include "viz/drawing/sheet.h"
#include "viz/explained.h"
#include "viz/kind.h"

namespace cnn {
namespace {

// The maps of one layer for one picture.
struct LayerMaps {
  std::vector<FloatImage> maps;  // by channel
  std::vector<float> strongest;  // the largest number of each
  std::vector<size_t> order;     // channels, strongest first
};

// A vector becomes one map, row by row as square as may be.
FloatImage folded(const float* values, int64_t count) {
  const auto width = static_cast<int64_t>(std::ceil(std::sqrt(static_cast<double>(count))));
  FloatImage image{(count + width - 1) / width, width, 1, {}};
  image.values.assign(values, values + count);
  image.values.resize(static_cast<size_t>(image.height * width), NAN);
  return image;
}

LayerMaps maps_of(const ConstView& values) {
  LayerMaps layer;
  if (values.shape.rank() < 3) {
    layer.maps.push_back(folded(values.sample(0), values.shape.count()));
  } else {
    for (int64_t c = 0; c < values.channels(); ++c) layer.maps.push_back(float_image(values, 0, c));
  }
  for (const FloatImage& map : layer.maps) layer.strongest.push_back(range_of(map).high);
  layer.order.resize(layer.maps.size());
  std::iota(layer.order.begin(), layer.order.end(), size_t{0});
  std::stable_sort(layer.order.begin(), layer.order.end(),
                   [&](size_t a, size_t b) { return layer.strongest[a] > layer.strongest[b]; });
  return layer;
}

class Activations final : public VizKind {
 public:
  Activations() { samples_.samples = 1; }

  void options(Options& o) override {
    o("layer", layers_,
      "layers, * and ? allowed (default: the convolutions, else linear layers, at most six)");
    o("maps", most_maps_, "the most maps of a layer").between(1, 4096);
    samples_.options(o);
  }

  VizResult run(const VizRequest& request) override {
    Explained network(request, "activations");
    const std::vector<int> values = network.layers(
        layers_, spread(by_default(network)), [](const Value&) { return true; },
        "'activations' takes any layer");
    network.prepare({{.pass = Pass::predicting(), .batch = 1, .keep = values, .whole = false}},
                    samples_);
    VizResult result;
    result.numbers["pictures"] = Json::array();
    for (int64_t i = 0; i < network.source().size(); ++i) {
      Executor& executor = network.run(0, i, 1);
      Json layers = Json::array();
      for (const int v : values) {
        const LayerMaps maps = maps_of(executor.value(v));
        result.figures.push_back(figure(network, i, v, maps));
        layers.push_back(numbers(network, v, maps));
      }
      result.numbers["pictures"].push_back(
          {{"name", network.source().name(i)}, {"layers", std::move(layers)}});
    }
    return result;
  }

 private:
  static std::vector<int> by_default(const Explained& network) {
    using Family = LayerType::Family;
    std::vector<int> found = network.maps(std::mem_fn(&LayerType::makes_features));
    if (!found.empty()) return found;
    for (const GraphNode& node : network.graph().nodes) {
      const Family family = node.type->family;
      const bool is_vector = family == Family::kDense || family == Family::kCode;
      if (node.type->makes_features && is_vector) {
        found.push_back(network.graph().find_value(node.name));
      }
    }
    return found;
  }

  // A few of many, evenly.
  static std::vector<int> spread(const std::vector<int>& all) {
    constexpr size_t kMost = 6;
    if (all.size() <= kMost) return all;
    std::vector<int> some;
    for (size_t i = 0; i < kMost; ++i) some.push_back(all[i * (all.size() - 1) / (kMost - 1)]);
    return some;
  }

  Figure figure(const Explained& network, int64_t sample, int v, const LayerMaps& layer) const {
    const std::string name = network.layer_name(v);
    const size_t shown = std::min(layer.maps.size(), static_cast<size_t>(most_maps_));
    const ValueRange range = range_of(layer.maps);
    // Behind a rectifier dark is 0; elsewhere both signs count.
    const bool is_signed = range.low < 0;
    const float most = std::max(std::abs(range.low), std::abs(range.high));
    const ColourMap& map = is_signed ? ColourMap::diverging() : ColourMap::sequential();
    const ValueRange ends = is_signed ? ValueRange{-most, most} : ValueRange{0, range.high};
    Sheet sheet;
    sheet.title = fmt::format("{}: activations of {}", network.name(), name);
    sheet.subtitle =
        fmt::format("{} of {}", network.value(v).shape.str(), network.source().name(sample));
    if (layer.maps.size() > 1) {
      sheet.subtitle += shown < layer.maps.size() ? fmt::format("; the {} strongest maps", shown)
                                                  : std::string("; strongest map first");
    }
    sheet.tile_size = network.value(v).shape.rank() < 3 ? 180 : 84;
    if (network.input_shape().rank() == 3) {
      sheet.tiles.push_back({network.source().picture(network.shown(0)), "input"});
    }
    for (size_t i = 0; i < shown; ++i) {
      FloatImage picture = layer.maps[layer.order[i]];
      stretch(picture, ends);
      const std::string caption =
          layer.maps.size() == 1
              ? std::string("row by row")
              : fmt::format("{}: {:.3g}", layer.order[i], layer.strongest[layer.order[i]]);
      sheet.tiles.push_back({map.apply(picture), caption});
    }
    sheet.bar = ColourBar{&map, fmt::format("{:.3g}", ends.low), fmt::format("{:.3g}", ends.high)};
    const std::string number =
        network.source().size() > 1 ? fmt::format("_{}", sample) : std::string();
    return {"activations_" + file_word(name) + number, cnn::draw(sheet)};
  }

  static Json numbers(const Explained& network, int v, const LayerMaps& layer) {
    Json maps = Json::array();
    for (const size_t c : layer.order) {
      const std::vector<float>& values = layer.maps[c].values;
      double sum = 0;
      int64_t active = 0, count = 0;
      for (const float value : values) {
        if (std::isnan(value)) continue;
        sum += static_cast<double>(value);
        if (value > 0) ++active;
        ++count;
      }
      maps.push_back({{"map", c},
                      {"largest", layer.strongest[c]},
                      {"mean", sum / static_cast<double>(count)},
                      {"active", static_cast<double>(active) / static_cast<double>(count)}});
    }
    return {{"layer", network.layer_name(v)}, {"maps", std::move(maps)}};
  }

  SampleOptions samples_;
  std::vector<std::string> layers_;
  int64_t most_maps_ = 63;
};

}  // namespace

extern const VizKindType activations_kind = {
    .name = "activations",
    .summary = "the maps that layers make of a picture",
    .example =
        "  cnn viz activations runs/lenet5                  of the first test sample\n"
        "  cnn viz activations runs/resnet18 --images cat.jpg --layer 'layer2*' --maps 16\n"
        "  cnn viz activations runs/lenet5 --layer c1 --first 7",
    .details =
        "Strongest map first, all maps of a layer in the same colours. Where negative numbers "
        "occur, white is 0; else dark is.",
    .make = make_kind<Activations>};

}  // namespace cnn
