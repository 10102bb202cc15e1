// cnn spec as a user types it.

#include "apps/support.h"
#include "support/catch.h"
#include "support/text.h"

using namespace cnn;
namespace {}  // namespace

TEST_CASE("spec render prints the whole file, and the result is a model of the same figures") {
  const TemporaryFolder folder;
  folder.file("small.yaml", small_model());
  folder.file("recipe.yaml", "epochs: 5\nseed: 3\n");
  folder.file("own.yaml", "extends: small.yaml\nname: own\ntrain: {include: recipe.yaml}\n");
  ProcessSettings here;
  here.folder = folder.str();
  const auto result = run_cnn({"spec", "render", "own.yaml", "train.batch_size=10"}, here);
  INFO(result.err);
  REQUIRE(result.exit == 0);
  CHECK(contains(result.out, "name: own "));
  CHECK(contains(result.out, "# small.yaml:4\n"));
  CHECK(contains(result.out, "# recipe.yaml:1\n"));
  CHECK(contains(result.out, "# command line: train.batch_size=10\n"));
  folder.file("whole.yaml", result.out);
  const Json whole = last_json(run_cnn({"summary", "whole.yaml", "--json"}, here).out);
  CHECK(whole ==
        last_json(run_cnn({"summary", "own.yaml", "train.batch_size=10", "--json"}, here).out));
  const auto same =
      run_cnn({"spec", "diff", "own.yaml", "whole.yaml", "train.batch_size=10"}, here);
  INFO(same.out);
  CHECK(same.exit == 0);
  CHECK(same.out == "no difference\n");
}

TEST_CASE("spec render opens the data set's file, if it is there") {
  const std::string models = std::string(CNN_SOURCE_DIR) + "/models/";
  const auto lenet = run_cnn({"spec", "render", models + "lenet5.yaml"});
  CHECK(contains(lenet.out, "  format: idx "));
  CHECK(contains(lenet.out, "mnist.yaml:"));
  const auto missing = run_cnn({"spec", "render", models + "lenet5.yaml", "data=nowhere"});
  CHECK(missing.exit == 0);
  CHECK(contains(missing.out, "data: nowhere"));
}

TEST_CASE("spec diff lists differences by key path") {
  const TemporaryFolder folder;
  std::string other = small_model();
  other.replace(other.find("conv: 4"), 7, "conv: 8");
  other.replace(other.find("epochs: 3"), 9, "epochs: 9");
  const auto result =
      run_cnn({"spec", "diff", folder.file("a.yaml", small_model()), folder.file("b.yaml", other)});
  CHECK(result.exit == 0);
  CHECK(result.out ==
        "layers.0.conv (c1)  4 -> 8\n"
        "train.epochs        3 -> 9\n");
}

TEST_CASE("spec schema is JSON") {
  const auto result = run_cnn({"spec", "schema"});
  REQUIRE(result.exit == 0);
  CHECK(Json::parse(result.out)["properties"].contains("layers"));
}

TEST_CASE("spec's help begins with examples, and wrong words are usage errors") {
  CHECK(run_cnn({"spec", "--help"}).out.rfind("Examples:\n  cnn spec", 0) == 0);
  CHECK(contains(run_cnn({"help"}).out, "\n  spec "));
  const auto unknown = run_cnn({"spec", "rendr"});
  CHECK(unknown.exit == 2);
  CHECK(contains(unknown.err, "did you mean 'render'?"));
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"spec"}, {"spec", "render"}, {"spec", "diff", "a.yaml"}, {"spec", "schema", "x"}}) {
    CHECK(run_cnn(words).exit == 2);
  }
  CHECK(run_cnn({"spec", "render", "missing.yaml"}).exit == 4);
}
