// Testing: several passes, ten crops, memory; numbers outside of what a loss takes.
#include "report/evaluate.h"

#include <cmath>

#include "base/parallel.h"
#include "io/npy.h"
#include "support/catch.h"
#include "support/model_folder.h"

namespace cnn {
namespace {

using namespace cnn::test;

TestReport tested(const ModelFolder& model, const std::vector<std::string>& overrides = {},
                  const std::function<void(TestRequest&)>& change = {}) {
  TestRequest request;
  request.weights = model.weights;
  if (change) change(request);
  return test_model(model.load(overrides), request);
}

// z ~ N(0.5 x, e), recon = 2 z.
constexpr const char* kSampler = R"(name: sampler
input: {image: [1]}
vars: {samples: true}
layers:
  - {linear: 1, bias: false, name: mu}
  - {linear: 1, from: image, name: logvar}
  - {gaussian: [mu, logvar], testing: $samples, name: code}
  - {linear: 1, bias: false, name: recon}
loss: [{mse: recon, target: image, reduction: sum}, {kl_normal: [mu, logvar]}]
metrics: [{elbo: [mu, logvar], likelihood: normal}]
data: {format: npy, inputs: x.npy, test_inputs: x.npy}
)";

struct Sampler : ModelFolder {
  Sampler() : ModelFolder(kSampler, {{0.5f}, {0}, {1}, {2}}) {
    write_npy(folder.str("x.npy"), {5, 1}, std::vector<float>{-1, 0, 0.5f, 1, 2});
  }
};

TEST_CASE("passes of a network that samples differ, and their mean nears the expectation") {
  const Sampler model;
  const auto reconstruction = [&](int64_t passes, const std::string& samples) {
    const TestReport report =
        tested(model, {"vars.samples=" + samples}, [&](TestRequest& r) { r.passes = passes; });
    CHECK(report.samples == 5);
    return *find_score(report.metrics,
                       samples == "true" ? "elbo_reconstruction" : "at_mean_reconstruction");
  };
  const double mean_code = -std::log(2 * M_PI) / 2;  // 2 * 0.5 x is x
  CHECK(reconstruction(1, "false") == Approx(mean_code));
  CHECK(reconstruction(3, "false") == Approx(mean_code));
  // The error of 2 z has the variance 4 e.
  const double expected = mean_code - 2 * std::exp(1.0);
  CHECK(reconstruction(1, "true") != Approx(reconstruction(2, "true")));
  CHECK(reconstruction(2000, "true") == Approx(expected).epsilon(0.05));
}

TEST_CASE("what a network samples in testing is the same for a seed, in batches of any size") {
  const Sampler model;
  const auto elbo = [&](const std::vector<std::string>& overrides, int64_t batch) {
    return *find_score(
        tested(model, overrides, [&](TestRequest& r) { r.passes = 3, r.batch_size = batch; })
            .metrics,
        "elbo");
  };
  const double whole = elbo({}, 5);
  for (const int64_t batch : {1, 2, 3, 4}) CHECK(elbo({}, batch) == whole);
  const int before = threads();
  set_threads(3);
  CHECK(elbo({}, 2) == whole);
  set_threads(before);
  CHECK(elbo({"train.seed=9"}, 5) != whole);
}

// Two classes of pictures of 8x9, of which the network sees 7x7.
constexpr const char* kCrops = R"(name: crops
input: {image: [1, 7, 7]}
layers: [flatten, {linear: 2, name: out}]
loss: {cross_entropy: out, target: label}
metrics: [accuracy]
data: {format: folder, train: set, test: set, channels: 1, augment: {crop: 7}}
)";

std::vector<float> waves() {
  std::vector<float> weight;
  for (int i = 0; i < 98; ++i) weight.push_back(static_cast<float>(std::sin(i)));
  return weight;
}

