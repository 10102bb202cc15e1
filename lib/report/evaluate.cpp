#include "report/evaluate.h"

#include <algorithm>
#include <numeric>

#include "base/log.h"
#include "base/text.h"
#include "data/catalogue.h"
#include "data/ten_crops.h"
#include "graph/main_output.h"
#include "model/class_balance.h"
#include "model/inputs.h"
#include "model/loaded_network.h"
#include "model/loss_checks.h"
#include "model/settings.h"
#include "predict/network_texts.h"
#include "report/pca.h"
#include "train/evaluator.h"

namespace cnn {
namespace {

Split split_of(const std::string& name) {
  for (const Split split : {Split::kTrain, Split::kValidation, Split::kTest}) {
    if (split_name(split) == name) return split;
  }
  fail(Exit::kUsage, "", "there is no split '{}'; use train, val or test", name);
}

// Room for counts where the first loss compares classes and there are not too many.
std::optional<ConfusionMatrix> confusion_for(const Graph& graph) {
  const std::optional<MainOutput> main = main_output(graph);
  if (!main || !main->is_classes()) return std::nullopt;
  const Shape& output = graph.value(main->value).shape;
  const Shape& target = graph.value(main->target).shape;
  const int64_t classes = output.channels();
  if (classes < 2 || classes > ConfusionMatrix::kMostClasses) return std::nullopt;
  if (output.positions() != target.count()) return std::nullopt;
  return ConfusionMatrix(classes);
}

// Class numbers mean names; the data must mean the same ones as the weights.
void compare_classes(const std::vector<std::string>& weights,
                     const std::vector<std::string>& data) {
  if (weights.empty() || data.empty() || weights == data) return;
  warn("the weights were trained on the classes {}, these data have {}",
       escaped(join(weights, ", ")), escaped(join(data, ", ")));
}

DataReader reader_of(const Graph& graph, const TestRequest& request) {
  if (request.weights.empty()) return data_reader(graph);
  const WeightsInfo weights = read_weights_info(request.weights);
  return data_reader(graph, &weights);
}

// What the first loss compares, as numbers of one shape.
MainOutput reconstruction_of(const Graph& graph) {
  const std::optional<MainOutput> main = main_output(graph);
  const auto shape = [&](int id) { return graph.value(id).shape; };
  if (!main || shape(main->value).count() != shape(main->target).count()) {
    fail(Exit::kUsage, "", "--pca compares reconstructions, but the first loss of '{}' has none",
         graph.name);
  }
  return *main;
}

// Principal components of the training split's targets against the network's reconstructions, both
// on the split that is tested. pca/error and pca/ratio (the network's error over it) are mean
// squares of a number; pca/angle_max and pca/angle_mean, in degrees, lie between the components and
// what the network's reconstructions span.
Scores compare_with_pca(int64_t components, const Graph& graph, Executor& executor, Feed& training,
                        Feed& tested) {
  const MainOutput main = reconstruction_of(graph);
  const int64_t numbers = graph.value(main.target).shape.count();
  const auto batches = [&](Feed& feed, int value, bool runs) -> Batches {
    return [&executor, &feed, value, runs](const std::function<void(const ConstView&)>& use) {
      feed.start_epoch(0);
      int64_t first = 0;
      while (const int64_t n = feed.next(executor)) {
        if (runs) executor.forward(n, 0, 0, first);
        first += n;
        ConstView batch = executor.value(value);
        batch.batch = n;
        use(batch);
      }
    };
  };
  const Batches targets = batches(tested, main.target, false);
  const Batches outputs = batches(tested, main.value, true);
  const Pca pca = fit_pca(components, numbers, batches(training, main.target, false));
  const std::vector<double> angles = principal_angles(pca, fit_pca(components, numbers, outputs));
  double squares = 0;
  int64_t count = 0;
  outputs([&](const ConstView& output) {
    const ConstView target = executor.value(main.target);
    for (int64_t i = 0; i < output.count(); ++i) {
      const double error =
          static_cast<double>(output.data[i]) - static_cast<double>(target.data[i]);
      squares += error * error;
    }
    count += output.count();
  });
  const double error = projection_error(pca, targets);
  const double mean =
      std::accumulate(angles.begin(), angles.end(), 0.0) / static_cast<double>(angles.size());
  constexpr double kDegrees = 57.295779513082323;
  return {{"pca/error", error},
          {"pca/ratio", error > 0 ? squares / static_cast<double>(count) / error : 0},
          {"pca/angle_max", kDegrees * angles.front()},
          {"pca/angle_mean", kDegrees * mean}};
}

std::vector<MemoryPlan::Tenant> kept_samples(const DataView& view) {
  const uint64_t bytes = view.dataset->memory_bytes();
  if (bytes == 0) return {};
  return {{"samples kept in memory (data.cache)", bytes}};
}

// Ten crops of a picture are of one batch.
int64_t batch_for(const TestRequest& request, const TrainSettings& settings, int64_t samples) {
  const int64_t wanted = request.batch_size > 0 ? request.batch_size : settings.evaluation_batch();
  const int64_t whole = (wanted + kTenCrops - 1) / kTenCrops * kTenCrops;
  return std::min(request.ten_crops ? whole : wanted, samples);
}

}  // namespace

TestReport test_model(const ModelSpec& written, const TestRequest& request) {
  const Split split = split_of(request.split);
  const ModelSpec spec = with_class_weights(written);
  const TrainSettings settings = read_train_settings(spec);
  const auto seed = static_cast<uint64_t>(settings.seed);
  LoadedNetwork network(spec, {request.weights, request.memory_limit,
                               request.allow_non_finite_weights, request.partial_weights});
  const Graph& graph = network.test_graph();
  MetricSet metrics(spec, graph);
  TestReport report;
  report.confusion = confusion_for(graph);

  DataSource source(load_data(spec, reader_of(graph, request)), seed, wanted_fields(graph));
  DataView view = source.open(split);
  if (view.empty()) {
    fail(Exit::kInput, spec.path, "the split '{}' has no samples", request.split);
  }
  check_class_counts(spec, graph, view);
  check_standards(graph, *view.dataset);
  metrics.take_standards(view.dataset->fields());
  std::optional<CropAverage> crops;
  if (request.ten_crops) {
    crops.emplace(graph);
    view = ten_crops(view);
  }
  const int64_t batch = batch_for(request, settings, view.size());
  std::vector<int> keep = metrics.values();
  if (report.confusion) keep.push_back(main_output(graph)->value);
  if (request.pca_components > 0) keep.push_back(reconstruction_of(graph).value);
  network.plan({{Pass::testing(), batch, keep}});
  std::vector<MemoryPlan::Tenant> others = kept_samples(view);
  network.check(others);
  LoaderSettings loader = settings.loader(batch);
  loader.stream = settings.stream;
  if (request.workers >= 0) loader.workers = static_cast<int>(request.workers);
  report.class_names = class_names_of(graph, *view.dataset);
  const Vocabularies symbols = vocabularies_of(*view.dataset);
  const std::shared_ptr<const Dataset> dataset = view.dataset;
  Feed feed(graph, std::move(view), loader);
  others.push_back({"loading data", feed.bytes()});
  std::unique_ptr<NetworkTexts> texts;
  if (metrics.wants_texts()) {
    texts = NetworkTexts::make(graph.clone(), network.store(), dataset, batch, metrics.writings());
    if (texts == nullptr) metrics.refuse_texts();
    others.push_back({"writing texts", texts->bytes()});
  }
  const WeightsInfo& known = network.load(others);
  check_vocabularies(known.vocabularies, symbols, request.weights);
  compare_classes(known.class_names, report.class_names);

  Evaluator evaluator(graph, network.executor(0), feed, metrics, seed);
  evaluator.repeat(request.passes);
  if (texts != nullptr) {
    texts->allocate(network.executor(0));
    evaluator.write_texts(*texts);
  }
  if (report.confusion) evaluator.count_classes(*report.confusion);
  if (crops) evaluator.average_crops(*crops);
  const auto progress = [&](int64_t done, int64_t total) {
    if (request.progress) request.progress(done, total);
    return true;
  };
  report.model = spec.name;
  report.weights = request.weights;
  report.samples = crops ? feed.samples() / kTenCrops : feed.samples();
  report.metrics = *evaluator.run(progress, "testing");
  report.errors = metrics.errors();
  const Scores terms = evaluator.terms();
  if (terms.size() > 1)
    report.metrics.insert(report.metrics.begin() + 1, terms.begin(), terms.end());
  if (request.pca_components > 0) {
    Feed training(graph, source.open(Split::kTrain), loader);
    const Scores pca =
        compare_with_pca(request.pca_components, graph, network.executor(0), training, feed);
    report.metrics.insert(report.metrics.end(), pca.begin(), pca.end());
  }
  return report;
}

}  // namespace cnn
