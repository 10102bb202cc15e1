#include "help.h"

#include "base/error.h"
#include "base/text.h"
#include "report/reference_text.h"
#include "report/topic_help.h"

namespace cnn {
namespace {

constexpr const char* kExitCodes = "exit-codes";

struct CommandLine {
  const char* name;
  const char* job;
};

constexpr CommandLine kCommands[] = {
    {"train", "train a model file; makes a run directory"},
    {"test", "evaluate weights on the test split"},
    {"predict", "run a network on inputs: predictions, outputs as .npy"},
    {"viz", "pictures: curves, filters, activations, saliency, an HTML report"},
    {"runs", "runs listed and compared: settings, results, spread over seeds"},
    {"summary", "output volumes, parameter counts, multiply-adds, receptive fields, memory"},
    {"spec", "model files resolved or compared; their schema for editors"},
    {"data", "data sets listed and fetched"},
    {"time", "samples per second, and where the time goes"},
};

struct ExitMeaning {
  Exit code;
  const char* meaning;
};

constexpr ExitMeaning kExits[] = {
    {Exit::kOk, "all is well"},
    {Exit::kBug, "a fault of cnn itself"},
    {Exit::kUsage, "the command line"},
    {Exit::kSpec, "the model file's content"},
    {Exit::kInput, "an input file is missing, unreadable or bad"},
    {Exit::kDiverged, "a loss or gradient is not finite"},
    {Exit::kResource, "memory, disk or output"},
    {Exit::kThreshold, "a stated threshold is not met (cnn test --fail-below)"},
    {Exit::kInterrupted, "ended by Ctrl-C (SIGINT); a training run has saved its state"},
    {Exit::kTerminated, "ended by SIGTERM; likewise"},
};

std::string exit_codes() {
  std::string text =
      "Examples:\n"
      "  cnn test runs/lenet5 --fail-below accuracy=0.98 || echo \"ended with $?\"\n"
      "  cnn train --resume runs/lenet5                   goes on after 130 or 143\n\n"
      "Exit codes of every command:\n";
  for (const ExitMeaning& exit : kExits) {
    text += fmt::format("  {:>3}  {}\n", static_cast<int>(exit.code), exit.meaning);
  }
  return text;
}

[[noreturn]] void unknown(std::string_view kind, const std::string& word,
                          const std::vector<std::string>& known) {
  const auto near = nearest(word, known);
  throw Error(Exit::kUsage,
              {{"",
                fmt::format("no {} '{}'", kind, word),
                "",
                {near ? "did you mean '" + *near + "'?" : "there are " + quoted_list(known)}}});
}

}  // namespace

std::vector<std::string> command_names() {
  std::vector<std::string> names = {"help"};
  for (const CommandLine& command : kCommands) names.emplace_back(command.name);
  return names;
}

bool is_command(std::string_view word) {
  for (const CommandLine& command : kCommands) {
    if (word == command.name) return true;
  }
  return false;
}

bool is_topic(std::string_view word) { return topic_text(word).has_value(); }

std::string overview() {
  std::string text =
      "cnn: neural networks on CPUs, each described in one YAML file\n\n"
      "  cnn train models/lenet5.yaml --data digits       train on the built-in digits\n"
      "  cnn test runs/lenet5                             how good is it?\n"
      "  cnn summary models/lenet5.yaml                   what is in it?\n"
      "  cnn viz report runs/lenet5                       everything on one page\n\n"
      "Commands:\n";
  for (const CommandLine& command : kCommands) {
    text += fmt::format("  {:<9} {}\n", command.name, command.job);
  }
  text += "\nMore: cnn help COMMAND, cnn help viz KIND, cnn help layer conv, and cnn help of\n";
  std::vector<std::string> topics = help_topics();
  topics.emplace_back(kExitCodes);
  return text + wrapped(join(topics, ", "), "      ");
}

std::string topic_help(const std::vector<std::string>& words) {
  const std::string& topic = words[0];
  const bool is_of_op = topic == "layer" || topic == "loss" || topic == "activation";
  if (is_of_op && words.size() > 1) {
    if (const auto text = op_help(words[1])) return *text;
    unknown(topic, words[1], op_names());
  }
  if (topic == kExitCodes || topic == "exit" || topic == "exits") return exit_codes();
  if (const auto text = topic_text(topic)) return *text;
  if (const auto text = op_help(topic)) return *text;
  std::vector<std::string> known = help_topics();
  known.insert(known.end(), {"layer", kExitCodes});
  for (const CommandLine& command : kCommands) known.emplace_back(command.name);
  unknown("help on", topic, known);
}

}  // namespace cnn
