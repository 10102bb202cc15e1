// Predicting on pictures: found by content, brought to the network's size, named by their classes.

#include "predict/predict.h"

#include "io/image.h"
#include "io/npy.h"
#include "io/safetensors.h"
#include "support/catch.h"
#include "support/model_folder.h"
#include "support/training.h"

namespace cnn {
namespace {

using namespace cnn::test;

constexpr const char* kModel = R"(name: light
input: {image: [3, 6, 6]}
layers: [flatten, {linear: 2, name: out}]
loss: {cross_entropy: out, target: label}
data: {format: folder, train: pictures, mean: [0.4, 0.5, 0.6], std: 0.5}
train: {epochs: 20, batch_size: 8, optimizer: {sgd: 0.2}}
)";

void add_picture(const TemporaryFolder& folder, const std::string& name, int64_t height,
                 int64_t width, int64_t channels, uint8_t value) {
  const std::filesystem::path path = folder.str(name);
  std::filesystem::create_directories(path.parent_path());
  write_png(path, {height, width, channels,
                   std::vector<uint8_t>(static_cast<size_t>(height * width * channels), value)});
}

// A model that tells bright from dark, trained; its weights.
struct Light {
  Light() {
    for (int i = 0; i < 8; ++i) {
      const std::string name = std::to_string(i) + ".png";
      add_picture(folder, "pictures/bright/" + name, 6, 6, 3, static_cast<uint8_t>(200 + 5 * i));
      add_picture(folder, "pictures/dark/" + name, 6, 6, 3, static_cast<uint8_t>(5 * i));
    }
    model = folder.file("light.yaml", kModel);
    TrainRequest request;
    request.out = folder.str("runs");
    Recorder recorder;
    StopFlags flags;
    train(load(model), request, recorder, flags);
    weights = folder.str("runs/light/weights/last.safetensors");
  }
  PredictReport run(const std::vector<std::string>& inputs, const std::string& out = "") const {
    PredictRequest request;
    request.weights = weights;
    request.inputs = inputs;
    request.out = out;
    request.batch_size = 3;
    return predict(load(model), request);
  }
  TemporaryFolder folder;
  std::string model, weights;
};

TEST_CASE("pictures of any size and kind are named by class, folders stand for their pictures") {
  const Light light;
  const QuietLog log;
  add_picture(light.folder, "in/a/large.jpg", 40, 20, 3, 240);  // by content, not by name
  add_picture(light.folder, "in/b/grey.png", 6, 9, 1, 10);
  add_picture(light.folder, "in/b/clear.png", 3, 3, 4, 220);
  add_picture(light.folder, "one.png", 6, 6, 3, 5);
  light.folder.file("in/notes.txt", "no picture");
  const PredictReport report = light.run({light.folder.str("in"), light.folder.str("one.png")});
  CHECK(report.samples == 4);
  REQUIRE(report.answers.size() == 4);
  const std::vector<std::pair<std::string, std::string>> expected = {{"in/a/large.jpg", "bright"},
                                                                     {"in/b/clear.png", "bright"},
                                                                     {"in/b/grey.png", "dark"},
                                                                     {"one.png", "dark"}};
  for (size_t i = 0; i < expected.size(); ++i) {
    const Answer& answer = report.answers[i];
    CHECK(answer.input == light.folder.str(expected[i].first));
    CHECK(answer.sample == 0);
    const Json& classes = answer.json.at("classes");
    REQUIRE(classes.size() == 2);
    CHECK(classes[0]["name"].get<std::string>() == expected[i].second);
    CHECK(classes[0]["probability"].get<double>() > 0.6);
  }
  CHECK(contains(report.text(), "one.png:  dark "));
  CHECK(contains(report.csv(), "one.png,0,1,dark,"));
  CHECK(log.has("1 of 4 files are no JPEG or PNG images"));
}

TEST_CASE("a picture gives what the same numbers as an array give") {
  const Light light;
  const QuietLog log;
  add_picture(light.folder, "one.png", 6, 6, 3, 100);
  std::vector<float> values;
  for (const double mean : {0.4, 0.5, 0.6}) {
    values.insert(values.end(), 36, static_cast<float>((100 * (1.0 / 255) - mean) / 0.5));
  }
  write_npy(light.folder.str("one.npy"), {1, 3, 6, 6}, values);
  light.run({light.folder.str("one.png")}, light.folder.str("picture"));
  light.run({light.folder.str("one.npy")}, light.folder.str("array"));
  CHECK(read_text(light.folder.str("picture/out.npy")) ==
        read_text(light.folder.str("array/out.npy")));
}

TEST_CASE("parts of the same name have folders of their own") {
  const Light light;
  const QuietLog log;
  std::filesystem::create_directories(light.folder.str("a"));
  std::filesystem::create_directories(light.folder.str("b"));
  write_npy(light.folder.str("a/x.npy"), {1, 3, 6, 6}, std::vector<float>(108, 1));
  write_npy(light.folder.str("b/x.npy"), {2, 3, 6, 6}, std::vector<float>(216, 1));
  const PredictReport report = light.run({light.folder.str("a/x.npy"), light.folder.str("b/x.npy")},
                                         light.folder.str("out"));
  CHECK(report.files == std::vector<std::string>{light.folder.str("out/x/out.npy"),
                                                 light.folder.str("out/x-2/out.npy")});
  CHECK(NpyReader(report.files[0]).shape()[0] == 1);
  CHECK(NpyReader(report.files[1]).shape()[0] == 2);
}

// As another tool writes them: no metadata.
std::string foreign(const ModelFolder& model) {
  const SafetensorsReader file(model.weights);
  SafetensorsWriter writer;
  for (const SafeTensor& tensor : file.tensors()) {
    writer.add(tensor.name, tensor.shape, [&file, &tensor](int64_t first, std::span<float> out) {
      std::vector<float> all(static_cast<size_t>(tensor.count));
      file.read(tensor, all);
      std::copy_n(all.begin() + first, out.size(), out.begin());
    });
  }
  writer.write(model.folder.str("foreign.safetensors"));
  return model.folder.str("foreign.safetensors");
}

TEST_CASE("what weights of other tools do not say the model's data map does") {
  const std::string text =
      "name: plain\ninput: {image: [1, 1, 1]}\nlayers: [flatten, {linear: 2, "
      "name: out}]\nloss: {cross_entropy: out, target: label}\n";
  const std::string data =
      "data: {format: folder, train: x, mean: 0.5, std: 0.25, classes: [a, b]}\n";
  const auto first_score = [](const PredictReport&, const ModelFolder& model) {
    return NpyReader(model.folder.str("out/out.npy")).read_all()[0];
  };
  const ModelFolder said((text + data).c_str(), {{1, 0}, {0, 0}});
  PredictRequest request = said.request({said.picture("p.png", {1, 1, 1, {51}})});
  request.weights = foreign(said);
  const QuietLog log;
  const PredictReport report = predict(said.load(), request);
  CHECK(first_score(report, said) == Approx((51 / 255.0 - 0.5) / 0.25));
  CHECK(contains(report.text(), "  a "));
  CHECK(!log.has("how pixels were normalised"));
  // The command line goes before the file and before what weights say.
  const PredictReport typed = predict(said.load({"data.mean=0.1", "data.std=1"}), request);
  CHECK(first_score(typed, said) == Approx(51 / 255.0 - 0.1));
  request.weights = said.weights;
  const PredictReport over = predict(said.load({"data.mean=0.1", "data.std=1"}), request);
  CHECK(first_score(over, said) == Approx(51 / 255.0 - 0.1));
  CHECK(first_score(predict(said.load(), request), said) == Approx(51 / 255.0));

  CHECK_THROWS(predict(said.load({"data.mean=abc"}), request));

  const ModelFolder silent(text.c_str(), {{1, 0}, {0, 0}});
  PredictRequest guess = silent.request({silent.picture("p.png", {1, 1, 1, {51}})});
  guess.weights = foreign(silent);
  const PredictReport guessed = predict(silent.load(), guess);
  CHECK(first_score(guessed, silent) == Approx(51 / 255.0));
  CHECK(log.has("neither the weights nor the model say how pixels were normalised"));
}

TEST_CASE("pictures that cannot be read, or that the model does not take, are named") {
  const Light light;
  const QuietLog log;
  const auto problem = [&](const std::string& input) {
    return error_of(Exit::kInput, [&] { light.run({light.folder.str(input)}); });
  };
  add_picture(light.folder, "good.png", 6, 6, 3, 100);
  const std::string whole = read_text(light.folder.str("good.png"));
  light.folder.file("cut.png", whole.substr(0, whole.size() - 20));
  CHECK(contains(problem("cut.png"), "cut.png: error: at byte"));
  std::filesystem::create_directories(light.folder.str("empty"));
  CHECK(contains(problem("empty"), "has no JPEG or PNG images"));
  CHECK(contains(problem("none.png"), "No such file"));
  CHECK(contains(problem("light.yaml"), "light.yaml"));
}

}  // namespace
}  // namespace cnn
