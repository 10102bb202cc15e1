#include "io/image.h"

#include <filesystem>

#include "base/error.h"
#include "image_files.h"
#include "support/catch.h"
#include "support/files.h"

using namespace cnn;
using namespace cnn::test;

namespace {

using Bytes = std::vector<uint8_t>;

Image decoded(const std::string& content, int64_t channels = 0) {
  return decode_image(content, "x", channels);
}

// The message of the input error that reading gives; "" if there is none.
std::string problem_of(const std::string& content) {
  try {
    decoded(content);
  } catch (const Error& error) {
    CHECK(error.code() == Exit::kInput);
    return error.what();
  }
  return "";
}

bool says(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

Bytes gradient(int64_t count) {
  Bytes values;
  for (int64_t i = 0; i < count; ++i) values.push_back(static_cast<uint8_t>(i * 37 + 11));
  return values;
}

std::string some_jpeg(int channels = 3) {
  return jpeg_file({24, 16, channels, gradient(24 * 16 * channels)});
}
std::string some_png() { return png_file({3, 2, 8, 2, std::string("\0abcdefghi\0ABCDEFGHI", 20)}); }

std::string bytes_of(std::initializer_list<int> values) {
  std::string out;
  for (const int value : values) out += static_cast<char>(value);
  return out;
}

}  // namespace

TEST_CASE("a PNG that was written reads as the same pixels") {
  const TemporaryFolder folder;
  for (const int64_t channels : {1, 3, 4}) {
    const Image image{5, 7, channels, gradient(5 * 7 * channels)};
    const std::string path = folder.str("x.png");
    write_png(path, image);
    const Image back = read_image(path, 0);
    CHECK(back.height == 5);
    CHECK(back.width == 7);
    CHECK(back.channels == channels);
    CHECK(back.values == image.values);
    const ImageInfo info = read_image_info(path);
    CHECK(info.format == ImageInfo::Format::kPng);
    CHECK((info.height == 5 && info.width == 7 && info.channels == channels && info.bits == 8));
  }
}

TEST_CASE("row 41: every kind of PNG becomes bytes exactly") {
  struct Case {
    const char* name;
    PngParts png;
    Bytes own, grey, rgb, rgba;
  };
  const std::string palette = png_chunk("PLTE", bytes_of({10, 20, 30, 200, 100, 0}));
  const std::vector<Case> cases = {
      {"1 bit", {3, 1, 1, 0, bytes_of({0, 0b10100000})}, {255, 0, 255}, {255, 0, 255}, {}, {}},
      {"2 bits",
       {4, 1, 2, 0, bytes_of({0, 0b00011011})},
       {0, 85, 170, 255},
       {0, 85, 170, 255},
       {},
       {}},
      {"4 bits", {2, 1, 4, 0, bytes_of({0, 0x1f})}, {17, 255}, {17, 255}, {}, {}},
      {"16 bits",
       {3, 1, 16, 0, bytes_of({0, 0x01, 0x01, 0x01, 0x82, 0xff, 0xff})},
       {1, 2, 255},
       {1, 2, 255},
       {1, 1, 1, 2, 2, 2, 255, 255, 255},
       {}},
      {"grey and alpha",
       {2, 1, 8, 4, bytes_of({0, 9, 100, 8, 0})},
       {9, 9, 9, 100, 8, 8, 8, 0},
       {159, 255},
       {159, 159, 159, 255, 255, 255},
       {9, 9, 9, 100, 8, 8, 8, 0}},
      {"palette",
       {2, 1, 1, 3, bytes_of({0, 0b01000000}), palette},
       {10, 20, 30, 200, 100, 0},
       {18, 118},
       {10, 20, 30, 200, 100, 0},
       {10, 20, 30, 255, 200, 100, 0, 255}},
      {"palette and transparency",
       {2, 1, 1, 3, bytes_of({0, 0b01000000}), palette + png_chunk("tRNS", bytes_of({77}))},
       {10, 20, 30, 77, 200, 100, 0, 255},
       {183, 118},
       {181, 184, 187, 200, 100, 0},
       {10, 20, 30, 77, 200, 100, 0, 255}},
      {"RGB of 16 bits",
       {1, 1, 16, 2, bytes_of({0, 0x80, 0x80, 0x00, 0x00, 0xff, 0xff})},
       {128, 0, 255},
       {67},
       {128, 0, 255},
       {128, 0, 255, 255}},
      {"interlaced",
       {2, 2, 8, 0, bytes_of({0, 1, 0, 2, 0, 3, 4}), "", true},
       {1, 2, 3, 4},
       {1, 2, 3, 4},
       {},
       {}},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      const std::string file = png_file(c.png);
      CHECK(decoded(file).values == c.own);
      CHECK(decoded(file, 1).values == c.grey);
      if (!c.rgb.empty()) CHECK(decoded(file, 3).values == c.rgb);
      if (!c.rgba.empty()) CHECK(decoded(file, 4).values == c.rgba);
    }
  }
}

