// DataSource: from a data map to checked splits.

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "data/augmentation.h"
#include "data/class_counts.h"
#include "data/dataset.h"
#include "data/description.h"
#include "data/format.h"
#include "data/held_out.h"
#include "data/standardise.h"
#include "data/table_rows.h"

namespace cnn {
namespace {

// Either the map says how inputs are normalised, or it is measured.
void check_standardise(const Node& data, const DataOptions& options, Diagnostics& diagnostics) {
  if (!options.standardise.has_inputs(options.input_name)) return;
  for (const char* key : {"scale", "mean", "std"}) {
    const Entry* said = data.entry(key);
    if (said == nullptr) continue;
    diagnostics.report(
        said->mark,
        fmt::format("'{}' says how inputs are normalised, and 'standardise' measures "
                    "it; one of them is too many",
                    key),
        "'standardise: targets' leaves the inputs to 'mean' and 'std'");
  }
}

std::unique_ptr<DataFormat> read_format(const Node& data) {
  Diagnostics diagnostics;
  std::vector<std::string> names;
  for (const DataFormatType& t : data_formats()) names.push_back(t.name);
  const Node* format = data.find("format");
  if (format == nullptr) {
    diagnostics.report(data.mark(), "the data map needs 'format'",
                       data.find("from") != nullptr
                           ? "'from' stands in model files; a data file takes 'extends: FILE'"
                           : "one of " + join(names, ", "));
    diagnostics.throw_if_any();
  }
  const std::string name = format->read_string(diagnostics).value_or("");
  diagnostics.throw_if_any();
  for (const DataFormatType& t : data_formats()) {
    if (name != t.name) continue;
    std::unique_ptr<DataFormat> result = t.make();
    Options options;
    result->common.declare(options);
    result->declare(options);
    options.read_map(data, fmt::format("data format '{}'", name), diagnostics, {"format"});
    check_standardise(data, result->common, diagnostics);
    if (!result->common.val.is_number() && !result->read_validation(diagnostics)) {
      const Node& val = *data.find("val");
      diagnostics.report(
          val.mark(),
          "expected a number of samples (5000) or a fraction (0.1), found " + val.describe());
    }
    diagnostics.throw_if_any();
    return result;
  }
  diagnostics.report_unknown(format->mark(), "data format", name, names);
  diagnostics.throw_if_any();
  return nullptr;
}

// The generated data set that a network can be trained on instead; empty if there is none.
std::string stand_in_for(std::span<const Field> wanted) {
  for (const DataFormatType& type : data_formats()) {
    if (type.make()->keys_for(wanted)) return type.name;
  }
  return "";
}

// The map with the keys that make generated samples fit. What the command line says stays.
Node fitted(const Node& data, std::span<const Field> wanted) {
  const auto keys = wanted.empty() ? std::nullopt : read_format(data)->keys_for(wanted);
  if (!keys) return data;
  Node result = data;
  std::vector<std::string> added;
  for (const Entry& key : *keys) {
    const Node* said = result.find(key.key);
    if (said != nullptr && said->mark().source && said->mark().source->is_command_line) continue;
    if (said != nullptr && to_yaml(*said) == to_yaml(key.value)) continue;
    result.set(key.key, key.value);
    added.push_back(key.key + " " + to_yaml(key.value));
  }
  if (!added.empty()) {
    note("{} are made to fit the network: {}", data.find("format")->text(), join(added, ", "));
  }
  return result;
}

// The map with what it leaves to the network.
Node followed(Node data, std::span<const Field> wanted) {
  if (wanted.empty()) return data;
  for (const Entry& key : read_format(data)->follows(wanted)) {
    if (data.find(key.key) == nullptr) data.set(key.key, key.value);
  }
  return data;
}

void warn_of_empty_classes(const Dataset& dataset, int field, const std::vector<int64_t>& counts) {
  constexpr size_t kMostListed = 10;
  const std::vector<std::string> names = dataset.class_names(field);
  std::vector<std::string> empty;
  for (size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] > 0) continue;
    empty.push_back(c < names.size() ? "'" + names[c] + "'" : std::to_string(c));
  }
  if (empty.empty()) return;
  const std::string origin = dataset.origin(field);
  if (empty.size() == 1) {
    warn("{}: class {} has no samples", origin, empty[0]);
    return;
  }
  const size_t count = empty.size();
  if (count > kMostListed) {
    empty.resize(kMostListed);
    empty.push_back("...");
  }
  warn("{}: {} of {} classes have no samples: {}", origin, count, counts.size(), join(empty, ", "));
}

