// Points and boxes move with their pictures: what is bright at a point stays bright there.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/log.h"
#include "base/rng.h"
#include "data/coordinates.h"
#include "data/image_fit.h"
#include "data/ten_crops.h"
#include "images.h"
#include "support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

// A place in pixels from the upper left corner.
struct Place {
  double x = 0;
  double y = 0;
};

double distance(const Place& a, const Place& b) { return std::hypot(a.x - b.x, a.y - b.y); }

// A grey picture, dark but for a round spot.
Image spot(int64_t height, int64_t width, const Place& at, double radius) {
  Image image{height, width, 1, {}};
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      const double far = distance(at, {static_cast<double>(x) + 0.5, static_cast<double>(y) + 0.5});
      const double value = 255 * std::exp(-far * far / (2 * radius * radius));
      image.values.push_back(static_cast<uint8_t>(value + 0.5));
    }
  }
  return image;
}

// The middle of the brightest pixel.
Place brightest(const std::vector<float>& picture, int64_t width) {
  const int64_t i = std::max_element(picture.begin(), picture.end()) - picture.begin();
  return {static_cast<double>(i % width) + 0.5, static_cast<double>(i / width) + 0.5};
}

// The middle of all that is brighter than the ground.
Place balance(const std::vector<float>& picture, int64_t width) {
  const float ground = *std::min_element(picture.begin(), picture.end());
  double sum = 0;
  Place place;
  for (size_t i = 0; i < picture.size(); ++i) {
    const auto value = static_cast<double>(picture[i] - ground);
    const auto pixel = static_cast<int64_t>(i);
    sum += value;
    place.x += value * (static_cast<double>(pixel % width) + 0.5);
    place.y += value * (static_cast<double>(pixel / width) + 0.5);
  }
  return {place.x / sum, place.y / sum};
}

using Fields = std::vector<std::vector<float>>;

Fields drawn(const Dataset& dataset, int64_t index, uint64_t epoch) {
  Fields values = sample_of(dataset, index);
  std::vector<float*> out;
  for (std::vector<float>& v : values) out.push_back(v.data());
  dataset.read_drawn(index, {5, epoch}, out);
  return values;
}

// Pictures with a spot each, and a table of where it is: columns x, y; and of a box around it.
struct Spots {
  explicit Spots(int count, double radius, bool same_size = true) {
    std::string table = "file,x,y,left,top,right,bottom\n";
    RandomSequence random(Rng(11, "spots"));
    const auto below = [&](int64_t n) {
      return static_cast<int64_t>(random.below(static_cast<uint64_t>(n)));
    };
    for (int i = 0; i < count; ++i) {
      const int64_t height = same_size ? 20 : 14 + below(40),
                    width = same_size ? 26 : 14 + below(40);
      // The middle of a pixel, so that one is the brightest; wide spots lie wholly in the picture.
      const int64_t margin = radius < 1 ? 0 : 4;
      const Place at{static_cast<double>(margin + below(width - 2 * margin)) + 0.5,
                     static_cast<double>(margin + below(height - 2 * margin)) + 0.5};
      const std::string name = std::to_string(i) + ".png";
      add_image(folder, name, spot(height, width, at, radius));
      table += fmt::format("{},{},{},{},{},{},{}\n", name, at.x, at.y, at.x - 2, at.y - 1, at.x + 4,
                           at.y + 3);
    }
    folder.file("t.csv", table);
  }
  DataView open(const std::string& rest) const {
    return open_dataset(
        data_map("{format: csv, train: t.csv, channels: 1, columns: {image: file, points: [x, y], "
                 "boxes: [left, top, right, bottom]}, " +
                     rest + "}",
                 folder.str()),
        Split::kTrain, 1);
  }
  TemporaryFolder folder;
};

constexpr double kDot = 0.1;  // the radius of a single pixel

// Of all draws in which the spot lies well inside the window; how many these were.
int check_spots(const DataView& view, uint64_t epochs, double edge, double tolerance = 0.75) {
  const Shape& shape = view.dataset->fields()[0].shape;
  const auto depth = [&](const std::vector<float>& point) {  // how far from the edges
    const auto x = static_cast<double>(point[0]), y = static_cast<double>(point[1]);
    return std::min(
        {x, y, static_cast<double>(shape.width()) - x, static_cast<double>(shape.height()) - y});
  };
  int count = 0;
  for (const int64_t i : view.indices) {
    // The middle window of a cut picture says nothing of what the others show.
    const bool is_whole =
        view.dataset->windows() != nullptr || depth(sample_of(*view.dataset, i)[1]) >= edge;
    if (!is_whole) continue;
    for (uint64_t epoch = 0; epoch < epochs; ++epoch) {
      const Fields fields = drawn(*view.dataset, i, epoch);
      const Place point{static_cast<double>(fields[1][0]), static_cast<double>(fields[1][1])};
      if (depth(fields[1]) < edge) continue;
      ++count;
      INFO("sample " << i << ", epoch " << epoch << ": " << point.x << ", " << point.y);
      CHECK(distance(brightest(fields[0], shape.width()), point) < tolerance);
      if (depth(fields[1]) > 5 * edge)
        CHECK(distance(balance(fields[0], shape.width()), point) < 0.2);
    }
  }
  return count;
}

}  // namespace

