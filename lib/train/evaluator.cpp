#include "train/evaluator.h"

#include <cmath>

namespace cnn {

Evaluator::Evaluator(const Graph& graph, Executor& executor, Feed& feed, MetricSet& metrics,
                     uint64_t seed)
    : graph_(graph),
      executor_(executor),
      feed_(feed),
      metrics_(metrics),
      seed_(seed),
      output_(main_output(graph)),
      sums_(graph) {}

std::optional<Scores> Evaluator::run(const Progress& progress, const std::string& when) {
  const auto value = [this](int id) {
    return crops_ ? crops_->value(id, executor_.value(id)) : executor_.value(id);
  };
  CNN_ASSERT(texts_ != nullptr || !metrics_.wants_texts());
  sums_ = LossSums(graph_);
  metrics_.reset();
  for (int64_t pass = 0, done = 0; pass < passes_; ++pass) {
    feed_.start_epoch(0);
    while (const int64_t n = feed_.next(executor_)) {
      // By the sample's number, so that what is drawn does not depend on the batches.
      executor_.forward(n, seed_, static_cast<uint64_t>(pass), done - pass * feed_.samples());
      if (!std::isfinite(sums_.add(graph_, executor_))) {
        fail_diverged(executor_, "the loss is not finite", when);
      }
      metrics_.add(value);
      if (confusion_ && output_) {
        confusion_->add(value(output_->value), value(output_->target), output_->ignored);
      }
      // Behind all that reads this run's values: writing may use their memory.
      if (pass == 0 && metrics_.wants_texts()) {
        metrics_.add_texts(*texts_, feed_.batch_samples());
      }
      done += n;
      if (progress && !progress(done, passes_ * feed_.samples())) return std::nullopt;
    }
  }
  Scores scores;
  if (!graph_.losses.empty()) scores.emplace_back("loss", sums_.total(graph_));
  for (auto& score : metrics_.result()) scores.push_back(std::move(score));
  return scores;
}

Scores Evaluator::terms() const {
  Scores scores;
  for (size_t i = 0; i < graph_.losses.size(); ++i) {
    scores.emplace_back("loss/" + graph_.losses[i].name, sums_.mean(i));
  }
  return scores;
}

void fail_diverged(Executor& executor, const std::string& what, const std::string& when,
                   const std::string& layer) {
  std::string where = layer.empty() ? "" : fmt::format("; gradient of layer '{}'", layer);
  if (const std::optional<NonFinite> first = executor.find_non_finite()) {
    where = fmt::format("; first in the {} of layer '{}'",
                        first->in_gradient ? "gradient" : "output", first->layer);
  }
  Diagnostic d;
  d.problem = fmt::format("{} at {}{}", what, when, where);
  d.notes.push_back("a smaller learning rate, a warm-up or train.clip may help");
  throw Error(Exit::kDiverged, {std::move(d)});
}

}  // namespace cnn
