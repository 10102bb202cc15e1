#include "model/weights.h"

#include <algorithm>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "data/catalogue.h"
#include "data/description.h"
#include "graph/builder.h"
#include "io/open_tensors.h"
#include "io/safetensors.h"

namespace cnn {
namespace {

constexpr size_t kMostListed = 10;
constexpr const char* kAuto = "auto";

// PyTorch's count of batches in a batch norm; nothing here needs it.
bool is_ignored(std::string_view name) { return name.ends_with("num_batches_tracked"); }

std::string text_of(const std::vector<int64_t>& sizes) {
  std::vector<std::string> words;
  for (const int64_t size : sizes) words.push_back(std::to_string(size));
  return "[" + join(words, ",") + "]";
}

void list_some(const char* kind, const std::vector<std::string>& names,
               std::vector<std::string>& notes) {
  for (size_t i = 0; i < std::min(names.size(), kMostListed); ++i) {
    notes.push_back(fmt::format("{}: {}", kind, names[i]));
  }
  if (names.size() > kMostListed) {
    notes.push_back(fmt::format("{}: and {} more", kind, names.size() - kMostListed));
  }
}

// The value of a metadata entry that holds JSON; null where it is missing or no JSON.
Json json_entry(const TensorReader& file, const std::string& key) {
  const auto entry = file.metadata().find(key);
  if (entry == file.metadata().end()) return nullptr;
  return Json::parse_or_null(entry->second);
}

template <class T>
void take(const Json& json, std::vector<T>& out) {
  if (!json.is_array()) return;
  try {
    out = json.get<std::vector<T>>();
  } catch (const JsonError&) {
    // Metadata of another tool under the same key: as if it were not there.
  }
}

// {"unit": "word", "symbols": [...], "fields": ["source"]} for each of them; the first input's has
// "input": true.
void read_vocabularies(const TensorReader& file, WeightsInfo& info) {
  const Json entry = json_entry(file, "vocabularies");
  if (!entry.is_array()) return;
  for (const Json& one : entry) {
    const std::shared_ptr<const TextVocabulary> vocabulary = vocabulary_of(one);
    if (!vocabulary) continue;
    std::vector<std::string> fields;
    if (const Json* names = one.find("fields")) take(*names, fields);
    for (const std::string& field : fields) info.vocabularies[field] = vocabulary;
    if (one.find("input") != nullptr) info.vocabulary = vocabulary;
  }
}

// As files had it that knew texts in their first input alone.
std::shared_ptr<const TextVocabulary> read_old_vocabulary(const TensorReader& file) {
  std::vector<std::string> symbols;
  take(json_entry(file, "symbols"), symbols);
  const auto unit = file.metadata().find("unit");
  if (unit == file.metadata().end() || symbols.empty()) return nullptr;
  return vocabulary_of(Json({{"unit", unit->second}, {"symbols", symbols}}));
}

void write_vocabularies(SafetensorsWriter& writer, const WeightsInfo& info) {
  Json all = Json::array();
  std::vector<std::shared_ptr<const TextVocabulary>> written;
  if (info.vocabulary) written.push_back(info.vocabulary);
  for (const auto& [field, vocabulary] : info.vocabularies) {
    const auto is_same = [&](const auto& other) { return other->difference(*vocabulary).empty(); };
    if (std::none_of(written.begin(), written.end(), is_same)) written.push_back(vocabulary);
  }
  for (const auto& vocabulary : written) {
    Json entry = vocabulary_json(*vocabulary);
    entry["fields"] = Json::array();
    for (const auto& [field, other] : info.vocabularies) {
      if (other->difference(*vocabulary).empty()) entry["fields"].push_back(field);
    }
    if (vocabulary == info.vocabulary) entry["input"] = true;
    all.push_back(std::move(entry));
  }
  if (!written.empty()) writer.set_metadata("vocabularies", all.dump());
}

PictureLook read_look(const TensorReader& file) {
  PictureLook look;
  std::vector<double> tone;
  take(json_entry(file, "tone"), tone);
  if (tone.size() == 2) look.tone = {tone[0], tone[1]};
  std::vector<int> colour;
  take(json_entry(file, "background"), colour);
  if (colour.size() == 3) {
    const auto byte = [&](size_t i) { return static_cast<uint8_t>(colour[i]); };
    look.background = {byte(0), byte(1), byte(2)};
  }
  const auto invert = file.metadata().find("invert");
  if (invert != file.metadata().end() && invert->second == kAuto) look.invert = Invert::kAuto;
  return look;
}

void write_look(SafetensorsWriter& writer, const PictureLook& look) {
  if (look.tone) writer.set_metadata("tone", Json({look.tone->mean, look.tone->deviation}).dump());
  const Colour& c = look.background;
  if (c != Colour::white())
    writer.set_metadata("background", Json({c.red, c.green, c.blue}).dump());
  if (look.invert == Invert::kAuto) writer.set_metadata("invert", kAuto);
}

// {"image": {"mean": [3.1], "std": [1]}}; what is not so is as if it were not there.
Standards read_standards(const TensorReader& file) {
  Standards standards;
  const Json entry = json_entry(file, "standards");
  for (const auto& [field, figures] : entry.items()) {
    const Json *mean = figures.find("mean"), *deviation = figures.find("std");
    if (mean == nullptr || deviation == nullptr) continue;
    Standard standard;
    take(*mean, standard.mean);
    take(*deviation, standard.deviation);
    const bool is_whole = standard.is_set() && standard.mean.size() == standard.deviation.size();
    if (is_whole) standards[field] = std::move(standard);
  }
  return standards;
}

void write_standards(SafetensorsWriter& writer, const Standards& standards) {
  if (standards.empty()) return;
  Json entry = Json::object();
  for (const auto& [field, standard] : standards) {
    entry[field] = {{"mean", standard.mean}, {"std", standard.deviation}};
  }
  writer.set_metadata("standards", entry.dump());
}

// [{"column": "colour", "first": 1, "words": ["blue", "red"]}]
std::vector<CategoryColumn> read_categories(const TensorReader& file) {
  std::vector<CategoryColumn> columns;
  const Json entry = json_entry(file, "categories");
  try {
    for (const Json& one : entry) {
      columns.push_back({one.at("column").get<std::string>(),
                         one.at("words").get<std::vector<std::string>>(),
                         one.at("first").get<int64_t>()});
    }
  } catch (const JsonError&) {
    return {};  // of another tool
  }
  return columns;
}

void write_categories(SafetensorsWriter& writer, const std::vector<CategoryColumn>& columns) {
  if (columns.empty()) return;
  Json entry = Json::array();
  for (const CategoryColumn& column : columns) {
    entry.push_back(
        {{"column", column.name}, {"first", column.first}, {"words", column.categories}});
  }
  writer.set_metadata("categories", entry.dump());
}

WeightsInfo read_info(const TensorReader& file) {
  WeightsInfo info;
  const auto model = file.metadata().find("model");
  if (model != file.metadata().end()) info.model = model->second;
  take(json_entry(file, "classes"), info.class_names);
  take(json_entry(file, "values"), info.value_names);
  take(json_entry(file, "columns"), info.input_names);
  info.categories = read_categories(file);
  info.standards = read_standards(file);
  take(json_entry(file, "input"), info.input);
  const Json scale = json_entry(file, "scale");
  info.knows_normalization = scale.is_number();
  if (scale.is_number()) info.normalization.scale = scale.get<double>();
  take(json_entry(file, "mean"), info.normalization.mean);
  take(json_entry(file, "std"), info.normalization.std);
  info.vocabulary = read_old_vocabulary(file);
  read_vocabularies(file, info);
  info.look = read_look(file);
  return info;
}

// How a file differs from what a store wants, a line each.
struct Difference {
  std::vector<std::string> missing, extra, reshaped;

