#include "support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

// A sample whose planes are `red`, red + 1 and red + 2.
std::string record(const std::string& labels, uint8_t red) {
  std::string out = labels;
  for (int plane = 0; plane < 3; ++plane) out += std::string(1024, static_cast<char>(red + plane));
  return out;
}

DataSource source(const TemporaryFolder& folder, const std::string& rest) {
  return DataSource(data_map("{format: cifar, scale: 1, " + rest + "}", folder.str()), 1);
}

Outcome problem(const TemporaryFolder& folder, const std::string& rest) {
  return outcome([&] { source(folder, rest).open(Split::kTrain); });
}

}  // namespace

TEST_CASE("CIFAR-10: files follow each other, planes become channels") {
  const TemporaryFolder folder;
  folder.file("a.bin", record("\x03", 10) + record("\x09", 20));
  folder.file("b.bin", record("\x05", 30));
  DataSource data = source(folder, "train: [a.bin, b.bin], test: [b.bin]");
  const DataView train = data.open(Split::kTrain);
  REQUIRE(train.size() == 3);
  CHECK(train.dataset->fields()[0].shape == Shape{3, 32, 32});
  CHECK(train.dataset->fields()[1].classes == 10);
  const auto sample = sample_of(*train.dataset, 1);
  CHECK(sample[1][0] == 9);
  CHECK((sample[0][0] == 20 && sample[0][1] == 21 && sample[0][2] == 22 && sample[0][3] == 20));
  CHECK(sample_of(*train.dataset, 2)[0][3071] == 32);
  CHECK(data.open(Split::kTest).size() == 1);
}

TEST_CASE("CIFAR-100 has two labels a sample") {
  const TemporaryFolder folder;
  folder.file("a.bin", record("\x03\x42", 10) + record("\x04\x43", 20));
  const auto label = [&](const std::string& which) {
    const DataView view = source(folder, "train: [a.bin], labels: " + which).open(Split::kTrain);
    return std::pair(view.dataset->fields()[1].classes, sample_of(*view.dataset, 1)[1][0]);
  };
  CHECK(label("fine") == std::pair<int64_t, float>(100, 0x43));
  CHECK(label("coarse") == std::pair<int64_t, float>(20, 4));
}

TEST_CASE("bad CIFAR files are refused") {
  const TemporaryFolder folder;
  const std::string whole = record("\x03", 10) + record("\x0a", 20);
  folder.file("a.bin", whole.substr(0, 6000));
  CHECK(problem(folder, "train: [a.bin]").says("a.bin: error: has 6000 bytes; samples take 3073"));
  CHECK(problem(folder, "train: [a.bin]").code == Exit::kInput);
  folder.file("a.bin", "");
  CHECK(problem(folder, "train: [a.bin]").says("has 0 bytes"));
  folder.file("a.bin", record("\x03\x42", 10));
  CHECK(problem(folder, "train: [a.bin]").says("fine or coarse for CIFAR-100"));
  CHECK(problem(folder, "train: []").says("names no files"));
  CHECK(problem(folder, "train: a.bin").code == Exit::kSpec);
  SECTION("row 34: a label beyond the classes, with its file and number there") {
    folder.file("a.bin", record("\x03", 10));
    folder.file("b.bin", whole);
    CHECK(problem(folder, "train: [a.bin, b.bin]")
              .says("b.bin: sample 1: error: label 10: the data set has classes 0 to 9"));
  }
}
