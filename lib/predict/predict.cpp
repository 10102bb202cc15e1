#include "predict/predict.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <numeric>
#include <optional>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "data/ten_crops.h"
#include "graph/main_output.h"
#include "io/csv.h"
#include "io/npy.h"
#include "metrics/softmax.h"
#include "model/crop_average.h"
#include "model/network.h"
#include "model/settings.h"
#include "model/weights.h"
#include "predict/maps.h"
#include "predict/predict_inputs.h"
#include "predict/predict_maps.h"
#include "predict/samples.h"

namespace cnn {
namespace {

const GraphField& only_input(const Graph& graph) {
  const GraphField* found = nullptr;
  for (const GraphField& field : graph.fields) {
    if (!field.is_input) continue;
    if (found != nullptr) {
      fail(Exit::kUsage, "", "predict takes models with one input; '{}' has '{}' and '{}'",
           graph.name, found->field.name, field.field.name);
    }
    found = &field;
  }
  CNN_ASSERT(found != nullptr);
  require_plain(found->field);
  return *found;
}

// The `top` classes with the largest softmax, best first; the lower number wins a tie.
std::vector<std::pair<std::string, double>> best_classes(std::span<const float> logits, int64_t top,
                                                         const std::vector<std::string>& names) {
  std::vector<size_t> order(logits.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return logits[a] > logits[b]; });
  const std::vector<double> probabilities = softmax(logits);
  order.resize(std::min(order.size(), static_cast<size_t>(top)));
  std::vector<std::pair<std::string, double>> classes;
  for (const size_t i : order) {
    classes.emplace_back(i < names.size() ? names[i] : std::to_string(i), probabilities[i]);
  }
  return classes;
}

// One run of the network over one file after another.
class Predictor {
 public:
  Predictor(const ModelSpec& spec, const PredictRequest& request)
      : spec_(spec),
        request_(request),
        network_(spec, request.source()),
        graph_(network_.test_graph()) {
    const TrainSettings settings = read_train_settings(spec);
    batch_ = request.batch_size > 0 ? request.batch_size : settings.batch_size;
    if (const int scores = sample_scores(graph_); scores >= 0) logits_ = scores;
    map_ = map_output(graph_);
    if (request.ten_crops) {
      crops_.emplace(graph_);
      batch_ = (batch_ + kTenCrops - 1) / kTenCrops * kTenCrops;
    }
    std::vector<int> keep;
    if (logits_) keep.push_back(*logits_);
    if (map_) keep.push_back(map_->value);
    network_.plan({{Pass::predicting(), batch_, keep}});
    weights_ = network_.load();
  }

  PredictReport run() {
    report_.model = graph_.name;
    // All are checked before the first is run.
    inputs_ = open_predict_inputs(request_.inputs, only_input(graph_).field.shape, weights_,
                                  request_.ten_crops);
    for (const PredictInput& input : inputs_) {
      if (map_ && !input.pictures.empty()) {
        run_maps(input);
      } else {
        run_input(input);
      }
    }
    return std::move(report_);
  }

 private:
  const Value& value(int id) const { return graph_.values[static_cast<size_t>(id)]; }

  std::string folder_for(const PredictInput& input) const {
    if (inputs_.size() == 1) return request_.out;
    return request_.out + "/" + std::filesystem::path(input.path).stem().string();
  }

  void run_maps(const PredictInput& input) {
    MapPredictor predictor(spec_, request_, network_, batch_, *map_, weights_);
    for (MapPrediction& prediction : predictor.run(input.pictures)) {
      report_.files.insert(report_.files.end(), prediction.files.begin(), prediction.files.end());
      report_.maps.push_back(std::move(prediction));
    }
    report_.samples += input.samples;
  }

  void run_input(const PredictInput& input) {
    const int64_t samples_each = crops_ ? kTenCrops : 1;
    std::vector<std::unique_ptr<NpyWriter>> writers;
    std::vector<std::string> paths;
    if (!request_.out.empty()) {
      const std::string folder = folder_for(input);
      make_directories(folder);
      for (const NamedOutput& output : graph_.outputs) {
        const Shape& shape = value(output.value).shape;
        std::vector<int64_t> sizes = {input.samples / samples_each};
        for (int axis = 0; axis < shape.rank(); ++axis) sizes.push_back(shape[axis]);
        paths.push_back(folder + "/" + output.name + ".npy");
        writers.push_back(std::make_unique<NpyWriter>(paths.back(), sizes));
      }
    }
    const Shape& shape = only_input(graph_).field.shape;
    const auto floats = static_cast<size_t>(batch_ * shape.count());
    Buffer in_file_order(floats), bound(floats);
    Executor& executor = network_.executor(0);
    executor.bind(graph_.input_index(), bound.data());
    for (int64_t first = 0; first < input.samples; first += batch_) {
      const int64_t n = std::min(batch_, input.samples - first);
      input.read(first, in_file_order.span().first(static_cast<size_t>(n * shape.count())));
      to_channels_last(in_file_order.data(), bound.data(), n, shape);
      input.normalization.apply(bound.data(), n * shape.positions(), shape.channels());
      executor.forward(n, 0, 0);
      for (size_t i = 0; i < writers.size(); ++i) {
        append(result(graph_.outputs[i].value), *writers[i]);
      }
      if (logits_) add_predictions_of(result(*logits_), input, first / samples_each);
    }
    for (const auto& writer : writers) writer->commit();
    report_.files.insert(report_.files.end(), paths.begin(), paths.end());
    report_.samples += input.samples / samples_each;
  }

