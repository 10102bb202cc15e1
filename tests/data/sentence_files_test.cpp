// Sentences in files: pairs, labels, tables; what is cut, refused and kept.
#include <algorithm>
#include <cstdlib>

#include "base/files.h"
#include "data/loader.h"
#include "data/vocabulary.h"
#include "support.h"
#include "support/catch.h"
#include "support/files.h"

using namespace cnn;

namespace {

const char* const kGerman = "Ein Mann schläft.\nZwei Männer, ein Hund\nEin Hund\n";
const char* const kEnglish = "A man sleeps.\nTwo men, a dog\nA dog\n";

struct Sentences {
  Sentences() {
    folder.file("a.de", kGerman);
    folder.file("a.en", kEnglish);
    folder.file("a.label", "sleep\nwalk\nwalk\n");
    folder.file("b.de", "Eine Katze schläft sehr, sehr lange.\n");
    folder.file("b.en", "A cat sleeps for a very long time.\n");
  }
  DataView open(const std::string& keys, Split split = Split::kTrain,
                const std::vector<Field>& wanted = {}) const {
    const Node map = data_map("{format: sentences, " + keys + "}", folder.str());
    return DataSource(map, 1, wanted).open(split);
  }
  Outcome problem(const std::string& keys, Split split = Split::kTrain) const {
    return outcome([&] { open(keys, split); });
  }

  TemporaryFolder folder;
};

const std::string kPair = "train: {source: a.de, target: a.en}, ";
const std::string kLabelled = "train: {text: a.de, label: a.label}, ";

std::vector<int64_t> numbers_of(const Dataset& data, int64_t index, int field) {
  std::vector<std::vector<float>> values;
  std::vector<float*> out;
  for (const Field& f : data.fields()) {
    values.emplace_back(static_cast<size_t>(f.items.most * f.shape.count()), -1.0f);
  }
  for (std::vector<float>& v : values) out.push_back(v.data());
  std::vector<int64_t> items(values.size(), -1);
  data.read_items(index, nullptr, out, items);
  const std::vector<float>& all = values[static_cast<size_t>(field)];
  return {all.begin(), all.begin() + items[static_cast<size_t>(field)]};
}

std::string text_of(const Dataset& data, int64_t index, int field) {
  return data.vocabulary(field)->decode(numbers_of(data, index, field));
}

Field list_field(const std::string& name, int64_t most, int64_t classes) {
  Field field{name, {1}, FieldKind::kClass, classes};
  field.items = Items::up_to(most);
  return field;
}

}  // namespace

TEST_CASE("sources and targets in two files are two lists each with words of its own") {
  const Sentences sentences;
  const DataView view = sentences.open(kPair + "unit: word, lower: true");
  const Dataset& data = *view.dataset;
  REQUIRE(view.size() == 3);
  CHECK(data.fields()[0].name == "source");
  CHECK(data.fields()[1].name == "target");
  CHECK(data.fields()[0].items == Items::up_to(5));
  CHECK(data.fields()[1].items == Items::up_to(6));  // with its end
  CHECK(data.vocabulary(0)->symbols() == std::vector<std::string>{"<s>", "<unk>", "ein", "hund",
                                                                  ",", ".", "mann", "männer",
                                                                  "schläft", "zwei"});
  CHECK(data.fields()[0].classes == 10);
  CHECK(data.fields()[1].classes == data.vocabulary(1)->size());
  CHECK(text_of(data, 1, 0) == "zwei männer, ein hund");
  CHECK(text_of(data, 1, 1) == "two men, a dog");
  CHECK(numbers_of(data, 0, 1).back() == TextVocabulary::kEdge);
  CHECK(numbers_of(data, 0, 0).back() != TextVocabulary::kEdge);
  CHECK(data.references(0) == std::vector<std::string>{"a man sleeps."});
  CHECK(sentences.open(kPair + "unit: word").dataset->references(0) ==
        std::vector<std::string>{"A man sleeps."});
  CHECK(data.origin(0).ends_with("a.de"));
  CHECK(data.origin(1).ends_with("a.en"));
  std::vector<float> source(5, -1), target(6, -1);
  const std::vector<float*> out = {source.data(), target.data()};
  data.read(2, out);  // filled up with symbol 0
  CHECK(source == std::vector<float>{2, 3, 0, 0, 0});
  for (const char* unit : {"character", "byte", "pairs"}) {
    const DataView other = sentences.open(kPair + "unit: " + unit);
    CHECK(text_of(*other.dataset, 0, 0) == "Ein Mann schläft.");
    CHECK(numbers_of(*other.dataset, 0, 1).back() == TextVocabulary::kEdge);
  }
}

TEST_CASE("texts with labels are a list and a class") {
  const Sentences sentences;
  const DataView view = sentences.open(kLabelled);
  const Dataset& data = *view.dataset;
  CHECK(data.fields()[0].name == "text");
  CHECK(data.fields()[1].name == "label");
  CHECK(data.fields()[1].is_label());
  CHECK(data.class_names(1) == std::vector<std::string>{"sleep", "walk"});
  CHECK(numbers_of(data, 1, 1) == std::vector<int64_t>{1});
  CHECK(data.vocabulary(1) == nullptr);
  CHECK(data.references(1).empty());
  CHECK(sentences.open(kLabelled + "val: 1", Split::kValidation).size() == 1);
}

