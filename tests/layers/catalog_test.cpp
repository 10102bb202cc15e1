#include "layers/catalog.h"

#include <set>

#include "spec/yaml.h"
#include "support/catch.h"
#include "support/text.h"

namespace cnn {

TEST_CASE("every layer type is found by its name") {
  std::set<std::string> names;
  for (const LayerType* type : layer_types()) {
    INFO(type->name);
    CHECK(find_layer_type(type->name) == type);
    CHECK(names.insert(type->name).second);
    CHECK(type->make.make != nullptr);
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

TEST_CASE("every layer but activations and losses tells its family") {
  for (const LayerType* type : layer_types()) {
    INFO(type->name);
    const bool has_family = type->family != LayerType::Family::kNone;
    CHECK(has_family == (type->role == LayerType::Role::kLayer));
  }
}

TEST_CASE("the value of a join are branches") {
  CHECK(takes_branches("concat"));
  CHECK_FALSE(takes_branches("conv"));
  CHECK_FALSE(takes_branches("no such layer"));
}

TEST_CASE("every option tells what it is, at most one is primary") {
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

}  // namespace cnn
