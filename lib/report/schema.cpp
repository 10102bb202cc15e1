#include "report/schema.h"

#include <map>
#include <set>

#include "base/text.h"
#include "data/format.h"
#include "layers/catalog.h"
#include "layers/initializer.h"
#include "metrics/metrics.h"
#include "model/optimizer.h"
#include "model/schedule.h"
#include "model/settings.h"
#include "train/json.h"

namespace cnn {
namespace {

using Words = std::vector<std::string>;

Json ref_to(const std::string& name) { return {{"$ref", "#/$defs/" + name}}; }
Json type(const char* name) { return {{"type", name}}; }
Json list_of(Json item) { return {{"type", "array"}, {"items", std::move(item)}}; }
Json any_of(std::vector<Json> schemas) { return {{"anyOf", std::move(schemas)}}; }
Json required(const Words& keys) { return {{"required", keys}}; }

Json with_bounds(Json schema, const Option& option) {
  if (option.minimum) schema["minimum"] = *option.minimum;
  if (option.maximum) schema["maximum"] = *option.maximum;
  return schema;
}

// `schema` without expressions for the whole of it. Bounds are those of every number in it; nothing
// where any value may stand.
std::optional<Json> json_for(const OptionSchema& schema, const Option& option);

// An item of a list, or a value of a map.
Json part_of(const OptionSchema& schema, const Option& option) {
  const std::optional<Json> part = json_for(schema.parts.at(0), option);
  return part ? any_of({*part, ref_to("expression")}) : Json::object();
}

std::optional<Json> json_for(const OptionSchema& schema, const Option& option) {
  using Kind = OptionSchema::Kind;
  switch (schema.kind) {
    case Kind::kAny:
      break;
    case Kind::kInteger:
      return with_bounds(type("integer"), option);
    case Kind::kNumber:
      return with_bounds(type("number"), option);
    case Kind::kBoolean:
      return type("boolean");
    case Kind::kText:  // any scalar is text where text is due: name: 5
      return Json{{"type", {"string", "number", "boolean"}}};
    case Kind::kWords:
      return Json{{"enum", schema.words}};
    case Kind::kList: {
      Json list = list_of(part_of(schema, option));
      if (schema.length > 0) list["minItems"] = list["maxItems"] = schema.length;
      return list;
    }
    case Kind::kMap:
      return Json{{"type", "object"}, {"additionalProperties", part_of(schema, option)}};
    case Kind::kOneOf: {
      std::vector<Json> alternatives;
      for (const OptionSchema& part : schema.parts) {
        std::optional<Json> json = json_for(part, option);
        if (!json) return std::nullopt;
        alternatives.push_back(std::move(*json));
      }
      return any_of(std::move(alternatives));
    }
    case Kind::kInitializer:
      return ref_to("init");
  }
  return std::nullopt;
}

// The value of an option, which may be an expression.
Json schema_of(const Option& option) {
  Json schema = Json::object();
  if (const auto known = json_for(option.schema, option)) {
    schema = any_of({*known, ref_to("expression")});
    if (!option.is_required) schema["anyOf"].push_back(type("null"));
  }
  schema["description"] =
      option.help + (option.default_text.empty() ? "" : " (default " + option.default_text + ")");
  return schema;
}

// What may stand under any of these keys, and nothing else.
Json closed(Json properties) {
  properties["include"] = {{"type", "string"}, {"description", "splices that file's map in"}};
  return {
      {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
}

Json properties_of(const Options& options) {
  Json properties = Json::object();
  for (const Option& option : options.table()) properties[option.name] = schema_of(option);
  return properties;
}

// {OP: primary, option: ...}, with more keys that such a map may have. `main` is the value of the
// op's key if it is not the primary option.
Json op_schema(const std::string& name, const std::string& help, const Options& options,
               const Json& more, const std::optional<Json>& main = std::nullopt) {
  Json properties = more;
  for (const Option& option : options.table()) properties[option.name] = schema_of(option);
  Json value = type("null");
  if (main) {
    value = *main;
  } else if (const Option* primary = options.primary()) {
    value = any_of({schema_of(*primary), type("null")});
  }
  properties[name] = value;
  properties[name]["description"] = help;
  return closed(std::move(properties));
}

// One op out of a family: a bare word, or a map that must fit the op that it names. Maps without
// an op change options of one that `extends` brings in.
class Family {
 public:
  explicit Family(std::string folder) : folder_(std::move(folder)) {}

  void add(const std::string& name, const Options& options, Json schema) {
    names_.push_back(name);
    options_.push_back(options.names());
    for (const auto& [key, ignored] : schema.at("properties").items()) keys_.insert(key);
    definitions_[name] = std::move(schema);
  }

  // `Types`: with name, summary and make().
  template <class Types>
  void add_all(const Types& types, const Json& more = Json::object()) {
    for (const auto& t : types) {
      const auto op = t.make();
      Options options;
      op->options(options);
      add(t.name, options, op_schema(t.name, t.summary, options, more));
    }
  }

  // Puts each op under $defs and gives the conditions: "if the map has this op, then ...".
  // `is_open`: maps without an op of the family may have any keys.
  Json map_schema(Json& definitions, bool is_open) const {
    Json conditions = Json::array();
    for (const std::string& name : names_) {
      // Another op of the map may have an option of this name.
      Json has_op = required({name});
      Json others = Json::array();
      for (size_t i = 0; i < names_.size(); ++i) {
        const bool is_option =
            std::find(options_[i].begin(), options_[i].end(), name) != options_[i].end();
        if (names_[i] != name && is_option) others.push_back(required({names_[i]}));
      }
      if (!others.empty()) has_op["not"] = {{"anyOf", others}};
      conditions.push_back({{"if", has_op}, {"then", ref_to(folder_ + "." + name)}});
      definitions[folder_ + "." + name] = definitions_.at(name);
    }
    Json schema = {{"type", "object"}, {"allOf", conditions}};
    if (!is_open) schema["propertyNames"] = {{"enum", Words(keys_.begin(), keys_.end())}};
    return schema;
  }

  const Words& names() const { return names_; }

  // A word or a map.
  Json schema(Json& definitions) const {
    return any_of({Json{{"enum", names_}}, ref_to("expression"), type("null"),
                   map_schema(definitions, false)});
  }

 private:
  std::string folder_;
  Words names_;
  std::vector<Words> options_;
  std::set<std::string> keys_;  // of all maps of the family
  std::map<std::string, Json> definitions_;
};

// Keys that every item of `layers` may have: definitions, and references to them.
Json define_common_keys(Json& definitions) {
  const Json factor = {{"type", "number"}, {"minimum", 0}};
  const Json by_parameter = {{"type", "object"},
                             {"additionalProperties", any_of({factor, ref_to("expression")})}};
  const Json keys = {
      {"name", {{"type", "string"}, {"pattern", "^([A-Za-z_][A-Za-z0-9_-]*|\\$.*)$"}}},
      {"from", any_of({type("string"), list_of(type("string"))})},
      {"act", ref_to("activation")},
      {"init", ref_to("init")},
      {"lr_mult", any_of({factor, ref_to("expression"), by_parameter})},
      {"decay_mult", any_of({factor, ref_to("expression"), by_parameter})},
      {"freeze", any_of({type("boolean"), Json{{"enum", {"weights"}}}, ref_to("expression")})},
      {"if", any_of({type("boolean"), ref_to("expression")})},
      {"repeat", any_of({Json{{"type", "integer"}, {"minimum", 0}}, ref_to("expression")})},
      {"first", type("object")},
      {"phase", any_of({Json{{"enum", {"train", "test"}}}, ref_to("expression")})},
      {"share", type("string")},
      {"recompute", any_of({type("boolean"), ref_to("expression")})}};
  Json references = Json::object();
  for (const auto& [key, schema] : keys.items()) {
    definitions["item." + key] = schema;
    references[key] = ref_to("item." + key);
  }
  return references;
}

Options options_of(const LayerType& layer_type, std::unique_ptr<Layer>& layer) {
  layer = layer_type.make();
  Options options;
  layer->options(options);
  return options;
}

// Names of layers, branches (lists of items), or a map of named branches.
Json branches() {
  const Json branch = any_of({type("string"), ref_to("items"), ref_to("item")});
  return any_of({type("string"), list_of(branch),
                 Json{{"type", "object"}, {"additionalProperties", branch}}});
}

Json names() { return any_of({type("string"), list_of(type("string")), type("null")}); }

Json layer_schema(const LayerType& t, const Json& more) {
  std::unique_ptr<Layer> layer;
  const Options options = options_of(t, layer);
  std::optional<Json> main;
  if (t.inputs == LayerType::Inputs::kBranches) main = branches();
  if (t.inputs == LayerType::Inputs::kNames) main = names();
  return op_schema(t.name, t.summary, options, more, main);
}

Family layer_family(LayerType::Role role, const std::string& folder, const Json& more) {
  Family family(folder);
  for (const LayerType* t : layer_types()) {
    if (t->role != role) continue;
    std::unique_ptr<Layer> layer;
    family.add(t->name, options_of(*t, layer), layer_schema(*t, more));
  }
  return family;
}

// Items of `layers`: layers, seq and side, and calls of blocks, whose keys are the file's own.
void add_items(Json& definitions) {
  const Json common = define_common_keys(definitions);
  Family items("layer");
  for (const LayerType* t : layer_types()) {
    if (t->role == LayerType::Role::kLoss) continue;
    std::unique_ptr<Layer> layer;
    items.add(t->name, options_of(*t, layer), layer_schema(*t, common));
  }
  for (const auto& [name, help] : {std::pair("seq", "items one after another"),
                                   {"side", "a branch that leaves the next item's input alone"}}) {
    items.add(name, Options(), op_schema(name, help, Options(), common, ref_to("items")));
  }
  definitions["item"] = any_of({type("string"), items.map_schema(definitions, true)});
  definitions["items"] = any_of({list_of(ref_to("item")), ref_to("expression")});
  const Family activations =
      layer_family(LayerType::Role::kActivation, "activation", Json::object());
  definitions["activation"] = activations.schema(definitions);

  // `defaults`: the same options without names.
  Json defaults = Json::object();
  const Words kept = {"act", "init", "lr_mult", "decay_mult", "freeze"};
  for (const LayerType* t : layer_types()) {
    std::unique_ptr<Layer> layer;
    Json properties = properties_of(options_of(*t, layer));
    for (const std::string& key : kept) properties[key] = common.at(key);
    defaults[t->name] = any_of({closed(properties), type("null")});
  }
  definitions["defaults"] = closed(defaults);
}

void add_losses(Json& definitions) {
  const Json more = {{"weight", any_of({type("number"), ref_to("expression")})},
                     {"name", type("string")},
                     {"if", any_of({type("boolean"), ref_to("expression")})}};
  const Family losses = layer_family(LayerType::Role::kLoss, "loss", more);
  const Json one = losses.schema(definitions);
  definitions["loss"] = any_of({one, list_of(one)});
}

void add_init(Json& definitions) {
  // Words and maps of one; or a map by parameter: {weight: {normal: 0.01}, bias: {constant: 1}}.
  definitions["init"] = any_of(
      {Json{{"enum", Initializer::names()}}, ref_to("expression"), type("null"), type("object")});
}

void add_metrics(Json& definitions) {
  const Json more = {{"of", type("string")}, {"target", type("string")}, {"name", type("string")}};
  Family metrics("metric");
  metrics.add_all(metric_types(), more);
  const Json one = metrics.schema(definitions);
  definitions["metrics"] = any_of({one, list_of(one)});
}

void add_train(Json& definitions) {
  Family optimizers("optimizer"), schedules("schedule");
  optimizers.add_all(optimizer_types());
  schedules.add_all(schedule_types());
  TrainSettings settings;
  Options options;
  settings.options(options);
  Json properties = properties_of(options);
  properties["optimizer"] = optimizers.schema(definitions);
  properties["schedule"] = schedules.schema(definitions);
  const Json factor = any_of({Json{{"type", "number"}, {"minimum", 0}}, ref_to("expression")});
  Json rule = closed(
      {{"match", type("string")},
       {"lr_mult", factor},
       {"decay_mult", factor},
       {"freeze", any_of({type("boolean"), Json{{"enum", {"weights"}}}, ref_to("expression")})}});
  rule["required"] = {"match"};
  properties["params"] = any_of({list_of(rule), type("null")});
  definitions["train"] = closed(std::move(properties));
}

void add_data(Json& definitions) {
  Words names;
  Json conditions = Json::array();
  for (const DataFormatType& t : data_formats()) {
    names.emplace_back(t.name);
    const std::unique_ptr<DataFormat> format = t.make();
    Options options;
    format->common.declare(options);
    format->declare(options);
    Json properties = properties_of(options);
    properties["format"] = {{"const", t.name}, {"description", t.help}};
    definitions[std::string("data.") + t.name] = closed(std::move(properties));
    const Json is_this = {{"properties", {{"format", {{"const", t.name}}}}},
                          {"required", {"format"}}};
    conditions.push_back({{"if", is_this}, {"then", ref_to(std::string("data.") + t.name)}});
  }
  const Json map = {
      {"type", "object"},
      {"properties", {{"format", any_of({Json{{"enum", names}}, ref_to("expression")})}}},
      {"allOf", conditions}};
  definitions["data"] = any_of({type("string"), map});
}

Json block_schema() {
  return closed({{"args", {{"type", {"object", "null"}}}},
                 {"layers", ref_to("items")},
                 {"splice", any_of({type("boolean"), ref_to("expression")})}});
}

Json with_help(Json schema, const char* help) {
  schema["description"] = help;
  return schema;
}

// {steps: 100 or {most: 40}, shape: [3, 64, 64], classes: 65}
Json input_map(const Json& size, const Json& sizes) {
  const Json most = {{"type", "object"},
                     {"properties", {{"most", size}}},
                     {"required", std::vector<std::string>{"most"}},
                     {"additionalProperties", false}};
  return {{"type", "object"},
          {"properties",
           {{"steps", with_help(any_of({size, most}), "items of a list; most: they vary")},
            {"shape", with_help(sizes, "sizes of an item")},
            {"classes", with_help(size, "the numbers are classes below this")}}},
          {"additionalProperties", false}};
}

Json sections() {
  const Json size = any_of({Json{{"type", "integer"}, {"minimum", 1}}, ref_to("expression")});
  const Json sizes = any_of({size, list_of(size)});
  const auto map_of = [](Json value) {
    return Json{{"type", "object"},
                {"additionalProperties", any_of({std::move(value), type("null")})}};
  };
  const Json all = {
      {"name", with_help({{"type", {"string", "number"}}},
                         "names the run's folder; by default the file's name")},
      {"description", type("string")},
      {"extends", with_help(type("string"), "the model file that this one is a variant of")},
      {"input", with_help(map_of(any_of({sizes, input_map(size, sizes)})),
                          "the inputs' sizes without the batch: {image: [3, 224, "
                          "224]}; of lists {steps: 100, classes: 65}")},
      {"vars", with_help(type("object"), "values for $NAME, to be set on the command line")},
      {"defaults", with_help(ref_to("defaults"), "options of every item of an op")},
      {"blocks", with_help(map_of(block_schema()),
                           "items with arguments: {args: {out: ~}, layers: "
                           "[...]}")},
      {"layers", with_help(ref_to("items"), "the network, from input to output")},
      {"outputs",
       with_help(any_of({type("string"), list_of(type("string")), map_of(type("string"))}),
                 "a layer, a list of them, or {NAME: LAYER}; by default the last one")},
      {"loss", ref_to("loss")},
      {"metrics", ref_to("metrics")},
      {"data", with_help(ref_to("data"), "the data set: a name (data/NAME.yaml) or a map")},
      {"train", with_help(ref_to("train"), "how the network is trained")},
      {"edit", with_help(type("object"), "changes of named items: {fc: {linear: 10}}")},
      {"kernels", with_help(any_of({Json{{"enum", {"fast", "exact"}}}, ref_to("expression")}),
                            "exact: convolutions without Winograd's transforms")}};
  // `~` deletes what `extends` brings in.
  Json nullable = Json::object();
  for (const auto& [key, schema] : all.items()) {
    const bool is_word = schema.contains("type") && schema["type"] != "object";
    const bool is_plain = is_word || schema.empty();
    nullable[key] = is_plain ? schema : any_of({schema, type("null")});
  }
  return nullable;
}

}  // namespace

std::string model_schema() {
  Json definitions = {
      {"expression",
       {{"type", "string"}, {"pattern", "^\\$"}, {"description", "$NAME or $(...)"}}}};
  add_init(definitions);
  add_items(definitions);
  add_losses(definitions);
  add_metrics(definitions);
  add_train(definitions);
  add_data(definitions);
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                 {"title", "cnn model file"}};
  schema.update(closed(sections()));
  // A variant takes from another file what it does not say itself.
  schema["anyOf"] = {required({"extends"}), required({"include"}), required({"input", "layers"})};
  schema["$defs"] = std::move(definitions);
  return json_text(schema, 2) + "\n";
}

}  // namespace cnn
