#include "train/rate_search.h"

#include <algorithm>
#include <cmath>

#include "io/csv.h"
#include "model/class_balance.h"
#include "train/json.h"
#include "train/session.h"
#include "train/updater.h"

namespace cnn {
namespace {

constexpr double kKept = 0.9;         // of the running mean, by an update
constexpr double kRunAway = 4;        // times the lowest loss: the search ends
constexpr double kBelowLowest = 0.1;  // of the lowest loss's rate: the suggestion
constexpr int64_t kReach = 5;         // points to each side of which a slope is taken
constexpr size_t kFewest = 2 * kReach + 1;

}  // namespace

RateSearch search_rate(const ModelSpec& spec, const RateSearchRequest& request, StopFlags& flags) {
  const ModelSpec counted = with_class_weights(spec);
  Session session(counted, request.memory_limit);
  session.begin(request.weights, {request.allow_non_finite_weights, request.partial_weights},
                [&] { return flags.stop_signal.load() == 0; });
  Updater updater(session);
  TrainPosition position;
  position.seed = static_cast<uint64_t>(session.settings().seed);
  position.sums = LossSums(session.network().train_graph());
  session.train_feed().start_epoch(0);

  RateSearch search;
  search.model = spec.name;
  const double factor =
      std::pow(request.high / request.low,
               1 / static_cast<double>(std::max<int64_t>(request.updates - 1, 1)));
  double mean = 0, weight = 0, lowest = INFINITY;
  for (int64_t i = 0; i < request.updates; ++i) {
    if (flags.stop_signal.load() != 0) {
      search.ended = "stopped by a signal";
      break;
    }
    if (position.batch == session.batches()) {
      position.batch = 0;
      session.train_feed().start_epoch(++position.epoch);
    }
    position.lr = request.low * std::pow(factor, static_cast<double>(i));
    double loss = 0;
    try {
      loss = updater.run(position).loss;
    } catch (const Error& error) {
      if (error.code() != Exit::kDiverged || i == 0) throw;
      search.ended = fmt::format("the loss is not finite from {:.2g} on", position.lr);
      break;
    }
    mean = kKept * mean + (1 - kKept) * loss;
    weight = kKept * weight + (1 - kKept);
    const double smooth = mean / weight;
    search.points.push_back({position.lr, loss, smooth});
    if (request.progress) request.progress(i + 1, request.updates);
    lowest = std::min(lowest, smooth);
    if (i >= request.updates / 10 && smooth > kRunAway * lowest && lowest > 0) {
      search.ended = fmt::format("the loss runs away from {:.2g} on", position.lr);
      break;
    }
  }
  suggest_rate(search);
  return search;
}

void suggest_rate(RateSearch& search) {
  const std::vector<RateSearch::Point>& points = search.points;
  search.steepest = search.lowest = search.suggestion = std::nullopt;
  if (points.size() < kFewest) return;
  const auto end = std::min_element(points.begin(), points.end(), [](const auto& a, const auto& b) {
    return a.smooth < b.smooth;
  });
  // Shares of the loss: a network that begins with a loss of 7 halves it at rates that teach
  // nothing.
  const bool is_positive =
      std::all_of(points.begin(), points.end(), [](const auto& p) { return p.smooth > 0; });
  const auto height = [&](const RateSearch::Point& p) {
    return is_positive ? std::log(p.smooth) : p.smooth;
  };
  double least = 0;
  const int64_t last = std::min<int64_t>(end - points.begin(), std::ssize(points) - 1 - kReach);
  for (int64_t i = kReach; i <= last; ++i) {
    const auto& before = points[static_cast<size_t>(i - kReach)];
    const auto& after = points[static_cast<size_t>(i + kReach)];
    const double slope = (height(after) - height(before)) / std::log(after.rate / before.rate);
    if (slope >= least) continue;
    least = slope;
    search.steepest = points[static_cast<size_t>(i)].rate;
  }
  if (!search.steepest) return;
  search.lowest = end->rate;
  search.suggestion = std::max(kBelowLowest * end->rate, points.front().rate);
}

std::string RateSearch::json() const {
  Json list = Json::array();
  for (const Point& p : points) {
    list.push_back({{"lr", p.rate}, {"loss", p.loss}, {"smooth", p.smooth}});
  }
  const auto number = [](const std::optional<double>& x) { return x ? Json(*x) : Json(); };
  return json_text({{"schema", 1},
                    {"model", model},
                    {"points", std::move(list)},
                    {"ended", ended},
                    {"steepest", number(steepest)},
                    {"lowest", number(lowest)},
                    {"suggestion", number(suggestion)}});
}

std::string RateSearch::csv() const {
  const auto line = [](const std::vector<std::string>& fields) { return csv_line(fields); };
  std::string text = line({"lr", "loss", "smooth"});
  for (const Point& p : points) {
    text += line({csv_number(p.rate), csv_number(p.loss), csv_number(p.smooth)});
  }
  return text;
}

}  // namespace cnn
