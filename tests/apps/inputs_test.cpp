// What people have: lists, tables, pipes, negatives, folders that nobody has described.

#include "apps/support.h"
#include "base/text.h"
#include "io/image.h"
#include "support/catch.h"
#include "support/text.h"

using namespace cnn;

namespace {

// Two classes of flat pictures, bright and dark, each with a spot of its own.
std::string picture_of(bool is_bright, int number) {
  Image image{12, 12, 1, std::vector<uint8_t>(144, is_bright ? 200 : 30)};
  image.values[static_cast<size_t>(number)] = 120;
  return encode_png(image);
}

constexpr const char* kModel = R"(name: light
input: {image: [1, 6, 6]}
layers: [flatten, {linear: 2, name: out}]
loss: {cross_entropy: out, target: label}
metrics: [accuracy]
data: digits
train: {epochs: 8, batch_size: 8, optimizer: {sgd: 0.1}, seed: 1}
)";

std::string shell_words(const std::vector<std::string>& words) {
  return "'" + join(words, "' '") + "'";
}

// `script | cnn WORDS`, in a folder.
Process::Result piped(const std::string& script, const std::vector<std::string>& words,
                      const ProcessSettings& settings) {
  return Process({"/bin/sh", "-c", script + " | " + shell_words(cnn_words(words))}, settings)
      .wait();
}

}  // namespace

TEST_CASE("a folder is data: recognised, trained on, tested, asked by list and pipe") {
  const TemporaryFolder folder;
  for (const char* split : {"train", "test"}) {
    for (int i = 0; i < 20; ++i) {
      const bool is_bright = i % 4 != 0;
      folder.file(fmt::format("set/{}/{}/{}.png", split, is_bright ? "bright" : "dark", i),
                  picture_of(is_bright, i));
    }
  }
  folder.file("light.yaml", kModel);
  ProcessSettings here;
  here.folder = folder.str();
  const auto trained = run_cnn({"train", "light.yaml", "--data", "set"}, here);
  INFO(trained.err);
  REQUIRE(trained.exit == 0);
  CHECK(contains(trained.err, "set: 2 classes by folders (bright, dark), 20 pictures of 12 x 12"));
  CHECK(contains(trained.err, "training samples by class: bright 12, dark 4"));
  const std::string spec = read_text(folder.str("runs/light/spec.yaml"));
  for (const char* part : {"format: folder", "size: [6, 6]", "channels: 1", "mean: [", "std: ["}) {
    INFO(part);
    CHECK(contains(spec, part));
  }
  const auto tested = run_cnn({"test", "runs/light", "--json"}, here);
  CHECK(last_json(tested.out)["samples"] == 20);
  CHECK_FALSE(contains(tested.err, "classes by folders"));  // the run knows
  // Other pictures are normalised as those of training were, so both commands say the same.
  for (int i = 0; i < 10; ++i) {
    folder.file(fmt::format("dim/bright/{}.png", i), picture_of(true, i));
    folder.file(fmt::format("dim/dark/{}.png", i),
                encode_png({12, 12, 1, std::vector<uint8_t>(144, 170)}));
  }
  const auto dim =
      run_cnn({"test", "runs/light", "--data", "dim", "--split", "val", "--json"}, here);
  CHECK(last_json(dim.out)["metrics"]["accuracy"] == 0.5);
  CHECK(contains(run_cnn({"predict", "runs/light", "dim/dark/0.png", "--top", "1"}, here).out,
                 "bright"));
  CHECK(run_cnn({"train", "--resume", "runs/light", "--epochs", "9"}, here).exit == 0);

  const auto listed = piped("printf 'set/test/dark/0.png\\nset/test/bright/1.png\\n'",
                            {"predict", "runs/light", "-", "--top", "1"}, here);
  INFO(listed.err);
  CHECK(contains(listed.out, "set/test/dark/0.png:  dark"));
  CHECK(contains(listed.out, "set/test/bright/1.png:  bright"));
  const auto shown =
      piped("cat set/test/dark/4.png", {"predict", "runs/light", "-", "--top", "1"}, here);
  CHECK(contains(shown.out, "-:  dark"));
  CHECK(piped("printf ''", {"predict", "runs/light", "-"}, here).exit == 4);

  const auto gif = piped("printf 'GIF89a'", {"predict", "runs/light", "-"}, here);
  CHECK(gif.exit == 4);
  CHECK(contains(gif.err, "-: error: is a GIF image"));
  const auto table = piped("printf 'n,file\\n1,set/test/dark/0.png\\n'",
                           {"predict", "runs/light", "-", "--top", "1"}, here);
  CHECK(contains(table.out, "set/test/dark/0.png:  dark"));
  const auto cut = piped("head -c 60 set/test/dark/4.png", {"predict", "runs/light", "-"}, here);
  CHECK(cut.exit == 4);
  CHECK(contains(cut.err, "-: "));
  CHECK_FALSE(contains(cut.err, "/proc/"));

  folder.file("x.bmp", "BM" + std::string(60, '\0'));
  const auto unknown = run_cnn({"predict", "runs/light", "x.bmp"}, here);
  CHECK(unknown.exit == 4);
  CHECK(contains(unknown.err, "x.bmp: error: is a BMP image"));
  const auto skipping =
      run_cnn({"predict", "runs/light", "x.bmp", "set/test/dark/0.png", "--skip-bad"}, here);
  CHECK(skipping.exit == 0);
  CHECK(contains(skipping.err, "warning: left out: x.bmp: is a BMP image"));
  CHECK(contains(
      run_cnn({"predict", "runs/light", "set/test/dark/0.png", "--invert", "--top", "1"}, here).out,
      "bright"));
  const auto word = run_cnn({"predict", "runs/light", "x.png", "--invert=maybe"}, here);
  CHECK(word.exit == 2);
  CHECK(contains(word.err, "found 'maybe'"));
}
