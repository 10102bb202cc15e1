// The kind `attention`: whose weights stand where, and what is refused.
#include <cmath>

#include "data/vocabulary.h"
#include "io/image.h"
#include "model/loaded_network.h"
#include "support/catch.h"
#include "support/text.h"
#include "viz/small_network.h"
#include "viz/subject.h"
#include "viz/support.h"

using namespace cnn;

namespace {

// Words of both sides in one table, compared as they are: weights can be told from them alone.
const std::string& answering_run() {
  static const TemporaryFolder folder;
  static const std::string run = train_in(folder, R"(name: sums
input: {source: {steps: {most: 9}, classes: 32}, target: {steps: {most: 9}, classes: 32}}
layers:
  - {embed: 8, from: source, name: words}
  - {shift: 1, from: target, name: told}
  - {embed: 8, share: words, name: said}
  - {attention: [said, words], score: dot, name: context}
  - {concat: [said, context]}
  - {linear: 32, name: out}
loss: {cross_entropy: out, target: target}
data: {format: sentences, task: sum, train: 200, test: 20}
train: {epochs: 2, batch_size: 10, optimizer: {adam: 1e-2}, seed: 3}
)");
  return run;
}

const std::string& writing_run() {
  static const TemporaryFolder folder;
  static std::string run;
  if (!run.empty()) return run;
  folder.file("t.txt", "a bab ba\nabba bab a ab\nba ab abba\nabab b a bb a\nab ba a b\n");
  run = train_in(folder, R"(name: writer
input: {text: {steps: 10, classes: 4}}
layers:
  - {embed: 8, name: embed}
  - {multihead_attention, heads: 2, causal: true, name: first}
  - {multihead_attention, heads: 2, causal: true, name: second}
  - {linear: 4, name: out}
loss: {cross_entropy: out, target: next}
data: {format: text, train: t.txt, val: 0.3}
train: {epochs: 1, batch_size: 2, seed: 3}
)");
  return run;
}

std::vector<std::vector<float>> weights_of(const Json& layer) {
  return layer["weights"].get<std::vector<std::vector<float>>>();
}

}  // namespace

TEST_CASE("attention shows the weights of told words over read ones") {
  const VizRequest request = request_for_run(answering_run());
  const VizResult result = run_kind("attention", request, {{"samples", {"3"}}});
  REQUIRE(result.figures.size() == 3);
  CHECK(result.figures[0].name == "attention_0");
  LoadedNetwork network(request.subject().spec, source_of(request));
  network.plan({{Pass::predicting(), 1}});
  const WeightsInfo& info = network.load();
  const TextVocabulary& source = *info.vocabularies.at("source");
  const TextVocabulary& target = *info.vocabularies.at("target");
  const std::vector<float> rows =
      network.store().export_values(network.store().find("words.weight"));
  for (const Json& sample : result.numbers["samples"]) {
    CHECK(sample["is_own_answer"] == false);
    const Json& layer = sample["layers"][0];
    CHECK(layer["layer"] == "context");
    const auto read = layer["columns"].get<std::vector<std::string>>();
    const auto told = layer["rows"].get<std::vector<std::string>>();
    CHECK(told.back() == "<s>");
    CHECK(source.decode(source.encode(sample["texts"]["source"].get<std::string>())) ==
          sample["texts"]["source"]);
    const auto weights = weights_of(layer);
    REQUIRE(weights.size() == told.size());
    for (size_t r = 0; r < told.size(); ++r) {
      const int64_t before = r == 0 ? TextVocabulary::kEdge : target.number(told[r - 1]);
      std::vector<double> expected;
      double sum = 0;
      for (const std::string& word : read) {
        double product = 0;
        for (int64_t d = 0; d < 8; ++d) {
          product += static_cast<double>(rows[static_cast<size_t>(8 * before + d)]) *
                     static_cast<double>(rows[static_cast<size_t>(8 * source.number(word) + d)]);
        }
        sum += expected.emplace_back(std::exp(product));
      }
      REQUIRE(weights[r].size() == read.size());
      for (size_t c = 0; c < read.size(); ++c) {
        CHECK(weights[r][c] == Approx(expected[c] / sum).margin(1e-5));
      }
    }
    const std::vector<std::string> texts = texts_of(result.figures[0].drawing);
    if (&sample != &result.numbers["samples"][0]) continue;
    for (const std::string& word : read) {
      CHECK(std::count(texts.begin(), texts.end(), word) > 0);
    }
  }
}

