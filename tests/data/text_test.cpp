// Running texts: windows, their borders, streams, and what is refused.
#include <algorithm>
#include <cstdlib>
#include <set>

#include "base/files.h"
#include "data/loader.h"
#include "data/text_files.h"
#include "data/vocabulary.h"
#include "support.h"
#include "support/catch.h"
#include "support/files.h"

using namespace cnn;

namespace {

// "abc...", so that what stands where shows.
std::string letters(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += static_cast<char>('a' + i % 26);
  return text;
}

struct Texts {
  TemporaryFolder folder;

  DataView open(const std::string& keys, Split split = Split::kTrain,
                const std::vector<Field>& wanted = {}) const {
    const Node map = data_map("{format: text, " + keys + "}", folder.str());
    return DataSource(map, 1, wanted).open(split);
  }
  Outcome problem(const std::string& keys, Split split = Split::kTrain) const {
    return outcome([&] { open(keys, split); });
  }
};

std::string text_of(const Dataset& data, std::span<const float> values) {
  std::vector<int64_t> numbers;
  for (const float v : values) numbers.push_back(static_cast<int64_t>(v));
  return data.vocabulary(0)->decode(numbers);
}

// Both fields of a sample.
std::pair<std::string, std::string> sample(const Dataset& data, int64_t index,
                                           const Dataset::Draw* draw = nullptr) {
  const auto length = static_cast<size_t>(data.fields()[0].items.most);
  std::vector<float> text(length), next(length);
  std::vector<float*> out = {text.data(), next.data()};
  std::vector<int64_t> items(2, 0);
  data.read_items(index, draw, out, items);
  CHECK(items == std::vector<int64_t>(2, static_cast<int64_t>(length)));
  return {text_of(data, text), text_of(data, next)};
}

// All batches of an epoch as text, a line a sample; numbers and indices with them.
std::string drained(const DataView& view, LoaderSettings settings, int64_t epoch,
                    int64_t first_batch = 0) {
  Loader loader(view, {0, 1}, settings);
  loader.start_epoch(epoch, first_batch);
  const auto length = static_cast<size_t>(view.dataset->fields()[0].items.most);
  std::string all;
  while (const Batch* batch = loader.next()) {
    for (int64_t i = 0; i < batch->n; ++i) {
      const auto part = [&](size_t field) {
        const float* at = batch->fields[field] + static_cast<size_t>(i) * length;
        return text_of(*view.dataset, {at, length});
      };
      all += fmt::format("{}:{} {}\n", batch->number, part(0), part(1));
    }
  }
  return all;
}

std::string shared_file(const std::string& name) {
  const char* data = std::getenv("CNN_DATA");
  const std::string path = std::string(data == nullptr ? "" : data) + "/" + name;
  return file_exists(path) ? path : "";
}

}  // namespace

TEST_CASE("a text is windows of characters and of those that come next") {
  const Texts texts;
  texts.folder.file("t.txt", letters(26));
  const DataView view = texts.open("train: t.txt, length: 5");
  const Dataset& data = *view.dataset;
  CHECK(view.size() == 5);
  REQUIRE(data.fields().size() == 2);
  CHECK(data.fields()[0].name == "text");
  CHECK(data.fields()[1].name == "next");
  for (const Field& field : data.fields()) {
    CHECK(field.items == Items::list(5));
    CHECK(field.kind == FieldKind::kClass);
    CHECK(field.classes == 26);  // no <s>, no <unk>
  }
  CHECK(data.vocabulary(0)->symbols().front() == "a");
  CHECK(data.class_names(1).size() == 26);
  CHECK(sample(data, 0) == std::pair<std::string, std::string>("abcde", "bcdef"));
  CHECK(sample(data, 4) == std::pair<std::string, std::string>("uvwxy", "vwxyz"));
  CHECK(data.origin(0).ends_with("t.txt"));
  const DataView named = texts.open("train: t.txt, length: 5, input_name: x, target_name: y");
  CHECK(named.dataset->field("x") == 0);
  CHECK(named.dataset->field("y") == 1);
}

TEST_CASE("validation is the end of a text or a file and half windows are left out") {
  const Texts texts;
  texts.folder.file("t.txt", letters(100));
  texts.folder.file("v.txt", letters(12));
  const std::string keys = "train: t.txt, length: 5, ";
  CHECK(texts.open(keys + "val: 0.2").size() == 15);  // 79 / 5
  const DataView end = texts.open(keys + "val: 0.2", Split::kValidation);
  CHECK(end.size() == 3);  // 19 / 5
  CHECK(sample(*end.dataset, 0).first == letters(100).substr(80, 5));
  const DataView windows = texts.open(keys + "val: 4", Split::kValidation);
  CHECK(windows.size() == 4);
  CHECK(sample(*windows.dataset, 3).second.back() == letters(100).back());
  CHECK(texts.open(keys + "val: v.txt").size() == 19);
  CHECK(texts.open(keys + "val: v.txt", Split::kValidation).size() == 2);
  CHECK(texts.open(keys + "test: v.txt", Split::kTest).size() == 2);
  CHECK(texts.open("train: t.txt, length: 5", Split::kValidation).empty());
  CHECK(texts.open(keys + "limit: 4").size() == 4);
}

