// standardise: columns of numbers by mean and deviation of the training samples.
#include "data/standardise.h"

#include <cmath>
#include <limits>
#include <numeric>

#include "data/catalogue.h"
#include "images.h"
#include "support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

Node csv_map(const TemporaryFolder& folder, const std::string& more) {
  return data_map("{format: csv, train: t.csv, " + more + "}", folder.str());
}

// Mean and deviation of field `f` over a view, number `channel`.
std::pair<double, double> moments(const DataView& view, size_t f, size_t channel) {
  std::vector<double> all;
  for (const int64_t i : view.indices) {
    all.push_back(static_cast<double>(sample_of(*view.dataset, i)[f][channel]));
  }
  const double n = static_cast<double>(all.size());
  const double mean = std::accumulate(all.begin(), all.end(), 0.0) / n;
  double squares = 0;
  for (const double x : all) squares += (x - mean) * (x - mean);
  return {mean, std::sqrt(squares / n)};
}

// x, y and price of 40 rows; later ones are larger, so that the held-out ones matter.
std::string table(int rows = 40) {
  std::string text = "x,y,price\n";
  for (int i = 0; i < rows; ++i) {
    text += fmt::format("{},{},{}\n", i * i, 5 - i % 7, 300000 + 1000 * i);
  }
  return text;
}

}  // namespace

TEST_CASE("inputs and targets have mean 0 and deviation 1 in the training part alone") {
  const TemporaryFolder folder;
  folder.file("t.csv", table());
  folder.file("u.csv", "price,y,x\n300000,5,0\n");
  const Node map =
      csv_map(folder, "test: u.csv, columns: {targets: [price]}, val: 10, standardise: true");
  DataSource source(map, 3);
  const DataView train = source.open(Split::kTrain), val = source.open(Split::kValidation);
  REQUIRE(train.size() == 30);
  CHECK(train.dataset == val.dataset);
  for (const auto& [field, channel] : {std::pair<size_t, size_t>(0, 0), {0, 1}, {1, 0}}) {
    const auto [mean, deviation] = moments(train, field, channel);
    CHECK(mean == Approx(0).margin(1e-6));
    CHECK(deviation == Approx(1).epsilon(1e-6));
    CHECK(std::abs(moments(val, field, channel).first) > 1e-3);  // they have the training's numbers
  }
  double sum = 0, squares = 0;
  for (const int64_t i : train.indices) sum += 300000 + 1000 * static_cast<double>(i);
  for (const int64_t i : train.indices) {
    squares += std::pow(300000 + 1000 * static_cast<double>(i) - sum / 30, 2);
  }
  const Standard& target = train.dataset->fields()[1].standard;
  CHECK(target.mean[0] == Approx(sum / 30).epsilon(1e-13));
  CHECK(target.deviation[0] == Approx(std::sqrt(squares / 30)).epsilon(1e-13));
  const Standard& inputs = train.dataset->fields()[0].standard;
  CHECK(train.dataset->normalization().mean == inputs.mean);
  CHECK(train.dataset->normalization().std == inputs.deviation);
  const DataView test = source.open(Split::kTest);
  CHECK(sample_of(*test.dataset, 0)[0][1] == static_cast<float>(inputs.done(5, 1)));
  CHECK(sample_of(*test.dataset, 0)[1][0] == static_cast<float>(target.done(300000, 0)));
  // Another part of the table, other figures.
  CHECK(DataSource(map, 4).open(Split::kTrain).dataset->fields()[1].standard != target);
}

TEST_CASE("the map keeps what was measured, and whoever reads it measures nothing") {
  const TemporaryFolder folder;
  folder.file("t.csv", table());
  DataSource source(csv_map(folder, "columns: {targets: [price]}, val: 10, standardise: true"), 3);
  const DataView first = source.open(Split::kTrain);
  const Node kept = portable_data(source.map());
  const DataView again = open_dataset(kept, Split::kTrain, 3);
  CHECK(again.hash() == first.hash());
  for (size_t f = 0; f < 2; ++f) {
    CHECK(again.dataset->fields()[f].standard == first.dataset->fields()[f].standard);
  }
  folder.file("t.csv", table(20));
  const DataView later = open_dataset(parse_yaml(std::make_shared<const Source>(
                                          Source{"spec.yaml", to_yaml(kept), folder.str(), false})),
                                      Split::kTrain, 3);
  CHECK(later.dataset->fields()[1].standard == first.dataset->fields()[1].standard);
}

