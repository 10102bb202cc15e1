// Shares of classes over pixels; pictures of any size and what is drawn of them: maps_test.cpp.
#include "support/catch.h"
#include "support/model_folder.h"

namespace cnn {

using namespace cnn::test;

TEST_CASE("an array of pictures has its shares of classes, sample by sample") {
  // Scores 0 and x: class 1 above 0.
  const ModelFolder model(
      "name: above\ninput: {image: [1, 2, 4]}\nlayers: [{conv: 2, kernel: 1, name: out}]\n"
      "loss: {cross_entropy: out, target: mask}\ndata: {format: npy, inputs: x.npy}\n",
      {{0, 1}, {0, 0}}, {"below", "above"});
  const std::vector<float> numbers = {1, 1, -1, -1, -1, -1, -1, -1, 1, 1, 1, 1, 1, 1, 1, -1};
  const std::string file = model.array("x.npy", {2, 1, 2, 4}, numbers);
  const PredictReport report = predict(model.load(), model.request({file}));
  REQUIRE(report.answers.size() == 2);
  CHECK(report.answers[0].text == " 4 x 2  below 75.0%  above 25.0%");
  CHECK(contains(report.text(), file + " 1: 4 x 2  below 12.5%  above 87.5%\n"));
  CHECK(contains(report.csv(), "input,height,width,class,share\n" + file + ",2,4,below,0.75\n"));
  const Json maps = Json::parse(report.json())["maps"];
  CHECK(maps[1]["sample"].get<int64_t>() == 1);
  CHECK(maps[1]["classes"][1]["share"].get<double>() == Approx(0.875));
  // Pictures are drawn of pictures; of arrays the outputs are written.
  CHECK(report.files == std::vector<std::string>{model.folder.str("out/out.npy")});
}

TEST_CASE("masks of lists are numbers, item by item") {
  const ModelFolder model(
      "name: above\ninput: {image: {steps: {most: 3}, shape: [1, 2, 2]}}\n"
      "layers: [{conv: 2, kernel: 1, name: out}]\n"
      "loss: {cross_entropy: out, target: mask}\ndata: {format: npy, inputs: x.npy}\n",
      {{0, 1}, {0, 0}});
  const std::string some = model.array("x.npy", {1, 2, 1, 2, 2}, std::vector<float>(8, 3));
  const PredictReport report = predict(model.load(), model.request({some}));
  REQUIRE(report.answers.size() == 1);
  CHECK(report.answers[0].json.at("values").size() == 2);
  CHECK(report.answers[0].json.at("values")[1].get<std::vector<float>>() ==
        std::vector<float>{0, 0, 0, 0, 3, 3, 3, 3});
}

}  // namespace cnn
