#include "train/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "base/text.h"

namespace cnn {
namespace {

constexpr double kRedrawSeconds = 0.1;
constexpr double kLineSeconds = 30;
constexpr const char* kClearLine = "\r\x1b[K";

std::string rate_text(double samples_per_second) {
  return samples_per_second < 100 ? fmt::format("{:.1f}", samples_per_second)
                                  : with_commas(static_cast<int64_t>(samples_per_second + 0.5));
}

// Where the run stands, from what the trainer has told so far.
class Meter {
 public:
  void start(const RunOutline& outline, double now) {
    outline_ = outline;
    run_start_ = epoch_start_ = now;
    first_step_ = outline.first_step;
  }
  void step(const StepInfo& info, double now) {
    if (samples_ == 0) first_step_of_epoch_ = info.step_of_epoch - 1;
    info_ = info;
    loss_sum_ += info.loss * static_cast<double>(info.samples);
    samples_ += info.samples;
    now_ = now;
  }
  void end_epoch(double now) {
    epoch_start_ = now_ = now;
    samples_ = 0;
    loss_sum_ = 0;
  }

  const RunOutline& outline() const { return outline_; }
  const StepInfo& info() const { return info_; }
  double loss() const { return samples_ > 0 ? loss_sum_ / static_cast<double>(samples_) : 0; }
  double epoch_share() const {
    const auto all = static_cast<double>(std::max<int64_t>(outline_.steps_per_epoch, 1));
    return std::min(1.0, static_cast<double>(info_.step_of_epoch) / all);
  }
  double samples_per_second() const {
    const double seconds = now_ - epoch_start_;
    return seconds > 0 ? static_cast<double>(samples_) / seconds : 0;
  }
  double epoch_left() const {
    return left(now_ - epoch_start_, info_.step_of_epoch - first_step_of_epoch_,
                outline_.steps_per_epoch - info_.step_of_epoch);
  }
  double run_left() const {
    return left(now_ - run_start_, info_.step - first_step_, outline_.total_steps - info_.step);
  }

 private:
  static double left(double seconds, int64_t done, int64_t missing) {
    return done > 0 ? seconds / static_cast<double>(done) *
                          static_cast<double>(std::max<int64_t>(missing, 0))
                    : 0;
  }

  RunOutline outline_;
  StepInfo info_;
  double run_start_ = 0, epoch_start_ = 0, now_ = 0;
  int64_t first_step_ = 0, first_step_of_epoch_ = 0;
  double loss_sum_ = 0;  // of this epoch
  int64_t samples_ = 0;
};

// What both displays share: the device, the meter, and a lock, because lines of the log may come
// from loader threads.
class Display : public TrainObserver {
 public:
  explicit Display(ProgressDevice device) : device_(std::move(device)) {}

  void started(const RunOutline& outline) override {
    const std::lock_guard lock(mutex_);
    meter_.start(outline, device_.now());
    line(outline_line(outline));
  }
  void epoch_ended(const EpochRow& row) override {
    const std::lock_guard lock(mutex_);
    meter_.end_epoch(device_.now());
    std::string text = epoch_line(row, meter_.outline().epochs);
    if (row.is_best && device_.color) text = "\x1b[32m" + text + "\x1b[0m";
    line(text);
  }
  void message(std::string_view text) override {
    const std::lock_guard lock(mutex_);
    line(text);
  }

 protected:
  virtual void line(std::string_view text) { device_.write(std::string(text) + "\n"); }

  ProgressDevice device_;
  Meter meter_;
  std::mutex mutex_;
};

class Lines final : public Display {
 public:
  using Display::Display;

  void started(const RunOutline& outline) override {
    last_line_ = device_.now();
    Display::started(outline);
  }
  void stepped(const StepInfo& info) override {
    const std::lock_guard lock(mutex_);
    const double now = device_.now();
    meter_.step(info, now);
    if (now - last_line_ < kLineSeconds) return;
    last_line_ = now;
    line(
        fmt::format("epoch {}/{}  {:.0f}%  step {}  loss {:.4f}  {} samples/s  {} left of the "
                    "epoch, {} of the run",
                    info.epoch, meter_.outline().epochs, 100 * meter_.epoch_share(), info.step,
                    meter_.loss(), rate_text(meter_.samples_per_second()),
                    human_seconds(meter_.epoch_left()), human_seconds(meter_.run_left())));
  }
  void epoch_ended(const EpochRow& row) override {
    last_line_ = device_.now();
    Display::epoch_ended(row);
  }

