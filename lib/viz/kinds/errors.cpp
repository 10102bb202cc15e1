// errors: the mistakes that the network is most certain of, which are often the labels' or the
// data's own.

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "metrics/softmax.h"
#include "model/settings.h"
#include "viz/drawing/sheet.h"
#include "viz/subject.h"

namespace cnn {
namespace {

struct Mistake {
  int64_t sample = 0, truth = 0, predicted = 0;
  double probability = 0, of_truth = 0;
};

class Errors final : public VizKind {
 public:
  Errors() { samples_.samples = INT64_MAX; }

  void options(Options& o) override {
    o.choice<std::string>("split", samples_.split,
                          {{"test", "test"}, {"val", "val"}, {"train", "train"}},
                          "of the model's data");
    o("most", most_, "so many mistakes at most").between(1, 1000);
  }

  VizResult run(const VizRequest& request) override {
    const VizSubject& subject = request.subject();
    LoadedNetwork network(subject.spec, source_of(request));
    const int scores = class_scores(network.test_graph(), "errors");
    picture_input(network.test_graph(), "errors");
    const SampleSource source(samples_, subject, network.test_graph(), {});
    if (source.label(0) < 0) fail(Exit::kUsage, "", "the data have no classes to compare with");
    const int64_t batch = read_train_settings(subject.spec).evaluation_batch();
    network.plan({{Pass::predicting(), std::min(batch, source.size()), {scores}}});
    network.load();

    std::vector<Mistake> mistakes;
    for_each_batch(network, 0, source, request, [&](int64_t first, int64_t n, Executor& executor) {
      const ConstView values = executor.value(scores);
      for (int64_t i = 0; i < n; ++i)
        add(values.sample(i), values.channels(), first + i, source.label(first + i), mistakes);
    });
    std::stable_sort(mistakes.begin(), mistakes.end(), [](const Mistake& a, const Mistake& b) {
      return a.probability > b.probability;
    });
    const auto wrong = static_cast<int64_t>(mistakes.size());
    VizResult result;
    result.numbers["samples"] = source.size();
    result.numbers["mistakes"] = wrong;
    result.text = counted(wrong, "mistake") + " in " + counted(source.size(), "sample") + "\n";
    mistakes.resize(std::min(mistakes.size(), static_cast<size_t>(most_)));
    result.figures.push_back(
        {"errors", draw(sheet_of(mistakes, wrong, source, subject.spec.name))});
    result.numbers["shown"] = numbers_of(mistakes, source);
    result.text += files_of(mistakes, source);
    return result;
  }

 private:
  static void add(const float* scores, int64_t classes, int64_t sample, int64_t truth,
                  std::vector<Mistake>& mistakes) {
    if (truth < 0 || truth >= classes) return;
    const int64_t predicted = std::max_element(scores, scores + classes) - scores;
    if (predicted == truth) return;
    const std::vector<double> p = softmax({scores, static_cast<size_t>(classes)});
    mistakes.push_back({sample, truth, predicted, p[static_cast<size_t>(predicted)],
                        p[static_cast<size_t>(truth)]});
  }

  Sheet sheet_of(const std::vector<Mistake>& mistakes, int64_t wrong, const SampleSource& source,
                 const std::string& model) const {
    Sheet sheet;
    sheet.title =
        fmt::format("{}: {} of {} samples wrong ({:.2f}%)", model, with_commas(wrong),
                    with_commas(source.size()),
                    100 * static_cast<double>(wrong) / static_cast<double>(source.size()));
    const auto shown = static_cast<int64_t>(mistakes.size());
    sheet.subtitle = fmt::format(
        "split '{}', {}, the most certain first: true class \xe2\x86\x92 what the network says, "
        "how "
        "certain it is",
        samples_.split,
        shown < wrong ? fmt::format("{} of {} mistakes", shown, with_commas(wrong))
                      : "all mistakes");
    sheet.tile_size = 88;
    sheet.gap = 10;
    std::vector<float> values(static_cast<size_t>(source.shape().count()));
    for (const Mistake& mistake : mistakes) {
      source.read(mistake.sample, 1, values.data());
      sheet.tiles.push_back({source.picture(values.data()),
                             source.class_name(mistake.truth) + " \xe2\x86\x92 " +
                                 source.class_name(mistake.predicted),
                             fmt::format("{:.1f}%", 100 * mistake.probability)});
    }
    return sheet;
  }

  // The first ones by their files, for whoever wants to look at them or at their labels.
  static std::string files_of(const std::vector<Mistake>& mistakes, const SampleSource& source) {
    constexpr size_t kListed = 10;
    std::string text;
    for (size_t i = 0; i < std::min(mistakes.size(), kListed); ++i) {
      const std::string file = source.file(mistakes[i].sample);
      if (file.empty()) return "";
      text += fmt::format("{}: {}, taken for {} ({:.1f}%)\n", escaped(file),
                          escaped(source.class_name(mistakes[i].truth)),
                          escaped(source.class_name(mistakes[i].predicted)),
                          100 * mistakes[i].probability);
    }
    return text;
  }

  static Json numbers_of(const std::vector<Mistake>& mistakes, const SampleSource& source) {
    Json list = Json::array();
    for (const Mistake& mistake : mistakes) {
      Json entry = {{"sample", mistake.sample},
                    {"truth", source.class_name(mistake.truth)},
                    {"predicted", source.class_name(mistake.predicted)},
                    {"probability", mistake.probability},
                    {"probability_of_truth", mistake.of_truth}};
      if (const std::string file = source.file(mistake.sample); !file.empty()) {
        entry["file"] = file;
      }
      list.push_back(std::move(entry));
    }
    return list;
  }

  SampleOptions samples_;
  int64_t most_ = 40;
};

}  // namespace

extern const VizKindType errors_kind = {
    .name = "errors",
    .summary = "a sheet of the mistakes that the network is most certain of",
    .example =
        "  cnn viz errors runs/lenet5\n"
        "  cnn viz errors runs/cifar-resnet20 --split val --most 100",
    .details = "Certainty is the softmax of what the first loss compares with the label.",
    .make = make_kind<Errors>};

}  // namespace cnn
