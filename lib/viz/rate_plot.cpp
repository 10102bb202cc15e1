#include "viz/rate_plot.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "viz/drawing/plot.h"

namespace cnn {
namespace {

// Two digits: more is not known of a rate.
std::string rate_text(double rate) { return fmt::format("{:.2g}", rate); }

std::string advice(const RateSearch& search) {
  if (!search.suggestion) {
    return search.points.size() < 20
               ? "too few updates for a suggestion\n"
               : "the loss does not fall at any of these rates: look at the model and the data\n";
  }
  return fmt::format(
      "the loss falls fastest at {}, is lowest at {}; try a tenth of that: --lr {}\n",
      rate_text(*search.steepest), rate_text(*search.lowest), rate_text(*search.suggestion));
}

Drawing curve(const RateSearch& search) {
  LinePlot plot;
  plot.title = search.model + ": loss by learning rate";
  if (search.suggestion) {
    plot.subtitle = fmt::format("falls fastest at {}, lowest at {}; to begin with: {}",
                                rate_text(*search.steepest), rate_text(*search.lowest),
                                rate_text(*search.suggestion));
  }
  plot.x = {.label = "learning rate", .log = true};
  plot.y = {.label = "training loss"};
  Series raw, smooth;
  raw.name = "of each update";
  raw.dashed = true;
  smooth.name = "running mean";
  double highest = 0;
  for (size_t i = 0; i < search.points.size(); ++i) {
    const RateSearch::Point& p = search.points[i];
    raw.x.push_back(p.rate);
    raw.y.push_back(p.loss);
    smooth.x.push_back(p.rate);
    smooth.y.push_back(p.smooth);
    if (search.lowest && p.rate <= *search.lowest) highest = std::max(highest, p.loss);
    if (search.suggestion && p.rate <= *search.suggestion) smooth.marked = {i};
  }
  // Where the loss runs away it would press all else to the ground.
  if (search.suggestion && highest > 0) {
    plot.y.high = 1.1 * highest;
    for (Series* s : {&raw, &smooth}) {
      for (double& y : s->y) y = y > *plot.y.high ? NAN : y;
    }
  }
  plot.series = {std::move(smooth), std::move(raw)};
  return draw(plot);
}

}  // namespace

VizResult rate_search_result(const RateSearch& search) {
  constexpr size_t kRows = 15;
  VizResult result;
  result.text = fmt::format(
      "{}: {} from {} to {}{}\n", search.model, counted(std::ssize(search.points), "update"),
      rate_text(search.points.front().rate), rate_text(search.points.back().rate),
      search.ended.empty() ? "" : "; " + search.ended);
  const size_t step = std::max<size_t>(1, (search.points.size() + kRows - 1) / kRows);
  result.text += "      lr     loss\n";
  for (size_t i = 0; i < search.points.size(); i += step) {
    const RateSearch::Point& p = search.points[i];
    result.text += fmt::format("{:>8}  {:7.4g}\n", rate_text(p.rate), p.smooth);
  }
  result.text += advice(search);
  result.figures.push_back({"find_lr", curve(search)});
  result.files.emplace_back("find_lr.csv", search.csv());
  return result;
}

}  // namespace cnn
