// scripts/get_data.sh in a copy of the project, with mirrors that are folders.

#include <filesystem>

#include "support/catch.h"
#include "support/process.h"
#include "support/text.h"

using namespace cnn;
namespace fs = std::filesystem;

namespace {

// The sum of "some numbers\n".
constexpr const char* kSum = "4e6682bd8e02a7407b4e338e38b3050019640bc1385c207217d73d57c7aeffd4";

struct Project {
  Project() {
    fs::create_directories(folder.str("scripts"));
    fs::copy_file(CNN_SOURCE_DIR "/scripts/get_data.sh", folder.str("scripts/get_data.sh"));
    folder.file("data/small.yaml",
                "name: small\nabout: a few numbers\n"
                "mirrors:\n  - file://" +
                    folder.str("bad") + "\n  - file://" + folder.str("good") +
                    "\nfiles:\n  - {path: small/numbers.txt, sha256: " + kSum + "}\n");
    folder.file("data/none.yaml", "about: no files\n");
  }

  Process::Result run(std::vector<std::string> words, const std::string& mirror = "") const {
    words.insert(words.begin(), {"/bin/sh", folder.str("scripts/get_data.sh")});
    ProcessSettings settings;
    settings.environment = {{"CNN_DATA", ""}, {"CNN_MIRROR", mirror}};
    return Process(words, settings).wait();
  }

  std::string fetched() const { return read_text(folder.str("data/small/numbers.txt")); }
  int files_in_place() const {
    int count = 0;
    for (const auto& entry : fs::directory_iterator(folder.str("data/small"))) {
      count += entry.is_regular_file();
    }
    return count;
  }

  TemporaryFolder folder;
};

bool curl_is_there() {
  const bool there = fs::exists("/usr/bin/curl") || fs::exists("/bin/curl");
  if (!there) WARN("skipped: folders as mirrors need curl");
  return there;
}

}  // namespace

TEST_CASE("get_data.sh lists what there is, and refuses what there is not") {
  const Project project;
  const Process::Result list = project.run({});
  CHECK(list.exit == 0);
  CHECK(contains(list.out, "small           a few numbers"));
  CHECK(contains(list.out, "no files (nothing to fetch)"));
  CHECK(project.run({"none"}).exit == 0);
  CHECK(project.run({"smal"}).exit == 2);
  CHECK(project.run({"small", "x", "y"}).exit == 2);
}

TEST_CASE("get_data.sh takes the first mirror whose file has the right content") {
  if (!curl_is_there()) return;
  const Project project;
  SECTION("no mirror has it") {
    const Process::Result result = project.run({"small"});
    CHECK(result.exit == 4);
    CHECK(contains(result.err, "--data digits"));
    CHECK(project.files_in_place() == 0);
  }
  SECTION("the second one has it") {
    project.folder.file("bad/numbers.txt", "other numbers\n");
    project.folder.file("good/numbers.txt", "some numbers\n");
    const Process::Result result = project.run({"small"});
    CHECK(result.exit == 0);
    CHECK(contains(result.err, "expected content with sha256"));
    CHECK(project.fetched() == "some numbers\n");
    CHECK(project.files_in_place() == 1);
    fs::remove_all(project.folder.str("good"));
    const Process::Result again = project.run({"small"});
    CHECK(again.exit == 0);
    CHECK(contains(again.out, "there already"));
  }
  SECTION("CNN_MIRROR has it, and a damaged file is replaced") {
    project.folder.file("data/small/numbers.txt", "some numb");
    project.folder.file("mine/numbers.txt", "some numbers\n");
    CHECK(project.run({"small"}, "file://" + project.folder.str("mine")).exit == 0);
    CHECK(project.fetched() == "some numbers\n");
  }
  SECTION("another folder") {
    project.folder.file("good/numbers.txt", "some numbers\n");
    const Process::Result result = project.run({"small", project.folder.str("else")});
    CHECK(result.exit == 0);
    CHECK(contains(result.out, "export CNN_DATA=" + project.folder.str("else")));
    CHECK(read_text(project.folder.str("else/small/numbers.txt")) == "some numbers\n");
  }
}

