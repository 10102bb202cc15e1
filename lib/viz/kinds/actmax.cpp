// actmax: a picture that a unit, a map or a class answers to as strongly as can be: gradient ascent
// on the picture, from noise or from one that is given. So that it becomes a picture and no noise,
// it is moved by a few random pixels before each step, now and then blurred, pulled towards grey,
// and kept within the range of pixels. (Erhan et al. 2009, "Visualizing higher-layer features of a
// deep network"; Simonyan et al. 2013; Yosinski et al. 2015, "Understanding neural networks through
// deep visualization"; Mordvintsev et al. 2015, "Inceptionism".)
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/rng.h"
#include "base/text.h"
#include "viz/drawing/sheet.h"
#include "viz/explained.h"
#include "viz/kind.h"

namespace cnn {
namespace {

// Channels-last pictures of one shape, one behind the other.
struct Canvas {
  int64_t height = 1, width = 1, channels = 1;

  int64_t count() const { return height * width * channels; }

  // to(y, x) = from(y - dy, x - dx), what leaves at one side coming back at the other.
  void roll(const float* from, int64_t dy, int64_t dx, float* to) const {
    for (int64_t y = 0; y < height; ++y) {
      for (int64_t x = 0; x < width; ++x) {
        const int64_t row = ((y + dy) % height + height) % height;
        const int64_t column = ((x + dx) % width + width) % width;
        std::copy_n(from + (y * width + x) * channels, channels,
                    to + (row * width + column) * channels);
      }
    }
  }

  // Gaussian, over rows and then columns; edges repeat.
  void blur(float* picture, double sigma) const {
    const auto radius = static_cast<int64_t>(std::ceil(3 * sigma));
    std::vector<float> weights;
    float total = 0;
    for (int64_t i = -radius; i <= radius; ++i) {
      const double d = static_cast<double>(i) / sigma;
      weights.push_back(static_cast<float>(std::exp(-0.5 * d * d)));
      total += weights.back();
    }
    std::vector<float> passed(static_cast<size_t>(count()));
    const auto pass = [&](const float* from, bool along_rows, float* to) {
      for (int64_t y = 0; y < height; ++y) {
        for (int64_t x = 0; x < width; ++x) {
          for (int64_t c = 0; c < channels; ++c) {
            float sum = 0;
            for (int64_t i = -radius; i <= radius; ++i) {
              const int64_t row = along_rows ? y : std::clamp<int64_t>(y + i, 0, height - 1);
              const int64_t column = along_rows ? std::clamp<int64_t>(x + i, 0, width - 1) : x;
              sum += weights[static_cast<size_t>(i + radius)] *
                     from[(row * width + column) * channels + c];
            }
            to[(y * width + x) * channels + c] = sum / total;
          }
        }
      }
    };
    pass(picture, true, passed.data());
    pass(passed.data(), false, picture);
  }
};

class ActMax final : public VizKind {
 public:
  ActMax() { samples_.samples = 1; }

