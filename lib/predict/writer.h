// Writer: a network that writes, symbol by symbol: one that goes on with a text, or one that
// answers a sample with a text. What does not depend on the text (an encoder) is run once, and
// layers that can go on do so with what they carry (graph/stepping.h); one step a symbol, nothing
// is allocated.
//
//   Writer writer(graph, store, {.samples = 8, .beams = 5});
//   writer.allocate();
//   ...                                      // bind inputs of writer.before()
//   writer.begin(n);
//   ConstView scores = writer.step(symbols); // of the symbol that comes next, row by row
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "graph/executor.h"
#include "graph/stepping.h"

namespace cnn {

class Writer {
 public:
  struct Sizes {
    int64_t samples = 1;  // side by side
    int64_t beams = 1;    // texts of each sample; row = sample * beams + beam
  };

  // Of a graph that writes (written_list), whose layers' parameters are in the store. Exit::kSpec
  // if it reads the text that it shall tell without a shift before it.
  Writer(const Graph& graph, ParameterStore& store, const Sizes& sizes);

  uint64_t planned_bytes() const;
  const MemoryPlan& largest_plan() const;
  void allocate();

  const Graph& graph() const { return graphs_.before; }  // whose fields are the inputs
  Executor& before() { return *before_; }
  int64_t samples() const { return sizes_.samples; }
  int64_t beams() const { return sizes_.beams; }
  int64_t symbols() const;  // that there are scores of
  // How many symbols a text can have: of an answer, the list's most; of a text that goes on 0, no
  // limit.
  int64_t most() const;
  bool answers() const { return list_.is_target; }

  // Texts of n <= samples() samples begin; their inputs are bound.
  void begin(int64_t n);
  // The next symbol of every row, n * beams of them: of an answer <s> first. Gives the scores of
  // the one behind it, [symbols()] a row; they stay until the next step. A network that can look
  // back at so many symbols alone, and goes on item by item, begins anew with the last half of
  // them where they are full.
  ConstView step(std::span<const int64_t> symbols);
  // Row r goes on as row from[r] has been.
  void take_rows(std::span<const int> from);

 private:
  struct Passed {
    int field = -1;  // of the step's graph
    std::vector<float> data;
    std::vector<int64_t> starts;
  };

  void pass(int value, Passed& to);
  ConstView step_item(std::span<const int64_t> symbols);
  ConstView step_whole(std::span<const int64_t> symbols);
  void remember(std::span<const int64_t> symbols);
  void begin_anew();

  WrittenList list_;
  SteppingGraphs graphs_;
  ParameterStore& store_;
  Sizes sizes_;
  int64_t most_ = 1;  // items of the list
  MemoryPlan before_plan_, step_plan_;
  std::unique_ptr<Arena> before_arena_, step_arena_;
  std::unique_ptr<Executor> before_, step_;
  std::vector<Passed> passed_;
  int64_t rows_ = 0;
  std::vector<float> fed_;       // the newest item of every row; or all of them
  std::vector<int64_t> starts_;  // of all of them
  // The last symbols, [rows, most], of networks that want the whole list or look back no further.
  std::vector<float> histories_;
  int64_t remembered_ = 0;     // of each row
  int64_t written_ = 0;        // steps since begin()
  std::vector<float> scores_;  // of those networks: [rows, symbols]
};

}  // namespace cnn
