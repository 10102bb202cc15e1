#include "train/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <exception>

#include "base/log.h"
#include "base/machine.h"
#include "base/text.h"
#include "model/class_balance.h"
#include "train/evaluator.h"
#include "train/run_record.h"
#include "train/session.h"

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
        settings_(session_.settings()) {}

  TrainReport run() {
    position_ = record_.open(spec_, session_, [this] { return flags_.stop_signal.load() == 0; });
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

  // One update: as many batches as accumulate says, fewer at the end of an epoch.
  void update() {
    const int64_t left = session_.train_feed().samples() - position_.batch * settings_.batch_size;
    const int64_t samples = std::min(settings_.accumulate * settings_.batch_size, left);
    const int64_t end = std::min(position_.batch + settings_.accumulate, session_.batches());
    // Of all batches of the update, so that each is a part of one large batch.
    std::vector<double> denominators;
    const int64_t batches = end - position_.batch;
    if (batches > 1) denominators = session_.train_feed().denominators(batches);
    double loss = 0;
    for (bool adds = false; position_.batch < end; adds = true) {
      loss += accumulate(samples, denominators, adds);
    }
    position_.lr = settings_.schedule->rate(settings_.learning_rate(), position_.step,
                                            session_.steps_per_epoch(), session_.total_steps());
    const std::optional<int> bad = session_.optimizer().update(position_.lr, clip_factor());
    if (bad) {
      const std::string& name = session_.network().store().at(*bad).name;
      fail_diverged(session_.train_executor(), "a gradient is not finite", place(),
                    name.substr(0, name.rfind('.')));
    }
    ++position_.step;
    session_.average().update(position_.step);
    observer_.stepped({position_.epoch + 1, position_.step,
                       position_.step - position_.epoch_first_step, samples, loss, position_.lr});
  }

  // Forward and backward of one batch of an update of so many samples; its share of the loss.
  double accumulate(int64_t samples, std::span<const double> denominators, bool adds) {
    Executor& executor = session_.train_executor();
    const int64_t n = session_.train_feed().next(executor);
    CNN_ASSERT(n > 0);
    executor.forward(n, position_.seed, static_cast<uint64_t>(position_.forwards));
    const double loss = position_.sums.add(train_graph(), executor);
    session_.train_metrics().add([&](int id) { return executor.value(id); });
    if (!std::isfinite(loss)) fail_diverged(executor, "the loss is not finite", place());
    double share = loss;
    if (denominators.empty()) {
      executor.backward(1.0f, adds);
    } else {
      const double part = static_cast<double>(n) / static_cast<double>(samples);
      std::vector<double>& known = denominators_;
      known.assign(denominators.begin(), denominators.end());
      share = 0;
      for (size_t t = 0; t < known.size(); ++t) {
        const Executor::LossSum sum = executor.loss(static_cast<int>(t));
        if (known[t] == 0) known[t] = sum.denominator / part;  // by samples, for want of better
        if (known[t] > 0) share += train_graph().losses[t].weight * sum.numerator / known[t];
      }
      executor.backward(1.0f, adds, known);
    }
    ++position_.batch;
    ++position_.forwards;
    position_.samples += n;
    return share;
  }

  // What gradients are multiplied by so that their global norm stays within train.clip.
  float clip_factor() {
    const ClipRule& clip = settings_.clip;
    if (!clip.active()) return 1;
    const double norm = session_.optimizer().gradient_norm();
    if (!std::isfinite(norm)) {
      fail_diverged(session_.train_executor(), "a gradient is not finite", place());
    }
    if (clip.limit > 0 && norm > clip.limit) {
      fail(Exit::kDiverged, "",
           "the gradients' norm {:.4g} at {} is above the limit {:.4g} of train.clip", norm,
           place(), clip.limit);
    }
    if (clip.norm == 0 || norm <= clip.norm) return 1;
    ++position_.clipped;
    return static_cast<float>(clip.norm / norm);
  }

  std::string place() const {
    return fmt::format("step {} (epoch {})", position_.step + 1, position_.epoch + 1);
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
  TrainPosition position_;
  TrainReport report_;
  std::vector<double> denominators_;  // of the batch that is run
  double clock_ = 0;                  // when take_time() was last called
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
