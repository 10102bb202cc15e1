// cnn-time: how fast a model runs here.

#include "command.h"
#include "train/timing.h"

namespace cnn {
namespace {

constexpr const char* kExamples =
    "  cnn time models/lenet5.yaml                      training steps on generated data\n"
    "  cnn time models/lenet5.yaml --mode infer --batch-size 1\n"
    "  cnn time models/lenet5.yaml --threads 2 --seconds 5 --json";

int main(int argc, char** argv) {
  TimingRequest request;
  std::string mode = "train";
  bool totals_only = false;
  Command command(
      "time", kExamples,
      "Times a network on generated data: forward, loss, backward and SGD with momentum, "
      "or inference.\nQuotes the median step, then each layer's share.");
  command.add_model("the model file")->required();
  CLI::App& app = command.app();
  app.add_option("--mode", mode, "train or infer (default: train)")
      ->check(CLI::IsMember({"train", "infer"}))
      ->type_name("MODE");
  app.add_option("--batch-size", request.batch_size, "samples per step (default: the model's)")
      ->check(CLI::Range(1, 1 << 20))
      ->type_name("N");
  app.add_option("--seconds", request.seconds, "how long to measure (default: 3)")
      ->check(CLI::Range(0.0, 3600.0))
      ->type_name("S");
  app.add_flag("--total", totals_only, "leave the layers out");
  command.add_common("print the result as one JSON line");

  return command.run(argc, argv, [&] {
    request.training = mode == "train";
    request.per_layer = !totals_only;
    request.memory_limit = command.memory_limit();
    const TimingReport report = time_model(command.load(command.model()), request);
    print_result(command.json() ? report.json() + "\n" : report.table());
    return Exit::kOk;
  });
}

}  // namespace
}  // namespace cnn

int main(int argc, char** argv) { return cnn::main(argc, argv); }
