// saliency: which pixels the score of a class depends on: its gradient to the image, for every
// pixel the largest amount over the channels (Simonyan, Vedaldi & Zisserman 2013, "Deep inside
// convolutional networks"). `smooth` takes the mean of gradients of the image with noise (Smilkov
// et al. 2017, "SmoothGrad: removing noise by adding noise").
#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "viz/drawing/sheet.h"
#include "viz/explained.h"
#include "viz/kind.h"

namespace cnn {
namespace {

class Saliency final : public VizKind {
 public:
  Saliency() { samples_.samples = 8; }

  void options(Options& o) override {
    o("class", class_, "its name or number (default: the likeliest one of each picture)");
    o("smooth", smooth_, "pictures with noise of which the mean is taken; 0: the gradient alone")
        .between(0, 10'000);
    o("noise", noise_, "of those: its standard deviation, as a share of the picture's range")
        .between(0, 10);
    o("seed", seed_, "other noise").at_least(0);
    rule_option(o, rule_);
    samples_.options(o);
  }

  VizResult run(const VizRequest& request) override {
    Explained network(request, "saliency");
    network.require_image();
    scores_ = network.scores();
    network.prepare({{.pass = backward_pass(rule_),
                      .batch = kBatch,
                      .keep = {scores_, network.input()},
                      .starts = {scores_},
                      .whole = false}},
                    samples_);
    Sheet sheet;
    sheet.title = fmt::format("{}: saliency", network.name());
    sheet.subtitle =
        fmt::format("how much the class's score changes with each pixel: {}; bright is much",
                    smooth_ > 0 ? fmt::format("mean gradient of {} pictures with noise", smooth_)
                                : fmt::format("rule '{}'", rule_name(rule_)));
    sheet.columns = 3;
    sheet.tile_size = 128;
    sheet.column_titles = {"input", "saliency", "both"};
    VizResult result;
    result.numbers["rule"] = rule_name(rule_);
    result.numbers["pictures"] = Json::array();
    const int64_t all = network.source().size();
    for (int64_t i = 0; i < all; ++i) {
      add(network, i, sheet, result);
      request.report("saliency", i + 1, all);
    }
    result.figures.push_back({smooth_ > 0 ? "saliency_smooth" : "saliency", cnn::draw(sheet)});
    return result;
  }

 private:
  void add(Explained& network, int64_t i, Sheet& sheet, VizResult& result) const {
    const Shape& shape = network.input_shape();
    const Executor& executor = network.run(0, i, 1);
    const ConstView scores = executor.value(scores_);
    const ClassScore score = class_.empty()
                                 ? ranked_classes(scores, 0)[0]
                                 : class_score(scores, 0, network.class_number(class_, scores));
    const std::vector<float> image(network.shown(0), network.shown(0) + shape.count());
    const FloatImage gradient = gradient_of(network, image, score.number, i);
    FloatImage map = strength(gradient);
    const Image picture = network.source().picture(image.data());
    sheet.row_titles.push_back(network.source().name(i));
    const int64_t label = network.source().label(i);
    sheet.tiles.push_back({picture, label < 0 ? "" : "is " + network.class_name(label)});
    result.numbers["pictures"].push_back({{"name", network.source().name(i)},
                                          {"class", network.class_name(score.number)},
                                          {"score", score.score},
                                          {"probability", score.probability},
                                          {"gradient", json_of(gradient)}});
    stretch(map, {0, range_of(map).high});
    sheet.tiles.push_back({ColourMap::heat().apply(map), network.caption(score)});
    sheet.tiles.push_back({heat_over(picture, map, ColourMap::heat()), ""});
  }

  // Of the class's score, at the picture or as the mean over pictures with noise.
  FloatImage gradient_of(Explained& network, const std::vector<float>& image, int64_t number,
                         int64_t sample) const {
    const Shape& shape = network.input_shape();
    const auto size = static_cast<size_t>(shape.count());
    const auto [low, high] = std::minmax_element(image.begin(), image.end());
    const float deviation = smooth_ > 0 ? static_cast<float>(noise_) * (*high - *low) : 0.0f;
    const int64_t runs = std::max<int64_t>(smooth_, 1);
    std::vector<double> sum(size, 0.0);
    std::vector<float> noisy(static_cast<size_t>(kBatch) * size);
    for (int64_t first = 0; first < runs; first += kBatch) {
      const int64_t n = std::min(kBatch, runs - first);
      for (int64_t k = 0; k < n; ++k) {
        const Rng rng(static_cast<uint64_t>(seed_), "saliency", static_cast<uint64_t>(sample),
                      static_cast<uint64_t>(first + k));
        float* to = noisy.data() + static_cast<size_t>(k) * size;
        for (size_t p = 0; p < size; ++p) {
          to[p] = image[p] + (deviation > 0 ? deviation * rng.normal(p) : 0.0f);
        }
      }
      Executor& executor = network.run(0, n, noisy.data());
      const ConstView scores = executor.value(scores_);
      for (int64_t k = 0; k < n; ++k) {
        seed_class(scores, k, number, executor.gradient(scores_));
      }
      executor.backward();
      const View back = executor.gradient(network.input());
      for (int64_t k = 0; k < n; ++k) {
        for (size_t p = 0; p < size; ++p) sum[p] += static_cast<double>(back.sample(k)[p]);
      }
    }
    FloatImage mean{shape.height(), shape.width(), shape.channels(), {}};
    for (const double value : sum) {
      mean.values.push_back(static_cast<float>(value / static_cast<double>(runs)));
    }
    return mean;
  }

  static FloatImage strength(const FloatImage& gradient) {
    FloatImage map{gradient.height, gradient.width, 1, {}};
    const auto channels = static_cast<size_t>(gradient.channels);
    for (size_t p = 0; p < gradient.values.size(); p += channels) {
      float most = 0;
      for (size_t c = 0; c < channels; ++c) most = std::max(most, std::abs(gradient.values[p + c]));
      map.values.push_back(most);
    }
    return map;
  }

  static constexpr int64_t kBatch = 8;

  SampleOptions samples_;
  std::string class_;
  int64_t smooth_ = 0, seed_ = 0;
  double noise_ = 0.15;
  Pass::Rule rule_ = Pass::Rule::kGradient;
  int scores_ = -1;
};

}  // namespace

extern const VizKindType saliency_kind = {
    .name = "saliency",
    .summary = "which pixels a class's score depends on",
    .example =
        "  cnn viz saliency runs/cifar-resnet20             eight test samples\n"
        "  cnn viz saliency runs/resnet18 --images dog.jpg --class cat\n"
        "  cnn viz saliency runs/lenet5 --smooth 50 --noise 0.2\n"
        "  cnn viz saliency runs/lenet5 --rule guided",
    .details =
        "The gradient of the class's score (before the softmax) to the image: for every pixel the "
        "largest amount over its channels. --smooth N: the mean over N copies with noise.\n\n"
        "Simonyan, Vedaldi & Zisserman 2013, \"Deep inside convolutional networks\"; Smilkov et "
        "al. 2017, \"SmoothGrad: removing noise by adding noise\".",
    .make = make_kind<Saliency>};

}  // namespace cnn
