// What a command line names, as a data set.

#include "data/inputs.h"

#include <algorithm>

#include "base/log.h"
#include "data/ten_crops.h"
#include "images.h"
#include "support.h"
#include "support/catch.h"
#include "support/text.h"

namespace cnn {
namespace {

InputReading pictures(const Shape& shape) {
  return {{"image", shape, FieldKind::kValues, 0}, {0.5, {1}, {2}}};
}

InputReading words(Items items) {
  const std::vector<std::string> known = {"a", "b"};
  InputReading reading{{"text", {1}, FieldKind::kClass, 4}, {}};
  reading.field.items = items;
  reading.vocabulary = std::make_shared<TextVocabulary>(known, TextUnit::kWord);
  return reading;
}

std::vector<float> sample(const Inputs& inputs, int64_t index) {
  const Field& field = inputs.fields()[0];
  std::vector<float> values(static_cast<size_t>(field.items.most * field.shape.count()));
  std::vector<float*> out = {values.data()};
  int64_t items = -1;
  inputs.read_items(index, nullptr, out, {&items, 1});
  values.resize(static_cast<size_t>(items * field.shape.count()));
  return values;
}

std::string problem_of(Exit code, const std::string& argument, const InputReading& reading) {
  const Outcome found = outcome([&] { open_inputs({argument}, reading); });
  return found.code == code ? found.text : "";
}

}  // namespace

TEST_CASE("pictures in a row are one part, an array another, and all are samples by number") {
  const TemporaryFolder folder;
  write_png(folder.str("a.png"), {1, 2, 1, {10, 20}});
  write_png(folder.str("b.png"), {1, 2, 1, {30, 40}});
  write_npy(folder.str("x.npy"), {2, 1, 1, 2}, std::vector<float>{1, 2, 3, 4});
  folder.file("idx", idx_file({1, 1, 2}, "\x08\x09"));
  const auto inputs = open_inputs({folder.str("a.png"), folder.str("b.png"), folder.str("x.npy"),
                                   folder.str("idx"), folder.str("a.png")},
                                  pictures({1, 1, 2}));
  REQUIRE(inputs->parts().size() == 4);
  CHECK(inputs->size() == 6);
  CHECK(view_of(inputs).indices == std::vector<int64_t>{0, 1, 2, 3, 4, 5});
  CHECK(view_of(inputs, 2, 2).indices == std::vector<int64_t>{2, 3});
  // (byte * 0.5 - 1) / 2; arrays are taken as they are.
  CHECK(sample(*inputs, 1) == std::vector<float>{7, 9.5f});
  CHECK(sample(*inputs, 3) == std::vector<float>{3, 4});
  CHECK(sample(*inputs, 4) == std::vector<float>{1.5f, 1.75f});
  CHECK(sample(*inputs, 5) == std::vector<float>{2, 4.5f});
  CHECK(inputs->part_of(3).first == 2);
  CHECK(inputs->part_of(2).samples->name(0).empty());
  CHECK(inputs->part_of(5).samples->name(0) == folder.str("a.png"));
  CHECK(inputs->part_of(5).samples->is_pictures());
}

TEST_CASE("channels of arrays come last, those of idx files by their own normalisation") {
  const TemporaryFolder folder;
  write_npy(folder.str("x.npy"), {1, 3, 1, 2}, std::vector<float>{1, 2, 3, 4, 5, 6});
  folder.file("idx", idx_file({1, 3, 1, 2}, "\x01\x02\x03\x04\x05\x06"));
  InputReading reading = pictures({3, 1, 2});
  reading.normalization = {1, {0, 1, 2}, {1}};
  const auto inputs = open_inputs({folder.str("x.npy"), folder.str("idx")}, reading);
  CHECK(sample(*inputs, 0) == std::vector<float>{1, 3, 5, 2, 4, 6});
  CHECK(sample(*inputs, 1) == std::vector<float>{1, 2, 3, 2, 3, 4});
}

TEST_CASE("lists are an axis of arrays, as long as the network reads") {
  const TemporaryFolder folder;
  const std::string file = folder.str("x.npy");
  write_npy(file, {2, 2, 1}, std::vector<float>{1, 2, 3, 4});
  InputReading reading = pictures({1});
  reading.field.items = Items::up_to(3);
  CHECK(sample(*open_inputs({file}, reading), 1) == std::vector<float>{3, 4});
  reading.field.items = Items::list(2);
  CHECK(sample(*open_inputs({file}, reading), 0) == std::vector<float>{1, 2});
  reading.field.items = Items::list(3);
  CHECK(contains(problem_of(Exit::kInput, file, reading), "shape [2,2,1]; the model takes [N,3]"));
  reading.field = {"frames", {3, 4, 5}, FieldKind::kValues, 0};
  reading.field.items = Items::up_to(7);
  CHECK(contains(problem_of(Exit::kInput, file, reading), "the model takes [N,up to 7,3,4,5]"));
  write_png(folder.str("a.png"), {4, 5, 3, std::vector<uint8_t>(60)});
  CHECK(contains(problem_of(Exit::kInput, folder.str("a.png"), reading),
                 "is a picture; the model takes up to 7 x [3,4,5]"));
}

TEST_CASE("class numbers are whole, and below the number of classes") {
  const TemporaryFolder folder;
  InputReading reading = words(Items::list(2));
  const std::string file = folder.str("x.npy");
  write_npy(file, {1, 2}, std::vector<float>{1, 2});
  CHECK(contains(problem_of(Exit::kInput, file, reading), "which are saved as int64"));
  folder.file("idx", idx_file({2, 2}, "\x01\x03\x01\x04"));
  const auto inputs = open_inputs({folder.str("idx")}, reading);
  CHECK(sample(*inputs, 0) == std::vector<float>{1, 3});
  CHECK(outcome([&] {
          sample(*inputs, 1);
        }).says("idx: sample 1: error: 'text' has 4; the model takes class numbers from 0 to 3"));
}

TEST_CASE("texts are arguments or lines of files, as long as the network reads") {
  const TemporaryFolder folder;
  const InputReading reading = words(Items::up_to(3));
  folder.file("lines.txt", "a b a\r\nb  c");
  const auto inputs = open_inputs({"b a", folder.str("lines.txt")}, reading);
  REQUIRE(inputs->parts().size() == 1);
  CHECK(inputs->size() == 3);
  CHECK(sample(*inputs, 0) == std::vector<float>{3, 2});
  CHECK(sample(*inputs, 1) == std::vector<float>{2, 3, 2});
  CHECK(sample(*inputs, 2) == std::vector<float>{3, TextVocabulary::kUnknown});
  CHECK(inputs->part_of(1).samples->name(1) == "a b a");
  {
    const Notes notes;
    const auto cut = open_inputs({"a b a b", "b x y", "x"}, reading);
    CHECK(sample(*cut, 0) == std::vector<float>{2, 3, 2});
    CHECK(notes.say("1 of 3 texts has more than 3 words and is cut"));
    CHECK(notes.say("3 of 8 words are not in the model's vocabulary: 'x', 'y' ..."));
  }
  InputReading strict = reading;
  strict.refuses_long = true;
  CHECK(contains(problem_of(Exit::kInput, "a b a b", strict),
                 "a b a b: error: is a text of 4 words; the model reads up to 3"));
  for (const char* nothing : {"", "  "}) {
    CHECK(contains(problem_of(Exit::kInput, nothing, reading), "a text is empty"));
  }
  CHECK(contains(problem_of(Exit::kInput, "a\xff", reading), "at byte 1: ff is no UTF-8"));
  folder.file("gap.txt", "a b\n\nb\n");
  CHECK(contains(problem_of(Exit::kInput, folder.str("gap.txt"), reading),
                 "gap.txt:2: error: is empty; a text a line is expected"));
  folder.file("latin.txt", "a\xe4\n");
  CHECK(contains(problem_of(Exit::kInput, folder.str("latin.txt"), reading),
                 "latin.txt: error: at byte 1: e4 is no UTF-8"));
  CHECK(contains(problem_of(Exit::kInput, "a", words(Items::list(2))),
                 "is a text of 1 word; the model reads 2"));
  InputReading spare = reading;
  spare.spare = true;
  CHECK(contains(problem_of(Exit::kUsage, "a b", spare), "is no picture"));
  folder.file("empty.txt", "");
  CHECK(contains(problem_of(Exit::kInput, folder.str("empty.txt"), reading), "is empty"));
  // Without a vocabulary a word is a file that is not there.
  CHECK(contains(problem_of(Exit::kInput, "a", pictures({2})), "No such file"));
}

TEST_CASE("pictures with room to spare are cut into windows") {
  const TemporaryFolder folder;
  Image image{8, 8, 1, {}};
  for (int i = 0; i < 64; ++i) image.values.push_back(static_cast<uint8_t>(i));
  write_png(folder.str("a.png"), image);
  InputReading reading{{"image", {1, 7, 7}, FieldKind::kValues, 0}, {}};
  reading.spare = true;
  const auto inputs = open_inputs({folder.str("a.png")}, reading);
  CHECK(inputs->windows()->spare().height == 1);
  CHECK(sample(*inputs, 0)[0] == 0);  // the middle of an odd rest begins at its upper left
  const DataView crops = ten_crops(view_of(inputs));
  REQUIRE(crops.size() == 10);
  std::vector<float> values(49);
  std::vector<float*> out = {values.data()};
  crops.dataset->read(3, out);  // lower right
  CHECK(values[0] == 9);
  crops.dataset->read(5, out);  // upper left, mirrored
  CHECK(values[0] == 6);
  write_npy(folder.str("x.npy"), {1, 1, 7, 7}, std::vector<float>(49));
  CHECK(contains(problem_of(Exit::kUsage, folder.str("x.npy"), reading), "is no picture"));
}

TEST_CASE("a text file names pictures, a path a line, or in a column of a table") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.str("in"));
  write_png(folder.str("in/a.png"), {1, 2, 1, {10, 20}});
  write_png(folder.str("in/b.png"), {1, 2, 1, {30, 40}});
  const InputReading reading = pictures({1, 1, 2});
  for (const std::string& list :
       {folder.file("in/list.txt", "b.png\r\n\n" + folder.str("in/a.png") + "\n"),
        folder.file("in/list.csv", "kind,file\ncat,b.png\ndog,a.png\n")}) {
    const auto inputs = open_inputs({list}, reading);
    REQUIRE(inputs->size() == 2);
    CHECK(inputs->file(0) == folder.str("in/b.png"));
    CHECK(inputs->file(1) == folder.str("in/a.png"));
    CHECK(sample(*inputs, 1) == std::vector<float>{2, 4.5f});
  }
  CHECK(contains(problem_of(Exit::kInput, folder.file("no.csv", "a,b\n1,2\n"), reading),
                 "no column of it names files"));
  CHECK(contains(problem_of(Exit::kInput, folder.file("no.txt", "nothing.png\n"), reading),
                 "nothing.png"));
  CHECK(contains(problem_of(Exit::kInput, folder.file("x.gif", "GIF89a"), reading),
                 "is a GIF image"));
}

