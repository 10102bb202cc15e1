#include "viz/subject.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/parallel.h"
#include "base/text.h"
#include "data/catalogue.h"
#include "graph/main_output.h"
#include "model/settings.h"
#include "viz/drawing/colour_map.h"

namespace cnn {

WeightsSource source_of(const VizRequest& request) {
  return {request.subject().weights, request.memory_limit, request.allow_non_finite_weights,
          request.partial_weights};
}

const GraphField& picture_input(const Graph& graph, std::string_view what) {
  const GraphField* found = nullptr;
  for (const GraphField& field : graph.fields) {
    if (!field.is_input) continue;
    if (found != nullptr) {
      fail(Exit::kUsage, "", "'{}' takes models with one input; '{}' has '{}' and '{}'", what,
           graph.name, found->field.name, field.field.name);
    }
    found = &field;
  }
  CNN_ASSERT(found != nullptr);
  require_plain(found->field);
  return *found;
}

std::vector<int> chosen_layers(const Graph& graph, const std::vector<std::string>& names,
                               const std::function<bool(const Value&)>& fits,
                               std::string_view wanted) {
  std::vector<int> chosen;
  std::vector<std::string> known;
  for (size_t i = 0; i < graph.values.size(); ++i) {
    const Value& value = graph.values[i];
    if (value.producer < 0 || graph.nodes[static_cast<size_t>(value.producer)].is_loss()) continue;
    known.push_back(value.name);
    if (names.empty() && fits(value)) chosen.push_back(static_cast<int>(i));
  }
  for (const std::string& name : names) {
    // A name means the value behind the activation; with * and ? the names of layers are meant.
    std::vector<int> found;
    if (const int exact = graph.find_value(name); exact >= 0) {
      const Value& value = graph.values[static_cast<size_t>(exact)];
      if (!fits(value)) {
        fail(Exit::kUsage, "", "layer '{}' gives {}; {}", name, value.shape.str(), wanted);
      }
      found.push_back(exact);
    } else {
      for (const GraphNode& node : graph.nodes) {
        if (node.is_loss() || !glob_match(name, node.name)) continue;
        const int meant = graph.find_value(node.name);
        if (fits(graph.values[static_cast<size_t>(meant)])) found.push_back(meant);
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
  const Value& shown = graph.values[static_cast<size_t>(value)];
  if (shown.producer < 0) return shown.name;
  const GraphNode& node = graph.nodes[static_cast<size_t>(shown.producer)];
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

SampleSource::SampleSource(const SampleOptions& options, const VizSubject& subject,
                           const Graph& graph, const WeightsInfo& weights)
    : first_(options.first) {
  const GraphField& input = picture_input(graph, "viz");
  shape_ = input.field.shape;
  input_ = input.field.name;
  options.images.empty() ? open_split(options, subject) : open_files(options, weights);
}

void SampleSource::open_files(const SampleOptions& options, const WeightsInfo& weights) {
  files_ = open_predict_inputs(options.images, shape_, weights);
  normalization_ = byte_normalization(weights);
  class_names_ = weights.class_names;
  for (const PredictInput& file : files_) all_ += file.samples;
  first_ = options.first.value_or(0);  // files stand in the order that they were asked for
  if (*first_ >= all_) {
    fail(Exit::kUsage, "", "--first {}: there are {} samples, counted from 0", *first_, all_);
  }
  size_ = std::min(options.samples, all_ - *first_);
}

void SampleSource::open_split(const SampleOptions& options, const VizSubject& subject) {
  const TrainSettings settings = read_train_settings(subject.spec);
  DataSource source(load_data(subject.spec), static_cast<uint64_t>(settings.seed));
  split_ = options.split;
  view_ = source.open(split_ == "test"    ? Split::kTest
                      : split_ == "train" ? Split::kTrain
                                          : Split::kValidation);
  all_ = view_.size();
  const int64_t first = first_.value_or(0);
  if (first >= all_) {
    fail(Exit::kUsage, "", "{}the split '{}' has {} samples, counted from 0",
         first_ ? fmt::format("--first {}: ", first) : std::string(), split_, all_);
  }
  size_ = std::min(options.samples, all_ - first);
  normalization_ = view_.dataset->normalization();
  class_names_ = view_.dataset->class_names();
  const Field wanted{input_, shape_, FieldKind::kValues, 0};
  input_field_ = bind_fields(view_, std::span(&wanted, 1))[0];
  const std::vector<Field>& fields = view_.dataset->fields();
  for (size_t i = 0; i < fields.size(); ++i) {
    const bool is_label = fields[i].kind == FieldKind::kClass && fields[i].shape.count() == 1;
    if (is_label && label_field_ < 0) {  // the first, whose names the data set has
      label_field_ = static_cast<int>(i);
    }
  }
}

void SampleSource::read(int64_t first, int64_t n, float* out) const {
  CNN_ASSERT(first >= 0 && n >= 0 && first + n <= size_);
  const int64_t numbers = shape_.count();
  if (files_.empty()) {
    parallel_for(n, 1, [&](int64_t begin, int64_t end) {
      std::vector<float*> fields(view_.dataset->fields().size(), nullptr);
      for (int64_t i = begin; i < end; ++i) {
        fields[static_cast<size_t>(input_field_)] = out + i * numbers;
        view_.dataset->read(index(first + i), fields);
      }
    });
    return;
  }
  std::vector<float> ordered(static_cast<size_t>(numbers));
  for (int64_t i = 0; i < n; ++i) {
    int64_t place = number(first + i);
    for (const PredictInput& file : files_) {
      if (place < file.samples) {
        file.read(place, ordered);
        to_channels_last(ordered.data(), out + i * numbers, 1, shape_);
        file.normalization.apply(out + i * numbers, shape_.positions(), shape_.channels());
        break;
      }
      place -= file.samples;
    }
  }
}

int64_t SampleSource::label(int64_t i) const {
  if (label_field_ < 0) return -1;
  std::vector<float*> fields(view_.dataset->fields().size(), nullptr);
  float label = -1;
  fields[static_cast<size_t>(label_field_)] = &label;
  view_.dataset->read(index(i), fields);
  return static_cast<int64_t>(label);
}

std::string SampleSource::class_name(int64_t number) const {
  const auto i = static_cast<size_t>(number);
  return i < class_names_.size() ? class_names_[i] : std::to_string(number);
}

std::string SampleSource::name(int64_t i) const {
  int64_t place = number(i);
  if (files_.empty()) return fmt::format("{} {}", split_, place);
  for (const PredictInput& file : files_) {
    if (place < file.samples) {
      const std::filesystem::path path =
          file.pictures.empty() ? file.path : file.pictures[static_cast<size_t>(place)];
      return file.pictures.empty() ? fmt::format("{} {}", path.filename().string(), place)
                                   : path.filename().string();
    }
    place -= file.samples;
  }
  CNN_ASSERT(false);
  return "";
}

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
  Buffer values(static_cast<size_t>(batch * source.shape().count()));
  Executor& executor = network.executor(use);
  executor.bind(network.run_graph(use).input_index(), values.data());
  for (int64_t first = 0; first < source.size(); first += batch) {
    const int64_t n = std::min(batch, source.size() - first);
    source.read(first, n, values.data());
    executor.forward(n, 0, 0);
    after(first, n, executor);
    request.report("samples", first + n, source.size());
  }
}

int class_scores(const Graph& graph, std::string_view what) {
  if (const int scores = sample_scores(graph); scores >= 0) return scores;
  fail(Exit::kUsage, "", "'{}' takes models that classify whole samples; '{}' does not", what,
       graph.name);
}

}  // namespace cnn
