#include "data/augmentation.h"

#include <map>
#include <set>

#include "data/loader.h"
#include "support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

// Pictures of 1x3x4 whose pixels are numbered; with masks, if wanted, of the same numbers.
struct Numbered {
  explicit Numbered(bool masks = false) {
    std::string bytes;
    for (int sample = 0; sample < 40; ++sample) {
      for (int i = 0; i < 12; ++i) bytes += static_cast<char>(10 * (sample % 2) + i + 1);
    }
    folder.file("x", idx_file({40, 3, 4}, bytes));
    folder.file("y", masks ? idx_file({40, 3, 4}, bytes) : idx_file({40}, std::string(40, '\1')));
  }
  DataView open(const std::string& rest) const {
    return DataSource(data_map("{format: idx, scale: 1, train: {images: x, labels: y}, "
                               "test: {images: x, labels: y}, " +
                                   rest + "}",
                               folder.str()),
                      1)
        .open(Split::kTrain);
  }
  Outcome problem(const std::string& rest) const {
    return outcome([&] { open(rest); });
  }
  TemporaryFolder folder;
};

std::vector<float> drawn(const Dataset& dataset, int64_t index, uint64_t seed, uint64_t epoch,
                         size_t field = 0) {
  std::vector<std::vector<float>> values;
  std::vector<float*> out;
  for (const Field& f : dataset.fields()) {
    values.emplace_back(static_cast<size_t>(f.shape.count()), -999.0f);
  }
  for (std::vector<float>& v : values) out.push_back(v.data());
  dataset.read_drawn(index, {seed, epoch}, out);
  return values[field];
}

}  // namespace

TEST_CASE("a picture is mirrored in half of the draws") {
  const Numbered data;
  const DataView view = data.open("augment: {flip: true}");
  const std::vector<float> plain = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const std::vector<float> mirrored = {4, 3, 2, 1, 8, 7, 6, 5, 12, 11, 10, 9};
  int count = 0;
  for (uint64_t epoch = 0; epoch < 200; ++epoch) {
    const std::vector<float> values = drawn(*view.dataset, 0, 1, epoch);
    CHECK((values == plain || values == mirrored));
    count += values == mirrored;
  }
  CHECK((count > 70 && count < 130));
  CHECK(sample_of(*view.dataset, 0)[0] == plain);  // validation and testing
}

TEST_CASE("a random window of the padded picture is cut out; testing sees the middle") {
  const Numbered data;
  const DataView view = data.open("mean: 3, augment: {pad: 1, crop: [3, 2]}");
  CHECK(view.dataset->fields()[0].shape == Shape{1, 3, 2});
  CHECK(sample_of(*view.dataset, 0)[0] == std::vector<float>{-1, 0, 3, 4, 7, 8});
  std::set<std::vector<float>> windows;
  for (uint64_t epoch = 0; epoch < 400; ++epoch) {
    windows.insert(drawn(*view.dataset, 0, 1, epoch));
  }
  CHECK(windows.size() == 3 * 5);  // (3 + 2 - 3 + 1) rows, (4 + 2 - 2 + 1) columns
  CHECK(windows.count({-3, -3, -3, -2, -3, 2}) == 1);  // black, normalised, around the corner
  CHECK(windows.count({-1, 0, 3, 4, 7, 8}) == 1);
}

TEST_CASE("what is drawn depends on seed, epoch and sample") {
  const Numbered data;
  const DataView view = data.open("augment: {pad: 2, flip: true}");
  const Dataset& dataset = *view.dataset;
  CHECK(drawn(dataset, 0, 1, 0) == drawn(dataset, 0, 1, 0));
  const auto differ = [&](auto&& other) {
    int count = 0;
    for (int64_t i = 0; i < 20; ++i) count += drawn(dataset, 2 * i, 1, 0) != other(2 * i);
    return count;
  };
  CHECK(differ([&](int64_t i) { return drawn(dataset, i, 2, 0); }) > 10);
  CHECK(differ([&](int64_t i) { return drawn(dataset, i, 1, 1); }) > 10);
  CHECK(differ([&](int64_t) { return drawn(dataset, 0, 1, 0); }) > 10);
}

TEST_CASE("masks are cut and mirrored like their pictures") {
  const Numbered data(true);
  const DataView view = data.open("ignore: 255, augment: {pad: 1, flip: true}");
  for (uint64_t epoch = 0; epoch < 20; ++epoch) {
    std::vector<float> picture = drawn(*view.dataset, 1, 1, epoch);
    const std::vector<float> mask = drawn(*view.dataset, 1, 1, epoch, 1);
    for (float& value : picture) value = value == 0 ? 255 : value;
    CHECK(picture == mask);
  }
  CHECK(data.problem("augment: {pad: 1}").says("'augment.pad' needs 'ignore'"));
}

TEST_CASE("only a loader that is told to augments") {
  const Numbered data;
  const DataView view = data.open("augment: {pad: 2, flip: true}");
  const auto pass = [&](bool augment, int64_t epoch) {
    Loader loader(view, {0}, {.batch_size = 40, .workers = 0, .augment = augment});
    loader.start_epoch(epoch);
    const Batch* batch = loader.next();
    return std::vector<float>(batch->fields[0], batch->fields[0] + 40 * 12);
  };
  CHECK(pass(false, 0) == pass(false, 1));
  CHECK(pass(true, 0) != pass(false, 0));
  CHECK(pass(true, 0) != pass(true, 1));
  CHECK(pass(true, 1) == pass(true, 1));
}

TEST_CASE("an epoch that is entered in its middle goes on with the same draws") {
  const Numbered data;
  const DataView view = data.open("augment: {pad: 2, flip: true}");
  const auto last_batch = [&](int64_t first_batch) {
    Loader loader(view, {0},
                  {.batch_size = 10, .shuffle = true, .seed = 5, .workers = 1, .augment = true});
    loader.start_epoch(3, first_batch);
    std::vector<float> last;
    while (const Batch* batch = loader.next()) {
      last.assign(batch->fields[0], batch->fields[0] + 10 * 12);
    }
    return last;
  };
  CHECK(last_batch(3) == last_batch(0));
}

TEST_CASE("mistakes in an augmentation are named") {
  const Numbered data;
  CHECK(data.problem("augment: {crop: 5}").says("a crop of 5 x 5 is larger than the pictures"));
  CHECK(data.problem("augment: {flop: true}").says("did you mean 'flip'?"));
  CHECK(data.problem("augment: yes").code == Exit::kSpec);
  CHECK(data.problem("augment: {pad: -1}").code == Exit::kSpec);
  CHECK(data.problem("augment: ~").code == Exit::kOk);
  const TemporaryFolder folder;
  folder.file("x", idx_file({2, 3}, "abcdef"));
  const Outcome flat = outcome([&] {
    DataSource(data_map("{format: idx, train: {images: x}, augment: {flip: true}}", folder.str()),
               1)
        .open(Split::kTrain);
  });
  CHECK(flat.says("is for pictures [C,H,W], the inputs are [3]"));
}
