// Reconstructions; of pictures of any size: maps_test.cpp.
#include "support/catch.h"
#include "support/model_folder.h"

namespace cnn {

using namespace cnn::test;

TEST_CASE("a reconstruction has its size, and a file if one is wanted") {
  const ModelFolder model(
      "name: copy\ninput: {image: [1, 8, 8]}\nlayers: [{conv: 1, kernel: 1, name: recon}]\n"
      "loss: {mse: recon, target: image}\ndata: {format: pairs, train: {images: i}}\n",
      {{1}, {0}});
  PredictRequest request = model.request({model.picture("p.png", ramp(8, 8))});
  const PredictReport report = predict(model.load(), request);
  REQUIRE(report.answers.size() == 1);
  CHECK(report.answers[0].files == std::vector<std::string>{model.folder.str("out/p_recon.png")});
  CHECK(read_image(report.files[0], 1).values == ramp(8, 8).values);
  CHECK(contains(report.text(), "p.png: 8 x 8\nwrote "));
  CHECK(Json::parse(report.json())["maps"][0]["files"][0].get<std::string>() == report.files[0]);
  request.out.clear();
  CHECK(predict(model.load(), request).files.empty());
}

}  // namespace cnn
