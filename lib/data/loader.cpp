#include "data/loader.h"

#include <algorithm>
#include <map>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/parallel.h"
#include "base/rng.h"

namespace cnn {
namespace {

constexpr int64_t kAlignFloats = static_cast<int64_t>(kAlignment / sizeof(float));

int64_t aligned(int64_t floats) {
  return (floats + kAlignFloats - 1) / kAlignFloats * kAlignFloats;
}

}  // namespace

Loader::Loader(DataView view, std::vector<int> fields, const LoaderSettings& settings)
    : view_(std::move(view)),
      fields_(std::move(fields)),
      settings_(settings),
      order_(view_.indices) {
  CNN_ASSERT(settings_.batch_size > 0 && settings_.workers >= 0);
  CNN_ASSERT(settings_.classes.empty() || settings_.classes.size() == order_.size());
  batches_ = view_.size() / settings_.batch_size;
  if (!settings_.drop_last && !settings_.stream && view_.size() % settings_.batch_size != 0)
    ++batches_;
  next_to_fill_ = next_to_give_ = batches_;  // nothing to do before start_epoch()
  // One batch is in the caller's hands, and one waits for it while each worker fills its own.
  slots_.resize(settings_.workers == 0 ? 1 : static_cast<size_t>(settings_.workers) + 2);
  for (Slot& slot : slots_) allocate(slot);
  try {
    for (int i = 0; i < settings_.workers; ++i) threads_.emplace_back([this] { work(); });
  } catch (const std::system_error& error) {
    stop();
    fail(Exit::kResource, "", "cannot start {} loader threads: {}", settings_.workers,
         error.what());
  }
}

Loader::~Loader() { stop(); }

void Loader::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  work_ready_.notify_all();
  for (std::thread& t : threads_) t.join();
}

void Loader::allocate(Slot& slot) const {
  const int64_t batch = std::min(settings_.batch_size, std::max<int64_t>(view_.size(), 1));
  std::vector<int64_t> offsets;
  int64_t floats = 0;
  for (const int field : fields_) {
    const Field& f = view_.dataset->fields().at(static_cast<size_t>(field));
    offsets.push_back(floats);
    const uint64_t bytes = float_bytes(f.shape, batch * f.items.most);
    floats += aligned(static_cast<int64_t>(bytes / sizeof(float)));
    slot.starts.emplace_back(f.items.is_list ? static_cast<size_t>(batch) + 1 : 0, 0);
  }
  slot.memory = Buffer(static_cast<size_t>(floats));
  for (size_t f = 0; f < offsets.size(); ++f) {
    slot.batch.fields.push_back(slot.memory.data() + offsets[f]);
    slot.batch.starts.push_back(slot.starts[f].empty() ? nullptr : slot.starts[f].data());
  }
  slot.targets.resize(view_.dataset->fields().size(), nullptr);
  slot.items.resize(slot.targets.size(), 1);
}

int64_t Loader::samples() const { return std::min(view_.size(), batches_ * settings_.batch_size); }

uint64_t Loader::bytes() const {
  uint64_t floats = 0;
  for (const Slot& slot : slots_) floats += slot.memory.size();
  return floats * sizeof(float);
}

void Loader::start_epoch(int64_t epoch, int64_t first_batch) {
  CNN_ASSERT(epoch >= 0 && first_batch >= 0);
  std::unique_lock lock(mutex_);
  next_to_fill_ = batches_;  // workers end what they are at and take no more
  batch_ready_.wait(lock, [this] { return busy_ == 0; });
  epoch_ = static_cast<uint64_t>(epoch);
  begin_order();
  for (Slot& slot : slots_) {
    slot.ready = false;
    slot.error = nullptr;
  }
  next_to_fill_ = next_to_give_ = released_ = std::min(first_batch, batches_);
  lock.unlock();
  work_ready_.notify_all();
}

void Loader::begin_order() {
  order_ = view_.indices;
  if (settings_.stream) {
    const int64_t streams = settings_.batch_size;
    for (int64_t i = 0; i < batches_ * streams; ++i) {
      const int64_t from = i % streams * batches_ + i / streams;
      order_[static_cast<size_t>(i)] = view_.indices[static_cast<size_t>(from)];
    }
  } else if (settings_.shuffle) {
    if (!settings_.classes.empty()) balance_order();
    const Rng rng(settings_.seed, "data", epoch_);
    for (uint64_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[rng.below(i, i)]);
  }
}