  // A value of the last run, one sample for each of the input's.
  ConstView result(int id) {
    const ConstView view = network_.executor(0).value(id);
    return crops_ ? crops_->value(id, view) : view;
  }

  static void append(const ConstView& view, NpyWriter& writer) {
    std::vector<float> ordered(static_cast<size_t>(view.count()));
    to_channels_first(view.data, ordered.data(), view.batch, view.shape);
    writer.append(ordered);
  }

  void add_predictions_of(const ConstView& logits, const PredictInput& input, int64_t first) {
    for (int64_t i = 0; i < logits.batch; ++i) {
      const std::span<const float> row(logits.sample(i), static_cast<size_t>(logits.shape.count()));
      Prediction prediction;
      prediction.classes = best_classes(row, request_.top, weights_.class_names);
      prediction.is_picture = !input.pictures.empty();
      if (prediction.is_picture) {
        prediction.input = input.pictures[static_cast<size_t>(first + i)];
      } else {
        prediction.input = input.path;
        prediction.sample = first + i;
      }
      report_.predictions.push_back(std::move(prediction));
    }
  }

  const ModelSpec& spec_;
  const PredictRequest& request_;
  LoadedNetwork network_;
  const Graph& graph_;
  int64_t batch_ = 1;
  std::optional<int> logits_;
  std::optional<MapOutput> map_;
  std::optional<CropAverage> crops_;
  WeightsInfo weights_;
  std::vector<PredictInput> inputs_;
  PredictReport report_;
};

}  // namespace

PredictReport predict(const ModelSpec& spec, const PredictRequest& request) {
  return request.prior_samples > 0 ? draw_samples(spec, request) : Predictor(spec, request).run();
}

std::string PredictReport::json() const {
  Json out = {{"schema", 1}, {"model", model}, {"samples", samples}};
  out["predictions"] = Json::array();
  for (const Prediction& prediction : predictions) {
    Json classes = Json::array();
    for (const auto& [name, probability] : prediction.classes) {
      classes.push_back({{"name", name}, {"probability", probability}});
    }
    out["predictions"].push_back(
        {{"input", prediction.input}, {"sample", prediction.sample}, {"classes", classes}});
  }
  if (!maps.empty()) out["maps"] = Json::array();
  for (const MapPrediction& map : maps) {
    Json classes = Json::array();
    for (const auto& [name, share] : map.classes) {
      classes.push_back({{"name", name}, {"share", share}});
    }
    out["maps"].push_back({{"input", map.input},
                           {"height", map.height},
                           {"width", map.width},
                           {"classes", classes},
                           {"files", map.files}});
  }
  out["files"] = files;
  return out.dump();
}

std::string PredictReport::csv() const {
  if (!maps.empty()) {
    std::string text =
        csv_line(std::vector<std::string>{"input", "height", "width", "class", "share"});
    for (const MapPrediction& map : maps) {
      for (const auto& [name, share] : map.classes) {
        text +=
            csv_line(std::vector<std::string>{map.input, std::to_string(map.height),
                                              std::to_string(map.width), name, csv_number(share)});
      }
    }
    return text;
  }
  std::string text =
      csv_line(std::vector<std::string>{"input", "sample", "rank", "class", "probability"});
  for (const Prediction& prediction : predictions) {
    for (size_t rank = 0; rank < prediction.classes.size(); ++rank) {
      const auto& [name, probability] = prediction.classes[rank];
      text += csv_line(std::vector<std::string>{prediction.input, std::to_string(prediction.sample),
                                                std::to_string(rank + 1), name,
                                                csv_number(probability)});
    }
  }
  return text;
}

std::string PredictReport::text() const {
  std::string text;
  for (const Prediction& prediction : predictions) {
    text += escaped(prediction.input);
    text += prediction.is_picture ? ":" : fmt::format(" {}:", prediction.sample);
    for (const auto& [name, probability] : prediction.classes) {
      text += fmt::format("  {} {:.1f}%", escaped(name), 100 * probability);
    }
    text += "\n";
  }
  for (const MapPrediction& map : maps) {
    text += fmt::format("{}: {} x {}", escaped(map.input), map.width, map.height);
    for (const auto& [name, share] : map.classes) {
      text += fmt::format("  {} {:.1f}%", escaped(name), 100 * share);
    }
    text += "\n";
  }
  for (const std::string& file : files) text += "wrote " + escaped(file) + "\n";
  return text;
}

}  // namespace cnn