TEST_CASE("in training all windows of an epoch begin later by a draw of its own") {
  const Texts texts;
  texts.folder.file("t.txt", letters(26));
  const DataView view = texts.open("train: t.txt, length: 5");
  const Dataset& data = *view.dataset;
  std::set<char> begins;
  for (uint64_t epoch = 0; epoch < 40; ++epoch) {
    const Dataset::Draw draw{7, epoch};
    const auto [text, next] = sample(data, 0, &draw);
    begins.insert(text[0]);
    const auto after = sample(data, 1, &draw).first;
    CHECK(after[0] == text[4] + 1);
    CHECK(next == text.substr(1) + after[0]);
    CHECK(sample(data, 4, &draw).second.back() == 'z');  // no window leaves the text
    const Dataset::Draw stream{7, epoch, true};
    CHECK(sample(data, 1, &stream).first == "fghij");
  }
  CHECK(begins == std::set<char>{'a', 'b', 'c', 'd', 'e'});
}

TEST_CASE("any number of workers gives the same windows and the same streams") {
  const Texts texts;
  texts.folder.file("t.txt", letters(26) + letters(24) + letters(21) + letters(19));
  const DataView view = texts.open("train: t.txt, length: 4");
  for (const bool stream : {false, true}) {
    LoaderSettings settings;
    settings.batch_size = 3;
    settings.shuffle = true;
    settings.augment = true;
    settings.stream = stream;
    settings.seed = 5;
    std::string first;
    for (int64_t epoch = 0; epoch < 3; ++epoch) {
      settings.workers = 0;
      const std::string alone = drained(view, settings, epoch);
      settings.workers = 3;
      CHECK(drained(view, settings, epoch) == alone);
      // Entered in the middle, it goes on as if it had not been left.
      const std::string rest = drained(view, settings, epoch, 3);
      CHECK(alone.ends_with(rest));
      CHECK(rest.starts_with("3:"));
      if (epoch > 0) CHECK((alone == first) == stream);
      if (epoch == 0) first = alone;
    }
  }
}

TEST_CASE("a stream goes on in the next batch where it has ended in this one") {
  const Texts texts;
  const std::string content = letters(26) + letters(13) + letters(17) + letters(9);
  texts.folder.file("t.txt", content);
  const DataView view = texts.open("train: t.txt, length: 4");
  REQUIRE(view.size() == 16);
  Loader loader(view, {0, 1}, {.batch_size = 3, .workers = 0, .stream = true, .augment = true});
  loader.start_epoch(2);
  std::vector<std::string> streams(3);
  while (const Batch* batch = loader.next()) {
    for (size_t i = 0; i < 3; ++i) {
      streams[i] += text_of(*view.dataset, {batch->fields[0] + 4 * i, 4});
    }
  }
  CHECK(streams[0] == content.substr(0, 20));
  CHECK(streams[1] == content.substr(20, 20));
  CHECK(streams[2] == content.substr(40, 20));
}

TEST_CASE("what is hashed changes with the text and with how it is read") {
  const Texts texts;
  texts.folder.file("t.txt", letters(60));
  texts.folder.file("same.txt", letters(60));
  std::string other = letters(60);
  std::swap(other[30], other[31]);
  texts.folder.file("other.txt", other);
  const auto hash = [&](const std::string& keys) { return texts.open(keys).hash(); };
  const std::string first = hash("train: t.txt, length: 5");
  CHECK(hash("train: same.txt, length: 5") == first);
  for (const char* keys :
       {"train: other.txt, length: 5", "train: t.txt, length: 6",
        "train: t.txt, length: 5, unit: byte", "train: t.txt, length: 5, lower: true",
        "train: t.txt, length: 5, symbols: 20", "train: t.txt, length: 5, val: 0.2"}) {
    CHECK(hash(keys) != first);
  }
}

TEST_CASE("the length of windows is the model's where the map says none") {
  const Texts texts;
  texts.folder.file("t.txt", letters(60));
  Field input{"text", {1}, FieldKind::kClass, 65}, next{"next", {1}, FieldKind::kClass, 65};
  input.items = next.items = Items::list(7);
  const std::vector<Field> wanted = {input, next};
  CHECK(texts.open("train: t.txt", Split::kTrain, wanted).dataset->fields()[0].items.most == 7);
  CHECK(texts.open("train: t.txt, length: 5", Split::kTrain, wanted)
            .dataset->fields()[0]
            .items.most == 5);
  const DataView view = texts.open("train: t.txt", Split::kTrain, wanted);
  CHECK(bind_fields(view, wanted) == std::vector<int>{0, 1});
}

