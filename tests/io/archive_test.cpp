#include "io/archive.h"

#include "support/catch.h"
#include "support/files.h"

using namespace cnn;

namespace {

// The header of a member, as tar has it, as far as its name goes.
std::string tar_of(const std::string& name) {
  std::string block(512, '\0');
  return block.replace(0, name.size(), name) + std::string(1024, '\0');
}

}  // namespace

TEST_CASE("archives are known by their names, and by their first members how they unpack") {
  CHECK(is_archive_name("a/set.tar.gz"));
  CHECK(is_archive_name("set.tgz"));
  CHECK_FALSE(is_archive_name("set.gz"));
  const TemporaryFolder folder;
  CHECK(first_member(folder.file("a.tar", tar_of("./train/cat/1.jpg"))) == "train/cat/1.jpg");
  std::string zip("PK\3\4", 4);
  zip.resize(512, '\0');
  zip[26] = 6;
  zip.replace(30, 6, "train/");
  CHECK(first_member(folder.file("a.zip", zip)) == "train/");
  CHECK(first_member(folder.file("short.tar", "x")) == "");
  CHECK(first_member(folder.str("none.tar")) == "");
  CHECK(unpack_command("a b.tgz", "to") == "mkdir -p to && tar -xf 'a b.tgz' -C to");
  CHECK(unpack_command("a.zip", "to") == "unzip -q a.zip -d to");
}
