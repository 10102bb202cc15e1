// predicted: the numbers that a network predicts against the true ones, a panel a number.
#include <algorithm>
#include <cmath>
#include <memory>

#include "base/error.h"
#include "base/text.h"
#include "graph/main_output.h"
#include "metrics/metrics.h"
#include "model/feed.h"
#include "model/settings.h"
#include "predict/head.h"
#include "viz/drawing/plot.h"
#include "viz/subject.h"

namespace cnn {
namespace {

// A number of every sample, true and predicted, and what the metrics say of it.
struct Column {
  std::string name;
  std::vector<float> truth, predicted;
  double r2 = 0, mae = 0, rmse = 0;
};

class Predicted final : public VizKind {
 public:
  void options(Options& o) override {
    o.choice<std::string>("split", samples_.split,
                          {{"test", "test"}, {"val", "val"}, {"train", "train"}},
                          "of the model's data");
    o("samples", most_samples_, "how many, evenly over the split (default: all)").at_least(1);
    o("most", most_, "so many numbers at most, a panel each").between(1, 100);
  }

  VizResult run(const VizRequest& request) override {
    const VizSubject& subject = request.subject();
    LoadedNetwork network(subject.spec, source_of(request));
    const Graph& graph = network.test_graph();
    require_numbers(graph);
    const TrainSettings settings = read_train_settings(subject.spec);
    network.plan({{Pass::predicting(), settings.evaluation_batch(), {output_.value}}});
    network.load();
    samples_.samples = most_samples_.value_or(INT64_MAX);
    const SampleSource source(samples_, subject, graph, network.weights());
    const FoundHead head = find_head({graph, network.weights()});
    std::vector<Column> columns = columns_of(*head.head, graph, source);
    for_each_batch(network, 0, source, request, [&](int64_t first, int64_t n, Executor& executor) {
      for (int64_t i = 0; i < n; ++i) {
        add(executor.value(output_.value), i, source, first + i, *head.head, columns);
      }
    });
    for (Column& column : columns) measure(column);
    return result_of(subject.spec.name, columns);
  }

 private:
  // Numbers of samples that shall come near to numbers of the data; of pictures and of lists there
  // are other kinds.
  void require_numbers(const Graph& graph) {
    const std::optional<MainOutput> main = main_output(graph);
    const auto refuse = [&](std::string_view why) {
      fail(Exit::kUsage, "", "'predicted' takes models that predict numbers, a regression; {}",
           why);
    };
    if (!main) refuse(fmt::format("'{}' has no loss with a target", graph.name));
    const Value &output = graph.value(main->value), &target = graph.value(main->target);
    if (main->is_classes()) {
      refuse(fmt::format("the first loss of '{}' compares classes: see confusion", graph.name));
    }
    if (output.length >= 0 || output.shape.rank() > 2) {
      refuse(fmt::format("'{}' gives {}", graph.name, describe(output.shape, graph.items(output))));
    }
    if (output.shape.count() != target.shape.count()) {
      refuse(fmt::format("'{}' gives {} and its target is {}", graph.name, output.shape.str(),
                         target.shape.str()));
    }
    const auto field = std::find_if(graph.fields.begin(), graph.fields.end(),
                                    [&](const GraphField& f) { return f.value == main->target; });
    if (field == graph.fields.end() || field->is_input) {
      refuse(fmt::format("the first loss of '{}' compares with its own input: see reconstruct",
                         graph.name));
    }
    output_ = *main;
  }

  std::vector<Column> columns_of(const Head& head, const Graph& graph, const SampleSource& source) {
    field_ = target_field(graph, *source.view()->dataset);
    CNN_ASSERT(field_ >= 0);
    shape_ = graph.value(output_.value).shape;
    std::vector<std::string> names = value_names_of(graph, *source.view()->dataset);
    if (static_cast<int64_t>(names.size()) != shape_.count()) names = head.columns();
    std::vector<Column> columns;
    for (int64_t i = 0; i < shape_.count(); ++i) {
      const auto place = static_cast<size_t>(i);
      columns.push_back({place < names.size() ? names[place] : std::to_string(i), {}, {}});
    }
    return columns;
  }

  // As `cnn predict` says them: what the data did to their numbers is undone there.
  std::vector<float> said(const Head& head, const float* values) const {
    return head.answer({{values, 1, shape_}}).json.at("values").get<std::vector<float>>();
  }

  void add(const ConstView& output, int64_t i, const SampleSource& source, int64_t sample,
           const Head& head, std::vector<Column>& columns) const {
    std::vector<float> values(output.sample(i), output.sample(i) + shape_.count());
    if (output_.is_before_sigmoid()) {
      for (float& value : values) value = 1 / (1 + std::exp(-value));
    }
    std::vector<float> truth(values.size());
    FieldReader(*source.view()->dataset, field_).read(source.index(sample), truth.data());
    const std::vector<float> said_output = said(head, values.data());
    const std::vector<float> said_truth = said(head, truth.data());
    for (size_t c = 0; c < columns.size(); ++c) {
      if (output_.ignored && truth[c] == static_cast<float>(*output_.ignored)) continue;
      columns[c].truth.push_back(said_truth[c]);
      columns[c].predicted.push_back(said_output[c]);
    }
  }

