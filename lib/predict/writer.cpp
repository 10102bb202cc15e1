#include "predict/writer.h"

#include <algorithm>

#include "base/error.h"
#include "base/parallel.h"

namespace cnn {

Writer::Writer(const Graph& graph, ParameterStore& store, const Sizes& sizes)
    : list_(written_list(graph)),
      graphs_(make_stepping(graph, list_)),
      store_(store),
      sizes_(sizes),
      most_(graph.most_items(graph.value(list_.scores).length)) {
  before_plan_ = plan_memory(graphs_.before, Pass::predicting(), store_, sizes_.samples, threads());
  step_plan_ = plan_memory(graphs_.step, Pass::predicting(), store_, sizes_.samples * sizes_.beams,
                           threads(), {list_.scores});
}

uint64_t Writer::planned_bytes() const { return before_plan_.bytes() + step_plan_.bytes(); }

const MemoryPlan& Writer::largest_plan() const {
  return before_plan_.bytes() > step_plan_.bytes() ? before_plan_ : step_plan_;
}

int64_t Writer::symbols() const { return graphs_.step.value(list_.scores).shape[0]; }
int64_t Writer::most() const { return list_.is_target ? most_ : 0; }

void Writer::allocate() {
  before_arena_ = std::make_unique<Arena>(before_plan_.floats);
  step_arena_ = std::make_unique<Arena>(step_plan_.floats);
  before_ = std::make_unique<Executor>(graphs_.before, store_, before_plan_, *before_arena_);
  step_ = std::make_unique<Executor>(graphs_.step, store_, step_plan_, *step_arena_);
  const int64_t rows = sizes_.samples * sizes_.beams;
  const auto items = static_cast<size_t>(graphs_.is_stepwise ? rows : rows * most_);
  fed_.resize(items);
  if (!graphs_.is_stepwise || graphs_.is_bounded) {
    histories_.resize(static_cast<size_t>(rows * most_));
  }
  if (!graphs_.is_stepwise) {
    scores_.resize(static_cast<size_t>(rows * symbols()));
    starts_.resize(static_cast<size_t>(rows) + 1);
  }
  passed_.resize(graphs_.passed.size());
  for (size_t i = 0; i < passed_.size(); ++i) passed_[i].field = static_cast<int>(i) + 1;
}

void Writer::begin(int64_t n) {
  CNN_ASSERT(n > 0 && n <= sizes_.samples);
  rows_ = n * sizes_.beams;
  written_ = remembered_ = 0;
  step_->reset_carried();
  if (passed_.empty()) return;
  before_->forward(n, 0, 0);
  for (size_t i = 0; i < passed_.size(); ++i) pass(graphs_.passed[i], passed_[i]);
}

// Each sample's value once for each of its rows.
void Writer::pass(int value, Passed& to) {
  const ConstView view = before_->value(value);
  const int64_t count = view.shape.count();
  const bool is_list = graphs_.before.value(value).length >= 0;
  to.data.clear();
  to.starts.assign(1, 0);
  for (int64_t row = 0; row < rows_; ++row) {
    const int64_t sample = row / sizes_.beams;
    const float* first = view.data + view.first_item(sample) * count;
    to.data.insert(to.data.end(), first, first + view.items_of(sample) * count);
    to.starts.push_back(to.starts.back() + view.items_of(sample));
  }
  step_->bind(to.field, to.data.data(), is_list ? to.starts.data() : nullptr);
}

ConstView Writer::step(std::span<const int64_t> symbols) {
  CNN_ASSERT(static_cast<int64_t>(symbols.size()) == rows_);
  if (!graphs_.is_stepwise) return step_whole(symbols);
  if (graphs_.is_bounded) {
    if (remembered_ == most_) begin_anew();
    remember(symbols);
  }
  return step_item(symbols);
}

ConstView Writer::step_item(std::span<const int64_t> symbols) {
  std::transform(symbols.begin(), symbols.end(), fed_.begin(),
                 [](int64_t symbol) { return static_cast<float>(symbol); });
  step_->bind(0, fed_.data());
  step_->forward(rows_, 0, static_cast<uint64_t>(written_));
  ++written_;
  return step_->value(list_.scores);
}

// The oldest go where there is no room.
void Writer::remember(std::span<const int64_t> symbols) {
  const bool is_full = remembered_ == most_;
  for (int64_t row = 0; row < rows_; ++row) {
    float* history = histories_.data() + row * most_;
    if (is_full) std::copy(history + 1, history + most_, history);
    history[is_full ? most_ - 1 : remembered_] =
        static_cast<float>(symbols[static_cast<size_t>(row)]);
  }
  if (!is_full) ++remembered_;
}

void Writer::begin_anew() {
  step_->reset_carried();
  const int64_t kept = most_ / 2;
  std::vector<int64_t> symbols(static_cast<size_t>(rows_));
  for (int64_t row = 0; row < rows_; ++row) {
    float* history = histories_.data() + row * most_;
    std::copy(history + most_ - kept, history + most_, history);
  }
  remembered_ = kept;
  for (int64_t i = 0; i < kept; ++i) {
    for (int64_t row = 0; row < rows_; ++row) {
      symbols[static_cast<size_t>(row)] =
          static_cast<int64_t>(histories_[static_cast<size_t>(row * most_ + i)]);
    }
    step_item(symbols);
  }
}

// The network wants the whole list. What an answer's list holds at the place that is asked for does
// not matter, as a shift hides it.
ConstView Writer::step_whole(std::span<const int64_t> symbols) {
  remember(symbols);
  ++written_;
  const int64_t count = remembered_, skipped = list_.is_target ? 1 : 0;
  for (int64_t row = 0; row < rows_; ++row) {
    const float* history = histories_.data() + row * most_;
    float* to = fed_.data() + row * count;
    std::copy(history + skipped, history + count, to);
    if (skipped > 0) to[count - 1] = 0;
    starts_[static_cast<size_t>(row)] = row * count;
  }
  starts_[static_cast<size_t>(rows_)] = rows_ * count;
  step_->bind(0, fed_.data(), starts_.data());
  step_->forward(rows_, 0, static_cast<uint64_t>(written_));
  const ConstView all = step_->value(list_.scores);
  const int64_t size = this->symbols();
  for (int64_t row = 0; row < rows_; ++row) {
    std::copy_n(all.sample(all.first_item(row) + count - 1), size, scores_.data() + row * size);
  }
  return {scores_.data(), rows_, all.shape};
}

void Writer::take_rows(std::span<const int> from) {
  CNN_ASSERT(static_cast<int64_t>(from.size()) == rows_);
  if (graphs_.is_stepwise) step_->move_carried(from);
  if (histories_.empty()) return;
  const std::vector<float> before(histories_);
  for (size_t row = 0; row < from.size(); ++row) {
    std::copy_n(before.begin() + from[row] * most_, most_,
                histories_.begin() + static_cast<int64_t>(row) * most_);
  }
}

}  // namespace cnn
