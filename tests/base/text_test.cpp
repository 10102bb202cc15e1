#include "base/text.h"

#include "support/catch.h"

using namespace cnn;

TEST_CASE("control characters are escaped and text is left alone") {
  struct Case {
    std::string text;
    const char* shown;
  };
  const Case cases[] = {
      {"plain", "plain"},
      {"gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F"},
      {"a\tb\nc\rd", "a\\tb\\nc\\rd"},
      {"\x1b[31mred", "\\x1b[31mred"},
      {std::string("a\0b", 3), "a\\x00b"},
      {"\x7f", "\\x7f"},
      {"\xC2\x9B"
       "31m",
       "\\u009b31m"},                            // the one-character form of ESC [
      {"a\xE2\x80\xAEtxt", "a\\u202etxt"},       // text from right to left
      {"\xFF\xC3", "\\xff\\xc3"},                // bytes that are no UTF-8
      {"\xC0\x80", "\\xc0\\x80"},                // overlong NUL
      {"\xED\xA0\x80", "\\xed\\xa0\\x80"},       // a surrogate
      {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},  // an emoji
  };
  for (const Case& c : cases) CHECK(escaped(c.text) == c.shown);
}

TEST_CASE("UTF-8 is told from what only looks like it") {
  CHECK(is_utf8(""));
  CHECK(is_utf8("\xE2\x82\xAC"));
  CHECK_FALSE(is_utf8("\xE2\x82"));
  CHECK_FALSE(is_utf8("\x80"));
  CHECK_FALSE(is_utf8("\xF4\x90\x80\x80"));  // beyond U+10FFFF
  CHECK_FALSE(is_utf8("\xE0\x80\xAF"));      // overlong '/'
}

TEST_CASE("display width counts what a terminal shows") {
  CHECK(display_width("abc") == 3);
  CHECK(display_width("\xC3\xBC") == 1);
  CHECK(display_width("\xE6\xBC\xA2\xE5\xAD\x97") == 4);  // two wide characters
  CHECK(display_width("e\xCC\x81") == 1);                 // a combining accent
}

TEST_CASE("the nearest word is suggested only if it may be meant") {
  const std::vector<std::string> words = {"kernel", "stride", "pad", "bias", "bn", "optimizer"};
  CHECK(nearest("kernal", words) == "kernel");
  CHECK(nearest("krenel", words) == "kernel");  // neighbours swapped
  CHECK(nearest("KERNEL", words) == "kernel");
  CHECK(nearest("strides", words) == "stride");
  CHECK(nearest("opt", words) == "optimizer");  // a beginning
  CHECK(nearest("bm", words) == "bn");
  CHECK_FALSE(nearest("xylophone", words));
  CHECK_FALSE(nearest("x", words));
  CHECK_FALSE(nearest("", words));
  CHECK_FALSE(nearest(std::string(100'000, 'k'), words));
}

TEST_CASE("globs match runs of any characters") {
  CHECK(glob_match("*.bias", "layer1.0.conv1.bias"));
  CHECK(glob_match("layer1.*", "layer1.0.bn1.weight"));
  CHECK(glob_match("conv?.weight", "conv1.weight"));
  CHECK(glob_match("*", ""));
  CHECK(glob_match("a*b*c", "a__b_b__c"));
  CHECK_FALSE(glob_match("*.bias", "bias"));
  CHECK_FALSE(glob_match("conv?", "conv"));
  CHECK_FALSE(glob_match("", "a"));
  // No blow-up with many stars.
  CHECK_FALSE(glob_match("*a*a*a*a*a*a*a*a*b", std::string(5000, 'a')));
}

TEST_CASE("texts are split and joined") {
  CHECK(split("a.b.c", '.') == std::vector<std::string>{"a", "b", "c"});
  CHECK(split(".a.", '.') == std::vector<std::string>{"", "a", ""});
  CHECK(split("", '.') == std::vector<std::string>{""});
  CHECK(join(std::vector<std::string>{"a", "b"}, ", ") == "a, b");
  CHECK(join(std::vector<std::string>{}, ", ") == "");
  CHECK(quoted_list(std::vector<std::string>{"a"}) == "'a'");
  CHECK(quoted_list(std::vector<std::string>{"a", "b", "c"}) == "'a', 'b' or 'c'");
}

TEST_CASE("amounts are written for people") {
  CHECK(with_commas(0) == "0");
  CHECK(with_commas(999) == "999");
  CHECK(with_commas(61706) == "61,706");
  CHECK(with_commas(-1234567) == "-1,234,567");
  CHECK(with_commas(-123) == "-123");
  CHECK(with_commas(INT64_MIN) == "-9,223,372,036,854,775,808");
  CHECK(counted(0, "step") == "0 steps");
  CHECK(counted(1, "step") == "1 step");
  CHECK(counted(1234, "step") == "1,234 steps");
  CHECK(human_bytes(0) == "0 B");
  CHECK(human_bytes(1023) == "1023 B");
  CHECK(human_bytes(1536) == "1.5 KiB");
  CHECK(human_bytes(1024 * 1024 - 1) == "1.0 MiB");
  CHECK(human_bytes(UINT64_MAX) == "16.0 EiB");
  CHECK(human_count(999) == "999");
  CHECK(human_count(7) == "7");
  CHECK(human_count(3.741) == "3.74");
  CHECK(human_count(123.4) == "123");
  CHECK(human_count(999.7) == "1.00 k");
  CHECK(human_count(61706) == "61.7 k");
  CHECK(human_count(1.2e9) == "1.20 G");
  CHECK(human_count(999'900) == "1.00 M");
  CHECK(human_seconds(0.0123) == "12 ms");
  CHECK(human_seconds(3.2) == "3.2 s");
  CHECK(human_seconds(59.97) == "1:00");
  CHECK(human_seconds(125) == "2:05");
  CHECK(human_seconds(7384) == "2:03:04");
  CHECK(human_seconds(1e300) == "?");
}
