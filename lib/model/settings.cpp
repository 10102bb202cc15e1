#include "model/settings.h"

#include <charconv>
#include <cmath>

#include "metrics/metrics.h"
#include "spec/expression.h"

namespace cnn {

std::string OptionType<BestRule>::name() { return "{RESULT: max or min}"; }
OptionSchema OptionType<BestRule>::schema() { return OptionSchema::any(); }

bool OptionType<BestRule>::read(const Node& node, BestRule& out, Diagnostics& d) {
  if (!node.is_map() || node.entries().size() != 1) {
    d.report(node.mark(), "expected one result with 'max' or 'min', found " + node.describe(),
             "for example {val/accuracy: max}");
    return false;
  }
  const Entry& entry = node.entries().front();
  const std::optional<std::string> direction = entry.value.read_string(d);
  if (!direction) return false;
  if (*direction != "max" && *direction != "min") {
    d.report_unknown(entry.value.mark(), "direction", *direction, {"max", "min"});
    return false;
  }
  out = {entry.key, *direction == "max"};
  return true;
}

Node OptionType<BestRule>::write(const BestRule& value) {
  if (value.metric.empty()) return {};
  return Node::map({{value.metric, {}, Node::scalar(value.maximize ? "max" : "min")}});
}

std::string OptionType<ClipRule>::name() { return "number or {norm, limit}"; }
OptionSchema OptionType<ClipRule>::schema() { return OptionSchema::any(); }

bool OptionType<ClipRule>::read(const Node& node, ClipRule& out, Diagnostics& d) {
  Options options;
  options("norm", out.norm, "largest global norm").at_least(0);
  options("limit", out.limit, "norm that ends the run").at_least(0);
  if (node.is_map()) return options.read_map(node, "'clip'", d);
  return Options::read_value(*options.find("norm"), node, d);
}

Node OptionType<ClipRule>::write(const ClipRule& value) {
  if (!value.active()) return {};
  if (value.limit == 0) return OptionType<double>::write(value.norm);
  return Node::map({{"norm", {}, OptionType<double>::write(value.norm)},
                    {"limit", {}, OptionType<double>::write(value.limit)}});
}

std::string OptionType<Duration>::name() { return "seconds, or 30s, 45m, 2h"; }
OptionSchema OptionType<Duration>::schema() { return OptionSchema::any(); }

bool OptionType<Duration>::read(const Node& node, Duration& out, Diagnostics& d) {
  const std::optional<std::string> text = node.read_string(d);
  if (!text) return false;
  double amount = 0;
  const char* end = text->data() + text->size();
  const auto [rest, error] = std::from_chars(text->data(), end, amount);
  const std::string_view unit(rest, static_cast<size_t>(end - rest));
  const double factor = unit.empty() || unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 0;
  if (error != std::errc() || factor == 0 || !std::isfinite(amount) || amount < 0) {
    d.report(node.mark(), "expected a length of time, found " + node.describe(),
             "seconds, or 30s, 45m, 2h");
    return false;
  }
  out.seconds = amount * factor;
  return true;
}

Node OptionType<Duration>::write(const Duration& value) {
  return OptionType<double>::write(value.seconds);
}

LoaderSettings TrainSettings::loader(int64_t batch) const {
  LoaderSettings loader;
  loader.batch_size = batch;
  loader.seed = static_cast<uint64_t>(seed);
  loader.workers = static_cast<int>(workers);
  return loader;
}

void TrainSettings::options(Options& o) {
  o("epochs", epochs, "passes over the training data")
      .at_least(0)
      .aliases({"num_epochs", "max_epochs"});
  o("batch_size", batch_size, "samples of one forward and backward").at_least(1).aliases({"batch"});
  o("val_batch_size", val_batch_size, "the same in validation and testing; 0: as batch_size")
      .at_least(0);
  o("stream", stream,
    "deal the samples in batch_size streams, each a stretch of the text, and carry the state of "
    "recurrent layers on; else samples come in random order");
  o.choice(
      "sampler", sampler, {{"each", Sampler::kEach}, {"balanced", Sampler::kBalanced}},
      "each: an epoch has every sample once; balanced: as many samples, of every class equally "
      "many");
  o("keep_frozen", keep_frozen,
    "what frozen layers at the beginning make of a sample is kept, in memory, then in a file "
    "beside "
    "the run, where the sample comes to them unchanged; false: it is computed in every epoch, with "
    "the same result");
  o("accumulate", accumulate, "batches whose gradients are added up for one update").at_least(1);
  o("lr", lr, "learning rate, in place of the optimizer's own")
      .at_least(0)
      .aliases({"learning_rate"});
  o("best", best, "the result that chooses the best weights; val/loss if not given");
  o("seed", seed, "of weights, order and dropout").at_least(0);
  o("patience", patience, "epochs without a better result before the run stops; 0: never")
      .at_least(0)
      .aliases({"early_stopping"});
  o("clip", clip, "global norm to which larger gradients are scaled; beyond `limit` the run ends")
      .aliases({"clip_norm", "grad_clip"});
  o("mixup", mixing.mixup,
    "pairs of samples are blended, by shares of a Beta distribution with this parameter, such as "
    "0.2; 0: off")
      .between(0, 1000)
      .aliases({"mixup_alpha"});
  o("cutmix", mixing.cutmix,
    "a box of one picture is laid into another, its area likewise, such as 1; 0: off")
      .between(0, 1000)
      .aliases({"cutmix_alpha"});
  o("ema", ema,
    "what is tested and kept is a running mean of the weights, of which every update keeps this "
    "share, such as 0.999; 0: off")
      .between(0, 1)
      .aliases({"ema_decay", "model_ema"});
  o("workers", workers, "threads that load data; 0: none beside training")
      .between(0, 64)
      .aliases({"num_workers"});
  o("save_every", save_every, "updates between checkpoints, beside one an epoch; 0: none")
      .at_least(0);
  o("max_steps", max_steps, "updates after which the run stops; 0: no limit").at_least(0);
  o("time", time, "time after which the run stops; 0: no limit");
}

namespace {

// Counts that would overflow a product of sizes are mistakes, whatever the machine.
void check_sizes(const TrainSettings& settings, const Node& section, Diagnostics& diagnostics) {
  constexpr int64_t kMost = int64_t{1} << 31;
  const std::pair<const char*, int64_t> sizes[] = {{"epochs", settings.epochs},
                                                   {"batch_size", settings.batch_size},
                                                   {"val_batch_size", settings.val_batch_size},
                                                   {"accumulate", settings.accumulate}};
  for (const auto& [key, value] : sizes) {
    const Node* node = section.find(key);
    if (node && value >= kMost) {
      diagnostics.report(node->mark(),
                         fmt::format("'{}' must be below {}, found {}", key, kMost, value));
    }
  }
}

}  // namespace

TrainSettings read_train_settings(const ModelSpec& spec) {
  Diagnostics diagnostics;
  TrainSettings settings;
  Node section;
  if (const Node* written = spec.section("train")) {
    section = evaluate(*written, VariableScope(spec.vars), diagnostics);
  }
  Options options;
  settings.options(options);
  options.read_map(section, "'train'", diagnostics, {"optimizer", "schedule", "params"});
  check_sizes(settings, section, diagnostics);
  const Node* optimizer = section.find("optimizer");
  settings.optimizer = optimizer ? read_optimizer(*optimizer, diagnostics) : make_optimizer("sgd");
  const Node* schedule = section.find("schedule");
  settings.schedule = schedule ? read_schedule(*schedule, diagnostics) : make_schedule("constant");
  diagnostics.throw_if_any();
  return settings;
}

namespace {

std::string option_lines(const Options& options, std::string_view indent) {
  std::string text;
  for (const Option& o : options.table()) {
    const std::string given = o.is_required            ? "required"
                              : o.default_text.empty() ? ""
                                                       : "default " + o.default_text;
    text += fmt::format("{}{:<15} {}\n{}{:<15} {}{}{}\n", indent, o.name, o.help, indent, "",
                        o.type, given.empty() ? "" : "; ", given);
  }
  return text;
}

// One family of ops, each with its own table.
template <class Types>
std::string family_help(std::string_view key, const Types& types) {
  std::string text = fmt::format("\n{}:\n", key);
  for (const auto& type : types) {
    const auto op = type.make();
    Options options;
    op->options(options);
    text += fmt::format("\n  {} - {}\n    {}: {}\n", type.name, type.summary, key, type.example);
    text += option_lines(options, "    ");
  }
  return text;
}

}  // namespace

std::string train_help() {
  TrainSettings settings;
  Options options;
  settings.options(options);
  std::string text = "train: how a model is trained\n\n" + option_lines(options, "  ");
  text +=
      "  params          a list of {match: GLOB, lr_mult, decay_mult, freeze}; the last match "
      "wins;\n                  freeze: true (batch norm's statistics too), weights (not these), "
      "false\n";
  text += family_help("optimizer", optimizer_types());
  text += family_help("schedule", schedule_types());
  text += family_help("metrics", metric_types());
  return text;
}

}  // namespace cnn
