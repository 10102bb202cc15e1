#include "data/loader.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <numeric>
#include <set>
#include <thread>

#include "support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

// Sample i is [i, i, i] and label i % 4; one of them may refuse to be read.
class Numbers final : public Dataset {
 public:
  explicit Numbers(int64_t size) : size_(size) {
    fields_ = {{"x", {3}, FieldKind::kValues, 0}, {"label", {1}, FieldKind::kClass, 4}};
  }
  int64_t size() const override { return size_; }
  void read(int64_t index, std::span<float* const> out) const override {
    if (index == bad) fail(Exit::kResource, "numbers", "sample {} is gone", index);
    if (out[0]) std::fill(out[0], out[0] + 3, static_cast<float>(index));
    if (out[1]) *out[1] = static_cast<float>(index % 4);
  }
  std::string origin(int) const override { return "numbers"; }
  std::string fingerprint() const override { return "numbers"; }

  std::atomic<int64_t> bad{-1};

 private:
  int64_t size_;
};

DataView view_of(int64_t size, std::shared_ptr<Numbers>* dataset = nullptr) {
  auto numbers = std::make_shared<Numbers>(size);
  if (dataset) *dataset = numbers;
  DataView view{numbers, std::vector<int64_t>(static_cast<size_t>(size))};
  std::iota(view.indices.begin(), view.indices.end(), 0);
  return view;
}

// Everything that a loader gives until the end of the epoch.
std::vector<float> drain(Loader& loader) {
  std::vector<float> all;
  while (const Batch* batch = loader.next()) {
    all.push_back(static_cast<float>(batch->number));
    for (int64_t i = 0; i < batch->n; ++i) {
      all.push_back(static_cast<float>(batch->indices[static_cast<size_t>(i)]));
      all.insert(all.end(), batch->fields[0] + 3 * i, batch->fields[0] + 3 * i + 3);
      all.push_back(batch->fields[1][i]);
    }
  }
  return all;
}

const std::vector<int> kBoth = {0, 1};

// Of 24 samples 18 are of class 0, 4 of 1, 2 of 2; sample 5 has none.
LoaderSettings balanced(int workers) {
  LoaderSettings settings;
  settings.batch_size = 5;
  settings.workers = workers;
  settings.shuffle = true;
  settings.seed = 3;
  for (int i = 0; i < 24; ++i) settings.classes.push_back(i < 18 ? 0 : i < 22 ? 1 : 2);
  settings.classes[5] = -1;
  return settings;
}

}  // namespace

TEST_CASE("a balanced epoch has every class equally often, the same for any workers") {
  const LoaderSettings settings = balanced(0);
  Loader loader(view_of(24), kBoth, settings);
  std::set<int64_t> seen;
  std::vector<std::vector<float>> epochs;
  for (int64_t epoch = 0; epoch < 6; ++epoch) {
    loader.start_epoch(epoch);
    std::map<int64_t, int> by_class, by_sample;
    while (const Batch* batch = loader.next()) {
      for (const int64_t index : batch->indices) {
        ++by_class[settings.classes[static_cast<size_t>(index)]];
        ++by_sample[index];
        seen.insert(index);
      }
    }
    CHECK(by_class == std::map<int64_t, int>{{0, 8}, {1, 8}, {2, 8}});
    for (int64_t i = 0; i < 18; ++i) CHECK(by_sample[i] <= 1);
    for (int64_t i = 18; i < 22; ++i) CHECK(by_sample[i] == 2);
    loader.start_epoch(epoch);
    epochs.push_back(drain(loader));
  }
  CHECK(seen.size() == 23);  // all in the end, but what has no class
  CHECK(epochs[0] != epochs[1]);
  Loader threaded(view_of(24), kBoth, balanced(3));
  for (int64_t epoch : {4, 1}) {
    threaded.start_epoch(epoch);
    CHECK(drain(threaded) == epochs[static_cast<size_t>(epoch)]);
  }
  // From the middle of an epoch on.
  loader.start_epoch(2, 3);
  const std::vector<float> rest = drain(loader);
  CHECK(std::equal(rest.rbegin(), rest.rend(), epochs[2].rbegin()));
}