TEST_CASE("16 bits keep their precision as floats") {
  const TemporaryFolder folder;
  const std::string path =
      folder.file("deep.png", png_file({3, 1, 16, 0, bytes_of({0, 0, 1, 0x01, 0x01, 0xff, 0xff})}));
  CHECK(read_image_info(path).bits == 16);
  CHECK(read_float_image(path, 1).values == std::vector<float>{1.0f / 257.0f, 1, 255});
  const std::string plain = folder.file("plain.png", some_png());
  const FloatImage image = read_float_image(plain, 3);
  CHECK(std::vector<uint8_t>(image.values.begin(), image.values.end()) ==
        read_image(plain, 3).values);
}

TEST_CASE("a JPEG decodes to its pixels, grey and coloured") {
  const Image grey = decoded(jpeg_file({16, 8, 1, Bytes(16 * 8, 90)}));
  CHECK((grey.height == 8 && grey.width == 16 && grey.channels == 1));
  CHECK(grey.values == Bytes(16 * 8, 90));
  CHECK(decoded(jpeg_file({16, 8, 1, Bytes(16 * 8, 90)}), 3).values == Bytes(16 * 8 * 3, 90));
  const Image colour = decoded(jpeg_file({9, 5, 3, Bytes(9 * 5 * 3, 90)}));
  CHECK((colour.height == 5 && colour.width == 9 && colour.channels == 3));
  CHECK(colour.values == Bytes(9 * 5 * 3, 90));
  CHECK(decoded(jpeg_file({9, 5, 3, Bytes(9 * 5 * 3, 90)}), 1).values == Bytes(9 * 5, 90));
  const TemporaryFolder folder;
  const ImageInfo info = read_image_info(folder.file("x", some_jpeg()));
  CHECK(info.format == ImageInfo::Format::kJpeg);
  CHECK((info.height == 16 && info.width == 24 && info.channels == 3));
}

// A JPEG with an Exif segment behind its first two bytes, in one of the two byte orders.
std::string held(const std::string& jpeg, int orientation, bool is_little) {
  const auto number = [&](uint32_t value, int size) {
    std::string bytes;
    for (int i = 0; i < size; ++i) {
      bytes += static_cast<char>(value >> 8 * (is_little ? i : size - 1 - i) & 255);
    }
    return bytes;
  };
  const std::string tiff =
      (is_little ? "II" : "MM") + number(42, 2) + number(8, 4) + number(2, 2) + number(0x010f, 2) +
      number(2, 2) + number(1, 4) + number(0, 4) + number(0x0112, 2) + number(3, 2) + number(1, 4) +
      number(static_cast<uint32_t>(orientation), 2) + number(0, 2) + number(0, 4);
  const std::string segment = std::string("Exif\0\0", 6) + tiff;
  const size_t length = segment.size() + 2;
  const std::string marker = {'\xff', '\xe1', static_cast<char>(length >> 8),
                              static_cast<char>(length & 255)};
  return jpeg.substr(0, 2) + marker + segment + jpeg.substr(2);
}

TEST_CASE("a JPEG is turned as the camera was held, all eight ways") {
  // Four blocks of 8 x 8 in a row: 0 1 over 2 3 would need rows; here [0 1 2] over [3 4 5].
  Bytes pixels(16 * 24);
  for (size_t y = 0; y < 16; ++y) {
    for (size_t x = 0; x < 24; ++x) {
      pixels[y * 24 + x] = static_cast<uint8_t>(40 * (y / 8 * 3 + x / 8));
    }
  }
  const std::string file = jpeg_file({24, 16, 1, pixels});
  // The blocks of the upright picture, row by row.
  const std::vector<std::vector<int>> upright = {
      {0, 1, 2, 3, 4, 5}, {2, 1, 0, 5, 4, 3}, {5, 4, 3, 2, 1, 0}, {3, 4, 5, 0, 1, 2},
      {0, 3, 1, 4, 2, 5}, {3, 0, 4, 1, 5, 2}, {5, 2, 4, 1, 3, 0}, {2, 5, 1, 4, 0, 3}};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    for (const bool is_little : {false, true}) {
      INFO(orientation);
      const TemporaryFolder folder;
      const std::string path = folder.file("x.jpg", held(file, orientation, is_little));
      const ImageInfo info = read_image_info(path);
      const Image image = read_image(path, 1);
      const bool swaps = orientation >= 5;
      CHECK(info.height == (swaps ? 24 : 16));
      CHECK(info.width == (swaps ? 16 : 24));
      REQUIRE(image.height == info.height);
      REQUIRE(image.width == info.width);
      std::vector<int> blocks;
      for (int64_t y = 4; y < image.height; y += 8) {
        for (int64_t x = 4; x < image.width; x += 8) blocks.push_back((image.row(y)[x] + 20) / 40);
      }
      CHECK(blocks == upright[static_cast<size_t>(orientation - 1)]);
    }
  }
  // What makes no sense is upright; damage behind it is found as ever.
  for (const int orientation : {0, 9, 65535}) {
    CHECK(decoded(held(file, orientation, true)).width == 24);
  }
  std::string cut = held(file, 6, true);
  for (const size_t end : {6u, 12u, 18u, 24u, 30u}) {
    std::string tiff = cut;
    tiff[5] = static_cast<char>(end);  // a shorter segment: what follows is no marker
    const TemporaryFolder folder;
    CHECK_THROWS(read_image(folder.file("x.jpg", tiff), 1));
  }
}

