// Folders and tables that nobody has described.

#include "data/recognise.h"

#include "data/catalogue.h"
#include "images.h"
#include "support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

int64_t size_of(const Node& map, Split split) { return open_dataset(map, split, 1).size(); }

std::string value_of(const Node& map, const char* key) {
  const Node* found = map.find(key);
  return found == nullptr ? "" : to_yaml(*found);
}

}  // namespace

TEST_CASE("folders of classes are recognised, with and without train/ above") {
  const TemporaryFolder folder;
  for (const char* above : {"plain/", "split/train/", "split/test/"}) {
    for (int i = 0; i < 5; ++i) {
      const std::string name = std::to_string(i) + ".png";
      add_image(folder, above + ("cat/" + name), flat_image(6, 8, 3, 51));
      add_image(folder, above + ("dog/" + name), flat_image(6, 8, 3, 153));
    }
  }
  {
    const Notes notes;
    const Node map = recognise_data(folder.str("plain"), {});
    INFO(notes.text);
    CHECK(
        notes.text.find("2 classes by folders (cat, dog), 10 pictures of 8 x 6, read as [3,6,8]") !=
        std::string::npos);
    CHECK(size_of(map, Split::kTrain) == 8);
    CHECK(size_of(map, Split::kValidation) == 2);
    const DataView train = open_dataset(map, Split::kTrain, 1);
    CHECK(train.dataset->normalization().mean[0] == Approx(0.4));
    CHECK(train.dataset->normalization().std[0] == Approx(0.2));
    CHECK(sample_of(*train.dataset, 0)[0][0] == Approx(-1));
  }
  const Notes notes;
  const Node map =
      recognise_data(folder.str("split") + "/", {.input = {1, 4, 4}});  // as a model reads
  CHECK(size_of(map, Split::kTest) == 10);
  CHECK(size_of(map, Split::kTrain) == 8);
  CHECK(open_dataset(map, Split::kTest, 1).dataset->fields()[0].shape == Shape({1, 4, 4}));
}

TEST_CASE("pictures and masks are recognised, and what the masks' values mean") {
  const TemporaryFolder folder;
  const auto add = [&](const std::string& set, const char* masks, std::vector<uint8_t> values) {
    for (int i = 0; i < 5; ++i) {
      const std::string name = std::to_string(i) + ".png";
      add_image(folder, set + "/images/" + name, flat_image(2, 2, 1, 100));
      add_image(folder, set + "/" + masks + "/" + name, {2, 2, 1, values});
    }
  };
  add("plain", "masks", {0, 1, 2, 0});
  add("white", "labels", {0, 255, 0, 0});
  const Notes notes;
  const Node plain = recognise_data(folder.str("plain"), {});
  CHECK(value_of(plain, "mask_values").empty());
  CHECK(plain.find("classes")->text() == "3");
  CHECK(size_of(plain, Split::kValidation) == 1);
  const Node white = recognise_data(folder.str("white"), {});
  CHECK(white.find("mask_values")->find("255")->text() == "1");
  CHECK(white.find("classes")->text() == "2");
  CHECK(sample_of(*open_dataset(white, Split::kTrain, 1).dataset, 0)[1] ==
        std::vector<float>{0, 1, 0, 0});
  CHECK(notes.text.find("2 classes in the masks, of the values 0, 255") != std::string::npos);
}

TEST_CASE("tables are recognised: numbers, classes, numbers to predict, pictures") {
  const TemporaryFolder folder;
  std::string flowers = "id,length,width,note,species\n", prices = "rooms,price\n",
              seen = "file,kind\n";
  for (int i = 0; i < 12; ++i) {
    flowers += std::to_string(i) + "," + std::to_string(i % 5) + ".5,2,x," +
               (i % 2 == 0 ? "iris" : "rose") + "\n";
    prices += std::to_string(i % 4) + "," + std::to_string(100 + 7 * i) + ".25\n";
    const std::string name = "p/" + std::to_string(i) + ".png";
    add_image(folder, "seen/" + name, flat_image(3, 3, 1, 80));
    seen += name + "," + std::to_string(i % 3) + "\n";
  }
  const Notes notes;
  const Node map = recognise_data(folder.file("flowers/flowers.csv", flowers), {});
  const DataView view = open_dataset(map, Split::kTrain, 1);
  CHECK(view.dataset->fields()[0].value_names == std::vector<std::string>{"length", "width"});
  CHECK(view.dataset->fields()[1].class_names == std::vector<std::string>{"iris", "rose"});
  CHECK(notes.text.find("12 rows: 2 numbers to 2 classes of 'species'; left out: id, note") !=
        std::string::npos);
  folder.file("houses/train.csv", prices);
  folder.file("houses/test.csv", prices);
  const Node houses = recognise_data(folder.str("houses"), {});
  CHECK(open_dataset(houses, Split::kTest, 1).dataset->fields()[1].name == "target");
  folder.file("seen/labels.csv", seen);
  const Node pictures = recognise_data(folder.str("seen"), {.input = {1, 2, 2}});
  const DataView images = open_dataset(pictures, Split::kTrain, 1);
  CHECK(images.dataset->fields()[0].shape == Shape({1, 2, 2}));
  CHECK(images.dataset->fields()[1].classes == 3);
}

