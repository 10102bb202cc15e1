// Predicting pixel by pixel: masks, overlays, reconstructions; images of any size.
#include "predict/maps.h"

#include "io/image.h"
#include "support/catch.h"
#include "support/model_folder.h"

namespace cnn {
namespace {

using namespace cnn::test;

// Class 1 where a pixel is brighter than the middle; each output sees its 3x3 neighbours only by
// weights of 0, so that borders do not matter.
constexpr const char* kMask = R"(name: bright
input: {image: [1, 8, 8]}
layers:
  - {conv: 2, kernel: 3, pad: 1, name: logits}
loss: {cross_entropy: logits, target: mask}
data: {format: pairs, train: {images: i, masks: m}}
)";

// Twice the picture, by a 1x1 window.
constexpr const char* kPicture = R"(name: copy
input: {image: [1, 8, 8]}
layers:
  - {conv: 1, kernel: 1, name: recon}
outputs: {recon: recon}
loss: {mse: recon, target: image}
data: {format: pairs, train: {images: i}}
)";

// Class scores 0 and x - 0.5.
ModelFolder bright() {
  std::vector<float> weight(2 * 9, 0);
  weight[9 + 4] = 1;
  return ModelFolder(kMask, {weight, {0, -0.5f}}, {"dark", "bright"});
}

}  // namespace

TEST_CASE("a mask and an overlay of the image's own size, whatever that is") {
  const ModelFolder model = bright();
  const Image large = ramp(21, 30);
  for (const bool whole : {false, true}) {
    CAPTURE(whole);
    PredictRequest request =
        model.request({model.picture("a.png", large), model.picture("b.png", ramp(8, 8)),
                       model.picture("c.png", ramp(5, 3))});
    request.whole = whole;
    const PredictReport report = predict(model.load(), request);
    REQUIRE(report.answers.size() == 3);
    CHECK(report.samples == 3);
    CHECK(report.answers[0].input == model.folder.str("a.png"));
    CHECK(report.answers[0].json.at("height").get<int64_t>() == 21);
    CHECK(report.answers[2].json.at("width").get<int64_t>() == 3);
    REQUIRE(report.answers[0].files.size() == 2);
    CHECK(report.answers[0].files[0] == model.folder.str("out/a_mask.png"));
    const NumberImage mask = read_number_image(report.answers[0].files[0]);
    REQUIRE(mask.values.size() == large.values.size());
    double bright_share = 0;
    for (size_t i = 0; i < mask.values.size(); ++i) {
      CHECK(mask.values[i] == (large.values[i] > 127 ? 1 : 0));
      bright_share += mask.values[i] / 630.0;
    }
    const Json& second = report.answers[0].json.at("classes")[1];
    CHECK(second["name"].get<std::string>() == "bright");
    CHECK(second["share"].get<double>() == Approx(bright_share));
    const Image over = read_image(report.answers[0].files[1], 3);
    const Colour& orange = class_colours()[1];
    for (size_t i = 0; i < large.values.size(); ++i) {
      const int red =
          large.values[i] > 127 ? (large.values[i] + orange.red + 1) / 2 : large.values[i];
      CHECK(over.values[3 * i] == red);
    }
    CHECK(report.json().find("\"maps\":[{\"input\"") != std::string::npos);
    CHECK(report.csv().find("a.png,21,30,bright,") != std::string::npos);
    CHECK(report.text().find("30 x 21  dark") != std::string::npos);
  }
}

TEST_CASE("images of the same name get files of their own, without a folder nothing is written") {
  const ModelFolder model = bright();
  std::filesystem::create_directories(model.folder.str("x"));
  PredictRequest request =
      model.request({model.picture("a.png", ramp(8, 8)), model.picture("x/a.png", ramp(8, 8))});
  const PredictReport report = predict(model.load(), request);
  CHECK(report.files[2] == model.folder.str("out/a-2_mask.png"));
  request.out.clear();
  CHECK(predict(model.load(), request).files.empty());
}

TEST_CASE("a reconstruction is a picture again, its normalisation undone") {
  const ModelFolder model(kPicture, {{2}, {0}});
  const Image picture = ramp(9, 10);
  const PredictReport report =
      predict(model.load(), model.request({model.picture("p.png", picture)}));
  REQUIRE(report.files == std::vector<std::string>{model.folder.str("out/p_recon.png")});
  const Image result = read_image(report.files[0], 1);
  CHECK(result.height == 9);
  for (size_t i = 0; i < picture.values.size(); ++i) {
    CHECK(result.values[i] == std::min(2 * picture.values[i], 255));
  }
}

TEST_CASE("colours of classes differ, and black is the first alone") {
  const auto colours = class_colours();
  CHECK(colours.size() == 256);
  for (size_t i = 0; i < 15; ++i) {
    for (size_t j = 0; j < i; ++j) {
      const bool same = colours[i].red == colours[j].red && colours[i].green == colours[j].green &&
                        colours[i].blue == colours[j].blue;
      CHECK(!same);
    }
  }
}

TEST_CASE("a sized network beyond the memory limit is refused before it is allocated") {
  const ModelFolder model = bright();
  PredictRequest request = model.request({model.picture("a.png", ramp(400, 400))});
  request.whole = true;
  request.memory_limit = 200'000;
  try {
    predict(model.load(), request);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == Exit::kResource);
  }
}

}  // namespace cnn