// Labels are all read once, before anything is trained on them.
void check_labels(const std::shared_ptr<const Dataset>& dataset) {
  for (size_t i = 0; i < dataset->fields().size(); ++i) {
    const Field& field = dataset->fields()[i];
    if (!field.is_label() || field.classes == 0) continue;
    DataView all{dataset, std::vector<int64_t>(static_cast<size_t>(dataset->size()))};
    std::iota(all.indices.begin(), all.indices.end(), 0);
    const std::vector<int64_t> counts =
        count_classes(all, static_cast<int>(i), field.classes, "the data set");
    warn_of_empty_classes(*dataset, static_cast<int>(i), counts);
  }
}

// At most `limit` of them, evenly spread, because files are often sorted by class.
std::vector<int64_t> limited(std::vector<int64_t> indices, std::optional<int64_t> limit) {
  const auto size = static_cast<int64_t>(indices.size());
  if (!limit || *limit >= size) return indices;
  std::vector<int64_t> kept;
  for (int64_t i = 0; i < *limit; ++i) {
    kept.push_back(indices[static_cast<size_t>(i * size / *limit)]);
  }
  return kept;
}

// Those of `size` samples that are not among `indices`, which ascend.
std::vector<int64_t> others(const std::vector<int64_t>& indices, int64_t size) {
  std::vector<int64_t> rest;
  auto next = indices.begin();
  for (int64_t i = 0; i < size; ++i) {
    if (next != indices.end() && *next == i) {
      ++next;
    } else {
      rest.push_back(i);
    }
  }
  return rest;
}

// The samples of these pictures.
std::vector<int64_t> with_patches(std::vector<int64_t> pictures, int64_t patches) {
  if (patches == 1) return pictures;
  std::vector<int64_t> samples;
  for (const int64_t picture : pictures) {
    for (int64_t i = 0; i < patches; ++i) samples.push_back(picture * patches + i);
  }
  return samples;
}

}  // namespace

DataSource::DataSource(const Node& data, uint64_t seed, std::span<const Field> wanted)
    : seed_(seed), map_(followed(fitted(data, wanted), wanted)), format_(read_format(map_)) {
  if (!wanted.empty()) format_->common.stand_in = stand_in_for(wanted);
}
DataSource::~DataSource() = default;
DataSource::DataSource(DataSource&&) noexcept = default;
DataSource& DataSource::operator=(DataSource&&) noexcept = default;

bool DataSource::shuffle() const { return format_->common.shuffle; }
bool DataSource::has_test() const { return format_->has_test(); }

std::shared_ptr<const Dataset> DataSource::open_whole(Split split) {
  std::shared_ptr<const Dataset>& kept = opened_[static_cast<size_t>(split)];
  if (kept == nullptr) {
    std::shared_ptr<const Dataset> dataset = format_->open(split);
    check_labels(dataset);
    const DataOptions& options = format_->common;
    if (options.border_weights) {
      dataset = with_border_weights(std::move(dataset), *options.border_weights);
    }
    int64_t& patches = patches_[static_cast<size_t>(split)];
    if (options.augment.is_set() || options.patches.is_set() || options.target_crop.is_set()) {
      const Shape& picture = dataset->fields()[0].shape;
      const bool is_picture = picture.rank() == 3;
      if (is_picture) patches = patches_of(picture, options.patches);
      dataset = augmented(std::move(dataset), options);
    }
    kept = std::move(dataset);
  }
  return kept;
}