TEST_CASE("fields are called as the model calls them, and whole numbers are classes for it") {
  const TemporaryFolder folder;
  std::string moons = "x,y,kind\n";
  for (int i = 0; i < 9; ++i) moons += fmt::format("{0}.5,-{0}.25,{1}\n", i, 1 + i % 3);
  const std::string path = folder.file("moons.csv", moons);
  const std::string model = folder.file(
      "m.yaml", "input: {inputs: [2]}\nlayers: [flatten]\ndata: {from: moons.csv, val: 3}\n");
  const Notes notes;
  const Field kind{"kind", {1}, FieldKind::kClass, 3};
  const Node map = load_data(load_model(model, {}, {}), {{kind}});
  const DataView view = open_dataset(map, Split::kTrain, 1);
  CHECK(view.size() == 6);
  REQUIRE(view.dataset->field("inputs") == 0);
  REQUIRE(view.dataset->field("kind") == 1);
  CHECK(view.dataset->fields()[1].class_names == std::vector<std::string>{"1", "2", "3"});
  CHECK(sample_of(*view.dataset, 2)[1] == std::vector<float>{2});
  const Field number{"age", {1}, FieldKind::kValues, 0};
  const Node ages = recognise_data(path, {.targets = {number}});
  CHECK_FALSE(open_dataset(ages, Split::kTrain, 1).dataset->fields()[1].is_label());
  CHECK(open_dataset(ages, Split::kTrain, 1).dataset->field("age") == 1);
}

TEST_CASE(
    "weights that know their normalisation go before what is measured, typed numbers before both") {
  const TemporaryFolder folder;
  for (const char* name : {"a", "b"}) {
    for (int i = 0; i < 4; ++i) {
      add_image(folder, fmt::format("{}/{}.png", name, i), flat_image(2, 2, 1, 51));
    }
  }
  const Notes notes;
  const auto of = [&](Node said) {
    const DataWishes wishes{.normalization = Normalization{0.5 / 255, {0.25}, {0.125}},
                            .said = std::move(said)};
    return open_dataset(recognise_data(folder.str(), wishes), Split::kTrain, 1)
        .dataset->normalization();
  };
  CHECK(of({}).scale == Approx(0.5 / 255));
  CHECK(of({}).mean[0] == Approx(0.25));
  CHECK(of({}).std[0] == Approx(0.125));
  Node said = Node::map({});
  said.set("mean", Node::scalar("0.5"));
  CHECK(of(said).mean[0] == Approx(0.5));
  CHECK(of(said).std[0] == Approx(0.125));
}

TEST_CASE("a picture that cannot be read is stepped over on request") {
  const TemporaryFolder folder;
  for (int i = 0; i < 120; ++i) {
    add_image(folder, fmt::format("set/{}/{}.png", i % 2, i), flat_image(2, 2, 1, 51));
  }
  const std::string whole = read_text(folder.str("set/0/0.png"));
  folder.file("set/0/0.png", whole.substr(0, 20));
  const Notes notes;
  CHECK(outcome([&] { recognise_data(folder.str("set"), {}); }).code == Exit::kInput);
  Node said = Node::map({});
  said.set("skip_bad", Node::scalar("true"));
  said.set("size", Node::scalar("3"));
  const Node map = recognise_data(folder.str("set"), {.said = said});
  const DataView view = open_dataset(map, Split::kTrain, 1);
  CHECK(view.dataset->size() == 119);
  CHECK(view.dataset->fields()[0].shape == Shape({1, 3, 3}));
}

TEST_CASE("what is missing is told: a path that is nothing, a test split") {
  const TemporaryFolder folder;
  const std::string model = folder.file(
      "m.yaml", "input: {image: [1, 2, 2]}\nlayers: [flatten]\ndata: {from: nowhere}\n");
  const Outcome found =
      outcome([&] { open_dataset(load_data(load_model(model, {}, {})), Split::kTrain, 1); });
  CHECK(found.code == Exit::kSpec);
  CHECK(found.says("m.yaml:3:14: error: unknown data set 'nowhere'"));
  for (const char* name : {"a/1.png", "b/1.png", "a/2.png", "b/2.png"}) {
    add_image(folder, std::string("set/") + name, flat_image(2, 2, 1, 51));
  }
  const Notes notes;
  const Node map = recognise_data(folder.str("set"), {});
  CHECK(outcome([&] { open_dataset(map, Split::kTest, 1); }).says("--split val tests"));
}

TEST_CASE("what is nothing of this is refused with what was looked for") {
  const TemporaryFolder folder;
  folder.file("some/notes.txt", "x");
  const Outcome result = outcome([&] { recognise_data(folder.str("some"), {}); });
  CHECK(result.code == Exit::kInput);
  for (const char* part : {"no data set that can be recognised", "class folders were looked for",
                           "images/ and masks/", "train.csv", "found: notes.txt"}) {
    CHECK(result.says(part));
  }
}

