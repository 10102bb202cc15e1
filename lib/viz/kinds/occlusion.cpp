// occlusion: how the probability of a class falls when a grey square covers a
// part of the picture. What is shown of a pixel is the mean over the squares
// that cover it. (Zeiler & Fergus 2013, "Visualizing and understanding
// convolutional networks", figure 7.)
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "model/settings.h"
#include "viz/drawing/sheet.h"
#include "viz/explained.h"
#include "viz/kind.h"

namespace cnn {
namespace {

class Occlusion final : public VizKind {
 public:
  Occlusion() { samples_.samples = 4; }

  void options(Options& o) override {
    o("class", class_, "its name or number (default: the likeliest one of each picture)");
    o("square", square_, "side of the square in pixels (default: a quarter of the picture)")
        .at_least(1);
    o("step", step_, "pixels from one place to the next (default: a quarter of the square)")
        .at_least(1);
    o("grey", grey_, "of the square, from 0 to 1").between(0, 1);
    samples_.options(o);
  }

  VizResult run(const VizRequest& request) override {
    Explained network(request, "occlusion");
    network.require_image();
    scores_ = network.scores();
    const Shape& shape = network.input_shape();
    const int64_t side = std::min(shape.height(), shape.width());
    if (square_ == 0) square_ = std::max<int64_t>(side / 4, 1);
    if (step_ == 0) step_ = std::max<int64_t>(square_ / 4, 1);
    if (square_ > side) {
      fail(Exit::kUsage, "", "--square {} is larger than the picture: {} x {}", square_,
           shape.height(), shape.width());
    }
    batch_ = std::min<int64_t>(read_train_settings(request.subject().spec).batch_size, 128);
    network.prepare(
        {{.pass = Pass::predicting(), .batch = batch_, .keep = {scores_}, .whole = false}},
        samples_);
    VizResult result;
    result.numbers["square"] = square_;
    result.numbers["step"] = step_;
    result.numbers["pictures"] = Json::array();
    std::vector<Row> rows;
    for (int64_t i = 0; i < network.source().size(); ++i) {
      rows.push_back(row_of(network, i));
      const Row& row = rows.back();
      result.numbers["pictures"].push_back({{"name", row.name},
                                            {"class", network.class_name(row.score.number)},
                                            {"probability", row.score.probability},
                                            {"fall", json_of(row.falls)}});
    }
    result.figures.push_back({"occlusion", cnn::draw(sheet_of(network, rows))});
    return result;
  }

 private:
  // What is known of one picture.
  struct Row {
    std::string name, truth;
    Image picture;
    ClassScore score;
    FloatImage falls;
  };

  Row row_of(Explained& network, int64_t i) const {
    const Shape& shape = network.input_shape();
    const ConstView scores = network.run(0, i, 1).value(scores_);
    Row row;
    row.score = class_.empty() ? ranked_classes(scores, 0)[0]
                               : class_score(scores, 0, network.class_number(class_, scores));
    const std::vector<float> image(network.shown(0), network.shown(0) + shape.count());
    row.name = network.source().name(i);
    const int64_t label = network.source().label(i);
    if (label >= 0) row.truth = "is " + network.class_name(label);
    row.picture = network.source().picture(image.data());
    row.falls = falls_of(network, image, row.score, i);
    return row;
  }

  Sheet sheet_of(const Explained& network, const std::vector<Row>& rows) const {
    constexpr float kLeast = 0.01f;  // smaller changes are nothing to look at
    Sheet sheet;
    sheet.title = fmt::format("{}: occlusion", network.name());
    sheet.subtitle = fmt::format(
        "how much the class's probability falls (red) or grows "
        "(blue) while a grey square of {} "
        "pixels covers a place; each row has its own scale, the yellow line is half of its end",
        square_);
    sheet.columns = 3;
    sheet.tile_size = 128;
    sheet.column_titles = {"input", "fall of the probability", "over the picture"};
    const ColourMap& map = ColourMap::diverging();
    for (const Row& row : rows) {
      FloatImage fall = row.falls, strength = row.falls;
      const ValueRange range = range_of(fall);
      const float most = std::max({kLeast, range.high, -range.low});
      stretch(fall, {-most, most});
      for (float& value : strength.values) value = std::max(value, 0.0f) / most;
      sheet.row_titles.push_back(row.name);
      sheet.tiles.push_back({row.picture, row.truth});
      sheet.tiles.push_back(
          {map.apply(fall), network.caption(row.score),
           fmt::format("-{0:.3g}% to +{0:.3g}%", 100 * static_cast<double>(most))});
      sheet.tiles.push_back({heat_over(row.picture, strength, ColourMap::heat(), true),
                             fmt::format("falls by up to {:.1f}%",
                                         100 * std::max(static_cast<double>(range.high), 0.0))});
    }
    sheet.bar = ColourBar{&map, "grows", "falls", "to the ends of the row's scale"};
    return sheet;
  }

