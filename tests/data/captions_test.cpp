// Pictures and what is said of them: samples, references, sizes, and what is refused.
#include <algorithm>
#include <cstdlib>
#include <set>

#include "base/files.h"
#include "data/loader.h"
#include "data/vocabulary.h"
#include "images.h"
#include "support.h"
#include "support/catch.h"
#include "support/files.h"

using namespace cnn;

namespace {

// Pictures of one grey each: 10, 20, 30, 40, 8 wide and 6 high.
struct Gallery {
  Gallery() {
    for (int i = 1; i <= 4; ++i) {
      Image image{6, 8, 1, std::vector<uint8_t>(48, static_cast<uint8_t>(10 * i))};
      write_png(folder.str(std::to_string(i) + ".png"), image);
    }
    folder.file("train.tsv",
                "1.png\tA dog runs.\n2.png\tTwo dogs\n1.png\tA Dog, fast\n3.png\tA cat\n"
                "2.png\tDogs\n4.png\tA bird\n");
    folder.file("test.tsv", "3.png\tA cat sleeps.\n3.png\tThe CAT\n4.png\tA bird\n");
  }
  DataView open(const std::string& keys, Split split = Split::kTrain,
                const std::vector<Field>& wanted = {}) const {
    const Node map = data_map("{format: captions, channels: 1, " + keys + "}", folder.str());
    return DataSource(map, 1, wanted).open(split);
  }
  Outcome problem(const std::string& keys, Split split = Split::kTrain) const {
    return outcome([&] { open(keys, split); });
  }

  TemporaryFolder folder;
};

struct Seen {
  int grey = 0;  // of the picture's first pixel
  std::string text;
  std::vector<float> picture;
};

Seen sample(const Dataset& data, int64_t index, const Dataset::Draw* draw = nullptr) {
  Seen seen;
  seen.picture.resize(static_cast<size_t>(data.fields()[0].shape.count()));
  std::vector<float> text(static_cast<size_t>(data.fields()[1].items.most), -1);
  const std::vector<float*> out = {seen.picture.data(), text.data()};
  std::vector<int64_t> items(2, -1);
  data.read_items(index, draw, out, items);
  CHECK(items[0] == 1);
  const std::vector<int64_t> numbers(text.begin(), text.begin() + items[1]);
  CHECK(numbers.back() == TextVocabulary::kEdge);
  seen.text = data.vocabulary(1)->decode(numbers);
  seen.grey = static_cast<int>(seen.picture[0] * 255 + 0.5f);
  return seen;
}

}  // namespace

TEST_CASE("in training a sample is a sentence with its picture") {
  const Gallery gallery;
  const DataView view = gallery.open("train: train.tsv, lower: true");
  const Dataset& data = *view.dataset;
  REQUIRE(view.size() == 6);
  CHECK(data.fields()[0].name == "image");
  CHECK(data.fields()[0].shape == Shape{1, 6, 8});
  CHECK(data.fields()[1].name == "text");
  CHECK(data.fields()[1].items == Items::up_to(5));  // "a dog, fast" and the end
  CHECK(data.fields()[1].classes == data.vocabulary(1)->size());
  CHECK(data.vocabulary(0) == nullptr);
  std::multiset<std::string> all;
  for (int64_t i = 0; i < 6; ++i) {
    const Seen seen = sample(data, i);
    all.insert(std::to_string(seen.grey) + " " + seen.text);
  }
  CHECK(all == std::multiset<std::string>{"10 a dog runs.", "10 a dog, fast", "20 two dogs",
                                          "20 dogs", "30 a cat", "40 a bird"});
  CHECK(data.file(0).ends_with("1.png"));
}

TEST_CASE("in testing a sample is a picture and all that is said of it are references") {
  const Gallery gallery;
  const DataView view =
      gallery.open("train: train.tsv, test: test.tsv, lower: true, most: 9", Split::kTest);
  REQUIRE(view.size() == 2);
  const Dataset& data = *view.dataset;
  CHECK(sample(data, 0).grey == 30);
  CHECK(sample(data, 0).text == "a cat <unk>.");  // the words are those of training
  CHECK(data.references(0) == std::vector<std::string>{"a cat sleeps.", "the cat"});
  CHECK(data.references(1) == std::vector<std::string>{"a bird"});
}

TEST_CASE("what validation holds out are whole pictures") {
  const Gallery gallery;
  const std::string keys = "train: train.tsv, val: 0.5";
  const DataView train = gallery.open(keys), val = gallery.open(keys, Split::kValidation);
  CHECK(val.size() == 2);
  std::set<int> trained, held;
  for (int64_t i = 0; i < train.size(); ++i) trained.insert(sample(*train.dataset, i).grey);
  for (int64_t i = 0; i < val.size(); ++i) held.insert(sample(*val.dataset, i).grey);
  CHECK(trained.size() == 2);
  CHECK(held.size() == 2);
  for (const int grey : held) CHECK(trained.count(grey) == 0);
  CHECK(gallery.open("train: train.tsv, val: test.tsv", Split::kValidation).size() == 2);
  CHECK(gallery.open("train: train.tsv", Split::kValidation).empty());
  CHECK(gallery.problem("train: train.tsv, val: 4").says("none are left to train on"));
}

