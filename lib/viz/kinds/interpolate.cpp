// interpolate: from one sample to another: pictures of the codes on the straight line between
// theirs, and, for comparison, what a mixture of the pixels would be.
#include <algorithm>

#include "base/error.h"
#include "viz/drawing/sheet.h"
#include "viz/explained.h"
#include "viz/generator.h"
#include "viz/kind.h"

namespace cnn {
namespace {

class Interpolate final : public VizKind {
 public:
  Interpolate() { samples_.samples = 8; }

  void options(Options& o) override {
    o("layer", layer_, "the code (default: the 'gaussian' layer, or a named output)");
    o("steps", steps_, "pictures of a row, both ends included").between(2, 100);
    o("pixels", pixels_, "a second row of mixtures of the pixels, to compare");
    samples_.options(o);
  }

  VizResult run(const VizRequest& request) override {
    Explained network(request, "interpolate");
    network.require_image();
    const int code = code_of(network.graph(), "interpolate", layer_);
    network.prepare({{.pass = Pass::predicting(), .batch = 1, .keep = {code}, .whole = false}},
                    samples_);
    const int64_t pairs = network.source().size() / 2;
    if (pairs == 0) {
      fail(Exit::kUsage, "", "'interpolate' goes from one sample to another: it takes two or more");
    }
    Generator generator(request, "interpolate", code, steps_);
    Sheet sheet;
    sheet.title = fmt::format("{}: between two samples", network.name());
    sheet.subtitle =
        "at both ends the samples; between them the pictures of codes on the line "
        "between theirs";
    if (pixels_) sheet.subtitle += "; below each row the mixture of the pixels";
    sheet.columns = steps_ + 2;
    sheet.gaps_before = {1, steps_ + 1};
    sheet.tile_size = 64;
    sheet.gap = 3;
    VizResult result;
    result.numbers["pairs"] = Json::array();
    for (int64_t i = 0; i < pairs; ++i) add(network, generator, code, i, sheet, result);
    result.figures.push_back({"interpolate", cnn::draw(sheet)});
    return result;
  }

 private:
  double share(int64_t step) const {
    return static_cast<double>(step) / static_cast<double>(steps_ - 1);
  }

  static std::vector<float> code_at(Explained& network, int code, int64_t sample) {
    const ConstView view = network.run(0, sample, 1).value(code);
    return {view.data, view.data + view.shape.count()};
  }

  void add(Explained& network, Generator& generator, int code, int64_t pair, Sheet& sheet,
           VizResult& result) const {
    const std::vector<float> from = code_at(network, code, 2 * pair);
    const Image first = network.source().picture(network.shown(0));
    const std::vector<float> to = code_at(network, code, 2 * pair + 1);
    const Image last = network.source().picture(network.shown(0));
    std::vector<float> codes;
    for (int64_t step = 0; step < steps_; ++step) {
      const auto s = static_cast<float>(share(step));
      for (size_t k = 0; k < from.size(); ++k) codes.push_back((1 - s) * from[k] + s * to[k]);
    }
    sheet.tiles.push_back({first, network.source().name(2 * pair)});
    for (Image& picture : generator.pictures(codes)) {
      sheet.tiles.push_back({std::move(picture), ""});
    }
    sheet.tiles.push_back({last, network.source().name(2 * pair + 1)});
    result.numbers["pairs"].push_back({{"from", network.source().name(2 * pair)},
                                       {"to", network.source().name(2 * pair + 1)},
                                       {"from_code", from},
                                       {"to_code", to}});
    if (!pixels_) return;
    sheet.tiles.emplace_back();
    for (int64_t step = 0; step < steps_; ++step) {
      Image mixed = first;
      for (size_t k = 0; k < mixed.values.size(); ++k) {
        const double value = (1 - share(step)) * first.values[k] + share(step) * last.values[k];
        mixed.values[k] = static_cast<uint8_t>(value + 0.5);
      }
      sheet.tiles.push_back({std::move(mixed), ""});
    }
    sheet.tiles.emplace_back();
  }

  SampleOptions samples_;
  std::string layer_;
  int64_t steps_ = 9;
  bool pixels_ = false;
};

}  // namespace

extern const VizKindType interpolate_kind = {
    .name = "interpolate",
    .summary = "from one sample to another by way of their codes",
    .example =
        "  cnn viz interpolate runs/vae                     four pairs of test samples\n"
        "  cnn viz interpolate runs/ae --images a.png b.png --steps 15 --pixels",
    .make = make_kind<Interpolate>};

}  // namespace cnn
