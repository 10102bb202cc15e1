#include "predict/answer.h"

#include "base/text.h"
#include "io/csv.h"

namespace cnn {

std::string PredictReport::json() const {
  Json out = {{"schema", 1}, {"model", model}, {"samples", samples}};
  Json list_of_all = Json::array();
  for (const Answer& answer : answers) {
    Json entry = {{"input", answer.input}};
    if (counts_samples || !answer.is_whole) entry["sample"] = answer.sample;
    entry.update(answer.json);
    list_of_all.push_back(std::move(entry));
  }
  if (list != "predictions") out["predictions"] = Json::array();
  out[list] = std::move(list_of_all);
  out["files"] = files;
  return out.dump();
}

std::string PredictReport::csv() const {
  std::vector<std::string> cells = {"input"};
  if (counts_samples) cells.push_back("sample");
  cells.insert(cells.end(), columns.begin(), columns.end());
  std::string text = csv_line(cells);
  for (const Answer& answer : answers) {
    for (const std::vector<std::string>& row : answer.rows) {
      cells = {answer.input};
      if (counts_samples) cells.push_back(std::to_string(answer.sample));
      cells.insert(cells.end(), row.begin(), row.end());
      text += csv_line(cells);
    }
  }
  return text;
}

std::string PredictReport::text() const {
  std::string text;
  for (const Answer& answer : answers) {
    if (!names_inputs) {
      text += answer.text + "\n";
      continue;
    }
    text += escaped(answer.input);
    if (!answer.is_whole) text += fmt::format(" {}", answer.sample);
    text += (answer.text.starts_with(' ') ? ":" : ": ") + answer.text + "\n";
  }
  for (const std::string& file : files) text += "wrote " + escaped(file) + "\n";
  return text;
}

}  // namespace cnn
