#include "io/file_kind.h"

#include "base/error.h"
#include "support/catch.h"
#include "support/files.h"
#include "support/text.h"

using namespace cnn;
using namespace std::string_view_literals;

TEST_CASE("files are known by their first bytes") {
  CHECK(kind_of_content("BM\x36\0\0\0\0\0\0\0\x36"sv) == "a BMP image");
  CHECK(kind_of_content("BMX is a word\n"sv) == "text");
  CHECK(kind_of_content("GIF89a\1\0"sv) == "a GIF image");
  CHECK(kind_of_content("RIFF\1\2\3\4WEBPVP8 "sv) == "a WebP image");
  CHECK(kind_of_content("RIFF\1\2\3\4WAVE"sv) == "");
  CHECK(kind_of_content("II*\0\x08\0"sv) == "a TIFF image");
  CHECK(kind_of_content("\0\0\0\x1c"
                        "ftypheic"sv) == "a HEIC or AVIF image");
  CHECK(kind_of_content("a,b\n1,2\n"sv) == "text");
  CHECK(kind_of_content("\1\2\3"sv) == "");
  CHECK(kind_of_content(""sv) == "");
}

TEST_CASE("what cannot be read is named, with what can") {
  const TemporaryFolder folder;
  const auto problem = [&](const std::string& content) -> std::string {
    try {
      fail_unreadable(folder.file("x", content));
    } catch (const Error& error) {
      CHECK(error.code() == Exit::kInput);
      return error.what();
    }
  };
  CHECK(contains(problem("GIF89a"), "x: error: is a GIF image"));
  CHECK(contains(problem("GIF89a"), "BMP, GIF, WebP and TIFF are not"));
  CHECK(contains(problem("\1\2\3"), "it begins with the bytes 01 02 03"));
  CHECK(contains(problem(""), "is empty"));
}