struct Crops : ModelFolder {
  Crops() : ModelFolder(kCrops, {waves(), {0.1f, -0.2f}}, {"a", "b"}) {
    for (const char* name : {"a", "b"}) {
      std::filesystem::create_directories(folder.str("set/" + std::string(name)));
      for (int64_t i = 0; i < 3; ++i) {
        Image image = ramp(8, 9);
        for (uint8_t& v : image.values) {
          v = static_cast<uint8_t>(v * (i + 2 + (*name == 'b')) % 251);
        }
        picture(fmt::format("set/{}/{}.png", name, i), image);
      }
    }
  }
};

// The mean softmax of the ten crops of a picture of 8x9, cut by hand.
std::vector<double> mean_of_crops(const ModelFolder& model, const Image& image) {
  std::vector<float> windows;
  for (int64_t n = 0; n < 10; ++n) {
    const int64_t tops[] = {0, 0, 1, 1, 0}, lefts[] = {0, 2, 0, 2, 1};
    for (int64_t y = 0; y < 7; ++y) {
      for (int64_t x = 0; x < 7; ++x) {
        const int64_t column = lefts[n % 5] + (n < 5 ? x : 6 - x);
        windows.push_back(static_cast<float>(image.row(tops[n % 5] + y)[column]) / 255);
      }
    }
  }
  write_npy(model.folder.str("windows.npy"), {10, 1, 7, 7}, windows);
  PredictRequest request = model.request({model.folder.str("windows.npy")});
  request.top = 2;
  std::vector<double> mean(2, 0);
  for (const Answer& answer : predict(model.load(), request).answers) {
    for (const Json& c : answer.json.at("classes")) {
      mean[c["name"].get<std::string>() == "b"] += c["probability"].get<double>() / 10;
    }
  }
  return mean;
}

TEST_CASE("ten crops are one sample: the classes of their mean probability") {
  const Crops model;
  double right = 0;
  for (const std::string name : {"a", "b"}) {
    for (int i = 0; i < 3; ++i) {
      const Image image = read_image(model.folder.str(fmt::format("set/{}/{}.png", name, i)), 1);
      const std::vector<double> mean = mean_of_crops(model, image);
      right += (mean[1] > mean[0]) == (name == "b") ? 1 : 0;
    }
  }
  for (const int64_t batch : {0, 1, 20}) {
    const TestReport report = tested(model, {}, [&](TestRequest& r) {
      r.ten_crops = true;
      r.batch_size = batch;
    });
    CHECK(report.samples == 6);
    CHECK(*find_score(report.metrics, "accuracy") == Approx(right / 6));
    CHECK(report.confusion->total() == 6);
  }
}

TEST_CASE("predict averages ten crops, of pictures alone") {
  const Crops model;
  // 7/8 of 8x8 is the network's size: the picture is taken as it is.
  const Image image = ramp(8, 8);
  PredictRequest request = model.request({model.picture("p.png", image)});
  request.ten_crops = true;
  request.top = 2;
  const PredictReport report = predict(model.load(), request);
  CHECK(report.samples == 1);
  REQUIRE(report.answers.size() == 1);
  CHECK(NpyReader(model.folder.str("out/out.npy")).shape() == std::vector<int64_t>{1, 2});
  std::vector<float> windows;
  for (int64_t n = 0; n < 10; ++n) {
    const int64_t top = n % 5 == 2 || n % 5 == 3, left = n % 5 == 1 || n % 5 == 3;
    for (int64_t y = 0; y < 7; ++y) {
      for (int64_t x = 0; x < 7; ++x) {
        windows.push_back(static_cast<float>(image.row(top + y)[left + (n < 5 ? x : 6 - x)]) / 255);
      }
    }
  }
  write_npy(model.folder.str("windows.npy"), {10, 1, 7, 7}, windows);
  PredictRequest by_hand = model.request({model.folder.str("windows.npy")});
  by_hand.top = 2;
  const auto probability_of_b = [](const Answer& answer) {
    const Json& classes = answer.json.at("classes");
    const bool is_first = classes[0]["name"].get<std::string>() == "b";
    return classes[is_first ? 0 : 1]["probability"].get<double>();
  };
  double b = 0;
  for (const Answer& answer : predict(model.load(), by_hand).answers) {
    b += probability_of_b(answer) / 10;
  }
  CHECK(probability_of_b(report.answers[0]) == Approx(b).epsilon(1e-5));
  request.inputs = {model.folder.str("windows.npy")};
  CHECK(contains(error_of(Exit::kUsage, [&] { predict(model.load(), request); }), "is no picture"));
}

