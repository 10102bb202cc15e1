// cnn-summary: what is in a network.

#include "report/summary.h"

#include <unistd.h>

#include <cstdlib>

#include "base/log.h"
#include "command.h"
#include "model/network.h"

namespace cnn {
namespace {

constexpr const char* kExamples =
    "  cnn summary models/lenet5.yaml                   volumes, parameters, MACs, memory\n"
    "  cnn summary models/lenet5.yaml --explain         how each figure is reckoned\n"
    "  cnn summary models/resnet50.yaml --depth 2       a block a line\n"
    "  cnn summary models/lenet5.yaml --batch-size 256  memory at another batch size\n"
    "  cnn summary vgg11 vgg16 resnet50                 networks side by side: models by name\n"
    "  cnn summary models/lenet5.yaml vars.classes=26 --json\n"
    "  cnn summary googlenet --dot | dot -Tsvg > googlenet.svg";

constexpr const char* kDescription =
    "Shows every layer's output volume, activations a sample (#act), parameters, multiply-adds "
    "(MACs), activation memory and "
    "receptive field ('jump' is the field's stride), and the memory that training and inference "
    "take. Where 'layers' are counted, in tables, CSV and drawings, these are those with "
    "multiply-adds: convolutions, linear layers and the like; 'depth' is the papers' count, of "
    "those "
    "with weights on the longest path. Tables use the "
    "terminal's width (COLUMNS=160 sets it). A model file with an error in its layers is shown up "
    "to the error.";

// The models of a command line, in the form that it asks for.
class Summaries {
 public:
  Summaries(const Command& command, TableStyle style) : command_(command), style_(style) {}

  bool csv = false;
  bool dot = false;
  bool explains = false;

  // Exit::kResource if training one of them takes more than --memory.
  void print(const std::vector<std::string>& paths) const {
    std::vector<ModelSummary> models;
    for (const std::string& path : paths) models.push_back(load(path, paths.size() == 1));
    print_result(text_of(models));
    if (command_.memory_limit() == 0) return;
    for (const ModelSummary& model : models) {
      check_memory(model.memory.train_bytes(), command_.memory_limit(), model.memory.train_largest);
    }
  }

 private:
  std::string text_of(const std::vector<ModelSummary>& models) const {
    if (command_.json()) {
      std::string lines;
      for (const ModelSummary& model : models) lines += model.json() + "\n";
      return lines;
    }
    if (dot) return models[0].dot();
    if (explains) return models[0].explanation();
    if (csv) return models.size() == 1 ? models[0].csv() : comparison_csv(models);
    return models.size() == 1 ? models[0].table(style_) : comparison_table(models, style_);
  }

  ModelSummary load(const std::string& path, bool is_alone) const {
    const ModelSpec spec = command_.load(path);
    try {
      return summarize(spec);
    } catch (const Error&) {
      if (is_alone && !command_.json() && !csv && !dot) show_until_error(spec);
      throw;
    }
  }

  // The table of what stands before the error; the error itself follows on stderr.
  void show_until_error(const ModelSpec& spec) const {
    const LogLevel level = log_level();
    set_log_level(LogLevel::kQuiet);
    ModelSummary summary;
    try {
      summary = summarize_until_error(spec);
    } catch (const Error&) {
      // Then there are no layers to show.
    }
    set_log_level(level);
    if (!summary.layers.empty()) print_result(summary.table(style_));
  }

  const Command& command_;
  TableStyle style_;
};

int main(int argc, char** argv) {
  std::vector<std::string> paths;
  TableStyle style;
  bool csv = false, dot = false, explains = false;
  Command command("summary", kExamples, kDescription);
  command.add("MODEL", paths, "model files, and key.path=value overrides of their keys")
      .required()
      .type("");
  command.add_number("--depth", style.depth, "show blocks below this level as one line each", 1,
                     1000);
  command.reads(
      {"metrics", "train.batch_size", "train.val_batch_size", "train.optimizer", "train.params"});
  command.add_key("--batch-size", "train.batch_size", "N", "plan memory for this");
  Flag as_csv = command.add("--csv", csv, "a line a layer (a line a network)");
  Flag as_dot = command.add("--dot", dot, "a graph for Graphviz");
  as_csv.excludes(as_dot);
  command
      .add("--explain", explains,
           "how each volume and count is reckoned: (28 + 2*2 - 5)/1 + 1 = 28")
      .excludes(as_csv)
      .excludes(as_dot);
  command.add_common("one JSON line a network").excludes(as_csv).excludes(as_dot);

  return command.run(argc, argv, [&] {
    command.take_overrides(paths);
    if (paths.empty()) fail(Exit::kUsage, "", "a model file is required");
    if (explains && paths.size() > 1) fail(Exit::kUsage, "", "--explain takes one model file");
    if (dot && paths.size() > 1) fail(Exit::kUsage, "", "--dot takes one model file");
    style.columns = terminal_columns(100);
    style.is_utf8 = locale_is_utf8();
    style.color = wants_color();
    Summaries summaries(command, style);
    summaries.csv = csv;
    summaries.dot = dot;
    summaries.explains = explains;
    summaries.print(paths);
    return Exit::kOk;
  });
}

}  // namespace
}  // namespace cnn

int main(int argc, char** argv) { return cnn::main(argc, argv); }
