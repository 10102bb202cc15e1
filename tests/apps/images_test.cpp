// The commands on folders of images.

#include <array>

#include "apps/support.h"
#include "support/catch.h"
#include "support/text.h"

using namespace cnn;

namespace {

// A PNG file of one white pixel.
constexpr std::array<unsigned char, 67> kWhite = {
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48,
    0x44, 0x52, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x00, 0x00,
    0x00, 0x3a, 0x7e, 0x9b, 0x55, 0x00, 0x00, 0x00, 0x0a, 0x49, 0x44, 0x41, 0x54, 0x78,
    0x9c, 0x63, 0xf8, 0x0f, 0x00, 0x01, 0x01, 0x01, 0x00, 0xb1, 0x38, 0xf6, 0x14, 0x00,
    0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};

constexpr const char* kModel = R"(name: white
input: {image: [1, 1, 1]}
layers: [flatten, {linear: 2, name: out}]
loss: {cross_entropy: out, target: label}
data: {format: folder, train: set, test: set, channels: 1}
train: {epochs: 1, batch_size: 50, optimizer: {sgd: 0.1}}
)";

}  // namespace

TEST_CASE("row 49: --skip-bad leaves out what cannot be read, in training and testing") {
  const TemporaryFolder folder;
  const std::string white(kWhite.begin(), kWhite.end());
  for (const std::string name : {"yes", "no"}) {
    std::filesystem::create_directories(folder.path() / "set" / name);
    for (int i = 0; i < 60; ++i) {
      folder.file("set/" + name + "/" + std::to_string(i) + ".png", white);
    }
  }
  folder.file("set/no/cut.png", white.substr(0, 40));
  folder.file("white.yaml", kModel);
  ProcessSettings here;
  here.folder = folder.str();
  const auto strict = run_cnn({"train", "white.yaml"}, here);
  CHECK(strict.exit == 4);
  CHECK(contains(strict.err, "set/no/cut.png: error: at byte"));
  CHECK(contains(strict.err, "--skip-bad"));
  const auto trained = run_cnn({"train", "white.yaml", "--skip-bad", "--name", "ok"}, here);
  INFO(trained.err);
  REQUIRE(trained.exit == 0);
  CHECK(contains(trained.err, "1 of 121 images cannot be read"));
  const auto tested = run_cnn({"test", "runs/ok", "--json"}, here);
  CHECK(last_json(tested.out)["samples"] == 120);  // the run remembers
  CHECK(
      run_cnn({"test", "white.yaml", "--weights", "runs/ok/weights/last.safetensors"}, here).exit ==
      4);
  CHECK(
      run_cnn({"test", "white.yaml", "--weights", "runs/ok/weights/last.safetensors", "--skip-bad"},
              here)
          .exit == 0);
  const auto named = run_cnn({"predict", "runs/ok", "set/yes/0.png", "--top", "1"}, here);
  CHECK(named.exit == 0);
  CHECK(contains(named.out, "set/yes/0.png:  "));
}
