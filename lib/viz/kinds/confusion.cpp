// confusion: how often each class is taken for each other one.

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "report/evaluate.h"
#include "viz/drawing/plot.h"
#include "viz/kind.h"

namespace cnn {
namespace {

class Confusion final : public VizKind {
 public:
  void options(Options& o) override {
    o.choice<std::string>("split", split_, {{"test", "test"}, {"val", "val"}, {"train", "train"}},
                          "of the model's data");
  }

  VizResult run(const VizRequest& request) override {
    const VizSubject& subject = request.subject();
    TestRequest test;
    test.weights = subject.weights;
    test.split = split_;
    test.memory_limit = request.memory_limit;
    test.allow_non_finite_weights = request.allow_non_finite_weights;
    test.partial_weights = request.partial_weights;
    test.progress = [&](int64_t done, int64_t total) { request.report("samples", done, total); };
    const TestReport report = test_model(subject.spec, test);
    if (!report.confusion) {
      fail(Exit::kUsage, "",
           "'confusion' takes models whose first loss compares classes; '{}' does not",
           subject.spec.name);
    }
    VizResult result;
    result.figures.push_back({"confusion", draw(plot_of(report))});
    result.numbers = numbers_of(report);
    result.text = worst_pairs(report);
    return result;
  }

 private:
  static std::string name_of(const TestReport& report, int64_t number) {
    const auto i = static_cast<size_t>(number);
    return i < report.class_names.size() ? report.class_names[i] : std::to_string(number);
  }

  MatrixPlot plot_of(const TestReport& report) const {
    const ConfusionMatrix& counts = *report.confusion;
    MatrixPlot plot;
    plot.title = fmt::format("{}: confusion matrix", report.model);
    plot.row_label = "true class";
    plot.column_label = "what the network says";
    int64_t largest = 0;
    for (int64_t t = 0; t < counts.classes(); ++t) {
      plot.names.push_back(name_of(report, t));
      for (int64_t p = 0; p < counts.classes(); ++p) largest = std::max(largest, counts.at(t, p));
    }
    const bool shows_counts = largest < 10000;
    plot.subtitle = fmt::format(
        "split '{}': {} of {} right ({:.2f}%). {}; the colour is the share of the true class, "
        "small shares made visible",
        split_, with_commas(std::llround(counts.accuracy() * static_cast<double>(counts.total()))),
        with_commas(counts.total()), 100 * counts.accuracy(),
        shows_counts ? "Numbers are counts" : "Numbers are percents of the true class");
    for (int64_t t = 0; t < counts.classes(); ++t) {
      const auto all = static_cast<double>(counts.score(t).samples);
      for (int64_t p = 0; p < counts.classes(); ++p) {
        const int64_t count = counts.at(t, p);
        const double share = all > 0 ? static_cast<double>(count) / all : 0;
        plot.shades.push_back(std::pow(share, 0.4));
        plot.texts.push_back(count == 0     ? ""
                             : shows_counts ? std::to_string(count)
                                            : fmt::format("{:.1f}", 100 * share));
      }
    }
    return plot;
  }

  static Json numbers_of(const TestReport& report) {
    Json rows = Json::array(), names = Json::array();
    for (int64_t t = 0; t < report.confusion->classes(); ++t) {
      names.push_back(name_of(report, t));
      Json row = Json::array();
      for (int64_t p = 0; p < report.confusion->classes(); ++p) {
        row.push_back(report.confusion->at(t, p));
      }
      rows.push_back(std::move(row));
    }
    return {{"samples", report.samples},
            {"accuracy", report.confusion->accuracy()},
            {"classes", names},
            {"counts", rows}};
  }

  // "most often taken for another: 4 as 9 (12), ..."
  static std::string worst_pairs(const TestReport& report) {
    struct Confused {
      int64_t count, truth, predicted;
    };
    std::vector<Confused> pairs;
    for (int64_t t = 0; t < report.confusion->classes(); ++t) {
      for (int64_t p = 0; p < report.confusion->classes(); ++p) {
        const int64_t count = report.confusion->at(t, p);
        if (p != t && count > 0) pairs.push_back({count, t, p});
      }
    }
    std::stable_sort(pairs.begin(), pairs.end(),
                     [](const Confused& a, const Confused& b) { return a.count > b.count; });
    std::vector<std::string> words;
    for (size_t i = 0; i < pairs.size() && i < 5; ++i) {
      words.push_back(fmt::format("{} as {} ({})", escaped(name_of(report, pairs[i].truth)),
                                  escaped(name_of(report, pairs[i].predicted)),
                                  with_commas(pairs[i].count)));
    }
    return words.empty() ? "" : "most often taken for another: " + join(words, ", ") + "\n";
  }

  std::string split_ = "test";
};

}  // namespace

extern const VizKindType confusion_kind = {
    .name = "confusion",
    .summary = "how often each class is taken for each other one",
    .example =
        "  cnn viz confusion runs/lenet5\n"
        "  cnn viz confusion runs/cifar-resnet20 --split val --format svg\n"
        "  cnn viz confusion models/lenet5.yaml --weights w.safetensors --json",
    .details =
        "A row is a true class, a column what the network says. Of masks, pixels are "
        "counted.",
    .make = make_kind<Confusion>};

}  // namespace cnn
