// Explained: a trained network that runs on pictures, and backward from some of its values. What
// all kinds that look into a network share.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "io/image.h"
#include "model/network.h"
#include "viz/class_scores.h"
#include "viz/subject.h"

namespace cnn {

class Explained {
 public:
  // `kind` names the picture in messages. Exit::kUsage if the network has several inputs.
  Explained(const VizRequest& request, std::string_view kind);

  const VizRequest& request() const { return request_; }
  const std::string& kind() const { return kind_; }
  const std::string& name() const { return graph().name; }
  const Graph& graph() const { return network_.test_graph(); }
  const Value& value(int id) const { return graph().value(id); }
  ParameterStore& store() { return network_.store(); }
  const ParameterStore& store() const { return network_.store(); }
  int input() const { return input_.value; }
  const Shape& input_shape() const { return input_.field.shape; }
  // Exit::kUsage if the input is none of [C,H,W].
  void require_image() const;

  // Outputs [C,H,W] of layers of which that is true, behind their activations, in order.
  std::vector<int> maps(const std::function<bool(const LayerType&)>& is_wanted) const;
  // Those that the flag --layer names (with * and ?), or `otherwise`.
  std::vector<int> layers(const std::vector<std::string>& names, std::vector<int> otherwise,
                          const std::function<bool(const Value&)>& fits,
                          std::string_view wanted) const;
  std::string layer_name(int value) const { return shown_name(graph(), value); }
  // The scores of classes that the first loss compares; Exit::kUsage if there are none: `remedy` is
  // the end of the message.
  int scores(std::string_view remedy = "") const;

  // Plans, loads the weights, opens the samples. Once.
  void prepare(const std::vector<Network::Use>& uses, const SampleOptions& samples);
  // Without samples: for weights alone.
  void prepare(const std::vector<Network::Use>& uses);
  const WeightsInfo& weights() const { return weights_; }
  Normalization normalization() const;  // of pixels
  const SampleSource& source() const { return *source_; }
  Executor& executor(int use) { return network_.executor(use); }
  // Runs forward on n samples as the network reads them, or on samples first .. first+n-1.
  Executor& run(int use, int64_t n, const float* images);
  Executor& run(int use, int64_t first, int64_t n);
  // The samples of the last run().
  const float* shown(int64_t i) const { return images_.data() + i * input_shape().count(); }

  // A class by its name or number; Exit::kUsage.
  int64_t class_number(const std::string& word, const ConstView& scores) const;
  std::string class_name(int64_t number) const;
  // "cat 97%".
  std::string caption(const ClassScore& score) const;

 private:
  const VizRequest& request_;
  const std::string kind_;
  LoadedNetwork network_;
  const GraphField& input_;
  WeightsInfo weights_;
  std::optional<SampleSource> source_;
  Buffer images_;
};

// A pass of the test graph down to the input, without losses.
Pass backward_pass(Pass::Rule rule = Pass::Rule::kGradient);
// --rule gradient|guided|deconvnet.
void rule_option(Options& o, Pass::Rule& rule);
void rule_option(Options& o, std::optional<Pass::Rule>& rule, std::string_view otherwise);
std::string_view rule_name(Pass::Rule rule);

// {"shape": [C,H,W], "values": [...]}, in that order.
Json json_of(const FloatImage& image);
// For names of files: what is no letter, digit, '-' or '_' becomes '_'.
std::string file_word(std::string_view text);

}  // namespace cnn
