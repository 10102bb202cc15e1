// data: samples of a data set as the network gets them, brought to its size, with their classes or
// masks, or texts; and, where the data map says `augment`, what training makes of some of them.

#include <algorithm>

#include "base/text.h"
#include "data/catalogue.h"
#include "data/class_counts.h"
#include "data/standardise.h"
#include "graph/builder.h"
#include "predict/maps.h"
#include "viz/drawing/sheet.h"
#include "viz/subject.h"
#include "viz/text_samples.h"

namespace cnn {
namespace {

constexpr int64_t kTexts = 20;     // that are shown, where nobody says how many
constexpr int64_t kMostRows = 20;  // classes that have a row of their own

class DataKind final : public VizKind {
 public:
  DataKind() { samples_.split = "train"; }

  void options(Options& o) override {
    samples_.options_without_count(o);
    o("samples", count_, "how many (default: 100; of pictures over 64 pixels wide 12)").at_least(1);
    o("draws", draws_, "augmented versions of a sample, where the data have 'augment'")
        .between(1, 30);
  }

  VizResult run(const VizRequest& request) override {
    const ModelSpec& spec = request.subject().spec;
    ParameterStore store;
    const Graph graph = build_graph(spec, Phase::kTest, store);
    if (samples_.images.empty() && reads_texts(graph)) {
      SampleOptions some = samples_;
      some.samples = count_.value_or(kTexts);
      return text_samples(request.subject(), graph, some);
    }
    picture_input(graph, "data");
    SampleOptions all = samples_;
    all.samples = INT64_MAX;
    source_ = std::make_unique<SampleSource>(all, request.subject(), graph, WeightsInfo{});
    const DataView* view = source_->view();
    mask_field_ = view == nullptr ? -1 : mask_field(*view->dataset);

    VizResult result;
    result.numbers["samples"] = source_->size();
    Sheet sheet;
    sheet.title = fmt::format("{}: data", spec.name);
    sheet.tile_size = 56;
    sheet.subtitle = fmt::format("{}, each {}, as the network gets them",
                                 counted(source_->size(), "sample"), source_->shape().str());
    if (view != nullptr) {
      sheet.subtitle = fmt::format("split '{}': {}", samples_.split, sheet.subtitle);
      result.numbers["split"] = samples_.split;
      add_class_counts(*view, sheet, result);
      add_columns(*view->dataset, result);
    }
    if (view == nullptr || !add_rows_of_classes(sheet)) add_samples(sheet);
    result.figures.push_back({"data", draw(sheet)});
    const bool augments = view != nullptr && load_data(spec).find("augment") != nullptr;
    if (augments && samples_.split == "train") {
      result.figures.push_back({"data_augmented", draw(augmented_sheet(spec, *view))});
    }
    return result;
  }

 private:
  // A field of class numbers as large as a picture; -1 without one.
  static int mask_field(const Dataset& data) {
    for (size_t i = 0; i < data.fields().size(); ++i) {
      const Field& field = data.fields()[i];
      if (field.kind == FieldKind::kClass && field.shape.rank() == 3) return static_cast<int>(i);
    }
    return -1;
  }

  // All of them as numbers; where they differ much, in the sheet's title too.
  static void add_class_counts(const DataView& view, Sheet& sheet, VizResult& result) {
    constexpr size_t kMostNamed = 10;
    const int field = label_field(*view.dataset);
    if (field < 0) return;
    const int64_t classes = view.dataset->fields()[static_cast<size_t>(field)].classes;
    if (classes == 0) return;
    const std::vector<int64_t> counts = class_counts(view, field, classes);
    const std::vector<std::string> names = view.dataset->class_names(field);
    Json all = Json::object();
    for (size_t c = 0; c < counts.size(); ++c) {
      all[c < names.size() ? names[c] : std::to_string(c)] = counts[c];
    }
    result.numbers["class_counts"] = std::move(all);
    if (is_unbalanced(counts)) sheet.subtitle += "; " + counts_text(counts, names, kMostNamed);
  }

  // What the columns of a table have become.
  static void add_columns(const Dataset& data, VizResult& result) {
    Json all = Json::object();
    for (const Field& field : data.fields()) {
      if (field.value_names.empty()) continue;
      int64_t numbers = field.shape.count();
      Json words = Json::object();
      for (const CategoryColumn& column : field.categories) {
        numbers -= std::ssize(column.categories);
        words[column.name] = std::ssize(column.categories);
      }
      all[field.name] = {{"numbers", numbers},
                         {"categories", std::move(words)},
                         {"standardised", field.standard.is_set()}};
    }
    if (all.empty()) return;
    result.numbers["columns"] = std::move(all);
    if (const std::string text = columns_text(data); !text.empty()) {
      result.text = "columns: " + text + "\n";
    }
  }

  bool is_large() const { return source_->shape().rank() == 3 && source_->shape().width() > 64; }
  int64_t count() const { return count_.value_or(is_large() ? 12 : 100); }

  // Number k of `count` that are shown of all that there are: see SampleOptions.
  int64_t number_of(int64_t k, int64_t count) const {
    const bool follow = samples_.first || !samples_.images.empty();
    return follow ? k : k * source_->size() / count;
  }

