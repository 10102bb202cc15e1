#include "data/standardise.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/moments.h"
#include "base/text.h"
#include "data/border_weights.h"

namespace cnn {
namespace {

Node numbers_node(const std::vector<double>& numbers) {
  std::vector<Node> items;
  for (const double n : numbers) items.push_back(Node::scalar(fmt::format("{}", n)));
  return Node::list(std::move(items));
}

bool read_standard(const Entry& entry, Standard& out, Diagnostics& d) {
  if (!entry.value.is_map()) {
    d.report(entry.mark, "expected {mean: [...], std: [...]}, found " + entry.value.describe());
    return false;
  }
  Options o;
  o("mean", out.mean, "by channel").required();
  o("std", out.deviation, "by channel").required();
  if (!o.read_map(entry.value, fmt::format("'standardise' of '{}'", entry.key), d)) return false;
  const bool is_whole = !out.mean.empty() && out.mean.size() == out.deviation.size();
  const bool is_positive =
      std::all_of(out.deviation.begin(), out.deviation.end(), [](double s) { return s > 0; });
  if (is_whole && is_positive) return true;
  d.report(entry.mark, is_whole ? "'std' must be above 0"
                                : fmt::format("'mean' has {} numbers and 'std' {}; both have one a "
                                              "channel",
                                              out.mean.size(), out.deviation.size()));
  return false;
}

int64_t numbers_of(const Field& field) { return field.items.most * field.shape.count(); }

bool is_word(const Field& field, int64_t channel) {
  return std::any_of(field.categories.begin(), field.categories.end(), [&](const auto& column) {
    return channel >= column.first && channel < column.first + std::ssize(column.categories);
  });
}

// A column's name, else its number.
std::string channel_name(const Field& field, int64_t channel) {
  return channel < std::ssize(field.value_names) ? "'" + field.value_names[channel] + "'"
                                                 : fmt::format("number {}", channel);
}

constexpr const char* kTargetsAlone =
    "'standardise: targets' takes the numbers to predict alone, 'standardise: inputs' the inputs";

// Why the numbers of a field are not standardised; empty if they can be.
std::string obstacle(const Dataset& dataset, size_t number) {
  const Field& field = dataset.fields()[number];
  constexpr int kLeastOfPictures = 3;
  if (field.kind == FieldKind::kClass) return "has class numbers";
  if (field.coordinates != Coordinates::kNone) return "has places in pictures";
  if (field.shape.rank() >= kLeastOfPictures) {
    return fmt::format("has pictures, {}{}", field.shape.str(),
                       number == 0 ? "; 'mean' and 'std' are for those" : "");
  }
  if (number == 0 && !dataset.normalization().is_identity()) {
    return "has bytes, which 'scale', 'mean' and 'std' are for";
  }
  return "";
}

Standard measure(const DataView& train, size_t number) {
  const Dataset& dataset = *train.dataset;
  const Field& field = dataset.fields()[number];
  const auto channels = static_cast<size_t>(field.shape.channels());
  std::vector<Moments> moments(channels);
  std::vector<double> sample(static_cast<size_t>(numbers_of(field)));
  for (const int64_t index : train.indices) {
    dataset.read_exact(index, static_cast<int>(number), sample);
    for (size_t k = 0; k < sample.size(); ++k) {
      if (!std::isfinite(sample[k])) {
        fail(Exit::kInput,
             fmt::format("{}: sample {}", dataset.origin(static_cast<int>(number)), index),
             "{} of '{}' is not finite ({}), and 'standardise' needs the mean of them all",
             channel_name(field, static_cast<int64_t>(k % channels)), field.name, sample[k]);
      }
      moments[k % channels].add(sample[k]);
    }
  }
  Standard result;
  for (size_t c = 0; c < channels; ++c) {
    const auto channel = static_cast<int64_t>(c);
    const Moments& m = moments[c];
    const double deviation = m.deviation();
    const bool is_left = is_word(field, channel);
    if (!std::isfinite(deviation)) {
      fail(Exit::kInput, dataset.origin(static_cast<int>(number)),
           "{} of '{}' is too large to be standardised", channel_name(field, channel), field.name);
    }
    if (!is_left && !(deviation > 0)) {
      warn(
          "{}: {} of '{}' is {} in all training samples, so it tells nothing; its deviation is "
          "taken as 1",
          dataset.origin(static_cast<int>(number)), channel_name(field, channel), field.name,
          m.mean);
    }
    result.mean.push_back(is_left ? 0 : m.mean);
    result.deviation.push_back(!is_left && deviation > 0 ? deviation : 1);
  }
  return result;
}

class StandardDataset final : public Dataset {
 public:
  StandardDataset(std::shared_ptr<const Dataset> dataset, const Standardise& figures)
      : plain_(std::move(dataset)) {
    fields_ = plain_->fields();
    normalization_ = plain_->normalization();
    ignored_class_ = plain_->ignored_class();
    for (const auto& [name, standard] : figures.known) take(name, standard, figures.mark);
    const Standard& inputs = fields_[0].standard;
    if (inputs.is_set()) normalization_ = {1, inputs.mean, inputs.deviation};
  }

