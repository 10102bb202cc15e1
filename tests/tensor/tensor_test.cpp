#include "tensor/tensor.h"

#include <cstdint>
#include <numeric>
#include <vector>

#include "base/error.h"
#include "support/catch.h"

using namespace cnn;

TEST_CASE("memory is aligned, and a tensor begins as zeros") {
  const Buffer buffer(13);
  CHECK(reinterpret_cast<uintptr_t>(buffer.data()) % kAlignment == 0);
  CHECK(buffer.span().size() == 13);
  CHECK(Buffer().data() == nullptr);
  Tensor tensor({2, 3}, 4);
  CHECK(tensor.batch() == 4);
  CHECK(tensor.view().count() == 24);
  for (int i = 0; i < 24; ++i) CHECK(tensor.data()[i] == 0.0f);
  CHECK(tensor.view().sample(1) == tensor.data() + 6);
}

TEST_CASE("row 28: refused memory is an error with its size") {
  set_allocation_fault([](size_t bytes) { return bytes > 1000; });
  CHECK_NOTHROW(Buffer(100));
  try {
    Buffer large(1000);
    FAIL("given");
  } catch (const Error& error) {
    CHECK(error.code() == Exit::kResource);
    CHECK(std::string(error.what()).find("KiB") != std::string::npos);
  }
  set_allocation_fault({});
}

TEST_CASE("channels move last and back") {
  for (const Shape& shape :
       {Shape{5}, Shape{4, 3}, Shape{3, 2, 5}, Shape{1, 4, 4}, Shape{2, 3, 2, 2}}) {
    INFO(shape.str());
    constexpr int64_t kSamples = 2;
    const auto count = static_cast<size_t>(kSamples * shape.count());
    std::vector<float> first(count), last(count), again(count);
    std::iota(first.begin(), first.end(), 0.0f);
    to_channels_last(first.data(), last.data(), kSamples, shape);
    to_channels_first(last.data(), again.data(), kSamples, shape);
    CHECK(again == first);
    if (shape.rank() == 2) {  // a sequence has its features last already
      CHECK(last == first);
      continue;
    }
    const int64_t channels = shape.channels(), positions = shape.positions();
    for (int64_t n = 0; n < kSamples; ++n) {
      for (int64_t c = 0; c < channels; ++c) {
        for (int64_t p = 0; p < positions; ++p) {
          const auto at = static_cast<size_t>(n * shape.count() + p * channels + c);
          CHECK(last[at] == static_cast<float>(n * shape.count() + c * positions + p));
        }
      }
    }
  }
}
