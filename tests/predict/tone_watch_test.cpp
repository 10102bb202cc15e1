// Pictures whose tone is not that of training: what is said, and what inverting them gives.

#include "predict/tone_watch.h"

#include <cmath>

#include "base/error.h"
#include "support/catch.h"
#include "support/model_folder.h"

namespace cnn {
namespace {

using namespace cnn::test;

// Two scores: minus and plus the mean of the pixels, which are scaled to 0 to 1.
constexpr const char* kModel = R"(name: tones
input: {image: [1, 2, 2]}
layers: [flatten, {linear: 2, bias: false, name: out}]
loss: {cross_entropy: out, target: label}
)";

struct Tones {
  explicit Tones(const PictureLook& look)
      : model(kModel, {{-9, -9, -9, -9, 9, 9, 9, 9}}, {"dark", "bright"}) {
    ParameterStore store;
    build_graph(model.load(), Phase::kTest, store);
    store.allocate(false);
    WeightsInfo info = load_weights(model.weights, store);
    info.look = look;
    save_weights(model.weights, store, info);
  }
  // The classes of flat pictures of these grey values.
  std::vector<std::string> run(const std::vector<uint8_t>& greys,
                               std::optional<Invert> invert = std::nullopt) const {
    std::vector<std::string> files, classes;
    for (const uint8_t grey : greys) {
      files.push_back(
          model.picture(std::to_string(grey) + ".png", {2, 2, 1, std::vector<uint8_t>(4, grey)}));
    }
    PredictRequest request = model.request(files);
    request.invert = invert;
    request.out = "";
    for (const Answer& answer : predict(model.load(), request).answers) {
      classes.push_back(answer.json.at("classes")[0]["name"].get<std::string>());
    }
    return classes;
  }
  ModelFolder model;
};

const PictureLook kDigits{.tone = Tone{0.13, 0.04}};

TEST_CASE("pictures much brighter than those of training are told of, in one warning") {
  const Tones tones(kDigits);
  {
    const QuietLog log;
    tones.run({220, 230, 30});
    CHECK(log.has("2 of 3 pictures are much brighter than those of training"));
    CHECK(log.has("220.png has 0.86 of white; theirs are 0.13 +- 0.04"));
    CHECK(log.has("negatives would be like them: --invert"));
    CHECK(log.lines.size() == 1);
  }
  {
    const QuietLog log;
    tones.run({220, 30});
    CHECK(log.has("1 of 2 pictures is much brighter than those of training"));
  }
  const QuietLog log;
  tones.run({128});  // its negative is no better
  CHECK(log.has("128.png is much brighter than the pictures of training"));
  CHECK_FALSE(log.has("--invert"));
}

TEST_CASE("data.invert on the command line is of the pictures shown, as --invert is") {
  const Tones tones(kDigits);
  const auto classes_and_lines = [&](const char* typed, std::optional<Invert> invert) {
    const QuietLog log;
    PredictRequest request = tones.model.request(
        {tones.model.picture("ink.png", {2, 2, 1, std::vector<uint8_t>(4, 220)})});
    request.invert = invert;
    request.out = "";
    const ModelSpec spec = tones.model.load({"data=digits", typed});
    const auto answer = predict(spec, request).answers.at(0);
    return answer.json.at("classes").dump() + std::to_string(log.lines.size());
  };
  const std::string inverted = classes_and_lines("data.shuffle=true", Invert::kYes);
  CHECK(inverted.back() == '0');  // like those of training: no warning
  CHECK(classes_and_lines("data.invert=true", std::nullopt) == inverted);
  CHECK(classes_and_lines("data.invert=true", Invert::kYes) == inverted);
  CHECK(classes_and_lines("data.invert=auto", std::nullopt) == inverted);
  CHECK(classes_and_lines("data.invert=false", std::nullopt).back() == '1');
}

TEST_CASE("photographs of any brightness are told nothing of") {
  const QuietLog log;
  Tones({.tone = Tone{0.45, 0.13}}).run({3, 60, 128, 200, 240});
  Tones({}).run({3, 240});  // weights that do not know
  CHECK(log.lines.empty());
}

TEST_CASE("negatives are shown where they are asked for, or come nearer to training") {
  const QuietLog log;
  const Tones tones(kDigits);
  const std::vector<uint8_t> greys = {220, 100, 20};
  using Names = std::vector<std::string>;
  // Nothing is inverted, all is, and the first alone: of 100 the negative is no nearer.
  CHECK(tones.run(greys) == Names{"bright", "bright", "bright"});
  const auto values = [&](std::optional<Invert> invert) {
    PredictRequest request =
        tones.model.request({tones.model.folder.str("220.png"), tones.model.folder.str("100.png"),
                             tones.model.folder.str("20.png")});
    request.invert = invert;
    predict(tones.model.load(), request);
    const std::vector<float> all = NpyReader(tones.model.folder.str("out/out.npy")).read_all();
    std::vector<int> means;
    for (size_t i = 1; i < all.size(); i += 2) {
      means.push_back(static_cast<int>(std::lround(all[i] * 255 / 36)));
    }
    return means;
  };
  CHECK(values(std::nullopt) == std::vector<int>{220, 100, 20});
  CHECK(values(Invert::kYes) == std::vector<int>{35, 155, 235});
  CHECK(values(Invert::kAuto) == std::vector<int>{35, 100, 20});
  const Tones automatic({.invert = Invert::kAuto, .tone = Tone{0.13, 0.04}});
  automatic.run({220});
  PredictRequest request = automatic.model.request({automatic.model.folder.str("220.png")});
  predict(automatic.model.load(), request);
  CHECK(NpyReader(automatic.model.folder.str("out/out.npy")).read_all()[1] ==
        Approx(36.0 * 35 / 255));
}

TEST_CASE("arrays are not inverted, and without a tone nothing can be told") {
  const Tones tones(kDigits), unknown({});
  const auto problem = [](const Tones& of, const std::string& input, Invert invert) -> std::string {
    PredictRequest request = of.model.request({input});
    request.invert = invert;
    try {
      predict(of.model.load(), request);
    } catch (const Error& error) {
      CHECK(error.code() == Exit::kUsage);
      return error.what();
    }
    return "";
  };
  const std::string array = tones.model.array("x.npy", {1, 1, 2, 2}, std::vector<float>(4, 0.5f));
  CHECK(contains(problem(tones, array, Invert::kYes), "is taken as it is"));
  CHECK(contains(problem(unknown, unknown.model.picture("a.png", ramp(2, 2)), Invert::kAuto),
                 "do not say how bright"));
}

}  // namespace
}  // namespace cnn