TEST_CASE("row 36: a JPEG that is cut off anywhere is an error") {
  const std::string whole = some_jpeg();
  REQUIRE(problem_of(whole).empty());
  for (size_t size = 3; size < whole.size(); ++size) {
    INFO(size << " of " << whole.size() << " bytes");
    CHECK(says(problem_of(whole.substr(0, size)), "damaged JPEG"));
  }
  CHECK(says(problem_of(whole.substr(0, whole.size() - 40)), "x: error: at byte "));
}

TEST_CASE("row 37: a JPEG with a bad header is an error, and the process lives") {
  const std::string whole = some_jpeg();
  size_t errors = 0;
  for (size_t i = 3; i < whole.size(); ++i) {
    std::string bad = whole;
    bad[i] = static_cast<char>(bad[i] ^ 0x15);
    errors += !problem_of(bad).empty();  // what only changes colours cannot be seen
  }
  CHECK(errors > 20);
  std::string no_tables = whole;
  no_tables[no_tables.find("\xff\xdb") + 1] = '\xe5';  // its tables become a comment
  CHECK(says(problem_of(no_tables), "uantization table"));
}

TEST_CASE("row 38: a JPEG may not have more than 1,000 scans") {
  const std::string file = jpeg_file({16, 16, 1, gradient(16 * 16), true});
  REQUIRE(problem_of(file).empty());
  const size_t scan = file.rfind("\xff\xda");
  const std::string head = file.substr(0, scan);
  const std::string last = file.substr(scan, file.size() - scan - 2);
  const auto with_scans = [&](int count) {
    std::string bomb = head;
    for (int i = 0; i < count; ++i) bomb += last;
    return bomb + "\xff\xd9";
  };
  CHECK(problem_of(with_scans(900)).empty());
  CHECK(says(problem_of(with_scans(1100)), "more than 1000 scans"));
}

TEST_CASE("row 39: too many pixels are refused before they are decoded") {
  SECTION("PNG") {
    const std::string problem = problem_of(png_file({65535, 65535, 8, 6, std::string(9, '\0')}));
    CHECK(says(problem, "is 65535 x 65535 pixels, at most 100 million"));
    CHECK(says(problem_of(png_file({0x7fffffff, 0x7fffffff, 16, 6, "x"})), "pixels, at most"));
    CHECK(says(problem_of(png_file({0, 1, 8, 0, "x"})), "damaged PNG"));
  }
  SECTION("JPEG") {
    std::string file = some_jpeg(1);
    const size_t frame = file.find("\xff\xc0");
    REQUIRE(frame != std::string::npos);
    file.replace(frame + 5, 4, bytes_of({0xff, 0xdc, 0xff, 0xdc}));
    CHECK(says(problem_of(file), "is 65500 x 65500 pixels"));
    file.replace(frame + 5, 4, bytes_of({0xff, 0xff, 0xff, 0xff}));
    CHECK(says(problem_of(file), "65500"));
  }
}

TEST_CASE("row 40: a PNG with any byte changed or missing is an error") {
  const std::string whole = some_png();
  REQUIRE(problem_of(whole).empty());
  for (size_t i = 0; i < whole.size(); ++i) {
    INFO("byte " << i);
    CHECK(problem_of(whole.substr(0, i)) != "");
    std::string bad = whole;
    bad[i] = static_cast<char>(bad[i] ^ 0x20);
    CHECK(problem_of(bad) != "");
  }
  CHECK(says(problem_of(png_file({3, 2, 8, 2, std::string("\0abcdefghi", 10)})), "damaged PNG"));
}

TEST_CASE("row 41: CMYK has no exact conversion") {
  CHECK(says(problem_of(jpeg_file({8, 8, 4, gradient(8 * 8 * 4)})), "4 colour channels"));
}

