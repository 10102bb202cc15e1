#include "data/augmentation.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "data/colour.h"
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

TEST_CASE("a random window of the padded picture is cut out, testing sees the middle") {
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
  CHECK(data.problem("augment: {flip: sideways}").says("horizontal, vertical or both"));
  CHECK(data.problem("augment: {scale: 1.5}").says("expected a number below 1"));
  CHECK(data.problem("augment: {elastic: {grid: 3}}").says("sigma"));
  CHECK(data.problem("patches: 2, augment: {crop: 2}").says("exclude each other"));
  CHECK(data.problem("patches: 9").says("a patch of 9 x 9 is larger than the pictures, 3 x 4"));
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

TEST_CASE("flips upside down and quarter turns move masks like pictures") {
  const Numbered data(true);
  const DataView view = data.open("augment: {flip: both, quarter_turns: true, crop: 3}");
  std::set<std::vector<float>> pictures;
  for (uint64_t epoch = 0; epoch < 400; ++epoch) {
    const std::vector<float> picture = drawn(*view.dataset, 0, 1, epoch);
    CHECK(picture == drawn(*view.dataset, 0, 1, epoch, 1));
    pictures.insert(picture);
  }
  CHECK(pictures.size() == 2 * 8);  // two places, eight ways to lay a square down
  CHECK(pictures.count({9, 5, 1, 10, 6, 2, 11, 7, 3}) == 1);  // turned clockwise
}

namespace {

// One 1x8x8 picture whose value is its column, its mask alike.
DataView columns(const TemporaryFolder& folder, const std::string& rest) {
  std::string bytes;
  for (int i = 0; i < 64; ++i) bytes += static_cast<char>(i % 8);
  folder.file("c", idx_file({1, 8, 8}, bytes));
  return open_dataset(
      data_map("{format: idx, scale: 1, train: {images: c, labels: c}, " + rest + "}",
               folder.str()),
      Split::kTrain, 1);
}

}  // namespace

TEST_CASE("a shift moves a picture by parts of pixels and its mask by whole ones") {
  const TemporaryFolder folder;
  const DataView view = columns(folder, "augment: {shift: 2, border: reflect}");
  double largest = 0;
  for (uint64_t epoch = 0; epoch < 100; ++epoch) {
    const std::vector<float> picture = drawn(*view.dataset, 0, 1, epoch);
    const std::vector<float> mask = drawn(*view.dataset, 0, 1, epoch, 1);
    const double moved = static_cast<double>(picture[27]) - 3;
    largest = std::max(largest, std::abs(moved));
    CHECK(std::abs(moved) <= 2);
    for (const size_t i : {26, 27, 28, 36}) {  // away from the border
      CHECK(static_cast<double>(picture[i]) ==
            Approx(static_cast<double>(i % 8) + moved).margin(1e-5));
      CHECK(static_cast<double>(mask[i]) == std::floor(static_cast<double>(picture[i]) + 0.5));
    }
  }
  CHECK(largest > 1.5);
}

TEST_CASE("a scale enlarges around the middle, a turn keeps it") {
  const TemporaryFolder folder;
  const DataView scaled = columns(folder, "augment: {scale: [2, 2.0001], border: reflect}");
  const std::vector<float> picture = drawn(*scaled.dataset, 0, 1, 0);
  for (size_t x = 0; x < 8; ++x) {
    CHECK(static_cast<double>(picture[x]) ==
          Approx(3.5 + (static_cast<double>(x) - 3.5) / 2).margin(1e-3));
  }
  const DataView turned = columns(folder, "augment: {rotate: 90, border: reflect}");
  for (uint64_t epoch = 0; epoch < 10; ++epoch) {
    const std::vector<float> values = drawn(*turned.dataset, 0, 1, epoch);
    const float sum = values[27] + values[28] + values[35] + values[36];  // the middle four
    CHECK(static_cast<double>(sum) == Approx(14).margin(1e-4));
    const std::vector<float> rows = drawn(*turned.dataset, 0, 1, epoch);
    CHECK(rows == values);
  }
}

TEST_CASE("a bend is smooth and differs from sample to sample") {
  const TemporaryFolder folder;
  const DataView view = columns(folder, "augment: {elastic: {sigma: 1, grid: 3}, border: reflect}");
  std::set<std::vector<float>> pictures;
  for (uint64_t epoch = 0; epoch < 20; ++epoch) {
    const std::vector<float> picture = drawn(*view.dataset, 0, 1, epoch);
    pictures.insert(picture);
    for (size_t i = 9; i < 15; ++i) CHECK(std::abs(picture[i] - picture[i - 1]) < 4);
  }
  CHECK(pictures.size() == 20);
  CHECK(sample_of(*view.dataset, 0)[0][5] == 5);  // not in testing
}

TEST_CASE("a picture is cut into patches that cover it, whole pictures are held out") {
  const TemporaryFolder folder;
  const DataView view = columns(folder, "patches: [8, 3]");
  REQUIRE(view.size() == 3);
  CHECK(view.dataset->fields()[0].shape == Shape{1, 8, 3});
  CHECK(sample_of(*view.dataset, 0)[0][2] == 2);
  CHECK(sample_of(*view.dataset, 1)[0][0] == 3);
  CHECK(sample_of(*view.dataset, 2)[0][0] == 5);  // moved inwards
  CHECK(sample_of(*view.dataset, 2)[1][2] == 7);
  const Numbered data;
  const DataView rest = data.open("patches: 2, val: 10, limit: 20");
  REQUIRE(rest.size() == 20 * 4);
  for (size_t i = 0; i < 80; ++i) CHECK(rest.indices[i] / 4 == rest.indices[i / 4 * 4] / 4);
  const DataView drawn_view = columns(folder, "patches: [8, 3], augment: {flip: true}");
  std::set<float> firsts;
  for (uint64_t epoch = 0; epoch < 100; ++epoch) {
    firsts.insert(drawn(*drawn_view.dataset, 1, 1, epoch)[1]);
  }
  CHECK(firsts.size() == 6);  // anywhere
}

TEST_CASE("masks may be the middle of their windows, for networks with smaller outputs") {
  const TemporaryFolder folder;
  const DataView view = columns(folder, "target_crop: [2, 4], augment: {flip: true}");
  CHECK(view.dataset->fields()[0].shape == Shape{1, 8, 8});
  CHECK(view.dataset->fields()[1].shape == Shape{1, 2, 4});
  CHECK(sample_of(*view.dataset, 0)[1] == std::vector<float>{2, 3, 4, 5, 2, 3, 4, 5});
  for (uint64_t epoch = 0; epoch < 8; ++epoch) {
    const bool is_mirrored = drawn(*view.dataset, 0, 1, epoch)[0] == 7;
    CHECK(drawn(*view.dataset, 0, 1, epoch, 1)[0] == (is_mirrored ? 5 : 2));
  }
}

TEST_CASE("values change as asked, by what white is after normalisation") {
  const TemporaryFolder folder;
  const auto values = [&](const std::string& options, uint64_t epoch) {
    return drawn(*columns(folder, "std: 2, augment: {" + options + "}").dataset, 0, 1, epoch);
  };
  std::set<float> levels;
  for (uint64_t epoch = 0; epoch < 20; ++epoch) {
    const std::vector<float> bright = values("brightness: 0.5", epoch);
    const float level = bright[0];
    CHECK(std::abs(level) <= 0.25f);
    for (size_t i = 0; i < 8; ++i) {
      CHECK(bright[i] == Approx(static_cast<float>(i) / 2 + level).margin(1e-5));
    }
    levels.insert(level);
    const std::vector<float> contrast = values("contrast: 0.5", epoch);
    const float factor = contrast[1] - contrast[0];
    CHECK((factor >= 0.25f && factor <= 0.75f));
    CHECK(contrast[3] + contrast[4] == Approx(3.5f).margin(1e-5));  // the mean stays
    const std::vector<float> cut = values("cutout: 4, brightness: 0", epoch);
    const auto blank = std::count(cut.begin(), cut.end(), 0.0f);
    CHECK((blank >= 8 && blank <= 8 + 16));  // the first column is 0 already
  }
  CHECK(levels.size() == 20);
  double sum = 0, squares = 0;
  for (uint64_t epoch = 0; epoch < 50; ++epoch) {
    const std::vector<float> noisy = values("noise: 0.2", epoch);
    for (size_t i = 0; i < 64; ++i) {
      const double off = static_cast<double>(noisy[i]) - static_cast<double>(i % 8) / 2;
      sum += off;
      squares += off * off;
    }
  }
  CHECK(std::abs(sum / 3200) < 0.01);
  CHECK(std::sqrt(squares / 3200) == Approx(0.1).epsilon(0.05));
}

TEST_CASE("principal components are the eigenvectors of the covariance times their deviations") {
  // Along (1, 2, 2) / 3 with deviation 3, along (2, 1, -2) / 3 with deviation 1.
  std::vector<float> values;
  for (const float a : {-3.0f, 3.0f}) {
    for (const float b : {-1.0f, 1.0f}) {
      for (const float v : {a + 2 * b, 2 * a + b, 2 * a - 2 * b}) values.push_back(v / 3);
    }
  }
  const std::vector<float> rows = principal_components(values, 3);
  std::vector<float> covariance(9, 0);
  for (size_t i = 0; i < 3; ++i) {
    for (size_t a = 0; a < 9; ++a) covariance[a] += rows[3 * i + a / 3] * rows[3 * i + a % 3];
  }
  const std::vector<float> expected = {13, 20, 14, 20, 37, 34, 14, 34, 40};
  for (size_t a = 0; a < 9; ++a) CHECK(covariance[a] == Approx(expected[a] / 9).margin(1e-4));
  float longest = 0;
  for (size_t i = 0; i < 3; ++i) {
    longest = std::max(longest, rows[3 * i] * rows[3 * i] + rows[3 * i + 1] * rows[3 * i + 1] +
                                    rows[3 * i + 2] * rows[3 * i + 2]);
  }
  CHECK(longest == Approx(9).margin(1e-3));
}

TEST_CASE("row 48: constant pictures stay finite whatever is drawn") {
  const TemporaryFolder folder;
  folder.file("x", idx_file({3, 3, 6, 6}, std::string(3 * 108, '\7')));
  const DataView view = open_dataset(
      data_map("{format: idx, std: 1e-6, train: {images: x}, augment: {flip: both, rotate: 20, "
               "scale: 0.3, shift: 2, elastic: 3, brightness: 0.3, contrast: 0.5, colour: 0.1, "
               "noise: 0.1, cutout: 3}}",
               folder.str()),
      Split::kTrain, 1);
  for (uint64_t epoch = 0; epoch < 20; ++epoch) {
    for (const float value : drawn(*view.dataset, 1, 1, epoch)) REQUIRE(std::isfinite(value));
  }
}

TEST_CASE("colours shift along the principal components of the data") {
  const TemporaryFolder folder;
  std::string bytes;
  for (int sample = 0; sample < 4; ++sample) {
    for (const int channel : {1, 2, 0}) {  // the third channel never changes
      for (int i = 0; i < 4; ++i) bytes += static_cast<char>(10 * channel * (sample + i));
    }
  }
  folder.file("x", idx_file({4, 3, 2, 2}, bytes));
  const DataView view = open_dataset(
      data_map("{format: idx, train: {images: x}, augment: {colour: 0.1}}", folder.str()),
      Split::kTrain, 1);
  const std::vector<float> plain = sample_of(*view.dataset, 1)[0];
  for (uint64_t epoch = 0; epoch < 10; ++epoch) {
    const std::vector<float> values = drawn(*view.dataset, 1, 1, epoch);
    const float red = values[0] - plain[0], green = values[1] - plain[1];
    CHECK(red != 0);
    CHECK(green == Approx(2 * red).margin(1e-5));
    CHECK(values[2] == Approx(plain[2]).margin(1e-5));
    CHECK(values[3] - plain[3] == Approx(red).margin(1e-5));  // the same for all pixels
  }
}