TEST_CASE("what a text file names is a picture or a folder of them, else told where") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.str("in"));
  write_png(folder.str("in/a.png"), {1, 2, 1, {10, 20}});
  write_png(folder.str("b.png"), {1, 2, 1, {30, 40}});
  const InputReading reading = pictures({1, 1, 2});
  for (const char* text : {"b.png\nin\n", "file\nb.png\nin/a.png\n"}) {
    const auto inputs = open_inputs({folder.file("list.csv", text)}, reading);
    REQUIRE(inputs->size() == 2);
    CHECK(inputs->file(0) == folder.str("b.png"));
    CHECK(inputs->file(1) == folder.str("in/a.png"));
  }
  const std::string self = folder.file("self.txt", "b.png\n\nself.txt\n");
  CHECK(contains(problem_of(Exit::kInput, self, reading), "self.txt:3: error: names"));
  CHECK(contains(problem_of(Exit::kInput, self, reading), "which is no JPEG or PNG image"));
  const std::string first = folder.file("first.txt", "none.png\nb.png\n");
  CHECK(contains(problem_of(Exit::kInput, first, reading), "first.txt:1: error: names 'none.png'"));
  const std::string table = folder.file("table.csv", "n,file\n1,b.png\n2,none.png\n");
  CHECK(contains(problem_of(Exit::kInput, table, reading), "table.csv:3:3: error: names"));
}

