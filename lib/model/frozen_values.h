// FrozenValues: what the frozen beginning of a network makes of samples, for the rest of it, which
// is run with every batch and reads these values as fields.
//
// The beginning runs as in testing, and each sample by itself (Pass::by_sample), so that the
// numbers are the same in any batch, whether they are kept or computed anew: a run ends with the
// same bits however many of them find room.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "data/loader.h"
#include "graph/executor.h"
#include "graph/graph.h"
#include "model/sample_store.h"
#include "tensor/tensor.h"

namespace cnn {

// Numbers of samples in the store, by what the frozen layers read: five captions of one picture
// have one number, where it is the picture alone that these layers see.
class SampleKeys {
 public:
  // `fields`: the data set's that are read. Numbers begin at `first`.
  SampleKeys(const DataView& view, const std::vector<int>& fields, int64_t first);

  int64_t key(int64_t index) const { return keys_[static_cast<size_t>(index)]; }
  int64_t end() const { return end_; }

 private:
  std::vector<int64_t> keys_;  // by number in the data set
  int64_t end_;
};

class FrozenValues {
 public:
  // A value of the beginning, and the field that it is in the rest; shape and items are the same.
  struct Link {
    int value = -1;  // of `beginning`
    int field = -1;  // Graph::fields of `rest`
  };
  // What there is to do: `beginning` and `rest` are graphs as they are run, the fields of the first
  // are the first ones of the second. `kept`: values of the rest that are read from outside.
  struct Job {
    const Graph& beginning;
    const Graph& rest;
    std::vector<Link> links;
    std::vector<int> kept;
    int64_t batch = 0;

    // Of memory beside the store.
    uint64_t bytes() const;
    // Of one sample in the store, at most.
    int64_t floats() const;
    // By field of the beginning: whether it reads it, and whether others do, too.
    bool is_read(size_t field) const;
    bool is_shared(size_t field) const;
    // Of samples that the beginning reads in another order than the batch has them.
    int64_t input_floats(size_t field) const;
  };
  // Borrows the graphs, the executor of `beginning` and the store.
  FrozenValues(Job job, Executor& executor, SampleStore& store, SampleKeys keys);

  // Binds the values of a batch, whose fields are those of `rest`, to the executor of that.
  void give(const Batch& batch, Executor& to);

  // By field of the data that `rest` is fed with: only the beginning reads it, so that it need not
  // be there for samples that has() says are known.
  const std::vector<char>& spared() const { return spared_; }
  bool has(int64_t index) const { return store_.has(keys_.key(index)); }

 private:
  struct Memory {
    Buffer numbers;
    std::vector<int64_t> starts;  // by sample of the batch: where its numbers begin
    std::span<float> of(size_t sample) {
      return {numbers.data() + starts[sample],
              static_cast<size_t>(starts[sample + 1] - starts[sample])};
    }
  };
  const Field& field_of(const Link& link) const {
    return job_.rest.fields[static_cast<size_t>(link.field)].field;
  }
  void measure(const Batch& batch);
  void sort_samples(const Batch& batch);
  void take_known(int64_t sample, const Batch& batch);
  void compute_together(const Batch& batch);
  void compute_one(int64_t sample, const Batch& batch);
  void take_computed(int64_t sample, int64_t place, const Batch& batch);

  Job job_;
  Executor& executor_;
  SampleStore& store_;
  SampleKeys keys_;
  std::vector<char> reads_;       // by field of the beginning
  std::vector<char> spared_;      // by field of the rest
  std::vector<Memory> memory_;    // by link
  std::vector<Buffer> inputs_;    // by field of the beginning, where the rest reads it too
  std::vector<float> numbers_;    // of one sample
  std::vector<int64_t> unknown_;  // samples of the batch that are computed
  std::vector<std::pair<int64_t, int64_t>> copies_;  // and those that are like one of them
};

}  // namespace cnn
