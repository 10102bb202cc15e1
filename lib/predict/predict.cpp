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
#include "predict/texts.h"
#include "predict/tone_watch.h"

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
    constexpr int64_t kTop = 5;
    const HeadContext context{graph_, network_.weights(), request.top > 0 ? request.top : kTop};
    head_ = request.layer.empty() ? find_head(context) : head_of_layer(context, request.layer);
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
    reading_ = reading();
    inputs_ = open_inputs(request_.inputs, reading_);
    if (request_.invert) require_bytes();
    ToneWatch tones(reading_);
    tones_ = &tones;
    for (const Inputs::Part& part : inputs_->parts()) {
      if (head_.type->is_map && part.samples->is_pictures()) {
        run_maps(part);
      } else {
        run_part(part);
      }
    }
    tones.report();
    return std::move(report_);
  }

 private:
  InputReading reading() const {
    InputReading reading = input_reading(*input_, network_.weights());
    reading.spare = request_.ten_crops;
    reading.skip_bad = request_.skip_bad;
    reading.look.invert = request_.invert.value_or(reading.look.invert);
    if (request_.invert == Invert::kAuto && !reading.look.tone) {
      fail(Exit::kUsage, "",
           "the weights do not say how bright the pictures of training were, so --invert=auto "
           "cannot tell which to invert; --invert inverts all");
    }
    return reading;
  }

  void require_bytes() const {
    for (const Inputs::Part& part : inputs_->parts()) {
      if (part.samples->has_bytes()) continue;
      fail(Exit::kUsage, "",
           "--invert is for pictures and idx files; '{}' is taken as it is, so save it inverted",
           part.samples->origin());
    }
  }

  // One of its own where there are several parts; numbered where names come again.
  std::string folder_for(const Inputs::Part& part) {
    if (inputs_->parts().size() == 1) return request_.out;
    return request_.out + "/" + unique_name(part.samples->origin(), names_);
  }

  void run_maps(const Inputs::Part& part) {
    PictureMaps maps(spec_, request_, network_, batch_, *head_.head, reading_, *tones_);
    std::vector<NamedFile> pictures;
    for (int64_t i = 0; i < part.samples->size(); ++i) {
      pictures.push_back({part.samples->path(i), part.samples->name(i)});
    }
    for (Answer& answer : maps.run(pictures)) add(std::move(answer));
    report_.samples += part.samples->size();
  }

  void run_part(const Inputs::Part& part) {
    const int64_t samples = part.samples->size();
    DataView view = view_of(inputs_, part.first, samples);
    if (crops_) view = ten_crops(view);
    Feed feed(graph_, std::move(view), settings_.loader(batch_), Feed::Reads::kInputs);
    std::optional<OutputFiles> files;
    if (!request_.out.empty()) {
      files.emplace(graph_, folder_for(part), samples, network_.weights().standards);
    }

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
      if (part.samples->has_bytes()) watch_tones(part, first, n, executor);
      for (int64_t i = 0; i < n; ++i) add(answer_of(part, first + i, sample_of(output, i)));
      first += n;
    }
    if (files) {
      const std::vector<std::string> paths = files->commit();
      report_.files.insert(report_.files.end(), paths.begin(), paths.end());
    }
    report_.samples += samples;
  }

  void watch_tones(const Inputs::Part& part, int64_t first, int64_t n, const Executor& executor) {
    const ConstView seen = executor.value(input_->value);
    const int64_t rows = crops_ ? kTenCrops : 1;
    for (int64_t i = 0; i < n; ++i) {
      const std::string name = part.samples->has_names()
                                   ? part.samples->name(first + i)
                                   : fmt::format("{} {}", part.samples->origin(), first + i);
      tones_->look_at(name, seen.sample(i * rows), seen.shape);
    }
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
  InputReading reading_;
  ToneWatch* tones_ = nullptr;  // of run()
  std::shared_ptr<const Inputs> inputs_;
  std::map<std::string, int> names_;  // of folders: how often they were asked for
  PredictReport report_;
};

}  // namespace

PredictReport predict(const ModelSpec& spec, const PredictRequest& request) {
  if (request.prior_samples > 0) return draw_samples(spec, request);
  if (request.prompt) return go_on_with_prompt(spec, request);
  if (request.layer.empty() && answers_with_texts(spec)) return predict_answers(spec, request);
  return Predictor(spec, request).run();
}

}  // namespace cnn
