// TextNetwork: a trained network over lists that runs on one sample at a time; and the samples that
// it is shown: of a split, or what a command line says.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/vocabulary.h"
#include "graph/executor.h"
#include "model/inputs.h"
#include "model/loaded_network.h"
#include "predict/writer.h"
#include "viz/kind.h"
#include "viz/subject.h"

namespace cnn {

// What the fields of a graph hold of one sample, by number in Graph::fields; empty for those that
// nobody has filled.
struct ListSample {
  struct Part {
    std::vector<float> numbers = {};  // item after item, channels-last
    int64_t items = 1;
  };
  std::string name;  // "test 17", or the text itself
  std::vector<Part> parts;

  // Class numbers of a field that is a text.
  std::vector<int64_t> symbols(int field) const;
};

class TextNetwork {
 public:
  explicit TextNetwork(const VizRequest& request);

  const Graph& graph() const { return network_.test_graph(); }
  const std::string& name() const { return graph().name; }

  // What leads to `keep` is planned, and a writer where the network shall answer; then the weights
  // are read. Lists of texts are as long as a sample's, also where the model file knows one length
  // alone. Once.
  void prepare(const std::vector<int>& keep, bool writes = false);
  const WeightsInfo& weights() const { return network_.weights(); }

  void forget() { executor_->reset_carried(); }  // what was carried from the sample before
  bool carries() const { return !executor_->carried().empty(); }
  // Runs on one sample; a value of `keep` is then there.
  void run(const ListSample& sample);
  ConstView value(int id) const { return executor_->value(id); }

  // The field that the network itself writes, an answer; -1 if it writes none.
  int answer_field() const { return written_.is_target ? written_.field : -1; }
  const WrittenList& written() const { return written_; }
  // Writes it: the likeliest symbols, and the end where there is room for it. After prepare(..,
  // true).
  void answer(ListSample& sample);

  // Exit::kUsage unless one field is left that a command line can give; `what` names the kind.
  int given_field(std::string_view what) const;
  // The field that the items of list `value` go back to one by one; -1 if something stands between.
  int field_of_items(int value) const;

 private:
  VizRequest request_;
  LoadedNetwork network_;
  WrittenList written_;
  std::optional<Graph> cut_;
  std::optional<MemoryPlan> plan_;
  std::unique_ptr<Arena> arena_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<Writer> writer_;
  std::vector<int> from_;  // by field of the cut graph: its number in graph()
};

// Samples for a TextNetwork. Behind its prepare().
class TextSamples {
 public:
  // What `texts` say (texts, files of lines, pictures), else samples of a split. Exit::kInput,
  // Exit::kUsage; a text that is too long is refused.
  TextSamples(const VizRequest& request, const TextNetwork& network,
              const std::vector<std::string>& texts, const SampleOptions& samples,
              std::string_view what);

  int64_t size() const { return size_; }
  int64_t whole() const { return view_.size(); }  // of the split
  bool is_given() const { return given_ >= 0; }
  ListSample read(int64_t i) const;
  // Of a field of the graph; null where its numbers stand for no text.
  std::shared_ptr<const TextVocabulary> vocabulary(int field) const;
  Image picture(const ListSample& sample, int field) const;

 private:
  std::string given_name(int64_t i) const;

  const Graph& graph_;
  const WeightsInfo& weights_;
  DataView view_;
  std::shared_ptr<const Inputs> given_inputs_;  // null: a split
  std::vector<int> fields_;  // by field of the graph: the data set's; -1: not there
  int given_ = -1;
  int64_t size_ = 0;
  std::optional<int64_t> first_;
  std::string split_;
};

// A symbol as a label: blanks and ends of lines are made visible.
std::string visible_symbol(const TextVocabulary& vocabulary, int64_t number);

}  // namespace cnn