TEST_CASE("attention of a given text is that of the network's own answer") {
  const VizRequest request = request_for_run(answering_run());
  const VizResult own =
      run_kind("attention", request, {{"samples", {"1"}}, {"first", {"4"}}, {"own", {"true"}}});
  const Json& sample = own.numbers["samples"][0];
  CHECK(sample["is_own_answer"] == true);
  const std::string source = sample["texts"]["source"].get<std::string>();
  const VizResult given = run_kind("attention", request, {{"text", {source}}});
  REQUIRE(given.figures.size() == 1);
  CHECK(given.figures[0].name == "attention");
  CHECK(given.numbers["samples"][0]["layers"] == sample["layers"]);
  CHECK(given.numbers["samples"][0]["texts"] == sample["texts"]);
}

TEST_CASE("attention of a text to itself leaves the future empty") {
  const VizRequest request = request_for_run(writing_run());
  const VizResult result = run_kind("attention", request, {{"text", {"abba ab"}}});
  const Json& layers = result.numbers["samples"][0]["layers"];
  REQUIRE(layers.size() == 2);
  CHECK(layers[0]["rows"] == layers[0]["columns"]);
  CHECK(layers[0]["rows"].get<std::vector<std::string>>() ==
        std::vector<std::string>{"a", "b", "b", "a", "\xe2\x90\xa3", "a", "b"});
  for (const Json& layer : layers) {
    const auto weights = weights_of(layer);
    REQUIRE(weights.size() == 7);
    for (size_t r = 0; r < 7; ++r) {
      REQUIRE(weights[r].size() == 7);
      double sum = 0;
      for (size_t c = 0; c < 7; ++c) {
        sum += static_cast<double>(weights[r][c]);
        if (c > r) CHECK(weights[r][c] == 0);
      }
      CHECK(sum == Approx(1).margin(1e-5));
    }
  }
  // Two grids of seven, whose upper halves are transparent; and the bar.
  REQUIRE(result.figures.size() == 1);
  int grids = 0;
  for (const Image& image : pictures_of(result.figures[0].drawing)) {
    if (image.channels != 4) continue;
    ++grids;
    REQUIRE(image.height == 7);
    for (int64_t y = 0; y < 7; ++y) {
      for (int64_t x = 0; x < 7; ++x) CHECK(image.row(y)[4 * x + 3] == (x > y ? 0 : 255));
    }
  }
  CHECK(grids == 2);
  const VizResult one =
      run_kind("attention", request, {{"layer", {"sec*"}}, {"split", {"val"}}, {"samples", {"1"}}});
  CHECK(one.numbers["samples"][0]["layers"].size() == 1);
  CHECK(one.numbers["samples"][0]["layers"][0]["rows"].size() == 10);
}

TEST_CASE("attention to a picture is shown over it, a word a tile") {
  const TemporaryFolder folder;
  for (int i = 1; i <= 4; ++i) {
    Image image{8, 12, 3, std::vector<uint8_t>(288, static_cast<uint8_t>(40 * i))};
    write_png(folder.str(std::to_string(i) + ".png"), image);
  }
  folder.file("train.tsv", "1.png\ta dog runs\n2.png\ttwo dogs\n3.png\ta cat\n4.png\ta bird\n");
  const std::string run = train_in(folder, R"(name: captions
input: {image: [3, 8, 12], text: {steps: {most: 6}, classes: 9}}
layers:
  - {conv: 4, kernel: 3, stride: 2, pad: 1, act: relu, from: image, name: body}
  - {tokens, from: body, name: pixels}
  - {shift: 1, from: text}
  - {embed: 4, name: words}
  - {gru: 8, name: decoder}
  - {attention: [decoder, pixels], name: look}
  - {concat: [decoder, look]}
  - {linear: 9, name: out}
loss: {cross_entropy: out, target: text}
data: {format: captions, train: train.tsv, test: train.tsv, lower: true}
train: {epochs: 1, batch_size: 2}
)");
  const VizRequest request = request_for_run(run);
  const VizResult result = run_kind("attention", request, {{"samples", {"1"}}});
  const Json& layer = result.numbers["samples"][0]["layers"][0];
  CHECK(layer["grid"] == Json({4, 6}));
  CHECK(layer["rows"] == Json({"a", "dog", "runs", "<s>"}));
  for (const auto& row : weights_of(layer)) {
    REQUIRE(row.size() == 24);
    double sum = 0;
    for (const float weight : row) sum += static_cast<double>(weight);
    CHECK(sum == Approx(1).margin(1e-5));
  }
  REQUIRE(result.figures.size() == 1);
  CHECK(pictures_of(result.figures[0].drawing).size() == 5);  // it, and once for each word
  const auto texts = texts_of(result.figures[0].drawing);
  for (const char* word : {"picture", "a", "dog", "runs"}) {
    CHECK(std::count(texts.begin(), texts.end(), word) == 1);
  }
  // A picture that is given gets the network's own words.
  const VizResult given = run_kind("attention", request, {{"text", {folder.str("2.png")}}});
  CHECK(given.numbers["samples"][0]["name"] == "2.png");
  CHECK(given.numbers["samples"][0]["is_own_answer"] == true);
}

