// curves: how losses, metrics and the learning rate went, of one run or of several compared.

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "report/runs.h"
#include "viz/drawing/plot.h"
#include "viz/kind.h"

namespace cnn {
namespace {

enum class Over { kEpochs, kSteps, kTime };

// "loss" of "train/loss" and "val/loss".
std::string base_name(const std::string& score) { return score.substr(score.find('/') + 1); }
bool is_training(const std::string& score) { return score.starts_with("train/"); }

class Curves final : public VizKind {
 public:
  void options(Options& o) override {
    o("metric", metrics_, "what to draw: loss, accuracy, lr ... (default: all)");
    o.choice<Over>("over", over_,
                   {{"epochs", Over::kEpochs}, {"steps", Over::kSteps}, {"time", Over::kTime}},
                   "the x axis: epochs, steps or time");
    o("log", log_, "a logarithmic axis for losses");
    o("separate", separate_, "a picture for each score");
    o("each", each_, "a line for each run, also of those that differ in their seed alone");
  }

  VizResult run(const VizRequest& request) override {
    std::vector<std::string> paths;
    for (const VizSubject& subject : request.subjects) paths.push_back(subject.run);
    runs_ = read_runs(paths);
    for (const Run& run : runs_) {
      if (run.epochs.empty()) {
        fail(Exit::kInput, run.path, "has no completed epoch yet: nothing to draw");
      }
    }
    groups_ = grouped_by_seed(runs_);
    if (each_) {
      groups_.clear();
      for (size_t i = 0; i < runs_.size(); ++i) groups_.push_back({runs_[i].name, {i}, {}});
    }
    VizResult result;
    std::vector<Drawing> plots;
    for (const std::string& name : chosen_names()) {
      plots.push_back(draw(plot_of(name)));
      if (separate_) result.figures.push_back({"curves_" + file_name(name), plots.back()});
    }
    if (!separate_) {
      result.figures.push_back({"curves", arranged(plots, plots.size() == 1 ? 1 : 2)});
    }
    result.numbers["runs"] = numbers();
    return result;
  }

 private:
  static std::string file_name(std::string name) {
    std::replace(name.begin(), name.end(), '/', '_');
    return name;
  }

  std::vector<std::string> known_names() const {
    std::vector<std::string> names;
    for (const Run& run : runs_) {
      for (const std::string& score : run.score_names()) {
        const std::string name = base_name(score);
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
      }
    }
    names.emplace_back("lr");
    return names;
  }

  std::vector<std::string> chosen_names() const {
    const std::vector<std::string> known = known_names();
    for (const std::string& name : metrics_) {
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        fail(Exit::kUsage, "", "--metric {}: the runs have {}", name, quoted_list(known));
      }
    }
    return metrics_.empty() ? known : metrics_;
  }

  double x_of(const EpochRow& epoch) const {
    return over_ == Over::kEpochs  ? static_cast<double>(epoch.epoch)
           : over_ == Over::kSteps ? static_cast<double>(epoch.step)
                                   : epoch.seconds;
  }

  static double value_of(const EpochRow& epoch, const std::string& score) {
    if (score == "lr") return epoch.lr;
    const double* value = find_score(epoch.scores, score);
    return value == nullptr ? NAN : *value;
  }

  // The mean of a group's runs at each epoch that all of them have, and their range.
  Series series_of(const RunGroup& group, const std::string& score) const {
    Series series;
    size_t epochs = SIZE_MAX;
    for (const size_t i : group.runs) epochs = std::min(epochs, runs_[i].epochs.size());
    for (size_t e = 0; e < epochs; ++e) {
      std::vector<double> values, places;
      for (const size_t i : group.runs) {
        values.push_back(value_of(runs_[i].epochs[e], score));
        places.push_back(x_of(runs_[i].epochs[e]));
      }
      const Spread spread = spread_of(values);
      series.x.push_back(spread_of(places).mean);
      series.y.push_back(spread.mean);
      if (group.runs.size() > 1) {
        series.low.push_back(spread.low);
        series.high.push_back(spread.high);
      }
    }
    return series;
  }