TEST_CASE("inputs or targets alone are standardised where that is said") {
  const TemporaryFolder folder;
  folder.file("t.csv", table());
  const auto fields = [&](const char* what) {
    return open_dataset(
               csv_map(folder, std::string("columns: {targets: [price]}, standardise: ") + what),
               Split::kTrain, 1)
        .dataset->fields();
  };
  for (const char* what : {"true", "inputs"}) CHECK(fields(what)[0].standard.is_set());
  for (const char* what : {"targets", "false"}) CHECK_FALSE(fields(what)[0].standard.is_set());
  for (const char* what : {"true", "targets"}) CHECK(fields(what)[1].standard.is_set());
  for (const char* what : {"inputs", "false"}) CHECK_FALSE(fields(what)[1].standard.is_set());
}

TEST_CASE("large numbers that differ little keep their differences") {
  const TemporaryFolder folder;
  std::string text = "time,price\n";  // floats of this size are 128 apart
  for (int i = 0; i < 10; ++i) text += fmt::format("{},{}\n", 1700000000 + i, 4000000000.5 + i);
  folder.file("t.csv", text);
  const DataView view = open_dataset(
      csv_map(folder, "columns: {targets: [price]}, standardise: true"), Split::kTrain, 1);
  const double deviation = std::sqrt(8.25);
  for (int i = 0; i < 10; ++i) {
    const auto sample = sample_of(*view.dataset, i);
    CHECK(sample[0][0] == Approx((i - 4.5) / deviation).epsilon(1e-6));
    CHECK(sample[1][0] == Approx((i - 4.5) / deviation).epsilon(1e-6));
  }
}

TEST_CASE("a column that is the same everywhere keeps deviation 1, with a warning") {
  const TemporaryFolder folder;
  folder.file("t.csv", "a,b,c\n1,0.1,5\n2,0.1,5\n4,0.1,5\n");
  const Notes notes;
  const DataView view =
      open_dataset(csv_map(folder, "columns: {targets: [c]}, standardise: true"), Split::kTrain, 1);
  CHECK(view.dataset->fields()[0].standard.deviation[1] == 1);
  CHECK(view.dataset->fields()[1].standard.deviation[0] == 1);
  CHECK(sample_of(*view.dataset, 2)[0][1] == 0);
  CHECK(
      notes.say("t.csv: 'b' of 'image' is 0.1 in all training samples, so it tells nothing; its "
                "deviation is taken as 1"));
  CHECK(notes.say("'c' of 'target' is 5"));
}

TEST_CASE("arrays of NumPy are standardised by their last axis, lists over all of their items") {
  const TemporaryFolder folder;
  write_npy(folder.str("x.npy"), {2, 2, 2}, std::vector<float>{1, 10, 2, 20, 3, 30, 4, 40});
  write_npy(folder.str("y.npy"), {2}, std::vector<float>{100, 300});
  const DataView view = open_dataset(
      data_map("{format: npy, inputs: x.npy, targets: y.npy, lists: inputs, standardise: true}",
               folder.str()),
      Split::kTrain, 1);
  CHECK(view.dataset->fields()[0].standard ==
        Standard{{2.5, 25}, {std::sqrt(1.25), std::sqrt(125.0)}});
  CHECK(view.dataset->fields()[1].standard == Standard{{200}, {100}});
  std::vector<float> inputs(4);
  float target = 0;
  view.dataset->read(1, std::vector<float*>{inputs.data(), &target});
  CHECK(inputs[1] == Approx(5 / std::sqrt(125.0)));
  CHECK(inputs[2] == Approx(1.5 / std::sqrt(1.25)));
  CHECK(target == 1);
}

