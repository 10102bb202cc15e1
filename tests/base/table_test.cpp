#include "base/table.h"

#include "support/catch.h"

namespace cnn {
namespace {

TEST_CASE("columns are as wide as their widest cell, numbers stand to the right") {
  Table table({{"layer", Table::Align::kLeft}, {"n", Table::Align::kRight}});
  table.add({"é", "1,234"});  // two bytes, one column
  table.add({"a name that is long", "7"});
  table.add_rule();
  table.add({"", "1,241"});
  CHECK(table.width() == 26);
  CHECK(table.str() ==
        "layer                    n\n"
        "--------------------------\n"
        "é                    1,234\n"
        "a name that is long      7\n"
        "--------------------------\n"
        "                     1,241\n");
}

TEST_CASE("a table's lines end without blanks, and color is asked for") {
  Table table({{"a", Table::Align::kLeft}, {"b", Table::Align::kLeft}});
  table.add({"x", ""});
  table.add({"y", "z"}, Table::Weight::kBold);
  CHECK(table.str() == "a  b\n----\nx\ny  z\n");
  CHECK(table.str(true) == "a  b\n────\nx\ny  z\n");
  CHECK(table.str(false, true) == "\x1b[1ma  b\x1b[0m\n----\nx\n\x1b[1my  z\x1b[0m\n");
}

TEST_CASE("long lists break after commas and never within a part") {
  CHECK(wrapped("label", {"one", "two"}, 8, 80) == "label   one, two\n");
  CHECK(wrapped("label", {"one", "two", "three"}, 8, 16) ==
        "label   one,\n        two,\n        three\n");
  CHECK(wrapped("label", {"one", "two", "three"}, 8, 17) == "label   one, two,\n        three\n");
  CHECK(wrapped("x", {"longer than the width"}, 2, 5) == "x longer than the width\n");
}

}  // namespace
}  // namespace cnn
