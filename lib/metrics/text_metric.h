// Metrics of what a network writes: a text for each sample, against those that would be right.
//
// They see no batches. Who evaluates asks a TextSource for the texts; measuring them costs a run of
// the network for every symbol, so training leaves them out.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/metrics.h"

namespace cnn {

// How a network is asked to write.
struct Writing {
  int value = -1;    // of the test graph: the scores of the symbols that it writes
  int64_t beam = 1;  // so many beginnings are kept side by side; 1: the likeliest symbol each time
  int64_t most = 0;  // symbols; 0: as many as the list of scores can have

  bool operator==(const Writing&) const = default;
};

// Who writes, and knows what should have been written.
class TextSource {
 public:
  virtual ~TextSource() = default;
  // The texts of the batch that the evaluator has run last, by sample; `samples` are their numbers
  // in the data set. May use the memory of that run.
  virtual std::vector<std::string> write(const Writing& how, std::span<const int64_t> samples) = 0;
  // Those that are right for a sample, at least one.
  virtual std::vector<std::string> references(int64_t sample) const = 0;
};

class TextMetric : public Metric {
 public:
  // Those of every such metric; its own first.
  void options(Options& o) final;
  bool needs_target() const final { return false; }
  bool measures_training() const final { return false; }
  std::string output_name() const final { return output_.value_or(""); }
  void setup(const MetricInputs& inputs) final;
  void add(const ConstView&, const ConstView&, std::span<const ConstView>) final {}

  virtual void add_text(std::string_view text, std::span<const std::string> references) = 0;
  Writing writing(int value) const { return {value, beam_, most_.value_or(0)}; }

 protected:
  virtual void own_options(Options&) {}

 private:
  std::optional<std::string> output_;
  int64_t beam_ = 1;
  std::optional<int64_t> most_;
};

}  // namespace cnn
