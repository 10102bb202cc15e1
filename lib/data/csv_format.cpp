// csv: a table with a line of column names; one sample a line.
//
//   format: csv
//   train: iris.csv
//   test: iris-test.csv
//   columns: {inputs: [length, width], label: species}
//   columns: {inputs: [age, colour], categories: [colour], targets: [price]}
//   columns: {image: file, label: kind}       # pictures
//   columns: {image: file, mask: mask_file, label: kind, targets: [age], points: [x, y]}
//
// `inputs` are columns of numbers (default: all but the targets), `image` and `mask` columns of
// paths below the table's folder; csv_columns.h says what else there is. Each becomes a field.

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "data/csv_columns.h"
#include "data/format.h"
#include "data/paths.h"
#include "data/picture_set.h"
#include "data/sample_table.h"

namespace cnn {
namespace {

// Rows of numbers in memory.
class TableDataset final : public Dataset {
 public:
  TableDataset(std::string file, std::vector<FieldNumbers> numbers, const DataOptions& options)
      : file_(std::move(file)), numbers_(std::move(numbers)), fingerprint_(file_stamp(file_)) {
    for (const FieldNumbers& n : numbers_) fields_.push_back(n.field);
    ignored_class_ = options.ignore;
    const int64_t inputs = fields_[0].shape.count();
    normalization_ = options.normalization(inputs);
    if (normalization_.is_identity()) return;
    std::vector<double>& values = numbers_[0].values;
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = normalization_.done(values[i], static_cast<int64_t>(i) % inputs);
    }
  }

  int64_t size() const override {
    return static_cast<int64_t>(numbers_[0].values.size()) / fields_[0].shape.count();
  }
  std::string origin(int) const override { return file_; }
  std::string fingerprint() const override { return fingerprint_; }
  void read(int64_t index, std::span<float* const> out) const override {
    CNN_ASSERT(index >= 0 && index < size() && out.size() == fields_.size());
    for (size_t f = 0; f < numbers_.size(); ++f) {
      if (out[f] != nullptr) numbers_[f].read(index, out[f]);
    }
  }
  void read_exact(int64_t index, int field, std::span<double> out) const override {
    const std::vector<double>& values = numbers_.at(static_cast<size_t>(field)).values;
    std::copy_n(values.begin() + index * std::ssize(out), out.size(), out.begin());
  }

 private:
  std::string file_;
  std::vector<FieldNumbers> numbers_;
  std::string fingerprint_;
};

class CsvFormat final : public DataFormat {
 public:
  void declare(Options& o) override {
    o("train", train_, "the table of the training samples").required();
    o("test", test_, "the table of the test samples");
    o("columns", columns_,
      "what the columns are: {inputs: [a, b], categories: [b], label: kind, targets: [c]}");
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
    const std::vector<TargetColumns> columns = target_columns(columns_, common);
    const std::string file = find_data_path(path, common);
    const CsvTable table = CsvTable::read(file);
    if (table.rows() == 0) fail(Exit::kInput, file, "has no samples");
    DataOptions options = common;
    const TrainingTable training(*this, table, file);
    std::vector<FieldNumbers> targets;
    for (const TargetColumns& target : columns) {
      if (target.kind != TargetColumns::Kind::kLabel) {
        targets.push_back(read_numbers(table, file, target));
        continue;
      }
      // `classes:` of the data map are those of the first label.
      const bool is_first = targets.empty();
      DataOptions said = common;
      if (!is_first) said.classes = {};
      const ClassList classes =
          classes_of(training.texts(target.group.columns[0], "classes"), said);
      if (is_first) options.classes = classes;
      targets.push_back(read_labels(table, file, target, classes, common));
    }
    if (!columns_.image.empty()) return pictures(table, file, std::move(targets), options);
    const std::vector<std::string> inputs = input_columns(training, columns);
    check_categories(inputs);
    targets.insert(targets.begin(),
                   read_inputs(table, file, common.input_name, inputs, known_categories(training)));
    return std::make_shared<TableDataset>(file, std::move(targets), options);
  }