TEST_CASE("pictures are fitted to the model and changed in training their texts are not") {
  const Gallery gallery;
  Field image{"image", {1, 4, 4}, FieldKind::kValues, 0};
  Field text{"text", {1}, FieldKind::kClass, 50};
  text.items = Items::up_to(12);
  const std::vector<Field> wanted = {image, text};
  const DataView view = gallery.open("train: train.tsv", Split::kTrain, wanted);
  CHECK(view.dataset->fields()[0].shape == Shape{1, 4, 4});
  CHECK(view.dataset->fields()[1].items == Items::up_to(12));
  CHECK(bind_fields(view, wanted) == std::vector<int>{0, 1});
  const DataView moved =
      gallery.open("train: train.tsv, augment: {crop: 4, pad: 3}", Split::kTrain, wanted);
  CHECK(bind_fields(moved, wanted) == std::vector<int>{0, 1});
  CHECK(moved.dataset->references(0) == view.dataset->references(0));
  std::set<std::vector<float>> drawn;
  for (uint64_t epoch = 0; epoch < 20; ++epoch) {
    const Dataset::Draw draw{3, epoch};
    const Seen seen = sample(*moved.dataset, 2, &draw);
    drawn.insert(seen.picture);
    CHECK(seen.text == sample(*view.dataset, 2).text);
  }
  CHECK(drawn.size() > 3);
  // The same batches from any number of workers.
  const auto batches = [&](int workers) {
    Loader loader(
        moved, {0, 1},
        {.batch_size = 4, .shuffle = true, .seed = 2, .workers = workers, .augment = true});
    loader.start_epoch(1);
    std::vector<float> all;
    while (const Batch* batch = loader.next()) {
      all.insert(all.end(), batch->fields[0], batch->fields[0] + 16 * batch->n);
      all.insert(all.end(), batch->fields[1], batch->fields[1] + batch->starts[1][batch->n]);
    }
    return all;
  };
  CHECK(batches(0) == batches(3));
}

TEST_CASE("sentences of one picture are read from one source that nothing moves unless asked") {
  const Gallery gallery;
  const DataView train = gallery.open("train: train.tsv, test: test.tsv");
  std::vector<int64_t> sources;
  for (const int64_t i : train.indices) sources.push_back(train.dataset->source(i, 0));
  CHECK(sources == std::vector<int64_t>{0, 0, 1, 1, 2, 3});
  CHECK(train.dataset->source(3, 1) == 3);
  CHECK(!train.dataset->draws(0));
  const DataView moved = gallery.open("train: train.tsv, augment: {flip: true}");
  CHECK(moved.dataset->draws(0));
  CHECK(!moved.dataset->draws(1));
  CHECK(moved.dataset->source(1, 0) == moved.dataset->source(0, 0));
}

TEST_CASE("what is hashed changes with pictures sentences and how they are read") {
  const Gallery gallery;
  gallery.folder.file("other.tsv", "1.png\tA dog runs.\n");
  const std::string first = gallery.open("train: train.tsv").hash();
  CHECK(gallery.open("train: train.tsv").hash() == first);
  for (const char* keys :
       {"train: other.tsv", "train: train.tsv, lower: true", "train: train.tsv, symbols: 5",
        "train: train.tsv, size: 5", "train: train.tsv, most: 9", "train: train.tsv, val: 0.3"}) {
    CHECK(gallery.open(keys).hash() != first);
  }
}

TEST_CASE("what is wrong in tables of captions says where") {
  const Gallery gallery;
  gallery.folder.file("tab.tsv", "1.png\tA dog\n2.png Dogs\n");
  gallery.folder.file("gap.tsv", "1.png\tA dog\n\n");
  gallery.folder.file("mute.tsv", "1.png\t \n");
  gallery.folder.file("gone.tsv", "1.png\tA dog\n9.png\tA cow\n");
  gallery.folder.file("out.tsv", "../1.png\tA dog\n");
  gallery.folder.file("bad.png", "no picture");
  gallery.folder.file("bad.tsv", "1.png\tA dog\nbad.png\tA cow\n");
  const auto says = [&](const std::string& keys, const std::string& text) {
    const Outcome found = gallery.problem(keys);
    CHECK(found.code == Exit::kInput);
    CHECK(found.says(text));
  };
  says("train: tab.tsv", "tab.tsv:2: error: has no tab; FILE <tab> SENTENCE is expected");
  says("train: gap.tsv", "gap.tsv:2: error: is empty");
  says("train: mute.tsv", "mute.tsv:1: error: says nothing of '1.png'");
  says("train: gone.tsv", "gone.tsv:2: error: names '9.png', which is not in ");
  says("train: out.tsv", "leaves the folder by '..'");
  says("train: train.tsv, most: 3, long: refuse", "has a caption of 4 words; there is room for 2");
  says("train: bad.tsv, skip_bad: true", "1 of 2 images cannot be read");
  const Notes notes;
  const DataView cut = gallery.open("train: train.tsv, most: 3");
  CHECK(notes.say("train.tsv: 2 of 6 captions have more than 2 words and are cut"));
  CHECK(sample(*cut.dataset, 0).text == "A dog");
}

TEST_CASE("data/flickr1k.yaml is a thousand photographs with five captions each") {
  const char* data = std::getenv("CNN_DATA");
  if (data == nullptr || !file_exists(std::string(data) + "/flickr1k/train.tsv")) {
    WARN("skipped: no flickr1k/train.tsv under CNN_DATA");
    return;
  }
  DataSource source(load_yaml(CNN_SOURCE_DIR "/data/flickr1k.yaml"), 1);
  CHECK(source.open(Split::kTrain).size() == 4000);
  CHECK(source.open(Split::kValidation).size() == 100);
  const DataView test = source.open(Split::kTest);
  CHECK(test.size() == 100);
  CHECK(test.dataset->references(0).size() == 5);
  CHECK(sample(*test.dataset, 0).text == "a man in an orange hat starring at something.");
}
