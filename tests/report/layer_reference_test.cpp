#include "report/layer_reference.h"

#include <algorithm>
#include <fstream>

#include "base/files.h"
#include "base/text.h"
#include "layers/catalog.h"
#include "support/catch.h"
#include "support/text.h"

namespace cnn {
namespace {

const std::string kReadme = std::string(CNN_SOURCE_DIR) + "/lib/layers/README.md";
const std::string kMarker = "<!-- generated -->\n";

// The file's hand-written part, marker included, with today's reference behind it.
std::string readme_as_it_should_be(const std::string& file) {
  const size_t marker = file.find(kMarker);
  REQUIRE(marker != std::string::npos);
  return file.substr(0, marker) + kMarker + "\n" + layer_reference_markdown();
}

// The first line of `a` that `b` does not have at that place; "" if they are equal.
std::string first_difference(const std::string& a, const std::string& b) {
  const std::vector<std::string> ours = split(a, '\n'), theirs = split(b, '\n');
  for (size_t i = 0; i < std::max(ours.size(), theirs.size()); ++i) {
    const std::string x = i < ours.size() ? ours[i] : "(end)";
    const std::string y = i < theirs.size() ? theirs[i] : "(end)";
    if (x != y) return fmt::format("line {}: '{}' should be '{}'", i + 1, x, y);
  }
  return "";
}

}  // namespace

TEST_CASE("the help of a layer starts with examples and lists every option") {
  const std::string help = layer_help(*find_layer_type("dropout"));
  CHECK(
      help.starts_with("dropout: drops values at random in training\n\nExamples:\n  - dropout\n"));
  CHECK(contains(help,
                 "p  number, 0 to 1  0.5  probability of a value to be dropped (the value after "
                 "dropout:)"));
  CHECK(contains(layer_help(*find_layer_type("cross_entropy")), "smoothing"));
  CHECK(contains(layer_help(*find_layer_type("concat")), "lists its inputs"));
  for (const LayerType* type : layer_types()) {
    INFO(type->name);
    const std::string text = layer_help(*type);
    CHECK(text.ends_with("\n"));
    CHECK_FALSE(contains(text, "`"));
  }
}

TEST_CASE("the README's reference is the one of the option tables") {
  const std::string file = read_file(kReadme, 1 << 20);
  INFO("after a change of options or texts run: test_report \"[update-readme]\"");
  CHECK(first_difference(file, readme_as_it_should_be(file)) == "");
}

TEST_CASE("write the README's reference", "[.][update-readme]") {
  const std::string text = readme_as_it_should_be(read_file(kReadme, 1 << 20));
  std::ofstream(kReadme) << text;
}

}  // namespace cnn
