// Runs: what run directories tell of themselves, and several of them side by side: settings that
// differ, results, runs that are the same but for their seed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "metrics/metrics.h"
#include "spec/model_spec.h"
#include "train/progress.h"
#include "train/run_dir.h"

namespace cnn {

struct Run {
  std::string path;  // as given
  std::string name;  // of the folder
  RunInfo info;
  ModelSpec spec;
  std::vector<EpochRow> epochs;

  // The epoch that weights/best has: the last that was better than all before; null before the
  // first epoch's end.
  const EpochRow* best() const;
  const EpochRow* last() const { return epochs.empty() ? nullptr : &epochs.back(); }
  // Of all epochs: name and whether larger is better, by run.json or the name ("loss", "error").
  std::vector<std::string> score_names() const;
};

// Exit::kInput if `path` is no run directory or a file of it cannot be read.
Run read_run(const std::string& path);
// All of them, each once: a link such as runs/latest beside its run is left out, with a note.
std::vector<Run> read_runs(const std::vector<std::string>& paths);

// The run directories right in `folder`, by name; links are left out. Exit::kInput if there is no
// such folder.
std::vector<std::string> runs_in(const std::string& folder);

// One key path that not all runs agree on.
struct Setting {
  std::string path;                 // "train.optimizer.momentum"
  std::vector<std::string> values;  // of each run, as YAML on a line; empty: not there
};
// In the order of the first run's spec; where data lie and what they are about is no setting.
std::vector<Setting> differing_settings(const std::vector<Run>& runs);

// Runs that agree on everything but train.seed.
struct RunGroup {
  std::string name;             // of its only run, or what its runs' names have in common
  std::vector<size_t> runs;     // in the order given, one of each seed: the longest
  std::vector<size_t> repeats;  // those whose seed is there already: they add nothing to a spread
};
std::vector<RunGroup> grouped_by_seed(const std::vector<Run>& runs);

// Over the seeds of a group.
struct Spread {
  int64_t count = 0;
  double mean = 0;
  double deviation = 0;  // of the sample (n - 1); 0 for one
  double low = 0, high = 0;
};
Spread spread_of(const std::vector<double>& values);  // of at least one

// `cnn runs list` and `cnn runs compare`, for people (base/table.h), and as JSON and CSV.
struct RunReport {
  std::vector<Run> runs;

  std::string list_table(bool is_utf8, bool color) const;
  std::string list_csv() const;
  std::string list_json() const;  // one line
  std::string comparison_table(bool is_utf8, bool color) const;
  std::string comparison_csv() const;
  std::string comparison_json() const;
};

}  // namespace cnn
