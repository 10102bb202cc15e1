// The installed copy, used from another folder.

#include <filesystem>

#include "apps/support.h"
#include "support/catch.h"
#include "support/text.h"

using namespace cnn;
namespace fs = std::filesystem;

namespace {

class Installed {
 public:
  Installed() {
    const auto result =
        Process({"/usr/bin/env", "cmake", "--install", CNN_BINARY_DIR, "--prefix", prefix()})
            .wait();
    INFO(result.err);
    REQUIRE(result.exit == 0);
    fs::create_directories(folder_.str("elsewhere"));
  }

  Process::Result run(std::vector<std::string> words) const {
    words.insert(words.begin(), prefix() + "/bin/cnn");
    ProcessSettings settings;
    settings.folder = folder_.str("elsewhere");
    settings.environment = {{"CNN_DATA", ""}, {"CNN_SHARE", ""}, {"COLUMNS", "100"}};
    return Process(words, settings).wait();
  }
  std::string prefix() const { return folder_.str("usr"); }
  void file(const std::string& name, const std::string& text) const {
    folder_.file("elsewhere/" + name, text);
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("an installed copy works from any folder, with the names that its help gives") {
  const Installed installed;
  // By name, and as help's examples write it.
  const auto by_name = installed.run({"summary", "lenet5", "--json"});
  INFO(by_name.err);
  REQUIRE(by_name.exit == 0);
  CHECK(installed.run({"summary", "models/lenet5.yaml", "--json"}).out == by_name.out);
  CHECK(installed.run({"spec", "diff", "resnet18", "models/resnet34.yaml"}).exit == 0);
  const auto trained = installed.run({"train", "lenet5", "--data", "digits", "--epochs", "1",
                                      "data.limit=100", "--progress", "none"});
  INFO(trained.err);
  CHECK(trained.exit == 0);
  CHECK(installed.run({"test", "runs/lenet5"}).exit == 0);

  // What stands here goes first.
  installed.file("models/lenet5.yaml", small_model());
  CHECK(installed.run({"summary", "lenet5", "--json"}).out != by_name.out);
  installed.file("data/mnist.yaml", "format: digits\n");
  const auto data = installed.run({"spec", "render", "mlp", "data=mnist", "data.val=7"});
  INFO(data.err);
  CHECK(contains(data.out, "format: digits"));
  installed.file("mine.yaml", "extends: vgg11\nname: mine\n");
  CHECK(installed.run({"summary", "mine.yaml"}).exit == 0);

  const auto unknown = installed.run({"summary", "lenet6"});
  CHECK(unknown.exit == 4);
  CHECK(contains(unknown.err, "did you mean 'lenet5'?"));
  const auto far = installed.run({"summary", "functions"});
  CHECK(far.exit == 4);
  CHECK(contains(far.err, "is no file, no run, and no model"));
  CHECK_FALSE(contains(far.err, "note:"));
}

TEST_CASE("an installed copy fetches data and brings its documents") {
  const Installed installed;
  const auto list = installed.run({"data", "list"});
  CHECK(list.exit == 0);
  CHECK(contains(list.out, "usage: cnn data get NAME [FOLDER]"));
  CHECK(contains(list.out, "\n  mnist "));
  CHECK(installed.run({"data", "get", "digits"}).out == "digits needs no files\n");
  const auto unknown = installed.run({"data", "get", "mnits"});
  CHECK(unknown.exit == 2);
  CHECK(contains(unknown.err, "no data set 'mnits'; run cnn data list to list them"));
  CHECK(installed.run({"data", "get"}).exit == 2);

  const auto missing = installed.run({"train", "lenet5"});
  CHECK(missing.exit == 4);
  CHECK(contains(missing.err, "cnn data get mnist"));
  const fs::path documents = fs::path(installed.prefix()) / "share/doc/cnn";
  for (const char* name : {"README.md", "LICENSE", "lib/layers/README.md", "lib/spec/README.md",
                           "models/README.md", "apps/README.md"}) {
    INFO(name);
    CHECK(fs::exists(documents / name));
  }
}