  int64_t size() const override { return plain_->size(); }
  std::string origin(int field) const override { return plain_->origin(field); }
  std::string file(int64_t index) const override { return plain_->file(index); }
  std::string fingerprint() const override { return plain_->fingerprint(); }
  uint64_t memory_bytes() const override { return plain_->memory_bytes(); }
  std::shared_ptr<const TextVocabulary> vocabulary(int field) const override {
    return plain_->vocabulary(field);
  }
  const PictureWindows* windows() const override { return plain_->windows(); }
  bool draws(int field) const override { return plain_->draws(field); }
  int64_t source(int64_t index, int field) const override { return plain_->source(index, field); }

  void read(int64_t index, std::span<float* const> out) const override {
    plain_->read(index, others(out));
    read_standard(index, out);
  }
  void read_drawn(int64_t index, const Draw& draw, std::span<float* const> out) const override {
    plain_->read_drawn(index, draw, others(out));
    read_standard(index, out);
  }
  void read_items(int64_t index, const Draw* draw, std::span<float* const> out,
                  std::span<int64_t> items) const override {
    plain_->read_items(index, draw, others(out), items);
    read_standard(index, out);
  }

 private:
  void take(const std::string& name, const Standard& standard, const Mark& mark) {
    const int number = field(name);
    std::string problem;
    if (number < 0) {
      std::vector<std::string> names;
      for (const Field& f : fields_) names.push_back(f.name);
      problem =
          fmt::format("'standardise' names '{}', the data set has {}", name, join(names, ", "));
    } else {
      Field& f = fields_[static_cast<size_t>(number)];
      const std::string found = obstacle(*plain_, static_cast<size_t>(number));
      if (!found.empty()) {
        problem = fmt::format("'standardise' is for columns of numbers; '{}' {}", name, found);
      } else if (std::ssize(standard.mean) != f.shape.channels()) {
        problem = fmt::format("'standardise' has {} numbers for '{}', the data set {}",
                              standard.mean.size(), name, f.shape.channels());
      }
      f.standard = standard;
    }
    if (problem.empty()) return;
    Diagnostics diagnostics;
    diagnostics.report(mark, "data: " + problem, "'standardise: true' measures the training data");
    diagnostics.throw_if_any();
  }

  // What is read as it is.
  std::span<float* const> others(std::span<float* const> out) const {
    thread_local std::vector<float*> kept;
    kept.assign(out.begin(), out.end());
    for (size_t f = 0; f < fields_.size(); ++f) {
      if (fields_[f].standard.is_set()) kept[f] = nullptr;
    }
    return kept;
  }

  void read_standard(int64_t index, std::span<float* const> out) const {
    thread_local std::vector<double> numbers;
    for (size_t f = 0; f < fields_.size(); ++f) {
      const Standard& standard = fields_[f].standard;
      if (!standard.is_set() || out[f] == nullptr) continue;
      numbers.resize(static_cast<size_t>(numbers_of(fields_[f])));
      plain_->read_exact(index, static_cast<int>(f), numbers);
      const int64_t channels = fields_[f].shape.channels();
      for (int64_t k = 0; k < std::ssize(numbers); ++k) {
        out[f][k] =
            static_cast<float>(standard.done(numbers[static_cast<size_t>(k)], k % channels));
      }
    }
  }

