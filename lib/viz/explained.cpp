#include "viz/explained.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "graph/main_output.h"

namespace cnn {

Explained::Explained(const VizRequest& request, std::string_view kind)
    : request_(request),
      kind_(kind),
      network_(request.subject().spec, source_of(request)),
      input_(picture_input(network_.test_graph(), kind)) {}

void Explained::require_image() const {
  const Shape& shape = input_shape();
  if (shape.rank() == 3 && shape.positions() > 1) return;
  fail(Exit::kUsage, "", "'{}' needs a network that sees images [C,H,W]; '{}' takes {}", kind_,
       name(), shape.str());
}

std::vector<int> Explained::maps(const std::function<bool(const LayerType&)>& is_wanted) const {
  std::vector<int> found;
  for (const GraphNode& node : graph().nodes) {
    if (!is_wanted(*node.type)) continue;
    const int id = graph().find_value(node.name);
    const Shape& shape = value(id).shape;
    if (shape.rank() == 3 && shape.positions() > 1) found.push_back(id);
  }
  return found;
}

std::vector<int> Explained::layers(const std::vector<std::string>& names,
                                   std::vector<int> otherwise,
                                   const std::function<bool(const Value&)>& fits,
                                   std::string_view wanted) const {
  if (!names.empty()) return chosen_layers(graph(), names, fits, wanted);
  if (otherwise.empty()) {
    fail(Exit::kUsage, "", "'{}' finds no layer of '{}' to show: {}", kind_, name(), wanted);
  }
  return otherwise;
}

int Explained::scores(std::string_view remedy) const {
  const std::optional<MainOutput> output = main_output(graph());
  if (output && output->is_classes()) return output->value;
  fail(Exit::kUsage, "",
       "'{}' explains the score of a class, but the first loss of '{}' compares no classes{}",
       kind_, name(), remedy);
}

void Explained::prepare(const std::vector<Network::Use>& uses) {
  network_.plan(uses);
  weights_ = network_.load();
  int64_t batch = 1;
  for (const Network::Use& use : uses) batch = std::max(batch, use.batch);
  images_ = Buffer(static_cast<size_t>(batch * input_shape().count()));
}

void Explained::prepare(const std::vector<Network::Use>& uses, const SampleOptions& samples) {
  prepare(uses);
  source_.emplace(samples, request_.subject(), graph(), weights_);
}

Normalization Explained::normalization() const {
  return source_ ? source_->normalization() : byte_normalization(weights_);
}

Executor& Explained::run(int use, int64_t n, const float* images) {
  if (images != images_.data()) std::copy_n(images, n * input_shape().count(), images_.data());
  const Graph& graph = network_.run_graph(use);
  for (size_t i = 0; i < graph.fields.size(); ++i) {
    if (graph.fields[i].value == input()) {
      executor(use).bind(static_cast<int>(i), images_.data());
    }
  }
  executor(use).forward(n, 0, 0);
  return executor(use);
}

Executor& Explained::run(int use, int64_t first, int64_t n) {
  source_->read(first, n, images_.data());
  return run(use, n, images_.data());
}

int64_t Explained::class_number(const std::string& word, const ConstView& scores) const {
  const int64_t classes = class_count(scores.shape);
  std::vector<std::string> names;
  for (int64_t c = 0; c < classes; ++c) names.push_back(class_name(c));
  for (int64_t c = 0; c < classes; ++c) {
    if (names[static_cast<size_t>(c)] == word || std::to_string(c) == word) return c;
  }
  Diagnostic d;
  d.problem = fmt::format("there is no class '{}'", word);
  const bool is_number = word.find_first_not_of("0123456789") == std::string::npos;
  if (const auto near = nearest(word, names); near && !is_number) {
    d.notes.push_back(fmt::format("did you mean '{}'?", *near));
  }
  d.notes.push_back(
      fmt::format("classes go by their names, or by numbers from 0 to {}", classes - 1));
  throw Error(Exit::kUsage, {std::move(d)});
}

std::string Explained::class_name(int64_t number) const {
  const auto i = static_cast<size_t>(number);
  if (i < weights_.class_names.size()) return weights_.class_names[i];
  return source_ ? source_->class_name(number) : std::to_string(number);
}

std::string Explained::caption(const ClassScore& score) const {
  return fmt::format("{} {:.0f}%", class_name(score.number), 100 * score.probability);
}

Pass backward_pass(Pass::Rule rule) { return {Phase::kTest, Pass::Gradients::kInput, rule, false}; }

namespace {

template <class Rule>
void choice_of_rules(Options& o, Rule& rule, std::string help) {
  o.choice<Rule>("rule", rule,
                 {{"gradient", Pass::Rule::kGradient},
                  {"guided", Pass::Rule::kGuided},
                  {"deconvnet", Pass::Rule::kDeconvnet}},
                 std::move(help));
}

}  // namespace

void rule_option(Options& o, Pass::Rule& rule) {
  choice_of_rules(o, rule, "how rectifiers pass gradients back");
}

void rule_option(Options& o, std::optional<Pass::Rule>& rule, std::string_view otherwise) {
  choice_of_rules(o, rule,
                  fmt::format("how rectifiers pass gradients back (default: {})", otherwise));
}

std::string_view rule_name(Pass::Rule rule) {
  switch (rule) {
    case Pass::Rule::kGuided:
      return "guided";
    case Pass::Rule::kDeconvnet:
      return "deconvnet";
    case Pass::Rule::kGradient:
      break;
  }
  return "gradient";
}

Json json_of(const FloatImage& image) {
  Json values = Json::array();
  const auto channels = static_cast<size_t>(image.channels);
  for (size_t c = 0; c < channels; ++c) {
    for (size_t i = c; i < image.values.size(); i += channels) values.push_back(image.values[i]);
  }
  return {{"shape", {image.channels, image.height, image.width}}, {"values", std::move(values)}};
}

std::string file_word(std::string_view text) {
  std::string word(text);
  for (char& c : word) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_';
    if (!plain) c = '_';
  }
  return word;
}

}  // namespace cnn
