#include "train/updater.h"

#include <algorithm>
#include <cmath>

#include "train/evaluator.h"

namespace cnn {
namespace {

std::string place(const TrainPosition& position) {
  return fmt::format("step {} (epoch {})", position.step + 1, position.epoch + 1);
}

}  // namespace

Updater::Update Updater::run(TrainPosition& position) {
  const int64_t left = session_.train_feed().samples() - position.batch * settings_.batch_size;
  Update done;
  done.samples = std::min(settings_.accumulate * settings_.batch_size, left);
  const int64_t end = std::min(position.batch + settings_.accumulate, session_.batches());
  // Of all batches of the update, so that each is a part of one large batch.
  std::vector<double> denominators;
  const int64_t batches = end - position.batch;
  if (batches > 1) denominators = session_.train_feed().denominators(batches);
  for (bool adds = false; position.batch < end; adds = true) {
    done.loss += accumulate(position, done.samples, denominators, adds);
  }
  const std::optional<int> bad = session_.optimizer().update(position.lr, clip_factor(position));
  if (bad) {
    const std::string& name = session_.network().store().at(*bad).name;
    fail_diverged(session_.train_executor(), "a gradient is not finite", place(position),
                  name.substr(0, name.rfind('.')));
  }
  ++position.step;
  session_.average().update(position.step);
  return done;
}

// Forward and backward of one batch of an update of so many samples; its share of the loss.
double Updater::accumulate(TrainPosition& position, int64_t samples,
                           std::span<const double> denominators, bool adds) {
  Executor& executor = session_.train_executor();
  const Graph& graph = session_.network().train_graph();
  const int64_t n = session_.train_feed().next(executor);
  CNN_ASSERT(n > 0);
  executor.forward(n, position.seed, static_cast<uint64_t>(position.forwards));
  const double loss = position.sums.add(graph, executor);
  session_.train_metrics().add([&](int id) { return executor.value(id); });
  if (!std::isfinite(loss)) fail_diverged(executor, "the loss is not finite", place(position));
  double share = loss;
  if (denominators.empty()) {
    executor.backward(1.0f, adds);
  } else {
    const double part = static_cast<double>(n) / static_cast<double>(samples);
    std::vector<double>& known = denominators_;
    known.assign(denominators.begin(), denominators.end());
    share = 0;
    for (size_t t = 0; t < known.size(); ++t) {
      const Executor::LossSum sum = executor.loss(static_cast<int>(t));
      if (known[t] == 0) known[t] = sum.denominator / part;  // by samples, for want of better
      if (known[t] > 0) share += graph.losses[t].weight * sum.numerator / known[t];
    }
    executor.backward(1.0f, adds, known);
  }
  ++position.batch;
  ++position.forwards;
  position.samples += n;
  return share;
}

// What gradients are multiplied by so that their global norm stays within train.clip.
float Updater::clip_factor(TrainPosition& position) {
  const ClipRule& clip = settings_.clip;
  if (!clip.active()) return 1;
  const double norm = session_.optimizer().gradient_norm();
  if (!std::isfinite(norm)) {
    fail_diverged(session_.train_executor(), "a gradient is not finite", place(position));
  }
  if (clip.limit > 0 && norm > clip.limit) {
    fail(Exit::kDiverged, "",
         "the gradients' norm {:.4g} at {} is above the limit {:.4g} of train.clip", norm,
         place(position), clip.limit);
  }
  if (clip.norm == 0 || norm <= clip.norm) return 1;
  ++position.clipped;
  return static_cast<float>(clip.norm / norm);
}

}  // namespace cnn