// The class of every picture, where there are classes to share out by.
std::vector<int64_t> DataSource::strata(const std::shared_ptr<const Dataset>& dataset,
                                        int64_t patches) const {
  const int field = label_field(*dataset);
  if (!format_->common.stratify || field < 0) return {};
  DataView first_patches{dataset, {}};
  for (int64_t i = 0; i < dataset->size(); i += patches) first_patches.indices.push_back(i);
  return labels_of(first_patches, field);
}

DataView DataSource::open(Split split) {
  DataView view = open_plain(split);
  keep_columns(*view.dataset);
  view.dataset = standardised(std::move(view.dataset));
  return view;
}

// Whoever reads the map from now on need not see the training table.
void DataSource::keep_columns(const Dataset& dataset) {
  const Field& inputs = dataset.fields()[0];
  const Node* said = map_.find("columns");
  const bool depends = !inputs.categories.empty() || format_->common.standardise.is_set();
  if (!depends || inputs.value_names.empty() || said == nullptr) return;
  Node columns = *said;
  columns.set("inputs", OptionType<std::vector<std::string>>::write(
                            columns_of(inputs.value_names, inputs.categories)));
  if (!inputs.categories.empty()) {
    columns.set("categories", OptionType<CategoryColumns>::write({inputs.categories}));
  }
  map_.set("columns", std::move(columns));
}

// Measured once, when the first split is opened.
std::shared_ptr<const Dataset> DataSource::standardised(std::shared_ptr<const Dataset> dataset) {
  Standardise& wanted = format_->common.standardise;
  if (!wanted.is_set()) return dataset;
  if (wanted.known.empty()) {
    wanted.known = measure_standards(open_plain(Split::kTrain), wanted);
    map_.set("standardise", OptionType<Standardise>::write(wanted));
  }
  std::shared_ptr<const Dataset>& kept = standardised_[dataset.get()];
  if (kept == nullptr) kept = cnn::standardised(std::move(dataset), wanted);
  return kept;
}

DataView DataSource::open_plain(Split split) {
  const DataOptions& options = format_->common;
  if (split == Split::kTest && !has_test()) {
    throw Error(Exit::kInput,
                {{options.name,
                  "the data set has no test split; its map names no test files",
                  {},
                  {"'test' in the data map names them; where a folder is the data, a folder test/ "
                   "beside train/ is taken",
                   "--split val tests what was held out from training"}}});
  }
  const bool is_drawn = split != Split::kTest && !format_->has_validation();
  const std::shared_ptr<const Dataset> dataset = open_whole(is_drawn ? Split::kTrain : split);
  // Whole pictures are held out, not their patches.
  const int64_t patches = patches_[static_cast<size_t>(is_drawn ? Split::kTrain : split)];
  const int64_t size = dataset->size() / patches;
  const int64_t wanted = is_drawn ? options.val.of(size) : 0;
  if (wanted >= size) {
    fail(Exit::kSpec, "", "data: 'val' holds out {} of {} samples; none are left to train on",
         wanted, size);
  }
  std::vector<int64_t> indices;
  if (wanted > 0) indices = held_out(size, wanted, seed_, strata(dataset, patches));
  if (!is_drawn || split != Split::kValidation) indices = others(indices, size);
  return {dataset, with_patches(limited(std::move(indices), options.limit), patches)};
}

DataDescription describe_data(const Node& data, int64_t channels) {
  const DataOptions options = read_format(data)->common;
  // Negatives that are always read are a matter of normalisation.
  const Invert invert = options.invert == Invert::kAuto ? Invert::kAuto : Invert::kNo;
  const auto measured = options.standardise.known.find(options.input_name);
  const Normalization normalization =
      measured == options.standardise.known.end()
          ? options.normalization(channels)
          : Normalization{1, measured->second.mean, measured->second.deviation};
  return {normalization, options.titles.of(options.classes), {options.background, invert}};
}

DataView open_dataset(const Node& data, Split split, uint64_t seed) {
  return DataSource(data, seed).open(split);
}

}  // namespace cnn
