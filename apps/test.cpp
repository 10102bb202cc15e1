// cnn-test: evaluates weights on the test split.

#include "base/text.h"
#include "command.h"
#include "report/evaluate.h"
#include "threshold.h"

namespace cnn {
namespace {

constexpr const char* kExamples =
    "  cnn test runs/lenet5                             its best weights on the test split\n"
    "  cnn test models/lenet5.yaml --weights w.safetensors\n"
    "  cnn test runs/lenet5 --errors                    and how often is it wrong?\n"
    "  cnn test runs/lenet5 --split val --json\n"
    "  cnn test runs/ae-linear --pca 32                  beside 32 principal components\n"
    "  cnn test runs/vae --passes 10                    the bound, over ten samples of each code\n"
    "  cnn test runs/lenet5 --fail-below accuracy=0.98  exit code 7 if it is not reached";

std::string report_text(const TestReport& report, bool shows_errors) {
  std::string text = fmt::format("{} on {} ({})\n\n", report.model,
                                 counted(report.samples, "sample"), report.weights);
  for (const auto& [name, value] : report.metrics) {
    text += fmt::format("  {:<16} {:.6g}\n", name, value);
  }
  for (const auto& [name, rate] : shows_errors ? report.errors : Scores()) {
    text += fmt::format("  {:<16} {:.2f}%\n", name, 100 * rate);
  }
  const std::string classes = report.class_table();
  return classes.empty() ? text : text + "\n" + classes;
}

int main(int argc, char** argv) {
  TestRequest request;
  std::vector<std::string> thresholds;
  bool skip_bad = false, shows_errors = false;
  Command command("test", kExamples,
                  "Evaluates a network: losses, metrics, and for classes precision, recall and the "
                  "confusion matrix.");
  command.add_model("a model file, or a run directory (its best weights)").required();
  command.reads({"metrics", "data", "data.augment.crop", "train.batch_size", "train.val_batch_size",
                 "train.workers", "train.seed", "train.stream"},
                {"data.augment"});
  command.add_key("--data", "data", "NAME",
                  "data set: a name, a data file, a folder or a CSV table");
  command
      .add("--weights", request.weights,
           "weights (a run has its own): safetensors, or a state dict of PyTorch's")
      .type("FILE");
  command.add("--split", request.split, "test, val or train (default: test)")
      .one_of({"test", "val", "train"})
      .type("SPLIT");
  command.add_key("--batch-size", "train.val_batch_size", "N", "samples at a time");
  command.add_key("--workers", "train.workers", "N", "threads that load data");
  command.add("--fail-below", thresholds, "METRIC=VALUE: exit 7 if the metric is lower")
      .type("M=V");
  command.add("--errors", shows_errors, "error rates in percent too, as papers have them");
  command.add_number("--passes", request.passes,
                     "test N times and average: networks that sample in testing", 1, 1 << 20);
  command.add("--ten-crop", request.ten_crops,
              "average the classes of ten crops of every picture: corners, middle, all mirrored");
  command.add_number(
      "--pca", request.pca_components,
      "of an autoencoder: what N principal components of the training split reach, and "
      "their angles to what the network spans",
      1, 4096);
  command.add("--partial", request.partial_weights,
              "load what fits of weights of another model, and list the rest");
  command.add("--allow-non-finite", request.allow_non_finite_weights,
              "accept weights that hold NaN or infinity");
  command.add("--skip-bad", skip_bad,
              "leave out images that cannot be read, up to 1 in 100 (data.skip_bad)");
  command.add_common("print the result as one JSON line");

  return command.run(argc, argv, [&] {
    const std::vector<Threshold> floors = parse_thresholds(thresholds);
    request.weights = Command::weights_for(command.model(), request.weights);
    if (skip_bad) {
      std::vector<std::string> words = {"data.skip_bad=true"};
      command.take_overrides(words);
    }
    request.memory_limit = command.memory_limit();
    const TestReport report = test_model(command.load(command.model()), request);
    print_result(command.json() ? report.json() + "\n" : report_text(report, shows_errors));
    return check_thresholds(floors, report.metrics);
  });
}

}  // namespace
}  // namespace cnn

int main(int argc, char** argv) { return cnn::main(argc, argv); }
