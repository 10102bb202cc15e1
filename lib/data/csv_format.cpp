// csv: a table with a line of column names; one sample a line.
//
//   format: csv
//   train: iris.csv
//   test: iris-test.csv
//   columns: {inputs: [length, width], label: species}
//   columns: {image: file, label: kind}       # pictures
//   columns: {image: file, mask: mask_file, label: kind, targets: [age], points: [x, y]}
//
// `inputs` are columns of numbers (default: all but the targets), `image` and `mask` columns of
// paths below the table's folder; csv_columns.h says what else there is. Each becomes a field.

#include <set>
#include <utility>

#include "base/error.h"
#include "base/log.h"
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
    normalization_.apply(numbers_[0].values.data(), size(), inputs);
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
    o("columns", columns_, "what the columns are: {inputs: [a, b], label: kind, targets: [c]}");
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
          classes_of(training_labels(table, file, target.group.columns[0]), said);
      if (is_first) options.classes = classes;
      targets.push_back(read_labels(table, file, target, classes, common));
    }
    if (!columns_.image.empty()) return pictures(table, file, std::move(targets), options);
    const TargetColumns inputs{TargetColumns::Kind::kNumbers,
                               {common.input_name, input_columns(table, file, columns)}};
    targets.insert(targets.begin(), read_numbers(table, file, inputs));
    return std::make_shared<TableDataset>(file, std::move(targets), options);
  }

 private:
  std::vector<std::string> input_columns(const CsvTable& table, const std::string& file,
                                         const std::vector<TargetColumns>& targets) const {
    if (!columns_.inputs.empty()) return columns_.inputs;
    std::set<std::string> taken;
    for (const TargetColumns& target : targets) {
      taken.insert(target.group.columns.begin(), target.group.columns.end());
    }
    std::vector<std::string> rest;
    for (const std::string& name : table.columns()) {
      if (taken.count(name) == 0) rest.push_back(name);
    }
    if (rest.empty()) fail(Exit::kInput, file, "has no columns of inputs beside the targets");
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

  // Class numbers are those of the training table; where this is not there, of `otherwise`.
  std::vector<std::string> training_labels(const CsvTable& otherwise, const std::string& file,
                                           const std::string& name) const {
    std::vector<std::string> labels;
    const auto add = [&](const CsvTable& table, const std::string& path) {
      const int column = column_of(table, path, name);
      for (size_t row = 0; row < table.rows(); ++row) labels.push_back(table.text(row, column));
    };
    std::string path;
    try {
      path = find_data_path(train_, common);
    } catch (const Error& error) {
      warn("{}: the training table is not there, so classes of '{}' are numbered by this one", file,
           name);
      add(otherwise, file);
      return labels;
    }
    add(CsvTable::read(path), path);
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

extern const DataFormatType csv_format = {
    "csv", "a table of numbers, or of images' paths, with classes, numbers, points and boxes",
    [] { return std::unique_ptr<DataFormat>(new CsvFormat()); }};

}  // namespace cnn
