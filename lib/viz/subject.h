// What kinds share: the network that is looked at with its weights, and the pictures it is shown.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/dataset.h"
#include "graph/graph.h"
#include "model/inputs.h"
#include "model/loaded_network.h"
#include "model/weights.h"
#include "spec/options.h"
#include "viz/kind.h"

namespace cnn {

// The subject's weights, as the request wants them.
WeightsSource source_of(const VizRequest& request);

// The field that the network's pictures come in by; Exit::kUsage unless it is its only input, and
// plain numbers. `what` names the kind for the message.
const GraphField& picture_input(const Graph& graph, std::string_view what);

// The values of the layers `names`, which may end in * or ?, in order of the graph; without names
// all that `fits`. Exit::kUsage, with a suggestion, for a name that is not there, or whose value
// does not fit: "layer 'f6' gives [84]; 'activations' takes ...", `wanted` being the end of it.
std::vector<int> chosen_layers(const Graph& graph, const std::vector<std::string>& names,
                               const std::function<bool(const Value&)>& fits,
                               std::string_view wanted);

// What a layer is called by people: by its block where it ends one, an activation by its layer.
std::string shown_name(const Graph& graph, int value);

// --images FILE... or --split NAME, --samples N, --first N: what the network is shown. Samples of a
// split lie evenly over it, so that one sorted by class shows all classes; behind --first, and of
// files, they follow each other.
struct SampleOptions {
  std::vector<std::string> images;
  std::string split = "test";
  int64_t samples = 16;
  std::optional<int64_t> first = {};

  void options(Options& o);
  void options_without_count(Options& o);  // for kinds that have their own --samples
};

// A sample (or a gradient step away from one) as people see it: grey or RGB.
Image sample_picture(const float* values, const Shape& shape, const Normalization& normalization);

// Samples by number, from the data set or from files.
class SampleSource {
 public:
  // Files are checked, the split is opened: Exit::kInput, Exit::kUsage.
  SampleSource(const SampleOptions& options, const VizSubject& subject, const Graph& graph,
               const WeightsInfo& weights);

  int64_t size() const { return size_; }  // how many of --samples there are
  const Shape& shape() const { return shape_; }
  // They as samples of their data set.
  DataView shown() const;
  // Samples first .. first+n-1 as the network takes them, channels-last; of a picture_input().
  void read(int64_t first, int64_t n, float* out) const;
  // Its class; -1 where none is known.
  int64_t label(int64_t i) const;
  std::string class_name(int64_t number) const;  // "7" where it has no name
  int64_t class_count() const { return static_cast<int64_t>(class_names_.size()); }  // with names
  std::string name(int64_t i) const;  // "test 17", "cat.jpg"
  std::string file(int64_t i) const;  // that it is all of; else ""
  Image picture(const float* values) const {
    return sample_picture(values, shape_, normalization_);
  }
  const Normalization& normalization() const { return normalization_; }
  // The split that samples come from, and the number there of sample `i`; null for files.
  const DataView* view() const { return files_ ? nullptr : &view_; }
  int64_t index(int64_t i) const { return view_.indices[static_cast<size_t>(number(i))]; }
  int input_field() const { return input_field_; }

 private:
  void open_files(const SampleOptions& options, const GraphField& input,
                  const WeightsInfo& weights);
  void open_split(const SampleOptions& options, const VizSubject& subject, const Graph& graph,
                  const Field& input, const WeightsInfo& weights);
  // Where sample `i` stands in the split, or among the files.
  int64_t number(int64_t i) const { return first_ ? *first_ + i : i * all_ / size_; }

  Shape shape_;
  int64_t size_ = 0, all_ = 0;
  Normalization normalization_;
  std::vector<std::string> class_names_;
  std::shared_ptr<const Inputs> files_;  // null: a split
  DataView view_;
  std::optional<int64_t> first_;  // null: evenly over all
  int input_field_ = -1, label_field_ = -1;
  std::string split_;
};

// Runs use `use` of the network over all samples, a batch at a time; `after` sees the executor.
void for_each_batch(Network& network, int use, const SampleSource& source,
                    const VizRequest& request,
                    const std::function<void(int64_t first, int64_t n, Executor&)>& after);

// The value that the first loss takes as scores of whole samples' classes; Exit::kUsage without
// one: "'errors' takes models that classify".
int class_scores(const Graph& graph, std::string_view what);

}  // namespace cnn
