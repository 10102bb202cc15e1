#include "io/csv.h"

#include <cmath>
#include <limits>

#include "base/error.h"
#include "support/catch.h"
#include "support/files.h"
#include "support/text.h"

using namespace cnn;

namespace {

std::string problem_of(const std::string& text) {
  try {
    CsvTable::parse(text, "r.csv");
    return "";
  } catch (const Error& error) {
    REQUIRE(error.code() == Exit::kInput);
    return error.what();
  }
}

}  // namespace

TEST_CASE("fields are quoted where they must be, and read back") {
  const std::vector<std::string> fields = {"plain", "a,b", "say \"x\"", "two\nlines", "", "cr\r"};
  const std::string line = csv_line(fields);
  CHECK(line == "plain,\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",,\"cr\r\"\n");
  const CsvTable table = CsvTable::parse("1,2,3,4,5,6\n" + line, "r.csv");
  REQUIRE(table.rows() == 1);
  for (size_t i = 0; i < fields.size(); ++i) CHECK(table.text(0, static_cast<int>(i)) == fields[i]);
}

TEST_CASE("numbers are written so that they read back the same") {
  for (const double value : {0.1, 1.0 / 3, 1e-300, -2.5, 0.0, 123456789.0}) {
    const CsvTable table = CsvTable::parse("x\n" + csv_number(value) + "\n", "r.csv");
    CHECK(table.number(0, 0) == value);
  }
  CHECK(csv_number(std::numeric_limits<double>::quiet_NaN()).empty());
  CHECK(std::isnan(CsvTable::parse("x,y\n,2\n", "r.csv").number(0, 0)));
}

TEST_CASE("columns are found by name") {
  const CsvTable table = CsvTable::parse("epoch,val/accuracy\n1,0.5\n2,0.75\n", "r.csv");
  CHECK(table.columns() == std::vector<std::string>{"epoch", "val/accuracy"});
  CHECK(table.number(1, table.column("val/accuracy")) == 0.75);
  CHECK(table.column("loss") == -1);
}

TEST_CASE("row 45: tables that do not hold together are refused at file, line and column") {
  struct Case {
    std::string name, text, expected;
  };
  const std::vector<Case> cases = {
      {"empty", "", "r.csv: error: is empty"},
      {"ragged: too few", "a,b\n1,2\n3\n", "r.csv:3:1: error: 1 fields, the header has 2"},
      {"ragged: too many", "a,b\n1,2,3\n", "r.csv:2:5: error: 3 fields"},
      {"column twice", "a,b,a\n", "r.csv:1:5: error: column 'a'"},
      {"open quote", "a,b\n1,\"2\n3\n", "r.csv:2:3: error: a quote"},
      {"text after a quote", "a\n\"1\"2\n", "r.csv:2:1: error: text after"},
      {"blank line", "a,b\n\n1,2\n", "r.csv:2:1: error: 1 fields"},
  };
  for (const Case& c : cases) {
    SECTION(c.name) { CHECK(contains(problem_of(c.text), c.expected)); }
  }
  SECTION("accepted: CRLF") {
    const CsvTable table = CsvTable::parse("a,b\r\n1,\"2\"\r\n", "r.csv");
    CHECK(table.columns()[1] == "b");
    CHECK(table.number(0, 1) == 2);
  }
  SECTION("accepted: no final newline") { CHECK(CsvTable::parse("a\n1\n2", "r.csv").rows() == 2); }
  SECTION("accepted: NaN as it is written") {
    CHECK(std::isnan(CsvTable::parse("a\nnan\n", "r.csv").number(0, 0)));
  }
  SECTION("not a number") {
    const CsvTable table = CsvTable::parse("a,b\n\"x\ny\",1\n7,2x\n", "r.csv");
    try {
      table.number(1, 1);
      FAIL("read");
    } catch (const Error& error) {
      CHECK(contains(error.what(), "r.csv:4:3: error: expected a number, found '2x'"));
    }
  }
}

TEST_CASE("a table is read from a file") {
  const TemporaryFolder folder;
  CHECK(CsvTable::read(folder.file("r.csv", "a\n1\n")).number(0, 0) == 1);
  CHECK_THROWS_AS(CsvTable::read(folder.str("missing")), Error);
}
