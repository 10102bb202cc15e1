// NetworkTexts: what a network writes of the samples of an evaluation, for metrics that compare
// texts.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "data/dataset.h"
#include "metrics/text_metric.h"
#include "predict/writer.h"

namespace cnn {

class NetworkTexts final : public TextSource {
 public:
  // Null if the network answers no samples with texts. `graph` is that of testing (or what is run
  // of it), for batches of up to `batch` samples; a writer is planned for each way that the metrics
  // ask for. Borrows the store.
  static std::unique_ptr<NetworkTexts> make(Graph graph, ParameterStore& store,
                                            std::shared_ptr<const Dataset> dataset, int64_t batch,
                                            const std::vector<Writing>& ways);

  uint64_t bytes() const;  // planned
  // Once the store has its memory; `executor` is the one that runs the batches.
  void allocate(Executor& executor);

  std::vector<std::string> write(const Writing& how, std::span<const int64_t> samples) override;
  std::vector<std::string> references(int64_t sample) const override;

 private:
  NetworkTexts(Graph graph, std::shared_ptr<const Dataset> dataset,
               std::shared_ptr<const TextVocabulary> vocabulary);

  Graph graph_;
  Executor* executor_ = nullptr;
  std::shared_ptr<const Dataset> dataset_;
  std::shared_ptr<const TextVocabulary> vocabulary_;
  std::vector<std::pair<int64_t, std::unique_ptr<Writer>>> writers_;  // by beams
};

}  // namespace cnn
