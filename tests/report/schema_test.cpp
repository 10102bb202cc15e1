#include "report/schema.h"

#include "base/json.h"
#include "data/format.h"
#include "layers/catalog.h"
#include "metrics/metrics.h"
#include "model/optimizer.h"
#include "model/schedule.h"
#include "support/catch.h"

namespace cnn {
namespace {

// Every {"$ref": "#/$defs/NAME"} in it leads somewhere.
void check_references(const Json& node, const Json& definitions) {
  if (node.is_object() && node.contains("$ref")) {
    const auto target = node["$ref"].get<std::string>();
    INFO(target);
    const std::string prefix = "#/$defs/";
    REQUIRE(target.rfind(prefix, 0) == 0);
    CHECK(definitions.contains(target.substr(prefix.size())));
  }
  for (const Json& child : node) check_references(child, definitions);
  for (const auto& [key, child] : node.items()) check_references(child, definitions);
}

TEST_CASE("the schema covers every layer, loss, optimizer, schedule, metric and data format") {
  const Json schema = Json::parse(model_schema());
  CHECK(schema["$schema"] == "https://json-schema.org/draft/2020-12/schema");
  const Json& definitions = schema["$defs"];
  const auto has = [&](const std::string& name) {
    INFO(name);
    CHECK(definitions.contains(name));
  };
  for (const LayerType* type : layer_types()) {
    has((type->role == LayerType::Role::kLoss ? "loss." : "layer.") + std::string(type->name));
    if (type->role == LayerType::Role::kActivation) has("activation." + std::string(type->name));
  }
  for (const auto& type : optimizer_types()) has("optimizer." + std::string(type.name));
  for (const auto& type : schedule_types()) has("schedule." + std::string(type.name));
  for (const auto& type : metric_types()) has("metric." + std::string(type.name));
  for (const auto& type : data_formats()) has("data." + std::string(type.name));
  check_references(schema, definitions);
}

TEST_CASE("a layer's options are in the schema with types, bounds, choices and help") {
  const Json conv = Json::parse(model_schema())["$defs"]["layer.conv"];
  CHECK(conv["additionalProperties"] == false);
  const Json& properties = conv["properties"];
  for (const char* key : {"conv", "kernel", "stride", "name", "from", "act", "repeat", "include"}) {
    INFO(key);
    CHECK(properties.contains(key));
  }
  CHECK(properties["groups"]["anyOf"][0] == Json({{"type", "integer"}, {"minimum", 1}}));
  CHECK(properties["groups"]["anyOf"][1]["$ref"] == "#/$defs/expression");
  CHECK(properties["fit"]["anyOf"][0]["enum"] == Json({"floor", "ceil", "exact"}));
  CHECK(properties["bias"]["anyOf"][0]["type"] == "boolean");
  CHECK(properties["bias"]["description"].get<std::string>().find("(default true)") !=
        std::string::npos);
}

}  // namespace
}  // namespace cnn
