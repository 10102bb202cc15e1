// Classes of every item of a list; and that predict reads lists and texts at all.
#include "data/support.h"
#include "support/catch.h"
#include "support/model_folder.h"

namespace cnn {
namespace {

using namespace cnn::test;

// Each word's class is the word: "<s>", "<unk>", "no", "yes".
constexpr const char* kWords = R"(name: words
input: {text: {steps: {most: 3}, classes: 4}}
layers:
  - onehot
  - {linear: 4, bias: false, name: out}
loss: {cross_entropy: out, target: tag}
data: sentences
)";

ModelFolder words() {
  const std::vector<std::string> symbols = {"no", "yes"};
  std::vector<float> identity(16, 0);
  for (size_t i = 0; i < 4; ++i) identity[5 * i] = 20;
  return ModelFolder(kWords, {identity}, {"edge", "unknown", "no!", "yes!"},
                     std::make_shared<TextVocabulary>(symbols, TextUnit::kWord));
}

std::vector<float> numbers(const std::string& path) { return NpyReader(path).read_all(); }

}  // namespace

TEST_CASE("every item of a text has its class") {
  const ModelFolder model = words();
  model.folder.file("lines.txt", "no no yes\nmaybe no\n");
  PredictRequest request = model.request({"yes no", model.folder.str("lines.txt")});
  const QuietLog log;
  const PredictReport report = predict(model.load(), request);
  CHECK(log.has("1 of 7 words is not in the model's vocabulary"));
  REQUIRE(report.answers.size() == 3);
  CHECK(report.answers[0].input == "yes no");
  CHECK(report.answers[0].text == "  yes!  no!");
  CHECK(report.answers[1].text == "  no!  no!  yes!");
  CHECK(report.answers[2].is_whole);
  CHECK(report.answers[2].text == "  unknown  no!");
  CHECK(contains(report.csv(), "input,sample,item,class,probability\nyes no,0,0,yes!,"));
  const Json json = Json::parse(report.json());
  CHECK(json["predictions"][0]["items"][1]["name"].get<std::string>() == "no!");

  // Files are as long as the longest list may be, and say how long each is.
  REQUIRE(report.files.size() == 2);
  CHECK(NpyReader(report.files[0]).shape() == std::vector<int64_t>{3, 3, 4});
  CHECK(numbers(report.files[1]) == std::vector<float>{2, 3, 2});
  const std::vector<float> out = numbers(report.files[0]);
  CHECK(std::vector<float>(out.begin(), out.begin() + 12) ==
        std::vector<float>{0, 0, 0, 20, 0, 0, 20, 0, 0, 0, 0, 0});
}

TEST_CASE("class numbers come from arrays, too") {
  const ModelFolder model = words();
  model.folder.file("x.npy", npy_int64("(1, 2)", {3, 2}));
  PredictRequest request = model.request({model.folder.str("x.npy")});
  const PredictReport report = predict(model.load(), request);
  REQUIRE(report.answers.size() == 1);
  CHECK(report.answers[0].text == "  yes!  no!");
  CHECK(contains(report.text(), "x.npy 0:  yes!  no!"));
}

TEST_CASE("a list of one length is one axis more of arrays") {
  const ModelFolder model(
      "name: steps\ninput: {image: {steps: 2, shape: [2]}}\nlayers: [{linear: 2, bias: false, "
      "name: out}]\nloss: {cross_entropy: out, target: label}\ndata: digits\n",
      {{0, 3, 3, 0}}, {"left", "right"});
  const std::string x = model.array("x.npy", {3, 2, 2}, std::vector<float>(12, 1));
  const std::string y = model.array("y.npy", {1, 2, 2}, std::vector<float>{1, 0, 0, 1});
  const PredictReport report = predict(model.load(), model.request({x, y}));
  REQUIRE(report.answers.size() == 4);
  CHECK(report.answers[3].text == "  right  left");
  CHECK(NpyReader(model.folder.str("out/x/out.npy")).shape() == std::vector<int64_t>{3, 2, 2});
  CHECK(report.files.size() == 2);
}

}  // namespace cnn