TEST_CASE("a table of two columns has labels or targets as the model reads them") {
  const Sentences sentences;
  sentences.folder.file("t.tsv", "Ein Hund\tA dog\r\nEin Mann\tA man");
  const std::string keys = "train: t.tsv";
  CHECK(sentences.open(keys).dataset->fields()[1].is_label());
  const std::vector<Field> wanted = {list_field("source", 9, 90), list_field("target", 8, 90)};
  const DataView view = sentences.open(keys, Split::kTrain, wanted);
  CHECK(view.dataset->fields()[0].items == Items::up_to(9));
  CHECK(view.dataset->fields()[1].items == Items::up_to(8));
  CHECK(text_of(*view.dataset, 1, 1) == "A man");
  CHECK(bind_fields(view, wanted) == std::vector<int>{0, 1});
  const std::vector<Field> label = {list_field("text", 9, 90),
                                    Field{"label", {1}, FieldKind::kClass, 2}};
  CHECK(bind_fields(sentences.open(keys, Split::kTrain, label), label) == std::vector<int>{0, 1});
  CHECK(sentences.open(keys + ", answer: text").dataset->vocabulary(1) != nullptr);
}

TEST_CASE("validation and testing know the training words alone") {
  const Sentences sentences;
  const std::string keys = kPair +
                           "val: {source: b.de, target: b.en}, test: {source: b.de, target: b.en}, "
                           "most: 9";
  for (const Split split : {Split::kValidation, Split::kTest}) {
    const DataView view = sentences.open(keys, split);
    CHECK(view.size() == 1);
    CHECK(text_of(*view.dataset, 0, 0) == "<unk> <unk> schläft <unk>, <unk> <unk>.");
    CHECK(view.dataset->references(0)[0] == "A cat sleeps for a very long time.");  // as it is
  }
  CHECK(sentences.problem(kPair + "most: 9", Split::kTest).code == Exit::kInput);
}

TEST_CASE("the most frequent words are kept: one number for both languages or two") {
  const Sentences sentences;
  const auto sizes = [&](const std::string& keys) {
    const DataView view = sentences.open(kPair + keys);
    return std::pair(view.dataset->fields()[0].classes, view.dataset->fields()[1].classes);
  };
  CHECK(sizes("symbols: 4") == std::pair<int64_t, int64_t>(4, 4));
  CHECK(sizes("symbols: {source: 4, target: 6}") == std::pair<int64_t, int64_t>(4, 6));
  // More than the model knows is an error that says what helps; fewer are not.
  const std::vector<Field> wanted = {list_field("source", 9, 5), list_field("target", 9, 90)};
  const auto bind = [&](const std::string& keys) {
    return outcome(
        [&] { bind_fields(sentences.open(kPair + keys, Split::kTrain, wanted), wanted); });
  };
  CHECK(bind("symbols: 5").code == Exit::kOk);
  CHECK(bind("symbols: 4").code == Exit::kOk);
  const Outcome found = bind("lower: true");
  CHECK(found.code == Exit::kSpec);
  CHECK(found.says("class numbers below 5, the data set has 10"));
  CHECK(found.says("'symbols: 5'"));
}

TEST_CASE("longer sentences are cut and counted or refused") {
  const Sentences sentences;
  std::string text;
  {
    const Notes notes;
    const DataView view = sentences.open(kPair + "most: 3");
    CHECK(text_of(*view.dataset, 0, 0) == "Ein Mann schläft");
    CHECK(numbers_of(*view.dataset, 0, 1).size() == 3);
    CHECK(numbers_of(*view.dataset, 0, 1).back() == TextVocabulary::kEdge);
    CHECK(text_of(*view.dataset, 2, 1) == "A dog");
    text = notes.text;
  }
  CHECK(text.find("a.de: 2 of 3 sentences have more than 3 words and are cut") !=
        std::string::npos);
  CHECK(text.find("a.en: 2 of 3 sentences have more than 2 words and are cut") !=
        std::string::npos);
  const Outcome found = sentences.problem(kPair + "most: 4, long: refuse");
  CHECK(found.code == Exit::kInput);
  CHECK(found.says("a.de:2: error: is a sentence of 5 words; there is room for 4"));
  CHECK(found.says("long: cut"));
  CHECK(sentences.problem(kPair + "most: {source: 5, target: 6}, long: refuse").code == Exit::kOk);
}

