#include "viz/text_samples.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "data/catalogue.h"
#include "model/feed.h"
#include "model/inputs.h"
#include "model/settings.h"

namespace cnn {
namespace {

constexpr double kWidth = 900, kMargin = 16, kFont = 13, kLine = 18, kPicture = 120;

// What is told of a sample.
struct Row {
  std::string name;
  std::optional<Image> picture;
  std::vector<std::pair<std::string, std::string>> lines;  // field and text
};

Split split_named(const std::string& name) {
  return name == "test" ? Split::kTest : name == "train" ? Split::kTrain : Split::kValidation;
}

Row row_of(const Dataset& data, int64_t index, const std::string& split) {
  const std::vector<Field>& fields = data.fields();
  std::vector<std::vector<float>> values;
  std::vector<float*> out;
  for (const Field& f : fields) {
    values.emplace_back(static_cast<size_t>(f.items.most * f.shape.count()));
  }
  for (std::vector<float>& v : values) out.push_back(v.data());
  std::vector<int64_t> items(fields.size(), 1);
  data.read_items(index, nullptr, out, items);
  Row row{fmt::format("{} {}", split, index), std::nullopt, {}};
  for (size_t f = 0; f < fields.size(); ++f) {
    const Field& field = fields[f];
    if (const auto vocabulary = data.vocabulary(static_cast<int>(f))) {
      const std::vector<int64_t> numbers(values[f].begin(), values[f].begin() + items[f]);
      row.lines.emplace_back(field.name, escaped(vocabulary->decode(numbers)));
    } else if (field.is_label()) {
      const std::vector<std::string> names = data.class_names(static_cast<int>(f));
      const auto number = static_cast<size_t>(values[f][0]);
      row.lines.emplace_back(field.name,
                             number < names.size() ? names[number] : std::to_string(number));
    } else if (is_picture(field) && !row.picture) {
      row.picture = sample_picture(values[f].data(), field.shape, data.normalization());
    }
  }
  // One answer stands there already; of several all are shown.
  const std::vector<std::string> references = data.references(index);
  for (size_t r = 0; references.size() > 1 && r < references.size(); ++r) {
    row.lines.emplace_back(r == 0 ? "all" : "", escaped(references[r]));
  }
  return row;
}

// Lines that are no wider than `width`, broken at blanks, or anywhere if there is none.
std::vector<std::string> wrapped(const std::string& text, double width) {
  std::vector<std::string> lines;
  std::string line;
  size_t blank = std::string::npos;
  const std::vector<std::string_view> characters = units_of(text, TextUnit::kCharacter);
  for (const std::string_view character : characters) {
    line += character;
    if (character == " ") blank = line.size();
    if (text_width(line, kFont) <= width) continue;
    const size_t end = blank == std::string::npos ? line.size() - character.size() : blank;
    lines.push_back(line.substr(0, end));
    line = line.substr(end);
    blank = std::string::npos;
  }
  if (!line.empty() || lines.empty()) lines.push_back(line);
  return lines;
}

// Draws a row from `y` on; where the next one begins.
double draw_row(const Row& row, double y, Drawing& drawing) {
  double x = kMargin, picture_end = y;
  if (row.picture) {
    const double height = kPicture * static_cast<double>(row.picture->height) /
                          static_cast<double>(row.picture->width);
    drawing.add(Drawing::Picture{x, y, kPicture, height, *row.picture});
    picture_end = y + height + kMargin;
    x += kPicture + kMargin;
  }
  double line_end = y + kFont;
  drawing.add(Drawing::Text{{x, line_end}, row.name, {kFont - 2, Anchor::kStart, Paint::muted()}});
  line_end += kLine;
  constexpr double kNames = 70;
  for (const auto& [field, text] : row.lines) {
    drawing.add(Drawing::Text{{x, line_end}, field, {kFont, Anchor::kStart, Paint::muted()}});
    for (const std::string& line : wrapped(text, kWidth - kMargin - x - kNames)) {
      drawing.add(Drawing::Text{{x + kNames, line_end}, line, {kFont}});
      line_end += kLine;
    }
  }
  return std::max(line_end, picture_end) + kLine / 2;
}

Drawing draw(const std::vector<Row>& rows, const std::string& title, const std::string& subtitle) {
  Drawing drawing(kWidth, 0);
  drawing.set_label(title);
  double y = kMargin + kFont;
  drawing.add(Drawing::Text{{kMargin, y}, title, {kFont + 3, Anchor::kStart, Paint::ink(), true}});
  y += kLine;
  drawing.add(Drawing::Text{{kMargin, y}, subtitle, {kFont, Anchor::kStart, Paint::muted()}});
  y += kLine;
  for (const Row& row : rows) y = draw_row(row, y, drawing);
  drawing.resize(kWidth, y + kMargin);
  return drawing;
}

}  // namespace

bool reads_texts(const Graph& graph) {
  return std::any_of(graph.fields.begin(), graph.fields.end(), [](const GraphField& field) {
    return field.is_input && field.field.kind == FieldKind::kClass && field.field.items.is_list;
  });
}

VizResult text_samples(const VizSubject& subject, const Graph& graph,
                       const SampleOptions& samples) {
  const DataReader reader = data_reader(graph);
  const auto seed = static_cast<uint64_t>(read_train_settings(subject.spec).seed);
  DataSource source(load_data(subject.spec, reader), seed, reader.fields);
  const DataView view = source.open(split_named(samples.split));
  bind_fields(view, reader.fields);
  const Dataset& data = *view.dataset;
  const int64_t all = view.size(), first = samples.first.value_or(0);
  if (first >= all) {
    fail(Exit::kUsage, "", "the split '{}' has {} samples, counted from 0", samples.split, all);
  }
  const int64_t count = std::min(samples.samples, all - first);
  std::vector<Row> rows;
  VizResult result;
  result.numbers["samples"] = all;
  result.numbers["split"] = samples.split;
  Json texts = Json::array();
  for (int64_t k = 0; k < count; ++k) {
    const int64_t place = samples.first ? first + k : k * all / count;
    rows.push_back(row_of(data, view.indices[static_cast<size_t>(place)], samples.split));
    Json one = Json::object();
    for (const auto& [field, text] : rows.back().lines) {
      if (!field.empty() && one.find(field) == nullptr) one[field] = text;
    }
    texts.push_back(std::move(one));
  }
  result.numbers["texts"] = std::move(texts);
  std::vector<std::string> symbols;
  for (size_t f = 0; f < data.fields().size(); ++f) {
    const auto vocabulary = data.vocabulary(static_cast<int>(f));
    if (!vocabulary) continue;
    symbols.push_back(fmt::format("{} of {} symbols ({})", data.fields()[f].name,
                                  with_commas(vocabulary->size()), unit_name(vocabulary->unit())));
  }
  if (symbols.empty()) {
    fail(Exit::kUsage, "",
         "'data' shows pictures and texts; the class numbers of '{}' stand for "
         "nothing that can be shown",
         graph.name);
  }
  constexpr size_t kMostTold = 5;
  for (size_t i = 0; i < std::min(kMostTold, rows.size()); ++i) {
    for (const auto& [field, text] : rows[i].lines) {
      result.text += fmt::format("{:>14}  {:<8} {}\n", rows[i].name, field, text);
    }
  }
  const std::string subtitle =
      fmt::format("split '{}': {}; {}", samples.split, counted(all, "sample"), join(symbols, ", "));
  result.figures.push_back(
      {"data", draw(rows, fmt::format("{}: data", subject.spec.name), subtitle)});
  return result;
}

}  // namespace cnn
