// Networks that write, from training to what `cnn predict` and `cnn test` say of them.
#include <algorithm>

#include "data/catalogue.h"
#include "metrics/bleu.h"
#include "report/evaluate.h"
#include "support/catch.h"
#include "support/model_folder.h"
#include "support/threads.h"

namespace cnn {
namespace {

using namespace cnn::test;

// Adds two digits; small and trained for some seconds.
constexpr const char* kAdd = R"(name: add
input:
  source: {steps: {most: 3}, classes: 13}
  target: {steps: {most: 3}, classes: 13}
layers:
  - {embed: 16, from: source}
  - {gru: 24, name: encoder}
  - {shift: 1, from: target}
  - {embed: 16}
  - {gru: 24, start: encoder.last, name: decoder}
  - {linear: 13, name: out}
loss: {cross_entropy: out, target: target}
metrics: [accuracy, exact_match, {bleu: out, beam: 3, n: [1], tokenizer: none}]
data: {from: sentences, task: digits, unit: character, digits: 1, train: 400, test: 60, val: 40}
train: {epochs: 3, batch_size: 16, optimizer: {adam: 1e-2}, seed: 1, workers: 0}
)";

constexpr const char* kGoesOn = R"(name: goes-on
input: {text: {steps: 20, classes: 27}}
layers:
  - {embed: 8}
  - {lstm: 24, carry: true, name: rnn}
  - {linear: 27, name: out}
loss: {cross_entropy: out, target: next}
metrics: [perplexity]
data: {from: sentences, task: text, unit: character, train: 60, test: 10, val: 2}
train: {epochs: 1, batch_size: 4, stream: true, optimizer: {adam: 1e-2}, seed: 1, workers: 0}
)";

// A model that has been trained for a moment, with its folder.
struct Trained {
  TemporaryFolder folder;
  TrainReport report;
  std::string weights;

  explicit Trained(const char* model, const std::vector<std::string>& overrides = {})
      : report(train_here(folder, model, "run", overrides)),
        weights(folder.str("runs/run/weights/last.safetensors")) {}
  ModelSpec spec(const std::vector<std::string>& overrides = {}) const {
    return test::load(folder.str("runs/run/spec.yaml"), overrides);
  }
  PredictReport predicted(const std::vector<std::string>& inputs, int64_t beams = 1) const {
    PredictRequest request;
    request.weights = weights;
    request.inputs = inputs;
    request.beams = beams;
    return predict(spec(), request);
  }
  PredictRequest prompt(const std::string& text, int64_t length, uint64_t seed = 0) const {
    PredictRequest request;
    request.weights = weights;
    request.prompt = text;
    request.length = length;
    request.seed = static_cast<int64_t>(seed);
    return request;
  }
};

}  // namespace

TEST_CASE("texts that a network writes are measured as predict shows them") {
  const QuietLog log;
  const Trained model(kAdd);
  CHECK(find_score(model.report.last, "val/exact_match") != nullptr);
  CHECK(find_score(model.report.last, "train/exact_match") == nullptr);
  TestRequest request;
  request.weights = model.weights;
  const TestReport tested = test_model(model.spec(), request);

  const DataView test = open_dataset(load_data(model.spec()), Split::kTest, 1);
  int right = 0;
  BleuCounts counts;
  std::vector<std::string> sums;
  for (const int64_t i : test.indices) {
    std::vector<float> numbers(3), answer(3);
    std::vector<float*> out = {numbers.data(), answer.data()};
    std::vector<int64_t> items(2);
    test.dataset->read_items(i, nullptr, out, items);
    const std::vector<int64_t> symbols(numbers.begin(), numbers.begin() + items[0]);
    sums.push_back(test.dataset->vocabulary(0)->decode(symbols));
  }
  const PredictReport likeliest = model.predicted(sums), searched = model.predicted(sums, 3);
  for (size_t i = 0; i < sums.size(); ++i) {
    const std::vector<std::string> truth = test.dataset->references(test.indices[i]);
    right += likeliest.answers[i].text == truth[0] ? 1 : 0;
    counts.add(searched.answers[i].text, truth, BleuTokens::kBlank);
  }
  CHECK(*find_score(tested.metrics, "exact_match") ==
        Approx(right / static_cast<double>(sums.size())));
  CHECK(*find_score(tested.metrics, "bleu1") == Approx(counts.score(1)).margin(1e-9));
}

