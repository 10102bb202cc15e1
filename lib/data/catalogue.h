// The data section of a model file: a name (data/NAME.yaml) or a map.
#pragma once

#include <optional>
#include <vector>

#include "data/dataset.h"
#include "data/table_guess.h"
#include "spec/model_spec.h"

namespace cnn {

// What else is known where the data are a folder or a table that nobody has described.
struct DataReader {
  std::vector<Field> fields = {};                   // what the network reads
  std::optional<Normalization> normalization = {};  // what its weights were trained with
  TableKnowledge known = {};                        // likewise, of a table
  bool tells_any_number = false;                    // nothing bounds what it says
};

// The data map of a model, names replaced by the file's map and expressions by their values. A
// missing section or an unknown name is a located error (Exit::kSpec) that lists what there is.
// Where it says `standardise` without figures, or columns without their categories, those of the
// weights stand there, if they have such.
Node load_data(const ModelSpec& spec, const DataReader& reader = {});

// The map as a run directory keeps it: it means the same from any other folder. Relative paths get
// an absolute `root`; those of the command line become absolute.
Node portable_data(const Node& data);

}  // namespace cnn
