#include "data/csv_columns.h"

#include <algorithm>
#include <set>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "data/sample_table.h"

namespace cnn {
namespace {

using Kind = TargetColumns::Kind;

// What there is to say of each kind.
struct KindFacts {
  Kind kind;
  const char* key;    // in `columns:`
  const char* field;  // the usual name
  ColumnGroups TableColumns::*groups;
};
constexpr KindFacts kKinds[] = {
    {Kind::kLabel, "label", "label", &TableColumns::label},
    {Kind::kNumbers, "targets", "target", &TableColumns::targets},
    {Kind::kPoints, "points", "points", &TableColumns::points},
    {Kind::kBoxes, "boxes", "boxes", &TableColumns::boxes},
};

OptionSchema columns_schema() {
  return OptionSchema::one_of({OptionSchema::text(), OptionSchema::list_of(OptionSchema::text())});
}

// A column, or a list of columns.
bool read_group(const Node& node, ColumnGroup& out, Diagnostics& d) {
  out.mark = node.mark();
  if (node.is_list()) {
    if (node.items().empty()) d.report(node.mark(), "expected the names of columns");
    return OptionType<std::vector<std::string>>::read(node, out.columns, d) &&
           !node.items().empty();
  }
  const std::optional<std::string> column = node.read_string(d);
  if (column) out.columns = {*column};
  return column.has_value();
}

Node write_group(const ColumnGroup& group) {
  return group.columns.size() == 1 ? Node::scalar(group.columns[0])
                                   : OptionType<std::vector<std::string>>::write(group.columns);
}

// How many columns a field of this kind may have: false after a report.
bool check_count(Kind kind, const ColumnGroup& group, Diagnostics& d) {
  const size_t count = group.columns.size();
  std::string wanted;
  if (kind == Kind::kLabel && count != 1) {
    wanted = "'label' is one column; a map gives several: {kind: kind, colour: colour}";
  } else if (kind == Kind::kPoints && count % 2 != 0) {
    wanted = "'points' are pairs of columns, x before y: [x1, y1, x2, y2]";
  } else if (kind == Kind::kBoxes && count != 4) {
    wanted = "'boxes' are four columns: [x0, y0, x1, y1]";
  }
  if (!wanted.empty()) d.report(group.mark, fmt::format("{}; found {}", wanted, count));
  return wanted.empty();
}

bool check_columns(const TableColumns& columns, Diagnostics& d) {
  const size_t before = d.size();
  for (const KindFacts& facts : kKinds) {
    for (const ColumnGroup& group : (columns.*facts.groups).fields) {
      check_count(facts.kind, group, d);
      const bool is_place = facts.kind == Kind::kPoints || facts.kind == Kind::kBoxes;
      if (is_place && columns.image.empty()) {
        d.report(group.mark,
                 fmt::format("'{}' needs 'image': they are places in pictures, and move with them; "
                             "plain numbers to predict are 'targets'",
                             facts.key));
      }
    }
  }
  if (!columns.image.empty() && !columns.inputs.empty()) {
    d.report(columns.mark, "'image' and 'inputs' exclude each other");
  }
  if (!columns.image.empty() && !columns.categories.columns.empty()) {
    d.report(columns.categories.mark, "'image' and 'categories' exclude each other");
  }
  if (columns.image.empty() && !columns.mask.empty()) {
    d.report(columns.mark, "'mask' needs 'image'");
  }
  return d.size() == before;
}

// `box`: the last four numbers that were read.
void check_box(const double* box, const CsvTable& table, size_t row,
               const std::vector<int>& columns) {
  for (const int i : {0, 1}) {
    if (box[i + 2] >= box[i]) continue;
    fail(Exit::kInput, table.place(row, columns[static_cast<size_t>(i) + 2]),
         "the box ends at {} = {:g}, before it begins at {:g}; its columns are x0, y0, x1, y1 of "
         "two corners",
         i == 0 ? "x1" : "y1", box[i + 2], box[i]);
  }
}

}  // namespace

std::string OptionType<ColumnGroups>::name() { return "column, list of columns, or map of such"; }
OptionSchema OptionType<ColumnGroups>::schema() {
  return OptionSchema::one_of({OptionSchema::text(), OptionSchema::list_of(OptionSchema::text()),
                               OptionSchema::map_of(columns_schema())});
}
bool OptionType<ColumnGroups>::read(const Node& node, ColumnGroups& out, Diagnostics& d) {
  out.fields.clear();
  if (!node.is_map()) {
    out.fields.emplace_back();
    return read_group(node, out.fields[0], d);
  }
  bool ok = true;
  for (const Entry& entry : node.entries()) {
    ColumnGroup group{entry.key, {}};
    ok = read_group(entry.value, group, d) && ok;
    group.mark = entry.mark;
    out.fields.push_back(std::move(group));
  }
  if (node.entries().empty()) d.report(node.mark(), "expected the names of fields: {age: age}");
  return ok && !node.entries().empty();
}
Node OptionType<ColumnGroups>::write(const ColumnGroups& value) {
  if (value.fields.empty()) return Node();
  if (value.fields[0].field.empty()) return write_group(value.fields[0]);
  Node map = Node::map({});
  for (const ColumnGroup& group : value.fields) map.set(group.field, write_group(group));
  return map;
}

std::string OptionType<TableColumns>::name() {
  return "map of inputs, categories, image, label, targets, mask, points, boxes";
}
OptionSchema OptionType<TableColumns>::schema() {
  return OptionSchema::map_of(OptionSchema::one_of(
      {OptionType<ColumnGroups>::schema(), OptionType<CategoryColumns>::schema()}));
}
bool OptionType<TableColumns>::read(const Node& node, TableColumns& out, Diagnostics& d) {
  Options o;
  o("inputs", out.inputs, "columns of numbers; by default all but the targets");
  o("categories", out.categories, "those of the inputs that hold words: one number a category");
  o("image", out.image, "a column of paths to pictures");
  o("label", out.label, "a column of class numbers or names");
  o("targets", out.targets, "columns of numbers to predict");
  o("mask", out.mask, "a column of paths to the pictures' masks");
  o("points", out.points, "columns of places in the pictures, x before y, in pixels of the files");
  o("boxes", out.boxes, "columns x0, y0, x1, y1 of a box in the pictures, likewise");
  if (!node.is_map()) {
    d.report(node.mark(), "expected a map ({label: species}), found " + node.describe());
    return false;
  }
  out.mark = node.mark();
  return o.read_map(node, "'columns'", d) && check_columns(out, d);
}
Node OptionType<TableColumns>::write(const TableColumns& value) {
  Node map = Node::map({});
  const auto add = [&](const char* key, const Node& node) {
    if (!node.is_null()) map.set(key, node);
  };
  if (!value.inputs.empty()) {
    add("inputs", OptionType<std::vector<std::string>>::write(value.inputs));
  }
  add("categories", OptionType<CategoryColumns>::write(value.categories));
  if (!value.image.empty()) add("image", Node::scalar(value.image));
  if (!value.mask.empty()) add("mask", Node::scalar(value.mask));
  for (const KindFacts& facts : kKinds) {
    add(facts.key, OptionType<ColumnGroups>::write(value.*facts.groups));
  }
  return map.entries().empty() ? Node() : map;
}

std::vector<TargetColumns> target_columns(const TableColumns& columns, const DataOptions& options) {
  std::vector<TargetColumns> result;
  for (const KindFacts& facts : kKinds) {
    for (const ColumnGroup& group : (columns.*facts.groups).fields) {
      result.push_back({facts.kind, group});
      if (group.field.empty()) result.back().group.field = facts.field;
    }
  }
  Diagnostics diagnostics;
  const bool is_only = result.size() + (columns.mask.empty() ? 0 : 1) <= 1;
  if (is_only && !options.target_name.empty() && !result.empty()) {
    result[0].group.field = options.target_name;
  } else if (!is_only && !options.target_name.empty()) {
    diagnostics.report(columns.mark,
                       "'target_name' names the only target, and there are several; a map gives "
                       "each its name: targets: {age: age}");
  }
  std::set<std::string> names = {options.input_name};
  if (!columns.mask.empty()) names.insert("mask");
  if (options.border_weights) names.insert(kBorderField);
  for (const TargetColumns& target : result) {
    if (names.insert(target.group.field).second) continue;
    diagnostics.report(target.group.mark,
                       fmt::format("two fields are called '{}'; a map gives other names: targets: "
                                   "{{age: age}}",
                                   target.group.field));
  }
  diagnostics.throw_if_any();
  return result;
}

FieldNumbers read_numbers(const CsvTable& table, const std::string& file,
                          const TargetColumns& target) {
  FieldNumbers result;
  const std::vector<std::string>& names = target.group.columns;
  result.field = {target.group.field, {static_cast<int64_t>(names.size())}};
  result.field.value_names = names;
  if (target.kind == Kind::kPoints) result.field.coordinates = Coordinates::kPoints;
  if (target.kind == Kind::kBoxes) result.field.coordinates = Coordinates::kBoxes;
  std::vector<int> columns;
  for (const std::string& name : names) columns.push_back(column_of(table, file, name));
  for (size_t row = 0; row < table.rows(); ++row) {
    for (const int column : columns) result.values.push_back(number_at(table, row, column, false));
    if (target.kind == Kind::kBoxes) check_box(&result.values.end()[-4], table, row, columns);
  }
  return result;
}

FieldNumbers read_inputs(const CsvTable& table, const std::string& file, const std::string& field,
                         const std::vector<std::string>& columns,
                         const std::vector<CategoryColumn>& categories) {
  const TableRows rows(table, file, columns, categories);
  FieldNumbers result;
  result.field = {field, {rows.count()}};
  result.field.value_names = rows.names();
  result.field.categories = rows.categories();
  const auto count = static_cast<size_t>(rows.count());
  result.values.resize(count * table.rows());
  for (size_t row = 0; row < table.rows(); ++row) {
    rows.read(row, std::span(result.values).subspan(row * count, count));
  }
  rows.warn_of_unknown();
  return result;
}

FieldNumbers read_labels(const CsvTable& table, const std::string& file,
                         const TargetColumns& target, const ClassList& classes,
                         const DataOptions& options) {
  FieldNumbers result;
  result.field = {target.group.field, {1}, FieldKind::kClass, classes.count};
  result.field.class_names = options.titles.of(classes);
  const int column = column_of(table, file, target.group.columns[0]);
  for (size_t row = 0; row < table.rows(); ++row) {
    result.values.push_back(
        class_number(table.text(row, column), classes, options, table.place(row, column)));
  }
  return result;
}

}  // namespace cnn
