// filters: the weights of layers as small pictures. A layer that sees the image itself has filters
// with the image's channels, shown in colour; of deeper ones every channel is a picture of its own.
// Grey, or white, is 0. The slices of filters over volumes stand one below the other.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "viz/drawing/sheet.h"
#include "viz/explained.h"
#include "viz/kind.h"

namespace cnn {
namespace {

// The weights of one layer: `filters` pictures of `channels` channels.
struct FilterBank {
  std::string layer;
  int64_t filters = 0, channels = 0;
  int64_t height = 0, width = 0;  // of the pictures: all slices
  int64_t slices = 1;             // of volumes
  bool sees_image = false;        // its channels are the image's
  std::vector<float> weights;     // [filters, channels, height, width]

  FloatImage picture(int64_t filter, int64_t channel) const {
    FloatImage image{height, width, 1, {}};
    const float* from = weights.data() + (filter * channels + channel) * height * width;
    image.values.assign(from, from + height * width);
    return image;
  }
  FloatImage picture(int64_t filter) const {
    FloatImage image{height, width, channels, {}};
    const float* from = weights.data() + filter * channels * height * width;
    for (int64_t p = 0; p < height * width; ++p) {
      for (int64_t c = 0; c < channels; ++c) image.values.push_back(from[c * height * width + p]);
    }
    return image;
  }
  double norm(int64_t filter) const {
    const auto size = static_cast<size_t>(channels * height * width);
    double sum = 0;
    for (size_t i = 0; i < size; ++i) {
      const double w = static_cast<double>(weights[static_cast<size_t>(filter) * size + i]);
      sum += w * w;
    }
    return std::sqrt(sum);
  }
};

class Filters final : public VizKind {
 public:
  void options(Options& o) override {
    o("layer", layers_, "layers with weights, * and ? allowed (default: the first two)");
    o("filters", most_filters_, "the most filters of a layer").between(1, 4096);
    o("channels", most_channels_, "the most channels of a filter that is not shown in colour")
        .between(1, 1024);
  }

  VizResult run(const VizRequest& request) override {
    Explained network(request, "filters");
    const std::vector<const GraphNode*> nodes = chosen(network);
    network.prepare({{Pass::predicting(), 1, {}}});
    VizResult result;
    result.numbers["layers"] = Json::array();
    for (const GraphNode* node : nodes) add(bank_of(network, *node), network, result);
    return result;
  }

 private:
  // The layers with weights whose values the names mean.
  std::vector<const GraphNode*> chosen(const Explained& network) const {
    std::vector<const GraphNode*> all;
    for (const GraphNode& node : network.graph().nodes) {
      const bool is_flat = node.type->family == LayerType::Family::kDense;
      if (node.type->has_filters && (!is_flat || image_of(network, node) >= 0)) {
        all.push_back(&node);
      }
    }
    const auto behind = [&](const GraphNode& node) {
      return network.graph().find_value(node.name);
    };
    const auto fits = [&](const Value& value) {
      return std::any_of(all.begin(), all.end(), [&](const GraphNode* node) {
        return value.name == node->name || value.name == network.value(behind(*node)).name;
      });
    };
    std::vector<int> first;
    for (size_t i = 0; i < std::min<size_t>(all.size(), 2); ++i) first.push_back(behind(*all[i]));
    const std::vector<int> values =
        network.layers(layers_, first, fits,
                       "'filters' takes conv and upconv, and linear layers that see an image");
    std::vector<const GraphNode*> nodes;
    for (const GraphNode* node : all) {
      const bool is_meant = std::any_of(values.begin(), values.end(), [&](int v) {
        return v == node->output() || v == behind(*node);
      });
      if (is_meant) nodes.push_back(node);
    }
    return nodes;
  }

  // The value [C,H,W] whose flattened numbers a linear layer reads; -1 if there is none.
  static int image_of(const Explained& network, const GraphNode& node) {
    int v = node.inputs[0];
    for (;;) {
      const Value& value = network.value(v);
      if (value.shape.rank() == 3) return v;
      if (value.producer < 0) return -1;
      const GraphNode& before = network.graph().node(value.producer);
      const bool is_flattened =
          before.type->family == LayerType::Family::kShape && value.shape.rank() == 1;
      if (!is_flattened && before.type->family != LayerType::Family::kNoise) return -1;
      v = before.inputs[0];
    }
  }

  // Its channels are still the image's: what lies between adds or cuts pixels (or channels, then
  // there are more or fewer), disturbs them or pools them, all of it within a channel.
  static bool shows_image(const Explained& network, int v) {
    using Family = LayerType::Family;
    const int64_t channels = network.input_shape()[0];
    while (v != network.input()) {
      const Value& value = network.value(v);
      if (value.producer < 0 || value.shape.rank() != network.input_shape().rank()) return false;
      const GraphNode& before = network.graph().node(value.producer);
      const Family family = before.type->family;
      const bool keeps_channels =
          family == Family::kCut || family == Family::kNoise || family == Family::kPooling;
      if (!keeps_channels || value.shape[0] != channels) return false;
      v = before.inputs[0];
    }
    return true;
  }

