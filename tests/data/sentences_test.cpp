// The built-in sentences: their grammar, their vocabulary, and how they stand in a data set.
#include <algorithm>
#include <map>
#include <set>

#include "data/phrases.h"
#include "data/vocabulary.h"
#include "support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

constexpr const char* kTrain = "sentences/train";

DataView opened(const std::string& keys, Split split = Split::kTrain) {
  return open_dataset(data_map("{format: sentences, " + keys + "}", "."), split, 1);
}

// The items of a field of a sample, and nothing beyond.
std::vector<int64_t> numbers_of(const Dataset& dataset, int64_t index, int field) {
  std::vector<std::vector<float>> values;
  std::vector<float*> out;
  for (const Field& f : dataset.fields()) {
    values.emplace_back(static_cast<size_t>(f.items.most), -1.0f);
  }
  for (std::vector<float>& v : values) out.push_back(v.data());
  std::vector<int64_t> items(values.size(), -1);
  dataset.read_items(index, nullptr, out, items);
  const std::vector<float>& all = values[static_cast<size_t>(field)];
  const auto count = static_cast<size_t>(items[static_cast<size_t>(field)]);
  REQUIRE(count <= all.size());
  for (size_t i = count; i < all.size(); ++i) CHECK(all[i] == -1);  // nothing lies there
  return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count)};
}

std::string words_in_order(const std::string& text) {
  std::vector<std::string_view> words = units_of(text, TextUnit::kWord);
  std::sort(words.begin(), words.end());
  std::string sorted;
  for (const std::string_view word : words) sorted += std::string(word) + ' ';
  return sorted;
}

// What a number is called, said once more in another way.
std::string spelled(int64_t n) {
  static const std::vector<std::string> kNames = {
      "zero",     "one",     "two",     "three",     "four",     "five",    "six",
      "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",  "thirteen",
      "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
  static const std::map<int64_t, std::string> kTens = {{2, "twenty"}, {3, "thirty"}, {4, "forty"},
                                                       {5, "fifty"},  {6, "sixty"},  {7, "seventy"},
                                                       {8, "eighty"}, {9, "ninety"}};
  if (n < 20) return kNames[static_cast<size_t>(n)];
  if (n >= 100) {
    return kNames[static_cast<size_t>(n / 100)] + " hundred" +
           (n % 100 == 0 ? "" : " " + spelled(n % 100));
  }
  return kTens.at(n / 10) + (n % 10 == 0 ? "" : " " + spelled(n % 10));
}

}  // namespace

TEST_CASE("a sentence depends on its seed, stream and number, and on nothing else") {
  const std::string first = topic_sentence(1, kTrain, 5);
  topic_sentence(1, kTrain, 6);
  CHECK(topic_sentence(1, kTrain, 5) == first);
  CHECK(topic_sentence(2, kTrain, 5) != first);
  CHECK(topic_sentence(1, "sentences/test", 5) != first);
  CHECK(topic_sentence(1, kTrain, 4) != first);
  CHECK(spoken_sum(1, false, 3).source == spoken_sum(1, false, 3).source);
  CHECK(spoken_sum(1, false, 3).source != spoken_sum(2, false, 3).source);
  CHECK(spoken_sum(1, false, 3).source != spoken_sum(1, true, 3).source);
}

TEST_CASE("sentences are of all ten topics, of many lengths, and rarely the same") {
  std::map<int, int> topics;
  std::set<std::string> different;
  std::set<size_t> lengths;
  constexpr int64_t kCount = 3000;
  for (int64_t i = 0; i < kCount; ++i) {
    const std::string text = topic_sentence(1, kTrain, i);
    ++topics[topic_of(1, kTrain, i)];
    different.insert(text);
    lengths.insert(units_of(text, TextUnit::kWord).size());
    CHECK(text.find("  ") == std::string::npos);
    CHECK(text.find_first_of("{}") == std::string::npos);
  }
  REQUIRE(topics.size() == topic_names().size());
  for (const auto& [topic, count] : topics) CHECK(count > kCount / 14);
  CHECK(different.size() > kCount * 9 / 10);
  CHECK(lengths.size() >= 10);
  CHECK(static_cast<int64_t>(*lengths.rbegin()) <= longest_topic_sentence(TextUnit::kWord));
}

