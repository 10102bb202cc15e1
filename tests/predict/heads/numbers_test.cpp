// Outputs that are plain numbers: regressions, codes.
#include "support/catch.h"
#include "support/model_folder.h"

namespace cnn {

using namespace cnn::test;

TEST_CASE("a regression's numbers are printed, as JSON and as a table") {
  const ModelFolder model(
      "name: both\ninput: {image: [2]}\nlayers: [{linear: 2, name: out}]\n"
      "loss: {mse: out, target: target}\ndata: {format: csv, train: t.csv}\n",
      {{1, 1, 1, -1}, {0, 0.5f}});
  const std::string file = model.array("x.npy", {3, 2}, std::vector<float>{1, 2, 3, 4, -1, 0});
  const PredictReport report = predict(model.load(), model.request({file}));
  CHECK(contains(report.text(), file + " 0:  3  -0.5\n"));
  CHECK(contains(report.csv(), "input,sample,out_0,out_1\n" + file + ",0,3,-0.5\n"));
  CHECK(Json::parse(report.json())["predictions"][2]["values"].get<std::vector<double>>() ==
        std::vector<double>{-1, -0.5});
}

TEST_CASE("a regression's numbers are called as the columns of its table") {
  const TemporaryFolder folder;
  folder.file("t.csv", "x,age,height\n1,2,3\n2,4,5\n3,6,7\n");
  const ModelSpec spec = load(folder.file("m.yaml", R"(name: both
input: {image: [1]}
layers: [{linear: 2, name: out}]
loss: {mse: out, target: target}
data: {format: csv, train: t.csv, columns: {targets: [age, height]}}
train: {epochs: 1, batch_size: 3}
)"));
  TrainRequest training;
  training.out = folder.str("runs");
  Recorder recorder;
  StopFlags flags;
  PredictRequest request;
  request.weights = train(spec, training, recorder, flags).run + "/weights/last.safetensors";
  write_npy(folder.str("x.npy"), {1, 1}, std::vector<float>{0});
  request.inputs = {folder.str("x.npy")};
  const PredictReport report = predict(spec, request);
  CHECK(contains(report.csv(), "input,sample,age,height\n"));
  CHECK(contains(report.text(), "x.npy 0:  age "));
  CHECK(Json::parse(report.json())["predictions"][0]["names"].get<std::vector<std::string>>() ==
        std::vector<std::string>{"age", "height"});
}

TEST_CASE("numbers of a map stand channel after channel, the first ten in the text") {
  const ModelFolder model(
      "name: map\ninput: {image: [2, 2, 3]}\nlayers: [{conv: 2, kernel: 1, name: out}]\n"
      "outputs: out\n",
      {{1, 0, 0, 1}, {0, 0}});
  std::vector<float> numbers(12);
  for (size_t i = 0; i < 12; ++i) numbers[i] = static_cast<float>(i);
  const PredictReport report =
      predict(model.load(), model.request({model.array("x.npy", {1, 2, 2, 3}, numbers)}));
  CHECK(report.answers[0].json.at("values").get<std::vector<float>>() == numbers);
  CHECK(report.answers[0].text == "  0  1  2  3  4  5  6  7  8  9  ... (12 numbers)");
}

TEST_CASE("numbers of a list are a row an item") {
  const ModelFolder model(
      "name: list\ninput: {image: {steps: {most: 2}, shape: [1]}}\nlayers: [{linear: 1, name: "
      "out}]\nloss: {mse: out, target: target}\ndata: {format: csv, train: t.csv}\n",
      {{2}, {0}});
  const std::string file = model.array("x.npy", {1, 2}, std::vector<float>{1, 4});
  const PredictReport report = predict(model.load(), model.request({file}));
  CHECK(report.answers[0].text == "  2  8");
  CHECK(report.answers[0].json.at("values")[1][0].get<double>() == 8);
  CHECK(contains(report.csv(), "input,sample,item,out\n" + file + ",0,0,2\n" + file + ",0,1,8\n"));
}

TEST_CASE("a layer's numbers are given in place of the main output's answers: codes") {
  const ModelFolder model(
      "name: copy\ninput: {image: [1, 2, 2]}\nlayers: [flatten, {linear: 2, bias: false, name: "
      "code}, "
      "{linear: 4, bias: false, name: back}, {reshape: [1, 2, 2], name: recon}]\n"
      "loss: {mse: recon, target: image}\noutputs: {code: code, picture: recon}\n",
      {{1, 0, 0, 0, 0, 0, 0, 2}});
  const std::vector<float> values = {1, 2, 3, 4, 5, 6, 7, 8};
  PredictRequest request = model.request({model.array("x.npy", {2, 1, 2, 2}, values)});
  request.out.clear();
  CHECK(contains(predict(model.load(), request).csv(), "height"));  // reconstructions
  request.layer = "code";
  const PredictReport report = predict(model.load(), request);
  CHECK(report.answers[1].json.at("values").dump() == "[5.0,16.0]");
  CHECK(contains(report.csv(), "input,sample,code_0,code_1\n"));
  CHECK(contains(report.csv(), "x.npy,0,1,8\n"));
  request.layer = "cod";
  try {
    predict(model.load(), request);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == Exit::kUsage);
    CHECK(contains(error.what(), "did you mean 'code'?"));
  }
}

}  // namespace cnn
