#include "train/run_files.h"

#include "base/machine.h"
#include "io/csv.h"

namespace cnn {
namespace {

constexpr const char* kResults = "results.csv";
constexpr const char* kLog = "log.txt";
constexpr const char* kEvents = "tb/events.out.tfevents.cnn";
constexpr uint64_t kMostResultBytes = uint64_t{1} << 30;

uint64_t size_in(const RunFiles::Sizes& sizes, const std::string& name) {
  const auto found = sizes.find(name);
  return found == sizes.end() ? 0 : found->second;
}

std::string header_of(const std::vector<std::string>& scores) {
  std::vector<std::string> columns = {"epoch", "step", "time_s", "lr"};
  columns.insert(columns.end(), scores.begin(), scores.end());
  columns.insert(columns.end(), {"samples_per_s", "rss_mib", "is_best"});
  return csv_line(columns);
}

// The rows that a resumed run keeps: those that its checkpoint knows, whole lines only.
uint64_t kept_rows(const std::string& path, const std::string& header, uint64_t known) {
  if (known == 0 || !file_exists(path)) return 0;
  const std::string text = read_file(path, kMostResultBytes).substr(0, known);
  const size_t kept = text.rfind('\n') + 1;  // npos + 1 is 0
  if (kept > 0 && !text.starts_with(header)) {
    fail(Exit::kInput, path, "has other columns than this run writes: {}",
         header.substr(0, header.size() - 1));
  }
  return kept;
}

}  // namespace

RunFiles::RunFiles(const std::string& run, std::vector<std::string> scores, const Sizes& sizes)
    : scores_(std::move(scores)) {
  const std::string results_path = run + "/" + kResults;
  const std::string header = header_of(scores_);
  const uint64_t kept = kept_rows(results_path, header, size_in(sizes, kResults));
  results_ = std::make_unique<AppendFile>(results_path);
  results_->cut_to(kept);
  if (kept == 0) results_->append(header);
  log_ = std::make_unique<AppendFile>(run + "/" + kLog);
  log_->cut_to(size_in(sizes, kLog));
  // The first record of the events is written when they are opened, so they are cut before that.
  AppendFile(run + "/" + kEvents).cut_to(size_in(sizes, kEvents));
  events_ = std::make_unique<EventFile>(run + "/" + kEvents, wall_seconds());
}

void RunFiles::add(const EpochRow& row) {
  std::vector<std::string> fields = {std::to_string(row.epoch), std::to_string(row.step),
                                     fmt::format("{:.3f}", row.seconds), csv_number(row.lr)};
  std::vector<std::pair<std::string, double>> scalars;
  for (const std::string& name : scores_) {
    const double* value = find_score(row.scores, name);
    fields.push_back(value ? csv_number(*value) : "");
    if (value) scalars.emplace_back(name, *value);
  }
  fields.insert(fields.end(), {fmt::format("{:.1f}", row.samples_per_second),
                               fmt::format("{:.1f}", row.resident_mib), row.is_best ? "1" : "0"});
  results_->append(csv_line(fields));
  scalars.emplace_back("lr", row.lr);
  events_->add(row.step, wall_seconds(), scalars);
}

void RunFiles::log(std::string_view line) {
  const std::lock_guard lock(log_mutex_);
  log_->append(fmt::format("{}  {}\n", iso_time(wall_seconds()), line));
}

RunFiles::Sizes RunFiles::sizes() const {
  const std::lock_guard lock(log_mutex_);
  return {{kResults, results_->size()}, {kLog, log_->size()}, {kEvents, events_->size()}};
}

void RunFiles::take_back(const Sizes& sizes) {
  const std::lock_guard lock(log_mutex_);
  try {
    results_->cut_to(size_in(sizes, kResults));
    log_->cut_to(size_in(sizes, kLog));
    events_->cut_to(size_in(sizes, kEvents));
  } catch (const Error&) {  // a resumed run does it
  }
}

void RunFiles::sync() {
  const std::lock_guard lock(log_mutex_);
  results_->sync();
  log_->sync();
  events_->sync();
}

}  // namespace cnn
