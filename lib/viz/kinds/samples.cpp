// samples: pictures that a generator makes of codes drawn from its prior, the normal distribution.
#include "base/error.h"
#include "graph/builder.h"
#include "viz/drawing/sheet.h"
#include "viz/generator.h"
#include "viz/kind.h"

namespace cnn {
namespace {

class Samples final : public VizKind {
 public:
  void options(Options& o) override {
    o("samples", samples_, "how many").between(1, 1 << 20);
    o("seed", seed_, "other samples").at_least(0);
  }

  VizResult run(const VizRequest& request) override {
    ParameterStore store;
    const Graph graph = build_graph(request.subject().spec, Phase::kTest, store);
    const int code = drawn_code(graph);
    if (code < 0) {
      fail(Exit::kUsage, "",
           "'samples' draws codes from the prior of a variational autoencoder, but '{}' has no "
           "'gaussian' layer; 'interpolate' and 'latent' show other autoencoders",
           graph.name);
    }
    constexpr int64_t kBatch = 64;
    Generator generator(request, "samples", code, std::min(samples_, kBatch));
    const int64_t size = generator.code_size();
    std::vector<float> codes(static_cast<size_t>(samples_ * size));
    for (int64_t i = 0; i < samples_; ++i) draw_code(seed_, i, size, codes.data() + i * size);
    Sheet sheet;
    sheet.title = graph.name + ": samples";
    sheet.subtitle = fmt::format("made of codes of {} normal numbers", size);
    sheet.tile_size = 56;
    sheet.gap = 3;
    VizResult result;
    for (Image& picture : generator.pictures(codes)) {
      sheet.tiles.push_back({std::move(picture), ""});
    }
    result.numbers["seed"] = seed_;
    result.numbers["code_size"] = size;
    result.numbers["codes"] = codes;
    result.figures.push_back({"samples", cnn::draw(sheet)});
    return result;
  }

 private:
  int64_t samples_ = 96, seed_ = 0;
};

}  // namespace

extern const VizKindType samples_kind = {
    .name = "samples",
    .summary = "pictures that a variational autoencoder draws from its prior",
    .example =
        "  cnn viz samples runs/vae\n"
        "  cnn viz samples runs/vae --samples 400 --seed 7",
    .details = "The same codes as 'cnn predict RUN --samples N', which writes them as arrays.",
    .make = make_kind<Samples>};

}  // namespace cnn
