// cnn-summary: what is in a network.

#include "train/summary.h"

#include "command.h"

namespace cnn {
namespace {

constexpr const char* kExamples =
    "  cnn summary models/lenet5.yaml                   volumes, parameters, MACs, memory\n"
    "  cnn summary models/lenet5.yaml --batch-size 256  memory at another batch size\n"
    "  cnn summary models/lenet5.yaml vars.classes=26 --json";

int main(int argc, char** argv) {
  int64_t batch_size = 0;
  Command command("summary", kExamples,
                  "Shows every layer's output volume, parameters and multiply-adds, and the memory "
                  "that training and prediction take.");
  command.add_model("the model file")->required();
  command.app()
      .add_option("--batch-size", batch_size, "plan memory for this (default: the model's)")
      ->check(CLI::Range(1, 1 << 20))
      ->type_name("N");
  command.add_common("print the result as one JSON line");

  return command.run(argc, argv, [&] {
    const ModelSummary summary = summarize(command.load(command.model()), batch_size);
    print_result(command.json() ? summary.json() + "\n" : summary.table());
    return Exit::kOk;
  });
}

}  // namespace
}  // namespace cnn

int main(int argc, char** argv) { return cnn::main(argc, argv); }
