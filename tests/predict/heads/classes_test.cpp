// The likeliest classes of whole samples.
#include "support/catch.h"
#include "support/model_folder.h"

namespace cnn {

using namespace cnn::test;

TEST_CASE("classes come best first as text, JSON and CSV, of equal ones the lower number") {
  const ModelFolder model(
      "name: three\ninput: {image: [3]}\nlayers: [{linear: 3, name: out}]\n"
      "loss: {cross_entropy: out, target: label}\ndata: digits\n",
      {{1, 0, 0, 0, 1, 0, 0, 0, 1}, {0, 0, 0}}, {"cat", "a \"dog\""});
  PredictRequest request = model.request(
      {model.array("x.npy", {3, 3}, std::vector<float>{0, 9, 0, 5, 5, -90, 0, 0, 9})});
  request.top = 2;
  request.out.clear();
  const PredictReport report = predict(model.load(), request);
  REQUIRE(report.answers.size() == 3);
  CHECK(report.samples == 3);
  const auto name = [&](size_t sample, size_t rank) {
    return report.answers[sample].json.at("classes")[rank]["name"].get<std::string>();
  };
  CHECK(name(0, 0) == "a \"dog\"");
  CHECK(name(1, 0) == "cat");  // a tie
  CHECK(name(1, 1) == "a \"dog\"");
  CHECK(name(2, 0) == "2");  // a class without a name
  CHECK(report.answers[1].json.at("classes")[0]["probability"].get<double>() == Approx(0.5));
  CHECK(report.answers[2].sample == 2);
  const std::string file = model.folder.str("x.npy");
  CHECK(contains(report.text(), file + " 1:  cat 50.0%  a \"dog\" 50.0%\n"));
  CHECK(contains(report.csv(), "input,sample,rank,class,probability\n"));
  CHECK(contains(report.csv(), file + ",1,2,\"a \"\"dog\"\"\",0.5\n"));
  const Json json = Json::parse(report.json());
  CHECK(json["schema"].get<int64_t>() == 1);
  CHECK(json["predictions"][1]["input"].get<std::string>() == file);
  CHECK(json["predictions"][1]["sample"].get<int64_t>() == 1);
  CHECK(json["predictions"][1]["classes"].size() == 2);
}

}  // namespace cnn
