#include "data/held_out.h"

#include <algorithm>
#include <map>

#include "images.h"
#include "support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

std::map<int64_t, int64_t> counted_by(const std::vector<int64_t>& labels,
                                      const std::vector<int64_t>& samples) {
  std::map<int64_t, int64_t> counts;
  for (const int64_t s : samples) ++counts[labels[static_cast<size_t>(s)]];
  return counts;
}

}  // namespace

TEST_CASE("of every class its share is held out") {
  std::vector<int64_t> labels(100, 0);
  std::fill(labels.begin() + 80, labels.end(), 1);
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const std::vector<int64_t> chosen = held_out(100, 20, seed, labels);
    CHECK(std::is_sorted(chosen.begin(), chosen.end()));
    CHECK(counted_by(labels, chosen) == std::map<int64_t, int64_t>{{0, 16}, {1, 4}});
  }
  CHECK(held_out(100, 20, 1, labels) == held_out(100, 20, 1, labels));
  CHECK(held_out(100, 20, 1, labels) != held_out(100, 20, 2, labels));
}

TEST_CASE("what does not divide goes to the largest rests, and a last sample stays") {
  // 7, 2 and 1: of 3 in all 2.1, 0.6 and 0.3.
  const std::vector<int64_t> labels = {0, 0, 0, 0, 0, 0, 0, 1, 1, 2};
  CHECK(counted_by(labels, held_out(10, 3, 1, labels)) ==
        std::map<int64_t, int64_t>{{0, 2}, {1, 1}});
  const std::vector<int64_t> all_differ = {4, 5, 6, 7};
  CHECK(held_out(4, 2, 1, all_differ).size() == 2);
  CHECK(held_out(4, 3, 1).size() == 3);
}

TEST_CASE("data with classes are stratified unless the map says otherwise") {
  const TemporaryFolder folder;
  for (int i = 0; i < 20; ++i) {
    const std::string name = i < 16 ? "many/" : "few/";
    add_image(folder, "train/" + name + std::to_string(i) + ".png", flat_image(2, 2, 1, 9));
  }
  const auto few_in = [&](const std::string& more, uint64_t seed) {
    DataSource source(data_map("{format: folder, train: train, val: 5" + more + "}", folder.str()),
                      seed);
    const DataView view = source.open(Split::kValidation);
    REQUIRE(view.size() == 5);
    CHECK(source.open(Split::kTrain).size() == 15);
    return std::count_if(view.indices.begin(), view.indices.end(), [](int64_t i) { return i < 4; });
  };
  bool differs = false;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    CHECK(few_in("", seed) == 1);
    differs = differs || few_in(", stratify: false", seed) != 1;
  }
  CHECK(differs);
}
