#include "report/topic_help.h"

#include <algorithm>

#include "base/text.h"
#include "data/format.h"
#include "graph/language.h"
#include "layers/catalog.h"
#include "layers/initializer.h"
#include "metrics/metrics.h"
#include "model/optimizer.h"
#include "model/schedule.h"
#include "model/settings.h"
#include "report/known_weights.h"
#include "report/layer_reference.h"
#include "report/reference_text.h"

namespace cnn {
namespace {

std::string line_of(std::string_view name, std::string_view summary) {
  return fmt::format("  {:<16} {}\n", name, summary);
}

std::string layers_of(LayerType::Role role) {
  std::string text;
  for (const LayerType* type : layer_types()) {
    if (type->role == role) text += line_of(type->name, type->summary);
  }
  return text;
}

std::string structure_list() {
  std::string text;
  for (const Structure& structure : structures())
    text += line_of(structure.name, structure.summary);
  return text;
}

std::string activation_list() {
  return "Activations (act: relu, act: {leaky_relu: 0.1}, or an item of their own):\n" +
         layers_of(LayerType::Role::kActivation) + "\nOne in full: cnn help layer gelu\n";
}

std::string loss_list() {
  return "Losses (loss: {cross_entropy: out, target: label}, or a list of them with weights):\n" +
         layers_of(LayerType::Role::kLoss) + "\nOne in full: cnn help loss cross_entropy\n";
}

std::string layer_list() {
  return "Layers:\n" + layers_of(LayerType::Role::kLayer) + "\nStructure:\n" + structure_list() +
         "\nActivations (also as 'act: NAME'):\n" + layers_of(LayerType::Role::kActivation) +
         "\nLosses:\n" + layers_of(LayerType::Role::kLoss) +
         "\nOne in full: cnn help layer conv. Keys of every item: cnn help blocks\n";
}

std::string key_list() {
  std::string text = "Keys of every item:\n";
  for (const CommonKey& key : common_keys()) text += line_of(key.name, key.help);
  return text;
}

std::string block_help() {
  return "Examples:\n"
         "  blocks:\n"
         "    double: {args: {out: ~, pad: 1}, layers: [{conv: $out, kernel: 3, pad: $pad, act: "
         "relu, repeat: 2}]}\n"
         "  layers:\n"
         "    - {double: 64, name: enc1}\n"
         "    - {double: 128, pad: 0, repeat: 3, first: {pad: 1}}\n\n" +
         wrapped(
             "A block is an item with arguments. ~ marks one that must be given; the first is "
             "the value after the block's name, the others are keys. $out is its value, "
             "$(2*out) an expression, 'in' the block's input, $in.c its channels. With splice: "
             "true the items stand in the caller's list as if written there.",
             "") +
         "\nStructure (cnn help layer seq):\n" + structure_list() + "\n" + key_list();
}

// Types of ops, each with its own table.
template <class Types>
std::string family(std::string_view key, const Types& types) {
  std::string text = "Examples:\n";
  for (const auto& type : types) text += fmt::format("  {}: {}\n", key, type.example);
  for (const auto& type : types) {
    const auto op = type.make();
    Options options;
    op->options(options);
    text += fmt::format("\n{}: {}\n", type.name, type.summary);
    text += option_table(option_rows(options, type.name));
  }
  return without_ticks(text);
}

std::string metric_list() {
  std::string text = "Examples:\n  metrics: [accuracy, {topk: 3}]\n\nMetrics:\n";
  for (const MetricType& type : metric_types()) {
    const std::unique_ptr<Metric> metric = type.make();
    Options options;
    metric->options(options);
    text += line_of(type.name, type.summary);
    if (type.example != std::string_view(type.name)) text += line_of("", type.example);
    text += option_table(option_rows(options, type.name), std::string(19, ' '));
  }
  return without_ticks(text);
}

std::string initialiser_list() {
  std::string text = "Examples:\n";
  for (const InitializerHelp& help : initializer_help()) text += "  init: " + help.example + "\n";
  text += "  init: {weight: he_normal, bias: {constant: 1}}\n\nInitialisers:\n";
  for (const InitializerHelp& help : initializer_help()) {
    text += line_of(help.name, help.formula);
    if (!help.fan.empty()) text += line_of("", "fan: " + help.fan + " unless given");
  }
  return without_ticks(text) + "\n" +
         wrapped(
             "fan_in: the inputs that one output adds up, of a convolution channels times taps; "
             "fan_out: the outputs that one input goes to; average: half of their sum.",
             "");
}

std::string format_help(const DataFormatType& type) {
  const std::unique_ptr<DataFormat> format = type.make();
  Options own;
  format->declare(own);
  return fmt::format("\nformat: {} - {}\n", type.name, type.help) +
         option_table(option_rows(own, ""));
}

std::string data_help() {
  std::string text =
      "Examples:\n"
      "  data: digits                                 built in; so is sentences\n"
      "  data: mnist                                  data/mnist.yaml beside models/, or "
      "installed\n"
      "  data: {format: folder, train: pictures/train, val: 0.1, size: 64, channels: 3}\n"
      "  data: {format: csv, train: table.csv, val: 0.2}\n"
      "  data: {format: csv, train: houses.csv, val: 0.1, standardise: true,\n"
      "         columns: {inputs: [area, district], categories: [district], targets: [price]}}\n"
      "  data: {format: text, train: play.txt, val: 0.1, unit: character}\n"
      "  data: {format: sentences, train: {source: a.de, target: a.en}, val: 0.1, unit: word,\n"
      "         lower: true, symbols: 8000, most: 40}\n"
      "  data: {format: captions, train: train.tsv, test: test.tsv, images: photos}\n"
      "  data: {from: pictures, val: 0.1}             a folder, a table or a text: format and keys "
      "are found\n"
      "  data: {from: mnist, limit: 1000}             a data set with other keys\n\nKeys of every "
      "format:\n";
  DataOptions options;
  Options common;
  options.declare(common);
  text += option_table(option_rows(common, ""));
  for (const DataFormatType& type : data_formats()) text += format_help(type);
  return without_ticks(text) +
         "\nRandom changes of training samples: cnn help augment. Sets to fetch: cnn data list\n";
}

std::string augment_help() {
  AugmentOptions options;
  Options table;
  options.declare(table);
  return "Examples:\n"
         "  data: {format: cifar, augment: {pad: 4, crop: 32, flip: true}}\n"
         "  cnn train MODEL.yaml 'data.augment={rotate: 10, scale: 0.1, shift: 2}'\n\n"
         "Random changes of training samples:\n" +
         without_ticks(option_table(option_rows(table, "")));
}

std::string structure_help(const Structure& structure) {
  return fmt::format("{}: {}\n\nExamples:\n{}\n{}\n{}", structure.name, structure.summary,
                     indented(structure.example, "  "), wrapped(structure.details, ""), key_list());
}

struct Topic {
  const char* name;
  std::vector<std::string_view> other_spellings;
  std::string (*text)();
};

const std::vector<Topic>& topics() {
  static const std::vector<Topic> kTopics = {
      {"layers", {"layer"}, layer_list},
      {"blocks", {"block", "structure", "items", "keys"}, block_help},
      {"activations", {"activation", "act"}, activation_list},
      {"losses", {"loss"}, loss_list},
      {"metrics", {"metric"}, metric_list},
      {"data", {"datasets", "dataset", "formats", "format"}, data_help},
      {"augment", {"augmentation", "augmentations"}, augment_help},
      {"weights", {"pretrained", "checkpoints"}, weights_help},
      {"training", {}, [] { return without_ticks(train_help()); }},
      {"optimizers",
       {"optimizer", "optimisers", "optimiser"},
       [] { return family("optimizer", optimizer_types()); }},
      {"schedules",
       {"schedule", "schedulers"},
       [] { return family("schedule", schedule_types()); }},
      {"initialisers", {"initializers", "initialiser", "initializer", "init"}, initialiser_list}};
  return kTopics;
}

}  // namespace

std::vector<std::string> help_topics() {
  std::vector<std::string> names;
  for (const Topic& topic : topics()) names.emplace_back(topic.name);
  return names;
}

std::optional<std::string> topic_text(std::string_view topic) {
  for (const Topic& t : topics()) {
    const auto& others = t.other_spellings;
    if (topic == t.name || std::find(others.begin(), others.end(), topic) != others.end()) {
      return t.text();
    }
  }
  return std::nullopt;
}

std::optional<std::string> op_help(std::string_view name) {
  for (const Structure& structure : structures()) {
    if (name == structure.name) return structure_help(structure);
  }
  const LayerType* type = find_layer_type(name);
  return type != nullptr ? std::optional(layer_help(*type)) : std::nullopt;
}

std::vector<std::string> op_names() {
  std::vector<std::string> names = layer_names();
  for (const Structure& structure : structures()) names.emplace_back(structure.name);
  return names;
}

}  // namespace cnn
