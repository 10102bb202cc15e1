// The `columns:` of a csv data map: which columns of its table become which fields.
//
//   columns: {inputs: [length, width], label: species}
//   columns: {image: file, label: kind, targets: [age], points: [eye_x, eye_y]}
//   columns: {image: file, label: {kind: kind, colour: colour}, boxes: [left, top, right, bottom]}
//
// A map gives several fields of a kind, by their names.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/data_options.h"
#include "data/dataset.h"
#include "data/table_rows.h"
#include "io/csv.h"

namespace cnn {

// Columns of one field.
struct ColumnGroup {
  std::string field;  // empty: named by its kind
  std::vector<std::string> columns;
  Mark mark = {};
};

// The fields of one kind: a column, a list of columns, or a map of names to such.
struct ColumnGroups {
  std::vector<ColumnGroup> fields;
  bool empty() const { return fields.empty(); }
};
CNN_OPTION_TYPE(ColumnGroups);

struct TableColumns {
  std::vector<std::string> inputs;
  CategoryColumns categories;  // of the inputs
  std::string image;
  std::string mask;
  ColumnGroups label;
  ColumnGroups targets;
  ColumnGroups points;
  ColumnGroups boxes;
  Mark mark = {};
};
CNN_OPTION_TYPE(TableColumns);

// One field that is read from columns of numbers or classes.
struct TargetColumns {
  enum class Kind { kLabel, kNumbers, kPoints, kBoxes };
  Kind kind = Kind::kLabel;
  ColumnGroup group;  // with its field's name
};

// All of them in the order of their fields, under the names that the options give. Exit::kSpec if a
// name is there twice, or if `target_name` is to name several.
std::vector<TargetColumns> target_columns(const TableColumns& columns, const DataOptions& options);

// Every row's numbers of these columns; Exit::kInput at FILE:LINE:COL where one is none, or where a
// box ends before it begins.
FieldNumbers read_numbers(const CsvTable& table, const std::string& file,
                          const TargetColumns& columns);

// Every row's inputs; all `categories` are said. Words that are none of them are a warning.
FieldNumbers read_inputs(const CsvTable& table, const std::string& file, const std::string& field,
                         const std::vector<std::string>& columns,
                         const std::vector<CategoryColumn>& categories);

// Every row's class number in this column. `classes` are those that it may name.
FieldNumbers read_labels(const CsvTable& table, const std::string& file,
                         const TargetColumns& columns, const ClassList& classes,
                         const DataOptions& options);

}  // namespace cnn
