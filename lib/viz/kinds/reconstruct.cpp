// reconstruct: what an autoencoder makes of pictures, beside them, and where it errs.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "predict/decoder.h"
#include "viz/drawing/sheet.h"
#include "viz/explained.h"
#include "viz/kind.h"

namespace cnn {
namespace {

class Reconstruct final : public VizKind {
 public:
  void options(Options& o) override { samples_.options(o); }

  VizResult run(const VizRequest& request) override {
    Explained network(request, "reconstruct");
    network.require_image();
    const std::optional<MapOutput> output = map_output(network.graph());
    const bool rebuilds = output && output->kind == MapOutput::Kind::kPicture &&
                          network.value(output->value).shape == network.input_shape();
    if (!rebuilds) {
      fail(Exit::kUsage, "",
           "'reconstruct' shows autoencoders: the first loss of '{}' does not compare a picture of "
           "its input's size",
           network.name());
    }
    network.prepare(
        {{.pass = Pass::predicting(), .batch = 1, .keep = {output->value}, .whole = false}},
        samples_);
    const int64_t all = network.source().size();
    const bool is_denoising = has_noise(network.graph());
    Sheet sheet;
    sheet.title = fmt::format("{}: reconstructions", network.name());
    sheet.subtitle =
        "the number is the root mean square of the error, of pixels from 0 to 1; blue: "
        "too dark, red: too bright";
    if (is_denoising) sheet.subtitle += "; noise is added in training alone";
    // Two samples beside each other.
    sheet.columns = all > 1 ? 6 : 3;
    if (all > 1) sheet.gaps_before = {3};
    for (int64_t i = 0; i < sheet.columns; ++i) {
      constexpr const char* kTitles[] = {"input", "output", "error"};
      sheet.column_titles.emplace_back(kTitles[i % 3]);
    }
    sheet.tile_size = 84;
    sheet.bar = ColourBar{&ColourMap::diverging(), "-1", "+1", "error"};
    VizResult result;
    result.numbers["samples"] = Json::array();
    double squares = 0;
    for (int64_t i = 0; i < all; ++i) {
      const ConstView made = network.run(0, i, 1).value(output->value);
      const Image picture = network.source().picture(network.shown(0));
      const Image rebuilt = picture_of(made, 0, *output, network.weights());
      const FloatImage error = difference(rebuilt, picture);
      double square = 0;
      for (const float e : error.values) square += static_cast<double>(e) * static_cast<double>(e);
      square /= static_cast<double>(error.values.size());
      squares += square;
      FloatImage shown = mean_of_channels(error);
      stretch(shown, {-1, 1});
      sheet.tiles.push_back({picture, network.source().name(i)});
      sheet.tiles.push_back({rebuilt, fmt::format("{:.3f}", std::sqrt(square))});
      sheet.tiles.push_back({ColourMap::diverging().apply(shown), ""});
      result.numbers["samples"].push_back({{"name", network.source().name(i)}, {"mse", square}});
    }
    result.numbers["mse"] = squares / static_cast<double>(all);
    result.figures.push_back({"reconstruct", cnn::draw(sheet)});
    return result;
  }

 private:
  static bool has_noise(const Graph& graph) {
    return std::any_of(graph.nodes.begin(), graph.nodes.end(),
                       [](const GraphNode& node) { return node.type->adds_noise; });
  }

  static FloatImage difference(const Image& a, const Image& b) {
    CNN_ASSERT(a.values.size() == b.values.size());
    FloatImage out{a.height, a.width, a.channels, {}};
    for (size_t i = 0; i < a.values.size(); ++i) {
      out.values.push_back(static_cast<float>(a.values[i] - b.values[i]) / 255.0f);
    }
    return out;
  }

  static FloatImage mean_of_channels(const FloatImage& image) {
    FloatImage out{image.height, image.width, 1, {}};
    const auto channels = static_cast<size_t>(image.channels);
    for (size_t p = 0; p < image.values.size(); p += channels) {
      float sum = 0;
      for (size_t c = 0; c < channels; ++c) sum += image.values[p + c];
      out.values.push_back(sum / static_cast<float>(channels));
    }
    return out;
  }

  SampleOptions samples_;
};

}  // namespace

extern const VizKindType reconstruct_kind = {
    .name = "reconstruct",
    .summary = "what an autoencoder makes of pictures",
    .example =
        "  cnn viz reconstruct runs/vae                     sixteen test samples\n"
        "  cnn viz reconstruct runs/ae --images digit.png --weights other.safetensors",
    .make = make_kind<Reconstruct>};

}  // namespace cnn
