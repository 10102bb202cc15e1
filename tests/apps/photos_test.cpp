// A network that others have trained, on pictures that nobody has made for it.
#include <filesystem>

#include "apps/support.h"
#include "support/catch.h"
#include "support/process.h"
#include "support/text.h"

namespace cnn {
namespace {

TEST_CASE("EfficientNet-Lite0 with its published weights names four photographs") {
  const std::string shared = CNN_SOURCE_DIR "/../shared/";
  const std::string weights = shared + "weights/efficientnet-lite0.safetensors";
  if (!std::filesystem::exists(weights)) {
    WARN("skipped: the weights are not there: " + weights);
    return;
  }
  const std::vector<std::string> photos = {"chelsea.png", "coffee.png", "motorcycle_left.png",
                                           "rocket.jpg"};
  std::vector<std::string> words = {"predict",
                                    std::string(CNN_SOURCE_DIR) + "/models/efficientnet-lite0.yaml",
                                    "--weights", weights, "--json"};
  for (const std::string& photo : photos) words.push_back(shared + "photos/" + photo);
  const auto result = run_cnn(words);
  INFO(result.err);
  REQUIRE(result.exit == 0);
  const Json predictions = last_json(result.out)["predictions"];
  REQUIRE(predictions.size() == 4);
  const auto first = [&](size_t i) {
    return predictions[i]["classes"][0]["name"].get<std::string>();
  };
  CHECK(contains(first(0), "cat"));
  CHECK(first(1) == "espresso");
  CHECK(first(2) == "moped");
  CHECK(first(3) == "missile");
  CHECK(predictions[1]["classes"][0]["probability"].get<double>() > 0.9);
}

}  // namespace
}  // namespace cnn
