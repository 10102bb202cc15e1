#include "model/mixing.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/parallel.h"
#include "graph/builder.h"
#include "support/catch.h"
#include "support/training.h"

namespace cnn {
namespace {

using namespace cnn::test;

constexpr const char* kPictures = R"(name: pictures
input: {image: [2, 6, 5], tone: [3]}
layers:
  - {flatten: ~, from: image}
  - {linear: 4, name: out}
  - {linear: 2, from: tone, name: numbers}
loss:
  - {cross_entropy: out, target: label}
  - {mse: numbers, target: size}
)";

struct Samples {
  explicit Samples(int64_t n, int64_t number = 0) {
    const std::vector<int64_t> counts = {60, 3, 1, 2};  // image, tone, label, size
    memory.resize(4);
    for (size_t f = 0; f < 4; ++f) {
      memory[f].resize(static_cast<size_t>(n * counts[f]));
      // Every number says which sample and place it is from.
      for (size_t i = 0; i < memory[f].size(); ++i) {
        memory[f][i] = static_cast<float>(i) + 1000.0f * static_cast<float>(f);
      }
      batch.fields.push_back(memory[f].data());
    }
    batch.n = n;
    batch.number = number;
  }
  std::vector<std::vector<float>> memory;
  Batch batch;
};

// The graph of a model given as text, as it is trained.
class Built {
 public:
  explicit Built(const std::string& model)
      : spec_(load(folder_.file("m.yaml", model))),
        graph(build_graph(spec_, Phase::kTrain, store_)) {}

 private:
  TemporaryFolder folder_;
  ModelSpec spec_;
  ParameterStore store_;