// Every sentence of one topic of a pair becomes one of the other when the rivals change places.
TEST_CASE("the order of words tells topics that their number does not") {
  const std::vector<std::pair<int, int>> pairs = {{4, 5}, {6, 7}, {8, 9}};
  std::map<int, std::set<std::string>> sentences;
  std::map<int, std::map<std::string, int>> bags;
  for (int64_t i = 0; i < 40000; ++i) {
    const std::string text = topic_sentence(1, kTrain, i);
    const int topic = topic_of(1, kTrain, i);
    sentences[topic].insert(text);
    ++bags[topic][words_in_order(text)];
  }
  for (const auto& [a, b] : pairs) {
    INFO(topic_names()[static_cast<size_t>(a)]);
    int shared = 0;
    for (const std::string& text : sentences[a]) {
      CHECK(sentences[b].count(text) == 0);
      shared += bags[b].count(words_in_order(text)) > 0;
    }
    CHECK(shared > static_cast<int>(sentences[a].size()) / 5);
  }
  const auto swapped = [](std::string text, const std::string& one, const std::string& other) {
    const size_t i = text.find(one), k = text.find(other);
    const bool first = i < k;
    text.replace(first ? k : i, first ? other.size() : one.size(), first ? one : other);
    text.replace(first ? i : k, first ? one.size() : other.size(), first ? other : one);
    return text;
  };
  int found = 0;
  for (const std::string& text : sentences[8]) {
    found += static_cast<int>(sentences[9].count(swapped(text, "euro", "dollar")));
  }
  CHECK(found > static_cast<int>(sentences[8].size()) / 2);
}

TEST_CASE("texts become numbers and come back") {
  for (const TextUnit unit : {TextUnit::kWord, TextUnit::kCharacter}) {
    const TextVocabulary words = TextVocabulary::of_words(topic_words(), unit);
    CHECK(words.symbols()[0] == "<s>");
    CHECK(words.symbols()[1] == "<unk>");
    CHECK(std::is_sorted(words.symbols().begin() + 2, words.symbols().end()));
    for (int64_t i = 0; i < 300; ++i) {
      const std::string text = topic_sentence(1, kTrain, i);
      std::vector<int64_t> numbers = words.encode(text);
      CHECK(std::count(numbers.begin(), numbers.end(), TextVocabulary::kUnknown) == 0);
      CHECK(words.decode(numbers) == text);
      numbers.insert(numbers.end(), {0, 7, 7});
      CHECK(words.decode(numbers) == text);  // up to the first <s>
    }
  }
}

TEST_CASE("what a vocabulary does not know is <unk>, a character at a time or a word") {
  const std::vector<std::string> known = {"ein", "Löwe", "schläft"};
  const TextVocabulary words = TextVocabulary::of_words(known, TextUnit::kWord);
  CHECK(words.size() == 5);
  CHECK(words.encode("  ein  Hund\tschläft\n") == std::vector<int64_t>{3, 1, 4});
  CHECK(words.decode(std::vector<int64_t>{3, 1, 4}) == "ein <unk> schläft");
  CHECK(words.encode("").empty());
  const TextVocabulary characters = TextVocabulary::of_words(known, TextUnit::kCharacter);
  CHECK(units_of("Löwe", TextUnit::kCharacter).size() == 4);
  CHECK(units_of("L\xc3", TextUnit::kCharacter).size() == 2);
  CHECK(characters.decode(characters.encode("Löwe fein")) == "Löwe fein");
  CHECK(characters.encode("x") == std::vector<int64_t>{1});
  CHECK(characters.number(" ") == 2);
}