TEST_CASE("transparent pixels are laid on white, or on what is said") {
  // Black ink of alpha 255, 128, 0; then red ink.
  const TemporaryFolder folder;
  const std::string path = folder.str("a.png");
  write_png(path, {1, 4, 4, {0, 0, 0, 255, 0, 0, 0, 128, 0, 0, 0, 0, 200, 0, 0, 51}});
  CHECK(read_image(path, 1).values == Bytes{0, 127, 255, 216});
  const Image colour = read_image(path, 3);
  CHECK(Bytes(colour.values.end() - 3, colour.values.end()) == Bytes{244, 204, 204});
  CHECK(read_image(path, 3, {0, 0, 0}).values == Bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 40, 0, 0});
  CHECK(read_image(path, 1, {10, 10, 10}).values[2] == 10);
  CHECK(read_image(path, 4).values[3] == 255);  // alpha is kept where it is wanted
  CHECK(read_float_image(path, 1).values[1] == Approx(127.0f));
}

TEST_CASE("row 42: the first bytes tell what a file is, not its name") {
  const TemporaryFolder folder;
  CHECK(read_image(folder.file("a.jpg", some_png()), 3).width == 3);
  CHECK(read_image(folder.file("b.png", some_jpeg()), 3).width == 24);
  CHECK(is_image_file(folder.str("a.jpg")));
  CHECK_FALSE(is_image_file(folder.file("c.png", "no image at all")));
  CHECK(
      says(problem_of("\1\2 no image"), "is no JPEG or PNG image: it begins with the bytes 01 02"));
  CHECK(says(problem_of("GIF89a"), "is no JPEG or PNG image but a GIF image"));
}

TEST_CASE("row 43: empty, missing and unreadable files are named") {
  const TemporaryFolder folder;
  const auto problem = [](const std::string& path) -> std::string {
    try {
      read_image(path, 3);
    } catch (const Error& error) {
      CHECK(error.code() == Exit::kInput);
      return error.what();
    }
    return "";
  };
  CHECK(says(problem(folder.file("empty.png", "")), "empty.png: error: is empty"));
  CHECK(says(problem(folder.str("none.png")), "No such file"));
  std::filesystem::create_symlink("nowhere", folder.str("broken.png"));
  CHECK(says(problem(folder.str("broken.png")), "broken.png"));
  CHECK(says(problem(folder.str()), folder.str()));
}

TEST_CASE("row 41: the numbers of masks are taken unscaled, palettes by index") {
  const TemporaryFolder folder;
  const auto numbers = [&](const test::PngParts& parts) {
    folder.file("mask.png", test::png_file(parts));
    return read_number_image(folder.str("mask.png")).values;
  };
  using Values = std::vector<uint16_t>;
  CHECK(numbers({.width = 3, .bits = 1, .rows = {0, '\xa0'}}) == Values{1, 0, 1});
  CHECK(numbers({.width = 2, .bits = 4, .rows = {0, '\x2f'}}) == Values{2, 15});
  CHECK(numbers({.width = 2, .rows = {0, 7, '\xff'}}) == Values{7, 255});
  CHECK(numbers({.width = 1, .bits = 16, .rows = {0, 1, 2}}) == Values{258});
  const std::string palette = test::png_chunk("PLTE", {9, 9, 9, 8, 8, 8, 7, 7, 7});
  CHECK(numbers({.width = 3, .bits = 8, .colour = 3, .rows = {0, 2, 0, 1}, .between = palette}) ==
        Values{2, 0, 1});
  CHECK(numbers({.width = 1, .colour = 2, .rows = {0, 5, 5, 5}}) == Values{5});
  CHECK(numbers({.width = 1, .colour = 4, .rows = {0, 6, 100}}) == Values{6});
}

TEST_CASE("masks with colours or from JPEG are refused") {
  const TemporaryFolder folder;
  const auto problem = [&](const std::string& content) -> std::string {
    folder.file("mask", content);
    try {
      read_number_image(folder.str("mask"));
    } catch (const Error& error) {
      CHECK(error.code() == Exit::kInput);
      return error.what();
    }
    return "";
  };
  CHECK(says(problem(png_file({.width = 1, .colour = 2, .rows = {0, 5, 6, 5}})),
             "pixel (0, 0) has the colour (5, 6, 5); masks are grey"));
  CHECK(says(problem(jpeg_file({.pixels = Bytes(8 * 8 * 3, 9)})), "masks are PNG"));
}

TEST_CASE("a palette PNG gives its numbers and its colours back") {
  const TemporaryFolder folder;
  const Image numbers{2, 2, 1, {0, 1, 2, 1}};
  const std::vector<Colour> palette = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}};
  write_palette_png(folder.str("p.png"), numbers, palette);
  CHECK(read_number_image(folder.str("p.png")).values == std::vector<uint16_t>{0, 1, 2, 1});
  CHECK(read_image(folder.str("p.png"), 3).values ==
        std::vector<uint8_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 4, 5, 6});
}
