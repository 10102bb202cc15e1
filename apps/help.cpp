#include "help.h"

#include "base/error.h"
#include "base/text.h"
#include "layers/catalog.h"
#include "layers/initializer.h"
#include "metrics/metrics.h"
#include "model/settings.h"
#include "report/layer_reference.h"

namespace cnn {
namespace {

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
    {"time", "samples per second, and where the time goes"},
};

std::string layers_of(LayerType::Role role) {
  std::string text;
  for (const LayerType* type : layer_types()) {
    if (type->role == role) text += fmt::format("  {:<16} {}\n", type->name, type->summary);
  }
  return text;
}

std::string layer_list() {
  return "Layers:\n" + layers_of(LayerType::Role::kLayer) +
         "\nActivations (also as 'act: NAME'):\n" + layers_of(LayerType::Role::kActivation) +
         "\nLosses:\n" + layers_of(LayerType::Role::kLoss) + "\nOne in full: cnn help layer conv\n";
}

std::string metric_list() {
  std::string text = "Metrics (metrics: [accuracy, {topk: 3}]):\n";
  for (const MetricType& type : metric_types()) {
    text += fmt::format("  {:<16} {}\n  {:<16}   {}\n", type.name, type.summary, "", type.example);
  }
  return text;
}

std::string initialiser_list() {
  std::string text = "Initialisers (init: he_normal, init: {normal: 0.01}):\n";
  for (const std::string& name : Initializer::names()) text += "  " + name + "\n";
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
  return text +
         "\nMore: cnn help COMMAND, cnn help viz KIND, cnn help layers, cnn help layer conv,\n"
         "      cnn help training, cnn help metrics, cnn help initialisers\n";
}

std::string topic_help(const std::vector<std::string>& words) {
  const std::string& topic = words[0];
  if (topic == "layers" || (topic == "layer" && words.size() == 1)) return layer_list();
  if (topic == "layer" || topic == "loss" || topic == "activation") {
    if (words.size() == 1) return layer_list();
    const LayerType* type = find_layer_type(words[1]);
    if (type == nullptr) unknown("layer", words[1], layer_names());
    return layer_help(*type);
  }
  if (topic == "training") return train_help();
  if (topic == "metrics") return metric_list();
  if (topic == "initialisers" || topic == "initializers") return initialiser_list();
  if (const LayerType* type = find_layer_type(topic)) return layer_help(*type);
  std::vector<std::string> known = {"layers", "layer", "training", "metrics", "initialisers"};
  for (const CommandLine& command : kCommands) known.emplace_back(command.name);
  unknown("help on", topic, known);
}

}  // namespace cnn