  bool any() const { return !missing.empty() || !extra.empty() || !reshaped.empty(); }
  std::string text() const {
    return fmt::format("{} missing, {} extra, {} of another shape", missing.size(), extra.size(),
                       reshaped.size());
  }
  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    list_some("missing", missing, lines);
    list_some("extra", extra, lines);
    list_some("reshaped", reshaped, lines);
    return lines;
  }
};

Difference compare(const TensorReader& file, const ParameterStore& store,
                   const WeightNames& names) {
  Difference difference;
  for (const Parameter& parameter : store.all()) {
    const SafeTensor* tensor = file.find(names.in_file(parameter.name));
    const std::string wanted = text_of(file_sizes(parameter));
    if (tensor == nullptr) {
      difference.missing.push_back(parameter.name + " " + wanted);
    } else if (!fits(tensor, parameter)) {
      difference.reshaped.push_back(fmt::format("{} is {} in the file, {} in the model",
                                                parameter.name, text_of(tensor->shape), wanted));
    }
  }
  for (const SafeTensor& tensor : file.tensors()) {
    if (!tensor.name.starts_with(names.wrapper) || is_ignored(tensor.name)) continue;
    const std::string name = names.in_network(tensor.name);
    if (store.find(name) < 0) difference.extra.push_back(name + " " + text_of(tensor.shape));
  }
  return difference;
}

// Takes the weights of layers that exist in training only from what is left over.
void forget_training_only(const ModelSpec& model, Difference& difference) {
  if (difference.extra.empty()) return;
  ParameterStore training;
  build_graph(model, Phase::kTrain, training);
  std::erase_if(difference.extra, [&](const std::string& line) {
    return training.find(std::string_view(line).substr(0, line.find(' '))) >= 0;
  });
}

Error mismatch(const std::string& path, const Difference& difference, const std::string& advice) {
  Diagnostic d;
  d.place = path;
  d.problem = "the weights are of another model: " + difference.text();
  d.notes = difference.lines();
  if (!advice.empty()) d.notes.push_back(advice);
  return Error(Exit::kInput, {std::move(d)});
}

// True if the command line sets data.KEY.
bool is_typed(const Node& data, std::string_view key) {
  const Entry* entry = data.entry(key);
  return entry != nullptr && entry->value.mark().source != nullptr &&
         entry->value.mark().source->is_command_line;
}

// What the data map says where the file says nothing, or where the command line says otherwise.
void describe_by_data(const ModelSpec& model, WeightsInfo& info) {
  const Node* section = model.section("data");
  if (section == nullptr || model.inputs.empty()) return;
  const bool wants_numbers = !info.knows_normalization || is_typed(*section, "scale") ||
                             is_typed(*section, "mean") || is_typed(*section, "std");
  const bool wants_invert = is_typed(*section, "invert");
  const bool is_named = !info.class_names.empty() || !info.value_names.empty();
  const bool wants_classes = !is_named || is_typed(*section, "classes");
  const bool wants_ground = !info.knows_normalization || is_typed(*section, "background");
  if (!wants_numbers && !wants_classes && !wants_ground && !wants_invert) return;
  Node data;
  try {
    data = load_data(model);
  } catch (const Error&) {
    if (section->is_map()) throw;
    return;  // the name of a data set that is not here says nothing
  }
  const std::vector<int64_t>& sizes = model.inputs.front().sizes;
  const int64_t channels = sizes.size() == 2 ? sizes[1] : sizes[0];
  DataDescription said = describe_data(data, channels);
  if (wants_invert) {  // of the pictures that are shown; the numbers of training stay
    const bool always = data.find("invert")->as_bool().value_or(false);
    info.look.invert = always ? Invert::kYes : said.look.invert;
    data.set("invert", Node::scalar("false"));
    said = describe_data(data, channels);
  }
  if (wants_numbers) {
    info.normalization = said.normalization;
    info.knows_normalization = true;
    if (!wants_invert) info.look.invert = said.look.invert;
  }
  if (wants_ground) info.look.background = said.look.background;
  if (wants_classes) info.class_names = said.class_names;
}

}  // namespace

