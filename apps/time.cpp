// cnn-time: how fast a model runs here.

#include <filesystem>

#include "command.h"
#include "report/timing.h"

namespace cnn {
namespace {

constexpr const char* kExamples =
    "  cnn time models/lenet5.yaml                      training steps on generated data\n"
    "  cnn time models/lenet5.yaml --mode infer --batch-size 1\n"
    "  cnn time models/lenet5.yaml --threads 2 --seconds 5 --json > after.json\n"
    "  cnn time --compare before.json after.json        two such reports, layer by layer";

// What a column is called: the file's name without folder and ending.
std::string title_of(const std::string& path) {
  return std::filesystem::path(path).stem().string();
}

std::string compare(const Command& command, const std::vector<std::string>& files) {
  const bool same_title = title_of(files[0]) == title_of(files[1]);
  const TimingComparison comparison(same_title ? files[0] : title_of(files[0]),
                                    same_title ? files[1] : title_of(files[1]),
                                    read_timing(files[0]), read_timing(files[1]));
  return command.json() ? comparison.json() + "\n"
                        : comparison.table(locale_is_utf8(), wants_color());
}

int main(int argc, char** argv) {
  TimingRequest request;
  std::string mode = "train";
  bool totals_only = false;
  Command command(
      "time", kExamples,
      "Times a network on generated data: forward, loss, backward and SGD with momentum, "
      "or inference. Quotes the median step, then what each layer takes (medians, in steps of "
      "their own) and what the machine could do at best (measured after all steps, so that it "
      "adds nothing to the memory quoted).");
  Flag model = command.add_model("the model file");
  std::vector<std::string> files;
  Flag compared =
      command
          .add("--compare", files,
               "two reports of --json of one mode: their layers side by side, speed-ups per sample")
          .takes(2)
          .type("A.json B.json")
          .excludes(model);
  command.add("--mode", mode, "train or infer (default: train, which needs a loss)")
      .one_of({"train", "infer"})
      .type("MODE")
      .excludes(compared);
  command.reads({"train.batch_size", "train.optimizer", "train.params", "train.seed"});
  command.add_key("--batch-size", "train.batch_size", "N", "samples per step").excludes(compared);
  command.add_number("--seconds", request.seconds, "how long to measure (default: 3)", 0, 3600, "S")
      .excludes(compared);
  command.add("--total", totals_only, "leave the layers out").excludes(compared);
  command.add_common("print the result as one JSON line");

  return command.run(argc, argv, [&] {
    if (!files.empty()) {
      print_result(compare(command, files));
      return Exit::kOk;
    }
    if (command.model().empty())
      fail(Exit::kUsage, "", "name a model file, or --compare A.json B.json");
    request.training = mode == "train";
    request.per_layer = !totals_only;
    request.memory_limit = command.memory_limit();
    const TimingReport report = time_model(command.load(command.model()), request);
    print_result(command.json() ? report.json() + "\n"
                                : report.table(locale_is_utf8(), wants_color()));
    return Exit::kOk;
  });
}

}  // namespace
}  // namespace cnn

int main(int argc, char** argv) { return cnn::main(argc, argv); }
