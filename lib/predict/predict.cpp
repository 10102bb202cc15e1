#include "predict/predict.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "base/error.h"
#include "data/ten_crops.h"
#include "model/crop_average.h"
#include "model/feed.h"
#include "model/inputs.h"
#include "model/settings.h"
#include "predict/head.h"
#include "predict/maps.h"
#include "predict/outputs.h"
#include "predict/picture_maps.h"
#include "predict/samples.h"

namespace cnn {
namespace {

// One run of the network over one part of the inputs after another.
class Predictor {
 public:
  Predictor(const ModelSpec& spec, const PredictRequest& request)
      : spec_(spec),
        request_(request),
        settings_(read_train_settings(spec)),
        network_(spec, request.source()),
        graph_(network_.test_graph()) {
    batch_ = request.batch_size > 0 ? request.batch_size : settings_.batch_size;
    input_ = &only_input(graph_, "predict");
    head_ = find_head({graph_, network_.weights(), request.top});
    if (request.ten_crops) {
      crops_.emplace(graph_);
      batch_ = (batch_ + kTenCrops - 1) / kTenCrops * kTenCrops;
    }
    network_.plan({{Pass::predicting(), batch_, {head_.head->value()}}});
    network_.load();
  }

  PredictReport run() {
    report_.model = graph_.name;
    report_.columns = head_.head->columns();
    if (head_.type->is_map) {
      report_.list = "maps";
      report_.counts_samples = false;
    }
    // All are checked before the first is run.
    InputReading reading = input_reading(*input_, network_.weights());
    reading.spare = request_.ten_crops;
    inputs_ = open_inputs(request_.inputs, reading);
    for (const Inputs::Part& part : inputs_->parts()) {
      if (head_.type->is_map && part.samples->is_pictures()) {
        run_maps(part);
      } else {
        run_part(part);
      }
    }
    return std::move(report_);
  }

 private:
  // One of its own where there are several parts; numbered where names come again.
  std::string folder_for(const Inputs::Part& part) {
    if (inputs_->parts().size() == 1) return request_.out;
    return request_.out + "/" + unique_name(part.samples->origin(), names_);
  }

  void run_maps(const Inputs::Part& part) {
    PictureMaps maps(spec_, request_, network_, batch_, *head_.head);
    std::vector<std::string> pictures;
    for (int64_t i = 0; i < part.samples->size(); ++i) pictures.push_back(part.samples->name(i));
    for (Answer& answer : maps.run(pictures)) add(std::move(answer));
    report_.samples += part.samples->size();
  }

  void run_part(const Inputs::Part& part) {
    const int64_t samples = part.samples->size();
    DataView view = view_of(inputs_, part.first, samples);
    if (crops_) view = ten_crops(view);
    Feed feed(graph_, std::move(view), settings_.loader(batch_), Feed::Reads::kInputs);
    std::optional<OutputFiles> files;
    if (!request_.out.empty()) files.emplace(graph_, folder_for(part), samples);

    Executor& executor = network_.executor(0);
    const auto value = [&](int id) {
      const ConstView found = executor.value(id);
      return crops_ ? crops_->value(id, found) : found;
    };
    feed.start_epoch(0);
    int64_t first = 0;
    while (int64_t n = feed.next(executor)) {
      executor.forward(n, 0, 0);
      if (crops_) n /= kTenCrops;
      if (files) files->append(n, value);
      const ConstView output = value(head_.head->value());
      for (int64_t i = 0; i < n; ++i) add(answer_of(part, first + i, sample_of(output, i)));
      first += n;
    }
    if (files) {
      const std::vector<std::string> paths = files->commit();
      report_.files.insert(report_.files.end(), paths.begin(), paths.end());
    }
    report_.samples += samples;
  }

  static ConstView sample_of(const ConstView& output, int64_t i) {
    return {output.sample(output.first_item(i)), output.items_of(i), output.shape};
  }

  Answer answer_of(const Inputs::Part& part, int64_t sample, const ConstView& output) const {
    Answer answer = head_.head->answer({output});
    answer.is_whole = part.samples->has_names();
    answer.input = answer.is_whole ? part.samples->name(sample) : part.samples->origin();
    if (!answer.is_whole) answer.sample = sample;
    return answer;
  }

  void add(Answer answer) {
    report_.files.insert(report_.files.end(), answer.files.begin(), answer.files.end());
    report_.answers.push_back(std::move(answer));
  }

  const ModelSpec& spec_;
  const PredictRequest& request_;
  TrainSettings settings_;
  LoadedNetwork network_;
  const Graph& graph_;
  int64_t batch_ = 1;
  const GraphField* input_ = nullptr;
  FoundHead head_;
  std::optional<CropAverage> crops_;
  std::shared_ptr<const Inputs> inputs_;
  std::map<std::string, int> names_;  // of folders: how often they were asked for
  PredictReport report_;
};

}  // namespace

PredictReport predict(const ModelSpec& spec, const PredictRequest& request) {
  return request.prior_samples > 0 ? draw_samples(spec, request) : Predictor(spec, request).run();
}

}  // namespace cnn