TEST_CASE("ten crops need classes of whole pictures") {
  const Sampler model;
  const std::string problem = error_of(
      Exit::kUsage, [&] { tested(model, {}, [](TestRequest& r) { r.ten_crops = true; }); });
  CHECK(contains(problem, "give every picture one class"));
}

TEST_CASE("row 27: testing counts the samples that are kept in memory") {
  const Crops model;
  const auto problem = [&](const std::vector<std::string>& overrides, uint64_t limit) {
    return error_of(Exit::kResource, [&] {
      tested(model, overrides, [&](TestRequest& r) { r.memory_limit = limit; });
    });
  };
  // 6 pictures of 400x400 are kept, as bytes.
  const std::vector<std::string> large = {"data.size=400"},
                                 unkept = {"data.size=400", "data.cache=0"};
  CHECK(contains(problem(large, 900'000), "for samples kept in memory (data.cache)"));
  CHECK(problem(large, 1'100'000) == "");
  CHECK(problem(unkept, 900'000) == "");
}

constexpr const char* kCoder = R"(name: coder
input: {image: [3]}
layers: [{linear: 3, name: recon}]
loss: {bce_logits: recon, target: image}
data: {format: npy, inputs: x.npy, test_inputs: x.npy, val: 0, shuffle: false}
train: {epochs: 1, batch_size: 2}
)";

// 20 samples in [0,1], but the second number of one.
struct Coder : ModelFolder {
  Coder(size_t sample, float number) : ModelFolder(kCoder, {}) {
    std::vector<float> values;
    for (size_t i = 0; i < 60; ++i) values.push_back(static_cast<float>(i % 7) / 6);
    values[3 * sample + 1] = number;
    write_npy(folder.str("x.npy"), {20, 3}, values);
  }
};

TEST_CASE("targets that a loss does not take are refused, with file and sample") {
  Recorder recorder;
  StopFlags flags;
  const auto training = [&](const ModelFolder& model, const std::vector<std::string>& overrides) {
    TrainRequest request;
    request.out = model.folder.str("runs");
    return error_of(Exit::kInput, [&] { train(model.load(overrides), request, recorder, flags); });
  };
  for (const float number : {1.5f, -0.1f, std::nanf("")}) {
    const Coder model(2, number);
    const std::string problem = training(model, {});
    CHECK(contains(problem, "x.npy: sample 2: error: 'image' has the number"));
    CHECK(contains(problem, "'bce_logits' takes targets from 0 to 1"));
    CHECK(contains(problem, "data.scale"));
    CHECK_FALSE(std::filesystem::exists(model.folder.str("runs")));  // seen before the run began
  }
  CHECK(contains(training(Coder(19, 7), {}), "x.npy: sample 19"));
  CHECK(contains(training(Coder(2, 0.5f), {"loss={bce: recon, target: image}", "data.std=0.5",
                                           "layers=[{linear: 3, act: sigmoid, name: recon}]"}),
                 "data.mean=0 data.std=1"));
  CHECK(training(Coder(2, -1), {"loss={bce_logits: recon, target: image, ignore: -1}"}) == "");
  CHECK(contains(error_of(Exit::kInput, [&] { tested(Coder(19, 2)); }), "x.npy: sample 19"));
}

}  // namespace
}  // namespace cnn
