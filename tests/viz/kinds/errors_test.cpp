// The kind `errors`.
#include <filesystem>

#include "io/image.h"
#include "support/catch.h"
#include "support/text.h"
#include "viz/drawing/svg.h"
#include "viz/support.h"

using namespace cnn;

TEST_CASE("mistakes are as many as the confusion matrix says, the most certain first") {
  const VizResult result = run_kind("errors", trained_request(), {{"most", {"5"}}});
  const VizResult confusion = run_kind("confusion", trained_request());
  const auto wrong = result.numbers["mistakes"].get<int64_t>();
  CHECK(wrong == 150 - std::llround(150 * confusion.numbers["accuracy"].get<double>()));
  const auto& shown = result.numbers["shown"];
  CHECK(shown.size() == static_cast<size_t>(std::min<int64_t>(5, wrong)));
  for (size_t i = 0; i < shown.size(); ++i) {
    CHECK(shown[i]["truth"] != shown[i]["predicted"]);
    CHECK(shown[i]["probability"].get<double>() >= shown[i]["probability_of_truth"].get<double>());
    if (i > 0)
      CHECK(shown[i]["probability"].get<double>() <= shown[i - 1]["probability"].get<double>());
  }
  CHECK(pictures_of(result.figures[0].drawing).size() == shown.size());
  REQUIRE(wrong > 2);
  const VizResult two = run_kind("errors", trained_request(), {{"most", {"2"}}});
  CHECK(count_of(svg_file(two.figures[0].drawing), fmt::format("2 of {} mistakes", wrong)) == 1);
  const VizResult all = run_kind("errors", trained_request(), {{"most", {"150"}}});
  CHECK(count_of(svg_file(all.figures[0].drawing), "all mistakes") == 1);
}

TEST_CASE("mistakes of pictures in folders are told by their files") {
  const TemporaryFolder folder;
  // Grey pictures; those of one class are as bright as those of the other, so half are mistakes.
  for (int i = 0; i < 12; ++i) {
    const Image picture{4, 4, 1, std::vector<uint8_t>(16, static_cast<uint8_t>(20 * i))};
    for (const std::string name : {"day", "night"}) {
      const std::string path = folder.str("set/" + name + "/" + std::to_string(i) + ".png");
      std::filesystem::create_directories(std::filesystem::path(path).parent_path());
      write_png(path, picture);
    }
  }
  const std::string run =
      train_in(folder,
               "name: m\ninput: {image: [1, 4, 4]}\nlayers: [flatten, {linear: 2, name: out}]\n"
               "loss: {cross_entropy: out, target: label}\n"
               "data: {format: folder, channels: 1, train: " +
                   folder.str("set") + ", test: " + folder.str("set") +
                   "}\ntrain: {epochs: 1, batch_size: 8, lr: 0}\n");
  const VizResult result = run_kind("errors", request_for_run(run));
  const auto& shown = result.numbers["shown"];
  REQUIRE(shown.size() == 12);  // each pair of equal pictures is called the same
  for (const auto& mistake : shown) {
    const std::string file = mistake["file"].get<std::string>();
    const std::string truth = mistake["truth"].get<std::string>();
    INFO(file);
    CHECK(std::filesystem::exists(file));
    CHECK(contains(file, "/" + truth + "/"));
  }
  const std::string first = shown[0]["file"].get<std::string>();
  CHECK(
      contains(result.text, first + ": " + shown[0]["truth"].get<std::string>() + ", taken for "));
}
