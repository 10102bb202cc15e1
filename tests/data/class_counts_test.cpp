#include "data/class_counts.h"

#include "images.h"
#include "support.h"
#include "support/catch.h"

using namespace cnn;

TEST_CASE("classes are counted by samples, of masks by pixels") {
  const TemporaryFolder folder;
  add_image(folder, "images/0.png", flat_image(2, 2, 1, 0));
  write_png(folder.str("m.png"), {2, 2, 1, {0, 1, 1, 255}});
  std::filesystem::create_directories(folder.str("masks"));
  std::filesystem::rename(folder.str("m.png"), folder.str("masks/0.png"));
  const DataView pairs = open_dataset(
      data_map("{format: pairs, train: {images: images, masks: masks}, classes: 2, ignore: 255}",
               folder.str()),
      Split::kTrain, 1);
  CHECK(label_field(*pairs.dataset) == -1);
  CHECK(class_counts(pairs, 1, 2) == std::vector<int64_t>{1, 2});

  const DataView digits =
      open_dataset(data_map("{format: digits, train: 200}", "."), Split::kTrain, 1);
  const int field = label_field(*digits.dataset);
  REQUIRE(field == 1);
  const std::vector<int64_t> labels = labels_of(digits, field);
  std::vector<int64_t> expected(10, 0);
  for (const int64_t label : labels) ++expected[static_cast<size_t>(label)];
  CHECK(class_counts(digits, field, 10) == expected);
}

TEST_CASE("balanced weights let every class count the same, and all as much as before") {
  const std::vector<double> weights = balanced_weights({30, 10, 0, 20});
  CHECK(weights == std::vector<double>{60.0 / 90, 2, 1, 1});
  CHECK(weights[0] * 30 == Approx(weights[1] * 10));
  CHECK(is_unbalanced({16, 10}));
  CHECK_FALSE(is_unbalanced({15, 10}));
  CHECK(is_unbalanced({3, 0}));
}

TEST_CASE("counts are listed, of many classes the ends") {
  CHECK(counts_text({96, 24}, {"cat", "dog"}, 10) == "cat 96, dog 24");
  CHECK(counts_text({5, 6}, {}, 10) == "0 5, 1 6");
  CHECK(counts_text({5, 9, 2}, {"a", "b", "c"}, 2) == "3 classes, from 2 (c) to 9 (b)");
}