TEST_CASE("sums are right, and no pair of the test is trained on") {
  std::set<std::pair<std::string, std::string>> trained;
  std::map<std::string, int64_t> value;
  for (int64_t n = 0; n < 200; ++n) {
    CHECK(number_in_words(n) == spelled(n));
    value[spelled(n)] = n;
  }
  CHECK(value.size() == 200);
  CHECK(number_in_words(714) == "seven hundred fourteen");
  const auto check = [&](bool is_test, int64_t index) {
    const SpokenSum sum = spoken_sum(1, is_test, index);
    const size_t plus = sum.source.find(" plus ");
    REQUIRE(plus != std::string::npos);
    const std::string a = sum.source.substr(0, plus), b = sum.source.substr(plus + 6);
    CHECK(value.at(a) < 100);
    CHECK(value.at(b) < 100);
    CHECK(value.at(sum.target) == value.at(a) + value.at(b));
    return std::minmax(value.at(a), value.at(b));
  };
  std::set<std::pair<int64_t, int64_t>> train, test;
  for (int64_t i = 0; i < 10000; ++i) train.insert(check(false, i));
  for (int64_t i = 0; i < 2000; ++i) test.insert(check(true, i));
  CHECK(train.size() > 3500);  // of 5050
  CHECK(test.size() > 600);
  for (const auto& pair : test) CHECK(train.count(pair) == 0);
}

TEST_CASE("the built-in sentences are a list of class numbers and a label") {
  const DataView view = opened("train: 500");
  const Dataset& data = *view.dataset;
  REQUIRE(data.fields().size() == 2);
  const Field &text = data.fields()[0], &label = data.fields()[1];
  CHECK(text.name == "text");
  CHECK(text.shape == Shape{1});
  CHECK(text.kind == FieldKind::kClass);
  CHECK(text.items == Items::up_to(longest_topic_sentence(TextUnit::kWord)));
  CHECK(text.classes == data.vocabulary(0)->size());
  CHECK(label.name == "label");
  CHECK(label.classes == 10);
  CHECK(data.vocabulary(1) == nullptr);
  CHECK(data.class_names(1)[6] == "reds win");
  CHECK(data.origin(0) == "sentences");
  for (int64_t i = 0; i < 500; ++i) {
    std::string said;
    for (const int64_t number : numbers_of(data, i, 0)) {
      said +=
          (said.empty() ? "" : " ") + data.vocabulary(0)->symbols()[static_cast<size_t>(number)];
    }
    CHECK(said == topic_sentence(1, kTrain, i));
    CHECK(numbers_of(data, i, 1) == std::vector<int64_t>{topic_of(1, kTrain, i)});
  }
  // read() fills what a sentence leaves over with symbol 0.
  std::vector<float> all(static_cast<size_t>(text.items.most), -1.0f);
  std::vector<float*> out = {all.data(), nullptr};
  data.read(3, out);
  const size_t count = numbers_of(data, 3, 0).size();
  CHECK(std::count(all.begin(), all.end(), 0.0f) == static_cast<long>(all.size() - count));
}

TEST_CASE("a sum's source and target are lists, and the target ends with symbol 0") {
  for (const char* unit : {"word", "character"}) {
    const DataView view = opened(std::string("task: sum, test: 200, unit: ") + unit, Split::kTest);
    const Dataset& data = *view.dataset;
    CHECK(data.fields()[0].name == "source");
    CHECK(data.fields()[1].name == "target");
    CHECK(data.fields()[0].items == data.fields()[1].items);
    CHECK(data.vocabulary(0)->symbols() == data.vocabulary(1)->symbols());
    const bool is_word = std::string(unit) == "word";
    size_t longest = 0;
    for (int64_t i = 0; i < 200; ++i) {
      std::vector<int64_t> target = numbers_of(data, i, 1);
      REQUIRE(target.size() > 1);
      CHECK(target.back() == TextVocabulary::kEdge);
      CHECK(std::count(target.begin(), target.end(), 0) == 1);
      const std::vector<int64_t> source = numbers_of(data, i, 0);
      CHECK(source.back() != TextVocabulary::kEdge);
      longest = std::max({longest, source.size(), target.size()});
      const TextVocabulary words =
          TextVocabulary::of_words(sum_words(), is_word ? TextUnit::kWord : TextUnit::kCharacter);
      CHECK(words.decode(source) == spoken_sum(1, true, i).source);
      CHECK(words.decode(target) == spoken_sum(1, true, i).target);
    }
    CHECK(longest > (is_word ? 4 : 25));
  }
}