TEST_CASE("an epoch gives every sample once, the last batch smaller") {
  Loader loader(view_of(10), kBoth, {.batch_size = 4, .shuffle = false, .workers = 0});
  CHECK(loader.batches() == 3);
  CHECK(loader.next() == nullptr);
  loader.start_epoch(0);
  std::vector<int64_t> sizes, indices;
  while (const Batch* batch = loader.next()) {
    sizes.push_back(batch->n);
    for (int64_t i = 0; i < batch->n; ++i) {
      const int64_t index = batch->indices[static_cast<size_t>(i)];
      indices.push_back(index);
      CHECK(batch->fields[0][3 * i + 2] == static_cast<float>(index));
      CHECK(batch->fields[1][i] == static_cast<float>(index % 4));
    }
    for (const float* field : batch->fields) {
      CHECK(reinterpret_cast<uintptr_t>(field) % kAlignment == 0);
    }
  }
  CHECK(sizes == std::vector<int64_t>{4, 4, 2});
  CHECK(indices == loader.view().indices);
  CHECK(loader.next() == nullptr);
}

TEST_CASE("the number of workers changes nothing") {
  std::vector<std::vector<float>> results;
  for (const int workers : {0, 1, 3}) {
    Loader loader(view_of(101), kBoth,
                  {.batch_size = 7, .shuffle = true, .seed = 5, .workers = workers});
    std::vector<float> all;
    for (int64_t epoch = 0; epoch < 3; ++epoch) {
      loader.start_epoch(epoch);
      const std::vector<float> part = drain(loader);
      all.insert(all.end(), part.begin(), part.end());
    }
    results.push_back(all);
  }
  CHECK(results[0].size() == 3 * (101 * 5 + 15));
  CHECK(results[1] == results[0]);
  CHECK(results[2] == results[0]);
}

TEST_CASE("the order depends on the seed and the epoch alone") {
  const auto order = [](uint64_t seed, int64_t epoch) {
    Loader loader(view_of(50), kBoth,
                  {.batch_size = 50, .shuffle = true, .seed = seed, .workers = 1});
    loader.start_epoch(epoch);
    const Batch* batch = loader.next();
    return std::vector<int64_t>(batch->indices.begin(), batch->indices.end());
  };
  const std::vector<int64_t> first = order(1, 0);
  CHECK(order(1, 0) == first);
  CHECK(order(1, 1) != first);
  CHECK(order(2, 0) != first);
  std::vector<int64_t> sorted = first;
  std::sort(sorted.begin(), sorted.end());
  CHECK(sorted == view_of(50).indices);
}

TEST_CASE("an epoch entered in the middle goes on as the whole one does") {
  for (const int workers : {0, 2}) {
    Loader loader(view_of(40), kBoth,
                  {.batch_size = 6, .shuffle = true, .seed = 9, .workers = workers});
    loader.start_epoch(4);
    const std::vector<float> whole = drain(loader);
    loader.start_epoch(4, 3);
    const std::vector<float> rest = drain(loader);
    REQUIRE(rest.size() < whole.size());
    CHECK(std::equal(rest.begin(), rest.end(), whole.end() - static_cast<long>(rest.size())));
    loader.start_epoch(4, 7);
    CHECK(loader.next() == nullptr);
  }
}

TEST_CASE("an epoch may be left at any batch") {
  Loader loader(view_of(100), kBoth, {.batch_size = 3, .shuffle = true, .seed = 1, .workers = 3});
  for (int64_t given = 0; given < 12; ++given) {
    loader.start_epoch(given);
    for (int64_t i = 0; i < given; ++i) REQUIRE(loader.next()->number == i);
  }
}

TEST_CASE("a batch stays as it is until the next one is asked for") {
  Loader loader(view_of(60), kBoth, {.batch_size = 2, .shuffle = false, .workers = 3});
  loader.start_epoch(0);
  while (const Batch* batch = loader.next()) {
    const std::vector<float> before(batch->fields[0], batch->fields[0] + 6);
    std::this_thread::sleep_for(std::chrono::microseconds(300));
    CHECK(std::equal(before.begin(), before.end(), batch->fields[0]));
    CHECK(before[0] == static_cast<float>(2 * batch->number));
  }
}

TEST_CASE("row 46: what a worker throws reaches next() at its batch, and epochs go on") {
  for (const int workers : {0, 1, 3}) {
    std::shared_ptr<Numbers> numbers;
    Loader loader(view_of(30, &numbers), kBoth,
                  {.batch_size = 5, .shuffle = false, .workers = workers});
    numbers->bad = 12;
    loader.start_epoch(0);
    CHECK(loader.next()->number == 0);
    CHECK(loader.next()->number == 1);
    for (int again = 0; again < 2; ++again) {
      const Outcome result = outcome([&] { loader.next(); });
      CHECK(result.code == Exit::kResource);
      CHECK(result.says("sample 12 is gone"));
    }
    numbers->bad = -1;
    loader.start_epoch(1);
    CHECK(drain(loader).size() == 30 * 5 + 6);
  }
}