TEST_CASE("a decoder's attention to itself is over the words that it has told before") {
  const TemporaryFolder folder;
  const std::string run = train_in(folder, R"(name: sums
input: {source: {steps: {most: 9}, classes: 32}, target: {steps: {most: 9}, classes: 32}}
layers:
  - {embed: 8, from: source, name: words}
  - {multihead_attention, heads: 2, name: read}
  - {shift: 1, from: target}
  - {embed: 8, name: said}
  - {multihead_attention, heads: 2, causal: true, name: own}
  - {multihead_attention: [own, read], heads: 2, name: across}
  - {linear: 32, name: out}
loss: {cross_entropy: out, target: target}
data: {format: sentences, task: sum, train: 100, test: 20}
train: {epochs: 1, batch_size: 10, seed: 3}
)");
  const VizResult result =
      run_kind("attention", request_for_run(run), {{"samples", {"1"}}, {"first", {"3"}}});
  const Json& layers = result.numbers["samples"][0]["layers"];
  REQUIRE(layers.size() == 3);
  using Words = std::vector<std::string>;
  CHECK(layers[0]["rows"] == layers[0]["columns"]);
  const auto told = layers[1]["rows"].get<Words>();
  Words before = {"<s>"};
  before.insert(before.end(), told.begin(), told.end() - 1);
  CHECK(layers[1]["columns"].get<Words>() == before);
  CHECK(layers[2]["rows"].get<Words>() == told);
  CHECK(layers[2]["columns"] == layers[0]["columns"]);
  // A layer over the source looks at all of it.
  CHECK(weights_of(layers[0])[0].back() > 0);
  CHECK(weights_of(layers[1])[0].back() == 0);
  const Words texts = texts_of(result.figures[0].drawing);
  CHECK(std::count(texts.begin(), texts.end(), "told") == 2);
  CHECK(std::count(texts.begin(), texts.end(), "looks") == 1);
}

TEST_CASE("attention says what it cannot show") {
  CHECK(contains(kind_error("attention", trained_request()),
                 "shows layers that weigh the items of a list; 'small' has none"));
  const VizRequest answering = request_for_run(answering_run());
  const std::string near = kind_error("attention", answering, {{"layer", {"contxt"}}});
  CHECK(contains(near, "'sums' has no layer 'contxt' that weighs"));
  CHECK(contains(near, "did you mean 'context'?"));
  const std::string other = kind_error("attention", answering, {{"layer", {"words"}}});
  CHECK(contains(other, "layer 'words' weighs no items of a list"));
  CHECK(contains(other, "there are 'context'"));
  const std::string lengthy = "one plus two plus one plus two plus one plus two";
  CHECK(contains(kind_error("attention", answering, {{"text", {lengthy}}}, Exit::kInput),
                 "is a text of 11 words; the model reads up to 9"));
  CHECK(contains(kind_error("attention", answering, {{"text", {""}}}, Exit::kInput), "is empty"));
  CHECK(contains(kind_error("attention", answering, {{"split", {"val"}}}),
                 "the split 'val' has no samples"));
  const VizRequest writing = request_for_run(writing_run());
  CHECK(contains(kind_error("attention", writing, {{"own", {"true"}}}), "--own is for networks"));
}
