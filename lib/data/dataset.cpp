#include "data/dataset.h"

#include <algorithm>

#include "base/error.h"
#include "base/rng.h"
#include "base/text.h"
#include "data/vocabulary.h"

namespace cnn {
namespace {

std::string describe(const Field& field) {
  const char* kind = field.kind == FieldKind::kClass ? " class numbers" : "";
  return fmt::format("'{}' {}{}", field.name, describe(field.shape, field.items), kind);
}

// What to write where the model declares its input, if that alone would help.
std::string remedy_for(const Field& field, const Field& wanted) {
  const bool is_short = wanted.items.varies && field.shape == wanted.shape && field.items.is_list;
  return is_short ? fmt::format("; say '{}: {{steps: {{most: {}}}}}' there", wanted.name,
                                field.items.most)
                  : "";
}

// A list that may vary takes shorter ones, and such as do not vary.
bool fits(const Field& field, const Field& wanted) {
  if (field.shape != wanted.shape || field.items.is_list != wanted.items.is_list) return false;
  return wanted.items.varies ? field.items.most <= wanted.items.most : field.items == wanted.items;
}

[[noreturn]] void fail_binding(const Dataset& dataset, std::string problem) {
  std::vector<std::string> fields;
  for (const Field& f : dataset.fields()) fields.push_back(describe(f));
  throw Error(Exit::kSpec,
              {{"", std::move(problem), {}, {"the data set has " + join(fields, ", ")}}});
}

int bind_field(const Dataset& dataset, const Field& wanted) {
  const int found = dataset.field(wanted.name);
  if (found < 0) {
    std::vector<std::string> names;
    for (const Field& f : dataset.fields()) names.push_back(f.name);
    const std::optional<std::string> meant = nearest(wanted.name, names);
    fail_binding(dataset,
                 fmt::format("the model reads '{}', which the data set does not have{}",
                             wanted.name, meant ? "; did you mean '" + *meant + "'?" : ""));
  }
  const Field& field = dataset.fields()[static_cast<size_t>(found)];
  if (!fits(field, wanted)) {
    fail_binding(dataset,
                 fmt::format("the model reads '{}' as {}, the data set has it as {}{}", wanted.name,
                             describe(wanted.shape, wanted.items),
                             describe(field.shape, field.items), remedy_for(field, wanted)));
  }
  // Labels are looked at one by one; of lists this must do.
  if (wanted.items.is_list && wanted.classes > 0 && field.classes > wanted.classes) {
    const bool is_text = dataset.vocabulary(found) != nullptr;
    fail_binding(
        dataset,
        fmt::format(
            "the model reads '{}' as class numbers below {}, the data set has {} classes "
            "there; say 'classes: {}' of it{}",
            wanted.name, wanted.classes, field.classes, field.classes,
            is_text ? fmt::format(", or 'symbols: {}' in the data map", wanted.classes) : ""));
  }
  if (wanted.kind == FieldKind::kClass && field.kind != FieldKind::kClass) {
    fail_binding(dataset, fmt::format("the model reads '{}' as class numbers, the data set has "
                                      "other numbers there (class numbers are saved as int64)",
                                      wanted.name));
  }
  return found;
}

}  // namespace

std::string_view split_name(Split split) {
  switch (split) {
    case Split::kTrain:
      return "train";
    case Split::kValidation:
      return "val";
    default:
      return "test";
  }
}

int Dataset::field(std::string_view name) const {
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (fields_[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

std::vector<std::string> Dataset::class_names(int field) const {
  const std::vector<std::string>& names = fields_.at(static_cast<size_t>(field)).class_names;
  if (!names.empty()) return names;
  const auto words = vocabulary(field);
  return words ? words->symbols() : names;
}

void Dataset::read_items(int64_t index, const Draw* draw, std::span<float* const> out,
                         std::span<int64_t> items) const {
  draw != nullptr ? read_drawn(index, *draw, out) : read(index, out);
  for (size_t i = 0; i < fields_.size(); ++i) items[i] = fields_[i].items.most;
}

void Dataset::read_exact(int64_t index, int field, std::span<double> out) const {
  thread_local std::vector<float> values;
  values.resize(out.size());
  FieldReader(*this, field).read(index, values.data());
  std::copy(values.begin(), values.end(), out.begin());
}

std::string DataView::hash() const {
  const Normalization& n = dataset->normalization();
  std::string text = dataset->fingerprint() + fmt::format("|{}|", n.scale);
  for (const double v : n.mean) text += fmt::format("{},", v);
  for (const double v : n.std) text += fmt::format("{},", v);
  for (const Field& f : dataset->fields()) {
    for (size_t i = 0; i < f.standard.mean.size(); ++i) {
      text += fmt::format("{} {},", f.standard.mean[i], f.standard.deviation[i]);
    }
  }
  text.append(reinterpret_cast<const char*>(indices.data()), indices.size() * sizeof(int64_t));
  return fmt::format("{:016x}", hash_name(text));
}

std::vector<int64_t> count_classes(const DataView& view, int field, int64_t classes,
                                   std::string_view whose) {
  const Dataset& dataset = *view.dataset;
  const Field& f = dataset.fields().at(static_cast<size_t>(field));
  CNN_ASSERT(f.kind == FieldKind::kClass && f.shape.count() == 1);
  std::vector<int64_t> counts(static_cast<size_t>(classes), 0);
  float label = 0;
  FieldReader labels(dataset, field);
  for (const int64_t index : view.indices) {
    labels.read(index, &label);
    const auto number = static_cast<int64_t>(label);
    if (number == dataset.ignored_class()) continue;
    if (number < 0 || number >= classes) {
      fail(Exit::kInput, fmt::format("{}: sample {}", dataset.origin(field), index),
           "{} {}: {} has classes 0 to {}", f.name, number, whose, classes - 1);
    }
    ++counts[static_cast<size_t>(number)];
  }
  return counts;
}

std::vector<int> bind_fields(const DataView& view, std::span<const Field> wanted) {
  std::vector<int> fields;
  for (const Field& w : wanted) {
    const int field = bind_field(*view.dataset, w);
    fields.push_back(field);
    if (w.is_label() && w.classes > 0) count_classes(view, field, w.classes, "the model");
  }
  return fields;
}

}  // namespace cnn
