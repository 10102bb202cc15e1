#include "report/known_weights.h"

#include <algorithm>
#include <filesystem>

#include "report/topic_help.h"
#include "support/catch.h"
#include "support/text.h"

namespace cnn {
namespace {

TEST_CASE("trained weights are described by a model and an address and a sum") {
  const std::vector<KnownWeights> all = known_weights();
  REQUIRE(all.size() >= 12);
  CHECK(std::is_sorted(all.begin(), all.end(),
                       [](const auto& a, const auto& b) { return a.name < b.name; }));
  for (const KnownWeights& known : all) {
    INFO(known.name);
    CHECK(std::filesystem::exists(CNN_SOURCE_DIR "/models/" + known.model + ".yaml"));
    CHECK(known.url.starts_with("https://"));
    CHECK((known.sha256.size() >= 8 && known.sha256.size() <= 64));
    CHECK(known.sha256.find_first_not_of("0123456789abcdef") == std::string::npos);
    CHECK(contains(known.about, "ImageNet"));
    CHECK_FALSE(known.source.empty());
    for (const std::string& word : known.overrides) CHECK(word.starts_with("data."));
  }
}

TEST_CASE("cnn help weights lists them and how they are used") {
  const std::string text = topic_text("weights").value_or("");
  CHECK(text.starts_with("Examples:\n"));
  CHECK(contains(text, "cnn predict googlenet --weights FILE data.mean=0.5 data.std=0.5 IMAGE"));
  CHECK(contains(text, "resnet18-f37072fd.pth"));
  CHECK(topic_text("pretrained") == text);
}

}  // namespace
}  // namespace cnn
