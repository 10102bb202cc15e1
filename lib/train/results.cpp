#include "train/results.h"

#include <algorithm>

#include "base/text.h"
#include "train/json.h"

namespace cnn {
namespace {

std::string class_name(const std::vector<std::string>& names, int64_t number) {
  const auto i = static_cast<size_t>(number);
  return i < names.size() ? escaped(names[i]) : std::to_string(number);
}

std::string right(const std::string& text, int width) {
  const int blanks = std::max(0, width - display_width(text));
  return std::string(static_cast<size_t>(blanks), ' ') + text;
}

Json class_scores(const ConfusionMatrix& matrix, const std::vector<std::string>& names) {
  Json classes = Json::array();
  for (int64_t c = 0; c < matrix.classes(); ++c) {
    const ConfusionMatrix::ClassScore score = matrix.score(c);
    classes.push_back({{"name", class_name(names, c)},
                       {"precision", score.precision},
                       {"recall", score.recall},
                       {"f1", score.f1},
                       {"samples", score.samples}});
  }
  return classes;
}

Json matrix_rows(const ConfusionMatrix& matrix) {
  Json rows = Json::array();
  for (int64_t truth = 0; truth < matrix.classes(); ++truth) {
    Json row = Json::array();
    for (int64_t p = 0; p < matrix.classes(); ++p) row.push_back(matrix.at(truth, p));
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

std::string status_name(TrainReport::Status status) {
  switch (status) {
    case TrainReport::Status::kDone:
      return "done";
    case TrainReport::Status::kStopped:
      return "stopped";
    case TrainReport::Status::kInterrupted:
      break;
  }
  return "interrupted";
}

std::string TrainReport::json() const {
  return json_text({{"schema", 1},
                    {"run", run},
                    {"model", model},
                    {"status", status_name(status)},
                    {"reason", reason},
                    {"epochs", epochs},
                    {"steps", steps},
                    {"seconds", seconds},
                    {"clipped", clipped},
                    {"metrics", json_of(last)},
                    {"best", json_of(best)}});
}

std::string TestReport::json() const {
  Json json = {{"schema", 1},
               {"model", model},
               {"weights", weights},
               {"samples", samples},
               {"metrics", json_of(metrics)}};
  if (!errors.empty()) json["errors"] = json_of(errors);
  if (confusion) {
    json["classes"] = class_scores(*confusion, class_names);
    json["confusion"] = matrix_rows(*confusion);
  }
  return json_text(json);
}

std::string TestReport::class_table(int64_t most_classes) const {
  if (!confusion || confusion->classes() > most_classes) return "";
  const int64_t classes = confusion->classes();
  int name_width = 5;
  int64_t largest = 0;
  for (int64_t c = 0; c < classes; ++c) {
    name_width = std::max(name_width, display_width(class_name(class_names, c)));
    for (int64_t p = 0; p < classes; ++p) largest = std::max(largest, confusion->at(c, p));
  }
  std::string text =
      fmt::format("{}  precision  recall      F1  samples\n", right("class", name_width));
  for (int64_t c = 0; c < classes; ++c) {
    const ConfusionMatrix::ClassScore score = confusion->score(c);
    text += fmt::format("{}  {:9.4f}  {:6.4f}  {:6.4f}  {:7}\n",
                        right(class_name(class_names, c), name_width), score.precision,
                        score.recall, score.f1, score.samples);
  }
  // Columns are numbered, so that long names do not widen the table.
  const auto width = static_cast<int>(
      std::max(std::to_string(largest).size(), std::to_string(classes - 1).size()));
  text += "\nrows: true class, columns: predicted class\n" + right("", name_width) + " ";
  for (int64_t p = 0; p < classes; ++p) text += " " + right(std::to_string(p), width);
  text += "\n";
  for (int64_t c = 0; c < classes; ++c) {
    text += right(class_name(class_names, c), name_width) + " ";
    for (int64_t p = 0; p < classes; ++p) {
      const int64_t count = confusion->at(c, p);
      text += " " + right(count == 0 ? "." : std::to_string(count), width);
    }
    text += "\n";
  }
  return text;
}

}  // namespace cnn