TEST_CASE("the brightest place of a picture stays under its point, however it is moved") {
  const Spots spots(6, 1.5);
  for (const char* augment :
       {"{rotate: 180}", "{rotate: 30, scale: 0.3}", "{scale: [0.6, 2]}", "{shift: 5}",
        "{shift: 3.3, flip: both}", "{crop: [15, 18], pad: 3, rotate: 45, flip: both}",
        "{quarter_turns: true, rotate: 20, shift: 2, scale: [0.8, 1.5]}",
        "{crop: [16, 16], pad: 2, quarter_turns: true, flip: both, rotate: 90, scale: 0.2, "
        "shift: 4, brightness: 0.2, contrast: 0.2}"}) {
    INFO(augment);
    CHECK(check_spots(spots.open(std::string("augment: ") + augment), 60, 1.5) > 80);
  }
}

TEST_CASE("flips, quarter turns, crops and patches move points exactly") {
  const Spots spots(6, kDot);
  for (const char* rest :
       {"augment: {flip: true}", "augment: {flip: both}", "augment: {quarter_turns: true}",
        "augment: {crop: [12, 15], pad: 3, flip: both, quarter_turns: true}",
        "patches: [7, 9], augment: {flip: both, pad: 2}", "augment: {crop: [11, 13]}"}) {
    INFO(rest);
    const DataView view = spots.open(rest);
    const Shape& shape = view.dataset->fields()[0].shape;
    int seen = 0;
    for (const int64_t i : view.indices) {
      for (uint64_t epoch = 0; epoch < 40; ++epoch) {
        const Fields fields = drawn(*view.dataset, i, epoch);
        const std::vector<float>& point = fields[1];
        const bool is_inside = point[0] >= 0 && point[1] >= 0 &&
                               point[0] < static_cast<float>(shape.width()) &&
                               point[1] < static_cast<float>(shape.height());
        CHECK(is_inside == (*std::max_element(fields[0].begin(), fields[0].end()) == 1));
        if (!is_inside) continue;
        ++seen;
        const Place found = brightest(fields[0], shape.width());
        CHECK(point ==
              std::vector<float>{static_cast<float>(found.x), static_cast<float>(found.y)});
      }
    }
    CHECK(seen > 20);
  }
}

TEST_CASE("without draws points lie in the middle window or in their patch") {
  const Spots spots(24, kDot);
  for (const char* rest : {"augment: {crop: [11, 13], pad: 1}", "patches: [7, 9]", "limit: 8"}) {
    INFO(rest);
    const DataView view = spots.open(rest);
    const int64_t width = view.dataset->fields()[0].shape.width();
    int seen = 0;
    for (const int64_t i : view.indices) {
      const Fields fields = sample_of(*view.dataset, i);
      if (*std::max_element(fields[0].begin(), fields[0].end()) < 1) continue;
      const Place found = brightest(fields[0], width);
      CHECK(fields[1] ==
            std::vector<float>{static_cast<float>(found.x), static_cast<float>(found.y)});
      ++seen;
    }
    CHECK(seen > 2);
  }
}

TEST_CASE("pictures that are brought to one size take their points along") {
  const Spots spots(60, 2, false);
  for (const char* rest :
       {"size: [24, 24]", "size: [40, 17]", "size: [30, 60]", "size: [33, 50]"}) {
    INFO(rest);
    CHECK(check_spots(spots.open(rest), 1, 2) > 10);
  }
  // The brightest pixel of a picture that is sampled twice may be the next one but one.
  const DataView turned = spots.open("size: 28, augment: {rotate: 180, scale: [0.8, 1.5]}");
  CHECK(check_spots(turned, 10, 2.5, 1.2) > 100);
  // The same from memory, once it is decoded, and where only the points are read.
  const DataView view = spots.open("size: [24, 24]");
  for (const int64_t i : view.indices) {
    std::vector<float> point(2);
    std::vector<float*> out = {nullptr, point.data(), nullptr};
    view.dataset->read(i, out);
    CHECK(point == sample_of(*view.dataset, i)[1]);
    CHECK(point == sample_of(*view.dataset, i)[1]);
  }
}

