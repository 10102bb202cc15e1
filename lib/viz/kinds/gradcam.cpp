// gradcam: where a convolution has seen what speaks for a class. With A_k its maps and s the
// class's score:  w_k = mean over positions of ds/dA_k,  cam = max(0, sum of w_k A_k).  (Selvaraju
// et al. 2017, "Grad-CAM: visual explanations from deep networks via gradient-based localization".)
#include <algorithm>
#include <functional>
#include <vector>

#include "base/error.h"
#include "kernels/resample.h"
#include "viz/drawing/sheet.h"
#include "viz/explained.h"
#include "viz/kind.h"

namespace cnn {
namespace {

FloatImage cam_of(const ConstView& maps, const View& gradients, int64_t n) {
  const int64_t channels = maps.channels(), positions = maps.shape.positions();
  std::vector<double> weights(static_cast<size_t>(channels), 0.0);
  for (int64_t p = 0; p < positions; ++p) {
    for (int64_t c = 0; c < channels; ++c) {
      weights[static_cast<size_t>(c)] += static_cast<double>(gradients.sample(n)[p * channels + c]);
    }
  }
  FloatImage cam{maps.shape.height(), maps.shape.width(), 1, {}};
  for (int64_t p = 0; p < positions; ++p) {
    double sum = 0;
    for (int64_t c = 0; c < channels; ++c) {
      sum += weights[static_cast<size_t>(c)] / static_cast<double>(positions) *
             static_cast<double>(maps.sample(n)[p * channels + c]);
    }
    cam.values.push_back(static_cast<float>(std::max(sum, 0.0)));
  }
  return cam;
}

FloatImage enlarged(const FloatImage& map, int64_t height, int64_t width) {
  FloatImage out{height, width, 1, std::vector<float>(static_cast<size_t>(height * width))};
  resample(AxisMap::linear(map.height, height, false), AxisMap::linear(map.width, width, false), 1,
           1, map.values.data(), false, out.values.data());
  return out;
}

class GradCam final : public VizKind {
 public:
  GradCam() { samples_.samples = 8; }

  void options(Options& o) override {
    o("layer", layers_, "layers with maps, * and ? allowed (default: the last one)");
    o("class", classes_, "names or numbers (default: the likeliest one of each picture)");
    samples_.options(o);
  }

  VizResult run(const VizRequest& request) override {
    Explained network(request, "gradcam");
    network.require_image();
    scores_ = network.scores();
    std::vector<int> last;
    for (const int v : network.maps(std::mem_fn(&LayerType::makes_features))) {
      if (v != scores_) last = {v};
    }
    const auto fits = [&](const Value& value) {
      return value.shape.rank() == 3 && value.shape.positions() > 1;
    };
    values_ = network.layers(layers_, last, fits,
                             "'gradcam' takes convolutions and other layers with maps [C,H,W]");
    std::vector<int> keep = values_;
    keep.insert(keep.end(), {scores_, network.input()});
    network.prepare(
        {{.pass = backward_pass(), .batch = 1, .keep = keep, .starts = {scores_}, .whole = false}},
        samples_);
    for (const int v : values_) {
      if (network.executor(0).gradient(v)) continue;
      fail(Exit::kUsage, "", "the classes' scores do not follow from layer '{}'",
           network.layer_name(v));
    }
    Sheet sheet = heading(network);
    VizResult result;
    result.numbers["pictures"] = Json::array();
    const int64_t all = network.source().size();
    for (int64_t i = 0; i < all; ++i) {
      add(network, i, sheet, result);
      request.report("gradcam", i + 1, all);
    }
    result.figures.push_back({"gradcam", cnn::draw(sheet)});
    return result;
  }

 private:
  Sheet heading(const Explained& network) const {
    Sheet sheet;
    sheet.title = fmt::format("{}: Grad-CAM", network.name());
    sheet.subtitle =
        "where a layer has seen what speaks for the class; bright is much, the line is half of the "
        "most";
    sheet.columns = 1 + 2 * static_cast<int64_t>(values_.size());
    sheet.tile_size = 128;
    sheet.column_titles = {"input"};
    for (const int v : values_) {
      const std::string name = network.layer_name(v);
      const Shape& shape = network.value(v).shape;
      sheet.gaps_before.push_back(static_cast<int64_t>(sheet.column_titles.size()));
      sheet.column_titles.push_back(fmt::format("{} {} x {}", name, shape.height(), shape.width()));
      sheet.column_titles.push_back("over the picture");
    }
    return sheet;
  }

  // A row for each class that is asked for.
  void add(Explained& network, int64_t i, Sheet& sheet, VizResult& result) const {
    const ConstView scores = network.run(0, i, 1).value(scores_);
    std::vector<ClassScore> classes;
    for (const std::string& word : classes_) {
      classes.push_back(class_score(scores, 0, network.class_number(word, scores)));
    }
    if (classes.empty()) classes.push_back(ranked_classes(scores, 0)[0]);
    const Image picture = network.source().picture(network.shown(0));
    const int64_t label = network.source().label(i);
    for (const ClassScore& score : classes) {
      sheet.row_titles.push_back(network.source().name(i));
      sheet.tiles.push_back({picture, label < 0 ? "" : "is " + network.class_name(label)});
      // Backward may take the place of values, so each class begins anew.
      Executor& executor = network.run(0, i, 1);
      seed_class(executor.value(scores_), 0, score.number, executor.gradient(scores_));
      executor.backward();
      Json cams = Json::array();
      for (const int v : values_) {
        const FloatImage cam = cam_of(executor.value(v), executor.gradient(v), 0);
        cams.push_back({{"layer", network.layer_name(v)}, {"cam", json_of(cam)}});
        FloatImage map = enlarged(cam, picture.height, picture.width), small = cam;
        const float most = range_of(cam).high;
        stretch(map, {0, most});
        stretch(small, {0, most});
        const bool is_empty = !(most > 0);
        if (is_empty) std::fill(map.values.begin(), map.values.end(), 0.0f);
        if (is_empty) std::fill(small.values.begin(), small.values.end(), 0.0f);
        sheet.tiles.push_back({ColourMap::heat().apply(small),
                               is_empty ? "nothing speaks for it" : network.caption(score)});
        sheet.tiles.push_back({heat_over(picture, map, ColourMap::heat(), true), ""});
      }
      result.numbers["pictures"].push_back({{"name", network.source().name(i)},
                                            {"class", network.class_name(score.number)},
                                            {"score", score.score},
                                            {"probability", score.probability},
                                            {"layers", std::move(cams)}});
    }
  }

  SampleOptions samples_;
  std::vector<std::string> layers_, classes_;
  std::vector<int> values_;
  int scores_ = -1;
};

}  // namespace

extern const VizKindType gradcam_kind = {
    .name = "gradcam",
    .summary = "where a layer sees what speaks for a class",
    .example =
        "  cnn viz gradcam runs/cifar-resnet20              the last layer with maps\n"
        "  cnn viz gradcam runs/resnet18 --images dog-and-cat.jpg --class dog cat\n"
        "  cnn viz gradcam runs/lenet5 --layer c1 c3 --samples 4\n"
        "  cnn viz gradcam runs/unet --class 1              of a map of classes: its pixels' sum",
    .details =
        "Each map of the layer is weighted by the mean gradient of the class's score to it; what "
        "is "
        "positive of their sum is shown. Of a network that classifies pixels the score is the sum "
        "over the pixels that it gives to the class.\n\n"
        "Selvaraju et al. 2017, \"Grad-CAM: visual explanations from deep networks via "
        "gradient-based localization\".",
    .make = make_kind<GradCam>};

}  // namespace cnn
