#include "report/runs.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <numeric>

#include "base/log.h"
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

// "lenet5-2", "lenet5_seed7" and "lenet5-s7" are of "lenet5".
std::string without_number(std::string_view name) {
  size_t end = name.size();
  while (end > 0 && std::isdigit(static_cast<unsigned char>(name[end - 1])) != 0) --end;
  if (end == name.size() || end == 0) return std::string(name);
  const std::string_view stem = name.substr(0, end);
  constexpr std::string_view kSeparators = "-_.";
  for (const std::string_view word : {"seed", "s", ""}) {
    if (!stem.ends_with(word) || stem.size() < word.size() + 2) continue;
    std::string_view rest = stem.substr(0, stem.size() - word.size());
    const bool is_apart = kSeparators.find(rest.back()) != std::string_view::npos;
    if (!is_apart && word != "seed") continue;
    if (is_apart) rest.remove_suffix(1);
    return std::string(rest);
  }
  return std::string(name);
}

// What the names have in common but for numbers at their ends, else the model's name.
std::string common_name(const std::vector<Run>& runs, const std::vector<size_t>& group) {
  if (group.size() == 1) return runs[group[0]].name;
  const std::string common = without_number(runs[group[0]].name);
  const bool is_all = std::all_of(group.begin(), group.end(),
                                  [&](size_t i) { return without_number(runs[i].name) == common; });
  return is_all ? common : runs[group[0]].spec.name;
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
  return {path, name, read_run_info(path), load_model(path + "/spec.yaml", {}, vocabulary()),
          read_epochs(path + "/results.csv")};
}

std::vector<Run> read_runs(const std::vector<std::string>& paths) {
  std::vector<Run> runs;
  std::map<fs::path, std::string> known;  // real path -> as it was given
  for (const std::string& path : paths) {
    std::error_code error;
    const fs::path real = fs::canonical(path, error);
    const auto [at, is_new] = known.emplace(error ? fs::path(path) : real, path);
    if (is_new) {
      runs.push_back(read_run(path));
    } else {
      note("{} is {}: it counts once", path, at->second);
    }
  }
  return runs;
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

namespace {

std::string seed_of(const Run& run) {
  const Node* train = run.spec.section("train");
  const Node* seed = train == nullptr ? nullptr : train->find("seed");
  return seed == nullptr ? "0" : seed->text();
}

// Of runs of one seed the longest counts.
void add_run(const std::vector<Run>& runs, size_t i, RunGroup& group) {
  const auto twin = std::find_if(group.runs.begin(), group.runs.end(),
                                 [&](size_t k) { return seed_of(runs[k]) == seed_of(runs[i]); });
  if (twin == group.runs.end()) {
    group.runs.push_back(i);
    return;
  }
  if (runs[i].epochs.size() > runs[*twin].epochs.size()) std::swap(*twin, i);
  group.repeats.push_back(i);
}

}  // namespace

std::vector<RunGroup> grouped_by_seed(const std::vector<Run>& runs) {
  std::vector<RunGroup> groups;
  for (size_t i = 0; i < runs.size(); ++i) {
    const auto same = std::find_if(groups.begin(), groups.end(), [&](const RunGroup& group) {
      return same_but_seed(runs[group.runs[0]], runs[i]);
    });
    if (same == groups.end()) {
      groups.push_back({"", {i}, {}});
    } else {
      add_run(runs, i, *same);
    }
  }
  for (RunGroup& group : groups) {
    std::vector<size_t> all = group.runs;
    all.insert(all.end(), group.repeats.begin(), group.repeats.end());
    group.name = common_name(runs, all);
  }
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