TEST_CASE("what is written has the same bits on any number of threads") {
  const QuietLog log;
  const Trained model(kAdd);
  std::vector<std::string> texts[2];
  for (int i = 0; i < 2; ++i) {
    const WithThreads threads(i == 0 ? 1 : 3);
    const PredictReport report = model.predicted({"1+2", "9+9", "3+4", "0+0", "5+8"}, 4);
    for (const Answer& answer : report.answers) texts[i].push_back(answer.text);
  }
  CHECK(texts[0] == texts[1]);
}

TEST_CASE("answers are a line each, and as JSON have their inputs") {
  const Trained model(kAdd);
  const QuietLog log;
  const std::string file = model.folder.file("sums.txt", "1+2\n9+9\n");
  const PredictReport report = model.predicted({"3+4", file});
  REQUIRE(report.answers.size() == 3);
  CHECK(report.text() == report.answers[0].text + "\n" + report.answers[1].text + "\n" +
                             report.answers[2].text + "\n");
  CHECK(report.json().find("{\"input\":\"3+4\",\"text\":\"") != std::string::npos);
  CHECK(report.csv().starts_with("input,text\n3+4,"));
  model.predicted({"1+x"});
  CHECK(log.has("'x'"));
  CHECK(error_of(Exit::kInput, [&] { model.predicted({""}); }) != "");
}

TEST_CASE("a prompt goes on piece by piece") {
  const QuietLog log;
  const Trained model(kGoesOn);
  PredictRequest request = model.prompt("the c", 30, 7);
  std::string told;
  request.tell = [&](std::string_view piece) { told += piece; };
  const PredictReport report = predict(model.spec(), request);
  CHECK(told == report.answers[0].text);
  CHECK(told.starts_with("the c"));
  CHECK(told.size() == 35);
  CHECK(predict(model.spec(), model.prompt("the c", 30, 7)).answers[0].text == told);
  CHECK(predict(model.spec(), model.prompt("the c", 30, 8)).answers[0].text != told);
  CHECK(report.json().find("{\"input\":\"the c\",\"text\":\"the c") != std::string::npos);
}

TEST_CASE("prompts that cannot go on are explained") {
  const Trained goes_on(kGoesOn), answers(kAdd, {"train.epochs=1"});
  const QuietLog log;
  const auto say = [](const Trained& model, const std::string& text) {
    return [&model, text] { predict(model.spec(), model.prompt(text, 3)); };
  };
  CHECK(contains(error_of(Exit::kUsage, say(goes_on, "")), "--prompt is empty"));
  CHECK(contains(error_of(Exit::kInput, say(goes_on, "é")), "'é'"));
  CHECK(contains(error_of(Exit::kUsage, say(answers, "1")), "give it sentences"));
  say(goes_on, "aé")();
  CHECK(log.has("left out"));
  const std::string picture =
      "name: p\ninput: {image: [1, 28, 28]}\nlayers: [flatten, {linear: 10, name: out}]\n"
      "loss: {cross_entropy: out, target: label}\ndata: digits\n";
  const TemporaryFolder folder;
  const ModelSpec spec = test::load(folder.file("p.yaml", picture));
  CHECK(contains(error_of(Exit::kUsage, [&] { predict(spec, goes_on.prompt("a", 3)); }),
                 "writes none"));
}

TEST_CASE("metrics of texts are refused where nothing is written") {
  const QuietLog log;
  const TemporaryFolder folder;
  std::string text = kGoesOn;
  text.replace(text.find("[perplexity]"), 12, "[{bleu: out}]");
  CHECK(contains(error_of(Exit::kSpec, [&] { train_here(folder, text, "run"); }),
                 "this network writes none"));
}

}  // namespace cnn