namespace {

// Makes an archive with GNU tar, or whatever `words` do, in `folder`.
void shell(const std::string& folder, const std::string& script) {
  ProcessSettings settings;
  settings.folder = folder;
  const Process::Result result = Process({"/bin/sh", "-ec", script}, settings).wait();
  INFO(result.err);
  REQUIRE(result.exit == 0);
}

// `script` makes pack.tar.gz in an empty folder; the project then fetches it.
Process::Result fetch_archive(const Project& project, const std::string& script) {
  fs::create_directories(project.folder.str("make"));
  shell(project.folder.str("make"), script);
  shell(project.folder.str(""),
        "mkdir -p good; mv make/pack.tar.gz good/; printf 'name: pack\nabout: an archive\n"
        "mirrors:\n  - file://" +
            project.folder.str("good") +
            "\nfiles:\n  - {path: pack/pack.tar.gz, sha256: %s}\n' "
            "$(sha256sum <good/pack.tar.gz | cut -d ' ' -f 1) >data/pack.yaml");
  return project.run({"pack"});
}

}  // namespace

TEST_CASE("get_data.sh unpacks archives beside themselves, once") {
  if (!curl_is_there()) return;
  const Project project;
  const Process::Result result = fetch_archive(
      project,
      "mkdir -p set/a; echo one >set/a/1; echo two >'set/two words'; tar czf pack.tar.gz set");
  INFO(result.err);
  REQUIRE(result.exit == 0);
  CHECK(contains(result.out, "unpacked"));
  const std::string file = project.folder.str("data/pack/set/a/1");
  CHECK(read_text(file) == "one\n");
  CHECK(read_text(project.folder.str("data/pack/set/two words")) == "two\n");
  const Process::Result again = project.run({"pack"});
  CHECK(again.exit == 0);
  CHECK_FALSE(contains(again.out, "unpacked"));
}

TEST_CASE("row 47: an archive cannot write outside of its folder") {
  if (!curl_is_there()) return;
  struct Case {
    const char* name;
    const char* script;
    const char* says;
  };
  const std::vector<Case> cases = {
      {"..", "mkdir in; echo x >evil; tar czf pack.tar.gz -C in -P ../evil", "'../evil'"},
      {"inner ..", "mkdir in; echo x >evil; tar czf pack.tar.gz -P in/../evil", "'in/../evil'"},
      {"absolute", "echo x >evil; tar czf pack.tar.gz -P \"$PWD/evil\"", "/evil'"},
      {"a symbolic link", "ln -s /etc/passwd evil; tar czf pack.tar.gz evil", "refused"},
      {"a hard link", "echo x >a; ln a evil; tar czf pack.tar.gz a evil", "refused"},
      {"a pipe", "mkfifo evil; tar czf pack.tar.gz evil", "refused"},
      {"ratio", "head -c 3000000 /dev/zero >evil; tar czf pack.tar.gz evil", "100 times"},
      {"cut off", "head -c 9000 /dev/urandom >evil; tar cz evil | head -c 5000 >pack.tar.gz",
       "broken archive"},
      {"no archive", "echo none >pack.tar.gz", "broken archive"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION("row 47: " << c.name) {
      const Project project;
      const Process::Result result = fetch_archive(project, c.script);
      INFO(result.err);
      CHECK(result.exit == 4);
      CHECK(contains(result.err, c.says));
      CHECK_FALSE(fs::exists(project.folder.str("data/evil")));
      CHECK_FALSE(fs::exists(project.folder.str("data/pack/evil")));
      CHECK_FALSE(fs::exists(project.folder.str("data/pack/a")));
    }
  }
}