 private:
  // Columns, classes and categories are those of the training table; where it is not there, of the
  // table that is read.
  class TrainingTable {
   public:
    TrainingTable(const CsvFormat& format, const CsvTable& table, const std::string& file)
        : read_(table), read_file_(file) {
      try {
        file_ = find_data_path(format.train_, format.common);
      } catch (const Error& error) {
        is_missing_ = true;
      }
    }

    // Of a column of words; `what` is made of them.
    const CsvTable& table(const std::string& column, std::string_view what) const {
      if (is_missing_) {
        warn("{}: the training table is not there, so {} of '{}' are numbered by this one",
             read_file_, what, column);
      }
      return table();
    }
    const CsvTable& table() const {
      if (is_missing_ || file_ == read_file_) return read_;
      if (!other_) other_ = CsvTable::read(file_);
      return *other_;
    }
    const std::string& file() const { return is_missing_ ? read_file_ : file_; }

    std::vector<std::string> texts(const std::string& name, std::string_view what) const {
      const CsvTable& from = table(name, what);
      const int column = column_of(from, file(), name);
      std::vector<std::string> texts;
      for (size_t row = 0; row < from.rows(); ++row) texts.push_back(from.text(row, column));
      return texts;
    }

   private:
    const CsvTable& read_;
    const std::string& read_file_;
    std::string file_;
    bool is_missing_ = false;
    mutable std::optional<CsvTable> other_;  // where it is not the one that is read
  };

  // All others of the training table, in its order: another table may have them in another one.
  std::vector<std::string> input_columns(const TrainingTable& training,
                                         const std::vector<TargetColumns>& targets) const {
    if (!columns_.inputs.empty()) return columns_.inputs;
    std::set<std::string> taken;
    for (const TargetColumns& target : targets) {
      taken.insert(target.group.columns.begin(), target.group.columns.end());
    }
    std::vector<std::string> rest;
    for (const std::string& name : training.table().columns()) {
      if (taken.count(name) == 0) rest.push_back(name);
    }
    if (rest.empty())
      fail(Exit::kInput, training.file(), "has no columns of inputs beside the targets");
    return rest;
  }

  std::shared_ptr<const Dataset> pictures(const CsvTable& table, const std::string& file,
                                          std::vector<FieldNumbers> targets,
                                          DataOptions options) const {
    const size_t slash = file.rfind('/');
    const std::string root = slash == std::string::npos ? "." : file.substr(0, slash);
    if (options.scale == 1) options.scale = 1.0 / 255;
    PictureSetParts parts;
    parts.pictures = FileList(root, paths(table, file, columns_.image));
    if (!columns_.mask.empty()) parts.masks = FileList(root, paths(table, file, columns_.mask));
    parts.mask_values = mask_values_;
    parts.targets = std::move(targets);
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

  void check_categories(const std::vector<std::string>& inputs) const {
    Diagnostics diagnostics;
    for (const CategoryColumn& column : columns_.categories.columns) {
      if (std::find(inputs.begin(), inputs.end(), column.name) != inputs.end()) continue;
      diagnostics.report(
          columns_.categories.mark,
          fmt::format("'categories' says which of the inputs hold words, and '{}' is "
                      "none of them",
                      column.name),
          "the inputs are " + join(inputs, ", "));
    }
    diagnostics.throw_if_any();
  }

  std::vector<CategoryColumn> known_categories(const TrainingTable& training) const {
    std::vector<CategoryColumn> columns = columns_.categories.columns;
    for (CategoryColumn& column : columns) {
      if (!column.categories.empty()) continue;
      const CsvTable& table = training.table(column.name, "categories");
      column.categories = categories_in(table, training.file(), column.name);
    }
    return columns;
  }

  DataPath train_;
  DataPath test_;
  TableColumns columns_;
  bool outside_ = false;
  MaskValues mask_values_;
  PictureSettings settings_;
};

}  // namespace

extern const DataFormatType csv_format = {
    "csv", "a table of numbers, or of images' paths, with classes, numbers, points and boxes",
    [] { return std::unique_ptr<DataFormat>(new CsvFormat()); }};

}  // namespace cnn
