#include "train/progress.h"

#include "support/catch.h"
#include "support/training.h"

namespace cnn {
namespace {

using namespace cnn::test;

// A terminal of our own, with a clock that the test turns.
struct Screen {
  std::string text;
  double time = 100;
  int writes = 0;
  ProgressDevice device(bool terminal, int columns = 80, bool color = false) {
    ProgressDevice d;
    d.write = [this](std::string_view part) {
      text += part;
      ++writes;
    };
    d.now = [this] { return time; };
    d.is_terminal = terminal;
    d.color = color;
    d.columns = columns;
    return d;
  }
};

RunOutline outline() {
  RunOutline o;
  o.run = "runs/net";
  o.model = "net";
  o.epochs = 2;
  o.steps_per_epoch = 100;
  o.total_steps = 200;
  o.train_samples = 6400;
  o.val_samples = 640;
  o.planned_bytes = 3 << 20;
  return o;
}

StepInfo step(int64_t number) {
  return {1 + (number - 1) / 100, number, 1 + (number - 1) % 100, 64, 0.5, 0.1};
}

EpochRow row() {
  EpochRow r;
  r.epoch = 1;
  r.step = 100;
  r.seconds = 12.5;
  r.scores = {{"train/loss", 0.25}, {"val/accuracy", 0.975}};
  r.samples_per_second = 1234.5;
  r.is_best = true;
  return r;
}

TEST_CASE("lines: one an epoch and one every 30 seconds") {
  Screen screen;
  const auto progress = make_progress(ProgressMode::kAuto, screen.device(false));
  progress->started(outline());
  for (int64_t i = 1; i <= 100; ++i) {
    screen.time += 1;
    progress->stepped(step(i));
  }
  CHECK(std::count(screen.text.begin(), screen.text.end(), '\n') == 1 + 3);
  CHECK(contains(screen.text, "6,400 training"));
  CHECK(contains(screen.text, "epoch 1/2  30%  step 30  loss 0.5000  64.0 samples/s"));
  CHECK(contains(screen.text, "1:10 left of the epoch, 2:50 of the run"));
  progress->epoch_ended(row());
  CHECK(
      contains(screen.text, "epoch 1/2  train/loss 0.2500  val/accuracy 0.9750  1,235 samples/s"));
  CHECK(contains(screen.text, "best\n"));
  progress->message("warning: x");
  CHECK(contains(screen.text, "warning: x\n"));
  CHECK_FALSE(contains(screen.text, "\x1b"));
}

TEST_CASE("the bar is drawn at most ten times a second, on one line of the terminal") {
  for (const int columns : {200, 80, 50, 20, 3}) {
    Screen screen;
    const auto progress = make_progress(ProgressMode::kAuto, screen.device(true, columns));
    progress->started(outline());
    screen.text.clear();
    screen.writes = 0;
    for (int64_t i = 1; i <= 100; ++i) {
      screen.time += 0.01;
      progress->stepped(step(i));
    }
    CHECK(screen.writes <= 11);
    CHECK(screen.writes >= 9);
    CHECK_FALSE(contains(screen.text, "\n"));
    std::istringstream frames(screen.text);
    for (std::string frame; std::getline(frames, frame, '\r');) {
      if (frame.rfind("\x1b[K", 0) == 0) frame = frame.substr(3);
      CHECK(frame.size() < static_cast<size_t>(std::max(columns, 1)));
    }
    if (columns == 80) CHECK(contains(screen.text, "loss 0.5000"));
  }
}

TEST_CASE("a message clears the bar first, and the end leaves none behind") {
  Screen screen;
  const auto progress = make_progress(ProgressMode::kBar, screen.device(true, 80, true));
  progress->started(outline());
  screen.time += 1;
  progress->stepped(step(1));
  screen.text.clear();
  progress->message("note");
  CHECK(screen.text == "\r\x1b[Knote\n");
  screen.time += 1;
  progress->validating(320, 640);
  CHECK(contains(screen.text, "50% validating"));
  screen.text.clear();
  progress->epoch_ended(row());
  CHECK(contains(screen.text, "\x1b[32mepoch 1/2"));
  screen.time += 1;
  progress->stepped(step(101));
  screen.text.clear();
  progress->finished({});
  CHECK(screen.text == "\r\x1b[K");
}

TEST_CASE("without progress there are messages only") {
  Screen screen;
  const auto progress = make_progress(ProgressMode::kNone, screen.device(true));
  progress->started(outline());
  progress->stepped(step(1));
  progress->epoch_ended(row());
  progress->finished({});
  CHECK(screen.text.empty());
}

}  // namespace
}  // namespace cnn
