#include "report/topic_help.h"

#include "graph/language.h"
#include "layers/initializer.h"
#include "support/catch.h"
#include "support/text.h"

using namespace cnn;

TEST_CASE("every topic of help has a page, without marks for Markdown") {
  for (const std::string& topic : help_topics()) {
    INFO(topic);
    const auto text = topic_text(topic);
    REQUIRE(text);
    CHECK(text->ends_with("\n"));
    CHECK_FALSE(contains(*text, "`"));
  }
  CHECK_FALSE(topic_text("nonsense"));
}

TEST_CASE("topics answer to their other spellings") {
  CHECK(topic_text("initializers") == topic_text("initialisers"));
  CHECK(topic_text("optimisers") == topic_text("optimizers"));
  CHECK(topic_text("loss") == topic_text("losses"));
}

TEST_CASE("the pages are made from the tables of formats, options, losses and optimizers") {
  const std::string data = topic_text("data").value();
  for (const char* part : {"format: csv", "format: folder", "  limit ", "  val ", "  columns "}) {
    INFO(part);
    CHECK(contains(data, part));
  }
  const std::string augment = topic_text("augment").value();
  for (const char* part : {"elastic", "cutout", "quarter_turns"}) CHECK(contains(augment, part));
  CHECK(contains(topic_text("losses").value(), "\n  kl_normal "));
  CHECK_FALSE(contains(topic_text("losses").value(), "\n  maxpool "));
  const std::string optimizers = topic_text("optimizers").value();
  for (const char* part : {"optimizer: {adam: 1e-3}", "adamw: ", "  nesterov "}) {
    CHECK(contains(optimizers, part));
  }
  CHECK(contains(topic_text("metrics").value(), "{topk: 3}"));
}

TEST_CASE("help on initialisers says formula and fan of each") {
  const std::string text = topic_text("initialisers").value();
  for (const std::string& name : Initializer::names()) {
    INFO(name);
    CHECK(contains(text, "\n  " + name + " "));
  }
  CHECK(contains(text, "normal, standard deviation sqrt(2 / fan), mean 0"));
  CHECK(contains(text, "uniform from -sqrt(3 / fan) to sqrt(3 / fan)"));
  CHECK(contains(text, "fan: fan_in unless given"));
  CHECK(contains(text, "fan: average unless given"));
}

TEST_CASE("help on blocks lists structures and the keys of every item") {
  const std::string text = topic_text("blocks").value();
  for (const Structure& structure : structures()) CHECK(contains(text, structure.summary));
  for (const CommonKey& key : common_keys()) {
    INFO(key.name);
    CHECK(contains(text, std::string("\n  ") + key.name + " "));
    CHECK(contains(text, key.help));
  }
}

TEST_CASE("structures have pages as layers have") {
  CHECK(op_help("seq").value().starts_with("seq: items one behind the other, as one item\n\nEx"));
  CHECK(contains(op_help("side").value(), "phase: train"));
  CHECK(op_help("concat").value().starts_with("concat: "));
  CHECK_FALSE(op_help("sequ"));
}
