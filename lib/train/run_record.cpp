#include "train/run_record.h"

#include <filesystem>

#include "base/log.h"
#include "base/machine.h"
#include "base/parallel.h"
#include "base/text.h"
#include "data/standardise.h"
#include "kernels/gemm_library.h"
#include "layers/catalog.h"
#include "model/vocabulary.h"
#include "spec/diff.h"

namespace cnn {
namespace {

void describe_machine(const Session& session, RunInfo& info) {
  info.cpu = cpu_name();
  info.blas = gemm_library().file;
  info.blas_core = gemm_library().core;
  info.instruction_set = instruction_set();
  info.kernels = session.kernels();
  info.threads = threads();
  info.seed = session.settings().seed;
  info.data_hash = session.data_hash();
}

TrainState state_of(Session& session) {
  return {session.network().store(), session.optimizer(), session.average(),
          session.train_executor().carried()};
}

TrainPosition first_position(const Session& session) {
  TrainPosition position;
  position.seed = static_cast<uint64_t>(session.settings().seed);
  return position;
}

// Within an epoch the order of the samples and the losses must still be the same.
void check_position(const std::string& run, const TrainPosition& position, Session& session) {
  if (position.batch == 0) return;
  if (position.batches_per_epoch == session.batches() &&
      position.accumulate == session.settings().accumulate &&
      position.seed == static_cast<uint64_t>(session.settings().seed) &&
      position.sums.numerators.size() == session.network().train_graph().losses.size()) {
    return;
  }
  fail(
      Exit::kInput, run,
      "stands within an epoch ({} of {} batches), so batch_size, accumulate, seed, losses and data "
      "must stay as they were",
      position.batch, position.batches_per_epoch);
}

// The overrides that make `now` of the run's model file.
std::vector<std::string> changes(const std::string& path, const Node& now) {
  const ModelSpec before = load_model(path, {}, vocabulary());
  std::vector<std::string> overrides;
  for (const SpecDifference& d : diff_specs(before.root, now, takes_branches)) {
    const std::string value = d.second == nullptr ? "~" : to_yaml(*d.second);
    overrides.push_back(d.path + "=" + value.substr(0, value.find_last_not_of('\n') + 1));
  }
  return overrides;
}

}  // namespace

LogTap::LogTap(TrainObserver& observer) : observer_(observer) {
  set_log_sink([this](std::string_view line) { take(line); });
}

LogTap::~LogTap() { set_log_sink({}); }

void LogTap::attach(RunFiles* files) {
  const std::lock_guard lock(mutex_);
  files_ = files;
  for (const std::string& line : early_) files_->log(line);
  early_.clear();
}

void LogTap::take(std::string_view line) {
  observer_.message(line);
  const std::lock_guard lock(mutex_);
  if (files_) {
    files_->log(line);
  } else {
    early_.emplace_back(line);
  }
}

RunRecord::RunRecord(const TrainRequest& request, TrainObserver& observer)
    : request_(request), tap_(observer) {
  if (request.resume.empty()) return;
  directory_ = RunDirectory::open(request.resume);
  info_ = directory_->read_info();
}

TrainPosition RunRecord::open(const ModelSpec& spec, Session& session,
                              const std::function<bool()>& goes_on) {
  return request_.resume.empty() ? begin(spec, session, goes_on) : resume(spec, session, goes_on);
}

TrainPosition RunRecord::begin(const ModelSpec& spec, Session& session,
                               const std::function<bool()>& goes_on) {
  const Node* data = spec.section("data");
  if (data != nullptr && data->is_map() && has_figures(*data)) {
    note("numbers are standardised by the figures that {} has; data.standardise=true measures anew",
         spec.path);
  }
  session.begin(request_.weights, {request_.allow_non_finite_weights, request_.partial_weights},
                goes_on);
  directory_ = RunDirectory::create(request_.out, request_.name.empty() ? spec.name : request_.name,
                                    request_.overwrite);
  info_.command = request_.command;
  info_.version = request_.version;
  info_.model = spec.name;
  if (!request_.weights.empty()) info_.weights = std::filesystem::absolute(request_.weights);
  describe_machine(session, info_);
  info_.started = iso_time(wall_seconds());
  directory_->write_spec(to_yaml(session.resolved_spec()));
  open_files(session, {});
  return first_position(session);
}

TrainPosition RunRecord::resume(const ModelSpec& spec, Session& session,
                                const std::function<bool()>& goes_on) {
  RunInfo now = info_;
  now.model = spec.name;
  describe_machine(session, now);
  compare(now);
  if (now.data_hash != info_.data_hash) check_symbols(session);
  TrainPosition position = first_position(session);
  if (has_checkpoint(path())) {
    LoadedCheckpoint loaded = load_checkpoint(path(), state_of(session));
    position = std::move(loaded.position);
    rotate_ = !loaded.last_was_bad;
    check_position(path(), position, session);
    position.seed = first_position(session).seed;  // another one may begin with an epoch
  } else {
    note("the run has no checkpoint yet, so it starts from the beginning");
    session.begin(info_.weights, {true, true}, goes_on);  // they were accepted before
  }
  info_ = now;
  open_files(session, position.sizes);
  note_resumption(session, position);
  return position;
}

// What trains from here on is what spec.yaml says, and run.json tells what was changed when.
void RunRecord::note_resumption(const Session& session, const TrainPosition& position) {
  ++info_.resumed;
  const std::vector<std::string> overrides =
      changes(directory_->file("spec.yaml"), session.resolved_spec());
  info_.resumptions.push_back(
      {iso_time(wall_seconds()), request_.command, position.epoch, position.step, overrides});
  if (overrides.empty()) return;
  directory_->write_spec(to_yaml(session.resolved_spec()));
  note("from here on with {}; spec.yaml says so", join(overrides, ", "));
}

void RunRecord::compare(const RunInfo& now) const {
  // Empty: from before it was written down.
  const bool is_old = info_.instruction_set.empty();
  const bool other_core = !info_.blas_core.empty() && now.blas_core != info_.blas_core;
  if (now.cpu != info_.cpu || now.blas != info_.blas || now.kernels != info_.kernels ||
      other_core || (!is_old && now.instruction_set != info_.instruction_set)) {
    warn(
        "the run was started on another CPU or with other kernels ({}; {}{}{}); results may differ "
        "in their last bits",
        info_.cpu, info_.instruction_set, is_old ? "" : "; ",
        GemmLibrary{info_.blas, info_.blas_core}.name());
  }
  if (now.data_hash != info_.data_hash) {
    warn("the data are not those that the run was started with");
  }
}

// Other data may go on with what was learned, but not with other words under the same numbers.
void RunRecord::check_symbols(const Session& session) const {
  for (const char* name : {"weights/last.safetensors", "weights/best.safetensors"}) {
    const std::string file = directory_->file(name);
    if (!file_exists(file)) continue;
    check_vocabularies(read_weights_info(file).vocabularies, session.weights_info().vocabularies,
                       file);
    return;
  }
}

void RunRecord::open_files(const Session& session, const RunFiles::Sizes& sizes) {
  files_ = std::make_unique<RunFiles>(path(), session.score_names(), sizes);
  tap_.attach(files_.get());
}

void RunRecord::add(const EpochRow& row, std::string_view line, Session& session) {
  const std::string best = directory_->file("weights/best.safetensors");
  const auto written = [&] {
    std::error_code none;
    return std::filesystem::last_write_time(best, none);
  };
  const RunFiles::Sizes before = files_->sizes();
  const auto old = written();
  try {
    files_->add(row);
    files_->log(line);
    if (row.is_best) export_weights(session, "best");
  } catch (const Error&) {
    const bool is_there = row.is_best && written() != old;  // a disk may fail behind the rename
    if (is_there) last_epoch_ = row.epoch;
    if (!is_there) files_->take_back(before);
    throw;
  }
  last_epoch_ = row.epoch;
}

void RunRecord::export_weights(Session& session, std::string_view name) {
  const AveragedWeights averaged(session.average());
  save_weights(directory_->file(fmt::format("weights/{}.safetensors", name)),
               session.network().store(), session.weights_info());
}

void RunRecord::save(Session& session, TrainPosition position) {
  files_->sync();
  position.sizes = files_->sizes();
  position.batches_per_epoch = session.batches();
  position.accumulate = session.settings().accumulate;
  save_checkpoint(path(), state_of(session), position, rotate_);
  rotate_ = true;
}

void RunRecord::write_info(const std::string& status, const std::string& message,
                           const TrainPosition& position) {
  info_.status = status;
  info_.message = message;
  info_.best = position.best;
  info_.epochs = position.epoch;
  info_.steps = position.step;
  info_.seconds = position.seconds;
  info_.ended = status == "running" ? "" : iso_time(wall_seconds());
  directory_->write_info(info_);
}

}  // namespace cnn