TEST_CASE("sums in digits are right and no pair of the test is trained on") {
  std::set<std::string> trained;
  std::map<size_t, int> lengths;
  const auto check = [&](int64_t digits, bool is_test, int64_t index) {
    const SpokenSum sum = digit_sum(1, is_test, index, digits);
    const size_t plus = sum.source.find('+');
    const int64_t a = std::stoll(sum.source.substr(0, plus));
    const int64_t b = std::stoll(sum.source.substr(plus + 1));
    CHECK(sum.source == std::to_string(a) + "+" + std::to_string(b));
    CHECK(sum.target == std::to_string(a + b));
    ++lengths[sum.source.size()];
    return std::to_string(std::min(a, b)) + "+" + std::to_string(std::max(a, b));
  };
  for (const int64_t digits : {1, 2, 3, 6}) {
    trained.clear();
    for (int64_t i = 0; i < 3000; ++i) trained.insert(check(digits, false, i));
    for (int64_t i = 0; i < 500; ++i) CHECK(trained.count(check(digits, true, i)) == 0);
    CHECK(lengths.rbegin()->first == static_cast<size_t>(2 * digits + 1));
  }
  const DataView view = opened("task: digits, unit: character, train: 300");
  const Dataset& data = *view.dataset;
  CHECK(data.vocabulary(0)->size() == 13);
  CHECK(data.fields()[0].items == Items::up_to(7));
  CHECK(data.fields()[1].items == Items::up_to(7));
  for (int64_t i = 0; i < 300; ++i) {
    const SpokenSum sum = digit_sum(1, false, i, 3);
    const std::vector<int64_t> source = numbers_of(data, i, 0), target = numbers_of(data, i, 1);
    CHECK(data.vocabulary(0)->decode(source) == sum.source);
    CHECK(data.vocabulary(1)->decode(target) == sum.target);
    CHECK(target.back() == TextVocabulary::kEdge);
    CHECK(data.references(i) == std::vector<std::string>{sum.target});
  }
  CHECK(outcome([&] { opened("task: digits"); }).says("say 'unit: character'"));
  CHECK(outcome([&] { opened("task: digits, unit: character, most: 6"); }).says("7 or more"));
}

TEST_CASE("the sentences are a running text and training does not see what is held out") {
  const std::string keys =
      "task: text, unit: character, length: 50, train: 40, test: 10, val: 0.25";
  const DataView train = opened(keys), val = opened(keys, Split::kValidation);
  const TextVocabulary& known = *train.dataset->vocabulary(0);
  CHECK(known.size() == 27);  // letters that occur, the blank, the end of a line
  CHECK(known.symbols().front() == "\n");
  std::string text;
  for (int64_t i = 0; i < 3; ++i) text += topic_sentence(1, kTrain, i) + "\n";
  CHECK(known.decode(numbers_of(*train.dataset, 0, 0)) == text.substr(0, 50));
  CHECK(known.decode(numbers_of(*train.dataset, 0, 1)) == text.substr(1, 50));
  CHECK(val.size() < train.size() / 2);
  CHECK(val.hash() != train.hash());
  CHECK(opened(keys, Split::kTest).size() > 2);
}