  static double measured(const char* name, const Column& column) {
    const std::unique_ptr<Metric> metric = make_metric(name);
    metric->setup({.output = Shape{1}, .target = Shape{1}});
    const auto n = static_cast<int64_t>(column.truth.size());
    metric->add({column.predicted.data(), n, Shape{1}}, {column.truth.data(), n, Shape{1}});
    return metric->result().front().second;
  }

  static void measure(Column& column) {
    column.r2 = measured("r2", column);
    column.mae = measured("mae", column);
    column.rmse = measured("rmse", column);
  }

  VizResult result_of(const std::string& model, const std::vector<Column>& columns) const {
    VizResult result;
    Json list = Json::array();
    double r2 = 0;
    std::vector<Drawing> panels;
    const double width = panel_width(columns);
    for (const Column& column : columns) {
      r2 += column.r2 / static_cast<double>(columns.size());
      list.push_back({{"name", column.name},
                      {"samples", column.truth.size()},
                      {"r2", column.r2},
                      {"mae", column.mae},
                      {"rmse", column.rmse},
                      {"true", column.truth},
                      {"predicted", column.predicted}});
      result.text += fmt::format("{}: {}\n", escaped(column.name), scores(column, "R2"));
      if (std::ssize(panels) < most_) panels.push_back(panel_of(model, column, width));
    }
    const auto side = static_cast<int64_t>(
        std::ceil(std::sqrt(static_cast<double>(std::max<size_t>(panels.size(), 1)))));
    result.figures.push_back({"predicted", arranged(panels, std::max<int64_t>(side, 1))});
    result.numbers = {{"model", model}, {"split", samples_.split}, {"r2", r2}, {"columns", list}};
    return result;
  }

  static std::string scores(const Column& column, std::string_view square) {
    return fmt::format("{} {:.4f}, MAE {:.4g}, RMSE {:.4g}", square, column.r2, column.mae,
                       column.rmse);
  }

  static std::string title_of(const Column& column) {
    return fmt::format("{}: {}", escaped(column.name), scores(column, "R\xc2\xb2"));
  }

  // So that titles are one line each, and that no long name is cut.
  static double panel_width(const std::vector<Column>& columns) {
    constexpr double kLeast = 440, kMost = 620, kMargins = 2 * 14 + 4;
    double wish = 0, longest = 0;
    for (const Column& column : columns) {
      const std::string title = title_of(column);
      wish = std::max(wish, text_width(title, 15, true));
      for (const std::string& word : split(title, ' ')) {
        longest = std::max(longest, text_width(word, 15, true));
      }
    }
    return std::max(std::clamp(wish + kMargins, kLeast, kMost), longest + kMargins);
  }

  Drawing panel_of(const std::string& model, const Column& column, double width) const {
    const std::string name = escaped(column.name);
    if (column.truth.empty()) {
      fail(Exit::kInput, "", "no sample of the split '{}' has a number '{}'", samples_.split, name);
    }
    ScatterPlot plot;
    plot.title = title_of(column);
    plot.subtitle =
        fmt::format("{}, split '{}', {}; on the line both are the same", model, samples_.split,
                    counted(static_cast<int64_t>(column.truth.size()), "sample"));
    for (size_t i = 0; i < column.truth.size(); ++i) {
      plot.points.push_back(
          {static_cast<double>(column.truth[i]), static_cast<double>(column.predicted[i])});
    }
    plot.has_equal_axes = true;
    plot.x.label = name + ", true";
    plot.y.label = name + ", predicted";
    plot.width = width;
    return draw(plot);
  }

  SampleOptions samples_;
  std::optional<int64_t> most_samples_;
  int64_t most_ = 12;
  MainOutput output_;
  Shape shape_;
  int field_ = -1;
};

}  // namespace

extern const VizKindType predicted_kind = {
    .name = "predicted",
    .summary = "the numbers that a regression predicts against the true ones",
    .example =
        "  cnn viz predicted runs/prices\n"
        "  cnn viz predicted runs/prices --split val --samples 500 --format svg\n"
        "  cnn viz predicted runs/prices --json             every pair of numbers",
    .details =
        "A panel a number that the network predicts, called by its column; a point a sample, true "
        "to the right, predicted upwards, on equal axes. R2 is the share of the numbers' variance "
        "that is explained, MAE the mean absolute error, RMSE the root of the mean squared one: "
        "the metrics r2, mae and rmse, of each number alone. Numbers are those that 'cnn predict' "
        "says.",
    .make = make_kind<Predicted>};

}  // namespace cnn
