#include "train/weights.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "io/safetensors.h"

namespace cnn {
namespace {

constexpr size_t kMostListed = 10;

std::vector<int64_t> sizes_of(const Shape& shape) {
  std::vector<int64_t> sizes;
  for (int axis = 0; axis < shape.rank(); ++axis) sizes.push_back(shape[axis]);
  return sizes;
}

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
nlohmann::json json_entry(const SafetensorsReader& file, const std::string& key) {
  const auto entry = file.metadata().find(key);
  if (entry == file.metadata().end()) return nullptr;
  return nlohmann::json::parse(entry->second, nullptr, false);
}

template <class T>
void take(const nlohmann::json& json, std::vector<T>& out) {
  if (!json.is_array()) return;
  try {
    out = json.get<std::vector<T>>();
  } catch (const nlohmann::json::exception&) {
    // Metadata of another tool under the same key: as if it were not there.
  }
}

WeightsInfo read_info(const SafetensorsReader& file) {
  WeightsInfo info;
  const auto model = file.metadata().find("model");
  if (model != file.metadata().end()) info.model = model->second;
  take(json_entry(file, "classes"), info.class_names);
  take(json_entry(file, "input"), info.input);
  const nlohmann::json scale = json_entry(file, "scale");
  if (scale.is_number()) info.normalization.scale = scale.get<double>();
  take(json_entry(file, "mean"), info.normalization.mean);
  take(json_entry(file, "std"), info.normalization.std);
  return info;
}

}  // namespace

void add_weights(SafetensorsWriter& writer, const ParameterStore& store,
                 const std::string& prefix) {
  for (size_t id = 0; id < store.all().size(); ++id) {
    const Parameter& parameter = store.all()[id];
    writer.add(prefix + parameter.name, sizes_of(parameter.request.shape),
               [&store, id](std::span<float> out) {
                 const std::vector<float> values = store.export_values(static_cast<int>(id));
                 std::copy(values.begin(), values.end(), out.begin());
               });
  }
}

void save_weights(const std::string& path, const ParameterStore& store, const WeightsInfo& info) {
  SafetensorsWriter writer;
  add_weights(writer, store, "");
  const Normalization& normalization = info.normalization;
  writer.set_metadata("format", "pt");  // what loaders of other tools look for
  writer.set_metadata("model", info.model);
  writer.set_metadata("classes", nlohmann::json(info.class_names).dump());
  writer.set_metadata("input", nlohmann::json(info.input).dump());
  writer.set_metadata("scale", nlohmann::json(normalization.scale).dump());
  writer.set_metadata("mean", nlohmann::json(normalization.mean).dump());
  writer.set_metadata("std", nlohmann::json(normalization.std).dump());
  writer.write(path);
}

void check_weights(const SafetensorsReader& file, const ParameterStore& store,
                   const std::string& prefix) {
  std::vector<std::string> missing, extra, reshaped;
  for (const Parameter& parameter : store.all()) {
    const SafeTensor* tensor = file.find(prefix + parameter.name);
    const std::vector<int64_t> wanted = sizes_of(parameter.request.shape);
    if (!tensor) {
      missing.push_back(parameter.name + " " + text_of(wanted));
    } else if (tensor->shape != wanted) {
      reshaped.push_back(fmt::format("{} is {} in the file, {} in the model", parameter.name,
                                     text_of(tensor->shape), text_of(wanted)));
    }
  }
  for (const SafeTensor& tensor : file.tensors()) {
    if (!tensor.name.starts_with(prefix) || is_ignored(tensor.name)) continue;
    const std::string name = tensor.name.substr(prefix.size());
    if (store.find(name) < 0) extra.push_back(name + " " + text_of(tensor.shape));
  }
  if (missing.empty() && extra.empty() && reshaped.empty()) return;
  Diagnostic d;
  d.place = file.path();
  d.problem =
      fmt::format("the weights are of another model: {} missing, {} extra, {} of another shape",
                  missing.size(), extra.size(), reshaped.size());
  list_some("missing", missing, d.notes);
  list_some("extra", extra, d.notes);
  list_some("reshaped", reshaped, d.notes);
  throw Error(Exit::kInput, {std::move(d)});
}

void read_weights(const SafetensorsReader& file, ParameterStore& store, const std::string& prefix) {
  std::vector<float> values;
  for (size_t id = 0; id < store.all().size(); ++id) {
    const Parameter& parameter = store.all()[id];
    values.resize(static_cast<size_t>(parameter.count()));
    file.read(*file.find(prefix + parameter.name), values);
    store.import_values(static_cast<int>(id), values);
  }
}

WeightsInfo read_weights_info(const std::string& path) {
  return read_info(SafetensorsReader(path));
}

WeightsInfo load_weights(const std::string& path, ParameterStore& store,
                         const LoadWeightsOptions& options) {
  SafetensorsReader file(path);
  file.accept_non_finite(options.allow_non_finite);
  check_weights(file, store, "");
  file.verify();  // all of it before anything is loaded
  read_weights(file, store, "");
  return read_info(file);
}

}  // namespace cnn
