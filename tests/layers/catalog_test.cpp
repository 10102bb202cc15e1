#include "layers/catalog.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "base/files.h"
#include "base/text.h"
#include "spec/yaml.h"
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

TEST_CASE("every layer type is found by its name") {
  std::set<std::string> names;
  for (const LayerType* type : layer_types()) {
    INFO(type->name);
    CHECK(find_layer_type(type->name) == type);
    CHECK(names.insert(type->name).second);
    CHECK(type->make != nullptr);
  }
  CHECK(layer_names().size() == names.size());
  CHECK(find_layer_type("conv2") == nullptr);
  CHECK(find_layer_type("") == nullptr);
}

TEST_CASE("every layer type tells what it is, with an example that is YAML and names it") {
  for (const LayerType* type : layer_types()) {
    INFO(type->name);
    CHECK(std::string(type->summary) != "");
    CHECK(std::string(type->details) != "");
    CHECK(contains(type->example, type->name));
    const auto source =
        std::make_shared<Source>(Source{"example", std::string(type->example) + "\n", "", false});
    if (type->role == LayerType::Role::kLoss) continue;  // alternatives, each `loss:`
    CHECK_NOTHROW(parse_yaml(source));
  }
}

TEST_CASE("every option tells what it is; at most one is primary") {
  for (const LayerType* type : layer_types()) {
    const std::unique_ptr<Layer> layer = type->make();
    Options options;
    layer->options(options);
    int primary = 0;
    std::set<std::string> names;
    for (const Option& option : options.table()) {
      INFO(type->name << "." << option.name);
      CHECK(option.help != "");
      CHECK(option.type != "");
      CHECK(names.insert(option.name).second);
      primary += option.is_primary;
    }
    CHECK(primary <= 1);
    CHECK((primary == 0 || type->inputs == LayerType::Inputs::kPrevious));
  }
}

TEST_CASE("a name of another tool stands for one layer alone") {
  std::set<std::string> names;
  for (const std::string& name : layer_names()) names.insert(name);
  for (const LayerType* type : layer_types()) {
    for (const std::string& other : type->other_names) {
      INFO(type->name << ": " << other);
      CHECK(names.insert(other).second);
    }
  }
}

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
  INFO("after a change of options or texts run: test_layers \"[update-readme]\"");
  CHECK(first_difference(file, readme_as_it_should_be(file)) == "");
}

TEST_CASE("write the README's reference", "[.][update-readme]") {
  const std::string text = readme_as_it_should_be(read_file(kReadme, 1 << 20));
  std::ofstream(kReadme) << text;
}

}  // namespace cnn
