#include "viz/subject.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/parallel.h"
#include "base/text.h"
#include "data/catalogue.h"
#include "graph/main_output.h"
#include "model/feed.h"
#include "model/settings.h"
#include "predict/maps.h"
#include "viz/drawing/colour_map.h"

namespace cnn {

WeightsSource source_of(const VizRequest& request) {
  return {request.subject().weights, request.memory_limit, request.allow_non_finite_weights,
          request.partial_weights};
}

const GraphField& picture_input(const Graph& graph, std::string_view what) {
  const GraphField& input = only_input(graph, fmt::format("'{}'", what));
  const Field& field = input.field;
  if (!field.items.is_list && field.kind == FieldKind::kValues) return input;
  fail(Exit::kUsage, "", "'{}' shows pictures; '{}' reads '{}' as {}{}", what, graph.name,
       field.name, describe(field.shape, field.items),
       field.kind == FieldKind::kClass ? " class numbers" : "");
}

std::vector<int> chosen_layers(const Graph& graph, const std::vector<std::string>& names,
                               const std::function<bool(const Value&)>& fits,
                               std::string_view wanted) {
  std::vector<int> chosen;
  std::vector<std::string> known;
  for (size_t i = 0; i < graph.values.size(); ++i) {
    const Value& value = graph.values[i];
    if (value.producer < 0 || graph.node(value.producer).is_loss()) continue;
    known.push_back(value.name);
    if (names.empty() && fits(value)) chosen.push_back(static_cast<int>(i));
  }
  for (const std::string& name : names) {
    // A name means the value behind the activation; with * and ? the names of layers are meant.
    std::vector<int> found;
    if (const int exact = graph.find_value(name); exact >= 0) {
      const Value& value = graph.value(exact);
      if (!fits(value)) {
        fail(Exit::kUsage, "", "layer '{}' gives {}; {}", name, value.shape.str(), wanted);
      }
      found.push_back(exact);
    } else {
      for (const GraphNode& node : graph.nodes) {
        if (node.is_loss() || !glob_match(name, node.name)) continue;
        const int meant = graph.find_value(node.name);
        if (fits(graph.value(meant))) found.push_back(meant);
      }
    }
    if (found.empty()) {
      const auto near = nearest(name, known);
      known.resize(std::min<size_t>(known.size(), 12));
      throw Error(Exit::kUsage,
                  {{"",
                    fmt::format("'{}' has no layer '{}'", graph.name, name),
                    "",
                    {near ? "did you mean '" + *near + "'?"
                          : "there are " + quoted_list(known) + "; all: cnn summary"}}});
    }
    chosen.insert(chosen.end(), found.begin(), found.end());
  }
  std::sort(chosen.begin(), chosen.end());
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  if (chosen.empty()) fail(Exit::kUsage, "", "'{}' has no such layer: {}", graph.name, wanted);
  return chosen;
}

std::string shown_name(const Graph& graph, int value) {
  for (const auto& [alias, aliased] : graph.aliases) {
    if (aliased == value) return alias;
  }
  const Value& shown = graph.value(value);
  if (shown.producer < 0) return shown.name;
  const GraphNode& node = graph.node(shown.producer);
  return node.folded_into.empty() ? shown.name : node.folded_into;
}

void SampleOptions::options(Options& o) {
  options_without_count(o);
  o("samples", samples, "how many").at_least(1);
}

void SampleOptions::options_without_count(Options& o) {
  o("images", images, "images, folders of images or .npy files (default: samples of the split)");
  o.choice<std::string>("split", split, {{"test", "test"}, {"val", "val"}, {"train", "train"}},
                        "of the model's data");
  o("first", first,
    "number of the first one, which the others follow (default: evenly over the split)")
      .at_least(0);
}

namespace {

// The label that the network is to tell, else the first that there is; -1 without one.
int label_of(const Graph& graph, const Dataset& data) {
  const int target = target_field(graph, data);
  if (target >= 0 && data.fields()[static_cast<size_t>(target)].is_label()) return target;
  for (size_t i = 0; i < data.fields().size(); ++i) {
    if (data.fields()[i].is_label()) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace

SampleSource::SampleSource(const SampleOptions& options, const VizSubject& subject,
                           const Graph& graph, const WeightsInfo& weights)
    : first_(options.first) {
  const GraphField& input = only_input(graph, "cnn viz");
  shape_ = input.field.shape;
  options.images.empty() ? open_split(options, subject, graph, input.field, weights)
                         : open_files(options, input, weights);
  normalization_ = view_.dataset->normalization();
}

void SampleSource::open_files(const SampleOptions& options, const GraphField& input,
                              const WeightsInfo& weights) {
  files_ = open_inputs(options.images, input_reading(input, weights));
  view_ = view_of(files_);
  all_ = view_.size();
  first_ = options.first.value_or(0);  // files stand in the order that they were asked for
  if (*first_ >= all_) {
    fail(Exit::kUsage, "", "{}there are {} samples, counted from 0",
         options.first ? fmt::format("--first {}: ", *first_) : std::string(), all_);
  }
  size_ = std::min(options.samples, all_ - *first_);
  input_field_ = 0;
  class_names_ = weights.class_names;
}

void SampleSource::open_split(const SampleOptions& options, const VizSubject& subject,
                              const Graph& graph, const Field& input, const WeightsInfo& weights) {
  const TrainSettings settings = read_train_settings(subject.spec);
  const DataReader reader = data_reader(graph, &weights);
  DataSource source(load_data(subject.spec, reader), static_cast<uint64_t>(settings.seed),
                    reader.fields);
  split_ = options.split;
  view_ = source.open(split_ == "test"    ? Split::kTest
                      : split_ == "train" ? Split::kTrain
                                          : Split::kValidation);
  check_vocabularies(weights.vocabularies, vocabularies_of(*view_.dataset), weights.model);
  all_ = view_.size();
  const int64_t first = first_.value_or(0);
  if (first >= all_) {
    fail(Exit::kUsage, "", "{}the split '{}' has {} samples, counted from 0",
         first_ ? fmt::format("--first {}: ", first) : std::string(), split_, all_);
  }
  size_ = std::min(options.samples, all_ - first);
  input_field_ = bind_fields(view_, std::span(&input, 1))[0];
  label_field_ = label_of(graph, *view_.dataset);
  if (label_field_ >= 0) class_names_ = view_.dataset->class_names(label_field_);
}

DataView SampleSource::shown() const {
  DataView shown{view_.dataset, {}};
  for (int64_t i = 0; i < size_; ++i) shown.indices.push_back(index(i));
  return shown;
}

void SampleSource::read(int64_t first, int64_t n, float* out) const {
  CNN_ASSERT(first >= 0 && n >= 0 && first + n <= size_);
  const int64_t numbers = shape_.count();
  parallel_for(n, 1, [&](int64_t begin, int64_t end) {
    FieldReader inputs(*view_.dataset, input_field_);
    for (int64_t i = begin; i < end; ++i) inputs.read(index(first + i), out + i * numbers);
  });
}

int64_t SampleSource::label(int64_t i) const {
  if (label_field_ < 0) return -1;
  float label = -1;
  FieldReader(*view_.dataset, label_field_).read(index(i), &label);
  return static_cast<int64_t>(label);
}

std::string SampleSource::class_name(int64_t number) const {
  const auto i = static_cast<size_t>(number);
  return i < class_names_.size() ? class_names_[i] : std::to_string(number);
}

std::string SampleSource::name(int64_t i) const {
  if (!files_) return fmt::format("{} {}", split_, number(i));
  const Inputs::Part& part = files_->part_of(number(i));
  const int64_t place = number(i) - part.first;
  const auto file = [](const std::string& path) {
    return std::filesystem::path(path).filename().string();
  };
  if (!part.samples->has_names()) {
    return fmt::format("{} {}", file(part.samples->origin()), place);
  }
  const std::string name = part.samples->name(place);
  return part.samples->is_pictures() ? file(name) : name;
}

std::string SampleSource::file(int64_t i) const { return view_.dataset->file(index(i)); }

Image sample_picture(const float* values, const Shape& shape, const Normalization& normalization) {
  FloatImage image = float_image({values, 1, shape}, 0);
  if (image.channels != 1 && image.channels != 3 && image.channels != 4) {
    image = float_image({values, 1, shape}, 0, 0);
  }
  const auto channels = static_cast<size_t>(image.channels);
  const auto of = [&](const std::vector<double>& numbers, size_t i) {
    return numbers.size() == 1 ? numbers[0] : numbers.at(i % channels);
  };
  for (size_t i = 0; i < image.values.size(); ++i) {
    const double value =
        static_cast<double>(image.values[i]) * of(normalization.std, i) + of(normalization.mean, i);
    image.values[i] = static_cast<float>(value / normalization.scale / 255.0);
  }
  // Arrays have any range; bytes that were never scaled have 0 to 255.
  const ValueRange range = range_of(image);
  if (normalization.is_identity() && (range.low < 0 || range.high <= 1.0f / 255.0f)) {
    const bool is_unit = range.low >= 0;
    stretch(image, is_unit ? ValueRange{0, 1.0f / 255.0f} : range);
  }
  return as_bytes(image);
}

void for_each_batch(Network& network, int use, const SampleSource& source,
                    const VizRequest& request,
                    const std::function<void(int64_t first, int64_t n, Executor&)>& after) {
  const int64_t batch = std::min(network.memory_plan(use).batch, source.size());
  Feed feed(network.run_graph(use), source.shown(),
            read_train_settings(request.subject().spec).loader(batch), Feed::Reads::kInputs);
  Executor& executor = network.executor(use);
  feed.start_epoch(0);
  int64_t first = 0;
  while (const int64_t n = feed.next(executor)) {
    executor.forward(n, 0, 0);
    after(first, n, executor);
    first += n;
    request.report("samples", first, source.size());
  }
}

int class_scores(const Graph& graph, std::string_view what) {
  if (const int scores = sample_scores(graph); scores >= 0) return scores;
  fail(Exit::kUsage, "", "'{}' takes models that classify whole samples; '{}' does not", what,
       graph.name);
}

}  // namespace cnn
