// cnn-train: trains a model file into a run directory.

#include <unistd.h>

#include <csignal>
#include <map>
#include <string_view>

#include "base/log.h"
#include "base/text.h"
#include "command.h"
#include "model/vocabulary.h"
#include "train/progress.h"
#include "train/rate_search.h"
#include "train/run_dir.h"
#include "train/trainer.h"
#include "version.h"
#include "viz/kinds.h"
#include "viz/rate_plot.h"

namespace cnn {
namespace {

constexpr const char* kExamples =
    "  cnn train models/lenet5.yaml                     train; the run goes to runs/lenet5\n"
    "  cnn train models/lenet5.yaml --data digits       on the built-in digits: nothing to fetch\n"
    "  cnn train models/lenet5.yaml --data pictures/    on folders of classes, or images/ and "
    "masks/\n"
    "  cnn train models/lenet5.yaml --epochs 3 --lr 0.01 train.optimizer.momentum=0.8\n"
    "  cnn train models/lenet5.yaml 'train.optimizer={adam: 1e-3}'\n"
    "  cnn train models/lenet5.yaml --find-lr           which learning rate to begin with\n"
    "  cnn train --resume runs/lenet5                   go on where it stopped, to the bit\n"
    "  cnn train models/lenet5.yaml --weights w.safetensors   start from these weights\n"
    "  cnn train models/resnet18.yaml --weights resnet18.pth --partial vars.classes=5   PyTorch's";

StopFlags flags;  // signal handlers can reach nothing else

constexpr unsigned kGraceSeconds = 8;  // whoever sends SIGTERM seldom waits for more than 10

extern "C" void on_stop(int signal_number) {
  int none = 0;
  if (!flags.stop_signal.compare_exchange_strong(none, signal_number)) {
    _exit(128 + signal_number);  // asked twice: at once
  }
  if (signal_number == SIGTERM) alarm(kGraceSeconds);
}

// The step, or whatever else runs, is too long. What is being written is let finish.
extern "C" void on_alarm(int) {
  if (flags.saving) {
    alarm(1);
    return;
  }
  constexpr std::string_view kText =
      "\nwarning: SIGTERM, and the step has not ended within 8 s: stopped without a new "
      "checkpoint, the last one stands\n";
  if (write(STDERR_FILENO, kText.data(), kText.size()) < 0) _exit(128 + SIGTERM);
  _exit(128 + SIGTERM);
}

extern "C" void on_hangup(int) { flags.save_requested = true; }

void handle_signals() {
  struct sigaction action {};
  action.sa_flags = SA_RESTART;
  action.sa_handler = on_stop;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  action.sa_handler = on_hangup;
  sigaction(SIGHUP, &action, nullptr);
  action.sa_handler = on_alarm;
  sigaction(SIGALRM, &action, nullptr);
}

std::string summary_text(const TrainReport& report) {
  std::string text = report.run;
  switch (report.status) {
    case TrainReport::Status::kDone:
      text += ": done";
      break;
    case TrainReport::Status::kStopped:
      text += ": stopped, " + report.reason;
      break;
    case TrainReport::Status::kInterrupted:
      text += ": interrupted; go on with: cnn train --resume " + report.run;
      break;
  }
  text += fmt::format("\n{}, {}, {}", counted(report.epochs, "epoch"),
                      counted(report.steps, "step"), human_seconds(report.seconds));
  if (report.best) {
    text += fmt::format("; best {} {:.4g} in epoch {}", report.best->metric, report.best->value,
                        report.best->epoch);
  }
  return text + "\n";
}

// RUN/plots: those pictures that take no time. What hinders them does not hinder the run.
void draw_plots(const std::string& run) {
  for (const char* name : {"curves", "filters"}) {
    const VizKindType* type = find_viz_kind(name);
    try {
      VizRequest request;
      request.subjects.push_back(
          {run, run, load_model(model_file_of(run), {}, vocabulary()), weights_of_run(run)});
      write_result(run_kind(*type, request), run + "/plots", type->prefers_svg);
    } catch (const Error& error) {  // no epoch is complete, no layer has filters
      detail_note("plots/{}: {}", name, error.diagnostics().front().problem);
    }
  }
}

// --find-lr: nothing is trained to be kept.
Exit find_rate(const ModelSpec& spec, const TrainRequest& request, bool as_json) {
  RateSearchRequest search;
  search.weights = request.weights;
  search.partial_weights = request.partial_weights;
  search.allow_non_finite_weights = request.allow_non_finite_weights;
  search.memory_limit = request.memory_limit;
  const RateSearch found = search_rate(spec, search, flags);
  const auto stopped = [] {
    return flags.stop_signal == 0         ? Exit::kOk
           : flags.stop_signal == SIGTERM ? Exit::kTerminated
                                          : Exit::kInterrupted;
  };
  if (found.points.empty()) return stopped();
  VizResult result = rate_search_result(found);
  for (const std::string& path : write_result(result, "plots", true)) {
    result.text += "wrote " + path + "\n";
  }
  print_result(as_json ? found.json() + "\n" : result.text);
  return stopped();
}

int main(int argc, char** argv) {
  TrainRequest request;
  bool find_lr = false;
  bool skip_bad = false;
  ProgressMode progress = ProgressMode::kAuto;
  Command command(
      "train", kExamples,
      "Trains the network of MODEL.yaml and writes a run directory: weights, results.csv, "
      "spec.yaml, run.json.\nCtrl-C saves a checkpoint first; a second one quits at once. So does "
      "SIGTERM, which does not "
      "wait longer than 8 s for a step to end.");
  command.add_model("the model file");
  command.add_key("--data", "data", "NAME",
                  "data set: a name, a file of data/, a folder or a table");
  Flag epochs = command.add_key("--epochs", "train.epochs", "N", "passes over the training data");
  command.add_key("--batch-size", "train.batch_size", "N", "samples per step");
  Flag lr = command.add_key("--lr", "train.lr", "RATE", "learning rate");
  command.add_key("--seed", "train.seed", "N", "seed of every random number");
  Flag max_steps =
      command.add_key("--max-steps", "train.max_steps", "N", "stop after so many updates");
  Flag time = command.add_key("--time", "train.time", "T", "stop after 90, 30s, 45m, 2h");
  Flag patience = command.add_key("--patience", "train.patience", "N",
                                  "stop after N epochs without a better result");
  Flag save_every =
      command.add_key("--save-every", "train.save_every", "N", "checkpoint every N updates too");
  command.add_key("--workers", "train.workers", "N", "threads that load data");
  Flag resume =
      command.add("--resume", request.resume, "go on with this run directory").type("RUN");
  Flag weights =
      command
          .add("--weights", request.weights,
               "start a new run from these weights: safetensors, or a state dict of PyTorch's")
          .type("FILE");
  Flag out = command.add("--out", request.out, "folder of the run directories (default: runs)")
                 .type("DIR");
  Flag name =
      command.add("--name", request.name, "name of the run (default: the model's)").type("NAME");
  Flag overwrite =
      command.add("--overwrite", request.overwrite, "empty an old run of that name first");
  for (Flag other : {weights, out, name, overwrite}) resume.excludes(other);
  Flag finds = command.add("--find-lr", find_lr,
                           "look for a learning rate instead: 200 updates with rates from 1e-6 to "
                           "10, a curve and a suggestion");
  for (Flag other :
       {resume, out, name, overwrite, epochs, lr, max_steps, time, patience, save_every}) {
    finds.excludes(other);
  }
  command
      .add("--partial", request.partial_weights,
           "load what fits of weights of another model, and list the rest")
      .needs(weights);
  command.add("--allow-non-finite", request.allow_non_finite_weights,
              "accept weights that hold NaN or infinity");
  const std::map<std::string, int> modes = {{"auto", static_cast<int>(ProgressMode::kAuto)},
                                            {"bar", static_cast<int>(ProgressMode::kBar)},
                                            {"lines", static_cast<int>(ProgressMode::kLines)},
                                            {"none", static_cast<int>(ProgressMode::kNone)}};
  command
      .add_choice(
          "--progress", modes, [&](int mode) { progress = static_cast<ProgressMode>(mode); },
          "auto, bar, lines or none")
      .type("MODE");
  command.add("--skip-bad", skip_bad,
              "leave out images that cannot be read, up to 1 in 100 (data.skip_bad)");
  command.add_common("print the result as one JSON line");

  return command.run(argc, argv, [&] {
    const bool resumes = !request.resume.empty();
    if (resumes && !command.model().empty()) {
      fail(Exit::kUsage, "", "--resume goes on with the run's own model file: leave '{}' out",
           command.model());
    }
    if (!resumes && command.model().empty()) {
      fail(Exit::kUsage, "", "a model file is required: cnn train MODEL.yaml (or --resume RUN)");
    }
    if (skip_bad) {
      std::vector<std::string> words = {"data.skip_bad=true"};
      command.take_overrides(words);
    }
    request.memory_limit = command.memory_limit();
    request.command = command.line();
    request.version = kVersion;
    handle_signals();
    const ModelSpec spec = command.load(resumes ? request.resume : command.model());
    if (find_lr) return find_rate(spec, request, command.json());
    if (progress == ProgressMode::kAuto && command.quiet()) progress = ProgressMode::kNone;
    const auto observer = make_progress(progress, ProgressDevice::standard_error());
    const TrainReport report = train(spec, request, *observer, flags);
    draw_plots(report.run);
    print_result(command.json() ? report.json() + "\n" : summary_text(report));
    return report.exit;
  });
}

}  // namespace
}  // namespace cnn

int main(int argc, char** argv) { return cnn::main(argc, argv); }