TEST_CASE("a fitted picture's corners and middle are where they should be") {
  const PictureMap map = fit_map({10, 30}, {20, 20});  // twice as large, 10 columns left and right
  std::vector<float> points = {5, 0, 10, 5, 20, 10, 15, 5};
  move_points(map, points);
  CHECK(points == std::vector<float>{-10, 0, 0, 10, 20, 20, 10, 10});
  points = {3, 7};
  move_points(fit_map({12, 9}, {12, 9}), points);
  CHECK(points == std::vector<float>{3, 7});
}

TEST_CASE("boxes become the hull of their moved corners, clipped to the window") {
  const TemporaryFolder folder;
  std::string table = "f,l,t,r,b\n";
  for (const char* box : {"3,4,9,8", "0,0,16,12", "14.5,2,15,11.5", "-2,5,1,40"}) {
    table += std::string("p.png,") + box + "\n";
  }
  add_image(folder, "p.png", flat_image(12, 16, 1, 9));
  folder.file("t.csv", table);
  for (const char* augment :
       {"{flip: both}", "{rotate: 180}", "{quarter_turns: true, crop: [9, 7], pad: 2}",
        "{rotate: 40, scale: [0.5, 2], shift: 6, flip: both}"}) {
    const DataView view = open_dataset(
        data_map(
            std::string("{format: csv, train: t.csv, channels: 1, columns: {image: f, points: "
                        "{corners: [l, t, r, t, l, b, r, b]}, boxes: [l, t, r, b]}, augment: ") +
                augment + "}",
            folder.str()),
        Split::kTrain, 1);
    const Shape& shape = view.dataset->fields()[0].shape;
    const auto height = static_cast<float>(shape.height());
    const auto width = static_cast<float>(shape.width());
    for (int64_t i = 0; i < 3; ++i) {  // the last is clipped before it is turned
      for (uint64_t epoch = 0; epoch < 20; ++epoch) {
        const Fields fields = drawn(*view.dataset, i, epoch);
        const std::vector<float>&p = fields[1], &box = fields[2];
        CHECK(box[0] == std::clamp(std::min({p[0], p[2], p[4], p[6]}), 0.0f, width));
        CHECK(box[1] == std::clamp(std::min({p[1], p[3], p[5], p[7]}), 0.0f, height));
        CHECK(box[2] == std::clamp(std::max({p[0], p[2], p[4], p[6]}), 0.0f, width));
        CHECK(box[3] == std::clamp(std::max({p[1], p[3], p[5], p[7]}), 0.0f, height));
      }
    }
    CHECK(view.dataset->fields()[1].name == "corners");
  }
  const DataView plain =
      open_dataset(data_map("{format: csv, train: t.csv, columns: {image: f, boxes: [l, t, r, b]}}",
                            folder.str()),
                   Split::kTrain, 1);
  CHECK(sample_of(*plain.dataset, 0)[1] == std::vector<float>{3, 4, 9, 8});
  CHECK(sample_of(*plain.dataset, 3)[1] == std::vector<float>{0, 5, 1, 12});
}

TEST_CASE("a flip mirrors a box about the picture's middle, edge for edge") {
  const TemporaryFolder folder;
  add_image(folder, "p.png", flat_image(12, 16, 1, 9));
  folder.file("t.csv", "f,l,t,r,b\np.png,0,4,5,8\n");
  const DataView view = open_dataset(
      data_map("{format: csv, train: t.csv, columns: {image: f, boxes: [l, t, r, b]}, augment: "
               "{flip: true}}",
               folder.str()),
      Split::kTrain, 1);
  int mirrored = 0;
  for (uint64_t epoch = 0; epoch < 40; ++epoch) {
    const std::vector<float> box = drawn(*view.dataset, 0, epoch)[1];
    const bool is_mirrored = box == std::vector<float>{11, 4, 16, 8};
    CHECK((is_mirrored || box == std::vector<float>{0, 4, 5, 8}));
    mirrored += is_mirrored;
  }
  CHECK((mirrored > 8 && mirrored < 32));
}