  void options(Options& o) override {
    o("layer", layer_, "the layer (default: the classes' scores)");
    o("unit", units_,
      "numbers of its maps or units; of classes, names too (default: the first 16)");
    o("position", position_, "row and column of a map (default: the mean of the whole map)");
    o("steps", steps_, "steps uphill").between(1, 100'000);
    o("rate", rate_,
      "how far each goes: the root mean square of a pixel's change, as a share of the "
      "pixels' range")
        .between(1e-6, 1);
    o("jitter", jitter_,
      "the most pixels that the picture is moved before a step (default: a "
      "sixteenth of its side)")
        .at_least(0);
    o("blur", blur_, "standard deviation of a blur after every fourth step, in pixels; 0: none")
        .between(0, 20);
    o("decay", decay_, "share by which every step pulls the picture towards grey").between(0, 1);
    o("from_image", from_image_,
      "begin with a sample (--images, or --first of the data) in place of noise; without it no "
      "data "
      "are needed");
    o("seed", seed_, "other noise").at_least(0);
    samples_.options(o);
  }

  VizResult run(const VizRequest& request) override {
    Explained network(request, "actmax");
    network.require_image();
    const Shape& shape = network.input_shape();
    canvas_ = {shape.height(), shape.width(), shape.channels()};
    if (!jitter_) jitter_ = std::min(shape.height(), shape.width()) / 16;
    choose(network);
    const std::vector<Network::Use> uses = {
        {.pass = backward_pass(),
         .batch = std::min<int64_t>(static_cast<int64_t>(targets_.size()), kBatch),
         .keep = {value_, network.input()},
         .starts = {value_},
         .whole = false}};
    if (!samples_.images.empty()) from_image_ = true;
    if (from_image_) {
      network.prepare(uses, samples_);
    } else {
      network.prepare(uses);
    }
    name_targets(network);
    set_range(network);
    Sheet sheet;
    sheet.title = fmt::format("{}: what {} answers to most strongly", network.name(),
                              is_class_ ? "each class" : network.layer_name(value_));
    sheet.subtitle = fmt::format("{} uphill from {}; the number is the answer before and after",
                                 counted(steps_, "step"), from_image_ ? "a picture" : "noise");
    sheet.tile_size = 112;
    VizResult result;
    result.numbers["layer"] = network.layer_name(value_);
    result.numbers["units"] = Json::array();
    for (size_t first = 0; first < targets_.size(); first += static_cast<size_t>(kBatch)) {
      const size_t n = std::min(targets_.size() - first, static_cast<size_t>(kBatch));
      climb(network, std::span(targets_).subspan(first, n), sheet, result);
    }
    result.figures.push_back({"actmax_" + file_word(network.layer_name(value_)), cnn::draw(sheet)});
    return result;
  }

 private:
  // What is maximised.
  struct Target {
    int64_t unit = 0;
    std::string name;
  };

  void choose(const Explained& network) {
    is_class_ = layer_.empty();
    value_ = is_class_ ? network.scores("; --layer takes any layer's units")
                       : network.layers(
                             {layer_}, {}, [](const Value&) { return true; },
                             "'actmax' takes any layer")[0];
    const Shape& shape = network.value(value_).shape;
    if (!position_.empty()) {
      if (shape.rank() != 3 || position_.size() != 2) {
        fail(Exit::kUsage, "",
             "--position takes a row and a column of a map [C,H,W]; '{}' gives {}",
             network.layer_name(value_), shape.str());
      }
      if (std::min(position_[0], position_[1]) < 0 || position_[0] >= shape.height() ||
          position_[1] >= shape.width()) {
        fail(Exit::kUsage, "", "--position {} {} lies outside of the maps of '{}': {}",
             position_[0], position_[1], network.layer_name(value_), shape.str());
      }
    }
    constexpr int64_t kLikes = 16;
    const int64_t units = shape.channels();
    if (units_.empty()) {
      for (int64_t u = 0; u < std::min(units, kLikes); ++u) units_.push_back(std::to_string(u));
    }
    for (const std::string& unit : units_) targets_.push_back({0, unit});
  }

  // Classes have their names from the weights, which are loaded by now.
  void name_targets(const Explained& network) {
    const Shape& shape = network.value(value_).shape;
    for (Target& target : targets_) {
      if (is_class_ && shape.channels() > 1) {
        target.unit = network.class_number(target.name, {nullptr, 1, shape});
        target.name = network.class_name(target.unit);
        continue;
      }
      const bool is_number = target.name.size() <= 9 && !target.name.empty() &&
                             target.name.find_first_not_of("0123456789") == std::string::npos;
      target.unit = is_number ? std::stoll(target.name) : -1;
      if (target.unit < 0 || target.unit >= shape.channels()) {
        fail(Exit::kUsage, "", "layer '{}' has no unit '{}': they are 0 to {}",
             network.layer_name(value_), target.name, shape.channels() - 1);
      }
      target.name = "unit " + target.name;
    }
  }

  // Black, grey and white as the network reads them, by channel.
  void set_range(const Explained& network) {
    const Normalization normalization = network.normalization();
    const float white = normalization.is_identity() ? 1.0f : 255.0f;
    low_.assign(static_cast<size_t>(canvas_.channels), 0.0f);
    high_.assign(low_.size(), white);
    normalization.apply(low_.data(), 1, canvas_.channels);
    normalization.apply(high_.data(), 1, canvas_.channels);
  }

  void climb(Explained& network, std::span<const Target> targets, Sheet& sheet,
             VizResult& result) const {
    const int64_t n = static_cast<int64_t>(targets.size()), count = canvas_.count();
    std::vector<float> pictures = starts(network, targets);
    const std::vector<double> before = answers(network.run(0, n, pictures.data()), targets);
    std::vector<float> moved(pictures.size()), gradient(static_cast<size_t>(count));
    for (int64_t step = 0; step < steps_; ++step) {
      const Rng rng(static_cast<uint64_t>(seed_), "actmax jitter", static_cast<uint64_t>(step));
      const auto span = static_cast<uint64_t>(2 * *jitter_ + 1);
      const int64_t dy = static_cast<int64_t>(rng.below(0, span)) - *jitter_;
      const int64_t dx = static_cast<int64_t>(rng.below(4, span)) - *jitter_;
      for (int64_t i = 0; i < n; ++i) {
        canvas_.roll(pictures.data() + i * count, dy, dx, moved.data() + i * count);
      }
      Executor& executor = network.run(0, n, moved.data());
      const View seed = executor.gradient(value_);
      std::fill_n(seed.data, seed.count(), 0.0f);
      for (int64_t i = 0; i < n; ++i) {
        for_each_place(seed.shape, [&](int64_t p, float share) {
          seed.sample(i)[p * seed.channels() + targets[static_cast<size_t>(i)].unit] = share;
        });
      }
      executor.backward();
      const View back = executor.gradient(network.input());
      for (int64_t i = 0; i < n; ++i) {
        canvas_.roll(back.sample(i), -dy, -dx, gradient.data());
        change(gradient, step, pictures.data() + i * count);
      }
      if (step % 16 == 15 || step + 1 == steps_) {
        network.request().report("climbing", step + 1, steps_);
      }
    }
    const std::vector<double> after = answers(network.run(0, n, pictures.data()), targets);
    for (int64_t i = 0; i < n; ++i) {
      const auto k = static_cast<size_t>(i);
      sheet.tiles.push_back({sample_picture(pictures.data() + i * count, network.input_shape(),
                                            network.normalization()),
                             targets[k].name,
                             fmt::format("{:.2f} to {:.2f}", before[k], after[k])});
      result.numbers["units"].push_back({{"unit", targets[k].unit},
                                         {"name", targets[k].name},
                                         {"before", before[k]},
                                         {"after", after[k]}});
    }
  }

  // Grey with a little noise, or a sample.
  std::vector<float> starts(Explained& network, std::span<const Target> targets) const {
    const auto count = static_cast<size_t>(canvas_.count());
    std::vector<float> pictures(targets.size() * count);
    constexpr float kNoise = 0.05f;
    for (size_t i = 0; i < targets.size(); ++i) {
      float* picture = pictures.data() + i * count;
      if (from_image_) {
        network.source().read(0, 1, picture);
        continue;
      }
      const Rng rng(static_cast<uint64_t>(seed_), "actmax", static_cast<uint64_t>(targets[i].unit));
      for (size_t p = 0; p < count; ++p) {
        const size_t c = p % low_.size();
        const float noise = kNoise * rng.normal(p);
        picture[p] = low_[c] + (high_[c] - low_[c]) * std::clamp(0.5f + noise, 0.0f, 1.0f);
      }
    }
    return pictures;
  }

  // use(position, share) for the place, or for all of them.
  template <class Use>
  void for_each_place(const Shape& shape, Use use) const {
    if (!position_.empty()) return use(position_[0] * shape.width() + position_[1], 1.0f);
    const int64_t positions = shape.positions();
    for (int64_t p = 0; p < positions; ++p) use(p, 1.0f / static_cast<float>(positions));
  }

  std::vector<double> answers(const Executor& executor, std::span<const Target> targets) const {
    const ConstView values = executor.value(value_);
    std::vector<double> result;
    for (size_t i = 0; i < targets.size(); ++i) {
      double sum = 0;
      for_each_place(values.shape, [&](int64_t p, float share) {
        sum += static_cast<double>(share) * static_cast<double>(values.sample(static_cast<int64_t>(
                                                i))[p * values.channels() + targets[i].unit]);
      });
      result.push_back(sum);
    }
    return result;
  }

  // One step uphill: of a length of its own, whatever the gradient's.
  void change(const std::vector<float>& gradient, int64_t step, float* picture) const {
    double squares = 0;
    for (const float g : gradient) squares += static_cast<double>(g) * static_cast<double>(g);
    const double norm = std::sqrt(squares / static_cast<double>(gradient.size()));
    const double scale = norm > 0 ? rate_ / norm : 0;
    for (size_t p = 0; p < gradient.size(); ++p) {
      const size_t c = p % low_.size();
      const float range = high_[c] - low_[c], grey = (low_[c] + high_[c]) / 2;
      float x = picture[p] + static_cast<float>(scale) * range * gradient[p];
      x = grey + static_cast<float>(1 - decay_) * (x - grey);
      picture[p] = std::clamp(x, low_[c], high_[c]);
    }
    constexpr int64_t kEvery = 4;
    if (blur_ > 0 && step % kEvery == kEvery - 1 && step + 1 < steps_) {
      canvas_.blur(picture, blur_);
    }
  }

  static constexpr int64_t kBatch = 16;

  SampleOptions samples_;
  std::string layer_;
  std::vector<std::string> units_;
  std::vector<int64_t> position_;
  int64_t steps_ = 256, seed_ = 0;
  double rate_ = 0.02, blur_ = 0.5, decay_ = 0.01;
  std::optional<int64_t> jitter_;
  bool from_image_ = false;

  Canvas canvas_;
  int value_ = -1;
  bool is_class_ = false;
  std::vector<Target> targets_;
  std::vector<float> low_, high_;  // of pixels, by channel
};

}  // namespace

extern const VizKindType actmax_kind = {
    .name = "actmax",
    .summary = "a picture that a unit or a class answers to most strongly",
    .example =
        "  cnn viz actmax runs/cifar-resnet20               every class, from noise\n"
        "  cnn viz actmax runs/lenet5 --layer c3 --unit 0 3 7\n"
        "  cnn viz actmax runs/resnet18 --unit cat --from-image --images dog.jpg --steps 100",
    .details =
        "Gradient ascent on the picture. --jitter moves it by random pixels before a step, --blur "
        "and --decay take away what is fine and what is strong without need; with all three at 0 "
        "the pictures are nearer to noise, and the answer is stronger.\n\n"
        "Erhan et al. 2009, \"Visualizing higher-layer features of a deep network\"; Yosinski et "
        "al. 2015, \"Understanding neural networks through deep visualization\"; Mordvintsev et "
        "al. 2015, \"Inceptionism\".",
    .make = make_kind<ActMax>};

}  // namespace cnn
