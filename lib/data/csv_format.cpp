// csv: a table with a line of column names; one sample a line.
//
//   format: csv
//   train: iris.csv
//   test: iris-test.csv
//   columns: {inputs: [length, width], label: species}
//   columns: {image: file, label: kind}       # pictures
//   columns: {image: file, mask: mask_file}
//
// `inputs` are columns of numbers (default: all but the targets); `label` is a column of class
// numbers or names, `targets` are columns of numbers to predict. `image` and `mask` are columns of
// paths below the table's folder.

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "data/byte_dataset.h"
#include "data/format.h"
#include "data/paths.h"
#include "data/picture_set.h"
#include "data/sample_table.h"
#include "io/csv.h"

namespace cnn {

struct TableColumns {
  std::vector<std::string> inputs;
  std::vector<std::string> targets;
  std::string label;
  std::string image;
  std::string mask;
};
CNN_OPTION_TYPE(TableColumns);

std::string OptionType<TableColumns>::name() {
  return "map of inputs, label, targets, image, mask";
}
OptionSchema OptionType<TableColumns>::schema() { return OptionSchema::any(); }
bool OptionType<TableColumns>::read(const Node& node, TableColumns& out, Diagnostics& d) {
  Options o;
  o("inputs", out.inputs, "columns of numbers; by default all but the targets");
  o("label", out.label, "a column of class numbers or names");
  o("targets", out.targets, "columns of numbers to predict");
  o("image", out.image, "a column of paths to pictures");
  o("mask", out.mask, "a column of paths to their masks");
  if (!node.is_map()) {
    d.report(node.mark(), "expected a map ({label: species}), found " + node.describe());
    return false;
  }
  if (!o.read_map(node, "'columns'", d)) return false;
  const int kinds = !out.targets.empty() + !out.label.empty() + !out.mask.empty();
  const bool mixes = !out.image.empty() && !out.inputs.empty();
  if (kinds > 1) d.report(node.mark(), "'label', 'targets' and 'mask' exclude each other");
  if (mixes) d.report(node.mark(), "'image' and 'inputs' exclude each other");
  if (out.image.empty() && !out.mask.empty()) d.report(node.mark(), "'mask' needs 'image'");
  return kinds <= 1 && !mixes && (!out.image.empty() || out.mask.empty());
}
Node OptionType<TableColumns>::write(const TableColumns& value) {
  Node map = Node::map({});
  const auto add = [&](const char* key, const std::string& text) {
    if (!text.empty()) map.set(key, Node::scalar(text));
  };
  const auto add_list = [&](const char* key, const std::vector<std::string>& texts) {
    if (!texts.empty()) map.set(key, OptionType<std::vector<std::string>>::write(texts));
  };
  add_list("inputs", value.inputs);
  add("label", value.label);
  add_list("targets", value.targets);
  add("image", value.image);
  add("mask", value.mask);
  return map.entries().empty() ? Node() : map;
}

namespace {

int column_of(const CsvTable& table, const std::string& file, const std::string& name) {
  const int column = table.column(name);
  if (column >= 0) return column;
  const std::optional<std::string> meant = nearest(name, table.columns());
  fail(Exit::kInput, file, "has no column '{}'{}", name,
       meant ? "; did you mean '" + *meant + "'?" : "; there are " + join(table.columns(), ", "));
}

float number_at(const CsvTable& table, size_t row, int column) {
  const double value = table.number(row, column);
  if (!std::isfinite(value)) {
    fail(Exit::kInput, table.place(row, column), "expected a finite number, found {}",
         table.text(row, column).empty() ? "nothing" : "'" + table.text(row, column) + "'");
  }
  return static_cast<float>(value);
}

// Rows of numbers in memory.
class TableDataset final : public Dataset {
 public:
  struct Part {
    int64_t size = 0;  // numbers of one sample
    std::vector<float> values;
  };
  TableDataset(std::string file, Part inputs, Part targets, bool is_class,
               const DataOptions& options)
      : file_(std::move(file)),
        inputs_(std::move(inputs)),
        targets_(std::move(targets)),
        fingerprint_(file_stamp(file_)) {
    fields_ = {{options.input_name, {inputs_.size}, FieldKind::kValues, 0}};
    if (targets_.size > 0 && is_class) fields_.push_back(class_field({1}, options));
    if (targets_.size > 0 && !is_class) {
      const std::string name = options.target_name.empty() ? "target" : options.target_name;
      fields_.push_back({name, {targets_.size}, FieldKind::kValues, 0});
    }
    class_names_ = options.classes.names;
    ignored_class_ = options.ignore;
    normalization_ = options.normalization(inputs_.size);
    normalization_.apply(inputs_.values.data(), size(), inputs_.size);
  }

  int64_t size() const override {
    return static_cast<int64_t>(inputs_.values.size()) / inputs_.size;
  }
  std::string origin(int) const override { return file_; }
  std::string fingerprint() const override { return fingerprint_; }
  void read(int64_t index, std::span<float* const> out) const override {
    CNN_ASSERT(index >= 0 && index < size() && out.size() == fields_.size());
    copy(inputs_, index, out[0]);
    if (out.size() > 1) copy(targets_, index, out[1]);
  }