TEST_CASE("words bytes and pairs are units of a text too and gzip is unpacked") {
  const Texts texts;
  const std::string line = "To be, or not to be:\nthat is the question.\n";
  std::string content;
  for (int i = 0; i < 30; ++i) content += line;
  texts.folder.file("t.txt", content);
  const std::string gz = texts.folder.str("g.txt.gz");
  REQUIRE(std::system(fmt::format("gzip -c {} > {}", texts.folder.str("t.txt"), gz).c_str()) == 0);
  const auto begin_of = [&](const std::string& keys) {
    const DataView view = texts.open(keys + ", length: 14");
    return sample(*view.dataset, 0).first;
  };
  CHECK(begin_of("train: g.txt.gz, unit: word, lower: true") ==
        "to be, or not to be:\nthat is the question.");
  CHECK(begin_of("train: t.txt, unit: byte") == content.substr(0, 14));
  CHECK(begin_of("train: t.txt, unit: pairs, symbols: 60").size() > 20);
  CHECK(texts.open("train: t.txt, unit: byte, length: 9").dataset->fields()[0].classes == 256);
  const DataView few = texts.open("train: t.txt, symbols: 9, length: 9");
  CHECK(few.dataset->fields()[0].classes == 9);
  CHECK(few.dataset->vocabulary(0)->has_edge());
}

TEST_CASE("texts that cannot be read say why and where") {
  const Texts texts;
  texts.folder.file("t.txt", letters(60));
  texts.folder.file("empty.txt", "");
  texts.folder.file("short.txt", "abcde");
  texts.folder.file("latin.txt", letters(30) + "L\xf6we" + letters(30));
  texts.folder.file("strange.txt", letters(20) + "é" + letters(20));
  texts.folder.file("broken.gz", "\x1f\x8b\x08 no gzip");
  Outcome found = texts.problem("train: empty.txt, length: 5");
  CHECK(found.code == Exit::kInput);
  CHECK(found.says("empty.txt"));
  CHECK(found.says("is empty; a text is expected"));
  found = texts.problem("train: short.txt, length: 5");
  CHECK(found.code == Exit::kInput);
  CHECK(found.says("has 5 characters; a window and what comes next need 6"));
  found = texts.problem("train: t.txt, length: 9, val: 0.1", Split::kValidation);
  CHECK(found.code == Exit::kInput);
  CHECK(found.says("this part of it has 6 characters"));
  found = texts.problem("train: latin.txt, length: 5");
  CHECK(found.code == Exit::kInput);
  CHECK(found.says("latin.txt: error: at byte 31: f6 is no UTF-8"));
  CHECK(texts.problem("train: latin.txt, length: 5, unit: byte").code == Exit::kOk);
  found = texts.problem("train: t.txt, length: 5, test: strange.txt", Split::kTest);
  CHECK(found.code == Exit::kInput);
  CHECK(found.says("at byte 20: 'é' is none of the 26 characters of the training text"));
  CHECK(found.says("symbols: N"));
  CHECK(
      texts.problem("train: t.txt, symbols: 20, length: 5, test: strange.txt", Split::kTest).code ==
      Exit::kOk);
  found = texts.problem("train: broken.gz, length: 5");
  CHECK(found.code == Exit::kInput);
  CHECK(found.says("broken gzip"));
  CHECK(texts.problem("train: nowhere.txt, length: 5").code == Exit::kInput);
  CHECK(texts.problem("train: t.txt, unit: byte, symbols: 9").code == Exit::kSpec);
  CHECK(texts.problem("train: t.txt, mean: 1").code == Exit::kSpec);
  CHECK(texts.problem("train: t.txt, length: 0").code == Exit::kSpec);
  CHECK(texts.problem("train: t.txt, length: 5", Split::kTest).code == Exit::kInput);
}

TEST_CASE("data/shakespeare.yaml is tiny Shakespeare with its 65 characters") {
  if (shared_file("shakespeare/input.txt").empty()) {
    WARN("skipped: no shakespeare/input.txt under CNN_DATA");
    return;
  }
  DataSource source(load_yaml(CNN_SOURCE_DIR "/data/shakespeare.yaml"), 1);
  const DataView train = source.open(Split::kTrain), val = source.open(Split::kValidation);
  CHECK(train.dataset->fields()[0].classes == 65);
  CHECK(train.size() == 10038);  // of 100 characters, out of 1,003,855
  CHECK(val.size() == 1115);
  CHECK(sample(*train.dataset, 0).first.starts_with("First Citizen:\nBefore we proceed"));
}