 private:
  double last_line_ = 0;
};

class Bar final : public Display {
 public:
  using Display::Display;
  ~Bar() override { clear(); }

  void stepped(const StepInfo& info) override {
    const std::lock_guard lock(mutex_);
    const double now = device_.now();
    meter_.step(info, now);
    if (!due(now)) return;
    draw(fmt::format("epoch {}/{} ", info.epoch, meter_.outline().epochs), meter_.epoch_share(),
         fmt::format(" loss {:.4f}  {}/s  epoch {}  run {}", meter_.loss(),
                     rate_text(meter_.samples_per_second()), human_seconds(meter_.epoch_left()),
                     human_seconds(meter_.run_left())));
  }
  void validating(int64_t done, int64_t total) override {
    const std::lock_guard lock(mutex_);
    if (!due(device_.now())) return;
    const double share =
        static_cast<double>(done) / static_cast<double>(std::max<int64_t>(total, 1));
    draw(fmt::format("epoch {}/{} ", meter_.info().epoch, meter_.outline().epochs), share,
         " validating");
  }
  void finished(const TrainReport&) override {
    const std::lock_guard lock(mutex_);
    clear();
  }

 protected:
  void line(std::string_view text) override {
    clear();
    Display::line(text);
  }

 private:
  bool due(double now) {
    if (now - last_draw_ < kRedrawSeconds) return false;
    last_draw_ = now;
    return true;
  }
  void clear() {
    if (drawn_) device_.write(kClearLine);
    drawn_ = false;
  }
  // One line, never wider than the terminal.
  void draw(const std::string& before, double share, const std::string& after) {
    const int room = device_.columns - 1 - static_cast<int>(before.size() + after.size()) - 7;
    std::string text = before;
    if (room >= 5) {
      const auto width = static_cast<size_t>(std::min(room, 30));
      const auto full = static_cast<size_t>(share * static_cast<double>(width));
      text += "[" + std::string(full, '=') + std::string(width - full, ' ') + "]";
    }
    text += fmt::format("{:3.0f}%", 100 * share) + after;
    text.resize(std::min(text.size(), static_cast<size_t>(std::max(device_.columns - 1, 0))));
    device_.write(kClearLine + text);
    drawn_ = true;
  }

  double last_draw_ = -1;
  bool drawn_ = false;
};

}  // namespace

void TrainObserver::message(std::string_view line) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
}

std::string outline_line(const RunOutline& outline) {
  std::string text = fmt::format(
      "{}: {} training and {} validation samples, {} an epoch, {} of memory planned; {}",
      escaped(outline.model), with_commas(outline.train_samples), with_commas(outline.val_samples),
      counted(outline.steps_per_epoch, "step"), human_bytes(outline.planned_bytes),
      escaped(outline.run));
  if (outline.first_step > 0) text += fmt::format(", from step {}", outline.first_step);
  return text;
}

std::string epoch_line(const EpochRow& row, int64_t epochs) {
  std::string text = fmt::format("epoch {}/{}", row.epoch, epochs);
  for (const auto& [name, value] : row.scores) text += fmt::format("  {} {:.4f}", name, value);
  text += fmt::format("  {} samples/s  {}", rate_text(row.samples_per_second),
                      human_seconds(row.seconds));
  if (row.is_best) text += "  best";
  return text;
}

ProgressDevice ProgressDevice::standard_error() {
  ProgressDevice device;
  // A terminal that has gone away must not end the run: errors are dropped.
  device.write = [](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); };
  device.now = [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  };
  const char* terminal = std::getenv("TERM");
  const char* no_color = std::getenv("NO_COLOR");
  device.is_terminal =
      isatty(STDERR_FILENO) == 1 && terminal && std::string_view(terminal) != "dumb";
  device.color = device.is_terminal && !(no_color && *no_color);
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) device.columns = size.ws_col;
  return device;
}

std::unique_ptr<TrainObserver> make_progress(ProgressMode mode, ProgressDevice device) {
  if (mode == ProgressMode::kAuto) {
    mode = device.is_terminal ? ProgressMode::kBar : ProgressMode::kLines;
  }
  if (mode == ProgressMode::kBar) return std::make_unique<Bar>(std::move(device));
  if (mode == ProgressMode::kLines) return std::make_unique<Lines>(std::move(device));
  return std::make_unique<TrainObserver>();
}

}  // namespace cnn