std::vector<int64_t> file_sizes(const Parameter& parameter) {
  const Shape& shape = parameter.request.shape;
  std::vector<int64_t> sizes;
  for (int axis = 0; axis < shape.rank(); ++axis) sizes.push_back(shape[axis]);
  return sizes;
}

void add_weights(SafetensorsWriter& writer, const ParameterStore& store,
                 const std::string& prefix) {
  for (size_t id = 0; id < store.all().size(); ++id) {
    const Parameter& parameter = store.all()[id];
    writer.add(prefix + parameter.name, file_sizes(parameter),
               [&store, id](int64_t first, std::span<float> out) {
                 store.export_values(static_cast<int>(id), first, out);
               });
  }
}

void save_weights(const std::string& path, const ParameterStore& store, const WeightsInfo& info) {
  SafetensorsWriter writer;
  add_weights(writer, store, "");
  const Normalization& normalization = info.normalization;
  writer.set_metadata("format", "pt");  // what loaders of other tools look for
  writer.set_metadata("model", info.model);
  writer.set_metadata("classes", Json(info.class_names).dump());
  writer.set_metadata("input", Json(info.input).dump());
  writer.set_metadata("scale", Json(normalization.scale).dump());
  writer.set_metadata("mean", Json(normalization.mean).dump());
  writer.set_metadata("std", Json(normalization.std).dump());
  write_look(writer, info.look);
  if (!info.input_names.empty()) {
    writer.set_metadata("columns", Json(info.input_names).dump());
  }
  if (!info.value_names.empty()) {
    writer.set_metadata("values", Json(info.value_names).dump());
  }
  write_categories(writer, info.categories);
  write_standards(writer, info.standards);
  write_vocabularies(writer, info);
  writer.write(path);
}