  LinePlot plot_of(const std::string& name) const {
    LinePlot plot;
    plot.title = name == "lr" ? "learning rate" : name;
    if (groups_.size() == 1) plot.title = groups_[0].name + ": " + plot.title;
    plot.width = 460;
    plot.height = 300;
    plot.x.label = over_ == Over::kEpochs  ? "epoch"
                   : over_ == Over::kSteps ? "step"
                                           : "seconds of training";
    plot.x.whole = over_ != Over::kTime;
    plot.y.log = log_ && name.find("loss") != std::string::npos;
    for (size_t g = 0; g < groups_.size(); ++g) add_group(plot, g, name);
    return plot;
  }

  void add_group(LinePlot& plot, size_t g, const std::string& name) const {
    const RunGroup& group = groups_[g];
    const Run& first = runs_[group.runs[0]];
    std::vector<std::string> scores = first.score_names();
    std::erase_if(scores, [&](const std::string& score) { return base_name(score) != name; });
    if (name == "lr") scores = {"lr"};
    const bool alone = groups_.size() == 1;
    const bool few = first.epochs.size() <= 40;
    for (const std::string& score : scores) {
      Series series = series_of(group, score);
      const std::string part = is_training(score) ? "training" : "validation";
      series.name = alone ? (name == "lr" ? "" : part) : group.name;
      if (!alone && name != "lr" && is_training(score)) series.name += ", training";
      if (group.runs.size() > 1 && !series.name.empty()) {
        series.name += fmt::format(" ({} seeds)", group.runs.size());
      }
      series.dashed = is_training(score);
      series.colour = static_cast<int>(alone ? plot.series.size() : g);
      series.has_points = few;
      if (alone && group.runs.size() == 1 && !is_training(score) && name != "lr") {
        for (size_t e = 0; e < first.epochs.size(); ++e) {
          if (&first.epochs[e] == first.best()) series.marked = {e};
        }
      }
      plot.series.push_back(std::move(series));
    }
  }

  Json numbers() const {
    Json all = Json::array();
    for (const Run& run : runs_) {
      Json columns = {{"epoch", Json::array()},
                      {"step", Json::array()},
                      {"seconds", Json::array()},
                      {"lr", Json::array()}};
      for (const EpochRow& epoch : run.epochs) {
        columns["epoch"].push_back(epoch.epoch);
        columns["step"].push_back(epoch.step);
        columns["seconds"].push_back(epoch.seconds);
        columns["lr"].push_back(epoch.lr);
        for (const auto& [name, value] : epoch.scores) {
          columns[name].push_back(std::isfinite(value) ? Json(value) : Json());
        }
      }
      all.push_back({{"run", run.path}, {"curves", std::move(columns)}});
    }
    return all;
  }

  std::vector<std::string> metrics_;
  Over over_ = Over::kEpochs;
  bool log_ = false;
  bool separate_ = false;
  bool each_ = false;
  std::vector<Run> runs_;
  std::vector<RunGroup> groups_;
};

}  // namespace

extern const VizKindType curves_kind = {
    .name = "curves",
    .summary = "training curves of one run, or of several compared",
    .example =
        "  cnn viz curves runs/lenet5\n"
        "  cnn viz curves runs/sgd-* runs/adam-* --metric accuracy --over time\n"
        "  cnn viz curves runs/lenet5 --log --format svg",
    .details =
        "Training is dashed, validation solid; the circle is the best epoch. Runs that "
        "differ in nothing but their seed become one line, their mean, in a band from the "
        "lowest to the highest. Training losses are means over an epoch while the weights "
        "changed, so they may begin above validation's.",
    .needs = VizKindType::Needs::kRuns,
    .prefers_svg = true,
    .make = make_kind<Curves>};

}  // namespace cnn