  static FilterBank bank_of(Explained& network, const GraphNode& node) {
    const int id = node.parameters[0];
    const Shape& shape = network.store().at(id).request.shape;
    FilterBank bank;
    bank.layer = node.name;
    bank.weights = network.store().export_values(id);
    if (shape.rank() == 2) {
      const int seen = image_of(network, node);
      const Shape& image = network.value(seen).shape;
      bank.filters = shape[0];
      bank.channels = image[0];
      bank.height = image.height();
      bank.width = image.width();
      bank.sees_image = shows_image(network, seen);
    } else {
      // With a table of connections every kernel stands alone: [kernels, height, width].
      const bool is_table = shape.rank() == 3, is_volume = shape.rank() == 5;
      bank.filters = shape[0];
      bank.channels = is_table ? 1 : shape[1];
      bank.slices = is_volume ? shape[2] : 1;
      bank.height = bank.slices * shape[shape.rank() - 2];
      bank.width = shape[shape.rank() - 1];
      bank.sees_image = shows_image(network, node.inputs[0]);
    }
    const bool is_colour = bank.channels == 1 || bank.channels == 3;
    bank.sees_image = bank.sees_image && is_colour;
    return bank;
  }

  void add(const FilterBank& bank, const Explained& network, VizResult& result) const {
    Sheet sheet = bank.sees_image && bank.channels == 3 ? coloured(bank) : by_channel(bank);
    sheet.title = fmt::format("{}: filters of {}", network.name(), bank.layer);
    result.figures.push_back({"filters_" + file_word(bank.layer), cnn::draw(sheet)});
    Json norms = Json::array();
    for (int64_t f = 0; f < bank.filters; ++f) norms.push_back(bank.norm(f));
    const auto [low, high] = std::minmax_element(bank.weights.begin(), bank.weights.end());
    result.numbers["layers"].push_back({{"layer", bank.layer},
                                        {"filters", bank.filters},
                                        {"channels", bank.channels},
                                        {"kernel", kernel_json(bank)},
                                        {"smallest", *low},
                                        {"largest", *high},
                                        {"norms", std::move(norms)}});
  }

  static Json kernel_json(const FilterBank& bank) {
    if (bank.slices > 1) return {bank.slices, bank.height / bank.slices, bank.width};
    return {bank.height, bank.width};
  }

  // "16 filters of 3 x 5 x 5"; and how many of them are shown.
  static std::string sizes(const FilterBank& bank, int64_t shown) {
    std::string text = fmt::format("{} filters of {} x ", bank.filters, bank.channels);
    if (bank.slices > 1) text += fmt::format("{} x ", bank.slices);
    text += fmt::format("{} x {}", bank.height / bank.slices, bank.width);
    if (bank.slices > 1) text += ", slices one below the other";
    if (shown < bank.filters) text += fmt::format(", the first {} shown", shown);
    return text;
  }

  Sheet coloured(const FilterBank& bank) const {
    Sheet sheet;
    const int64_t shown = std::min(bank.filters, most_filters_);
    sheet.subtitle = sizes(bank, shown) + "; each by its own largest weight, grey is 0";
    sheet.tile_size = 64;
    for (int64_t f = 0; f < shown; ++f) {
      std::vector<FloatImage> picture = {bank.picture(f)};
      stretch_around_zero(picture);
      sheet.tiles.push_back({as_bytes(picture[0]), std::to_string(f)});
    }
    return sheet;
  }

  // A row a filter if there are several channels.
  Sheet by_channel(const FilterBank& bank) const {
    Sheet sheet;
    const int64_t channels = std::min(bank.channels, most_channels_);
    const bool is_grid = bank.channels > 1;
    // A grid of hundreds of rows is no picture any more.
    const int64_t shown =
        std::min({bank.filters, most_filters_, is_grid ? kMostRows : most_filters_});
    sheet.subtitle = sizes(bank, shown);
    if (channels < bank.channels) {
      sheet.subtitle += fmt::format(", {} of their channels", channels);
    }
    sheet.subtitle += "; each by its own largest weight";
    sheet.tile_size = is_grid ? 34 : bank.height > 16 ? 84 : 56;
    sheet.gap = is_grid ? 3 : 6;
    sheet.bar = ColourBar{&ColourMap::diverging(), "negative", "positive"};
    for (int64_t f = 0; f < shown; ++f) {
      std::vector<FloatImage> pictures;
      for (int64_t c = 0; c < channels; ++c) pictures.push_back(bank.picture(f, c));
      stretch_around_zero(pictures);
      for (const FloatImage& picture : pictures) {
        Tile tile{ColourMap::diverging().apply(picture), is_grid ? "" : std::to_string(f)};
        sheet.tiles.push_back(std::move(tile));
      }
      if (is_grid) sheet.row_titles.push_back(std::to_string(f));
    }
    if (is_grid) {
      sheet.columns = channels;
      for (int64_t c = 0; c < channels; ++c) sheet.column_titles.push_back(std::to_string(c));
    }
    return sheet;
  }

  static constexpr int64_t kMostRows = 32;

  std::vector<std::string> layers_;
  int64_t most_filters_ = 96, most_channels_ = 24;
};

}  // namespace

extern const VizKindType filters_kind = {
    .name = "filters",
    .summary = "the weights of layers as pictures",
    .example =
        "  cnn viz filters runs/lenet5                      the first two layers with weights\n"
        "  cnn viz filters runs/alexnet --layer conv1       96 filters in colour\n"
        "  cnn viz filters runs/lenet5 --layer 'c*' --channels 6",
    .details =
        "A layer that sees the image, be it behind a border, a crop or a pool of it, has filters "
        "with the image's channels, shown in colour; grey is 0. Of deeper layers each channel is "
        "shown alone, a row a filter: blue is negative, red "
        "positive.",
    .make = make_kind<Filters>};

}  // namespace cnn
