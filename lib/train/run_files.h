// RunFiles: the files of a run that grow: results.csv, log.txt and TensorBoard's events. A
// checkpoint notes their sizes; a resumed run cuts them back to these.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "io/events.h"
#include "train/progress.h"

namespace cnn {

class RunFiles {
 public:
  using Sizes = std::map<std::string, uint64_t>;

  // Opens them in the run directory. `scores` names the columns between lr and samples_per_s. A
  // resumed run gives the checkpoint's sizes (empty: it has none, the files start anew).
  RunFiles(const std::string& run, std::vector<std::string> scores, const Sizes& sizes);

  void add(const EpochRow& row);
  // One line of log.txt, with the time; from any thread.
  void log(std::string_view line);

  Sizes sizes() const;
  // Removes what was written since, as far as the disk lets it: for the way out of an error.
  void take_back(const Sizes& sizes);
  void sync();

 private:
  std::vector<std::string> scores_;
  std::unique_ptr<AppendFile> results_;
  std::unique_ptr<AppendFile> log_;
  std::unique_ptr<EventFile> events_;
  mutable std::mutex log_mutex_;
};

}  // namespace cnn
