#include "model/sample_store.h"

#include <cerrno>
#include <filesystem>

#include "support/catch.h"
#include "support/files.h"
#include "support/training.h"

namespace cnn {
namespace {

std::vector<float> numbers_of(int64_t sample) {
  return std::vector<float>(10, static_cast<float>(sample));
}

std::vector<float> read(const SampleStore& store, int64_t sample) {
  std::vector<float> numbers(10, -1);
  store.read(sample, numbers);
  return numbers;
}

int64_t count_kept(const SampleStore& store) {
  int64_t count = 0;
  for (int64_t i = 0; i < 10; ++i) {
    if (!store.has(i)) continue;
    ++count;
    CHECK(read(store, i) == numbers_of(i));
  }
  return count;
}

void keep_all(SampleStore& store) {
  for (const int64_t i : {7, 3, 9, 0, 1, 2, 8, 4, 5, 6}) {
    store.keep(i, numbers_of(i));
    store.keep(i, numbers_of(i + 1));  // it is there already
  }
}

}  // namespace

TEST_CASE("memory holds the first samples, a file the next ones, and others are not kept") {
  const TemporaryFolder folder;
  SampleStore store(10, 3 * 40 + 39);
  store.spill_to(folder.str("."), 4 * 40 + 39);
  CHECK(count_kept(store) == 0);
  keep_all(store);
  CHECK(count_kept(store) == 7);
  CHECK(store.has(7));
  CHECK(!store.has(6));
  CHECK(store.bytes_in_memory() == 120);
  CHECK(store.bytes_in_file() == 160);
  // The file has no name.
  CHECK(std::filesystem::is_empty(folder.str(".")));
}

TEST_CASE("without a file what memory has no room for is not kept") {
  SampleStore store(10, 120);
  keep_all(store);
  CHECK(count_kept(store) == 3);
  SampleStore none(10, 0);
  keep_all(none);
  CHECK(count_kept(none) == 0);
}

TEST_CASE("a full disk is a warning and what has been kept stays") {
  const TemporaryFolder folder;
  for (const int after : {0, 1, 3}) {
    const test::QuietLog log;
    SampleStore store(10, 40);
    store.spill_to(folder.str("."), 4000);
    int calls = 0;
    set_file_faults([&](std::string_view) { return calls++ >= after ? ENOSPC : 0; });
    keep_all(store);
    set_file_faults({});
    CHECK(count_kept(store) == 1 + std::max(0, after - 1));
    CHECK(log.lines.size() == 1);
    CHECK(
        log.has("No space left on device; what frozen layers make of further samples is "
                "computed in every epoch"));
  }
}

}  // namespace cnn