TEST_CASE("a model's data are a folder, and names of data sets go before it") {
  const TemporaryFolder folder;
  for (const char* name : {"a", "b"}) {
    for (int i = 0; i < 4; ++i) {
      add_image(folder, fmt::format("pictures/{}/{}.png", name, i), flat_image(9, 9, 1, 50));
    }
  }
  const std::string path =
      folder.file("m.yaml", "input: {image: [1, 5, 5]}\nlayers: [flatten]\ndata: pictures\n");
  const Notes notes;
  const Node map = load_data(load_model(path, {}, {}));
  CHECK(map.find("format")->text() == "folder");
  CHECK(open_dataset(map, Split::kTrain, 1).dataset->fields()[0].shape == Shape({1, 5, 5}));
  CHECK(to_yaml(load_data(load_model(path, {}, {}))) == to_yaml(map));
  CHECK(std::count(notes.text.begin(), notes.text.end(), '\n') == 1);  // said once
  const Node changed =
      load_data(load_model(path, {"data.val=0.5", "data.augment={flip: true}"}, {}));
  CHECK(open_dataset(changed, Split::kValidation, 1).size() == 4);
  CHECK(changed.find("augment") != nullptr);
  std::filesystem::create_directories(folder.str("digits"));
  CHECK(load_data(load_model(path, {"data=digits"}, {})).find("format")->text() == "digits");
}

TEST_CASE("a folder that lies there packed is said how to unpack") {
  const TemporaryFolder folder;
  const WithEnvironment no_data("CNN_DATA", nullptr);
  std::string tar = "train/cat/1.jpg";
  tar.resize(1536, '\0');
  const auto problem = [&] {
    return outcome([&] {
      open_dataset(data_map("{format: folder, train: set/train, name: set}", folder.str()),
                   Split::kTrain, 1);
    });
  };
  CHECK_FALSE(problem().says("packed"));
  folder.file("other/set.tar", tar);
  CHECK(problem().says("it lies there packed; unpack it with: mkdir -p " + folder.str("set") +
                       " && tar -xf " + folder.str("other/set.tar") + " -C " + folder.str("set")));
  folder.file("set.tar", "set/" + tar);
  CHECK(problem().says("tar -xf " + folder.str("set.tar") + " -C " + folder.str()));
  CHECK(problem().code == Exit::kInput);
}

TEST_CASE("texts are recognised where the model reads lists of symbols") {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 60; ++i) text += "To be or not to be.\n";
  folder.file("play.txt", text);
  folder.file("pairs.tsv", "Ein Hund\tA dog\nEin Mann\tA man\n");
  folder.file("set/train.txt", text);
  folder.file("set/val.txt", text.substr(0, 200));
  folder.file("set/test.txt", text.substr(0, 300));
  Field next{"next", {1}, FieldKind::kClass, 65}, label{"kind", {1}, FieldKind::kClass, 2};
  next.items = Items::list(20);
  const Notes notes;
  const DataWishes running{.input_name = "text", .reads_symbols = true, .targets = {next}};
  const DataWishes labelled{.input_name = "words", .reads_symbols = true, .targets = {label}};
  const DataWishes pairs{.input_name = "source", .reads_symbols = true};
  const Node play = recognise_data(folder.str("play.txt"), running);
  CHECK(value_of(play, "format") == "text");
  CHECK(size_of(play, Split::kTrain) == 10);  // of 1200 characters, a tenth held out, by 100
  CHECK(size_of(play, Split::kValidation) == 1);
  CHECK(notes.say("play.txt: a running text of 1.2 KiB"));
  const Node set = recognise_data(folder.str("set"), running);
  CHECK(size_of(set, Split::kTest) == 2);
  CHECK(size_of(set, Split::kValidation) == 1);
  CHECK(size_of(set, Split::kTrain) == 11);
  const Node table = recognise_data(folder.str("pairs.tsv"), pairs);
  CHECK(open_dataset(table, Split::kTrain, 1).dataset->vocabulary(1) != nullptr);
  const Node classes = recognise_data(folder.str("pairs.tsv"), labelled);
  const DataView kinds = open_dataset(classes, Split::kTrain, 1);
  CHECK(kinds.dataset->field("words") == 0);
  CHECK(kinds.dataset->fields()[1].name == "kind");
  CHECK(kinds.dataset->fields()[1].is_label());
  const DataWishes longer{.input_name = "text",
                          .reads_symbols = true,
                          .targets = {next},
                          .said = data_map("{length: 7, unit: word}", ".")};
  CHECK(open_dataset(recognise_data(folder.str("play.txt"), longer), Split::kTrain, 1)
            .dataset->fields()[0]
            .items.most == 7);
  const Outcome found = outcome([&] { recognise_data(folder.str("play.txt"), {}); });
  CHECK(found.code == Exit::kInput);
  CHECK(found.says("is a text, and the model reads none of this kind"));
}
