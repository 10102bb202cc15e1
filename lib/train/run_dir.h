// RunDirectory: the folder of one training run.
//
//   spec.yaml   the resolved model file: what trains, since the last --resume
//   run.json    how, where and how far (RunInfo)
//   results.csv one row an epoch                log.txt   what the terminal was told
//   state/{last,previous}.safetensors           weights/{best,last}.safetensors
//   plots/  test/                               tb/       TensorBoard events
//
// It is locked while in use. `latest` beside it links to the newest run.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "train/results.h"

namespace cnn {

// One `cnn train --resume`.
struct Resumption {
  std::string time;     // ISO 8601, UTC
  std::string command;  // as typed
  int64_t epochs = 0;   // completed by then
  int64_t steps = 0;
  std::vector<std::string> overrides;  // what it changed in spec.yaml: "train.epochs=6"
};

// The content of run.json.
struct RunInfo {
  std::string command;  // as typed
  std::string version;
  std::string model;
  std::string weights;  // that it started from, absolute; empty: from its initialisers
  std::string cpu;
  std::string blas;
  std::string blas_core;        // for which processor its kernels are, of OpenBLAS
  std::string instruction_set;  // of the code: others, and other kernels, give other bits
  std::string kernels;          // the algorithms of the layers
  int threads = 1;
  int64_t seed = 0;
  std::string data_hash;
  std::string status = "running";  // running, done, stopped, interrupted, failed, killed
  std::string message;             // why it stopped or failed
  std::optional<BestResult> best;
  int64_t epochs = 0;
  int64_t steps = 0;
  double seconds = 0;
  int64_t resumed = 0;  // how often
  std::vector<Resumption> resumptions;
  std::string started;  // ISO 8601, UTC
  std::string ended;

  std::string json() const;
  static RunInfo parse(const std::string& path);  // Exit::kInput if it cannot be read
};

// run.json of a run as it is now: of one that says "running" and that nobody holds the lock of the
// status is "killed".
RunInfo read_run_info(const std::string& run);

class RunDirectory {
 public:
  // OUT/NAME, or OUT/NAME-2, -3 ... where that exists. A run that ended before its first checkpoint
  // leaves its place: what it wrote goes to the folder `failed` there, with a note. With
  // `overwrite` an old run of that name is emptied first (a folder that is no run is refused).
  // Exit::kResource if it cannot be written.
  static std::unique_ptr<RunDirectory> create(const std::string& out, const std::string& name,
                                              bool overwrite);
  // An existing run, for --resume; a link such as runs/latest is resolved first. Exit::kInput if
  // it is none.
  static std::unique_ptr<RunDirectory> open(const std::string& path);

  const std::string& path() const { return path_; }
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }

  void write_spec(const std::string& yaml) { write_file_atomically(file("spec.yaml"), yaml); }
  void write_info(const RunInfo& info) { write_file_atomically(file("run.json"), info.json()); }
  RunInfo read_info() const { return RunInfo::parse(file("run.json")); }

 private:
  explicit RunDirectory(std::string path);  // locks it and makes its folders
  void remove_run() const;
  void set_aside() const;
  std::string path_;
  FileLock lock_;
};

// The runs of the same model beside `run` that were started after it, oldest first.
std::vector<std::string> newer_runs(const std::string& run);

// True if `path` is a run directory (or a link to one): it holds run.json and spec.yaml.
bool is_run_directory(const std::string& path);
// The model file of a MODEL|RUN argument: RUN/spec.yaml for a run, else require_model_file().
std::string model_file_of(const std::string& path);
// RUN/weights/best.safetensors, or last.safetensors where there is no best; Exit::kInput if a run
// has neither.
std::string weights_of_run(const std::string& run);

}  // namespace cnn