  Image picture_of(int64_t i) const {
    std::vector<float> values(static_cast<size_t>(source_->shape().count()));
    source_->read(i, 1, values.data());
    return source_->picture(values.data());
  }

  // The same number of each class, a row a class; false where classes are unknown or too many.
  bool add_rows_of_classes(Sheet& sheet) const {
    const int64_t classes = source_->class_count();
    if (classes < 2 || classes > kMostRows || source_->label(0) < 0) return false;
    const int64_t wanted = std::max<int64_t>(1, count() / classes);
    std::vector<std::vector<int64_t>> found(static_cast<size_t>(classes));
    int64_t missing = classes * wanted;
    for (int64_t i = 0; i < source_->size() && missing > 0; ++i) {
      const int64_t label = source_->label(i);
      if (label < 0 || label >= classes) continue;
      std::vector<int64_t>& row = found[static_cast<size_t>(label)];
      if (static_cast<int64_t>(row.size()) == wanted) continue;
      row.push_back(i);
      --missing;
    }
    sheet.columns = wanted;
    for (int64_t c = 0; c < classes; ++c) {
      sheet.row_titles.push_back(source_->class_name(c));
      for (int64_t k = 0; k < wanted; ++k) {
        const std::vector<int64_t>& row = found[static_cast<size_t>(c)];
        const auto place = static_cast<size_t>(k);
        sheet.tiles.push_back({place < row.size() ? picture_of(row[place]) : Image{}, ""});
      }
    }
    return true;
  }

  void add_samples(Sheet& sheet) const {
    const int64_t shown = std::min(count(), source_->size());
    sheet.tile_size = is_large() ? 192 : 56;
    for (int64_t k = 0; k < shown; ++k) {
      const int64_t i = number_of(k, shown);
      const int64_t label = source_->label(i);
      const Image picture = picture_of(i);
      sheet.tiles.push_back({picture, label < 0 ? source_->name(i) : source_->class_name(label)});
      if (mask_field_ >= 0) sheet.tiles.push_back({with_mask(i, picture), "with its mask"});
    }
    if (mask_field_ >= 0) sheet.columns = std::min<int64_t>(8, 2 * shown);
  }

  Image with_mask(int64_t i, const Image& picture) const {
    const Dataset& data = *source_->view()->dataset;
    const Shape& shape = data.fields()[static_cast<size_t>(mask_field_)].shape;
    std::vector<float> numbers(static_cast<size_t>(shape.count()));
    FieldReader(data, mask_field_).read(source_->index(i), numbers.data());
    Image mask{shape.height(), shape.width(), 1, {}};
    for (const float number : numbers) {
      mask.values.push_back(number < 0 || number > 255 ? 0 : static_cast<uint8_t>(number));
    }
    return mask.height == picture.height && mask.width == picture.width
               ? overlay(in_colour(picture), mask)
               : mask;  // cropped to what the network gives
  }

  // Some samples, a row each: as it is, then as epochs 1, 2, 3 ... see it.
  Sheet augmented_sheet(const ModelSpec& spec, const DataView& view) const {
    constexpr int64_t kRows = 6;
    Sheet sheet;
    sheet.title = fmt::format("{}: what training makes of a sample", spec.name);
    sheet.subtitle = "as it is, then as the first epochs see it: data.augment";
    sheet.tile_size = is_large() ? 128 : 56;
    sheet.columns = 1 + draws_;
    sheet.gaps_before = {1};
    sheet.column_titles.push_back("as it is");
    for (int64_t d = 1; d <= draws_; ++d) sheet.column_titles.push_back(std::to_string(d));
    const Dataset& data = *view.dataset;
    std::vector<float> values(static_cast<size_t>(source_->shape().count()));
    std::vector<float*> fields(data.fields().size(), nullptr);
    fields[static_cast<size_t>(source_->input_field())] = values.data();
    const int64_t rows = std::min(kRows, source_->size());
    for (int64_t k = 0; k < rows; ++k) {
      const int64_t i = number_of(k, rows);
      sheet.tiles.push_back({picture_of(i), ""});
      for (int64_t d = 0; d < draws_; ++d) {
        data.read_drawn(source_->index(i), {0, static_cast<uint64_t>(d)}, fields);
        sheet.tiles.push_back({source_->picture(values.data()), ""});
      }
    }
    return sheet;
  }

  SampleOptions samples_;
  std::optional<int64_t> count_;
  int64_t draws_ = 8;
  std::unique_ptr<SampleSource> source_;
  int mask_field_ = -1;
};

}  // namespace

extern const VizKindType data_kind = {
    .name = "data",
    .summary = "a sheet of the data set as the network gets it, augmentations too",
    .example =
        "  cnn viz data models/lenet5.yaml                  some of each class\n"
        "  cnn viz data runs/cifar-resnet20 --split test --samples 200\n"
        "  cnn viz data models/lenet5.yaml 'data.augment={pad: 3, crop: 28}' --draws 12",
    .details =
        "Samples of the training split, a row a class where the classes have names. Data "
        "with 'augment' give a second sheet: some samples beside what training makes of "
        "them, drawn anew in each epoch. Masks lie over their pictures.",
    .needs = VizKindType::Needs::kModel,
    .make = make_kind<DataKind>};

}  // namespace cnn
