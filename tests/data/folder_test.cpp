// The folder format: classes, sizes, bad images, the cache.

#include <cmath>
#include <cstdlib>

#include "base/log.h"
#include "data/catalogue.h"
#include "data/image_fit.h"
#include "data/loader.h"
#include "data/picture_files.h"
#include "images.h"
#include "support/catch.h"

using namespace cnn;
namespace fs = std::filesystem;

namespace {

// Two classes of two and one training images of 4x6, and a test image; the files' bytes are their
// numbers.
struct Flowers {
  Flowers() {
    add_image(folder, "train/rose/b.png", flat_image(4, 6, 3, 20));
    add_image(folder, "train/daisy/deep/er.png", flat_image(4, 6, 3, 10));
    add_image(folder, "train/daisy/a.jpg", flat_image(4, 6, 3, 11));
    add_image(folder, "test/rose/z.png", flat_image(4, 6, 3, 30));
  }
  DataSource source(const std::string& rest = "") const {
    return DataSource(data_map("{format: folder, train: train, test: test, scale: 1, " + rest + "}",
                               folder.str()),
                      1);
  }
  TemporaryFolder folder;
};

class Warnings {
 public:
  Warnings() {
    set_log_sink([this](std::string_view line) { text += std::string(line) + "\n"; });
  }
  ~Warnings() { set_log_sink({}); }
  std::string text;
};

bool contains(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

float first_pixel(const Dataset& dataset, int64_t index) { return sample_of(dataset, index)[0][0]; }

}  // namespace

TEST_CASE("folders are classes, sorted by name, and their images are samples, sorted by path") {
  const Flowers flowers;
  DataSource source = flowers.source();
  const DataView train = source.open(Split::kTrain);
  const Dataset& dataset = *train.dataset;
  CHECK(dataset.class_names(1) == std::vector<std::string>{"daisy", "rose"});
  CHECK(dataset.fields()[0].shape == Shape{3, 4, 6});
  CHECK((dataset.fields()[1].name == "label" && dataset.fields()[1].classes == 2));
  REQUIRE(dataset.size() == 3);
  CHECK(sample_of(dataset, 0)[0] == std::vector<float>(72, 11));
  CHECK(first_pixel(dataset, 1) == 10);
  CHECK(first_pixel(dataset, 2) == 20);
  CHECK(first_pixel(dataset, 2) == 20);  // out of the cache
  CHECK(sample_of(dataset, 1)[1][0] == 0);
  CHECK(sample_of(dataset, 2)[1][0] == 1);
  const Warnings warnings;
  const DataView test = source.open(Split::kTest);
  CHECK(sample_of(*test.dataset, 0)[1][0] == 1);  // matched by name, not by order
  CHECK(contains(warnings.text, "class 'daisy' has no samples"));
  flowers.source("classes: [rose, tulip, daisy, aster]").open(Split::kTrain);
  CHECK(contains(warnings.text, "2 of 4 classes have no samples: 'tulip', 'aster'"));
}

TEST_CASE("validation images may have a folder of their own") {
  const Flowers flowers;
  add_image(flowers.folder, "held/daisy/a.png", flat_image(4, 6, 3, 77));
  DataSource source = flowers.source("val: held");
  CHECK(source.open(Split::kTrain).size() == 3);
  const DataView held = source.open(Split::kValidation);
  REQUIRE(held.size() == 1);
  CHECK(first_pixel(*held.dataset, 0) == 77);
  CHECK(flowers.source("val: 1").open(Split::kValidation).size() == 1);
  const Outcome other = outcome([] { DataSource(data_map("{format: digits, val: x}", "."), 1); });
  CHECK(other.says("expected a number of samples (5000) or a fraction (0.1), found 'x'"));
}

TEST_CASE("images of another size are scaled until they cover it, and cut in the middle") {
  SECTION("the size is that of the first image, or stated") {
    const Flowers flowers;
    add_image(flowers.folder, "train/rose/c.png", flat_image(40, 20, 3, 9));
    add_image(flowers.folder, "train/rose/d.png", flat_image(2, 2, 1, 8));
    const DataView train = flowers.source().open(Split::kTrain);
    CHECK(sample_of(*train.dataset, 3)[0] == std::vector<float>(72, 9));
    CHECK(sample_of(*train.dataset, 4)[0] == std::vector<float>(72, 8));
    const DataView small = flowers.source("size: [2, 3], channels: 1").open(Split::kTrain);
    CHECK(small.dataset->fields()[0].shape == Shape{1, 2, 3});
  }
  SECTION("a ramp stays a ramp, and the middle is kept") {
    Image ramp{1, 12, 1, {}};
    for (uint8_t x = 0; x < 12; ++x) ramp.values.push_back(static_cast<uint8_t>(10 * x));
    Image tall{4, 12, 1, {}};
    for (int y = 0; y < 4; ++y) {
      tall.values.insert(tall.values.end(), ramp.values.begin(), ramp.values.end());
    }
    // 4x12 -> 2x2: halved to 2x6, of which columns 2 and 3 are left. Each averages 4 columns with
    // weights 1 3 3 1 around 4.5 and 6.5.
    CHECK(fit_image(tall, 2, 2).values == std::vector<uint8_t>{45, 65, 45, 65});
    CHECK(fit_image(tall, 4, 4).values ==
          std::vector<uint8_t>{40, 50, 60, 70, 40, 50, 60, 70, 40, 50, 60, 70, 40, 50, 60, 70});
    // Doubled: between the columns 5 and 6 lie their quarter points.
    const Image large = fit_image(tall, 8, 2);
    CHECK((large.values[0] == 53 && large.values[1] == 58));
  }
}

TEST_CASE("a data set of folders is known by its files") {
  const Flowers flowers;
  const auto hash = [&](const std::string& rest = "") {
    return flowers.source(rest).open(Split::kTrain).hash();
  };
  const std::string before = hash();
  CHECK(hash() == before);
  CHECK(hash("size: 4") != before);
  CHECK(hash("augment: {flip: true}") != before);
  add_image(flowers.folder, "train/rose/zz.png", flat_image(4, 6, 3, 1));
  CHECK(hash() != before);
}

TEST_CASE("what is wrong with folders is said before anything is trained") {
  const Flowers flowers;
  const auto problem = [&](const std::string& rest) {
    return outcome([&] { flowers.source(rest).open(Split::kTest); });
  };
  fs::create_directories(flowers.folder.str("test/tulip"));
  CHECK(problem("").says("test/tulip: error: is no class; the classes are daisy, rose"));
  CHECK(problem("").code == Exit::kInput);
  CHECK(problem("classes: 3").says("has 2 class folders, 'classes' says 3"));
  CHECK(problem("channels: 2").says("'2'"));
  CHECK(problem("size: [4, 4, 4]").says("[height, width]"));
  fs::create_directories(flowers.folder.str("empty/inner"));
  const auto other = [&](const std::string& train) {
    return outcome([&] {
      DataSource(data_map("{format: folder, train: " + train + "}", flowers.folder.str()), 1)
          .open(Split::kTrain);
    });
  };
  CHECK(other("empty").says("has no images"));
  CHECK(other("empty/inner").says("images are expected as CLASS/IMAGE.jpg"));
  CHECK(other("nowhere").says("the data set's folder is not there"));
}

TEST_CASE("rows 36, 42 and 43: an image that cannot be read is named") {
  const Flowers flowers;
  const std::string bad = flowers.folder.str("train/rose/a.png");
  const auto problem = [&] {
    const DataView train = flowers.source().open(Split::kTrain);
    return outcome([&] { sample_of(*train.dataset, 2); });  // the first rose
  };
  const auto check = [&](const std::string& part) {
    const Outcome found = problem();
    CHECK(found.code == Exit::kInput);
    CHECK(found.says("train/rose/a.png"));
    CHECK(found.says(part));
    CHECK(found.says("--skip-bad"));
  };
  SECTION("row 36: cut off") {
    const std::string whole = read_text(flowers.folder.str("train/rose/b.png"));
    flowers.folder.file("train/rose/a.png", whole.substr(0, whole.size() / 2));
    check("ends too early");
    flowers.folder.file("train/rose/a.png", read_text(flowers.folder.str("train/rose/b.png")));
    CHECK(problem().code == Exit::kOk);
  }
  SECTION("row 42: no image") {
    flowers.folder.file("train/rose/a.png", "some text");
    check("no JPEG or PNG");
  }
  SECTION("row 43: empty") {
    flowers.folder.file("train/rose/a.png", "");
    check("is empty");
  }
  SECTION("row 43: a broken link") {
    fs::create_symlink("nowhere", bad);
    check("broken symbolic link");
  }
}

TEST_CASE("row 46: an image that goes or changes after it was listed stops the run") {
  const Flowers flowers;
  const DataView train = flowers.source().open(Split::kTrain);
  fs::remove(flowers.folder.str("train/rose/b.png"));
  const Outcome gone = outcome([&] { sample_of(*train.dataset, 2); });
  CHECK(gone.code == Exit::kResource);
  CHECK(gone.says("has gone or changed"));
  flowers.folder.file("train/daisy/a.jpg", "short");
  CHECK(outcome([&] { sample_of(*train.dataset, 0); }).code == Exit::kResource);
}

TEST_CASE("row 49: bad images are left out up to 1 in 100, and counted") {
  const TemporaryFolder folder;
  for (int i = 0; i < 199; ++i) {
    add_image(folder, "train/a/" + std::to_string(i) + ".png", flat_image(2, 2, 1, 5));
  }
  folder.file("train/a/bad1.png", "x");
  const auto open = [&] {
    return DataSource(data_map("{format: folder, train: train, channels: 1, skip_bad: true}",
                               folder.str()),
                      1)
        .open(Split::kTrain);
  };
  const Warnings warnings;
  CHECK(open().size() == 199);
  CHECK(contains(warnings.text, "1 of 200 images cannot be read"));
  CHECK(contains(warnings.text, "bad1.png"));
  fs::remove(folder.str("train/a/0.png"));
  folder.file("train/a/bad2.png", "x");
  CHECK(open().size() == 198);
  folder.file("train/a/bad3.png", "x");
  const Outcome many = outcome([&] { open(); });
  CHECK(many.code == Exit::kInput);
  CHECK(many.says("3 of 201 images cannot be read"));
  CHECK(many.says("bad3.png"));
}

TEST_CASE("images are the same with and without the cache, and for any number of workers") {
  const TemporaryFolder folder;
  for (int i = 0; i < 30; ++i) {
    Image image = flat_image(5, 5, 3, static_cast<uint8_t>(i));
    for (size_t k = 0; k < image.values.size(); ++k) image.values[k] += static_cast<uint8_t>(3 * k);
    add_image(folder, "train/" + std::to_string(i % 3) + "/" + std::to_string(i) + ".png", image);
  }
  const auto pass = [&](const std::string& rest, int workers) {
    const DataView view = DataSource(data_map("{format: folder, train: train, augment: {pad: 1, "
                                              "flip: true}, " +
                                                  rest + "}",
                                              folder.str()),
                                     1)
                              .open(Split::kTrain);
    Loader loader(
        view, {0, 1},
        {.batch_size = 4, .shuffle = true, .seed = 3, .workers = workers, .augment = true});
    std::vector<float> all;
    for (int epoch = 0; epoch < 2; ++epoch) {
      loader.start_epoch(epoch);
      while (const Batch* batch = loader.next()) {
        all.insert(all.end(), batch->fields[0], batch->fields[0] + batch->n * 75);
        all.insert(all.end(), batch->fields[1], batch->fields[1] + batch->n);
      }
    }
    return all;
  };
  const std::vector<float> expected = pass("cache: 0", 0);
  CHECK(expected.size() == 2 * 30 * 76);
  CHECK(pass("cache: 100", 0) == expected);
  CHECK(pass("cache: 100", 3) == expected);
  CHECK(pass("cache: 0", 2) == expected);
}

TEST_CASE("CIFAR-10 as JPEG files, where it is there, is read whole") {
  const char* data = std::getenv("CNN_DATA");
  std::string archive;
  for (const std::string& folder :
       {std::string(data ? data : ""), std::string(CNN_SOURCE_DIR "/../shared/data")}) {
    const std::string path = folder + "/cifar10/cifar10-jpeg.tgz";
    if (archive.empty() && !folder.empty() && fs::exists(path)) archive = path;
  }
  if (archive.empty()) {
    WARN("skipped: no cifar10/cifar10-jpeg.tgz under CNN_DATA");
    return;
  }
  const TemporaryFolder folder;
  const Process::Result unpacked =
      Process({"/bin/tar", "-xzf", archive, "-C", folder.str(), "test/cat", "test/ship"}).wait();
  REQUIRE(unpacked.exit == 0);
  const DataView view =
      DataSource(data_map("{format: folder, train: test, mean: 0.47, std: 0.25}", folder.str()), 1)
          .open(Split::kTrain);
  REQUIRE(view.size() == 2000);
  CHECK(view.dataset->fields()[0].shape == Shape{3, 32, 32});
  Loader loader(view, {0, 1}, {.batch_size = 500, .workers = 2});
  loader.start_epoch(0);
  double sum = 0;
  while (const Batch* batch = loader.next()) {
    for (int64_t i = 0; i < batch->n * 3072; ++i) sum += batch->fields[0][i];
  }
  CHECK(std::abs(sum / (2000 * 3072)) < 0.5);  // photographs are neither black nor white
}

TEST_CASE("a run directory finds the folders again from anywhere") {
  const Flowers flowers;
  const Node kept =
      portable_data(data_map("{format: folder, train: train, test: test}", flowers.folder.str()));
  const Node moved = data_map(to_yaml(kept), "/");
  CHECK(DataSource(moved, 1).open(Split::kTrain).size() == 3);
  const Node typed = portable_data(data_map(
      "{format: folder, train: " + flowers.folder.str("train") + ", val: 1}", "elsewhere", true));
  CHECK(DataSource(data_map(to_yaml(typed), "/"), 1).open(Split::kTrain).size() == 2);
}