TEST_CASE("what is wrong in files of sentences says where") {
  const Sentences sentences;
  sentences.folder.file("gap.de", "Ein Mann\n \t\nEin Hund\n");
  sentences.folder.file("short.en", "A man\n");
  sentences.folder.file("latin.de", "Ein Mann\nEin B\xe4r\nEin Hund\n");
  sentences.folder.file("none.tsv", "Ein Hund\tA dog\nEin Mann A man\n");
  sentences.folder.file("many.tsv", "Ein\tHund\tA dog\n");
  sentences.folder.file("x.label", "fly\n");
  Outcome found = sentences.problem("train: {source: gap.de, target: a.en}");
  CHECK(found.code == Exit::kInput);
  CHECK(found.says("gap.de:2: error: is empty; a sentence is expected"));
  CHECK(found.says("skip_empty: true"));
  {
    const Notes notes;
    const DataView view =
        sentences.open("train: {source: gap.de, target: a.en}, skip_empty: true, lower: true");
    CHECK(view.size() == 2);
    CHECK(text_of(*view.dataset, 1, 0) == "ein hund");
    CHECK(text_of(*view.dataset, 1, 1) == "a dog");
    CHECK(notes.say("gap.de: 1 empty line left out"));
  }
  found = sentences.problem("train: {source: a.de, target: short.en}");
  CHECK(found.code == Exit::kInput);
  CHECK(found.says("short.en: error: has 1 line, but "));
  CHECK(found.says("a.de has 3"));
  found = sentences.problem("train: {source: latin.de, target: a.en}");
  CHECK(found.code == Exit::kInput);
  CHECK(found.says("latin.de: error: at byte 14: e4 is no UTF-8"));
  found = sentences.problem("train: none.tsv");
  CHECK(found.code == Exit::kInput);
  CHECK(found.says("none.tsv:2: error: has no tab"));
  CHECK(sentences.problem("train: many.tsv").says("many.tsv:1: error: has more than one tab"));
  found = sentences.problem(kLabelled + "test: {text: b.de, label: x.label}", Split::kTest);
  CHECK(found.code == Exit::kInput);
  CHECK(found.says("x.label:1: error: 'fly' is no class; the classes are sleep, walk"));
  CHECK(sentences.problem("train: {source: a.de}").code == Exit::kSpec);
  CHECK(sentences.problem("train: {source: a.de, label: a.label}").says("{source: FILE, target"));
  CHECK(sentences.problem(kPair + "test: 20", Split::kTest).says("'test' is a number"));
  CHECK(sentences.problem("train: 20, lower: true").says("'lower' is for sentences in files"));
  CHECK(sentences.problem("train: 20, symbols: 9").code == Exit::kSpec);
  CHECK(sentences.problem(kPair + "unit: byte, symbols: 9").code == Exit::kSpec);
  CHECK(sentences.problem(kPair + "most: none").code == Exit::kSpec);
  CHECK(sentences.problem("train: {source: a.de, target: no.en}").code == Exit::kInput);
}

TEST_CASE("lines may end as on Windows the last one with nothing and files may be packed") {
  const Sentences sentences;
  std::string windows = kGerman;
  for (size_t at = 0; (at = windows.find('\n', at)) != std::string::npos; at += 2) {
    windows.insert(at, "\r");
  }
  windows.resize(windows.size() - 2);
  sentences.folder.file("w.de", "\xef\xbb\xbf" + windows);
  const std::string path = sentences.folder.str("a.de");
  REQUIRE(std::system(fmt::format("gzip -kf {}", path).c_str()) == 0);
  const std::string plain = sentences.open(kPair).hash();
  CHECK(sentences.open("train: {source: w.de, target: a.en}").hash() == plain);
  CHECK(sentences.open("train: {source: a.de.gz, target: a.en}").hash() == plain);
  CHECK(sentences.open("train: {source: b.de, target: b.en}").hash() != plain);
  CHECK(sentences.open(kPair + "lower: true").hash() != plain);
  CHECK(sentences.open(kPair + "unit: character").hash() != plain);
  CHECK(sentences.open(kPair + "symbols: 5").hash() != plain);
  CHECK(sentences.open(kPair + "most: 9").hash() != plain);
  CHECK(sentences.open(kLabelled).hash() != plain);
}

TEST_CASE("data/multi30k-de-en.yaml is Multi30k with its most frequent words") {
  const char* data = std::getenv("CNN_DATA");
  if (data == nullptr || !file_exists(std::string(data) + "/multi30k/train.de.gz")) {
    WARN("skipped: no multi30k/train.de.gz under CNN_DATA");
    return;
  }
  DataSource source(load_yaml(CNN_SOURCE_DIR "/data/multi30k-de-en.yaml"), 1);
  const DataView train = source.open(Split::kTrain), val = source.open(Split::kValidation);
  CHECK(train.size() == 29000);
  CHECK(val.size() == 1014);
  CHECK(train.dataset->fields()[0].classes == 8000);
  CHECK(train.dataset->fields()[1].classes == 8000);
  CHECK(train.dataset->fields()[0].items == Items::up_to(40));
  CHECK(text_of(*train.dataset, 0, 0) ==
        "zwei junge weiße männer sind im freien in der nähe vieler büsche.");
  CHECK(source.open(Split::kTest).size() == 1000);
}