TEST_CASE("numbers that are told of pictures are standardised, the pictures are not") {
  const TemporaryFolder folder;
  std::string text = "file,age,x,y\n";
  for (int i = 0; i < 4; ++i) {
    const std::string name = std::to_string(i) + ".png";
    add_image(folder, name, flat_image(4, 4, 1, 10));
    text += fmt::format("{},{},1,2\n", name, 20 + 10 * i);
  }
  folder.file("t.csv", text);
  const std::string columns =
      "channels: 1, columns: {image: file, targets: [age], points: [x, y]}, standardise: ";
  const DataView view = open_dataset(csv_map(folder, columns + "targets"), Split::kTrain, 1);
  const auto sample = sample_of(*view.dataset, 3);
  CHECK(sample[0][0] == Approx(10.0 / 255));
  CHECK(sample[static_cast<size_t>(view.dataset->field("target"))][0] ==
        Approx(15 / std::sqrt(125.0)));
  CHECK(sample[static_cast<size_t>(view.dataset->field("points"))] == std::vector<float>{1, 2});
  const Outcome all =
      outcome([&] { open_dataset(csv_map(folder, columns + "true"), Split::kTrain, 1); });
  CHECK(all.code == Exit::kSpec);
  CHECK(
      all.says("'standardise' is for columns of numbers; 'image' has pictures, [1,4,4]; 'mean' "
               "and 'std' are for those"));
  CHECK(all.says("'standardise: targets' takes the numbers to predict alone"));
}

TEST_CASE("what cannot be standardised is refused by a sentence that names the key") {
  const TemporaryFolder folder;
  folder.file("t.csv", "a,kind\n1,rose\n2,daisy\n");
  const auto problem = [&](const std::string& more) {
    return outcome([&] {
      open_dataset(csv_map(folder, "columns: {label: kind}, " + more), Split::kTrain, 1);
    });
  };
  CHECK(problem("standardise: true").code == Exit::kOk);  // of the inputs
  CHECK(problem("standardise: targets")
            .says("'standardise: targets' needs numbers to predict; the data set has none: 'label' "
                  "has class numbers"));
  CHECK(
      problem("standardise: maybe").says("expected true, false, inputs or targets, found 'maybe'"));
  CHECK(problem("standardise: true, mean: 3").says("'mean' says how inputs are normalised"));
  CHECK(problem("standardise: targets, mean: 3").says("needs numbers to predict"));
  CHECK(problem("standardise: {image: {mean: [1, 2], std: [1, 1]}}")
            .says("'standardise' has 2 numbers for 'image', the data set 1"));
  CHECK(problem("standardise: {label: {mean: [1], std: [1]}}").says("'label' has class numbers"));
  CHECK(problem("standardise: {price: {mean: [1], std: [1]}}")
            .says("names 'price', the data set has image, label"));
  CHECK(problem("standardise: {image: {mean: [1], std: [0]}}").says("'std' must be above 0"));
  CHECK(problem("standardise: {image: {mean: [1, 2], std: [1]}}").says("'mean' has 2 numbers"));
  CHECK(problem("standardise: {image: 3}").says("expected {mean: [...], std: [...]}"));

  write_npy(folder.str("x.npy"), {2, 1},
            std::vector<float>{1, std::numeric_limits<float>::quiet_NaN()});
  const Outcome bad = outcome([&] {
    open_dataset(data_map("{format: npy, inputs: x.npy, standardise: inputs}", folder.str()),
                 Split::kTrain, 1);
  });
  CHECK(bad.code == Exit::kInput);
  CHECK(bad.says("x.npy: sample 1: error: number 0 of 'image' is not finite"));
  const Outcome digits = outcome([&] {
    open_dataset(data_map("{format: digits, train: 20, standardise: true}", "."), Split::kTrain, 1);
  });
  CHECK(digits.says("'standardise' is for columns of numbers; 'image' has pictures, [1,28,28]"));
}