void check_weights(const TensorReader& file, const ParameterStore& store,
                   const std::string& prefix) {
  const Difference difference = compare(file, store, {prefix, ""});
  if (difference.any()) throw mismatch(file.path(), difference, "");
}

void read_weights(const TensorReader& file, ParameterStore& store, const WeightNames& names) {
  for (size_t id = 0; id < store.all().size(); ++id) {
    const Parameter& parameter = store.all()[id];
    const SafeTensor* tensor = file.find(names.in_file(parameter.name));
    if (!fits(tensor, parameter)) continue;
    file.read(*tensor, [&](int64_t first, std::span<const float> values) {
      store.import_values(static_cast<int>(id), first, values);
    });
  }
}

WeightsInfo read_weights_info(const std::string& path) { return read_info(*open_tensors(path)); }

WeightsInfo load_weights(const std::string& path, ParameterStore& store,
                         const LoadWeightsOptions& options) {
  const std::unique_ptr<TensorReader> opened = open_tensors(path);
  TensorReader& file = *opened;
  file.accept_non_finite(options.allow_non_finite);
  const WeightNames names = find_weight_names(file, store, options.partial);
  Difference difference = compare(file, store, names);
  if (options.model != nullptr) forget_training_only(*options.model, difference);
  if (difference.any() && !options.partial) {
    throw mismatch(path, difference,
                   "if the model was changed on purpose (a new head), --partial loads what fits");
  }
  const size_t fitting =
      store.all().size() - difference.missing.size() - difference.reshaped.size();
  if (difference.any() && fitting == 0) throw mismatch(path, difference, "none of them fits");
  file.verify();  // all of it before anything is loaded
  read_weights(file, store, names);
  if (!names.wrapper.empty()) {
    note("{}: all names begin with '{}', which is left out", path, names.wrapper);
  }
  if (!names.part.empty()) {
    note("{}: its weights are those of '{}'", path, names.part.substr(0, names.part.size() - 1));
  }
  if (difference.any()) {
    warn("{}: {} of {} weights are loaded, the others begin anew: {}", path, fitting,
         store.all().size(), difference.text());
    for (const std::string& line : difference.lines()) note("{}", line);
  }
  WeightsInfo info = read_info(file);
  if (options.model != nullptr) describe_by_data(*options.model, info);
  for (size_t id = 0; id < store.all().size(); ++id) {
    const Parameter& parameter = store.all()[id];
    if (!fits(file.find(names.in_file(parameter.name)), parameter))
      info.missing.push_back(static_cast<int>(id));
  }
  return info;
}

}  // namespace cnn
