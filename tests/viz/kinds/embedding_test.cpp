// The kind `embedding` and t-SNE.

#include "base/error.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "support/catch.h"
#include "support/text.h"
#include "viz/small_network.h"
#include "viz/support.h"
#include "viz/tsne.h"
#include "viz/word_vectors.h"

using namespace cnn;

namespace {

// `clusters` heaps of 40 points in ten dimensions.
std::vector<float> heaps(int64_t clusters, double apart, std::vector<int64_t>* classes) {
  std::vector<float> points;
  RandomSequence random(Rng(1, "heaps"));
  for (int64_t c = 0; c < clusters; ++c) {
    for (int64_t i = 0; i < 40; ++i) {
      classes->push_back(c);
      for (int64_t d = 0; d < 10; ++d) {
        points.push_back(random.normal() + static_cast<float>(d == c ? apart : 0));
      }
    }
  }
  return points;
}

std::vector<float> first_two(const std::vector<float>& points) {
  std::vector<float> start;
  for (size_t i = 0; i < points.size(); i += 10) {
    start.push_back(points[i]);
    start.push_back(points[i + 1]);
  }
  return start;
}

}  // namespace

TEST_CASE("nearest neighbours are those of a plain search") {
  std::vector<int64_t> classes;
  const std::vector<float> points = heaps(8, 2, &classes);
  const Neighbours near = nearest_neighbours(points, 320, 5);
  for (const size_t i : {0u, 57u, 319u}) {
    std::vector<std::pair<double, int32_t>> all;
    for (size_t j = 0; j < 320; ++j) {
      double square = 0;
      for (size_t d = 0; d < 10; ++d) {
        const double less = static_cast<double>(points[10 * i + d] - points[10 * j + d]);
        square += less * less;
      }
      if (j != i) all.emplace_back(square, static_cast<int32_t>(j));
    }
    std::sort(all.begin(), all.end());
    for (size_t k = 0; k < 5; ++k) {
      CHECK(near.indices[5 * i + k] == all[k].second);
      CHECK(near.squares[5 * i + k] == Approx(all[k].first).epsilon(1e-4));
    }
  }
}

TEST_CASE("t-SNE keeps clusters apart that two dimensions of the data do not") {
  std::vector<int64_t> classes;
  const std::vector<float> points = heaps(6, 8, &classes);
  const std::vector<float> start = first_two(points);
  CHECK(neighbour_accuracy(start, classes, 5) < 0.8);
  const TsneResult result = tsne(points, 240, start, {.perplexity = 15, .steps = 400});
  CHECK(neighbour_accuracy(result.places, classes, 5) > 0.98);
  CHECK(result.divergence > 0);
  CHECK(result.divergence < 1.5);
}

TEST_CASE("t-SNE has the same bits for any number of threads") {
  std::vector<int64_t> classes;
  const std::vector<float> points = heaps(3, 5, &classes);
  const int before = threads();
  std::vector<float> places;
  for (const int count : {1, 2, 5}) {
    set_threads(count);
    const auto result = tsne(points, 120, first_two(points), {.perplexity = 10, .steps = 120});
    if (places.empty()) places = result.places;
    CHECK(result.places == places);
  }
  set_threads(before);
}

TEST_CASE("t-SNE takes a few points, equal ones too") {
  const std::vector<float> same(40, 1.0f);
  const TsneResult result = tsne(same, 4, std::vector<float>(8, 0.0f), {.steps = 100});
  for (const float place : result.places) CHECK(std::isfinite(place));
}

TEST_CASE("an embedding shows every sample, and says how well classes are kept apart") {
  const VizResult result =
      run_kind("embedding", trained_request(), {{"samples", {"100"}}, {"steps", {"200"}}});
  REQUIRE(result.figures.size() == 2);
  CHECK(result.figures[0].name == "embedding_pca");
  CHECK(result.figures[1].name == "embedding_tsne");
  CHECK(result.numbers["layer"] == "f2");
  for (const auto& map : result.numbers["maps"]) {
    CHECK(map["points"].size() == 100);
    CHECK(map["neighbour_accuracy"].get<double>() > 0.2);
  }
}