TEST_CASE("a table gives a sample a row, its columns by the names of training") {
  const TemporaryFolder folder;
  InputReading reading = pictures({2});
  reading.numbers = {1, {1, 2}, {1, 2}};
  const std::string table = folder.file("x.csv", "name,b,a\nx,4,1\ny,6,3\n");
  CHECK(contains(problem_of(Exit::kInput, table, reading), "has 3 columns; the model takes 2"));
  reading.columns = {"a", "b"};
  const auto inputs = open_inputs({table}, reading);
  REQUIRE(inputs->size() == 2);
  CHECK(sample(*inputs, 0) == std::vector<float>{0, 1});
  CHECK(sample(*inputs, 1) == std::vector<float>{2, 2});
  CHECK(contains(problem_of(Exit::kInput, folder.file("y.csv", "a,c\n1,2\n"), reading), "'b'"));
  CHECK(
      contains(problem_of(Exit::kInput, folder.file("z.csv", "a,b\n1,x\n"), reading), "z.csv:2:3"));
}

TEST_CASE("pictures that cannot be read are left out on request, and told of") {
  const TemporaryFolder folder;
  write_png(folder.str("a.png"), {1, 2, 1, {10, 20}});
  const std::string whole = read_text(folder.str("a.png"));
  folder.file("cut.png", whole.substr(0, whole.size() - 20));
  folder.file("x.gif", "GIF89a");
  InputReading reading = pictures({1, 1, 2});
  const std::vector<std::string> arguments = {folder.str("cut.png"), folder.str("x.gif"),
                                              folder.str("none.png"), folder.str("a.png")};
  CHECK(outcome([&] {
          const auto inputs = open_inputs({folder.str("cut.png")}, reading);
          sample(*inputs, 0);
        }).says("--skip-bad leaves out"));
  reading.skip_bad = true;
  std::vector<std::string> lines;
  set_log_sink([&](std::string_view line) { lines.emplace_back(line); });
  const auto inputs = open_inputs(arguments, reading);
  set_log_sink({});
  CHECK(inputs->size() == 1);
  CHECK(sample(*inputs, 0) == std::vector<float>{2, 4.5f});
  CHECK(lines.size() == 3);
  CHECK(contains(problem_of(Exit::kInput, folder.str("cut.png"), reading), "none of the inputs"));
}

}  // namespace cnn