TEST_CASE("odd sizes: nothing, one sample, batches larger than the set, the rest dropped") {
  for (const int workers : {0, 2}) {
    Loader none(view_of(0), kBoth, {.batch_size = 4, .workers = workers});
    none.start_epoch(0);
    CHECK(none.next() == nullptr);
    Loader one(view_of(1), kBoth, {.batch_size = 1000, .workers = workers});
    one.start_epoch(0);
    CHECK(one.next()->n == 1);
    CHECK(one.bytes() <= 128u * 4);
    Loader whole(view_of(10), kBoth, {.batch_size = 4, .workers = workers, .drop_last = true});
    CHECK(whole.batches() == 2);
  }
}

TEST_CASE("fields come in the order asked for, and others are not read") {
  Loader loader(view_of(5), {1}, {.batch_size = 5, .workers = 0});
  loader.start_epoch(0);
  const Batch* batch = loader.next();
  REQUIRE(batch->fields.size() == 1);
  CHECK(batch->fields[0][3] == 3);
}

TEST_CASE("row 28: memory that is refused is an error before any thread starts") {
  set_allocation_fault([](size_t) { return true; });
  const Outcome result =
      outcome([] { Loader loader(view_of(5), kBoth, {.batch_size = 5, .workers = 2}); });
  set_allocation_fault({});
  CHECK(result.code == Exit::kResource);
}

namespace {

// Sample i has a list of i % 4 items, i each of two numbers, and its number beside it; samples 0, 4
// ... have empty lists.
class Lists final : public Dataset {
 public:
  explicit Lists(int64_t size) : size_(size) {
    fields_ = {{"list", {2}, FieldKind::kValues, 0}, {"number", {1}, FieldKind::kValues, 0}};
    fields_[0].items = Items::up_to(3);
  }
  int64_t size() const override { return size_; }
  void read(int64_t, std::span<float* const>) const override { FAIL("lists are read by items"); }
  void read_items(int64_t index, const Draw*, std::span<float* const> out,
                  std::span<int64_t> items) const override {
    items[0] = index % 4;
    items[1] = 1;
    if (out[0]) std::fill_n(out[0], 2 * items[0], static_cast<float>(index));
    if (out[1]) *out[1] = static_cast<float>(index);
  }
  std::string origin(int) const override { return "lists"; }
  std::string fingerprint() const override { return "lists"; }

 private:
  int64_t size_;
};

DataView lists_of(int64_t size) {
  DataView view{std::make_shared<Lists>(size), std::vector<int64_t>(static_cast<size_t>(size))};
  std::iota(view.indices.begin(), view.indices.end(), 0);
  return view;
}

// The batches of an epoch, each with its starts and its packed items, which are checked.
std::vector<float> drain_lists(Loader& loader) {
  std::vector<float> all;
  while (const Batch* batch = loader.next()) {
    REQUIRE(batch->starts[0] != nullptr);
    CHECK(batch->starts[1] == nullptr);
    CHECK(batch->starts[0][0] == 0);
    for (int64_t i = 0; i < batch->n; ++i) {
      const int64_t index = batch->indices[static_cast<size_t>(i)];
      const int64_t begin = batch->starts[0][i], end = batch->starts[0][i + 1];
      CHECK(end - begin == index % 4);
      CHECK(batch->fields[1][i] == static_cast<float>(index));
      for (int64_t k = 2 * begin; k < 2 * end; ++k) {
        CHECK(batch->fields[0][k] == static_cast<float>(index));
      }
      all.push_back(static_cast<float>(end));
    }
    const float* items = batch->fields[0];
    all.insert(all.end(), items, items + 2 * batch->starts[0][batch->n]);
  }
  return all;
}

}  // namespace

