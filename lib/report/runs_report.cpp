// Tables of runs, for people and for programs.

#include <algorithm>

#include "base/table.h"
#include "base/text.h"
#include "io/csv.h"
#include "report/runs.h"
#include "train/json.h"

namespace cnn {
namespace {

constexpr size_t kMostSettings = 8;  // columns of a table; JSON and CSV have all
constexpr int kWidestValue = 32;

std::string score_text(double value) { return fmt::format("{:.5g}", value); }

std::string best_text(const Run& run) {
  if (!run.info.best) return "";
  return fmt::format("{} {}, epoch {}", run.info.best->metric, score_text(run.info.best->value),
                     run.info.best->epoch);
}

std::string shortened(const std::string& text) {
  const std::string shown = escaped(text);
  if (display_width(shown) <= kWidestValue) return shown;
  return shown.substr(0, static_cast<size_t>(kWidestValue) - 3) + "...";
}

// "train." says nothing where most settings stand there.
std::string short_path(const std::string& path) {
  constexpr std::string_view kTrain = "train.";
  return path.starts_with(kTrain) ? path.substr(kTrain.size()) : path;
}

// Names of scores that any run has, in order.
std::vector<std::string> all_scores(const std::vector<Run>& runs) {
  std::vector<std::string> names;
  for (const Run& run : runs) {
    for (const std::string& name : run.score_names()) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

// Of the best epoch; null if the run has none or not that score.
const double* best_score(const Run& run, const std::string& name) {
  const EpochRow* best = run.best();
  return best == nullptr ? nullptr : find_score(best->scores, name);
}

std::vector<double> scores_of(const std::vector<Run>& runs, const RunGroup& group,
                              const std::string& name) {
  std::vector<double> values;
  for (const size_t i : group.runs) {
    if (const double* value = best_score(runs[i], name)) values.push_back(*value);
  }
  return values;
}

bool any_seeds(const std::vector<RunGroup>& groups) {
  return std::any_of(groups.begin(), groups.end(),
                     [](const RunGroup& group) { return group.runs.size() > 1; });
}

Json run_json(const Run& run) {
  Json json = {{"path", run.path},
               {"model", run.info.model},
               {"status", run.info.status},
               {"epochs", run.info.epochs},
               {"steps", run.info.steps},
               {"seconds", json_number(run.info.seconds)},
               {"seed", run.info.seed},
               {"threads", run.info.threads},
               {"started", run.info.started},
               {"best", json_of(run.info.best)}};
  json["scores"] = run.best() == nullptr ? Json::object() : json_of(run.best()->scores);
  return json;
}

std::string seeds_table(const std::vector<Run>& runs, const std::vector<RunGroup>& groups,
                        const std::vector<std::string>& scores, bool is_utf8, bool color) {
  std::vector<Table::Column> columns = {{"over seeds"}, {"runs", Table::Align::kRight}};
  for (const std::string& name : scores) columns.push_back({name, Table::Align::kRight});
  Table table(columns);
  for (const RunGroup& group : groups) {
    std::vector<std::string> cells = {escaped(group.name), std::to_string(group.runs.size())};
    for (const std::string& name : scores) {
      const std::vector<double> values = scores_of(runs, group, name);
      if (values.empty()) {
        cells.emplace_back("");
        continue;
      }
      const Spread spread = spread_of(values);
      cells.push_back(spread.count == 1 ? score_text(spread.mean)
                                        : fmt::format("{} {} {:.2g}", score_text(spread.mean),
                                                      is_utf8 ? "±" : "+-", spread.deviation));
    }
    table.add(std::move(cells));
  }
  return table.str(is_utf8, color);
}

}  // namespace

std::string RunReport::list_table(bool is_utf8, bool color) const {
  using Align = Table::Align;
  Table table({{"run"},
               {"model"},
               {"status"},
               {"epochs", Align::kRight},
               {"best"},
               {"time", Align::kRight},
               {"started"}});
  for (const Run& run : runs) {
    table.add({escaped(run.name), escaped(run.info.model), run.info.status,
               std::to_string(run.info.epochs), escaped(best_text(run)),
               human_seconds(run.info.seconds), run.info.started});
  }
  return table.str(is_utf8, color);
}

std::string RunReport::list_csv() const {
  std::string text =
      csv_line(std::vector<std::string>{"run", "model", "status", "epochs", "best_metric",
                                        "best_value", "best_epoch", "seconds", "seed", "started"});
  for (const Run& run : runs) {
    const auto& best = run.info.best;
    text += csv_line(std::vector<std::string>{
        run.path, run.info.model, run.info.status, std::to_string(run.info.epochs),
        best ? best->metric : "", best ? csv_number(best->value) : "",
        best ? std::to_string(best->epoch) : "", csv_number(run.info.seconds),
        std::to_string(run.info.seed), run.info.started});
  }
  return text;
}

std::string RunReport::list_json() const {
  Json json = {{"schema", 1}, {"runs", Json::array()}};
  for (const Run& run : runs) json["runs"].push_back(run_json(run));
  return json_text(json);
}

std::string RunReport::comparison_table(bool is_utf8, bool color) const {
  using Align = Table::Align;
  std::vector<Setting> settings = differing_settings(runs);
  const size_t left_out = settings.size() > kMostSettings ? settings.size() - kMostSettings : 0;
  settings.resize(settings.size() - left_out);
  const std::vector<std::string> scores = all_scores(runs);
  std::vector<Table::Column> columns = {{"run"}};
  for (const Setting& setting : settings) columns.push_back({escaped(short_path(setting.path))});
  columns.push_back({"epoch", Align::kRight});
  for (const std::string& name : scores) columns.push_back({name, Align::kRight});
  columns.push_back({"time", Align::kRight});
  Table table(columns);
  for (size_t i = 0; i < runs.size(); ++i) {
    std::vector<std::string> cells = {escaped(runs[i].name)};
    for (const Setting& setting : settings) cells.push_back(shortened(setting.values[i]));
    cells.push_back(runs[i].best() == nullptr ? "" : std::to_string(runs[i].best()->epoch));
    for (const std::string& name : scores) {
      const double* value = best_score(runs[i], name);
      cells.push_back(value == nullptr ? "" : score_text(*value));
    }
    cells.push_back(human_seconds(runs[i].info.seconds));
    table.add(std::move(cells));
  }
  std::string text = table.str(is_utf8, color);
  if (left_out > 0) {
    text += fmt::format(
        "and {} more settings differ; all: cnn runs compare --json, cnn spec diff\n", left_out);
  }
  const std::vector<RunGroup> groups = grouped_by_seed(runs);
  if (any_seeds(groups)) text += "\n" + seeds_table(runs, groups, scores, is_utf8, color);
  return text;
}

std::string RunReport::comparison_csv() const {
  const std::vector<Setting> settings = differing_settings(runs);
  const std::vector<std::string> scores = all_scores(runs);
  std::vector<std::string> header = {"run", "group", "epoch"};
  for (const Setting& setting : settings) header.push_back(setting.path);
  header.insert(header.end(), scores.begin(), scores.end());
  header.emplace_back("seconds");
  std::string text = csv_line(header);
  const std::vector<RunGroup> groups = grouped_by_seed(runs);
  for (size_t i = 0; i < runs.size(); ++i) {
    const auto mine = std::find_if(groups.begin(), groups.end(), [i](const RunGroup& group) {
      return std::find(group.runs.begin(), group.runs.end(), i) != group.runs.end();
    });
    const EpochRow* best = runs[i].best();
    std::vector<std::string> cells = {runs[i].path, mine->name,
                                      best == nullptr ? "" : std::to_string(best->epoch)};
    for (const Setting& setting : settings) cells.push_back(setting.values[i]);
    for (const std::string& name : scores) {
      const double* value = best_score(runs[i], name);
      cells.push_back(value == nullptr ? "" : csv_number(*value));
    }
    cells.push_back(csv_number(runs[i].info.seconds));
    text += csv_line(cells);
  }
  return text;
}

std::string RunReport::comparison_json() const {
  Json json = {{"schema", 1}, {"runs", Json::array()}, {"settings", Json::array()}};
  for (const Run& run : runs) json["runs"].push_back(run_json(run));
  for (const Setting& setting : differing_settings(runs)) {
    json["settings"].push_back({{"path", setting.path}, {"values", setting.values}});
  }
  json["groups"] = Json::array();
  for (const RunGroup& group : grouped_by_seed(runs)) {
    Json members = Json::array(), scores = Json::object();
    for (const size_t i : group.runs) members.push_back(runs[i].path);
    for (const std::string& name : all_scores(runs)) {
      const std::vector<double> values = scores_of(runs, group, name);
      if (values.empty()) continue;
      const Spread spread = spread_of(values);
      scores[name] = {{"mean", json_number(spread.mean)},
                      {"deviation", json_number(spread.deviation)},
                      {"low", json_number(spread.low)},
                      {"high", json_number(spread.high)}};
    }
    json["groups"].push_back({{"name", group.name}, {"runs", members}, {"scores", scores}});
  }
  return json_text(json);
}

}  // namespace cnn