TEST_CASE("thumbnails do not lie on one another, bad requests are usage errors") {
  const VizResult result = run_kind(
      "embedding", trained_request(),
      {{"samples", {"60"}}, {"method", {"pca"}}, {"thumbnails", {"true"}}, {"layer", {"c1"}}});
  const size_t shown = pictures_of(result.figures[0].drawing).size();
  CHECK(shown > 10);
  CHECK(shown <= 60);
  for (const std::vector<VizFlag>& flags :
       std::vector<std::vector<VizFlag>>{{{"samples", {"4"}}}, {{"layer", {"nothing"}}}}) {
    try {
      run_kind("embedding", trained_request(), flags);
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.code() == Exit::kUsage);
    }
  }
}

TEST_CASE("nearest words lie in the most similar direction, however long their vectors are") {
  WordVectors vectors;
  vectors.names = {"<s>", "<unk>", "king", "queen", "car", "prince"};
  vectors.width = 2;
  vectors.rows = {1, 0, 1, 0, 2, 1, 20, 9, -1, 3, 1, 0.6f};
  vectors.first = 2;
  const auto near = vectors.nearest(2, 2);
  REQUIRE(near.size() == 2);
  CHECK(near[0].first == 3);
  CHECK(near[0].second == Approx(49 / std::sqrt(5.0 * 481)));
  CHECK(near[1].first == 5);
  CHECK(vectors.nearest(2, 9).size() == 3);  // itself and the marks are none
  CHECK(vectors.number("Queen") == 3);
  CHECK_THROWS_WITH(vectors.number("quen"), Catch::Contains("did you mean 'queen'?"));
}

TEST_CASE("an embedding of words has their names, as many as are asked for") {
  const TemporaryFolder folder;
  const std::string run = train_in(folder, R"(name: topics
input: {text: {steps: {most: 19}, classes: 181}}
layers:
  - {embed: 6, name: words}
  - {reduce: mean, name: mean}
  - {linear: 10, name: out}
loss: {cross_entropy: out, target: label}
data: {format: sentences, train: 60, test: 20}
train: {epochs: 1, batch_size: 10}
)");
  const VizRequest request = request_for_run(run);
  const VizResult result = run_kind("embedding", request,
                                    {{"layer", {"words"}},
                                     {"words", {"40"}},
                                     {"steps", {"100"}},
                                     {"nearest", {"dollar", "cat"}}});
  REQUIRE(result.figures.size() == 2);
  const auto words = result.numbers["words"].get<std::vector<std::string>>();
  CHECK(words.size() == 40);
  CHECK(std::find(words.begin(), words.end(), "<unk>") == words.end());
  CHECK(result.numbers["maps"][1]["points"].size() == 40);
  REQUIRE(result.numbers["nearest"].size() == 2);
  CHECK(result.numbers["nearest"][0]["symbol"] == "dollar");
  CHECK(result.numbers["nearest"][0]["neighbours"].size() == 10);
  CHECK(contains(result.text, "cat: "));
  // Samples are shown as ever where no such layer is named.
  CHECK(run_kind("embedding", request, {{"method", {"pca"}}}).numbers["samples"] == 20);
  CHECK(contains(kind_error("embedding", request, {{"nearest", {"dollra"}}}),
                 "did you mean 'dollar'?"));
  CHECK(contains(kind_error("embedding", request, {{"layer", {"mean"}}, {"nearest", {"cat"}}}),
                 "--nearest: 'mean' is not a layer with a vector"));
  CHECK(contains(kind_error("embedding", trained_request(), {{"nearest", {"cat"}}}),
                 "--nearest: 'small' does not have a layer with a vector"));
}
