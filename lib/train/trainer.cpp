#include "train/trainer.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <exception>

#include "base/log.h"
#include "base/machine.h"
#include "base/text.h"
#include "model/class_balance.h"
#include "train/evaluator.h"
#include "train/run_record.h"
#include "train/session.h"
#include "train/updater.h"

namespace cnn {
namespace {

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Says so while it lives; one within another leaves the word to the outer.
class Saving {
 public:
  explicit Saving(StopFlags& flags) : flags_(flags), was_(flags.saving.exchange(true)) {}
  ~Saving() { flags_.saving = was_; }
  Saving(const Saving&) = delete;
  Saving& operator=(const Saving&) = delete;

 private:
  StopFlags& flags_;
  const bool was_;
};

class Trainer {
 public:
  Trainer(const ModelSpec& spec, const TrainRequest& request, TrainObserver& observer,
          StopFlags& flags)
      : spec_(spec),
        observer_(observer),
        flags_(flags),
        record_(request, observer),
        session_(spec, request.memory_limit),
        settings_(session_.settings()),
        updater_(session_) {}

  TrainReport run() {
    position_ = record_.open(spec_, session_, [this] { return flags_.stop_signal.load() == 0; });
    session_.spill_to(record_.path());
    if (position_.batch == 0) position_.sums = LossSums(train_graph());
    session_.train_metrics().reset();
    if (position_.batch > 0) session_.train_metrics().restore(position_.metrics);
    clock_ = steady_seconds();
    deadline_ = clock_ + settings_.time.seconds;
    try {
      record_.write_info("running", "", position_);
      announce();
      loop();
      return finish();
    } catch (const std::exception& error) {
      record_failure(error);
      throw;
    }
  }

 private:
  using Status = TrainReport::Status;

  const Graph& train_graph() { return session_.network().train_graph(); }

  void announce() {
    RunOutline outline;
    outline.run = record_.path();
    outline.model = spec_.name;
    outline.epochs = settings_.epochs;
    outline.first_epoch = position_.epoch + 1;
    outline.steps_per_epoch = session_.steps_per_epoch();
    outline.total_steps = session_.total_steps();
    outline.train_samples = session_.train_feed().samples();
    outline.val_samples = session_.validation_feed() ? session_.validation_feed()->samples() : 0;
    outline.first_step = position_.step;
    outline.planned_bytes = session_.planned_bytes();
    record_.log(outline_line(outline));
    observer_.started(outline);
  }

  void loop() {
    while (position_.epoch < settings_.epochs && !out_of_patience()) {
      if (!train_epoch() || !end_epoch()) return;
    }
  }

  bool out_of_patience() {
    if (settings_.patience == 0 || position_.stale_epochs < settings_.patience) return false;
    report_.status = Status::kStopped;
    report_.reason = fmt::format("{} has not become better for {}", session_.best().metric,
                                 counted(position_.stale_epochs, "epoch"));
    return true;
  }

  // Serves signals and limits; false if the run ends here, with its state saved.
  bool may_go_on() {
    if (flags_.stop_signal.load() != 0) return stop_by_signal();
    if (flags_.save_requested.exchange(false)) {
      save();
      note("checkpoint saved at step {}", position_.step);
    }
    if (settings_.max_steps > 0 && position_.step >= settings_.max_steps) {
      report_.reason = fmt::format("{} {} done", counted(position_.step, "step"),
                                   position_.step == 1 ? "is" : "are");
    } else if (settings_.time.seconds > 0 && steady_seconds() >= deadline_) {
      report_.reason = "the time is up";
    } else {
      return true;
    }
    report_.status = Status::kStopped;
    save_and_export();
    return false;
  }

  bool stop_by_signal() {
    flags_.saving = true;  // until finish() has recorded it
    const bool terminated = flags_.stop_signal.load() == SIGTERM;
    report_.status = Status::kInterrupted;
    report_.exit = terminated ? Exit::kTerminated : Exit::kInterrupted;
    report_.reason = terminated ? "SIGTERM" : "SIGINT";
    save_and_export();
    return false;
  }

  // Adds the time since the last call to the run's, and to the epoch's while that is training.
  void take_time() {
    const double now = steady_seconds();
    position_.seconds += now - clock_;
    if (is_training_) position_.epoch_seconds += now - clock_;
    clock_ = now;
  }
  void set_training(bool training) {
    take_time();
    is_training_ = training;
  }

  void save() {
    const Saving saving(flags_);
    take_time();
    position_.metrics.clear();
    if (position_.batch > 0) position_.metrics = session_.train_metrics().tally();
    record_.save(session_, position_);
  }

  void save_and_export() {
    const Saving saving(flags_);
    record_.export_weights(session_, "last");
    save();
  }

  // False if the run ends within the epoch.
  bool train_epoch() {
    if (position_.batch == session_.batches()) return true;  // only its validation is left
    session_.train_feed().start_epoch(position_.epoch, position_.batch);
    set_training(true);
    while (position_.batch < session_.batches()) {
      if (!may_go_on()) return false;
      update();
      if (settings_.save_every > 0 && position_.step % settings_.save_every == 0) save();
    }
    set_training(false);
    return true;
  }

