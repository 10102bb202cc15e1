#include "model/frozen_values.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <unordered_map>

#include "base/error.h"

namespace cnn {
namespace {

int64_t most_floats(const Field& field) { return field.shape.count() * field.items.most; }

}  // namespace

SampleKeys::SampleKeys(const DataView& view, const std::vector<int>& fields, int64_t first)
    : keys_(static_cast<size_t>(view.dataset->size()), -1), end_(first) {
  std::unordered_map<int64_t, int64_t> known;
  for (const int64_t index : view.indices) {
    int64_t& key = keys_[static_cast<size_t>(index)];
    if (fields.size() != 1) {
      key = end_++;
      continue;
    }
    const auto [found, is_new] = known.emplace(view.dataset->source(index, fields[0]), end_);
    if (is_new) ++end_;
    key = found->second;
  }
}

bool FrozenValues::Job::is_read(size_t field) const {
  return !beginning.value(beginning.fields[field].value).consumers.empty();
}

bool FrozenValues::Job::is_shared(size_t field) const {
  const int v = rest.fields[field].value;
  return !rest.value(v).consumers.empty() || std::count(kept.begin(), kept.end(), v) > 0;
}

int64_t FrozenValues::Job::input_floats(size_t field) const {
  if (beginning.has_lists() || !is_read(field) || !is_shared(field)) return 0;
  return batch * beginning.fields[field].field.shape.count();
}

int64_t FrozenValues::Job::floats() const {
  int64_t sum = 0;
  for (const Link& link : links) {
    sum += most_floats(rest.fields[static_cast<size_t>(link.field)].field);
  }
  return sum;
}

uint64_t FrozenValues::Job::bytes() const {
  int64_t sum = (batch + 1) * floats();
  for (size_t f = 0; f < beginning.fields.size(); ++f) sum += input_floats(f);
  return static_cast<uint64_t>(sum) * sizeof(float);
}

FrozenValues::FrozenValues(Job job, Executor& executor, SampleStore& store, SampleKeys keys)
    : job_(std::move(job)),
      executor_(executor),
      store_(store),
      keys_(std::move(keys)),
      spared_(job_.rest.fields.size() - job_.links.size(), 0),
      numbers_(static_cast<size_t>(job_.floats())) {
  for (size_t f = 0; f < job_.beginning.fields.size(); ++f) {
    const Field& field = job_.rest.fields[f].field;
    CNN_ASSERT(field.name == job_.beginning.fields[f].field.name);
    reads_.push_back(job_.is_read(f));
    spared_[f] = job_.is_read(f) && !job_.is_shared(f) && !field.items.varies;
    inputs_.emplace_back(static_cast<size_t>(job_.input_floats(f)));
  }
  const auto batch = static_cast<size_t>(job_.batch);
  for (const Link& link : job_.links) {
    const auto most = static_cast<size_t>(most_floats(field_of(link)));
    memory_.push_back({Buffer(batch * most), std::vector<int64_t>(batch + 1, 0)});
  }
}

// Where each sample's numbers lie: lists are as long as the fields that bring their lengths say.
void FrozenValues::measure(const Batch& batch) {
  for (size_t l = 0; l < job_.links.size(); ++l) {
    const GraphField& field = job_.rest.fields[static_cast<size_t>(job_.links[l].field)];
    const int64_t count = field.field.shape.count();
    const int64_t* starts = nullptr;
    if (field.field.items.varies) {
      const int length = job_.rest.value(field.value).length;
      const int source = job_.rest.lengths[static_cast<size_t>(length)].source;
      for (size_t f = 0; f < spared_.size(); ++f) {
        if (job_.rest.fields[f].value == source) starts = batch.starts[f];
      }
      CNN_ASSERT(starts != nullptr);
    }
    for (int64_t n = 0; n <= batch.n; ++n) {
      memory_[l].starts[static_cast<size_t>(n)] =
          starts != nullptr ? count * starts[n] : count * field.field.items.most * n;
    }
  }
}

void FrozenValues::sort_samples(const Batch& batch) {
  unknown_.clear();
  copies_.clear();
  std::unordered_map<int64_t, int64_t> seen;
  for (int64_t i = 0; i < batch.n; ++i) {
    const int64_t key = keys_.key(batch.indices[static_cast<size_t>(i)]);
    if (store_.has(key)) {
      take_known(i, batch);
      continue;
    }
    const auto [found, is_new] = seen.emplace(key, i);
    if (is_new) {
      unknown_.push_back(i);
    } else {
      copies_.emplace_back(found->second, i);
    }
  }
}

void FrozenValues::take_known(int64_t sample, const Batch& batch) {
  const auto i = static_cast<size_t>(sample);
  const int64_t key = keys_.key(batch.indices[i]);
  if (memory_.size() == 1) return store_.read(key, memory_[0].of(i));
  size_t floats = 0;
  for (Memory& memory : memory_) floats += memory.of(i).size();
  store_.read(key, std::span(numbers_).first(floats));
  const float* next = numbers_.data();
  for (Memory& memory : memory_) {
    const std::span<float> to = memory.of(i);
    std::copy_n(next, to.size(), to.begin());
    next += to.size();
  }
}

// What the executor has made of the sample at `place` of its batch.
void FrozenValues::take_computed(int64_t sample, int64_t place, const Batch& batch) {
  const auto i = static_cast<size_t>(sample);
  float* next = numbers_.data();
  for (size_t l = 0; l < job_.links.size(); ++l) {
    const std::span<float> to = memory_[l].of(i);
    const float* from = executor_.value(job_.links[l].value).data;
    from += place * static_cast<int64_t>(to.size());
    std::copy_n(from, to.size(), to.begin());
    next = std::copy_n(from, to.size(), next);
  }
  store_.keep(keys_.key(batch.indices[i]),
              std::span(numbers_.data(), static_cast<size_t>(next - numbers_.data())));
}

void FrozenValues::compute_together(const Batch& batch) {
  const int64_t n = std::ssize(unknown_);
  for (size_t f = 0; f < reads_.size(); ++f) {
    if (reads_[f] == 0) continue;
    float* data = batch.fields[f];
    if (n < batch.n) {
      float* const to = inputs_[f].size() > 0 ? inputs_[f].data() : data;
      const int64_t count = job_.beginning.fields[f].field.shape.count();
      for (int64_t k = 0; k < n; ++k) {
        const float* from = data + unknown_[static_cast<size_t>(k)] * count;
        if (from == to + k * count) continue;
        std::memmove(to + k * count, from, static_cast<size_t>(count) * sizeof(float));
      }
      data = to;
    }
    executor_.bind(static_cast<int>(f), data);
  }
  executor_.forward(n, 0, 0);
  for (int64_t k = 0; k < n; ++k) take_computed(unknown_[static_cast<size_t>(k)], k, batch);
}

void FrozenValues::compute_one(int64_t sample, const Batch& batch) {
  std::vector<std::array<int64_t, 2>> starts(reads_.size());
  for (size_t f = 0; f < reads_.size(); ++f) {
    const int64_t* all = batch.starts[f];
    const int64_t first = all != nullptr ? all[sample] : sample;
    starts[f] = {0, all != nullptr ? all[sample + 1] - first : 1};
    const int64_t count = job_.beginning.fields[f].field.shape.count();
    executor_.bind(static_cast<int>(f), batch.fields[f] + first * count,
                   all != nullptr ? starts[f].data() : nullptr);
  }
  executor_.forward(1, 0, 0);
  take_computed(sample, 0, batch);
}

void FrozenValues::give(const Batch& batch, Executor& to) {
  measure(batch);
  sort_samples(batch);
  if (!unknown_.empty() && !job_.beginning.has_lists()) {
    compute_together(batch);
  } else {
    for (const int64_t sample : unknown_) compute_one(sample, batch);
  }
  for (const auto& [from, sample] : copies_) {
    for (Memory& memory : memory_) {
      const std::span<float> known = memory.of(static_cast<size_t>(from));
      std::copy(known.begin(), known.end(), memory.of(static_cast<size_t>(sample)).begin());
    }
  }
  for (size_t l = 0; l < job_.links.size(); ++l) {
    to.bind(job_.links[l].field, memory_[l].numbers.data());
  }
}

}  // namespace cnn