TEST_CASE("the items of a batch lie packed, sample after sample, also in the last batch") {
  std::vector<std::vector<float>> results;
  for (const int workers : {0, 3}) {
    Loader loader(lists_of(30), kBoth,
                  {.batch_size = 7, .shuffle = true, .seed = 2, .workers = workers});
    std::vector<float> all;
    for (int64_t epoch = 0; epoch < 3; ++epoch) {
      loader.start_epoch(epoch);
      const std::vector<float> part = drain_lists(loader);
      all.insert(all.end(), part.begin(), part.end());
    }
    results.push_back(all);
  }
  // 30 starts, and the two numbers of each item, of 3 epochs.
  CHECK(results[0].size() == 3 * (30 + 2 * (7 * 6 + 1)));
  CHECK(results[1] == results[0]);
}

TEST_CASE("a batch may hold empty lists alone") {
  DataView view = lists_of(40);
  view.indices = {0, 4, 8, 12, 5};
  Loader loader(view, kBoth, {.batch_size = 4, .workers = 0});
  loader.start_epoch(0);
  const Batch* batch = loader.next();
  CHECK(std::vector<int64_t>(batch->starts[0], batch->starts[0] + 5) ==
        std::vector<int64_t>{0, 0, 0, 0, 0});
  CHECK(batch->fields[1][3] == 12);
  batch = loader.next();
  REQUIRE(batch->n == 1);
  CHECK(batch->starts[0][1] == 1);
  CHECK(batch->fields[0][1] == 5);
}

TEST_CASE("a look ahead at lists alone gives their lengths, and moves nothing") {
  Loader loader(lists_of(10), kBoth, {.batch_size = 4, .workers = 2});
  loader.start_epoch(0);
  CHECK(loader.next()->number == 0);
  const std::vector<char> none = {0, 0}, list = {1, 0};
  const Batch& ahead = loader.peek(1, none);
  CHECK(ahead.n == 4);
  CHECK(std::vector<int64_t>(ahead.starts[0], ahead.starts[0] + 5) ==
        std::vector<int64_t>{0, 0, 1, 3, 6});
  const Batch& last = loader.peek(2, list);
  CHECK(last.n == 2);
  CHECK(last.starts[0][2] == 1);
  CHECK(last.fields[0][0] == 9);
  CHECK(loader.next()->number == 1);
}

TEST_CASE("a stream deals one text in stretches that go on from batch to batch") {
  std::vector<std::vector<int64_t>> results;
  for (const int workers : {0, 3}) {
    Loader loader(view_of(14), kBoth,
                  {.batch_size = 4, .shuffle = true, .workers = workers, .stream = true});
    CHECK(loader.batches() == 3);  // two samples are left out
    CHECK(loader.samples() == 12);
    std::vector<int64_t> order;
    for (int64_t epoch = 0; epoch < 2; ++epoch) {
      loader.start_epoch(epoch);
      while (const Batch* batch = loader.next()) {
        REQUIRE(batch->n == 4);
        order.insert(order.end(), batch->indices.begin(), batch->indices.end());
      }
    }
    results.push_back(order);
  }
  const std::vector<int64_t> epoch = {0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11};
  std::vector<int64_t> both = epoch;
  both.insert(both.end(), epoch.begin(), epoch.end());
  CHECK(results[0] == both);
  CHECK(results[1] == both);
}

TEST_CASE("what somebody has already is not read for spared fields alone") {
  std::shared_ptr<Numbers> numbers;
  Loader loader(view_of(10, &numbers), kBoth, {.batch_size = 5, .workers = 1});
  loader.spare({1, 0}, [](int64_t index) { return index % 2 == 1; });
  loader.start_epoch(0);
  for (int64_t b = 0; b < 2; ++b) {
    const Batch* batch = loader.next();
    REQUIRE(batch != nullptr);
    for (int64_t i = 0; i < 5; ++i) {
      const int64_t index = 5 * b + i;
      CHECK(batch->fields[1][i] == static_cast<float>(index % 4));
      if (index % 2 == 0) CHECK(batch->fields[0][3 * i] == static_cast<float>(index));
    }
  }
  // Written by the caller and left alone by the loader.
  Loader one(view_of(2), kBoth, {.batch_size = 2, .workers = 0});
  bool has = false;
  one.spare({1, 0}, [&](int64_t) { return has; });
  one.start_epoch(0);
  float* const data = one.next()->fields[0];
  CHECK(data[3] == 1);
  std::fill_n(data, 6, -1.0f);
  has = true;
  one.start_epoch(1);
  CHECK(one.next()->fields[0][3] == -1);
  CHECK(one.peek(0, std::vector<char>{0, 1}).fields[1][1] == 1);
}
