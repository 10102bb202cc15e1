// How bright pictures are, negatives, and what the data map says of both.

#include "data/tone.h"

#include <algorithm>

#include "data/description.h"
#include "images.h"
#include "support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

const Normalization kNormal{1.0 / 255, {0.5}, {0.25}};

// A picture of one grey value as it is read, made its negative where `look` says so.
float settled(const PictureLook& look, uint8_t grey) {
  std::vector<float> picture(4, grey);
  kNormal.apply(picture.data(), 4, 1);
  settle_tone(look, kNormal, 4, 1, picture.data());
  return static_cast<float>(kNormal.undone(static_cast<double>(picture[0]), 0));
}

}  // namespace

TEST_CASE("digits are unlike their negatives, photographs are like nearly all there is") {
  const Tone digits{0.13, 0.04}, photographs{0.45, 0.13};
  CHECK(digits.is_unlike(0.87));
  CHECK_FALSE(digits.is_unlike(0.25));
  for (const double brightness : {0.02, 0.2, 0.5, 0.8, 0.95}) {
    INFO(brightness);
    CHECK_FALSE(photographs.is_unlike(brightness));
  }
}

TEST_CASE("a picture becomes its negative always, never, or where that comes nearer") {
  CHECK(settled({}, 220) == Approx(220));
  CHECK(settled({.invert = Invert::kYes}, 220) == Approx(35));
  CHECK(settled({.invert = Invert::kYes}, 20) == Approx(235));
  const PictureLook look{.invert = Invert::kAuto, .tone = Tone{0.13, 0.04}};
  CHECK(settled(look, 220) == Approx(35));
  CHECK(settled(look, 20) == Approx(20));
  CHECK(settled({.invert = Invert::kAuto}, 220) == Approx(220));  // nothing is known
}

TEST_CASE("the tone of a data set is that of its files") {
  const TemporaryFolder folder;
  for (int i = 0; i < 4; ++i) {
    add_image(folder, "train/a/" + std::to_string(i) + ".png",
              flat_image(2, 2, 1, static_cast<uint8_t>(i % 2 == 0 ? 51 : 102)));
  }
  for (const char* more : {"", ", invert: true", ", mean: 0.3, std: 0.2"}) {
    INFO(more);
    const DataView view = open_dataset(
        data_map(std::string("{format: folder, train: train, channels: 1") + more + "}",
                 folder.str()),
        Split::kTrain, 1);
    const std::optional<Tone> tone = tone_of(view);
    REQUIRE(tone);
    CHECK(tone->mean == Approx(0.3));
    CHECK(tone->deviation == Approx(0.1));
  }
}

TEST_CASE("a data map inverts its pictures, and says what lies under transparent ones") {
  const TemporaryFolder folder;
  add_image(folder, "train/a/0.png", flat_image(2, 2, 1, 51));
  write_png(folder.str("train/a/1.png"), {1, 1, 4, {0, 0, 0, 0}});
  const auto first_pixel = [&](const std::string& more, int64_t index) {
    const DataView view =
        open_dataset(data_map("{format: folder, train: train, size: 2, channels: 1, " + more + "}",
                              folder.str()),
                     Split::kTrain, 1);
    return sample_of(*view.dataset, index)[0][0];
  };
  CHECK(first_pixel("mean: 0.5", 0) == Approx(-0.3));
  CHECK(first_pixel("invert: true, mean: 0.5", 0) == Approx(0.3));
  CHECK(first_pixel("invert: auto, mean: 0.5", 0) == Approx(-0.3));
  CHECK(first_pixel("shuffle: true", 1) == 1);  // white
  CHECK(first_pixel("background: 0", 1) == 0);
  CHECK(first_pixel("background: [51, 51, 51]", 1) == Approx(0.2));
  // What is around a picture is black as the network sees it.
  const DataView padded =
      open_dataset(data_map("{format: folder, train: train, size: 2, channels: 1, invert: true, "
                            "augment: {pad: 2, crop: 6}}",
                            folder.str()),
                   Split::kTrain, 1);
  std::vector<float> image(36), label(1);
  std::vector<float*> out = {image.data(), label.data()};
  padded.dataset->read_drawn(0, {1, 0}, out);
  CHECK(std::count_if(image.begin(), image.end(), [](float v) { return v < 1e-6f; }) == 32);
  const Outcome bad = outcome([&] { first_pixel("background: 256", 0); });
  CHECK(bad.code == Exit::kSpec);
  CHECK(bad.says("expected a grey value"));
  const DataDescription said =
      describe_data(data_map("{format: digits, invert: auto, background: 7}", "."), 1);
  CHECK(said.look.invert == Invert::kAuto);
  CHECK(said.look.background == Colour{7, 7, 7});
}