TEST_CASE("a bend cannot move points or boxes and is refused where it stands") {
  const Spots spots(2, kDot);
  for (const char* elastic : {"elastic: 2", "elastic: {sigma: 2, grid: 4}"}) {
    const Outcome found =
        outcome([&] { spots.open(std::string("augment: {flip: true, ") + elastic + "}"); });
    CHECK(found.code == Exit::kSpec);
    CHECK(found.says("data.yaml:1:"));
    CHECK(found.says("'augment.elastic' cannot move the points of 'points' with their pictures"));
  }
  const std::string map =
      "{format: csv, train: t.csv, augment: {elastic: 2}, columns: {image: file, ";
  const auto open = [&](const std::string& columns) {
    return outcome([&] {
      open_dataset(data_map(map + columns + "}}", spots.folder.str()), Split::kTrain, 1);
    });
  };
  CHECK(open("boxes: [left, top, right, bottom]").says("cannot move the boxes of 'boxes'"));
  CHECK(open("targets: [x, y]").code == Exit::kOk);
}

TEST_CASE("plain numbers beside a picture stay as they are, colours and blanks move nothing") {
  const Spots spots(3, kDot);
  const std::string head = "{format: csv, train: t.csv, columns: {image: file, ";
  const auto open = [&](const std::string& rest) {
    return open_dataset(data_map(head + rest + "}", spots.folder.str()), Split::kTrain, 1);
  };
  const DataView numbers =
      open("targets: [x, y]}, augment: {flip: both, rotate: 90, crop: 8, pad: 1}");
  const DataView places =
      open("points: [x, y]}, augment: {noise: 0.1, cutout: 6, brightness: 0.3, contrast: 0.4}");
  const DataView plain = open("points: [x, y]}");
  for (int64_t i = 0; i < 3; ++i) {
    for (uint64_t epoch = 0; epoch < 10; ++epoch) {
      CHECK(drawn(*numbers.dataset, i, epoch)[1] == sample_of(*plain.dataset, i)[1]);
      CHECK(drawn(*places.dataset, i, epoch)[1] == sample_of(*plain.dataset, i)[1]);
    }
  }
}

TEST_CASE("a smaller target leaves points in the pixels of the picture") {
  const Spots spots(3, kDot);
  const DataView view = spots.open("target_crop: 8, augment: {flip: both}");
  const int64_t width = view.dataset->fields()[0].shape.width();
  for (uint64_t epoch = 0; epoch < 10; ++epoch) {
    const Fields fields = drawn(*view.dataset, 1, epoch);
    const Place found = brightest(fields[0], width);
    CHECK(fields[1] ==
          std::vector<float>{static_cast<float>(found.x), static_cast<float>(found.y)});
  }
}

TEST_CASE("ten crops mirror points with their pictures") {
  const Spots spots(4, kDot);
  const DataView view = ten_crops(spots.open("augment: {crop: [16, 20]}"));
  int seen = 0;
  for (const int64_t i : view.indices) {
    const Fields fields = sample_of(*view.dataset, i);
    if (*std::max_element(fields[0].begin(), fields[0].end()) < 1) continue;
    const Place found = brightest(fields[0], 20);
    CHECK(fields[1] ==
          std::vector<float>{static_cast<float>(found.x), static_cast<float>(found.y)});
    ++seen;
  }
  CHECK(seen > 10);
}

TEST_CASE("several numbers of arrays of pictures that are moved call for a warning") {
  const TemporaryFolder folder;
  write_npy(folder.str("x.npy"), {2, 1, 4, 4}, std::vector<float>(32, 1));
  write_npy(folder.str("y.npy"), {2, 2}, std::vector<float>{1, 2, 3, 4});
  write_npy(folder.str("age.npy"), {2}, std::vector<float>{1.5f, 2});
  write_npy(folder.str("map.npy"), {2, 1, 4, 4}, std::vector<float>(32, 1));
  const auto warned = [&](const std::string& rest) {
    std::vector<std::string> lines;
    set_log_sink([&](std::string_view line) { lines.emplace_back(line); });
    DataSource source(data_map("{format: npy, inputs: x.npy, val: 1, " + rest + "}", folder.str()),
                      1);
    source.open(Split::kTrain);
    source.open(Split::kValidation);
    set_log_sink({});
    CHECK(lines.size() <= 1);
    return !lines.empty() && lines[0].find("stay as they are") != std::string::npos;
  };
  CHECK(warned("targets: y.npy, augment: {flip: true}"));
  CHECK(warned("targets: y.npy, patches: 2"));
  CHECK(!warned("targets: y.npy, augment: {noise: 0.1}"));
  CHECK(!warned("targets: y.npy"));
  CHECK(!warned("targets: age.npy, augment: {flip: true}"));
  CHECK(!warned("targets: map.npy, augment: {flip: true}"));
}
