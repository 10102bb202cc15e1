#include "report/runs.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "base/text.h"
#include "io/csv.h"
#include "layers/catalog.h"
#include "model/vocabulary.h"
#include "spec/diff.h"

namespace cnn {
namespace {

namespace fs = std::filesystem;

std::vector<EpochRow> read_epochs(const std::string& path) {
  std::vector<EpochRow> epochs;
  if (!file_exists(path)) return epochs;
  const CsvTable table = CsvTable::read(path);
  constexpr std::string_view kOwn[] = {"epoch",         "step",    "time_s", "lr",
                                       "samples_per_s", "rss_mib", "is_best"};
  for (const std::string_view name : kOwn) {
    if (table.column(name) < 0) fail(Exit::kInput, path, "has no column '{}'", name);
  }
  for (size_t row = 0; row < table.rows(); ++row) {
    const auto number = [&](std::string_view name) {
      return table.number(row, table.column(name));
    };
    EpochRow epoch;
    epoch.epoch = static_cast<int64_t>(number("epoch"));
    epoch.step = static_cast<int64_t>(number("step"));
    epoch.seconds = number("time_s");
    epoch.lr = number("lr");
    epoch.samples_per_second = number("samples_per_s");
    epoch.resident_mib = number("rss_mib");
    epoch.is_best = number("is_best") > 0;
    for (const std::string& name : table.columns()) {
      if (std::find(std::begin(kOwn), std::end(kOwn), name) == std::end(kOwn)) {
        epoch.scores.emplace_back(name, number(name));
      }
    }
    epochs.push_back(std::move(epoch));
  }
  return epochs;
}

// Where data lie, and what is said of them, changes nothing.
bool is_setting(const std::string& path) {
  for (const char* key : {"data.root", "data.about", "data.files", "data.mirrors"}) {
    if (path == key || path.starts_with(std::string(key) + ".")) return false;
  }
  return true;
}

std::string one_line(const Node* node) {
  if (node == nullptr) return "";
  const std::string text = to_yaml(*node);
  if (text.find('\n') == std::string::npos) return text;
  return node->is_list() ? fmt::format("{} items", node->items().size())
                         : fmt::format("{} keys", node->entries().size());
}

bool same_but_seed(const Run& a, const Run& b) {
  for (const SpecDifference& d : diff_specs(a.spec.root, b.spec.root, takes_branches)) {
    if (d.path != "train.seed" && is_setting(d.path)) return false;
  }
  return true;
}

// What all names begin with, without the "-seed" or "_" at its end.
std::string common_name(const std::vector<Run>& runs, const std::vector<size_t>& group) {
  std::string common = runs[group[0]].name;
  if (group.size() == 1) return common;
  for (const size_t i : group) {
    const std::string& name = runs[i].name;
    size_t n = 0;
    while (n < common.size() && n < name.size() && common[n] == name[n]) ++n;
    common.resize(n);
  }
  const auto drop = [&](std::string_view end) {
    if (common.size() > end.size() && common.ends_with(end)) {
      common.resize(common.size() - end.size());
    }
  };
  while (!common.empty() && std::isdigit(static_cast<unsigned char>(common.back()))) {
    common.pop_back();
  }
  for (const char* end : {"-", "_", ".", "seed", "-", "_", ".", "-s"}) drop(end);
  return common.empty() ? runs[group[0]].spec.name : common;
}

}  // namespace

const EpochRow* Run::best() const {
  for (auto epoch = epochs.rbegin(); epoch != epochs.rend(); ++epoch) {
    if (epoch->is_best) return &*epoch;
  }
  return last();
}

std::vector<std::string> Run::score_names() const {
  std::vector<std::string> names;
  if (!epochs.empty()) {
    for (const auto& [name, value] : epochs.front().scores) names.push_back(name);
  }
  return names;
}

Run read_run(const std::string& path) {
  if (!is_run_directory(path)) {
    fail(Exit::kInput, path, "is no run directory (it has no run.json and spec.yaml)");
  }
  std::error_code error;
  const fs::path whole = fs::canonical(path, error);
  const std::string name = (error ? fs::path(path) : whole).filename().string();
  return {path, name, RunInfo::parse(path + "/run.json"),
          load_model(path + "/spec.yaml", {}, vocabulary()), read_epochs(path + "/results.csv")};
}

std::vector<std::string> runs_in(const std::string& folder) {
  if (!is_directory(folder)) fail(Exit::kInput, folder, "is no folder");
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!entry.is_symlink() && is_run_directory(entry.path().string())) {
      found.push_back(entry.path().string());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<Setting> differing_settings(const std::vector<Run>& runs) {
  std::vector<Setting> settings;
  for (size_t k = 1; k < runs.size(); ++k) {
    for (const SpecDifference& d :
         diff_specs(runs[0].spec.root, runs[k].spec.root, takes_branches)) {
      if (!is_setting(d.path)) continue;
      auto known = std::find_if(settings.begin(), settings.end(),
                                [&](const Setting& s) { return s.path == d.path; });
      if (known == settings.end()) {
        settings.push_back({d.path, std::vector<std::string>(runs.size(), one_line(d.first))});
        known = settings.end() - 1;
      }
      known->values[k] = one_line(d.second);
    }
  }
  return settings;
}

std::vector<RunGroup> grouped_by_seed(const std::vector<Run>& runs) {
  std::vector<RunGroup> groups;
  for (size_t i = 0; i < runs.size(); ++i) {
    const auto same = std::find_if(groups.begin(), groups.end(), [&](const RunGroup& group) {
      return same_but_seed(runs[group.runs[0]], runs[i]);
    });
    if (same == groups.end()) {
      groups.push_back({"", {i}});
    } else {
      same->runs.push_back(i);
    }
  }
  for (RunGroup& group : groups) group.name = common_name(runs, group.runs);
  return groups;
}

Spread spread_of(const std::vector<double>& values) {
  CNN_ASSERT(!values.empty());
  const auto n = static_cast<double>(values.size());
  Spread spread;
  spread.count = static_cast<int64_t>(values.size());
  spread.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const double value : values) squares += (value - spread.mean) * (value - spread.mean);
  spread.deviation = values.size() > 1 ? std::sqrt(squares / (n - 1)) : 0;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  spread.low = *low;
  spread.high = *high;
  return spread;
}

}  // namespace cnn
