// list: samples named in a text file.
#include "images.h"
#include "support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

DataView open(const TemporaryFolder& folder, const std::string& map, Split split = Split::kTrain) {
  return open_dataset(data_map("{" + map + "}", folder.str()), split, 1);
}

Outcome problem(const TemporaryFolder& folder, const std::string& map) {
  return outcome([&] { open(folder, map); });
}

}  // namespace

TEST_CASE("a list names images and their classes") {
  const TemporaryFolder folder;
  add_image(folder, "in/a one.png", flat_image(2, 2, 3, 255));
  add_image(folder, "in/b.png", flat_image(2, 2, 3, 0));
  folder.file("train.txt", "# two\nin/a one.png\t1\r\n\nin/b.png 0\n");
  const DataView view = open(folder, "format: list, train: train.txt");
  REQUIRE(view.size() == 2);
  CHECK(sample_of(*view.dataset, 0)[0][0] == 1);
  CHECK(sample_of(*view.dataset, 0)[1][0] == 1);
  CHECK(sample_of(*view.dataset, 1)[1][0] == 0);
  folder.file("names.txt", "b.png cat\na one.png dog\n");
  const DataView names = open(folder, "format: list, train: names.txt, images: in");
  CHECK(names.dataset->class_names(1) == std::vector<std::string>{"cat", "dog"});
  folder.file("plain.txt", "in/b.png\n");
  CHECK(open(folder, "format: list, train: plain.txt").dataset->fields().size() == 1);
}

TEST_CASE("row 44: paths that leave the folder are refused without a flag") {
  const TemporaryFolder folder;
  add_image(folder, "b.png", flat_image(2, 2, 3, 0));
  add_image(folder, "lists/c.png", flat_image(2, 2, 3, 0));
  for (const char* format : {"list", "csv"}) {
    const std::string head = std::string(format) == "csv" ? "f\n" : "";
    const std::string map = std::string("format: ") + format + ", train: lists/t, " +
                            (head.empty() ? "" : "columns: {image: f}, ");
    const int line = head.empty() ? 1 : 2;
    folder.file("lists/t", head + "../b.png\n");
    const Outcome climbs = problem(folder, map + "limit: 1");
    CHECK(climbs.code == Exit::kInput);
    CHECK(climbs.says("lists/t:" + std::to_string(line) + ":1: error: the path '../b.png' leaves"));
    CHECK(climbs.says("'outside: true' in the data map allows such paths"));
    CHECK(problem(folder, map + "outside: true").code == Exit::kOk);
    folder.file("lists/t", head + folder.str("b.png") + "\n");
    CHECK(problem(folder, map + "limit: 1").says("is absolute"));
  }
}

TEST_CASE("mistakes in a list are located") {
  const TemporaryFolder folder;
  add_image(folder, "b.png", flat_image(2, 2, 3, 0));
  const auto list = [&](const std::string& text, const std::string& rest = "limit: 1") {
    folder.file("t", text);
    return problem(folder, "format: list, train: t, " + rest);
  };
  CHECK(list("b.png 1\nb.png\n").says("t:2:1: error: either all lines have a class or none"));
  CHECK(list("b.png 3\n", "classes: 3").says("t:1:7: error: label 3"));
  CHECK(list("b.png x\n", "classes: [a, b]").says("'x' is no class; the classes are a, b"));
  CHECK(list("# nothing\n").says("lists no images"));
  CHECK(list("gone.png 1\n").code == Exit::kInput);
}