  void update() {
    position_.lr = settings_.schedule->rate(settings_.learning_rate(), position_.step,
                                            session_.steps_per_epoch(), session_.total_steps());
    const Updater::Update done = updater_.run(position_);
    observer_.stepped({position_.epoch + 1, position_.step,
                       position_.step - position_.epoch_first_step, done.samples, done.loss,
                       position_.lr});
  }

  // False if a signal ends the run during validation, which a resumed run then repeats.
  bool end_epoch() {
    Scores scores = {{"train/loss", position_.sums.total(train_graph())}};
    for (const auto& [name, value] : session_.train_metrics().result()) {
      scores.emplace_back("train/" + name, value);
    }
    if (session_.validation_feed()) {
      const std::optional<Scores> validation = validate();
      if (!validation) return stop_by_signal();
      for (const auto& [name, value] : *validation) scores.emplace_back("val/" + name, value);
    }
    take_time();
    EpochRow row;
    row.epoch = position_.epoch + 1;
    row.step = position_.step;
    row.seconds = position_.seconds;
    row.lr = position_.lr;
    row.samples_per_second = position_.epoch_seconds > 0
                                 ? static_cast<double>(position_.samples) / position_.epoch_seconds
                                 : 0;
    row.resident_mib = resident_mib();
    const std::optional<BestResult> best = position_.best;
    row.is_best = take_best(scores);
    row.scores = std::move(scores);
    try {
      record_.add(row, epoch_line(row, settings_.epochs), session_);
    } catch (const Error&) {  // run.json shall not name a best that weights/best is not
      if (record_.last_epoch() != row.epoch) position_.best = best;
      throw;
    }
    begin_next_epoch(row.scores);
    // Exports that are ahead of the checkpoint are written again, with the same bits, by a run that
    // is resumed; one that lags behind would stay wrong.
    save_and_export();
    record_.write_info("running", "", position_);
    observer_.epoch_ended(row);
    return true;
  }

  std::optional<Scores> validate() {
    const AveragedWeights averaged(session_.average());
    Evaluator evaluator(session_.network().test_graph(), session_.validation_executor(),
                        *session_.validation_feed(), session_.metrics(), position_.seed);
    if (session_.texts() != nullptr) evaluator.write_texts(*session_.texts());
    const auto progress = [this](int64_t done, int64_t total) {
      observer_.validating(done, total);
      return flags_.stop_signal.load() == 0;
    };
    return evaluator.run(progress, fmt::format("the validation of epoch {}", position_.epoch + 1));
  }

  bool take_best(const Scores& scores) {
    const BestRule& rule = session_.best();
    const double* value = find_score(scores, rule.metric);
    CNN_ASSERT(value != nullptr);
    const std::optional<double> old =
        position_.best ? std::optional(position_.best->value) : std::nullopt;
    if (!rule.improves(*value, old)) {
      ++position_.stale_epochs;
      return false;
    }
    position_.best = BestResult{rule.metric, *value, position_.epoch + 1};
    position_.stale_epochs = 0;
    return true;
  }

  void begin_next_epoch(const Scores& scores) {
    ++position_.epoch;
    position_.epoch_first_step = position_.step;
    position_.batch = 0;
    position_.samples = 0;
    position_.epoch_seconds = 0;
    position_.sums = LossSums(train_graph());
    session_.train_metrics().reset();
    position_.last = scores;
  }

  TrainReport finish() {
    // A run of no epochs has its weights all the same.
    if (!record_.has_exported()) save_and_export();
    take_time();
    report_.run = record_.path();
    report_.model = spec_.name;
    report_.epochs = position_.epoch;
    report_.steps = position_.step;
    report_.seconds = position_.seconds;
    report_.clipped = position_.clipped;
    report_.last = position_.last;
    report_.best = position_.best;
    if (report_.clipped > 0) {
      note("the gradients of {} updates were clipped", with_commas(report_.clipped));
    }
    record_.write_info(status_name(report_.status), report_.reason, position_);
    flags_.saving = false;
    observer_.finished(report_);
    return report_;
  }

  // Best effort: the error itself matters more, and the disk may be full.
  void record_failure(const std::exception& error) {
    const auto* known = dynamic_cast<const Error*>(&error);
    const std::string problem = known ? known->diagnostics().front().problem : error.what();
    try {
      record_.log("error: " + problem);
    } catch (const std::exception&) {
    }
    try {
      record_.write_info("failed", problem, position_);
    } catch (const std::exception&) {
    }
  }

  const ModelSpec& spec_;
  TrainObserver& observer_;
  StopFlags& flags_;
  RunRecord record_;
  Session session_;
  const TrainSettings& settings_;
  Updater updater_;
  TrainPosition position_;
  TrainReport report_;
  double clock_ = 0;  // when take_time() was last called
  bool is_training_ = false;
  double deadline_ = 0;
};

}  // namespace

TrainReport train(const ModelSpec& spec, const TrainRequest& request, TrainObserver& observer,
                  StopFlags& flags) {
  const ModelSpec counted = with_class_weights(spec);
  return Trainer(counted, request, observer, flags).run();
}

}  // namespace cnn
