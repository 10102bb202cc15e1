// LayerMaker: one item that is a layer -> a layer of the graph: options from the table, `defaults`
// and the item, references to other values, then setup.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/builder/defaults.h"
#include "graph/builder/evaluator.h"
#include "graph/builder/graph_writer.h"

namespace cnn::build {

// The four parameter settings of an item, evaluated; nothing if one of them has an error.
std::optional<Settings> read_settings(const Item& item, const List& list, const Evaluator& evaluate,
                                      Diagnostics& diagnostics);

class LayerMaker {
 public:
  LayerMaker(const Defaults& defaults, const Evaluator& evaluate, const Names& names,
             GraphWriter& writer, Diagnostics& diagnostics)
      : defaults_(defaults),
        evaluate_(evaluate),
        names_(names),
        writer_(writer),
        diagnostics_(diagnostics) {}

  // The item's op is a layer and `inputs` are what it names or follows. Its output's value, or
  // kUnknown after a report or if an input is unknown; the options are checked even then.
  // `also_allowed` are the other keys that may stand in such an item, for suggestions.
  int make(const Item& item, const std::string& path, std::vector<Input> inputs, const List& list,
           const std::vector<std::string>& also_allowed);
  // The item's layer with its options, not set up; null after a report.
  std::unique_ptr<Layer> read(const Item& item, const List& list,
                              const std::vector<std::string>& also_allowed);

 private:
  struct Work;  // one layer in the making
  bool read_options(Work& work);
  bool read_option(Work& work, const Option& option, const Node& value);
  bool check_required(const Work& work);
  bool add_references(Work& work);
  bool add_reference(Work& work, const Option& option, const Written& name);
  bool check_count(const Work& work);

  const Defaults& defaults_;
  const Evaluator& evaluate_;
  const Names& names_;
  GraphWriter& writer_;
  Diagnostics& diagnostics_;
};

}  // namespace cnn::build