// Classes take turns at what does not divide; each goes through its samples in random order, as
// often as it must.
void Loader::balance_order() {
  std::map<int64_t, std::vector<int64_t>> by_class;
  for (size_t i = 0; i < order_.size(); ++i) {
    if (settings_.classes[i] >= 0) by_class[settings_.classes[i]].push_back(view_.indices[i]);
  }
  if (by_class.empty()) return;
  RandomSequence random(Rng(settings_.seed, "balance", epoch_));
  const uint64_t classes = by_class.size(), whole = order_.size() / classes;
  const uint64_t rest = order_.size() % classes;
  uint64_t number = 0;
  order_.clear();
  for (auto& [label, samples] : by_class) {
    const bool has_one_more = (number++ + epoch_) % classes < rest;
    uint64_t wanted = whole + (has_one_more ? 1 : 0);
    while (wanted > 0) {
      for (uint64_t i = samples.size(); i > 1; --i)
        std::swap(samples[i - 1], samples[random.below(i)]);
      const uint64_t taken = std::min<uint64_t>(wanted, samples.size());
      order_.insert(order_.end(), samples.begin(), samples.begin() + static_cast<int64_t>(taken));
      wanted -= taken;
    }
  }
}

void Loader::spare(std::vector<char> fields, std::function<bool(int64_t index)> has) {
  CNN_ASSERT(fields.size() == fields_.size() && next_to_give_ == batches_);
  for (size_t f = 0; f < fields.size(); ++f) {
    const Field& field = view_.dataset->fields()[static_cast<size_t>(fields_[f])];
    CNN_ASSERT(fields[f] == 0 || !field.items.varies);
  }
  spared_ = std::move(fields);
  has_ = std::move(has);
}

const Batch& Loader::peek(int64_t number, std::span<const char> wanted) {
  if (peeked_.batch.fields.empty()) allocate(peeked_);
  fill(peeked_, number, wanted);
  return peeked_.batch;
}

const Batch* Loader::next() {
  std::unique_lock lock(mutex_);
  if (next_to_give_ >= batches_) return nullptr;
  const int64_t number = next_to_give_;
  Slot& slot = slot_of(number);
  if (settings_.workers == 0) {
    fill(slot, number);
  } else {
    released_ = number;  // the caller is done with the batch before
    work_ready_.notify_all();
    batch_ready_.wait(lock, [&] { return slot.ready && slot.batch.number == number; });
    if (slot.error) std::rethrow_exception(slot.error);
  }
  next_to_give_ = number + 1;
  return &slot.batch;
}

// `wanted`: by field, whether it is read; empty: all are.
void Loader::fill(Slot& slot, int64_t number, std::span<const char> wanted) const {
  const int64_t first = number * settings_.batch_size;
  Batch& batch = slot.batch;
  batch.number = number;
  batch.n = std::min(settings_.batch_size, view_.size() - first);
  batch.indices = {order_.data() + first, static_cast<size_t>(batch.n)};
  const std::vector<Field>& all = view_.dataset->fields();
  for (int64_t i = 0; i < batch.n; ++i) {
    const int64_t index = batch.indices[static_cast<size_t>(i)];
    const bool spares = !spared_.empty() && has_(index);
    for (size_t f = 0; f < fields_.size(); ++f) {
      const auto field = static_cast<size_t>(fields_[f]);
      const int64_t item = slot.starts[f].empty() ? i : slot.starts[f][static_cast<size_t>(i)];
      const bool is_spared = spares && spared_[f] != 0;
      const bool is_wanted = !is_spared && (wanted.empty() || wanted[f] != 0);
      slot.targets[field] = is_wanted ? batch.fields[f] + item * all[field].shape.count() : nullptr;
    }
    const Dataset::Draw draw{settings_.seed, epoch_, settings_.stream};
    view_.dataset->read_items(index, settings_.augment ? &draw : nullptr, slot.targets, slot.items);
    for (size_t f = 0; f < fields_.size(); ++f) {
      if (slot.starts[f].empty()) continue;
      const int64_t begin = slot.starts[f][static_cast<size_t>(i)];
      slot.starts[f][static_cast<size_t>(i) + 1] =
          begin + slot.items[static_cast<size_t>(fields_[f])];
    }
  }
}

void Loader::work() {
  flush_denormals();
  const auto ring = static_cast<int64_t>(slots_.size());
  std::unique_lock lock(mutex_);
  for (;;) {
    work_ready_.wait(lock, [&] {
      return stop_ || (next_to_fill_ < batches_ && next_to_fill_ < released_ + ring);
    });
    if (stop_) return;
    const int64_t number = next_to_fill_++;
    Slot& slot = slot_of(number);
    slot.ready = false;
    slot.error = nullptr;
    ++busy_;
    lock.unlock();
    std::exception_ptr error;
    try {
      fill(slot, number);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    slot.batch.number = number;
    slot.error = error;
    slot.ready = true;
    --busy_;
    batch_ready_.notify_all();
  }
}

}  // namespace cnn
