// RunRecord: everything that a training run leaves on disk, and the log lines on their way there.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "train/checkpoint.h"
#include "train/run_dir.h"
#include "train/run_files.h"
#include "train/session.h"
#include "train/trainer.h"

namespace cnn {

// While it lives, log lines go to the observer and, once there is one, to the run's log.txt.
class LogTap {
 public:
  explicit LogTap(TrainObserver& observer);
  ~LogTap();
  LogTap(const LogTap&) = delete;
  LogTap& operator=(const LogTap&) = delete;
  void attach(RunFiles* files);

 private:
  void take(std::string_view line);
  TrainObserver& observer_;
  std::mutex mutex_;
  RunFiles* files_ = nullptr;
  std::vector<std::string> early_;  // said before there was a run directory
};

class RunRecord {
 public:
  // Locks the run that is to be resumed, so that nobody else works on it while this one prepares.
  RunRecord(const TrainRequest& request, TrainObserver& observer);

  // Begins a new run (weights are loaded, then the folder made, so that a mistake leaves nothing
  // behind) or goes on with the old one; gives the place to start from. Fitted layers are fitted
  // for as long as `goes_on`: Exit::kInterrupted.
  TrainPosition open(const ModelSpec& spec, Session& session, const std::function<bool()>& goes_on);

  const std::string& path() const { return directory_->path(); }
  void log(std::string_view line) { files_->log(line); }
  // The epoch's row, its line of the log and, if it is the best, weights/best; all or none of them.
  void add(const EpochRow& row, std::string_view line, Session& session);
  int64_t last_epoch() const { return last_epoch_; }  // that add() has added; 0: none

  // weights/NAME.safetensors.
  void export_weights(Session& session, std::string_view name);
  bool has_exported() const { return file_exists(directory_->file("weights/last.safetensors")); }
  void save(Session& session, TrainPosition position);
  void write_info(const std::string& status, const std::string& message,
                  const TrainPosition& position);

 private:
  TrainPosition begin(const ModelSpec& spec, Session& session,
                      const std::function<bool()>& goes_on);
  TrainPosition resume(const ModelSpec& spec, Session& session,
                       const std::function<bool()>& goes_on);
  void note_resumption(const Session& session, const TrainPosition& position);
  void compare(const RunInfo& now) const;
  void check_symbols(const Session& session) const;
  void open_files(const Session& session, const RunFiles::Sizes& sizes);

  const TrainRequest& request_;
  std::unique_ptr<RunDirectory> directory_;
  RunInfo info_;
  int64_t last_epoch_ = 0;
  bool rotate_ = true;  // the last checkpoint is whole and becomes the previous one
  std::unique_ptr<RunFiles> files_;
  LogTap tap_;  // after the files that it writes to
};

}  // namespace cnn
