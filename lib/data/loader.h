// Loader: batches of a view, read ahead by threads of its own. Order and content depend on (seed,
// epoch) alone: never on the number of threads or on where an epoch is entered.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "data/dataset.h"
#include "tensor/tensor.h"

namespace cnn {

struct LoaderSettings {
  int64_t batch_size = 64;
  bool shuffle = false;
  // By sample of the view, its class: an epoch then has as many samples as ever, but of every class
  // equally many. Of large classes some are left out, others in every epoch; those of small ones
  // come several times, those of none (below 0) never. Empty: every sample comes once.
  std::vector<int64_t> classes = {};
  uint64_t seed = 0;  // of the order, stream "data", by epoch
  int workers = 2;    // threads that read ahead; 0: next() reads
  bool drop_last = false;
  // The samples in their order are one text: it is dealt in `batch_size` streams, each a stretch of
  // it, and sample i of a batch goes on where sample i of the batch before has ended. What does not
  // fill the last batch is left out; nothing is shuffled.
  bool stream = false;
  bool augment = false;  // as the data map's `augment` asks for: in training only
};

struct Batch {
  int64_t number = 0;          // within the epoch, from 0
  int64_t n = 0;               // samples; the last batch may be smaller
  std::vector<float*> fields;  // as given to Loader; 64-byte aligned, channels-last; whoever
                               // gets the batch may change them
  // Of lists, whose items lie packed: those of sample i are starts[i] .. starts[i + 1]; else null.
  std::vector<const int64_t*> starts;
  std::span<const int64_t> indices;  // sample numbers in the data set
};

class Loader {
 public:
  // `fields` are numbers of the data set's fields, as bind_fields gives them. All memory is
  // allocated here.
  Loader(DataView view, std::vector<int> fields, const LoaderSettings& settings);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  int64_t batches() const { return batches_; }  // of an epoch
  int64_t samples() const;                      // that an epoch gives: what does not fill a batch
                                                // is left out of streams, and by `drop_last`
  uint64_t bytes() const;                       // memory of all batches
  const DataView& view() const { return view_; }

  // From here on the fields `fields` (by number within those given) of samples that somebody `has`
  // already need not be read: what stands there is garbage. They are no lists of varying length.
  // `has` is asked by the threads that read ahead; a sample that is there once stays there. Before
  // the first start_epoch().
  void spare(std::vector<char> fields, std::function<bool(int64_t index)> has);

  // Begins epoch `epoch` at batch `first_batch`, whatever went before.
  void start_epoch(int64_t epoch, int64_t first_batch = 0);
  // The next batch, or null after the last; it stays good until the next call. Rethrows what
  // reading it threw; after that only start_epoch() goes on.
  const Batch* next();
  // The fields `wanted` (numbers within those given to Loader) of a batch of this epoch, read at
  // once and beside what is read ahead; good until the next call.
  const Batch& peek(int64_t number, std::span<const char> wanted);
  int64_t next_number() const { return next_to_give_; }

 private:
  struct Slot {
    Buffer memory;
    Batch batch;
    std::vector<std::vector<int64_t>> starts;  // likewise; empty where there is no list
    std::vector<float*> targets;               // of one sample, by field of the data set
    std::vector<int64_t> items;                // likewise
    std::exception_ptr error;
    bool ready = false;
  };
  void allocate(Slot& slot) const;
  void begin_order();
  void balance_order();
  void fill(Slot& slot, int64_t number, std::span<const char> wanted = {}) const;
  void work();
  void stop();
  Slot& slot_of(int64_t number) { return slots_[static_cast<size_t>(number) % slots_.size()]; }

  DataView view_;
  std::vector<int> fields_;
  LoaderSettings settings_;
  std::vector<char> spared_;  // by field; empty: none
  std::function<bool(int64_t index)> has_;
  int64_t batches_ = 0;
  std::vector<int64_t> order_;  // sample numbers of the epoch
  uint64_t epoch_ = 0;
  std::vector<Slot> slots_;
  Slot peeked_;

  std::mutex mutex_;
  std::condition_variable work_ready_;   // a slot is free, or the end has come
  std::condition_variable batch_ready_;  // a batch is filled, or no worker is busy
  int64_t next_to_fill_ = 0;             // the next number that a worker takes
  int64_t next_to_give_ = 0;             // the next number that next() gives
  int64_t released_ = 0;                 // batches below it are done with
  int busy_ = 0;                         // workers inside fill()
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace cnn