 private:
  static void copy(const Part& part, int64_t index, float* out) {
    if (out != nullptr) std::copy_n(part.values.begin() + index * part.size, part.size, out);
  }

  std::string file_;
  Part inputs_, targets_;
  std::string fingerprint_;
};

class CsvFormat final : public DataFormat {
 public:
  void declare(Options& o) override {
    o("train", train_, "the table of the training samples").required();
    o("test", test_, "the table of the test samples");
    o("columns", columns_, "what the columns are: {inputs: [a, b], label: kind}");
    o("outside", outside_, "allow absolute paths, and '..' in paths");
    o("mask_values", mask_values_, "the class of each value in the masks: {0: 0, 255: 1}");
    settings_.declare(o);
  }

  bool has_test() const override { return !test_.empty(); }
  bool read_validation(Diagnostics&) override { return common.val.files.is_null(); }

  std::shared_ptr<const Dataset> open(Split split) const override {
    const DataPath& path = split == Split::kTrain  ? train_
                           : split == Split::kTest ? test_
                                                   : common.val.folder;
    const std::string file = find_data_path(path, common);
    const CsvTable table = CsvTable::read(file);
    if (table.rows() == 0) fail(Exit::kInput, file, "has no samples");
    DataOptions options = common;
    TableDataset::Part targets;
    if (!columns_.label.empty()) {
      options.classes = classes_of(training_labels(table, file), common);
      targets.size = 1;
      const int column = column_of(table, file, columns_.label);
      for (size_t row = 0; row < table.rows(); ++row) {
        targets.values.push_back(class_number(table.text(row, column), options.classes, common,
                                              table.place(row, column)));
      }
    } else {
      targets = numbers(table, file, columns_.targets);
    }
    if (!columns_.image.empty()) return pictures(table, file, std::move(targets), options);
    return std::make_shared<TableDataset>(file, numbers(table, file, input_columns(table)),
                                          std::move(targets), !columns_.label.empty(), options);
  }

 private:
  std::vector<std::string> input_columns(const CsvTable& table) const {
    if (!columns_.inputs.empty()) return columns_.inputs;
    std::vector<std::string> rest;
    for (const std::string& name : table.columns()) {
      const auto& targets = columns_.targets;
      const bool is_target = name == columns_.label ||
                             std::find(targets.begin(), targets.end(), name) != targets.end();
      if (!is_target) rest.push_back(name);
    }
    return rest;
  }

  static TableDataset::Part numbers(const CsvTable& table, const std::string& file,
                                    const std::vector<std::string>& names) {
    TableDataset::Part part;
    part.size = static_cast<int64_t>(names.size());
    std::vector<int> columns;
    for (const std::string& name : names) columns.push_back(column_of(table, file, name));
    for (size_t row = 0; row < table.rows(); ++row) {
      for (const int column : columns) part.values.push_back(number_at(table, row, column));
    }
    return part;
  }

  std::shared_ptr<const Dataset> pictures(const CsvTable& table, const std::string& file,
                                          TableDataset::Part targets, DataOptions options) const {
    const size_t slash = file.rfind('/');
    const std::string root = slash == std::string::npos ? "." : file.substr(0, slash);
    if (options.scale == 1) options.scale = 1.0 / 255;
    PictureSetParts parts;
    parts.pictures = FileList(root, paths(table, file, columns_.image));
    if (!columns_.mask.empty()) parts.masks = FileList(root, paths(table, file, columns_.mask));
    parts.mask_values = mask_values_;
    parts.targets = std::move(targets.values);
    parts.is_class = !columns_.label.empty();
    parts.origin = file;
    return open_picture_set(std::move(parts), settings_, options);
  }

  std::vector<std::string> paths(const CsvTable& table, const std::string& file,
                                 const std::string& name) const {
    const int column = column_of(table, file, name);
    std::vector<std::string> result;
    for (size_t row = 0; row < table.rows(); ++row) {
      check_listed_path(table.text(row, column), outside_, table.place(row, column));
      result.push_back(table.text(row, column));
    }
    return result;
  }

  // Class numbers are those of the training table; where this is not there, of `otherwise`.
  std::vector<std::string> training_labels(const CsvTable& otherwise,
                                           const std::string& file) const {
    std::vector<std::string> labels;
    const auto add = [&](const CsvTable& table, const std::string& path) {
      const int column = column_of(table, path, columns_.label);
      for (size_t row = 0; row < table.rows(); ++row) labels.push_back(table.text(row, column));
    };
    try {
      const std::string path = find_data_path(train_, common);
      add(CsvTable::read(path), path);
    } catch (const Error&) {
      labels.clear();
      add(otherwise, file);
    }
    return labels;
  }

  DataPath train_;
  DataPath test_;
  TableColumns columns_;
  bool outside_ = false;
  MaskValues mask_values_;
  PictureSettings settings_;
};

}  // namespace

std::unique_ptr<DataFormat> make_csv_format() { return std::make_unique<CsvFormat>(); }

}  // namespace cnn