 public:
  Graph graph;
};

std::vector<std::string> names_of(const Graph& graph) {
  std::vector<std::string> names;
  for (const GraphField& field : graph.fields) names.push_back(field.field.name);
  return names;
}

TEST_CASE("numbers of a Beta distribution have its mean and variance") {
  for (const double a : {0.1, 0.2, 1.0, 4.0}) {
    constexpr int kDraws = 20000;
    double sum = 0, squares = 0;
    for (int i = 0; i < kDraws; ++i) {
      RandomSequence random(Rng(1, "beta", 0, static_cast<uint64_t>(i)));
      const double x = draw_beta(a, random);
      CHECK((x >= 0 && x <= 1));
      sum += x;
      squares += (x - 0.5) * (x - 0.5);
    }
    INFO("a = " << a);
    CHECK(sum / kDraws == Approx(0.5).margin(0.012));
    CHECK(squares / kDraws == Approx(1 / (4 * (2 * a + 1))).epsilon(0.03));
  }
}

TEST_CASE("mixup blends each sample with its partner and leaves the one in the middle") {
  const Built built(kPictures);
  REQUIRE(names_of(built.graph) == std::vector<std::string>{"image", "tone", "label", "size"});
  Mixer mixer(built.graph, {0.5, 0}, 3);
  const Samples before(7);
  Samples after(7);
  mixer.mix(after.batch, 2, 7);
  REQUIRE(mixer.shares().size() == 7);
  CHECK(mixer.shares()[3] == 1);
  CHECK(mixer.shares()[0] != mixer.shares()[1]);
  CHECK(after.memory[2] == before.memory[2]);  // losses mix class numbers
  for (size_t f : {0U, 1U, 3U}) {
    const size_t count = before.memory[f].size() / 7;
    for (size_t n = 0; n < 7; ++n) {
      const float share = mixer.shares()[n];
      CHECK((share >= 0.5f && share <= 1));
      CHECK(share == mixer.shares()[6 - n]);
      for (size_t i = 0; i < count; ++i) {
        const float own = before.memory[f][n * count + i];
        const float other = before.memory[f][(6 - n) * count + i];
        CHECK(after.memory[f][n * count + i] == Approx(share * own + (1 - share) * other));
      }
    }
  }
}

TEST_CASE("cutmix lays a box of one picture into the other, and its area is the share") {
  const Built built(kPictures);
  // Its second input is no picture.
  CHECK(mixing_problem(built.graph, {0, 1}).value_or("").find("'tone' is none") !=
        std::string::npos);
  const Built plain(
      "name: plain\ninput: {image: [2, 6, 5]}\nlayers:\n  - flatten\n  - {linear: 4, name: out}\n"
      "loss: {cross_entropy: out, target: label}\n");
  Mixer mixer(plain.graph, {0, 1}, 3);
  int boxes = 0, whole = 0;
  for (int64_t number = 0; number < 40; ++number) {
    const Samples before(4, number);
    Samples after(4, number);
    Batch batch = after.batch;
    batch.fields = {after.memory[0].data(), after.memory[2].data()};
    mixer.mix(batch, 0, 4);
    for (size_t n = 0; n < 4; ++n) {
      int own = 0, top = 6, bottom = -1, left = 5, right = -1, others = 0;
      const auto at = [&](size_t sample, int y, int x, int c) {
        return sample * 60 + static_cast<size_t>((y * 5 + x) * 2 + c);
      };
      const float share = mixer.shares()[n];
      for (int y = 0; y < 6; ++y) {
        for (int x = 0; x < 5; ++x) {
          const bool is_own = after.memory[0][at(n, y, x, 0)] == before.memory[0][at(n, y, x, 0)];
          const size_t from = is_own ? n : 3 - n;
          for (int c = 0; c < 2; ++c) {
            CHECK(after.memory[0][at(n, y, x, c)] == before.memory[0][at(from, y, x, c)]);
          }
          own += is_own;
          if (is_own) continue;
          ++others;
          top = std::min(top, y), bottom = std::max(bottom, y);
          left = std::min(left, x), right = std::max(right, x);
        }
      }
      CHECK(share == Approx(own / 30.0));
      CHECK(share >= 0.5f);
      const bool is_box = others == 0 || others == (bottom - top + 1) * (right - left + 1);
      boxes += is_box && others > 0;
      whole += others == 0;
    }
  }
  CHECK(boxes > 40);  // of 160; where the box is the larger part, the rest changes places
  CHECK(whole < 60);
}

TEST_CASE("mixtures depend on seed and epoch and place alone") {
  const Built built(kPictures);
  const auto mixed = [&](uint64_t seed, int64_t epoch, int64_t number, int threads) {
    set_threads(threads);
    Mixer mixer(built.graph, {1, 0}, seed);
    Samples samples(6, number);
    mixer.mix(samples.batch, epoch, 6);
    set_threads(0);
    return samples.memory;
  };
  const auto first = mixed(1, 0, 0, 1);
  CHECK(mixed(1, 0, 0, 4) == first);
  CHECK(mixed(2, 0, 0, 1) != first);
  CHECK(mixed(1, 1, 0, 1) != first);
  CHECK(mixed(1, 0, 1, 1) != first);
}

TEST_CASE("a batch of one sample stays as it is") {
  const Built built(kPictures);
  Mixer mixer(built.graph, {1, 0}, 1);
  Samples samples(1);
  mixer.mix(samples.batch, 0, 8);
  CHECK(samples.memory == Samples(1).memory);
  CHECK(mixer.shares().size() == 1);
  CHECK(mixer.shares()[0] == 1);
}

TEST_CASE("what cannot be mixed is said") {
  const auto problem = [](const std::string& input, const std::string& rest, MixRule rule) {
    const Built built("name: m\ninput: " + input + "\nlayers:\n" + rest);
    return mixing_problem(built.graph, rule).value_or("");
  };
  const std::string head = "  - flatten\n  - {linear: 4, name: out}\nloss: ";
  const std::string image = "{image: [1, 4, 4]}";
  CHECK(problem(image, head + "{focal: out, target: label}\n", {1, 1}).empty());
  CHECK(problem(image, head + "{bce_logits: out, target: tags}\n", {1, 1}).empty());
  CHECK(contains(problem(image, head + "{cross_entropy: out, target: label, weights: w}\n", {1, 0}),
                 "'label' is neither"));
  CHECK(contains(
      problem(image,
              "  - {conv: 3, kernel: 1, name: map}\nloss: {cross_entropy: map, target: mask}\n",
              {1, 0}),
      "'mask' is neither"));
  // A box of the input says nothing of where it lies in a smaller target.
  const std::string pictures = "  - {avgpool: 2, name: half}\nloss: {mse: half, target: small}\n";
  CHECK(contains(problem(image, pictures, {0, 1}), "not out of the target 'small' [1,2,2]"));
  CHECK(problem(image, pictures, {1, 0}).empty());
  CHECK(contains(problem("{numbers: [8]}", head + "{cross_entropy: out, target: label}\n", {0, 1}),
                 "'numbers' is none"));
  CHECK(contains(problem("{numbers: {steps: 5, shape: [2]}}",
                         "  - {reduce: mean}\n  - {linear: 4, name: out}\nloss: {cross_entropy: "
                         "out, target: label}\n",
                         {1, 0}),
                 "'numbers' is a list"));
}

}  // namespace
}  // namespace cnn