  std::shared_ptr<const Dataset> plain_;
};

// "3 numbers and 5 categories of 'district'".
std::string parts_text(const Field& field) {
  int64_t words = 0;
  std::vector<std::string> parts;
  for (const CategoryColumn& column : field.categories) words += std::ssize(column.categories);
  if (const int64_t numbers = field.shape.count() - words; numbers > 0) {
    parts.push_back(counted(numbers, field.standard.is_set() ? "standardised number" : "number"));
  }
  for (const CategoryColumn& column : field.categories) {
    parts.push_back(
        fmt::format("{} categories of '{}'", column.categories.size(), escaped(column.name)));
  }
  std::string text = parts[0];
  for (size_t i = 1; i < parts.size(); ++i)
    text += (i + 1 < parts.size() ? ", " : " and ") + parts[i];
  return text;
}

}  // namespace

std::string OptionType<Standardise>::name() { return "true, false, inputs or targets"; }
OptionSchema OptionType<Standardise>::schema() {
  return OptionSchema::one_of(
      {OptionSchema::boolean(), OptionSchema::one_word_of({"inputs", "targets"}),
       OptionSchema::map_of(OptionSchema::map_of(OptionSchema::list_of(OptionSchema::number())))});
}
bool OptionType<Standardise>::read(const Node& node, Standardise& out, Diagnostics& d) {
  out = {};
  out.mark = node.mark();
  if (node.is_map()) {
    bool ok = true;
    for (const Entry& entry : node.entries()) {
      ok = read_standard(entry, out.known[entry.key], d) && ok;
    }
    return ok;
  }
  const std::optional<bool> all = node.as_bool();
  const std::string word = node.is_scalar() ? node.text() : "";
  out.inputs = all ? *all : word == "inputs";
  out.targets = all ? *all : word == "targets";
  if (all || out.is_set()) return true;
  d.report(node.mark(), "expected true, false, inputs or targets, found " + node.describe());
  return false;
}
Node OptionType<Standardise>::write(const Standardise& value) {
  if (value.known.empty()) {
    if (value.inputs != value.targets) return Node::scalar(value.inputs ? "inputs" : "targets");
    return Node::scalar(value.inputs ? "true" : "false");
  }
  Node map = Node::map({});
  for (const auto& [name, standard] : value.known) {
    Node figures = Node::map({});
    figures.set("mean", numbers_node(standard.mean));
    figures.set("std", numbers_node(standard.deviation));
    map.set(name, std::move(figures));
  }
  return map;
}

bool has_figures(const Node& data) {
  const Node* said = data.find("standardise");
  return said != nullptr && said->is_map();
}

Standards measure_standards(const DataView& train, const Standardise& wanted) {
  const Dataset& dataset = *train.dataset;
  Diagnostics diagnostics;
  Standards result;
  std::vector<std::string> obstacles;
  for (size_t f = 0; f < dataset.fields().size(); ++f) {
    const Field& field = dataset.fields()[f];
    const bool is_input = f == 0;
    if (is_input ? !wanted.inputs : !wanted.targets) continue;
    if (!is_input && field.name == kBorderField) continue;
    const std::string found = obstacle(dataset, f);
    if (found.empty()) {
      result[field.name] = measure(train, f);
      continue;
    }
    obstacles.push_back(fmt::format("'{}' {}", field.name, found));
    // Beside the inputs, classes and places need no word: they are no columns of numbers.
    const bool is_asked_for = is_input || field.shape.rank() >= 3;
    if (!is_asked_for || (!is_input && field.kind == FieldKind::kClass)) continue;
    diagnostics.report(
        wanted.mark,
        fmt::format("data: 'standardise' is for columns of numbers; {}", obstacles.back()),
        wanted.inputs && wanted.targets ? kTargetsAlone : "");
  }
  if (result.empty() && diagnostics.empty()) {
    diagnostics.report(
        wanted.mark,
        "data: 'standardise: targets' needs numbers to predict; the data set has " +
            (obstacles.empty() ? std::string("no targets") : "none: " + join(obstacles, ", ")));
  }
  diagnostics.throw_if_any();
  return result;
}

std::shared_ptr<const Dataset> standardised(std::shared_ptr<const Dataset> dataset,
                                            const Standardise& figures) {
  return std::make_shared<StandardDataset>(std::move(dataset), figures);
}

std::string columns_text(const Dataset& dataset) {
  const std::vector<Field>& fields = dataset.fields();
  const bool is_plain = std::none_of(fields.begin(), fields.end(), [](const Field& field) {
    return field.standard.is_set() || !field.categories.empty();
  });
  if (is_plain) return "";
  std::string text;
  const bool is_told = fields[0].standard.is_set() || !fields[0].categories.empty();
  if (is_told) text = parts_text(fields[0]);
  constexpr int64_t kMostNamed = 5;
  for (size_t f = 1; f < fields.size(); ++f) {
    const Standard& standard = fields[f].standard;
    if (!standard.is_set()) continue;
    std::vector<std::string> parts;
    for (int64_t c = 0; c < std::min(kMostNamed, std::ssize(standard.mean)); ++c) {
      const auto i = static_cast<size_t>(c);
      parts.push_back(fmt::format("{} (mean {:.4g}, deviation {:.4g})",
                                  escaped(channel_name(fields[f], c)), standard.mean[i],
                                  standard.deviation[i]));
    }
    if (std::ssize(standard.mean) > kMostNamed) parts.push_back("...");
    text += fmt::format("{}standardised to tell: {}", text.empty() ? "" : "; ", join(parts, ", "));
  }
  return text;
}

}  // namespace cnn