TEST_CASE("models that read lists find a task that fits them among the made up sentences") {
  const auto list = [](const char* name, Items items, int64_t classes) {
    Field field{name, {1}, FieldKind::kClass, classes};
    field.items = items;
    return field;
  };
  const auto task = [](const std::vector<Field>& wanted) {
    DataSource source(data_map("{format: sentences, train: 20}", "."), 1, wanted);
    bind_fields(source.open(Split::kTrain), wanted);
    const Node* said = source.map().find("task");
    return said == nullptr ? std::string("topic") : said->text();
  };
  CHECK(task({list("source", Items::up_to(40), 8000), list("target", Items::up_to(40), 8000)}) ==
        "sum");
  CHECK(task({list("problem", Items::up_to(7), 13), list("answer", Items::up_to(7), 13)}) ==
        "digits");
  CHECK(task({list("text", Items::list(100), 65), list("next", Items::list(100), 65)}) == "text");
  CHECK(task({list("x", Items::list(20), 27), list("y", Items::list(20), 27)}) == "text");
  CHECK(task({list("text", Items::up_to(19), 181), Field{"label", {1}, FieldKind::kClass, 10}}) ==
        "topic");
}

TEST_CASE("the sentences' seed is the data set's own, and splits differ") {
  const auto hash = [](const std::string& keys, Split split, uint64_t seed) {
    return open_dataset(data_map("{format: sentences, " + keys + "}", "."), split, seed).hash();
  };
  const std::string first = hash("test: 20, train: 20", Split::kTest, 1);
  CHECK(hash("test: 20, train: 20", Split::kTest, 2) == first);
  CHECK(hash("test: 20, train: 20", Split::kTrain, 1) != first);
  CHECK(hash("test: 20, seed: 2", Split::kTest, 1) != first);
  CHECK(hash("test: 20, task: sum", Split::kTest, 1) != first);
  CHECK(hash("test: 20, unit: character", Split::kTest, 1) != first);
}

TEST_CASE("data/sentences.yaml is what text models train on without files") {
  DataSource source(load_yaml(CNN_SOURCE_DIR "/data/sentences.yaml"), 1);
  const DataView train = source.open(Split::kTrain);
  CHECK(train.size() == 9000);
  CHECK(source.open(Split::kValidation).size() == 1000);
  CHECK(source.open(Split::kTest).size() == 2000);
  CHECK(train.dataset->vocabulary(0)->size() == 181);  // as models/text-classifier.yaml says
  CHECK(train.dataset->fields()[0].items.most == 19);
}

TEST_CASE("a model's list may be longer than the sentences, not shorter") {
  const DataView view = opened("train: 20, most: 40");
  const int64_t symbols = view.dataset->fields()[0].classes;
  const auto bind = [&](int64_t most, int64_t classes) {
    Field text{"text", {1}, FieldKind::kClass, classes};
    text.items = Items::up_to(most);
    return outcome([&] { bind_fields(view, std::vector<Field>{text}); });
  };
  CHECK(bind(40, symbols).code == Exit::kOk);
  CHECK(bind(100, symbols + 50).code == Exit::kOk);
  CHECK(bind(39, symbols).code == Exit::kSpec);
  CHECK(bind(39, symbols).says("say 'text: {steps: {most: 40}}' there"));
  CHECK(bind(40, symbols - 1).code == Exit::kSpec);
  CHECK(bind(40, symbols - 1).says(fmt::format("say 'classes: {}' of it", symbols)));
}

TEST_CASE("keys that make no sense of sentences are errors") {
  const auto problem = [](const std::string& keys) {
    return outcome([&] { opened(keys + ", train: 10"); });
  };
  CHECK(problem("most: 5").says("sentences have up to"));
  CHECK(problem("most: 5").code == Exit::kSpec);
  CHECK(problem("mean: 0.5").says("are for numbers"));
  CHECK(problem("augment: {flip: true}").says("is for pictures"));
  CHECK(problem("task: tropic").says("topic"));
  CHECK(problem("unit: byte").says("character"));
  CHECK(problem("classes: 7").says("the data set has classes 0 to 6"));
}