  // Where squares begin along an axis; the last one ends with it.
  std::vector<int64_t> places(int64_t size) const {
    std::vector<int64_t> at;
    for (int64_t first = 0; first < size - square_; first += step_) at.push_back(first);
    at.push_back(size - square_);
    return at;
  }

  // By pixel: the mean fall over the squares that cover it.
  FloatImage falls_of(Explained& network, const std::vector<float>& image, const ClassScore& whole,
                      int64_t sample) const {
    const Shape& shape = network.input_shape();
    const std::vector<float> grey = grey_pixel(network);
    std::vector<std::pair<int64_t, int64_t>> squares;
    for (const int64_t y : places(shape.height())) {
      for (const int64_t x : places(shape.width())) squares.emplace_back(y, x);
    }
    const auto pixels = static_cast<size_t>(shape.positions());
    std::vector<double> sums(pixels, 0.0), counts(pixels, 0.0);
    std::vector<float> covered(static_cast<size_t>(batch_) * image.size());
    for (size_t first = 0; first < squares.size(); first += static_cast<size_t>(batch_)) {
      const size_t n = std::min(squares.size() - first, static_cast<size_t>(batch_));
      for (size_t k = 0; k < n; ++k) {
        float* to = covered.data() + k * image.size();
        std::copy(image.begin(), image.end(), to);
        over_square(squares[first + k], shape, [&](int64_t p) {
          std::copy(grey.begin(), grey.end(), to + p * shape.channels());
        });
      }
      const ConstView scores =
          network.run(0, static_cast<int64_t>(n), covered.data()).value(scores_);
      for (size_t k = 0; k < n; ++k) {
        const double fall = whole.probability -
                            class_score(scores, static_cast<int64_t>(k), whole.number).probability;
        over_square(squares[first + k], shape, [&](int64_t p) {
          sums[static_cast<size_t>(p)] += fall;
          counts[static_cast<size_t>(p)] += 1;
        });
      }
      network.request().report(fmt::format("occlusion of picture {}", sample + 1),
                               static_cast<int64_t>(first + n),
                               static_cast<int64_t>(squares.size()));
    }
    FloatImage falls{shape.height(), shape.width(), 1, {}};
    for (size_t p = 0; p < pixels; ++p) {
      falls.values.push_back(static_cast<float>(counts[p] > 0 ? sums[p] / counts[p] : 0));
    }
    return falls;
  }

  template <class Use>
  void over_square(const std::pair<int64_t, int64_t>& at, const Shape& shape, Use use) const {
    for (int64_t y = at.first; y < at.first + square_; ++y) {
      for (int64_t x = at.second; x < at.second + square_; ++x) use(y * shape.width() + x);
    }
  }

  // As the network reads it.
  std::vector<float> grey_pixel(const Explained& network) const {
    const Normalization& normalization = network.source().normalization();
    const double white = normalization.is_identity() ? 1.0 : 255.0;
    std::vector<float> pixel(static_cast<size_t>(network.input_shape().channels()),
                             static_cast<float>(grey_ * white));
    normalization.apply(pixel.data(), 1, network.input_shape().channels());
    return pixel;
  }

  SampleOptions samples_;
  std::string class_;
  int64_t square_ = 0, step_ = 0, batch_ = 1;
  double grey_ = 0.5;
  int scores_ = -1;
};

}  // namespace

extern const VizKindType occlusion_kind = {
    .name = "occlusion",
    .summary = "how a class's probability falls where a square hides the picture",
    .example =
        "  cnn viz occlusion runs/cifar-resnet20            four test samples\n"
        "  cnn viz occlusion runs/resnet18 --images dog.jpg --square 48 --step "
        "8\n"
        "  cnn viz occlusion runs/lenet5 --grey 0 --class 7",
    .details =
        "A grey square slides over the picture; the network is run at every "
        "place. A pixel shows "
        "the mean fall of the probability over the squares that cover it.\n\n"
        "Zeiler & Fergus 2013, \"Visualizing and understanding convolutional "
        "networks\".",
    .make = make_kind<Occlusion>};

}  // namespace cnn
