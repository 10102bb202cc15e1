#include "tensor/shape.h"

#include <vector>

#include "base/error.h"
#include "support/catch.h"

using namespace cnn;

TEST_CASE("rank gives the axes their names") {
  struct Case {
    Shape shape;
    const char* axes;
    int64_t channels, positions, depth, height, width;
  };
  const std::vector<Case> cases = {
      {{7}, "C", 7, 1, 1, 1, 1},
      {{5, 3}, "T,F", 3, 5, 1, 1, 1},
      {{3, 4, 5}, "C,H,W", 3, 20, 1, 4, 5},
      {{2, 6, 4, 5}, "C,D,H,W", 2, 120, 6, 4, 5},
  };
  for (const Case& c : cases) {
    INFO(c.shape.str());
    CHECK(c.shape.axes() == c.axes);
    CHECK(c.shape.channels() == c.channels);
    CHECK(c.shape.positions() == c.positions);
    CHECK(c.shape.depth() == c.depth);
    CHECK(c.shape.height() == c.height);
    CHECK(c.shape.width() == c.width);
    CHECK(c.shape.count() == c.channels * c.positions);
  }
  CHECK(Shape().count() == 1);
  CHECK(Shape({6, 28, 28}).str() == "[6,28,28]");
  CHECK(Shape({1, 2}) != Shape({2, 1}));
}

TEST_CASE("extents are those of a picture, in one slice, or of a volume") {
  const Shape picture{3, 4, 5}, volume{2, 6, 4, 5};
  CHECK(picture.is_picture());
  CHECK_FALSE(picture.is_volume());
  CHECK(volume.is_volume());
  CHECK(picture.extents() == Extents{1, 4, 5});
  CHECK(volume.extents() == Extents{6, 4, 5});
  CHECK(volume.extents().count() == 120);
  CHECK(picture.resized(7, Extents::picture(2, 3)) == Shape{7, 2, 3});
  CHECK(volume.resized(7, Extents::all(2)) == Shape{7, 2, 2, 2});
  CHECK(volume.resized(7, {1, 2, 3}) == Shape{7, 1, 2, 3});  // one slice is a volume still
  CHECK(Extents::picture(4, 5) == Extents{1, 4, 5});
  CHECK(Extents::picture_pad(4, 5) == Extents{0, 4, 5});
  CHECK(Extents(3, 4, 5).str(true) == "3x4x5");
  CHECK(Extents::picture(4, 5).str(false) == "4x5");
}

TEST_CASE("sizes that make no sense are refused with the shape") {
  struct Case {
    const char* name;
    std::vector<int64_t> sizes;
    const char* expected;
  };
  const std::vector<Case> cases = {
      {"row 21: zero", {3, 0, 5}, "[3,0,5]"},
      {"row 21: negative", {-1}, "[-1]"},
      {"row 22: wraps to 4", {4194305, 4194305, 211106198978564}, "element count overflows"},
      {"row 23: bytes beyond size_t", {int64_t{1} << 61}, "element count overflows"},
  };
  for (const Case& c : cases) {
    SECTION(c.name) {
      try {
        const Shape shape(c.sizes);
        FAIL("accepted " << shape.str());
      } catch (const Error& error) {
        CHECK(error.code() == Exit::kSpec);
        CHECK(std::string(error.what()).find(c.expected) != std::string::npos);
      }
    }
  }
}

TEST_CASE("the bytes of a batch are checked too") {
  CHECK(float_bytes({3, 4}, 5) == 240);
  CHECK(float_bytes({3, 4}, 0) == 0);
  CHECK_THROWS_AS(float_bytes({int64_t{1} << 40}, int64_t{1} << 30), Error);
  CHECK_THROWS_AS(float_bytes({3}, -1), Error);
}
